"""What a decision does once it is in effect: grants, transfers, requirements and notices.

Every effect points back at its decision and is named by it, so that doing it again does nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from earnest.consequences.admission import admission_apply
from earnest.consequences.categories import category_apply
from earnest.consequences.departures import group_removal_apply
from earnest.consequences.discretion import discretion_apply
from earnest.consequences.exits import exit_apply
from earnest.consequences.harm import harm_apply
from earnest.consequences.holds import hold_apply, hold_settled_apply
from earnest.consequences.ladder import ladder_apply, notify_apply
from earnest.consequences.protections import protection_apply
from earnest.consequences.raises import raise_apply, raise_release_apply
from earnest.consequences.recoveries import recovery_apply
from earnest.consequences.requirements import requirements_apply
from earnest.consequences.shortages import band_apply, shortage_apply
from earnest.consequences.violations import (
    breach_money_apply,
    points_apply,
    points_measure_apply,
    requirement4_apply,
    sampling_apply,
)
from earnest.consequences.withdrawals import withdrawal_apply
from earnest.decisions.commands import effect_note, effects_note
from earnest.decisions.models import Decision

Effect = Callable[[str, Decision, datetime], dict[str, Any]]
EffectOfMany = Callable[[str, Sequence[Decision], datetime], list[dict[str, Any]]]

APPLY: dict[str, Effect] = {
    "admission": admission_apply,
    "nps_ladder": ladder_apply,
    "shortage_measures": shortage_apply,
    "shortage_transfer": shortage_apply,
    "shortage_band": band_apply,
    "raise_asked": raise_apply,
    "raise_released": raise_release_apply,
    "category_gate": category_apply,
    "excess_withdrawal": withdrawal_apply,
    "exit_refund": exit_apply,
    "exit_conditions": exit_apply,
    "group_removal": group_removal_apply,
    "removal_harm": harm_apply,
    "discretion": discretion_apply,
    "recovery": recovery_apply,
    "hold": hold_apply,
    "hold_settled": hold_settled_apply,
    "requirement4_rung": requirement4_apply,
    "violation_points": points_apply,
    "points_measure": points_measure_apply,
    "protection": protection_apply,
    "sampling_finding": sampling_apply,
    "sampling_penalty": breach_money_apply,
}
APPLY_TOGETHER: dict[str, EffectOfMany] = {"notify_provider": notify_apply}
"""Those of which a month has very many: decisions in a row have their effect at once."""
REQUIREMENTS = {"required_deposit", "provider_deposit"}


def decisions_apply(tenant_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Let decisions that are in effect have their effect."""
    requirements = [each for each in decisions if each.decision in REQUIREMENTS]
    if requirements:
        requirements_apply(tenant_id, requirements, now)
    for name, in_a_row in groupby(decisions, key=lambda each: each.decision):
        several = list(in_a_row)
        if name in APPLY_TOGETHER:
            effects = APPLY_TOGETHER[name](tenant_id, several, now)
            effects_note(list(zip(several, effects, strict=True)))
        for decision in several if name in APPLY else ():
            effect_note(decision, APPLY[name](tenant_id, decision, now))

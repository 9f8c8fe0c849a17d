"""What a decision does once it is in effect: grants, transfers, requirements and notices.

Every effect points back at its decision and is named by it, so that doing it again does nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from earnest.consequences.ladder import ladder_apply, notify_apply
from earnest.consequences.requirements import requirements_apply
from earnest.consequences.shortages import shortage_apply
from earnest.decisions.commands import effect_note
from earnest.decisions.models import Decision

Effect = Callable[[str, Decision, datetime], dict[str, Any]]

APPLY: dict[str, Effect] = {
    "nps_ladder": ladder_apply,
    "notify_provider": notify_apply,
    "shortage_measures": shortage_apply,
}
REQUIREMENTS = {"required_deposit", "provider_deposit"}


def decisions_apply(tenant_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Let decisions that are in effect have their effect."""
    requirements = [each for each in decisions if each.decision in REQUIREMENTS]
    if requirements:
        requirements_apply(tenant_id, requirements, now)
    for decision in decisions:
        if decision.decision in APPLY:
            effect_note(decision, APPLY[decision.decision](tenant_id, decision, now))

"""What every effect rests on: its decision's subject and reason, and the rights it takes away."""

from collections.abc import Sequence
from datetime import datetime

from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.ledger.records import Reason
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt

TOPPED_UP: Condition = {"kind": "topped_up"}


def reason_of(decision: Decision) -> Reason:
    """Return the reason that a transfer gives for a decision."""
    note = f"{decision.decision} {decision.period}: {decision.outcome}"
    return Reason(decision.clause, decision.rulebook, decision.id, note)


def _capabilities(decision: Decision, measure: str) -> list[str]:
    """Return what a measure restricts, by the table of the pack that decided."""
    pack = pack_of_receipt(decision.receipt)
    on = decision.governing_on or day_of(decision.made_at)
    row = pack.table_row("restriction_effects", {"measure": measure}, on=on)
    return [capability for capability, restricted in row.items() if restricted is True]


def restrict(
    tenant_id: str,
    decision: Decision,
    release: Sequence[Condition],
    now: datetime,
    *,
    measure: str = "",
) -> tuple[list[str], list[str]]:
    """Restrict what a measure says; return the capabilities and the ids of the grants.

    Takes:
        measure: the row of the pack's table of effects; the decision's outcome where it is empty.
    """
    measure = measure or decision.outcome
    capabilities = _capabilities(decision, measure)
    grant = Grant(
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        measure=measure,
        capabilities=capabilities,
        rulebook=decision.rulebook,
        clause=decision.clause,
        decision_id=decision.id,
        release=release,
    )
    return capabilities, [str(each) for each in restrictions_grant(tenant_id, [grant], now)]

"""Decisions recorded or settled, with their effect in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.consequences.effects import decisions_apply
from earnest.decisions.commands import IN_EFFECT, NewDecision, decisions_record, verdict_give
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of


@transaction.atomic
def decide(tenant_id: str, wanted: Sequence[NewDecision], at: datetime) -> list[Decision]:
    """Record decisions and let those in effect have their effect, all or nothing."""
    made = decisions_record(tenant_id, wanted, at, day_of(at))
    decisions_apply(tenant_id, [each for each in made if each.state == IN_EFFECT], at)
    return made


@transaction.atomic
def decision_settle(
    tenant_id: str, decision_id: UUID, *, verdict: str, actor: str, reason: str, now: datetime
) -> Decision:
    """Take one person's word on a waiting decision; with the last approval it takes effect.

    Raises:
        BadInput, Conflict, NotAllowed, NotFound: see :func:`verdict_give`.
    """
    decision, enough = verdict_give(
        tenant_id, decision_id, verdict=verdict, actor=actor, reason=reason, now=now
    )
    if enough:
        decisions_apply(tenant_id, [decision], now)
    return decision

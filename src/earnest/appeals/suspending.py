"""Restrictions of a sanction suspended while it is heard, and in force again where it stands."""

from datetime import datetime

from earnest.appeals.models import Appeal
from earnest.consequences.replacing import SUSPENDED
from earnest.consequences.reversal import removed_otherwise
from earnest.decisions.commands import IN_EFFECT, decision_locked
from earnest.kernel.calendar import day_of
from earnest.market.commands import provider_leave, provider_return
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.ending import restrictions_end
from earnest.restrictions.models import Restriction


def measures_suspend(appeal: Appeal, now: datetime) -> list[Restriction]:
    """End what the appealed sanction restricts for now, and return those rows."""
    decision = decision_locked(appeal.tenant_id, appeal.ticket.decision_id)
    rows = restrictions_end(appeal.tenant_id, [decision.id], SUSPENDED, now)
    if rows and decision.effect.get("left") and not removed_otherwise(decision):
        provider_return(appeal.tenant_id, decision.subject_id)
    return rows


def measures_resume(appeal: Appeal, now: datetime) -> None:
    """Restrict again what was suspended, by the conditions it had; nothing where it was reversed.

    The time it was suspended for counts as served: the day on which it ends stays, and so does the
    day on which a removed provider left.
    """
    decision = decision_locked(appeal.tenant_id, appeal.ticket.decision_id)
    if decision.state != IN_EFFECT:
        return
    rows = Restriction.objects.filter(
        tenant_id=appeal.tenant_id, decision_id=decision.id, released_because=SUSPENDED
    )
    grants = [
        Grant(
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            measure=row.measure,
            capabilities=[row.capability],
            rulebook=row.rulebook,
            clause=row.clause,
            decision_id=row.decision_id,
            release=row.release,
            object_ref=row.object_ref,
        )
        for row in rows
    ]
    restrictions_grant(appeal.tenant_id, grants, now)
    if grants and decision.effect.get("left"):
        since = min(day_of(row.starts_at) for row in rows)
        provider_leave(appeal.tenant_id, decision.subject_id, since)

"""What every appeal goes through: steps of its story, its end, and its ticket going on after it."""

from datetime import datetime

from earnest.appeals.appealing import appealable
from earnest.appeals.models import Appeal, AppealStep
from earnest.appeals.queries import figures_of, items_open
from earnest.appeals.suspending import measures_resume
from earnest.consequences.sanctions import ticket_enforce
from earnest.decisions.commands import decision_locked
from earnest.kernel.calendar import day_of
from earnest.tickets.commands import (
    APPEALED,
    IN_FORCE,
    PENDING,
    facts_dispute,
    ticket_move,
)
from earnest.tickets.queries import correction_waits, fact_waits, ticket_locked


def appeal_step(
    appeal: Appeal, what: str, now: datetime, *, actor: str, note: str = ""
) -> AppealStep:
    """Add one step to the story of an appeal."""
    return AppealStep.objects.create(
        appeal=appeal, tenant_id=appeal.tenant_id, what=what, note=note, actor=actor, at=now
    )


def appeal_close(appeal: Appeal, state: str, now: datetime) -> None:
    """Close an appeal in a state; neither its items nor their figures are disputed any more."""
    appeal.state, appeal.closed_at = state, now
    appeal.save(update_fields=["state", "closed_at"])
    appeal.items.update(open=False)
    facts_dispute(appeal.tenant_id, appeal.subject, figures_of(appeal), disputed=False)


def ticket_resume(appeal: Appeal, now: datetime, *, actor: str) -> None:
    """Let a ticket go on when its last open appeal has ended.

    It waits again while its time to appeal runs and an item of it has an appeal left, and while
    nobody has judged what its party put right, or a figure of it is disputed on another ticket;
    otherwise what waited happens now: its money is taken. What was suspended is restricted again.
    """
    # The decision first: whoever undoes it takes the two rows in that order.
    decision_locked(appeal.tenant_id, appeal.ticket.decision_id)
    ticket = ticket_locked(appeal.tenant_id, appeal.ticket.number)
    if appeal.suspended:
        measures_resume(appeal, now)
    if ticket.state != APPEALED or items_open(ticket):
        return
    exhausted = all(each.refusal is not None for each in appealable(ticket, day_of(now)))
    if exhausted and not correction_waits(ticket) and not fact_waits(ticket):
        ticket_enforce(ticket.tenant_id, ticket.number, now, actor=actor)
        return
    was_in_force = ticket.steps.filter(what=IN_FORCE).exists()
    ticket_move(ticket, IN_FORCE if was_in_force else PENDING, now, actor=actor)

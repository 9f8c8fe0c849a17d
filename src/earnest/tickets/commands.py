"""What changes about tickets: opened with a sanction, moved from state to state, items overturned.

What a state means for money and rights is carried out by the rooms above.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from earnest.decisions.models import Decision
from earnest.kernel.errors import Conflict
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.postgres.numbering import number_next
from earnest.tickets.models import Ticket, TicketItem, TicketStep
from earnest.tickets.queries import FIGURE, facts_disputed, ticket_locked

PENDING, APPEALED, IN_FORCE, REVERSED, CORRECTED = (
    "pending",
    "appealed",
    "in_force",
    "reversed",
    "corrected",
)
MOVES: Final[Mapping[str, frozenset[str]]] = {
    PENDING: frozenset({APPEALED, IN_FORCE, CORRECTED, REVERSED}),
    APPEALED: frozenset({PENDING, IN_FORCE, REVERSED}),
    IN_FORCE: frozenset({APPEALED, REVERSED}),
    REVERSED: frozenset(),
    CORRECTED: frozenset(),
}
SETTLED: Final = frozenset({IN_FORCE, REVERSED, CORRECTED})


@dataclass(frozen=True)
class NewItem:
    """A violated item; see :class:`earnest.tickets.models.TicketItem` for its parts."""

    kind: str
    about: str
    clause: str
    words: Words
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewTicket:
    """A ticket to be opened for a decision in effect.

    Attributes:
        items: what was violated, at least one.
        source: what brought it about.
        appeal_until: the last day to appeal.
        chances: appeals for each item.
        course: receipt of the pack's word on what acts at once.
        correct_until: the last day to put it right; None where that does not help.
        money_fen: what it takes; what its decision says where it is None.
    """

    decision: Decision
    items: Sequence[NewItem]
    source: str
    appeal_until: date
    chances: int
    course: Mapping[str, Any]
    correct_until: date | None = None
    money_fen: int | None = None


@transaction.atomic
def ticket_open(tenant_id: str, new: NewTicket, now: datetime) -> Ticket:
    """Open the ticket of a decision under the next number; the one it has already is returned."""
    decision = new.decision
    known = Ticket.objects.filter(tenant_id=tenant_id, decision_id=decision.id).first()
    if known is not None:
        return known
    ticket = Ticket.objects.create(
        id=uuid7_for(now, tenant_id, "ticket", str(decision.id)),
        tenant_id=tenant_id,
        number=number_next(Ticket, tenant_id, "T", digits=8),
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        decision_id=decision.id,
        decision=decision.decision,
        rulebook=decision.rulebook,
        period=decision.period,
        clause=decision.clause,
        outcome=decision.outcome,
        source=new.source,
        money_fen=decision.money_fen if new.money_fen is None else new.money_fen,
        told_at=now,
        appeal_until=new.appeal_until,
        chances=new.chances,
        correct_until=new.correct_until,
        course=dict(new.course),
        state=PENDING,
    )
    disputed = facts_disputed(tenant_id, ticket.subject)
    TicketItem.objects.bulk_create(
        TicketItem(
            ticket=ticket,
            tenant_id=tenant_id,
            position=position,
            kind=item.kind,
            about=item.about,
            clause=item.clause,
            facts=dict(item.facts),
            zh=item.words.zh,
            en=item.words.en,
            under_appeal=(item.kind, item.about) in disputed,
        )
        for position, item in enumerate(new.items, start=1)
    )
    step_add(ticket, "told", now, actor="system")
    return ticket


def step_add(ticket: Ticket, what: str, now: datetime, *, actor: str, note: str = "") -> TicketStep:
    """Add one step to the story of a ticket."""
    return TicketStep.objects.create(
        ticket=ticket, tenant_id=ticket.tenant_id, what=what, note=note, actor=actor, at=now
    )


@transaction.atomic
def ticket_move(ticket: Ticket, state: str, now: datetime, *, actor: str, note: str = "") -> Ticket:
    """Move a ticket to another state, with a step in its story.

    Raises:
        Conflict: it is in a state that does not lead there, also when another session was faster.
    """
    row = ticket_locked(ticket.tenant_id, ticket.number)
    if state not in MOVES[row.state]:
        raise Conflict(
            "ticket_moved_on",
            where=row.number,
            zh="该处罚单的状态已变化，不能这样处理；请刷新页面。",
            en=f"the ticket is {row.state} by now, which does not lead to {state}; reload the page",
        )
    row.state = state
    row.settled_at = now if state in SETTLED else None
    row.save(update_fields=["state", "settled_at"])
    step_add(row, state, now, actor=actor, note=note)
    return row


def facts_dispute(
    tenant_id: str, subject: Subject, abouts: Collection[str], *, disputed: bool
) -> None:
    """Note on every ticket of a party that names these figures whether they are under appeal."""
    rows = TicketItem.objects.filter(
        tenant_id=tenant_id,
        ticket__subject_kind=subject[0],
        ticket__subject_id=subject[1],
        kind=FIGURE,
        about__in=abouts,
    )
    rows.exclude(under_appeal=disputed).update(under_appeal=disputed)


def items_overturn(ticket: Ticket, positions: Sequence[int]) -> None:
    """Note that items of a ticket do not stand any more."""
    ticket.items.filter(position__in=positions).update(standing=False)

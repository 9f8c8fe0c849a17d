"""What can be asked about tickets."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject
from earnest.tickets.models import Ticket, TicketItem, TicketStep

OPEN_STATES = ("pending", "appealed")
FIGURE = "figure"
"""The kind of an item that is a recorded figure: one fact, whichever tickets name it."""
MONEY_TAKEN = "money_taken"
"""The step of a ticket whose money was taken; under appeal again, it is not taken twice."""
CORRECTION_SAID, CORRECTION_JUDGED = "correction_said", "correction_judged"
"""Steps of a ticket said to be put right: between the two it waits, whatever its days say."""
_OF_CORRECTION = (CORRECTION_SAID, CORRECTION_JUDGED)


def ticket_get(tenant_id: str, number: str) -> Ticket:
    """Return a ticket by its number.

    Raises:
        NotFound: there is none.
    """
    return _found(Ticket.objects.filter(tenant_id=tenant_id, number=number).first(), number)


def ticket_locked(tenant_id: str, number: str) -> Ticket:
    """Return a ticket with its row locked for this transaction.

    Raises:
        NotFound: there is none.
    """
    rows = Ticket.objects.select_for_update().filter(tenant_id=tenant_id, number=number)
    return _found(rows.first(), number)


def _found(ticket: Ticket | None, number: str) -> Ticket:
    if ticket is None:
        raise unknown_ticket(number)
    return ticket


def unknown_ticket(number: str) -> NotFound:
    """Return what is said of a ticket that is not there, or not one's own."""
    return NotFound(
        "unknown_ticket",
        where=number,
        zh=f"没有编号为 {number} 的处罚单，或您无权查看。",
        en=f"there is no ticket {number!r}, or it is not yours to see",
    )


@dataclass(frozen=True)
class TicketFilter:
    """What narrows a list of tickets; an empty field does not narrow."""

    subject: Subject | None = None
    subject_id: str = ""
    state: str = ""
    source: str = ""
    outcome: str = ""


def tickets_listed(tenant_id: str, narrowed: TicketFilter | None = None) -> QuerySet[Ticket]:
    """Return tickets, the newest first."""
    chosen = narrowed or TicketFilter()
    found = Ticket.objects.filter(tenant_id=tenant_id).order_by("-told_at", "-number")
    if chosen.subject is not None:
        found = found.filter(subject_kind=chosen.subject[0], subject_id=chosen.subject[1])
    for name in ("subject_id", "state", "source", "outcome"):
        if value := getattr(chosen, name):
            found = found.filter(**{name: value})
    return found


def outcomes_of_tickets(tenant_id: str) -> list[str]:
    """Return the outcomes that tickets have, in order."""
    rows = Ticket.objects.filter(tenant_id=tenant_id).order_by("outcome")
    return list(rows.values_list("outcome", flat=True).distinct())


def ticket_of_decision(tenant_id: str, decision_id: UUID) -> Ticket | None:
    """Return the ticket of a decision; None where it has none."""
    return Ticket.objects.filter(tenant_id=tenant_id, decision_id=decision_id).first()


def tickets_of_decisions(tenant_id: str, decision_ids: Iterable[UUID]) -> dict[UUID, Ticket]:
    """Return the tickets of some decisions by the decision's id."""
    rows = Ticket.objects.filter(tenant_id=tenant_id, decision_id__in=list(decision_ids))
    return {row.decision_id: row for row in rows}


def tickets_lapsed(tenant_id: str, on: date) -> QuerySet[Ticket]:
    """Return the pending tickets whose last day to appeal has passed, oldest first.

    One that its party said in time to have put right is left out until somebody has judged that,
    and so is one that names a figure which is under appeal on another ticket.
    """
    steps = TicketStep.objects.filter(ticket=OuterRef("pk"), what__in=_OF_CORRECTION)
    newest = Subquery(steps.order_by("-id").values("what")[:1])
    rows = Ticket.objects.filter(tenant_id=tenant_id, state="pending", appeal_until__lt=on)
    found = rows.annotate(correction=Coalesce(newest, Value("")))
    disputed = TicketItem.objects.filter(ticket=OuterRef("pk"), under_appeal=True)
    found = found.exclude(correction=CORRECTION_SAID).exclude(Exists(disputed))
    return found.order_by("appeal_until", "number")


def facts_disputed(tenant_id: str, subject: Subject) -> set[tuple[str, str]]:
    """Return the figures (kind, about) of a party that are under appeal now, on any ticket."""
    rows = TicketItem.objects.filter(
        tenant_id=tenant_id,
        ticket__subject_kind=subject[0],
        ticket__subject_id=subject[1],
        under_appeal=True,
    )
    return set(rows.values_list("kind", "about"))


def fact_waits(ticket: Ticket) -> bool:
    """Tell whether a ticket names a figure that is under appeal now, here or on another ticket."""
    return ticket.items.filter(under_appeal=True).exists()


def correction_waits(ticket: Ticket) -> bool:
    """Tell whether a ticket was said to be put right and nobody has judged that yet."""
    steps = ticket.steps.filter(what__in=_OF_CORRECTION).order_by("-id")
    return steps.values_list("what", flat=True).first() == CORRECTION_SAID


def subjects_to_be_charged(tenant_id: str) -> set[Subject]:
    """Return the subjects with a sanction whose money has not been taken yet."""
    return set(_to_be_taken(tenant_id).values_list("subject_kind", "subject_id"))


def charges_to_come_fen(tenant_id: str, subject: Subject) -> int:
    """Return what tickets of a subject will take once nobody appeals any more, in fen."""
    rows = _to_be_taken(tenant_id).filter(subject_kind=subject[0], subject_id=subject[1])
    return sum(rows.values_list("money_fen", flat=True))


def _to_be_taken(tenant_id: str) -> QuerySet[Ticket]:
    rows = Ticket.objects.filter(tenant_id=tenant_id, state__in=OPEN_STATES, money_fen__gt=0)
    return rows.exclude(steps__what=MONEY_TAKEN)


def tickets_appealed(tenant_id: str, subject: Subject) -> int:
    """Count the tickets of a subject that are under appeal."""
    return Ticket.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], state="appealed"
    ).count()

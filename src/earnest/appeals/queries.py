"""What can be asked about appeals, and about the sanction behind one."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet

from earnest.appeals.models import DECIDED, MOOT, OPEN_STATES, Appeal, AppealItem
from earnest.consequences.replacing import first_period
from earnest.decisions.models import Decision
from earnest.decisions.queries import decision_get
from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject
from earnest.policy import Pack
from earnest.rulebooks.packs import RULEBOOKS, pack_for
from earnest.tickets.models import Ticket, TicketItem
from earnest.tickets.queries import FIGURE


def appeal_get(tenant_id: str, number: str) -> Appeal:
    """Return an appeal by its number.

    Raises:
        NotFound: there is none.
    """
    rows = Appeal.objects.select_related("ticket").filter(tenant_id=tenant_id, number=number)
    return _found(rows.first(), number)


def appeal_locked(tenant_id: str, number: str) -> Appeal:
    """Return an appeal with its row locked for this transaction.

    Raises:
        NotFound: there is none.
    """
    rows = Appeal.objects.select_for_update(of=("self",)).select_related("ticket")
    return _found(rows.filter(tenant_id=tenant_id, number=number).first(), number)


def _found(appeal: Appeal | None, number: str) -> Appeal:
    if appeal is None:
        raise unknown_appeal(number)
    return appeal


def unknown_appeal(number: str) -> NotFound:
    """Return what is said of an appeal that is not there, or not one's own."""
    return NotFound(
        "unknown_appeal",
        where=number,
        zh=f"没有编号为 {number} 的申诉，或您无权查看。",
        en=f"there is no appeal {number!r}, or it is not yours to see",
    )


@dataclass(frozen=True)
class AppealFilter:
    """What narrows a list of appeals; an empty field does not narrow."""

    subject: Subject | None = None
    subject_id: str = ""
    state: str = ""
    hearer: str = ""
    ticket: str = ""


def appeals_found(tenant_id: str, narrowed: AppealFilter | None = None) -> QuerySet[Appeal]:
    """Return appeals, the newest first."""
    chosen = narrowed or AppealFilter()
    found = Appeal.objects.filter(tenant_id=tenant_id).select_related("ticket")
    if chosen.subject is not None:
        found = found.filter(subject_kind=chosen.subject[0], subject_id=chosen.subject[1])
    if chosen.ticket:
        found = found.filter(ticket__number=chosen.ticket)
    for name in ("subject_id", "state", "hearer"):
        if value := getattr(chosen, name):
            found = found.filter(**{name: value})
    return found.order_by("-filed_at", "-number")


def appeals_of(ticket: Ticket) -> QuerySet[Appeal]:
    """Return the appeals against a ticket, the first one in front."""
    return Appeal.objects.filter(tenant_id=ticket.tenant_id, ticket=ticket).order_by("number")


def open_count(tenant_id: str) -> int:
    """Count the appeals that are not decided yet."""
    return Appeal.objects.filter(tenant_id=tenant_id, state__in=OPEN_STATES).count()


def items_open(ticket: Ticket) -> set[int]:
    """Return the places of a ticket's items that are under appeal now."""
    rows = AppealItem.objects.filter(tenant_id=ticket.tenant_id, ticket=ticket, open=True)
    return set(rows.values_list("position", flat=True))


def chances_used(ticket: Ticket) -> dict[tuple[str, str], int]:
    """Count the appeals against each item (kind, about), also under the ones this one replaces.

    A ticket that takes the place of a reversed one gives no item another chance that used its own;
    an appeal that came to no decision since its ticket was reversed counts for nothing.
    """
    tickets = _lineage_tickets(ticket)
    named = {
        (item.ticket_id, item.position): (item.kind, item.about)
        for item in TicketItem.objects.filter(ticket__in=tickets)
    }
    rows = AppealItem.objects.filter(ticket__in=tickets).exclude(appeal__state=MOOT)
    return dict(Counter(named[each] for each in rows.values_list("ticket_id", "position")))


def figures_of(appeal: Appeal) -> set[str]:
    """Return the names of the figures that an appeal disputes, such as a month's score."""
    disputed = list(appeal.items.values_list("position", flat=True))
    rows = TicketItem.objects.filter(ticket=appeal.ticket_id, position__in=disputed, kind=FIGURE)
    return set(rows.values_list("about", flat=True))


def figures_appealed(ticket: Ticket) -> dict[str, Appeal]:
    """Return the appeals that settle figures of a ticket elsewhere, by the figure's name.

    A figure is one fact, whichever tickets name it: while it is disputed on another matter's
    ticket, and once that was decided, it is not disputed here. What was withdrawn or came to no
    decision settles nothing.
    """
    names = set(ticket.items.filter(kind=FIGURE).values_list("about", flat=True))
    named = {
        (item.ticket_id, item.position): item.about
        for item in TicketItem.objects.filter(
            tenant_id=ticket.tenant_id,
            ticket__subject_kind=ticket.subject_kind,
            ticket__subject_id=ticket.subject_id,
            kind=FIGURE,
            about__in=names,
        ).exclude(ticket__in=_lineage_tickets(ticket))
    }
    rows = AppealItem.objects.filter(
        tenant_id=ticket.tenant_id,
        ticket__in={each for each, _ in named},
        appeal__state__in=[*OPEN_STATES, DECIDED],
    )
    return {
        named[row.ticket_id, row.position]: row.appeal
        for row in rows.select_related("appeal__ticket").order_by("appeal__number")
        if (row.ticket_id, row.position) in named
    }


def _lineage_tickets(ticket: Ticket) -> list[Ticket]:
    rows = Ticket.objects.filter(
        tenant_id=ticket.tenant_id,
        subject_kind=ticket.subject_kind,
        subject_id=ticket.subject_id,
        decision=ticket.decision,
        rulebook=ticket.rulebook,
        period__startswith=first_period(ticket.period),
    )
    first = first_period(ticket.period)
    return [each for each in rows if first_period(each.period) == first]


def pack_of_ticket(ticket: Ticket) -> Pack:
    """Return the pack by which appeals against a ticket run their course."""
    return pack_for(ticket.tenant_id, RULEBOOKS[ticket.subject_kind], *ticket.subject)


def decision_of(ticket: Ticket) -> Decision:
    """Return the decision behind a ticket, with the words said on it."""
    return decision_get(ticket.tenant_id, ticket.decision_id)


def decided_by_hand(ticket: Ticket) -> bool:
    """Tell whether a person decided on a sanction before it took effect."""
    decision = decision_of(ticket)
    return decision.standing_order_id is None and decision.approvals.exists()

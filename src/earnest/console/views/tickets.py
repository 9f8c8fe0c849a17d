"""Tickets: the list, its export, and one ticket with its clocks, its money and its appeals."""

from dataclasses import replace

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.console.access import Visitor, VisitorRequest, needs
from earnest.console.appeal_page import ticket_shown
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.texts import text, word
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.money import yuan
from earnest.market.roles import SEE_ALL, SEE_OWN
from earnest.tickets.commands import MOVES
from earnest.tickets.models import Ticket
from earnest.tickets.queries import (
    TicketFilter,
    outcomes_of_tickets,
    ticket_get,
    tickets_listed,
    unknown_ticket,
)

COLUMNS = (
    "number", "subject", "outcome", "clause", "period", "money", "state", "told_at",
    "appeal_until", "source",
)  # fmt: skip
SOURCES = ("measure", "review", "report", "inspection", "complaint", "screening", "regulator")


def _narrowed(request: VisitorRequest) -> TicketFilter:
    visitor = request.visitor
    chosen = TicketFilter(
        subject_id=field(request, "subject"),
        state=choice(request, "state", MOVES),
        source=choice(request, "source", SOURCES),
        outcome=choice(request, "outcome", outcomes_of_tickets(visitor.tenant_id)),
    )
    return chosen if visitor.is_operator else replace(chosen, subject=visitor.subject)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def ticket_list(request: VisitorRequest) -> HttpResponse:
    """List tickets, the newest first: all of them, or a party's own."""
    tenant_id, narrowed = request.visitor.tenant_id, _narrowed(request)
    page = page_of(request, tickets_listed(tenant_id, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "states": list(MOVES),
        "sources": SOURCES,
        "outcomes": outcomes_of_tickets(tenant_id),
        "names": names_for(tenant_id, page.object_list),
    }
    return render(request, "console/tickets.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def tickets_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the tickets that the list shows, all pages of it."""
    found = tickets_listed(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    heads = [text(f"ticket_column.{column}") for column in COLUMNS]
    return csv_response("tickets", heads, map(_csv_row, found.iterator(chunk_size=1000)))


def _csv_row(ticket: Ticket) -> list[object]:
    return [
        ticket.number,
        ticket.subject_id,
        word("outcome", ticket.outcome),
        ticket.clause,
        ticket.period,
        yuan(ticket.money_fen),
        word("ticket_state", ticket.state),
        f"{ticket.told_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        ticket.appeal_until,
        word("ticket_source", ticket.source),
    ]


def ticket_seen(visitor: Visitor, number: str) -> Ticket:
    """Return a ticket that this person may see.

    Raises:
        NotFound: there is none, or it is another's.
    """
    ticket = ticket_get(visitor.tenant_id, number)
    if not visitor.sees(ticket.subject):
        raise unknown_ticket(number)
    return ticket


@require_GET
@needs(SEE_ALL, SEE_OWN)
def ticket_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one ticket: where it stands, its items, what is in force and what waits."""
    visitor = request.visitor
    ticket = ticket_seen(visitor, number)
    shown = ticket_shown(ticket, visitor, present(visitor.tenant_id))
    shown["party_name"] = names_for(visitor.tenant_id, [ticket]).get(ticket.subject, "")
    return render(request, "console/ticket.html", shown)

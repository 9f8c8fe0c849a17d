"""Tickets: one for each decision, numbered, moving only forward."""

import pytest

from earnest.kernel.errors import Conflict, NotFound
from earnest.kernel.words import Words
from earnest.tickets.commands import MOVES, NewItem, NewTicket, ticket_move, ticket_open
from earnest.tickets.models import Ticket
from earnest.tickets.queries import (
    TicketFilter,
    charges_to_come_fen,
    subjects_to_be_charged,
    ticket_get,
    tickets_lapsed,
    tickets_listed,
)
from tests.appeals.scene import (
    AUGUST,
    LOW,
    P1,
    SEPTEMBER,
    chain,
    day_after,
    month_judge,
    on_of,
    tenant_new,
    ticket_of,
)

pytestmark = pytest.mark.django_db


def test_a_decision_has_one_ticket_and_numbers_run_on() -> None:
    """Opened again for the same decision it is the same one; the next decision has the next."""
    tenant = tenant_new()
    hidden, delisted = month_judge(tenant, AUGUST, LOW), month_judge(tenant, SEPTEMBER, LOW)
    first = ticket_of(hidden)
    assert [first.number, ticket_of(delisted).number] == ["T00000001", "T00000002"]
    item = NewItem("other", "x", hidden.clause, Words("一", "one"))
    again = NewTicket(hidden, [item], "measure", first.appeal_until, 1, {})
    assert ticket_open(tenant, again, day_after(hidden, 1)).id == first.id
    assert first.items.count() == 1


@pytest.mark.clause("S0-2.2.6")
def test_a_ticket_moves_only_forward() -> None:
    """From every state only to those that the table names; the database refuses the rest too."""
    tenant = tenant_new()
    ticket = ticket_of(month_judge(tenant, AUGUST, LOW))
    for state in sorted(set(MOVES) - MOVES["pending"]):
        with pytest.raises(Conflict):
            ticket_move(ticket, state, ticket.told_at, actor="x")
    moved = ticket_move(ticket, "reversed", ticket.told_at, actor="x", note="because")
    assert (moved.state, moved.settled_at) == ("reversed", ticket.told_at)
    for state in MOVES:
        with pytest.raises(Conflict):
            ticket_move(ticket, state, ticket.told_at, actor="x")


def test_what_can_be_asked_about_tickets() -> None:
    """By party, state and outcome; the lapsed ones the day after their last; unknown is told."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    ticket = ticket_of(hidden)
    found = tickets_listed(tenant, TicketFilter(subject=P1, state="pending", outcome="hide"))
    assert list(found) == [ticket]
    assert not tickets_listed(tenant, TicketFilter(subject=("provider", "P2"))).exists()
    assert subjects_to_be_charged(tenant) == {P1}
    assert not tickets_lapsed(tenant, on_of(day_after(hidden, 7))).exists()
    assert list(tickets_lapsed(tenant, on_of(day_after(hidden, 8)))) == [ticket]
    with pytest.raises(NotFound):
        ticket_get(tenant, "T99999999")
    assert Ticket.objects.filter(tenant_id=tenant).count() == 1


def test_money_that_was_taken_is_not_still_to_come_while_its_ticket_is_under_appeal() -> None:
    """Who appeals against what was paid already owes nothing more, and its month may end."""
    tenant = tenant_new()
    (hidden,) = chain(tenant, AUGUST)
    ticket_move(ticket_of(hidden), "appealed", day_after(hidden, 9), actor="p1")
    assert subjects_to_be_charged(tenant) == set()
    assert charges_to_come_fen(tenant, P1) == 0

"""The worker tells the outside what happened, tickets included, and says when it cannot."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.urls import Resolver404, resolve

from earnest.decisions.models import Decision
from earnest.deliveries.commands import NewEndpoint, endpoint_add
from earnest.deliveries.models import Delivery
from earnest.deliveries.retries import DISABLED_AFTER
from earnest.deliveries.sending import Sender
from earnest.deliveries.wire import Http
from earnest.kernel.words import Words
from earnest.tickets.commands import NewItem, NewTicket, ticket_move, ticket_open
from earnest.work.models import Alert
from earnest.work.outgoing import ALL_SOURCES, outgoing_sweep, outgoing_tell
from tests.deliveries.receiver import receiving
from tests.work.market import NOW, TENANT, decided, market_open

OPERATOR = ("", "")


def test_a_ticket_s_life_is_told(db: None, settings: object) -> None:
    """Opened, appealed, in force: each state is one event with the ticket's number and page."""
    settings.WEBHOOKS_LOOPBACK, settings.PUBLIC_URL = True, "https://market.example"
    market_open()
    with receiving() as receiver:
        endpoint_add(TENANT, NewEndpoint(receiver.url, OPERATOR, "admin"), NOW)
        decision = Decision.objects.get(pk=decided(at=NOW - timedelta(days=1)))
        item = NewItem("other", "x", "S3-4.2a", Words("一", "one"))
        new = NewTicket(decision, [item], "report", NOW.date(), 1, {})
        ticket = ticket_open(TENANT, new, NOW)
        ticket_move(ticket, "appealed", NOW + timedelta(minutes=1), actor="shop")
        ticket_move(ticket, "in_force", NOW + timedelta(minutes=2), actor="risk")
        sender = Sender(clock=lambda: datetime.now(UTC), http=Http(loopback=True))
        told = outgoing_tell(TENANT, sender, NOW + timedelta(minutes=3))
        assert told["sent"] == 3
        assert "sent" not in outgoing_tell(TENANT, sender, NOW + timedelta(minutes=4))
        assert outgoing_sweep(TENANT, NOW + timedelta(minutes=5))["found late"] == 0
        events = [json.loads(each.body) for each in receiver.requests]
    assert [each["type"] for each in events] == [
        "ticket.opened", "ticket.appealed", "ticket.in_force",
    ]  # fmt: skip
    assert {each["data"]["ticket"] for each in events} == {ticket.number}
    assert {each["data"]["url"] for each in events} == {
        f"https://market.example/tickets/{ticket.number}/"
    }


def test_an_operator_s_dead_endpoint_raises_an_alert(db: None, settings: object) -> None:
    """When nothing arrived for days it is disabled, and an alert names it until it is mended."""
    settings.WEBHOOKS_LOOPBACK = True
    url, at = "http://127.0.0.1:9/", [datetime.now(UTC)]
    made = endpoint_add(TENANT, NewEndpoint(url, OPERATOR, "admin"), NOW)
    Delivery.objects.create(
        id=UUID(int=7), tenant_id=TENANT, channel="webhook", endpoint=made.endpoint, event="ping",
        about="1", body=b"{}", occurred_at=NOW, made_at=NOW,
    )  # fmt: skip
    sender = Sender(clock=lambda: at[0], http=Http(loopback=True))
    outgoing_tell(TENANT, sender, NOW)
    assert not Alert.objects.exists()
    at[0] += DISABLED_AFTER
    outgoing_tell(TENANT, sender, NOW)
    alert = Alert.objects.get(name="endpoints_reached")
    assert (alert.ids, alert.resolved_at) == ([url], None)


PATHS = (
    "/inbox/", "/webhooks/", f"/decisions/{UUID(int=7)}/", "/shops/S1/", "/providers/P1/deposit/",
    "/cases/C000001/", "/pay-orders/T1/", "/tickets/T00000001/", "/appeals/A000001/",
    "/violations/V000001/", "/improvement-plans/P1/2025-08/", "/goods/notices/G000001/",
    "/departures/D000001/", "/admission/A000001/", "/surveys/C000001/", "/mail/verify/x:y:z/",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_the_links_that_are_sent_lead_somewhere(path: str) -> None:
    """Each kind of path that goes out in a message is one of the console's addresses."""
    try:
        resolve(path)
    except Resolver404:
        pytest.fail(f"nothing answers at {path}")


def test_sources_have_names_of_their_own() -> None:
    """Two sources of one name would share a watermark."""
    names = [each.name for each in ALL_SOURCES]
    assert len(set(names)) == len(names)

"""Webhooks arrive signed, are tried again as the table says, and stop where nobody listens."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from earnest.deliveries.commands import (
    NewEndpoint,
    delivery_again,
    endpoint_add,
    endpoint_enable,
    endpoint_rotate,
    endpoint_test,
)
from earnest.deliveries.looking import deliveries_look
from earnest.deliveries.models import Attempt, Delivery, Endpoint, EndpointSecret
from earnest.deliveries.retries import (
    ASKED_WAIT_MAX,
    DISABLED_AFTER,
    RETRY_WAITS,
    ROTATION_OVERLAP,
    asked_wait,
    rest_after,
)
from earnest.deliveries.sealing import opened, sealed, secret_new, signed_headers
from earnest.deliveries.sending import LEASE, Sender, _webhook_take_up, deliveries_send
from earnest.deliveries.wire import Answer
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.notices.models import Notice
from tests.deliveries.conftest import NOW, OPERATOR, P1, TENANT, Clock, tell
from tests.deliveries.receiver import Receiver

SPEC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SPEC_ID, SPEC_AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330
SPEC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def added(url: str, subject: tuple[str, str] = P1) -> tuple[Endpoint, str]:
    """Add an endpoint; return it with its secret."""
    made = endpoint_add(TENANT, NewEndpoint(url, subject, "admin"), NOW)
    return made.endpoint, made.secret


def waiting(*abouts: str) -> None:
    """Put one notice for each name on its way."""
    for about in abouts:
        tell(P1, about)
    deliveries_look(TENANT, NOW)


def verified(receiver: Receiver, secret: str) -> list[dict[str, object]]:
    """Return what a receiver has got, each message verified with the library."""
    return [Webhook(secret).verify(each.body, each.headers) for each in receiver.requests]


def test_the_signature_is_the_specification_s() -> None:
    """The published example is reproduced, also when the same instant is given in Shanghai time."""
    body = b'{"test": 2432232314}'
    utc = datetime.fromtimestamp(SPEC_AT, UTC)
    for at in (utc, utc.astimezone(timezone(timedelta(hours=8)))):
        headers = signed_headers(SPEC_ID, at, body, [sealed(SPEC_SECRET)])
        assert headers["webhook-signature"] == SPEC_SIGNATURE
        assert headers["webhook-timestamp"] == str(SPEC_AT)


def test_a_webhook_arrives_signed(parties: str, receiver: Receiver, sender: Sender) -> None:
    """The receiver verifies the stored bytes with the library; the id is the delivery's."""
    _, secret = added(receiver.url)
    waiting("one")
    assert deliveries_send(parties, sender, NOW) == {"sent": 1}
    (message,) = verified(receiver, secret)
    delivery = Delivery.objects.get()
    assert message["data"]["title_en"] == "Title one"
    assert receiver.requests[0].body == bytes(delivery.body)
    assert receiver.requests[0].headers["webhook-id"] == str(delivery.id)
    assert (delivery.state, delivery.tries) == ("sent", 1)
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.status, attempt.said) == ("sent", 200, "thanks")
    assert not deliveries_send(parties, sender, NOW)


@given(st.binary(min_size=1, max_size=60), st.sampled_from(["id", "time", "body", "signature"]))
def test_nothing_forged_is_verified(noise: bytes, part: str) -> None:
    """Another id, time, body or signature than the signed one does not verify."""
    secret, body, at = secret_new(), b'{"a":1}', datetime.now(UTC)
    headers = signed_headers("id-1", at, body, [sealed(secret)])
    changed = base64.b64encode(noise).decode()
    if part == "body":
        body += changed.encode()
    elif part == "id":
        headers["webhook-id"] += changed
    elif part == "time":
        headers["webhook-timestamp"] = str(int(at.timestamp()) - 1 - len(noise))
    else:
        headers["webhook-signature"] = f"v1,{changed}"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_the_secret_is_kept_sealed(parties: str, settings: object) -> None:
    """The table holds no readable secret, and another installation's key does not open it."""
    _, secret = added("https://a.example/")
    kept = EndpointSecret.objects.get().sealed
    assert secret not in kept
    assert secret.removeprefix("whsec_") not in kept
    assert opened(kept) == secret
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another installation"
    with pytest.raises(RuleRefused) as refused:
        opened(kept)
    assert refused.value.problem.code == "secret_unreadable"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert opened(kept) == secret


def test_rotation_overlaps(parties: str, receiver: Receiver, sender: Sender, clock: Clock) -> None:
    """For a day both secrets verify; then only the new one does, and the old one is wiped."""
    endpoint, old = added(receiver.url)
    new = endpoint_rotate(TENANT, endpoint.id, "admin", clock.at)
    waiting("during")
    deliveries_send(parties, sender, NOW)
    assert verified(receiver, old) == verified(receiver, new)
    receiver.requests.clear()
    later = replace(sender, clock=Clock(clock.at + ROTATION_OVERLAP))
    waiting("after")
    deliveries_send(parties, later, NOW)
    signatures = receiver.requests[0].headers["webhook-signature"].split()
    assert len(signatures) == 1
    assert EndpointSecret.objects.exclude(expires_at=None).get().sealed == ""


def test_it_is_tried_as_the_table_says(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    """5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h: about three days, then it is given up."""
    added(receiver.url)
    waiting("one")
    began = clock.at
    for tries, wait in enumerate(RETRY_WAITS, 1):
        receiver.replies.append((500, {}, b"down"))
        assert deliveries_send(parties, sender, NOW) == {"refused": 1}
        delivery = Delivery.objects.get()
        assert (delivery.tries, delivery.next_try_at) == (tries, clock.at + wait)
        clock.ahead(wait - timedelta(seconds=1))
        assert not deliveries_send(parties, sender, NOW)
        clock.ahead(timedelta(seconds=1))
    receiver.replies.append((500, {}, b"down"))
    deliveries_send(parties, sender, NOW)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("failed", len(RETRY_WAITS) + 1)
    assert timedelta(days=3) < clock.at - began < timedelta(days=3, hours=4)
    assert len({each.headers["webhook-id"] for each in receiver.requests}) == 1
    assert len({each.body for each in receiver.requests}) == 1
    assert not deliveries_send(parties, sender, NOW)
    delivery_again(TENANT, delivery.id)
    assert deliveries_send(parties, sender, NOW) == {"sent": 1}
    with pytest.raises(Conflict):
        delivery_again(TENANT, delivery.id)


def test_a_failing_endpoint_rests_and_others_go_on(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    """After a failure an endpoint gets nothing else for a while; others get all of theirs."""
    added("http://127.0.0.1:9/nobody")
    added(receiver.url)
    waiting(*(f"n{number}" for number in range(5)))
    assert deliveries_send(parties, sender, NOW) == {"no_answer": 1, "sent": 5}
    assert not deliveries_send(parties, sender, NOW)
    clock.ahead(rest_after(1))
    assert deliveries_send(parties, sender, NOW) == {"no_answer": 1}
    assert rest_after(100) == timedelta(minutes=30)


def test_gone_disables(parties: str, receiver: Receiver, sender: Sender) -> None:
    """410 ends it at once: nothing more is sent, and the party gets a notice."""
    endpoint, _ = added(receiver.url)
    waiting("one", "two")
    receiver.replies.append((410, {}, b""))
    assert deliveries_send(parties, sender, NOW) == {"refused": 1}
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_because) == ("disabled", "gone")
    assert {each.state for each in Delivery.objects.all()} == {"dropped"}
    assert Notice.objects.filter(title_en="A webhook endpoint was disabled").count() == 1
    with pytest.raises(Conflict):
        endpoint_test(TENANT, endpoint.id, NOW)


def test_days_of_failure_disable(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    """An endpoint to which nothing arrived for days is disabled; a success in between resets it."""
    endpoint, _ = added(receiver.url)
    waiting("one")
    receiver.replies.append((503, {}, b""))
    deliveries_send(parties, sender, NOW)
    clock.ahead(DISABLED_AFTER - timedelta(hours=1))
    deliveries_send(parties, sender, NOW)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.failing_since) == ("active", None)
    for _ in range(2):
        waiting(f"at {clock.at}")
        receiver.replies.append((503, {}, b""))
        deliveries_send(parties, sender, NOW)
        clock.ahead(DISABLED_AFTER)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_because) == ("disabled", "failing")
    assert endpoint_enable(TENANT, endpoint.id)
    receiver.requests.clear()
    waiting("mended")
    deliveries_send(parties, sender, NOW)
    titles = {json.loads(each.body)["data"]["title_en"] for each in receiver.requests}
    assert titles == {"Title mended", "A webhook endpoint was disabled"}


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("3600", timedelta(hours=1)),
        ("1", RETRY_WAITS[0]),
        ("-5", RETRY_WAITS[0]),
        ("soon", RETRY_WAITS[0]),
        ("9" * 30, ASKED_WAIT_MAX),
    ],
)
def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock, asked: str, waits: timedelta
) -> None:
    """429 with Retry-After is obeyed, never below the table and never above a day."""
    added(receiver.url)
    waiting("one")
    receiver.replies.append((429, {"Retry-After": asked}, b""))
    deliveries_send(parties, sender, NOW)
    assert Delivery.objects.get().next_try_at == clock.at + waits
    assert Endpoint.objects.get().rests_until == clock.at + waits


def test_retry_after_may_be_a_date() -> None:
    """The header's other form is a date; one in the past asks for nothing."""
    at = datetime(2025, 9, 10, 4, tzinfo=UTC)
    assert asked_wait("Wed, 10 Sep 2025 05:00:00 GMT", at) == timedelta(hours=1)
    assert asked_wait("Wed, 10 Sep 2025 03:00:00 GMT", at) == timedelta(0)
    assert asked_wait("Wed, 10 Sep 2025 05:00:00 -0000", at) == timedelta(0)


def test_a_dead_sender_s_delivery_goes_again_under_the_same_id(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    """One that was taken up and never written down is another's after the lease, same id, bytes."""
    added(receiver.url)
    waiting("one")
    turn = _webhook_take_up(parties, sender)
    assert turn is not None
    assert not deliveries_send(parties, sender, NOW)
    clock.ahead(LEASE)
    assert deliveries_send(parties, sender, NOW) == {"sent": 1}
    assert receiver.requests[0].headers["webhook-id"] == str(turn.delivery.id)


def test_an_answer_of_an_earlier_turn_moves_nothing(
    parties: str, receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    """A sender that was slower than its lease cannot undo what another one wrote down."""
    added(receiver.url)
    waiting("one")

    class Slow:
        """A wire on which somebody else is faster."""

        def post(self, *_: object) -> Answer:
            clock.ahead(LEASE)
            assert deliveries_send(parties, sender, NOW) == {"sent": 1}
            return Answer("no_answer", 1)

    assert deliveries_send(parties, replace(sender, http=Slow()), NOW) == {"late": 1}
    assert Delivery.objects.get().state == "sent"
    assert [each.outcome for each in Attempt.objects.order_by("n")] == ["sent", "late"]


def test_a_private_address_is_never_reached(parties: str, receiver: Receiver, clock: Clock) -> None:
    """Without the development switch the receiver on this machine gets nothing, and it is said."""
    added(receiver.url)
    waiting("one")
    assert deliveries_send(parties, Sender(clock=clock), NOW) == {"not_allowed": 1}
    assert receiver.requests == []
    assert "https" in Attempt.objects.get().said


def test_a_ping_is_asked_for(parties: str, receiver: Receiver, sender: Sender) -> None:
    """The owner may have a ping sent; two pings are two messages."""
    endpoint, secret = added(receiver.url, OPERATOR)
    for _ in range(2):
        endpoint_test(TENANT, endpoint.id, NOW)
    assert deliveries_send(parties, sender, NOW) == {"sent": 2}
    assert [each["type"] for each in verified(receiver, secret)] == ["ping", "ping"]
    assert json.loads(receiver.requests[0].body)["data"]["url"].startswith("https://market.example")
    assert django_settings.PUBLIC_URL == "https://market.example"

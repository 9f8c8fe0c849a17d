"""Sending what waits: taken up in a transaction, sent outside of any, written down in another.

Whatever dies between two steps leaves a delivery that is due again after the lease. If it was sent
by then, it is sent once more: the same bytes under the same id, by which a receiver knows it.

What is agreed with the outside (tries, signatures, waits) goes by the real clock, whatever time the
marketplace simulates.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from earnest.deliveries.commands import endpoint_disable
from earnest.deliveries.mail import MailWire, django_mail
from earnest.deliveries.models import (
    ACTIVE,
    DROPPED,
    FAILED,
    MAIL,
    SENT,
    WAITING,
    Attempt,
    Delivery,
    Endpoint,
    EndpointSecret,
    MailAddress,
)
from earnest.deliveries.queries import endpoint_get
from earnest.deliveries.retries import DISABLED_AFTER, asked_wait, rest_after, wait_after
from earnest.deliveries.sealing import signed_headers
from earnest.deliveries.wire import Answer, Http
from earnest.kernel.errors import RuleRefused

LEASE: Final = timedelta(minutes=2)
"""Longer than any try lasts; after it another sender takes the delivery up."""

ROUND: Final = timedelta(seconds=45)
"""A round of sending ends then, so that the worker's other jobs get their turn."""

GONE = 410


@dataclass(frozen=True)
class Sender:
    """What is sent with, and by which clock.

    Attributes:
        clock: returns the real time.
        http: the wire of webhooks.
        mail: the wire of mail.
        lease: after which a delivery whose sender died is taken up again.
    """

    clock: Callable[[], datetime]
    http: Http = field(default_factory=Http)
    mail: MailWire = django_mail
    lease: timedelta = LEASE


@dataclass(frozen=True)
class Turn:
    """A delivery taken up once; ``number`` tells turns apart."""

    delivery: Delivery
    number: int
    kept_secrets: tuple[str, ...] = ()


def deliveries_send(tenant_id: str, sender: Sender, now: datetime) -> Counter[str]:
    """Send what is due, one after another, for a round's time; count what came of it.

    The endpoint that was tried longest ago is next, so that none holds up the others. Any number of
    senders may do this at once. Call it outside of any transaction.

    Takes:
        now: the marketplace's, for notices about endpoints that are disabled.
    """
    ends = sender.clock() + ROUND
    _secrets_wipe(tenant_id, sender.clock())
    outcomes: Counter[str] = Counter()
    while sender.clock() < ends and (turn := _mail_take_up(tenant_id, sender)) is not None:
        answer = _mail_speak(sender, turn)
        outcomes[_mail_write_down(turn, answer, sender.clock())] += 1
        if answer.outcome == "no_answer":  # the mail server is away, for every mail
            break
    while sender.clock() < ends and (turn := _webhook_take_up(tenant_id, sender)) is not None:
        answer = _webhook_speak(sender, turn)
        outcomes[_webhook_write_down(turn, answer, sender.clock(), now)] += 1
    return outcomes


def _secrets_wipe(tenant_id: str, at: datetime) -> None:
    rows = EndpointSecret.objects.filter(tenant_id=tenant_id, expires_at__lte=at)
    rows.exclude(sealed="").update(sealed="")


def _due(at: datetime) -> QuerySet[Delivery]:
    ready = Q(next_try_at=None) | Q(next_try_at__lte=at)
    return Delivery.objects.filter(ready, state=WAITING)


def _taken(delivery: Delivery, sender: Sender) -> int:
    delivery.turn += 1
    delivery.next_try_at = sender.clock() + sender.lease
    delivery.save(update_fields=["turn", "next_try_at"])
    return delivery.turn


@transaction.atomic(durable=True)
def _webhook_take_up(tenant_id: str, sender: Sender) -> Turn | None:
    at = sender.clock()
    awake = Q(rests_until=None) | Q(rests_until__lte=at)
    endpoint = (
        Endpoint.objects.select_for_update(skip_locked=True)
        .filter(awake, Exists(_due(at).filter(endpoint=OuterRef("pk"))))
        .filter(tenant_id=tenant_id, state=ACTIVE)
        .order_by(F("attempted_at").asc(nulls_first=True), "id")
        .first()
    )
    if endpoint is None:
        return None
    due = _due(at).filter(endpoint=endpoint).select_for_update(skip_locked=True, of=("self",))
    delivery = due.order_by("id").first()
    if delivery is None:
        return None
    endpoint.attempted_at = at
    endpoint.save(update_fields=["attempted_at"])
    delivery.endpoint = endpoint
    kept = endpoint.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=at)).order_by("-id")
    return Turn(delivery, _taken(delivery, sender), tuple(kept.values_list("sealed", flat=True)))


def _webhook_speak(sender: Sender, turn: Turn) -> Answer:
    endpoint, body = turn.delivery.endpoint, bytes(turn.delivery.body)
    if endpoint is None:
        raise TypeError("a webhook without an endpoint")
    try:
        headers = signed_headers(str(turn.delivery.id), sender.clock(), body, turn.kept_secrets)
    except RuleRefused as refusal:
        return Answer("not_allowed", 0, said=str(refusal))
    return sender.http.post(endpoint.url, headers, body)


@transaction.atomic(durable=True)
def _webhook_write_down(turn: Turn, answer: Answer, at: datetime, now: datetime) -> str:
    """Write down what came of a try: the delivery's state, and how its endpoint does."""
    tenant_id, endpoint_id = turn.delivery.tenant_id, turn.delivery.endpoint_id
    if endpoint_id is None:
        raise TypeError("a webhook without an endpoint")
    endpoint = endpoint_get(tenant_id, endpoint_id, locked=True)
    delivery = Delivery.objects.select_for_update().get(pk=turn.delivery.pk)
    if delivery.turn != turn.number or delivery.state != WAITING:
        return _attempt_add(delivery, answer, "late", at)
    arrived = answer.status is not None and answer.status // 100 == 2
    if arrived:
        _sent(delivery, at)
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
    else:
        asked = asked_wait(answer.retry_after, at)
        _failed(delivery, at, asked)
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or at
        endpoint.rests_until = at + max(rest_after(endpoint.failures), asked)
    endpoint.save(update_fields=["failures", "failing_since", "rests_until"])
    outcome = _attempt_add(delivery, answer, _outcome(answer, arrived=arrived), at)
    if answer.status == GONE:
        endpoint_disable(tenant_id, endpoint.id, "gone", now)
    elif endpoint.failing_since and at - endpoint.failing_since >= DISABLED_AFTER:
        endpoint_disable(tenant_id, endpoint.id, "failing", now)
    return outcome


def _outcome(answer: Answer, *, arrived: bool) -> str:
    if answer.outcome == "answered":
        return "sent" if arrived else "refused"
    return answer.outcome


def _sent(delivery: Delivery, at: datetime) -> None:
    delivery.state, delivery.sent_at, delivery.next_try_at = SENT, at, None
    delivery.tries += 1
    delivery.save(update_fields=["state", "sent_at", "next_try_at", "tries"])


def _failed(delivery: Delivery, at: datetime, asked: timedelta = timedelta(0)) -> None:
    """Say when it is tried again, or give it up after the last time."""
    delivery.tries += 1
    wait = wait_after(delivery.tries)
    if wait is None:
        delivery.state, delivery.next_try_at = FAILED, None
    else:
        delivery.next_try_at = at + max(wait, asked)
    delivery.save(update_fields=["state", "next_try_at", "tries"])


def _attempt_add(delivery: Delivery, answer: Answer, outcome: str, at: datetime) -> str:
    Attempt.objects.create(
        delivery=delivery,
        tenant_id=delivery.tenant_id,
        n=delivery.attempts.count() + 1,
        at=at,
        outcome=outcome,
        status=answer.status,
        milliseconds=answer.milliseconds,
        said=answer.said,
    )
    return outcome


@transaction.atomic(durable=True)
def _mail_take_up(tenant_id: str, sender: Sender) -> Turn | None:
    due = _due(sender.clock()).filter(tenant_id=tenant_id, channel=MAIL)
    rows = due.select_for_update(skip_locked=True, of=("self",)).select_related("address")
    delivery = rows.order_by("id").first()
    return Turn(delivery, _taken(delivery, sender)) if delivery is not None else None


def _mail_speak(sender: Sender, turn: Turn) -> Answer:
    address = turn.delivery.address
    if address is None:
        raise TypeError("a mail without an address")
    return sender.mail(address.address, str(turn.delivery.id), bytes(turn.delivery.body))


@transaction.atomic(durable=True)
def _mail_write_down(turn: Turn, answer: Answer, at: datetime) -> str:
    """Write down what came of a mail; a mailbox that does not exist gets nothing more."""
    delivery = Delivery.objects.select_for_update().get(pk=turn.delivery.pk)
    if delivery.turn != turn.number or delivery.state != WAITING:
        return _attempt_add(delivery, answer, "late", at)
    if answer.outcome == "sent":
        _sent(delivery, at)
    elif answer.outcome == "bounced":
        delivery.state, delivery.next_try_at = FAILED, None
        delivery.tries += 1
        delivery.save(update_fields=["state", "next_try_at", "tries"])
        MailAddress.objects.filter(deliveries=delivery).update(bounced_at=at)
        others = Delivery.objects.filter(address=delivery.address, state=WAITING)
        others.update(state=DROPPED)
    else:
        _failed(delivery, at)
    return _attempt_add(delivery, answer, answer.outcome, at)

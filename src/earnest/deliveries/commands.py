"""What changes about endpoints: added, tried out, their secrets rotated, disabled and enabled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from earnest.deliveries.addresses import url_checked
from earnest.deliveries.happenings import EVENT_TYPES, INSIDE, PING, Happened
from earnest.deliveries.looking import message_bytes
from earnest.deliveries.models import (
    ACTIVE,
    DISABLED,
    DROPPED,
    FAILED,
    WAITING,
    WEBHOOK,
    Delivery,
    Endpoint,
    EndpointSecret,
)
from earnest.deliveries.queries import delivery_get, endpoint_get
from earnest.deliveries.retries import ROTATION_OVERLAP
from earnest.deliveries.sealing import sealed, secret_new
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.notices.commands import Message, NewNotice, notices_send

ENDPOINTS_MAX = 20
NOTE_LENGTH_MAX = 200


@dataclass(frozen=True)
class NewEndpoint:
    """An endpoint to be added.

    Attributes:
        subject: the party whose it is; ("", "") for an operator's, which hears of everybody.
        event_types: what it wants to hear of; empty for everything that it may.
    """

    url: str
    subject: tuple[str, str]
    actor: str
    event_types: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True)
class AddedEndpoint:
    """An endpoint with the secret of this moment: the only time that anybody sees it."""

    endpoint: Endpoint
    secret: str


@transaction.atomic
def endpoint_add(tenant_id: str, new: NewEndpoint, now: datetime) -> AddedEndpoint:
    """Add an endpoint; it is told of what happens from now on.

    Raises:
        BadInput: an address or a type of event that is not taken.
        Conflict: the party has an endpoint at this address, or too many.
    """
    url_checked(new.url, loopback=settings.WEBHOOKS_LOOPBACK)
    types = event_types_checked(new.event_types, new.subject)
    owned = Endpoint.objects.filter(
        tenant_id=tenant_id, subject_kind=new.subject[0], subject_id=new.subject[1]
    )
    if owned.count() >= ENDPOINTS_MAX:
        raise Conflict(
            "endpoints_too_many", where=new.url,
            zh=f"最多可登记 {ENDPOINTS_MAX} 个接收端。",
            en=f"there are {ENDPOINTS_MAX} endpoints already, which is the most",
        )  # fmt: skip
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                id=uuid7_for(now, tenant_id, "endpoint", *new.subject, new.url),
                tenant_id=tenant_id,
                subject_kind=new.subject[0],
                subject_id=new.subject[1],
                url=new.url,
                note=new.note.strip()[:NOTE_LENGTH_MAX],
                event_types=types,
                created_at=now,
                created_by=new.actor,
            )
    except IntegrityError as error:
        raise Conflict(
            "endpoint_known", where=new.url,
            zh="这个网址已经登记；如已停用，请重新启用。",
            en="this address is there already; enable it again if it is disabled",
        ) from error  # fmt: skip
    return AddedEndpoint(endpoint, _secret_add(endpoint, new.actor, now))


def event_types_checked(event_types: Sequence[str], subject: tuple[str, str]) -> list[str]:
    """Return the types that may be subscribed to, in order, each once.

    Raises:
        BadInput: one is unknown, or is for operators and the endpoint is a party's.
    """
    allowed = [each for each in EVENT_TYPES if subject == ("", "") or each not in INSIDE]
    for each in event_types:
        if each not in allowed:
            raise BadInput(
                "unknown_event_type", where=each,
                zh=f"没有“{each}”这种事件；可用：{'、'.join(allowed)}。",
                en=f"there is no event type {each!r} here; choose from {', '.join(allowed)}",
            )  # fmt: skip
    return [each for each in allowed if each in set(event_types)]


def _secret_add(endpoint: Endpoint, actor: str, at: datetime) -> str:
    secret = secret_new()
    EndpointSecret.objects.create(
        endpoint=endpoint, tenant_id=endpoint.tenant_id, sealed=sealed(secret), made_at=at,
        made_by=actor,
    )  # fmt: skip
    return secret


@transaction.atomic
def endpoint_rotate(tenant_id: str, endpoint_id: UUID, actor: str, at: datetime) -> str:
    """Make a new secret and return it; the one before signs along for a day, then it is wiped.

    Takes:
        at: the real time, by which the day ends.

    Raises:
        NotFound: there is no such endpoint.
    """
    endpoint = endpoint_get(tenant_id, endpoint_id, locked=True)
    EndpointSecret.objects.filter(endpoint=endpoint, expires_at=None).update(
        expires_at=at + ROTATION_OVERLAP
    )
    return _secret_add(endpoint, actor, at)


@transaction.atomic
def endpoint_test(tenant_id: str, endpoint_id: UUID, now: datetime) -> Delivery:
    """Put a ``ping`` on its way to an endpoint; the worker sends it within a minute.

    Raises:
        NotFound: there is no such endpoint.
        Conflict: it is disabled.
    """
    endpoint = endpoint_get(tenant_id, endpoint_id, locked=True)
    if endpoint.state == DISABLED:
        raise Conflict(
            "endpoint_disabled", where=endpoint.url,
            zh="该接收端已停用；请先启用。", en="the endpoint is disabled; enable it first",
        )  # fmt: skip
    number = Delivery.objects.filter(endpoint=endpoint, event=PING).count() + 1
    happened = Happened(PING, f"ping:{number}", endpoint.subject, now, "", "/webhooks/")
    return Delivery.objects.create(
        id=uuid7_for(now, tenant_id, "delivery", str(endpoint.id), PING, happened.about),
        tenant_id=tenant_id,
        channel=WEBHOOK,
        endpoint=endpoint,
        subject_kind=endpoint.subject_kind,
        subject_id=endpoint.subject_id,
        event=PING,
        about=happened.about,
        body=message_bytes(happened),
        occurred_at=now,
        made_at=now,
    )


@transaction.atomic
def endpoint_disable(tenant_id: str, endpoint_id: UUID, because: str, now: datetime) -> bool:
    """Send nothing more to an endpoint, and drop what waits; tell whether it was active.

    Takes:
        because: ``asked``, ``gone`` (it answered 410) or ``failing`` (for days). Of the last two
            the party whose it is gets a notice.

    Raises:
        NotFound: there is no such endpoint.
    """
    endpoint = endpoint_get(tenant_id, endpoint_id, locked=True)
    if endpoint.state == DISABLED:
        return False
    endpoint.state, endpoint.disabled_because = DISABLED, because
    endpoint.save(update_fields=["state", "disabled_because"])
    Delivery.objects.filter(endpoint=endpoint, state=WAITING).update(state=DROPPED)
    if because != "asked" and endpoint.subject != ("", ""):
        notices_send(tenant_id, [_disabled_notice(endpoint, because, now)], now)
    return True


def _disabled_notice(endpoint: Endpoint, because: str, now: datetime) -> NewNotice:
    zh, en = {
        "gone": ("接收端返回 410，表示不再接收", "it answered 410, that it takes nothing more"),
        "failing": ("接收端连续多日无法送达", "nothing could be delivered to it for days"),
    }[because]
    return NewNotice(
        subject_kind=endpoint.subject_kind,
        subject_id=endpoint.subject_id,
        about=f"endpoint disabled {endpoint.id} {now.isoformat()}",
        kind="finding",
        severity="warning",
        clause="",
        decision_id=None,
        zh=Message(
            "接口推送已停用",
            f"{endpoint.url}：{zh}，已停止推送。修复后请在“邮件与接口”页面重新启用；停用期间的事件"
            "不再推送，可通过接口查询。",
        ),
        en=Message(
            "A webhook endpoint was disabled",
            f"{endpoint.url}: {en}, so nothing more is sent. Enable it again on the page “Mail and "
            "webhooks” when it is mended; what happens meanwhile is not sent later, but the API "
            "tells it.",
        ),
    )


@transaction.atomic
def endpoint_enable(tenant_id: str, endpoint_id: UUID) -> bool:
    """Send to a disabled endpoint again, what happens from now on; tell whether it was disabled.

    Raises:
        NotFound: there is no such endpoint.
    """
    endpoint = endpoint_get(tenant_id, endpoint_id, locked=True)
    if endpoint.state == ACTIVE:
        return False
    endpoint.state, endpoint.disabled_because = ACTIVE, ""
    endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
    endpoint.save(
        update_fields=["state", "disabled_because", "failures", "failing_since", "rests_until"]
    )
    return True


@transaction.atomic
def delivery_again(tenant_id: str, delivery_id: UUID) -> Delivery:
    """Send a delivery that was given up or dropped once more, under the same id.

    Raises:
        NotFound: there is no such delivery.
        Conflict: it waits, or has arrived; or its destination takes nothing now.
    """
    Endpoint.objects.filter(tenant_id=tenant_id, deliveries=delivery_id).update(rests_until=None)
    delivery = delivery_get(tenant_id, delivery_id, locked=True)
    if delivery.state not in {FAILED, DROPPED}:
        raise Conflict(
            "delivery_not_ended", where=str(delivery_id),
            zh="该条已送达或正在等待发送，无需重发。",
            en="it has arrived or waits to be sent; there is nothing to send again",
        )  # fmt: skip
    endpoint, address = delivery.endpoint, delivery.address
    gone = endpoint.state == DISABLED if endpoint else bool(address and address.removed_at)
    if gone:
        raise Conflict(
            "destination_disabled", where=str(delivery_id),
            zh="接收端已停用或邮箱已移除；请先启用。",
            en="the endpoint is disabled or the mailbox was removed; enable it first",
        )  # fmt: skip
    delivery.state, delivery.tries, delivery.next_try_at = WAITING, 0, None
    delivery.save(update_fields=["state", "tries", "next_try_at"])
    return delivery

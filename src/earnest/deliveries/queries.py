"""What can be asked about endpoints, mail addresses and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from earnest.deliveries.models import (
    DISABLED,
    FAILED,
    MEMBER,
    SENT,
    WAITING,
    Attempt,
    Delivery,
    Endpoint,
    MailAddress,
)
from earnest.kernel.errors import NotFound

OPERATORS: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Counts:
    """How the deliveries to an endpoint stand."""

    waiting: int = 0
    sent: int = 0
    failed: int = 0


def endpoint_get(tenant_id: str, endpoint_id: UUID, *, locked: bool = False) -> Endpoint:
    """Return an endpoint.

    Takes:
        locked: whether its row is locked for this transaction. Who locks deliveries too locks the
            endpoint first.

    Raises:
        NotFound: there is none.
    """
    rows = Endpoint.objects.select_for_update() if locked else Endpoint.objects.all()
    found = rows.filter(tenant_id=tenant_id, id=endpoint_id).first()
    if found is None:
        raise NotFound(
            "unknown_endpoint",
            where=str(endpoint_id),
            zh="没有这个接收端，或您无权查看。",
            en="there is no such endpoint, or it is not yours to see",
        )
    return found


def endpoints(tenant_id: str, owner: tuple[str, str] | None = None) -> list[Endpoint]:
    """Return the endpoints of one owner, or of everybody: the newest first."""
    rows = Endpoint.objects.filter(tenant_id=tenant_id)
    if owner is not None:
        rows = rows.filter(subject_kind=owner[0], subject_id=owner[1])
    return list(rows.order_by("-created_at", "-id"))


def endpoints_given_up(tenant_id: str) -> list[Endpoint]:
    """Return the operators' endpoints that were disabled since nothing arrived there."""
    rows = Endpoint.objects.filter(
        tenant_id=tenant_id, subject_kind="", state=DISABLED, disabled_because="failing"
    )
    return list(rows.order_by("url"))


def endpoint_counts(found: Sequence[Endpoint]) -> dict[UUID, Counts]:
    """Return how the deliveries to each of some endpoints stand, in one query."""
    rows = (
        Delivery.objects.filter(endpoint__in=found)
        .values("endpoint_id")
        .annotate(
            waiting=Count("id", filter=Q(state=WAITING)),
            sent=Count("id", filter=Q(state=SENT)),
            failed=Count("id", filter=Q(state=FAILED)),
        )
    )
    return {row["endpoint_id"]: Counts(row["waiting"], row["sent"], row["failed"]) for row in rows}


def secret_made(endpoint: Endpoint) -> tuple[datetime | None, datetime | None]:
    """Return when the present secret was made, and until when the one before signs along."""
    rows = endpoint.secrets.aggregate(
        made=Max("made_at", filter=Q(expires_at=None)),
        until=Max("expires_at", filter=~Q(sealed="")),
    )
    return rows["made"], rows["until"]


def mail_address_get(tenant_id: str, address_id: UUID, *, locked: bool = False) -> MailAddress:
    """Return a mail address that was not removed.

    Raises:
        NotFound: there is none.
    """
    rows = MailAddress.objects.select_for_update() if locked else MailAddress.objects.all()
    found = rows.filter(tenant_id=tenant_id, id=address_id, removed_at=None).first()
    if found is None:
        raise NotFound(
            "unknown_mail_address",
            where=str(address_id),
            zh="没有这个邮箱，或您无权查看。",
            en="there is no such mail address, or it is not yours to see",
        )
    return found


def mail_addresses(tenant_id: str, owner: tuple[str, str] | None = None) -> list[MailAddress]:
    """Return the mail addresses of one party or member, or those of all parties."""
    rows = MailAddress.objects.filter(tenant_id=tenant_id, removed_at=None)
    if owner is None:
        rows = rows.exclude(subject_kind=MEMBER)
    else:
        rows = rows.filter(subject_kind=owner[0], subject_id=owner[1])
    return list(rows.order_by("subject_kind", "subject_id", "address"))


def delivery_get(tenant_id: str, delivery_id: UUID, *, locked: bool = False) -> Delivery:
    """Return a delivery.

    Raises:
        NotFound: there is none.
    """
    rows = Delivery.objects.select_for_update(of=("self",)) if locked else Delivery.objects.all()
    found = (
        rows.select_related("endpoint", "address")
        .filter(tenant_id=tenant_id, id=delivery_id)
        .first()
    )
    if found is None:
        raise NotFound(
            "unknown_delivery",
            where=str(delivery_id),
            zh="没有这条推送，或您无权查看。",
            en="there is no such delivery, or it is not yours to see",
        )
    return found


@dataclass(frozen=True)
class DeliveryFilter:
    """What a list of deliveries is narrowed to; empty fields do not narrow.

    Attributes:
        owner: whose endpoint or mail address they go to; None for everybody's.
    """

    owner: tuple[str, str] | None = None
    channel: str = ""
    state: str = ""
    event: str = ""
    endpoint: UUID | None = None


def deliveries_found(tenant_id: str, narrowed: DeliveryFilter) -> QuerySet[Delivery]:
    """Return deliveries, the newest first."""
    found = Delivery.objects.filter(tenant_id=tenant_id).select_related("endpoint", "address")
    if narrowed.owner is not None:
        kind, subject_id = narrowed.owner
        found = found.filter(
            Q(endpoint__subject_kind=kind, endpoint__subject_id=subject_id)
            | Q(address__subject_kind=kind, address__subject_id=subject_id)
        )
    if narrowed.channel:
        found = found.filter(channel=narrowed.channel)
    if narrowed.state:
        found = found.filter(state=narrowed.state)
    if narrowed.event:
        found = found.filter(event=narrowed.event)
    if narrowed.endpoint:
        found = found.filter(endpoint_id=narrowed.endpoint)
    return found.order_by("-made_at", "-id")


def owner_of(delivery: Delivery) -> tuple[str, str]:
    """Return whose endpoint or mail address a delivery goes to."""
    destination = delivery.endpoint or delivery.address
    return destination.subject if destination else OPERATORS


def attempts_of(delivery: Delivery) -> list[Attempt]:
    """Return what was tried for a delivery, the first try first."""
    return list(delivery.attempts.order_by("n"))


def waiting_count(tenant_id: str) -> int:
    """Count what waits to be sent to somebody who takes it."""
    rows = Delivery.objects.filter(tenant_id=tenant_id, state=WAITING)
    return rows.exclude(endpoint__state=DISABLED).count()

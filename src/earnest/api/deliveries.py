"""Webhooks and deadlines: who is told what happens, what arrived, and what is due."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from earnest.api.access import (
    Caller,
    caller_of,
    caller_who_may,
    missing,
    now_for,
    reader_of,
    scope_of,
)
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, SubjectQuery, Text
from earnest.deliveries.commands import (
    NewEndpoint,
    delivery_again,
    endpoint_add,
    endpoint_disable,
    endpoint_enable,
    endpoint_rotate,
    endpoint_test,
)
from earnest.deliveries.models import Delivery, Endpoint
from earnest.deliveries.queries import (
    OPERATORS,
    DeliveryFilter,
    attempts_of,
    deliveries_found,
    delivery_get,
    endpoint_get,
    endpoints,
    owner_of,
)
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.roles import ACT_FOR_PARTY, SEND_EVENTS
from earnest.work.deadlines import deadlines_of

router = Router(tags=["deliveries"])

State = Literal["waiting", "sent", "failed", "dropped"]
Act = Literal["test", "disable", "enable"]


class DeadlineOut(Schema):
    """Something that is to be done until the end of a day."""

    kind: str
    subject_kind: str
    subject_id: str
    bound: str
    since_on: date
    due_on: date
    days_left: int
    what_zh: str
    what_en: str
    after_zh: str
    after_en: str
    clause: str
    path: str


class DeadlineList(Schema):
    """What is due, what is overdue and nearest in front."""

    items: list[DeadlineOut]


class EndpointIn(Schema):
    """An endpoint to be added: the operator's, or the calling party's own."""

    url: Annotated[str, Field(max_length=500)]
    event_types: list[Text] = []
    note: Annotated[str, Field(max_length=200)] = ""


class EndpointOut(Schema):
    """An endpoint; an empty list of types means everything that it may hear of."""

    id: UUID
    subject_kind: str
    subject_id: str
    url: str
    note: str
    event_types: list[str]
    state: str
    disabled_because: str
    created_at: datetime
    failing_since: datetime | None


class EndpointAdded(EndpointOut):
    """A fresh endpoint with its secret, which is shown this once."""

    secret: str


class EndpointList(Schema):
    """The caller's endpoints; an operator's call shows the operators' own."""

    items: list[EndpointOut]


class SecretOut(Schema):
    """A fresh secret, which is shown this once; the one before signs along for a day."""

    secret: str


class AttemptOut(Schema):
    """One try to send."""

    n: int
    at: datetime
    outcome: str
    status: int | None
    milliseconds: int
    said: str


class DeliveryOut(Schema):
    """One event on its way to one endpoint or mailbox; ``id`` is the ``webhook-id``."""

    id: UUID
    channel: str
    event: str
    subject_kind: str
    subject_id: str
    to: str
    state: str
    tries: int
    occurred_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None


class DeliveryPage(Schema):
    """Deliveries, the newest first, and where the next page starts (null at the end)."""

    items: list[DeliveryOut]
    next_cursor: UUID | None


class DeliveryFull(DeliveryOut):
    """A delivery with every try."""

    attempts: list[AttemptOut]


def _owner(caller: Caller) -> tuple[str, str]:
    """Return whose endpoints a caller has: a party's person the party's, others the operators'."""
    return OPERATORS if caller.sees_all else caller.own


def _keeper(request: HttpRequest) -> Caller:
    """Return the caller if it keeps endpoints: the operators' admin, or a party's person.

    Raises:
        NotAllowed: neither.
    """
    caller = caller_of(request)
    if caller.sees_all:
        return caller_who_may(request, SEND_EVENTS)
    return caller_who_may(request, ACT_FOR_PARTY)


def _own_endpoint(caller: Caller, endpoint_id: UUID) -> Endpoint:
    try:
        endpoint = endpoint_get(caller.tenant_id, endpoint_id)
    except NotFound:
        raise missing("endpoint") from None
    if endpoint.subject != _owner(caller):
        raise missing("endpoint")
    return endpoint


def _own_delivery(caller: Caller, delivery_id: UUID) -> Delivery:
    try:
        delivery = delivery_get(caller.tenant_id, delivery_id)
    except NotFound:
        raise missing("delivery") from None
    if not caller.sees_all and owner_of(delivery) != caller.own:
        raise missing("delivery")
    return delivery


def _delivery_out(delivery: Delivery) -> dict[str, Any]:
    columns = set(DeliveryOut.model_fields) - {"to"}
    to = delivery.endpoint.url if delivery.endpoint else str(delivery.address)
    return {**{name: getattr(delivery, name) for name in columns}, "to": to}


@router.get(
    "/deadlines", response={200: DeadlineList, ERRORS: ProblemOut}, summary="List what is due"
)
def deadlines_list(request: HttpRequest, query: Query[SubjectQuery]) -> dict[str, Any]:
    """List what is due of a party; operators who name none get everybody's, and their own."""
    caller = reader_of(request)
    kind, subject_id = scope_of(caller, query.subject_kind, query.subject)
    now = now_for(caller)
    subject = (kind, subject_id) if kind and subject_id else None
    today = day_of(now)
    return {
        "items": [
            {
                "kind": each.kind,
                "subject_kind": each.subject[0],
                "subject_id": each.subject[1],
                "bound": each.bound,
                "since_on": each.since_on,
                "due_on": each.due_on,
                "days_left": each.days_left(today),
                "what_zh": each.what.zh,
                "what_en": each.what.en,
                "after_zh": each.after.zh,
                "after_en": each.after.en,
                "clause": each.clause,
                "path": each.path,
            }
            for each in deadlines_of(caller.tenant_id, subject, now)
        ]
    }


@router.get("/webhooks", response={200: EndpointList, ERRORS: ProblemOut}, summary="List endpoints")
def webhooks_list(request: HttpRequest) -> dict[str, Any]:
    """List the operators' endpoints, or the calling party's own."""
    caller = reader_of(request)
    return {"items": endpoints(caller.tenant_id, _owner(caller))}


@router.post(
    "/webhooks", response={200: EndpointAdded, ERRORS: ProblemOut}, summary="Add an endpoint"
)
def webhook_add(request: HttpRequest, body: EndpointIn) -> dict[str, Any]:
    """Add an endpoint; the answer holds its secret, which cannot be shown again."""
    caller = _keeper(request)
    new = NewEndpoint(body.url, _owner(caller), caller.name, body.event_types, body.note)
    made = endpoint_add(caller.tenant_id, new, now_for(caller))
    columns = {name: getattr(made.endpoint, name) for name in EndpointOut.model_fields}
    return {**columns, "secret": made.secret}


@router.post(
    "/webhooks/{endpoint_id}/rotate",
    response={200: SecretOut, ERRORS: ProblemOut},
    summary="Rotate a secret",
)
def webhook_rotate(request: HttpRequest, endpoint_id: UUID) -> dict[str, str]:
    """Make a new secret; for a day both sign."""
    caller = _keeper(request)
    endpoint = _own_endpoint(caller, endpoint_id)
    at = datetime.now(UTC)
    return {"secret": endpoint_rotate(caller.tenant_id, endpoint.id, caller.name, at)}


@router.post(
    "/webhooks/{endpoint_id}/{act}",
    response={200: EndpointOut, ERRORS: ProblemOut},
    summary="Test, disable or enable an endpoint",
)
def webhook_act(request: HttpRequest, endpoint_id: UUID, act: Act) -> Endpoint:
    """Send a ping, send nothing more, or send again."""
    caller = _keeper(request)
    endpoint, now = _own_endpoint(caller, endpoint_id), now_for(caller)
    if act == "test":
        endpoint_test(caller.tenant_id, endpoint.id, now)
    elif act == "disable":
        endpoint_disable(caller.tenant_id, endpoint.id, "asked", now)
    else:
        endpoint_enable(caller.tenant_id, endpoint.id)
    return endpoint_get(caller.tenant_id, endpoint.id)


@router.get(
    "/deliveries", response={200: DeliveryPage, ERRORS: ProblemOut}, summary="List deliveries"
)
def deliveries_list(
    request: HttpRequest,
    state: State | None = None,
    event: Annotated[Text | None, Query(description="type of the event")] = None,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List what is on its way and what arrived: everybody's, or the calling party's own."""
    caller = reader_of(request)
    owner = None if caller.sees_all else caller.own
    narrowed = DeliveryFilter(owner=owner, state=state or "", event=event or "")
    found = deliveries_found(caller.tenant_id, narrowed).order_by("-id")
    if cursor:
        found = found.filter(id__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": [_delivery_out(each) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].id if rows[limit:] else None,
    }


@router.get(
    "/deliveries/{delivery_id}",
    response={200: DeliveryFull, ERRORS: ProblemOut},
    summary="Show a delivery",
)
def delivery_show(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """Show a delivery with every try."""
    delivery = _own_delivery(reader_of(request), delivery_id)
    return {**_delivery_out(delivery), "attempts": attempts_of(delivery)}


@router.post(
    "/deliveries/{delivery_id}/again",
    response={200: DeliveryOut, ERRORS: ProblemOut},
    summary="Send once more",
)
def delivery_send_again(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """Send once more what was given up or dropped, under the same id."""
    caller = _keeper(request)
    delivery = _own_delivery(caller, delivery_id)
    return _delivery_out(delivery_again(caller.tenant_id, delivery.id))

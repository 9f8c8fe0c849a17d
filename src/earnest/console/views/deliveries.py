"""Mail and webhooks: who is told what happens, what is on its way, and what arrived."""

import json
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present, real_now
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text, word
from earnest.deliveries.commands import (
    NewEndpoint,
    delivery_again,
    endpoint_add,
    endpoint_disable,
    endpoint_enable,
    endpoint_rotate,
    endpoint_test,
)
from earnest.deliveries.happenings import (
    DIGEST,
    EVENT_TYPES,
    INSIDE,
    PING,
    VERIFY,
    WORK_DIGEST,
)
from earnest.deliveries.letters import letter_read
from earnest.deliveries.mailboxes import (
    LANGUAGES,
    NewMailAddress,
    link_read,
    mail_address_add,
    mail_address_link_again,
    mail_address_remove,
    mail_address_verify,
)
from earnest.deliveries.models import (
    DROPPED,
    FAILED,
    MAIL,
    MEMBER,
    SENT,
    WAITING,
    WEBHOOK,
    Delivery,
)
from earnest.deliveries.queries import (
    OPERATORS,
    DeliveryFilter,
    attempts_of,
    deliveries_found,
    delivery_get,
    endpoint_counts,
    endpoint_get,
    endpoints,
    mail_address_get,
    mail_addresses,
    owner_of,
    secret_made,
)
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import EarnestError
from earnest.market.queries import Subject
from earnest.market.roles import ACT_FOR_PARTY, SEE_ALL, SEE_OWN, SEND_EVENTS
from earnest.postgres.tenancy import tenant_scope

STATES = (WAITING, SENT, FAILED, DROPPED)
CHANNELS = (WEBHOOK, MAIL)
EVENTS = (*EVENT_TYPES, PING, DIGEST, VERIFY, WORK_DIGEST)
COLUMNS = ("occurred_at", "event", "subject", "channel", "to", "state", "tries", "sent_at", "id")
NEWEST_SHOWN = 10
URL_FIELDS = (Asked("hook_url", "text"), Asked("hook_note", "text", required=False))
MAIL_FIELDS = (
    Asked("mail_address", "text"),
    Asked("mail_language", "choice", choices=LANGUAGES, words="language", value="zh"),
    Asked("mail_digest", "yes", required=False, value="yes"),
)
OWN_FIELDS = (
    Asked("mail_own", "text"),
    Asked("mail_language", "choice", choices=LANGUAGES, words="language", value="zh"),
)
URL_AT = {"endpoint_address": "hook_url", "endpoint_known": "hook_url"}
MAIL_AT = ("mail_address_wrong", "mail_address_known", "mail_addresses_too_many")
"""What is said at the field of the address."""


def _owner(visitor: Visitor) -> Subject:
    """Return whose endpoints a visitor has: a party's person the party's, others the operators'."""
    return OPERATORS if visitor.is_operator else visitor.subject


def _mail_owner(visitor: Visitor) -> Subject:
    """Return whose mailboxes a visitor keeps: the party's, or an operator's own."""
    return (MEMBER, visitor.name) if visitor.is_operator else visitor.subject


def _mail_fields(visitor: Visitor) -> tuple[Asked, ...]:
    return OWN_FIELDS if visitor.is_operator else MAIL_FIELDS


def _keeps(visitor: Visitor) -> bool:
    """Tell whether a visitor adds and changes endpoints: the admin, and a party's own people."""
    return visitor.may(SEND_EVENTS) if visitor.is_operator else visitor.may(ACT_FOR_PARTY)


def _keeper_only(visitor: Visitor) -> None:
    if not _keeps(visitor):
        raise PermissionDenied


def _own(visitor: Visitor, owner: Subject) -> None:
    """Answer for another's thing as for none; operators see everybody's."""
    if owner != OPERATORS or not visitor.is_operator:
        own_or_not_found(visitor, owner)


# --- the page of endpoints and mailboxes


@require_GET
@needs(SEE_ALL, SEE_OWN)
def webhooks(request: VisitorRequest) -> HttpResponse:
    """Show the endpoints and the mailboxes, and the forms by which one is added."""
    return _webhooks(request)


def _webhooks(
    request: VisitorRequest, hook: Form | None = None, mail: Form | None = None
) -> HttpResponse:
    visitor = request.visitor
    owner = None if visitor.is_operator else visitor.subject
    found = endpoints(visitor.tenant_id, owner)
    counts = endpoint_counts(found)
    chosen = request.POST.getlist("event")
    shown = {
        "rows": [(each, counts.get(each.id)) for each in found],
        "mailboxes": mail_addresses(visitor.tenant_id, owner),
        "own_boxes": mail_addresses(visitor.tenant_id, _mail_owner(visitor))
        if visitor.is_operator
        else [],
        "keeps": _keeps(visitor),
        "hook": hook or form_blank("hook", URL_FIELDS),
        "mail": mail or form_blank("mail", _mail_fields(visitor)),
        "events": [
            (each, each in chosen)
            for each in EVENT_TYPES
            if visitor.is_operator or each not in INSIDE
        ],
    }
    return render(request, "console/webhooks.html", shown, status=422 if hook or mail else 200)


@require_POST
@needs(SEE_ALL, ACT_FOR_PARTY)
def webhook_add(request: VisitorRequest) -> HttpResponse:
    """Add an endpoint and show its secret, once."""
    visitor = request.visitor
    _keeper_only(visitor)
    form = form_read("hook", URL_FIELDS, request.POST)
    if not form.wrong:
        said = form.values
        new = NewEndpoint(
            said["hook_url"],
            _owner(visitor),
            visitor.name,
            request.POST.getlist("event"),
            said["hook_note"],
        )
        try:
            made = endpoint_add(visitor.tenant_id, new, present(visitor.tenant_id))
        except EarnestError as error:
            form.refused(error, URL_AT)
        else:
            return _webhook(request, made.endpoint.id, secret=made.secret)
    return _webhooks(request, hook=form)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def webhook(request: VisitorRequest, endpoint_id: UUID) -> HttpResponse:
    """Show an endpoint: what it hears of, how it does, and what went there last."""
    return _webhook(request, endpoint_id)


def _webhook(
    request: VisitorRequest, endpoint_id: UUID, *, secret: str = "", problem: str = ""
) -> HttpResponse:
    visitor = request.visitor
    endpoint = endpoint_get(visitor.tenant_id, endpoint_id)
    _own(visitor, endpoint.subject)
    narrowed = DeliveryFilter(endpoint=endpoint.id)
    made_at, until = secret_made(endpoint)
    shown = {
        "endpoint": endpoint,
        "counts": endpoint_counts([endpoint]).get(endpoint.id),
        "rows": deliveries_found(visitor.tenant_id, narrowed)[:NEWEST_SHOWN],
        "secret": secret,
        "secret_made_at": made_at,
        "secret_until": until if until and until > real_now() else None,
        "mine": _keeps(visitor) and endpoint.subject == _owner(visitor),
        "problem": problem,
    }
    return render(request, "console/webhook.html", shown, status=409 if problem else 200)


@require_POST
@needs(SEE_ALL, ACT_FOR_PARTY)
def webhook_act(request: VisitorRequest, endpoint_id: UUID, act: str) -> HttpResponse:
    """Send a ping, make a new secret, send nothing more, or send again."""
    visitor = request.visitor
    _keeper_only(visitor)
    tenant_id, now = visitor.tenant_id, present(visitor.tenant_id)
    endpoint = endpoint_get(tenant_id, endpoint_id)
    own_or_not_found(visitor, endpoint.subject)
    if endpoint.subject != _owner(visitor) or act not in {"test", "rotate", "disable", "enable"}:
        raise PermissionDenied
    if act == "rotate":
        secret = endpoint_rotate(tenant_id, endpoint.id, visitor.name, real_now())
        return _webhook(request, endpoint.id, secret=secret)
    try:
        if act == "test":
            endpoint_test(tenant_id, endpoint.id, now)
        elif act == "disable":
            endpoint_disable(tenant_id, endpoint.id, "asked", now)
        else:
            endpoint_enable(tenant_id, endpoint.id)
    except EarnestError as error:
        return _webhook(request, endpoint.id, problem=sentence_of(error))
    messages.success(request, text(f"hook.did_{act}"))
    return HttpResponseRedirect(reverse("webhook", args=[endpoint.id]))


# --- mailboxes


@require_POST
@needs(SEE_ALL, ACT_FOR_PARTY)
def mailbox_add(request: VisitorRequest) -> HttpResponse:
    """Add a mailbox to the party's book, or an operator's own; it gets the verifying link."""
    visitor = request.visitor
    form = form_read("mail", _mail_fields(visitor), request.POST)
    address = OWN_FIELDS[0].name if visitor.is_operator else MAIL_FIELDS[0].name
    if not form.wrong:
        said = form.values
        new = NewMailAddress(
            _mail_owner(visitor),
            said[address],
            said["mail_language"],
            visitor.name,
            said.get("mail_digest", True),
        )
        try:
            mail_address_add(visitor.tenant_id, new, present(visitor.tenant_id))
        except EarnestError as error:
            form.refused(error, dict.fromkeys(MAIL_AT, address))
        else:
            messages.success(request, text("mailbox.link_sent"))
            return HttpResponseRedirect(reverse("webhooks"))
    return _webhooks(request, mail=form)


@require_POST
@needs(SEE_ALL, ACT_FOR_PARTY)
def mailbox_act(request: VisitorRequest, address_id: UUID, act: str) -> HttpResponse:
    """Send the link once more, or take a mailbox out of the book."""
    visitor = request.visitor
    row = mail_address_get(visitor.tenant_id, address_id)
    own_or_not_found(visitor, row.subject)
    if row.subject != _mail_owner(visitor):
        raise PermissionDenied
    now = present(visitor.tenant_id)
    try:
        if act == "remove":
            mail_address_remove(visitor.tenant_id, row.id, now)
            messages.success(request, text("mailbox.removed"))
        else:
            mail_address_link_again(visitor.tenant_id, row.id, now)
            messages.success(request, text("mailbox.link_sent"))
    except EarnestError as error:
        messages.error(request, sentence_of(error))
    return HttpResponseRedirect(reverse("webhooks"))


@require_http_methods(["GET", "POST"])
def mail_verify(request: HttpRequest, token: str) -> HttpResponse:
    """Verify a mailbox: whoever reads it presses a button; programs that follow links do not."""
    tenant_id, address_id = link_read(token)
    with tenant_scope(tenant_id):
        row = mail_address_get(tenant_id, address_id)
        if request.method == "POST":
            row = mail_address_verify(tenant_id, address_id, present(tenant_id))
        shown = {"mailbox": row, "done": request.method == "POST"}
        return render(request, "console/mail_verify.html", shown)


# --- deliveries


def _narrowed(request: VisitorRequest) -> DeliveryFilter:
    return DeliveryFilter(
        owner=None if request.visitor.is_operator else request.visitor.subject,
        channel=choice(request, "channel", CHANNELS),
        state=choice(request, "state", STATES),
        event=choice(request, "event", EVENTS),
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def delivery_list(request: VisitorRequest) -> HttpResponse:
    """List what is on its way and what arrived, the newest first."""
    narrowed, subject = _narrowed(request), field(request, "subject")
    found = deliveries_found(request.visitor.tenant_id, narrowed)
    if subject:
        found = found.filter(subject_id__contains=subject)
    shown = {
        "page": page_of(request, found),
        "narrowed": narrowed,
        "subject": subject,
        "states": STATES,
        "channels": CHANNELS,
        "events": EVENTS,
    }
    return render(request, "console/deliveries.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def deliveries_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the deliveries that the list shows, all pages of it."""
    found = deliveries_found(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    heads = [text(f"delivery.{column}") for column in COLUMNS]
    return csv_response("deliveries", heads, map(_csv_row, found.iterator(chunk_size=1000)))


def _csv_row(row: Delivery) -> list[object]:
    sent = f"{row.sent_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if row.sent_at else ""
    return [
        f"{row.occurred_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        row.event,
        row.subject_id,
        word("channel", row.channel),
        row.endpoint.url if row.endpoint else str(row.address),
        word("delivery_state", row.state),
        row.tries,
        sent,
        row.id,
    ]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def delivery(request: VisitorRequest, delivery_id: UUID) -> HttpResponse:
    """Show one delivery: what is sent, every try, and what was answered."""
    visitor = request.visitor
    row = delivery_get(visitor.tenant_id, delivery_id)
    owner = owner_of(row)
    _own(visitor, owner)
    shown = {
        "delivery": row,
        "attempts": attempts_of(row),
        "message": _readable(row),
        "resting": row.endpoint.rests_until if row.endpoint else None,
        "may_again": _keeps(visitor)
        and owner == _owner(visitor)
        and row.state in {FAILED, DROPPED},
    }
    return render(request, "console/delivery.html", shown)


def _readable(row: Delivery) -> str:
    """Return what is sent as people read it; a verifying link is for its mailbox only."""
    if row.event == VERIFY:
        return ""
    body = bytes(row.body)
    if row.channel == MAIL:
        return "\n\n".join(letter_read(body))
    return json.dumps(json.loads(body), ensure_ascii=False, indent=2)


@require_POST
@needs(SEE_ALL, ACT_FOR_PARTY)
def delivery_send_again(request: VisitorRequest, delivery_id: UUID) -> HttpResponse:
    """Send once more what was given up or dropped."""
    visitor = request.visitor
    _keeper_only(visitor)
    row = delivery_get(visitor.tenant_id, delivery_id)
    own_or_not_found(visitor, owner_of(row))
    try:
        delivery_again(visitor.tenant_id, row.id)
        messages.success(request, text("delivery.waits_again"))
    except EarnestError as error:
        messages.error(request, sentence_of(error))
    return HttpResponseRedirect(reverse("delivery", args=[row.id]))

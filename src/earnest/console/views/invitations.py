"""Invitations for operators: the list, inviting, one invitation with its story and its link."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.admission.invitations import (
    REASONS,
    STATES,
    Invited,
    NewInvitation,
    invitation_make,
    invitation_renew_link,
    invitation_revoke,
    life_is_open,
    service_choices,
    state_on,
)
from earnest.admission.models import Application, Invitation
from earnest.admission.queries import invitation_counts, invitation_get, invitations_found
from earnest.console.access import VisitorRequest, needs
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.forms import typed
from earnest.console.lists import choice, field, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text, word
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.kernel.errors import EarnestError
from earnest.market.roles import REVIEW, SEE_ALL

COLUMNS = (
    "number", "entity_name", "contact", "service_category", "provider_id", "state", "ends_on",
    "invited_by", "invited_at",
)  # fmt: skip
AT = {
    "invitation_life_unset": "ends_on",
    "invitation_ends_before": "ends_on",
    "invitation_too_long": "ends_on",
    "unknown_category": "service_category",
    "provider_id_used": "provider_id",
    "id_wrong": "provider_id",
    "invited_already": "entity_name",
    "reentry_barred": "entity_name",
    "field_too_long": "entity_name",
}


def _asked(tenant_id: str) -> tuple[Asked, ...]:
    must_say = life_is_open(day_of(present(tenant_id)))
    return (
        Asked("entity_name", "text"),
        Asked("contact", "text"),
        Asked("service_category", "choice", choices=service_choices(), words="service"),
        Asked("controller_ref", "text", required=False),
        Asked("provider_id", "text", required=False),
        Asked("ends_on", "day", required=must_say),
        Asked("criteria", "long"),
    )


@require_GET
@needs(SEE_ALL)
def invitation_list(request: VisitorRequest) -> HttpResponse:
    """List invitations, the newest first."""
    tenant_id = request.visitor.tenant_id
    on = day_of(present(tenant_id))
    state, search = choice(request, "state", STATES), field(request, "q")
    page = page_of(request, invitations_found(tenant_id, state=state, search=search, on=on))
    counts = invitation_counts(tenant_id, on)
    shown = {
        "page": page,
        "rows": [(each, state_on(each, on)) for each in page.object_list],
        "state": state,
        "search": search,
        "counts": [(each, counts[each]) for each in STATES],
        "may_invite": request.visitor.may(REVIEW),
    }
    return render(request, "console/invitations.html", shown)


@require_GET
@needs(SEE_ALL)
def invitations_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the invitations that the list shows, all pages of it."""
    tenant_id = request.visitor.tenant_id
    on = day_of(present(tenant_id))
    state, search = choice(request, "state", STATES), field(request, "q")
    found = invitations_found(tenant_id, state=state, search=search, on=on)[:ROWS_MAX]
    heads = [text(f"admission_column.{column}") for column in COLUMNS]
    rows = [
        [
            each.number,
            each.entity_name,
            each.contact,
            word("service", each.service_category),
            each.provider_id,
            word("invitation_state", state_on(each, on)),
            each.ends_on,
            each.invited_by,
            f"{each.invited_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        ]
        for each in found
    ]
    return csv_response("invitations", heads, rows)


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def invitation_new(request: VisitorRequest) -> HttpResponse:
    """Invite somebody; the secret link is shown once, on the page that comes back."""
    tenant_id = request.visitor.tenant_id
    asked = _asked(tenant_id)
    if request.method != "POST":
        return _form_page(request, form_blank("invite", asked), [])
    form = form_read("invite", asked, request.POST)
    reasons = [each for each in request.POST.getlist("reasons") if each in REASONS]
    if not reasons:
        form.problem = text("invite.reasons_missing")
    if form.wrong:
        return _form_page(request, form, reasons)
    new = NewInvitation(**form.values, reasons=reasons, actor=request.visitor.name)
    try:
        made = invitation_make(tenant_id, new, present(tenant_id))
    except EarnestError as error:
        form.refused(error, AT)
        return _form_page(request, form, reasons)
    return _page(request, made.invitation, link=_link(request, made))


def _form_page(request: VisitorRequest, form: Form, reasons: list[str]) -> HttpResponse:
    must_say = life_is_open(day_of(present(request.visitor.tenant_id)))
    shown = {"form": form, "reasons": REASONS, "chosen": reasons, "must_say": must_say}
    status = 422 if form.wrong else 200
    return render(request, "console/invitation_new.html", shown, status=status)


@require_GET
@needs(SEE_ALL)
def invitation(request: VisitorRequest, number: str) -> HttpResponse:
    """Show an invitation: for whom, why, until when, and what became of it."""
    return _page(request, invitation_get(request.visitor.tenant_id, number))


@require_POST
@needs(REVIEW)
def invitation_link(request: VisitorRequest, number: str) -> HttpResponse:
    """Make a new link, because the one before was lost; it is shown once."""
    visitor = request.visitor
    try:
        made = invitation_renew_link(
            visitor.tenant_id, number, visitor.name, present(visitor.tenant_id)
        )
    except EarnestError as error:
        return _refused(request, number, error)
    return _page(request, made.invitation, link=_link(request, made))


@require_POST
@needs(REVIEW)
def invitation_back(request: VisitorRequest, number: str) -> HttpResponse:
    """Take an invitation back, with the reason."""
    visitor, reason = request.visitor, typed(request.POST, "reason")
    try:
        now = present(visitor.tenant_id)
        invitation_revoke(visitor.tenant_id, number, reason, visitor.name, now)
    except EarnestError as error:
        return _refused(request, number, error)
    messages.success(request, text("invite.revoked"))
    return HttpResponseRedirect(reverse("invitation", args=[number]))


def _refused(request: VisitorRequest, number: str, error: EarnestError) -> HttpResponse:
    invitation_get(request.visitor.tenant_id, number)
    messages.error(request, sentence_of(error), extra_tags="danger")
    return HttpResponseRedirect(reverse("invitation", args=[number]))


def _link(request: VisitorRequest, made: Invited) -> str:
    address = reverse("invited", args=[made.invitation.tenant_id, made.secret])
    return request.build_absolute_uri(address)


def _page(request: VisitorRequest, found: Invitation, *, link: str = "") -> HttpResponse:
    now = present(request.visitor.tenant_id)
    shown = {
        "invitation": found,
        "state": state_on(found, day_of(now)),
        "link": link,
        "application": Application.objects.filter(invitation=found).first(),
        "story": found.entries.order_by("at", "id"),
        "may_invite": request.visitor.may(REVIEW),
    }
    return render(request, "console/invitation.html", shown)

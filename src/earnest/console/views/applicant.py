"""Admission for whoever applies: accepting by the secret link, then the own application."""

import os
from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.admission.accepting import Accepting, invitation_accept, invitation_by_secret
from earnest.admission.deposits import deposit_standing
from earnest.admission.evidence import Brought, evidence_bring
from earnest.admission.figures import trial_take
from earnest.admission.filing import DEPOSIT, state_required
from earnest.admission.invitations import OPEN, state_on
from earnest.admission.models import Application
from earnest.admission.queries import EvidenceShown, application_of, evidence_shown
from earnest.admission.reviewing import application_hand_in, application_withdraw
from earnest.connectors.collecting import client_configured, collector_of, pay_address
from earnest.console.access import VisitorRequest, needs
from earnest.console.admission_page import application_context, bring_fields
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.forms import typed
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.console.uploads import documents_uploaded
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.market.queries import marketplace_get
from earnest.market.roles import ACT_FOR_PARTY, APPLY
from earnest.notices.queries import inbox
from earnest.payins.fees import ONLINE_RAILS
from earnest.payins.models import PayOrder
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import SANDBOX, sandbox_payment
from earnest.payins.queries import pay_order_get, pay_orders
from earnest.postgres.tenancy import tenant_known

SIGN_IN = (Asked("display_name", "text", required=False), Asked("username", "text"))
SIGN_IN_AT = {"username_wrong": "username", "username_taken": "username"}
BRING_AT = {
    "document_ended": "valid_until",
    "figure_wrong": "figure_good",
    "nothing_brought": "statement",
}
ORDERS_SHOWN, NOTICES_SHOWN = 10, 20
Act = Callable[[VisitorRequest, Application], object]


def _clock() -> datetime:
    return datetime.now(UTC)


# --- the invitation


@require_http_methods(["GET", "POST"])
def invited(request: HttpRequest, market: str, secret: str) -> HttpResponse:
    """Show an invitation to whoever has its link, and take it up with a new sign-in."""
    tenant_known(market)  # the link tells the market; without the right secret it opens nothing
    found = invitation_by_secret(market, secret)
    now = present(market)
    form = form_blank("accept", SIGN_IN)
    if request.method == "POST":
        form = form_read("accept", SIGN_IN, request.POST)
        if not form.wrong:
            application = _accepted(request, market, secret, form)
            if application is not None:
                messages.success(request, text("invited.accepted"))
                return HttpResponseRedirect(reverse("own_application"))
    state = state_on(found, day_of(now))
    shown = {
        "invitation": found,
        "state": state,
        "open": state == OPEN,
        "form": form,
        "marketplace": marketplace_get(market),
    }
    return render(request, "console/invited.html", shown, status=422 if form.wrong else 200)


def _accepted(request: HttpRequest, market: str, secret: str, form: Form) -> Application | None:
    password = request.POST.get("password", "")
    if password != request.POST.get("password_again", ""):
        form.problem = text("invited.passwords_differ")
        return None
    values = form.values
    accepting = Accepting(values["username"], password, values["display_name"])
    try:
        with transaction.atomic():
            application = invitation_accept(market, secret, accepting, present(market))
    except EarnestError as error:
        form.refused(error, SIGN_IN_AT)
        return None
    login(request, User.objects.get(username=application.applicant))
    return application


# --- the own application


@require_GET
@needs(APPLY, ACT_FOR_PARTY)
def own_application(request: VisitorRequest) -> HttpResponse:
    """Show an applicant what is missing, whose turn it is, and what was said."""
    return _page(request, _own(request))


@require_POST
@needs(APPLY, ACT_FOR_PARTY)
def own_evidence(request: VisitorRequest, requirement: str) -> HttpResponse:
    """Bring evidence for one requirement: words, files, their last day, a figure."""
    visitor, application = request.visitor, _own(request)
    now = present(visitor.tenant_id)
    shown = _shown(application, requirement, now)
    form = form_read(requirement, bring_fields(shown), request.POST)
    if not form.wrong:
        try:
            with transaction.atomic():
                _bring(request, application, shown, form, now)
        except NotFound:
            raise
        except EarnestError as error:
            form.refused(error, BRING_AT)
        else:
            messages.success(request, text("application.brought"))
            return HttpResponseRedirect(f"{reverse('own_application')}#{requirement}")
    return _page(request, application, tried=form)


def _bring(
    request: VisitorRequest,
    application: Application,
    shown: EvidenceShown,
    form: Form,
    now: datetime,
) -> None:
    visitor, values = request.visitor, form.values
    new = documents_uploaded(request, visitor.tenant_id, application.subject, visitor.name, now)
    kept = [each.id for each in shown.documents if request.POST.get(f"keep-{each.id}") == "yes"]
    figure = (values["figure_good"], values["figure_all"]) if "figure_good" in values else None
    brought = Brought(
        statement=values["statement"],
        documents=(*kept, *(each.id for each in new)),
        ends_on=values["valid_until"],
        figure=figure,
    )
    evidence_bring(
        visitor.tenant_id, application.number, shown.need.name, brought, visitor.name, now
    )


def _shown(application: Application, requirement: str, now: datetime) -> EvidenceShown:
    for each in evidence_shown(application, day_of(now)):
        if each.need.name == requirement:
            return each
    raise NotFound("unknown_requirement", where=requirement, zh="没有这项要求。", en="not asked")


@require_POST
@needs(APPLY, ACT_FOR_PARTY)
def own_act(request: VisitorRequest, act: str) -> HttpResponse:
    """Hand in, take the figures of the trial, withdraw, or open a payment order."""
    if act not in ACTS:
        raise PermissionDenied
    application = _own(request)
    try:
        ACTS[act](request, application)
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, text("admission.done"))
    return HttpResponseRedirect(reverse("own_application"))


@require_POST
@needs(APPLY)
def own_pay_sandbox(request: VisitorRequest, number: str) -> HttpResponse:
    """Complete a sandbox order, which stands for the institution's payment page in a demo."""
    tenant_id, application = request.visitor.tenant_id, _own(request)
    order = pay_order_get(tenant_id, number)
    if (order.subject_kind, order.subject_id) != application.subject:
        raise NotFound("unknown_pay_order", where=number, zh="没有这个订单。", en="no such order")
    now = present(tenant_id)
    try:
        pay_order_paid(tenant_id, sandbox_payment(order, now), now, source="sandbox")
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, text("application.paid"))
    return HttpResponseRedirect(reverse("own_application"))


def _own(request: VisitorRequest) -> Application:
    kind, provider_id = request.visitor.subject
    if kind != "provider":  # a shop may have the same id
        raise NotFound("unknown_application", where="", zh="没有入驻申请。", en="no application")
    return application_of(request.visitor.tenant_id, provider_id)


def _page(
    request: VisitorRequest, application: Application, tried: Form | None = None
) -> HttpResponse:
    tenant_id, now = request.visitor.tenant_id, present(request.visitor.tenant_id)
    orders = pay_orders(tenant_id, subject=application.subject)[:ORDERS_SHOWN]
    shown = application_context(application, now, applicant=True, tried=tried)
    shown |= {
        "orders": [
            (each, each.app_id == SANDBOX.app_id, _pay_url(request, each)) for each in orders
        ],
        "rails": ONLINE_RAILS,
        "notices": inbox(tenant_id, *application.subject)[:NOTICES_SHOWN],
        "may_withdraw": shown["clock"] is not None,
    }
    return render(request, "console/own_application.html", shown, status=422 if tried else 200)


def _pay_url(request: HttpRequest, order: PayOrder) -> str:
    client = client_configured(os.environ, _clock)
    if client is None or order.state != "open" or order.app_id == SANDBOX.app_id:
        return ""
    return pay_address(
        client,
        order,
        notify_url=request.build_absolute_uri("/api/v1/institutions/alipay/notice"),
        return_url=request.build_absolute_uri(reverse("own_application")),
        now=_clock(),
    )


def _hand_in(request: VisitorRequest, application: Application) -> object:
    visitor = request.visitor
    now = present(visitor.tenant_id)
    return application_hand_in(visitor.tenant_id, application.number, visitor.name, now)


def _trial(request: VisitorRequest, application: Application) -> object:
    visitor = request.visitor
    return trial_take(
        visitor.tenant_id, application.number, visitor.name, present(visitor.tenant_id)
    )


def _withdraw(request: VisitorRequest, application: Application) -> object:
    visitor, reason = request.visitor, typed(request.POST, "reason")
    now = present(visitor.tenant_id)
    return application_withdraw(visitor.tenant_id, application.number, reason, visitor.name, now)


def _pay(request: VisitorRequest, application: Application) -> object:
    """Open an order for what is missing, at the rail that was chosen."""
    state_required(application, (DEPOSIT,))
    tenant_id, now = request.visitor.tenant_id, present(request.visitor.tenant_id)
    rail = request.POST.get("rail", "")
    missing = deposit_standing(application, now).shortage_fen
    if not missing:
        raise BadInput(
            "nothing_missing", where="amount", zh="保证金已缴足。", en="the deposit is all there"
        )
    new = NewPayOrder(
        subject=application.subject,
        amount_fen=missing,
        purpose="deposit",
        rail=rail if rail in ONLINE_RAILS else ONLINE_RAILS[0],
        actor=request.visitor.name,
        collector=collector_of(client_configured(os.environ, _clock)),
    )
    return pay_order_open(tenant_id, new, now)


ACTS: dict[str, Act] = {
    "hand_in": _hand_in,
    "trial": _trial,
    "withdraw": _withdraw,
    "pay": _pay,
}

"""Cash in: what a party pays online, and bank transfers that a person matches to their owner."""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.connectors.collecting import client_configured, collector_of, pay_address
from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.forms import typed
from earnest.console.lists import choice, field, page_of
from earnest.console.problems import sentence, sentence_of
from earnest.console.reading import explanation, trace_read
from earnest.console.texts import text
from earnest.console.views.deposit_life import deposit_address, party_of
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound, Problem
from earnest.kernel.money import yuan
from earnest.market.queries import Subject, party_names
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, SEE_ALL, SEE_OWN
from earnest.payins.bank_import import COLUMNS, NEEDED, bank_receipts_import
from earnest.payins.bank_receipts import (
    bank_receipt_match,
    bank_receipt_return_settle,
    bank_receipt_unmatch,
)
from earnest.payins.booking import PURPOSES
from earnest.payins.fees import ONLINE_RAILS, Quote, pay_quote
from earnest.payins.models import BankReceipt, PayOrder
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import SANDBOX, sandbox_payment
from earnest.payins.queries import bank_receipts, pay_order_get, pay_orders, unmatched_fen
from earnest.payins.sheet import sheet_rows, sheet_text
from earnest.payins.suggestions import bank_receipt_suggest
from earnest.reconciliation.returns import bank_receipt_return
from earnest.rulebooks.packs import RULEBOOKS

STATES = ("unmatched", "return_asked", "matched", "returned")
ORDERS_SHOWN = 20
BAD_SHOWN = 50
PAY_FIELDS = (
    Asked("pay_amount", "yuan"),
    Asked("pay_purpose", "choice", choices=PURPOSES, words="purpose", value="deposit"),
    Asked("pay_rail", "choice", choices=ONLINE_RAILS, words="rail", value=ONLINE_RAILS[0]),
)
MATCH_FIELDS = (
    Asked("match_kind", "choice", choices=("shop", "provider"), words="subject"),
    Asked("match_id", "text"),
    Asked("pay_purpose", "choice", choices=PURPOSES, words="purpose", value="deposit"),
    Asked("match_note", "text", required=False),
)
PAY_AT = {
    "amount_not_positive": "pay_amount",
    "more_than_owed": "pay_amount",
    "unknown_purpose": "pay_purpose",
    "rail_not_online": "pay_rail",
}
MATCH_AT = {"note_needed": "match_note", "unknown_shop": "match_id", "unknown_provider": "match_id"}


def _clock() -> datetime:
    return datetime.now(UTC)


# --- what a party pays online


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL, SEE_OWN)
def pay(request: VisitorRequest, kind: str, subject_id: str) -> HttpResponse:
    """Show what a payment costs, with its computation, and open the order on the second click."""
    visitor, subject = request.visitor, (kind, subject_id)
    own_or_not_found(visitor, subject)
    party = party_of(visitor.tenant_id, subject)
    form = form_blank("pay", PAY_FIELDS)
    quote = None
    if request.method == "POST":
        form = form_read("pay", PAY_FIELDS, request.POST)
        quote = None if form.wrong else _quote(visitor.tenant_id, subject, form)
        if quote and request.POST.get("said") == "order":
            order = _ordered(visitor, quote, form)
            if order is not None:
                return HttpResponseRedirect(reverse("pay_order", args=[order.number]))
    return _pay_page(request, subject, form, {"quote": quote, "party": party})


def _quote(tenant_id: str, subject: Subject, form: Form) -> Quote | None:
    asked = form.values
    try:
        return pay_quote(
            tenant_id,
            subject,
            asked["pay_amount"],
            purpose=asked["pay_purpose"],
            rail=asked["pay_rail"],
            now=present(tenant_id),
        )
    except EarnestError as error:
        form.refused(error, PAY_AT)
        return None


def _ordered(visitor: Visitor, quote: Quote, form: Form) -> PayOrder | None:
    if not visitor.may(ACT_FOR_PARTY):
        raise PermissionDenied
    try:
        return pay_order_open(
            visitor.tenant_id,
            NewPayOrder(
                subject=quote.subject,
                amount_fen=quote.amount_fen,
                purpose=quote.purpose,
                rail=quote.rail,
                actor=visitor.name,
                collector=collector_of(client_configured(os.environ, _clock)),
            ),
            present(visitor.tenant_id),
        )
    except EarnestError as error:
        form.refused(error, PAY_AT)
        return None


def _pay_page(
    request: VisitorRequest, subject: Subject, form: Form, shown: dict[str, Any]
) -> HttpResponse:
    tenant_id = request.visitor.tenant_id
    quote = shown["quote"]
    if quote is None:
        # The page shows where the party stands before it has typed anything.
        shown["position"] = position(tenant_id, subject, day_of(present(tenant_id)))
        if not form.wrong and shown["position"].shortage_fen:
            form.fields[0].value = yuan(shown["position"].shortage_fen).replace(",", "")
    else:
        shown["position"] = quote.position
        shown["steps"] = trace_read(quote.fee_receipt, quote.fee.trace)
        shown["explanation"] = explanation(quote.fee_receipt)
    shown |= {
        "form": form,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "rulebook": RULEBOOKS[subject[0]],
        "deposit_address": deposit_address(subject),
        "orders": pay_orders(tenant_id, subject=subject)[:ORDERS_SHOWN],
        "may_pay": request.visitor.may(ACT_FOR_PARTY),
    }
    return render(request, "console/pay.html", shown, status=422 if form.wrong else 200)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def pay_order(request: VisitorRequest, number: str) -> HttpResponse:
    """Show an order: where it is paid, and its receipt once it is."""
    order = _own_order(request, number)
    subject = (order.subject_kind, order.subject_id)
    client = client_configured(os.environ, _clock)
    sandbox = order.app_id == SANDBOX.app_id
    shown = {
        "order": order,
        "party_name": party_names(request.visitor.tenant_id, [subject]).get(subject, ""),
        "rulebook": RULEBOOKS[order.subject_kind],
        "deposit_address": deposit_address(subject),
        "sandbox": sandbox,
        "may_pay": request.visitor.may(ACT_FOR_PARTY),
        "pay_url": _pay_url(request, order) if client and not sandbox else "",
    }
    return render(request, "console/pay_order.html", shown)


def _pay_url(request: HttpRequest, order: PayOrder) -> str:
    client = client_configured(os.environ, _clock)
    if client is None or order.state != "open":
        return ""
    return pay_address(
        client,
        order,
        notify_url=request.build_absolute_uri("/api/v1/institutions/alipay/notice"),
        return_url=request.build_absolute_uri(reverse("pay_order", args=[order.number])),
        now=_clock(),
    )


@require_POST
@needs(ACT_FOR_PARTY)
def pay_order_sandbox(request: VisitorRequest, number: str) -> HttpResponse:
    """Complete a sandbox order, which stands for the institution's payment page in a demo."""
    order = _own_order(request, number)
    now = present(request.visitor.tenant_id)
    try:
        pay_order_paid(
            request.visitor.tenant_id, sandbox_payment(order, now), now, source="sandbox"
        )
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    return HttpResponseRedirect(reverse("pay_order", args=[number]))


def _own_order(request: VisitorRequest, number: str) -> PayOrder:
    order = pay_order_get(request.visitor.tenant_id, number)
    own_or_not_found(request.visitor, (order.subject_kind, order.subject_id))
    return order


# --- bank transfers


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL)
def receipt_list(request: VisitorRequest) -> HttpResponse:
    """List bank transfers, the unmatched ones unless asked otherwise; take a bank's sheet in."""
    bad: list[Problem] = []
    problem, status = "", 200
    if request.method == "POST":
        if not request.visitor.may(DECIDE):
            raise PermissionDenied
        try:
            bad = _taken_in(request)
        except EarnestError as error:
            problem, status = sentence_of(error), error.http_status
    tenant_id = request.visitor.tenant_id
    state = choice(request, "state", (*STATES, "all")) or "unmatched"
    search = field(request, "q")
    rows = bank_receipts(tenant_id, state="" if state == "all" else state, search=search)
    shown = {
        "page": page_of(request, rows),
        "state": state,
        "states": (*STATES, "all"),
        "search": search,
        "unmatched_fen": unmatched_fen(tenant_id),
        "may_decide": request.visitor.may(DECIDE),
        "bad": [(each.where, sentence(each)) for each in bad[:BAD_SHOWN]],
        "problem": problem,
    }
    return render(request, "console/receipts.html", shown, status=status)


def _taken_in(request: VisitorRequest) -> list[Problem]:
    tenant_id = request.visitor.tenant_id
    rows = sheet_rows(sheet_text(uploaded(request)), COLUMNS, NEEDED)
    done = bank_receipts_import(tenant_id, rows, request.visitor.name, present(tenant_id))
    said = text("receipts.imported", new=len(done.new), known=len(done.repeated), bad=len(done.bad))
    (messages.warning if done.bad else messages.success)(request, said)
    return done.bad


def uploaded(request: HttpRequest) -> bytes:
    """Return the content of the file that was sent.

    Raises:
        BadInput: ``file_missing``.
    """
    sent = request.FILES.get("file")
    if sent is None:
        raise BadInput("file_missing", where="file", zh="请选择文件。", en="choose a file")
    return bytes(sent.read())


@require_GET
@needs(SEE_ALL)
def receipt(request: VisitorRequest, receipt_id: UUID) -> HttpResponse:
    """Show a receipt, whose it may be and why, and every step that was taken."""
    found = _receipt(request, receipt_id)
    return _receipt_page(request, found, form_blank("match", MATCH_FIELDS))


@require_POST
@needs(DECIDE)
def receipt_act(request: VisitorRequest, receipt_id: UUID, act: str) -> HttpResponse:
    """Match a receipt, take the match back, or say a word on sending it back."""
    found, form = _receipt(request, receipt_id), form_blank("match", MATCH_FIELDS)
    if act == "match":
        form = form_read("match", MATCH_FIELDS, request.POST)
    if not form.wrong:
        try:
            _acted(request, found, act, form)
        except (BadInput, NotFound) as error:
            form.refused(error, MATCH_AT if act == "match" else {})
        except EarnestError as error:
            form.problem = sentence_of(error)
        else:
            messages.success(request, text(f"receipt_done.{act}"))
            return HttpResponseRedirect(reverse("receipt", args=[receipt_id]))
    return _receipt_page(request, _receipt(request, receipt_id), form, status=422)


def _acted(request: VisitorRequest, found: BankReceipt, act: str, form: Form) -> None:
    tenant_id, number, asked = request.visitor.tenant_id, found.receipt_no, form.values
    by: dict[str, Any] = {
        "actor": request.visitor.name,
        "note": typed(request.POST, "note"),
        "now": present(tenant_id),
        "rail": found.rail,
    }
    if act == "match":
        subject = (asked["match_kind"], asked["match_id"])
        by["note"] = asked["match_note"]
        bank_receipt_match(tenant_id, number, subject, purpose=asked["pay_purpose"], **by)
    elif act == "unmatch":
        bank_receipt_unmatch(tenant_id, number, **by)
    elif act == "return":
        bank_receipt_return(tenant_id, number, account=typed(request.POST, "account"), **by)
    else:
        bank_receipt_return_settle(tenant_id, number, payout_number="", **by)


def _receipt(request: VisitorRequest, receipt_id: UUID) -> BankReceipt:
    return get_object_or_404(BankReceipt, tenant_id=request.visitor.tenant_id, id=receipt_id)


def _receipt_page(
    request: VisitorRequest, found: BankReceipt, form: Form, status: int = 200
) -> HttpResponse:
    waiting = found.state == "unmatched"
    now = present(request.visitor.tenant_id)
    asked = found.steps.filter(action="return_asked").order_by("-id").first()
    shown = {
        "receipt": found,
        "suggestions": bank_receipt_suggest(found, day_of(now)) if waiting else [],
        "form": form,
        "steps": found.steps.order_by("id"),
        "return_asked": asked if found.state == "return_asked" else None,
        "own_word": asked is not None and asked.actor == request.visitor.name,
        "may_decide": request.visitor.may(DECIDE),
    }
    return render(request, "console/receipt.html", shown, status=status)

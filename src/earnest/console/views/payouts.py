"""Payouts: the list, one payout with all that was heard of it, and what people do by hand."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.forms import typed
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.console.views.deposit_life import deposit_address, party_of
from earnest.deposits.accounts import RAILS
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import DECIDE, SEE_ALL, SEE_OWN
from earnest.payouts.commands import (
    part_paid_by_hand,
    part_refused_by_hand,
    part_returned_by_hand,
    payee_verify,
    payout_reissue,
)
from earnest.payouts.models import Payout, PayoutAttempt, PayoutPart
from earnest.payouts.queries import (
    PayoutOwed,
    attempts_of,
    part_get,
    parts_of,
    payee_of,
    payout_get,
    payouts,
    payouts_owed,
)
from earnest.payouts.rails import BY_HAND
from earnest.rulebooks.packs import RULEBOOKS

SHOWN = ("open", "all", "paid", "partly_paid", "failed", "returned")
PARTS = ("unknown", "querying", "submitted", "reserved", "planned", "failed", "returned")
PAYEE_FIELDS = (
    Asked("rail", "choice", choices=("alipay_transfer", "bank"), words="rail"),
    Asked("identity", "text"),
    Asked("payee_name", "text"),
)
AT = {
    "payee_identity_missing": "identity",
    "payee_identity_is_login": "identity",
    "payee_name_differs": "payee_name",
}


@dataclass(frozen=True)
class PayoutRow:
    """A payout of the list: its parts by state, and why people have to look, if they do."""

    payout: Payout
    states: dict[str, int]
    attention: tuple[str, ...]
    next_try_at: datetime | None


@dataclass(frozen=True)
class PartShown:
    """A part with what was heard of it, what happens next, and what people may say of it."""

    part: PayoutPart
    attempts: list[PayoutAttempt]
    next: str
    may_say: tuple[str, ...]


def _row(payout: Payout, owed: dict[str, PayoutOwed]) -> PayoutRow:
    states: dict[str, int] = {}
    for part in payout.parts.all():
        states[part.state] = states.get(part.state, 0) + 1
    found = owed.get(payout.number)
    return PayoutRow(
        payout, states, found.attention if found else (), found.next_try_at if found else None
    )


def _worry(row: PayoutRow) -> tuple[bool, bool, str]:
    return ("unknown" not in row.states, not row.attention, row.payout.number)


@require_GET
@needs(SEE_ALL)
def payout_list(request: VisitorRequest) -> HttpResponse:
    """List payouts: those with an unknown outcome in front, then those that need people."""
    tenant_id = request.visitor.tenant_id
    shown, part = choice(request, "state", SHOWN), choice(request, "part", PARTS)
    attention = bool(choice(request, "attention", ("1",)))
    subject = field(request, "subject")
    owed = {each.payout.number: each for each in payouts_owed(tenant_id)}
    found = payouts(tenant_id, state="" if shown in {"", "all", "open"} else shown)
    if shown in {"", "open"}:
        found = found.filter(number__in=list(owed))
    if part:
        found = found.filter(parts__state=part).distinct()
    if attention:
        found = found.filter(number__in=[n for n, each in owed.items() if each.attention])
    if subject:
        found = found.filter(subject_id__contains=subject)
    rows = [_row(each, owed) for each in found.prefetch_related("parts")]
    page = page_of(request, sorted(rows, key=_worry) if shown in {"", "open"} else rows)
    context = {
        "page": page,
        "state": shown or "open",
        "states": SHOWN,
        "part": part,
        "parts": PARTS,
        "attention": attention,
        "subject": subject,
        "names": names_for(tenant_id, [row.payout for row in page.object_list]),
    }
    return render(request, "console/payouts.html", context)


def _next(part: PayoutPart) -> str:
    """Say what happens next with a part."""
    if part.state in {"succeeded", "returned", "failed"}:
        return text(f"payout.next.{part.state}")
    if part.rail in BY_HAND and part.state == "submitted":
        return text("payout.next.by_hand")
    if part.state in {"planned", "reserved"}:
        return text("payout.next.sent")
    return text("payout.next.asked" if part.next_try_at else "payout.next.people")


def _may_say(part: PayoutPart, *, may_decide: bool) -> tuple[str, ...]:
    if not may_decide or part.rail not in BY_HAND:
        return ()
    return {"submitted": ("paid", "refused"), "succeeded": ("returned",)}.get(part.state, ())


@require_GET
@needs(SEE_ALL, SEE_OWN)
def payout_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show a payout: its parts, every attempt, what the institution said, what happens next."""
    return _page(request, number)


def _page(
    request: VisitorRequest, number: str, *, problem: str = "", at: str = "", status: int = 200
) -> HttpResponse:
    visitor = request.visitor
    payout = payout_get(visitor.tenant_id, number)
    subject = (payout.subject_kind, payout.subject_id)
    own_or_not_found(visitor, subject)
    decides = visitor.may(DECIDE)
    parts = [
        PartShown(
            part,
            attempts_of(part) if visitor.is_operator else [],
            _next(part),
            _may_say(part, may_decide=decides),
        )
        for part in parts_of(payout)
    ]
    lost = any(each.part.state in {"failed", "returned"} for each in parts)
    shown = {
        "payout": payout,
        "parts": parts,
        "party_name": names_for(visitor.tenant_id, [payout]).get(subject, ""),
        "of_party": subject[0] in RULEBOOKS,  # what nobody owned goes back without a decision
        "deposit_address": deposit_address(subject) if subject[0] in RULEBOOKS else "",
        "may_reissue": decides and payout.state != "open" and lost,
        "rails": RAILS,
        "problem": problem,
        "problem_at": at,
    }
    return render(request, "console/payout.html", shown, status=status)


@require_POST
@needs(DECIDE)
def payout_by_hand(request: VisitorRequest, business_no: str) -> HttpResponse:
    """Say what the bank did with a part: paid, refused or sent back; two persons must say so."""
    visitor, verb = request.visitor, request.POST.get("said", "")
    part = part_get(visitor.tenant_id, business_no)
    number, given = part.payout.number, typed(request.POST, "reference")
    by, now = visitor.name, present(visitor.tenant_id)
    try:
        if verb == "refused":
            part_refused_by_hand(visitor.tenant_id, business_no, words=given, by=by, now=now)
        else:
            said = part_returned_by_hand if verb == "returned" else part_paid_by_hand
            said(visitor.tenant_id, business_no, receipt_no=given, by=by, now=now)
    except NotFound:
        raise
    except EarnestError as error:
        return _page(
            request, number, problem=sentence_of(error), at=business_no, status=error.http_status
        )
    part.refresh_from_db()
    settled = part.state in {"succeeded", "failed", "returned"}
    messages.success(request, text("payout.said.booked" if settled else "payout.said.first"))
    return HttpResponseRedirect(reverse("payout", args=[number]))


@require_POST
@needs(DECIDE)
def payout_again(request: VisitorRequest, number: str) -> HttpResponse:
    """Issue anew what a settled payout did not bring to the payee."""
    visitor = request.visitor
    try:
        made = payout_reissue(
            visitor.tenant_id, number, by=visitor.name, now=present(visitor.tenant_id)
        )
    except NotFound:
        raise
    except EarnestError as error:
        return _page(request, number, problem=sentence_of(error), status=error.http_status)
    messages.success(request, text("payout.reissued", number=made.number))
    return HttpResponseRedirect(reverse("payout", args=[made.number]))


@require_http_methods(["GET", "POST"])
@needs(DECIDE)
def payee(request: VisitorRequest, kind: str, subject_id: str) -> HttpResponse:
    """Verify the account that a subject is paid to: it must be the certified entity's by name."""
    visitor, subject = request.visitor, (kind, subject_id)
    party = party_of(visitor.tenant_id, subject)
    form, status = form_blank("payee", PAYEE_FIELDS), 200
    if request.method == "POST":
        form = form_read("payee", PAYEE_FIELDS, request.POST)
        if not form.wrong and _verified(request, subject, form):
            messages.success(request, text("payee.done"))
            return HttpResponseRedirect(deposit_address(subject))
        status = 422
    rails = PAYEE_FIELDS[0].choices
    accounts = [(rail, payee_of(visitor.tenant_id, subject, rail)) for rail in rails]
    shown = {
        "party": party,
        "subject_kind": kind,
        "subject_id": subject_id,
        "rulebook": RULEBOOKS[kind],
        "deposit_address": deposit_address(subject),
        "accounts": [(rail, found) for rail, found in accounts if found],
        "form": form,
    }
    return render(request, "console/payee.html", shown, status=status)


def _verified(request: VisitorRequest, subject: tuple[str, str], form: Form) -> bool:
    visitor, values = request.visitor, form.values
    try:
        payee_verify(
            visitor.tenant_id,
            subject,
            rail=values["rail"],
            identity=values["identity"],
            name=values["payee_name"],
            by=visitor.name,
            now=present(visitor.tenant_id),
        )
    except EarnestError as error:
        form.refused(error, AT)
        return False
    return True

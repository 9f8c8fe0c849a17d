"""Differences: charges against what is filed, and the offers of the two platforms side by side."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.charging.comparing import KINDS
from earnest.charging.models import Difference
from earnest.charging.offers import SIDES, NewOffer, offer_see
from earnest.charging.queries import charges_of, difference_get, differences_found, offer_pairs
from earnest.charging.wording import side_by_side
from earnest.console.access import VisitorRequest, needs
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.charging_page import files_kept
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.reading import explanation
from earnest.console.texts import text, word
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import yuan
from earnest.market.queries import party_names
from earnest.market.roles import REVIEW, SEE_ALL
from earnest.violations.models import Violation

DIFFERENCE_COLUMNS = (
    "month", "provider", "plan_code", "kind", "clause", "happened_on", "charges", "paid",
    "violation",
)  # fmt: skip
OFFER_FIELDS = (
    Asked("offer_provider", "text"),
    Asked("offer_app", "text"),
    Asked("offer_code", "text"),
    Asked("offer_side", "choice", choices=SIDES, words="offer_side"),
    Asked("offer_wording", "long"),
    Asked("offer_price", "yuan", required=False),
)
OFFER_AT = {
    "unknown_provider": "offer_provider",
    "offer_app": "offer_app",
    "offer_plan_code": "offer_code",
    "offer_wording": "offer_wording",
    "offer_price_fen": "offer_price",
}


def _narrowed(request: VisitorRequest) -> dict[str, str]:
    return {
        "provider_id": field(request, "provider"),
        "kind": choice(request, "kind", KINDS),
        "month": field(request, "month"),
    }


def _violation_numbers(tenant_id: str, rows: list[Difference]) -> dict[UUID | None, str]:
    ids = [row.violation_id for row in rows if row.violation_id]
    found = Violation.objects.filter(tenant_id=tenant_id, id__in=ids)
    return dict(found.values_list("id", "number"))


@require_GET
@needs(SEE_ALL)
def charging_differences(request: VisitorRequest) -> HttpResponse:
    """List what differs, the newest first."""
    tenant_id, narrowed = request.visitor.tenant_id, _narrowed(request)
    page = page_of(request, differences_found(tenant_id, **narrowed))
    rows = list(page.object_list)
    numbers, counted = _violation_numbers(tenant_id, rows), charges_of(rows)
    shown = {
        "page": page,
        "rows": [
            (row, numbers.get(row.violation_id, ""), *counted.get(row.id, (0, None)))
            for row in rows
        ],
        "narrowed": narrowed,
        "kinds": tuple(KINDS),
        "names": party_names(tenant_id, {row.subject for row in rows}),
    }
    return render(request, "console/charging_differences.html", shown)


@require_GET
@needs(SEE_ALL)
def charging_differences_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download what the list shows."""
    tenant_id = request.visitor.tenant_id
    found = list(differences_found(tenant_id, **_narrowed(request))[:ROWS_MAX])
    numbers, counted = _violation_numbers(tenant_id, found), charges_of(found)
    rows = (
        [
            row.month, row.provider_id, row.plan_code, word("difference_kind", row.kind),
            row.clause, row.happened_on, counted.get(row.id, (0, 0))[0],
            yuan(counted.get(row.id, (0, 0))[1]),
            numbers.get(row.violation_id, ""),
        ]
        for row in found
    )  # fmt: skip
    heads = [text(f"difference_column.{column}") for column in DIFFERENCE_COLUMNS]
    return csv_response("charging-differences", heads, rows)


@require_GET
@needs(SEE_ALL)
def charging_difference(request: VisitorRequest, difference_id: UUID) -> HttpResponse:
    """Show one difference: both sides, the charges in it, and what the rulebook says."""
    tenant_id = request.visitor.tenant_id
    row = difference_get(tenant_id, difference_id)
    here, there = side_by_side(
        str(row.one_side.get("wording", "")), str(row.other_side.get("wording", ""))
    )
    shown = {
        "row": row,
        "party_name": party_names(tenant_id, [row.subject]).get(row.subject, ""),
        "lines": page_of(request, row.lines.order_by("charged_on", "service_order_id")),
        "of_offers": "offer" in row.one_side,
        "here": here,
        "there": there,
        "explanation": explanation(row.receipt),
        "violation": _violation_numbers(tenant_id, [row]).get(row.violation_id),
    }
    return render(request, "console/charging_difference.html", shown)


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL)
def charging_offers(request: VisitorRequest) -> HttpResponse:
    """Show the newest offers of both platforms side by side, and keep one that was seen."""
    visitor = request.visitor
    form = form_blank("offer", OFFER_FIELDS)
    if request.method == "POST":
        if not visitor.may(REVIEW):
            raise PermissionDenied
        form = _offer_kept(request)
        if not form.wrong:
            return HttpResponseRedirect(reverse("charging_offers"))
    provider = field(request, "provider")
    page = page_of(request, offer_pairs(visitor.tenant_id, provider))
    shown = {
        "page": page,
        "pairs": [
            (
                pair,
                *side_by_side(*(each.wording if each else "" for each in (pair.here, pair.there))),
            )
            for pair in page.object_list
        ],
        "names": party_names(
            visitor.tenant_id, {("provider", pair.provider_id) for pair in page.object_list}
        ),
        "provider": provider,
        "form": form,
        "may_review": visitor.may(REVIEW),
    }
    return render(request, "console/charging_offers.html", shown, status=422 if form.wrong else 200)


def _offer_kept(request: VisitorRequest) -> Form:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    form = form_read("offer", OFFER_FIELDS, request.POST)
    if form.wrong:
        return form
    values = form.values
    try:
        with transaction.atomic():
            shots = files_kept(
                visitor, values["offer_provider"], request.FILES.getlist("files")[:1], now
            )
            new = NewOffer(
                provider_id=values["offer_provider"],
                app=values["offer_app"],
                plan_code=values["offer_code"],
                side=values["offer_side"],
                wording=values["offer_wording"],
                price_fen=values["offer_price"],
                seen_at=now,
                actor=visitor.name,
                document_id=shots[0] if shots else None,
            )
            _, found = offer_see(visitor.tenant_id, new, now)
    except EarnestError as error:
        form.refused(error, OFFER_AT)
        return form
    messages.success(request, text("offer.kept_differs" if found else "offer.kept"))
    return form

"""What screening found of goods, the words of listings, and the figures of goods."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.catalogue.figures import Share, e_waybill_share, takedowns_on_time
from earnest.catalogue.findings import KINDS, NewFinding, finding_add, texts_report
from earnest.catalogue.models import GoodsFinding
from earnest.catalogue.queries import goods_findings_found
from earnest.catalogue.results import FINDINGS
from earnest.catalogue.screening import text_screen
from earnest.console.access import VisitorRequest, needs
from earnest.console.asking import Form, form_blank, form_read
from earnest.console.catalogue_page import (
    FINDING_AT,
    FINDING_FIELDS,
    SCREEN_FIELDS,
    files_kept,
    texts_read,
)
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.texts import text, word
from earnest.console.views.charging import provider_only
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import percent
from earnest.market.queries import party_names, provider_get
from earnest.market.roles import REVIEW, SEE_ALL, SEE_OWN
from earnest.violations.models import Violation

ORIGINS = ("feed", "person", "text_screen")
FINDING_COLUMNS = (
    "happened_on", "provider", "thing", "thing_id", "kind", "clause", "origin", "marked", "note",
)  # fmt: skip


def _narrowed(request: VisitorRequest) -> dict[str, str]:
    return {
        "provider_id": field(request, "provider"),
        "kind": choice(request, "kind", (*KINDS, *FINDINGS)),
        "origin": choice(request, "origin", ORIGINS),
    }


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL)
def goods_findings(request: VisitorRequest) -> HttpResponse:
    """List what was found, and keep what a person found."""
    visitor = request.visitor
    form = form_blank("finding", FINDING_FIELDS)
    if request.method == "POST":
        if not visitor.may(REVIEW):
            raise PermissionDenied
        form = _finding_kept(request)
        if not form.wrong:
            return HttpResponseRedirect(reverse("goods_findings"))
    narrowed = _narrowed(request)
    page = page_of(request, goods_findings_found(visitor.tenant_id, **narrowed))
    rows: list[GoodsFinding] = list(page.object_list)
    found = Violation.objects.filter(
        tenant_id=visitor.tenant_id, id__in=[row.violation_id for row in rows]
    )
    numbers: dict[UUID | None, str] = dict(found.values_list("id", "number"))
    shown = {
        "page": page,
        "rows": [(row, numbers.get(row.violation_id, "")) for row in rows],
        "narrowed": narrowed,
        "kinds": (*KINDS, *FINDINGS),
        "origins": ORIGINS,
        "names": party_names(visitor.tenant_id, {row.subject for row in rows}),
        "form": form,
        "may_review": visitor.may(REVIEW),
    }
    return render(request, "console/goods_findings.html", shown, status=422 if form.wrong else 200)


def _finding_kept(request: VisitorRequest) -> Form:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    form = form_read("finding", FINDING_FIELDS, request.POST)
    if form.wrong:
        return form
    values = form.values
    try:
        with transaction.atomic():
            files = request.FILES.getlist("files")
            documents = files_kept(visitor, values["finding_provider"], files, now)
            new = NewFinding(
                provider_id=values["finding_provider"],
                thing=values["finding_thing"],
                thing_id=values["finding_thing_id"],
                kind=values["finding_kind"],
                happened_on=values["finding_on"],
                actor=visitor.name,
                note=values["note"],
                documents=documents,
            )
            _, is_new = finding_add(visitor.tenant_id, new, now)
    except EarnestError as error:
        form.refused(error, FINDING_AT)
        return form
    messages.success(request, text("finding.kept" if is_new else "finding.known"))
    return form


@require_GET
@needs(SEE_ALL)
def goods_findings_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the findings that the list shows."""
    found = goods_findings_found(request.visitor.tenant_id, **_narrowed(request))[:ROWS_MAX]
    rows = (
        [
            row.happened_on, row.provider_id, word("goods_thing", row.thing), row.thing_id,
            word("goods_kind", row.kind), row.clause, word("goods_origin", row.origin), row.marked,
            row.note,
        ]
        for row in found.iterator(chunk_size=1000)
    )  # fmt: skip
    heads = [text(f"finding_column.{column}") for column in FINDING_COLUMNS]
    return csv_response("goods-findings", heads, rows)


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def goods_screening(request: VisitorRequest) -> HttpResponse:
    """Screen the words of listings; the second click reports what was marked."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    form = form_blank("screen", SCREEN_FIELDS)
    looked = []
    if request.method == "POST":
        form = form_read("screen", SCREEN_FIELDS, request.POST)
        texts = [] if form.wrong else texts_read(form.values["screen_texts"])
        looked = [(each, text_screen(each.text)) for each in texts]
        if not form.wrong and not texts:
            form.fields[1].problem = text("screen.no_lines")
        if texts and request.POST.get("step") == "report":
            try:
                found = texts_report(
                    visitor.tenant_id, form.values["screen_provider"], texts, visitor.name, now
                )
            except EarnestError as error:
                form.refused(error, {"unknown_provider": "screen_provider"})
            else:
                messages.success(request, text("screen.reported", n=len(found)))
                return HttpResponseRedirect(reverse("goods_findings"))
    shown = {"form": form, "looked": looked, "hits": sum(len(found) for _, found in looked)}
    return render(request, "console/goods_screening.html", shown, status=422 if form.wrong else 200)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def goods_figures(request: VisitorRequest) -> HttpResponse:
    """Show how many notices were followed in time, and the parcels with an e-waybill."""
    visitor = request.visitor
    provider_only(visitor)
    now = present(visitor.tenant_id)
    on = day_of(now)
    month = _month_asked(request, Month.of(on))
    own = field(request, "provider") if visitor.is_operator else visitor.subject[1]
    if own and visitor.is_operator:
        provider_get(visitor.tenant_id, own)
    page = page_of(request, takedowns_on_time(visitor.tenant_id, on, own))
    waybills = [
        each
        for each in e_waybill_share(visitor.tenant_id, month, now)
        if not own or each.provider_id == own
    ]
    shown = {
        "takedowns": _shown(list(page.object_list)),
        "page": page,
        "waybills": _shown(waybills),
        "month": str(month),
        "provider": own if visitor.is_operator else "",
        "may_review": visitor.may(REVIEW),
    }
    return render(request, "console/goods_figures.html", shown)


def _month_asked(request: VisitorRequest, default: Month) -> Month:
    try:
        return Month.parse(field(request, "month"))
    except ValueError:
        return default


def _shown(shares: Iterable[Share]) -> list[tuple[Share, str]]:
    return [(each, percent(each.counted, each.out_of)) for each in shares]

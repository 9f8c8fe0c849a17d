"""Goods: notices with their days, sampling inspections with their results."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.catalogue.goods import goods_failing
from earnest.catalogue.models import GoodsNotice, SamplingRound
from earnest.catalogue.queries import (
    NOTICE_STATES,
    goods_notices_found,
    notice_standings,
    sample_counts,
    samplings_found,
)
from earnest.catalogue.sampling import SamplingAsked, sample_locked, sampling_get, sampling_plan
from earnest.catalogue.takedowns import (
    NewGoodsNotice,
    TakenDown,
    goods_notice_get,
    goods_notice_send,
    goods_taken_down,
)
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Form, form_blank, form_read
from earnest.console.catalogue_page import (
    ACTS,
    DOWN_FIELDS,
    NOTICE_AT,
    NOTICE_FIELDS,
    SAMPLING_AT,
    SAMPLING_FIELDS,
    TOLD_STATES,
    Acting,
    act_done,
    files_kept,
    samples_shown,
)
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.texts import text, word
from earnest.console.views.charging import provider_only
from earnest.documents.queries import documents_by_id
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.kernel.money import percent
from earnest.market.queries import party_names
from earnest.market.roles import ACT_FOR_PARTY, REVIEW, SEE_ALL, SEE_OWN
from earnest.violations.models import Violation

GOODS_COLUMNS = (
    "number", "provider", "reason", "clause", "told_on", "due_on", "item", "off_on", "off_by",
    "overdue_on",
)  # fmt: skip
FAILING_SHOWN = 50


def _provider_asked(request: VisitorRequest) -> str:
    visitor = request.visitor
    return field(request, "provider") if visitor.is_operator else visitor.subject[1]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def goods_notices(request: VisitorRequest) -> HttpResponse:
    """List the notices of goods: a provider's own, or everybody's for an operator."""
    visitor = request.visitor
    provider_only(visitor)
    on = day_of(present(visitor.tenant_id))
    provider, state = _provider_asked(request), choice(request, "state", NOTICE_STATES)
    found = goods_notices_found(visitor.tenant_id, provider_id=provider, state=state, on=on)
    page = page_of(request, found)
    rows = list(page.object_list)
    standings = notice_standings(rows, on)
    shown = {
        "page": page,
        "rows": [(row, standings[row.number], standings[row.number].state()) for row in rows],
        "provider": provider if visitor.is_operator else "",
        "state": state,
        "states": NOTICE_STATES,
        "names": party_names(visitor.tenant_id, {row.subject for row in rows}),
        "may_review": visitor.may(REVIEW),
    }
    return render(request, "console/goods_notices.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def goods_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the notices that the list shows, one line for each of the goods."""
    visitor = request.visitor
    provider_only(visitor)
    on = day_of(present(visitor.tenant_id))
    found = goods_notices_found(
        visitor.tenant_id,
        provider_id=_provider_asked(request),
        state=choice(request, "state", NOTICE_STATES),
        on=on,
    ).prefetch_related("goods")
    rows = (
        [
            row.number, row.provider_id, word("goods_reason", row.reason), row.clause, row.told_on,
            row.due_on, each.item_id, each.off_on, each.off_by, each.overdue_on,
        ]
        for row in found[:ROWS_MAX]
        for each in row.goods.all()
    )  # fmt: skip
    heads = [text(f"goods_column.{column}") for column in GOODS_COLUMNS]
    return csv_response("goods-notices", heads, rows)


def _notice_own(request: VisitorRequest, number: str) -> GoodsNotice:
    row = goods_notice_get(request.visitor.tenant_id, number)
    own_or_not_found(request.visitor, row.subject)
    return row


@require_GET
@needs(SEE_ALL, SEE_OWN)
def goods_notice(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one notice: its goods, its day, and how each came off the shelf."""
    return _notice_page(request, _notice_own(request, number), form_blank("down", DOWN_FIELDS))


@require_POST
@needs(ACT_FOR_PARTY)
def goods_notice_down(request: VisitorRequest, number: str) -> HttpResponse:
    """Note that goods are off the shelf, as their provider says, with proof."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    row = _notice_own(request, number)
    form = form_read("down", DOWN_FIELDS, request.POST)
    try:
        with transaction.atomic():
            proof = files_kept(visitor, row.provider_id, request.FILES.getlist("files"), now)
            items = request.POST.getlist("items")
            said = TakenDown(items, visitor.name, form.values["down_note"], proof)
            goods_taken_down(visitor.tenant_id, number, said, now)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, {})
        return _notice_page(request, row, form)
    messages.success(request, text("goods.down_done"))
    return HttpResponseRedirect(reverse("goods_notice", args=[number]))


def _notice_page(request: VisitorRequest, row: GoodsNotice, form: Form) -> HttpResponse:
    visitor = request.visitor
    on = day_of(present(visitor.tenant_id))
    goods = list(row.goods.order_by("item_id"))
    ids = [UUID(each) for one in goods for each in one.proof]
    documents = documents_by_id(visitor.tenant_id, ids)
    numbers: dict[UUID | None, str] = dict(
        Violation.objects.filter(
            tenant_id=visitor.tenant_id, id__in=[each.violation_id for each in goods]
        ).values_list("id", "number")
    )
    standing = notice_standings([row], on)[row.number]
    shown = {
        "notice": row,
        "standing": standing,
        "state": standing.state(),
        "days_left": (row.due_on - on).days,
        "party_name": party_names(visitor.tenant_id, [row.subject]).get(row.subject, ""),
        "goods": [
            (
                each,
                _rate(each.facts),
                [documents[UUID(one)] for one in each.proof if UUID(one) in documents],
                numbers.get(each.violation_id, "") if visitor.is_operator else "",
            )
            for each in goods
        ],
        "form": form,
        "may_act": visitor.may(ACT_FOR_PARTY) and standing.off < standing.goods,
    }
    return render(request, "console/goods_notice.html", shown, status=422 if form.wrong else 200)


def _rate(facts: dict[str, object]) -> str:
    quality, signed = facts.get("quality"), facts.get("signed")
    if not isinstance(quality, int) or not isinstance(signed, int):
        return ""
    return f"{quality} / {signed} ({percent(quality, signed)})"


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def goods_notice_new(request: VisitorRequest) -> HttpResponse:
    """Show which goods fail by their quality refunds, and tell their provider."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    form = form_blank("goods", NOTICE_FIELDS)
    if request.method == "POST":
        form = form_read("goods", NOTICE_FIELDS, request.POST)
        number = "" if form.wrong else _notice_sent(request, form)
        if number:
            return HttpResponseRedirect(reverse("goods_notice", args=[number]))
    provider = field(request, "provider")
    failing = []
    if provider:
        failing = goods_failing(visitor.tenant_id, day_of(now), now, [provider])[:FAILING_SHOWN]
    if provider and request.method == "GET":
        likely = [each.goods.item_id for each in failing if not each.few]
        filled = {
            "goods_provider": provider,
            "goods_reason": "quality_refund",
            "goods_items": "\n".join(likely),
        }
        for each in form.fields:
            each.value = filled.get(each.name, "")
    shown = {
        "form": form,
        "provider": provider,
        "failing": [
            (each, percent(each.goods.quality, each.goods.signed), percent(each.target_ppm, 10**6))
            for each in failing
        ],
    }
    return render(
        request, "console/goods_notice_new.html", shown, status=422 if form.wrong else 200
    )


def _notice_sent(request: VisitorRequest, form: Form) -> str:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    values = form.values
    facts: dict[str, dict[str, object]] = {item: {} for item in values["goods_items"]}
    try:
        if values["goods_reason"] == "quality_refund":
            for each in goods_failing(
                visitor.tenant_id, day_of(now), now, [values["goods_provider"]]
            ):
                if each.goods.item_id in facts:
                    facts[each.goods.item_id] = {
                        "quality": each.goods.quality, "signed": each.goods.signed,
                    }  # fmt: skip
        new = NewGoodsNotice(
            values["goods_provider"], values["goods_reason"], facts, visitor.name, values["note"]
        )
        row = goods_notice_send(visitor.tenant_id, new, now)
    except EarnestError as error:
        form.refused(error, NOTICE_AT)
        return ""
    messages.success(request, text("goods.sent"))
    return row.number


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL, SEE_OWN)
def samplings(request: VisitorRequest) -> HttpResponse:
    """List the sampling inspections, and plan one."""
    visitor = request.visitor
    provider_only(visitor)
    form = form_blank("sampling", SAMPLING_FIELDS)
    if request.method == "POST":
        if not visitor.may(REVIEW):
            raise PermissionDenied
        form = form_read("sampling", SAMPLING_FIELDS, request.POST)
        number = "" if form.wrong else _planned(request, form)
        if number:
            return HttpResponseRedirect(reverse("sampling", args=[number]))
    found = samplings_found(visitor.tenant_id, _provider_asked(request))
    if not visitor.is_operator:
        found = found.filter(samples__state__in=TOLD_STATES).distinct()
    page = page_of(request, found)
    rows = list(page.object_list)
    counts = sample_counts(rows)
    shown = {
        "page": page,
        "rows": [(row, _counted(counts[row.number], inside=visitor.is_operator)) for row in rows],
        "names": party_names(visitor.tenant_id, {row.subject for row in rows}),
        "provider": _provider_asked(request) if visitor.is_operator else "",
        "form": form,
        "may_review": visitor.may(REVIEW),
    }
    return render(request, "console/samplings.html", shown, status=422 if form.wrong else 200)


def _counted(counts: dict[str, int], *, inside: bool) -> list[tuple[str, int]]:
    return [
        (state, count) for state, count in sorted(counts.items()) if inside or state in TOLD_STATES
    ]


def _planned(request: VisitorRequest, form: Form) -> str:
    visitor, values = request.visitor, form.values
    asked = SamplingAsked(
        values["sampling_provider"],
        values["sampling_seed"],
        visitor.name,
        values["note"],
        values["sampling_on"],
    )
    try:
        row = sampling_plan(visitor.tenant_id, asked, present(visitor.tenant_id))
    except EarnestError as error:
        form.refused(error, SAMPLING_AT)
        return ""
    messages.success(request, text("sampling.planned"))
    return row.number


def _round_own(request: VisitorRequest, number: str) -> SamplingRound:
    visitor = request.visitor
    row = sampling_get(visitor.tenant_id, number)
    own_or_not_found(visitor, row.subject)
    if not visitor.is_operator and not row.samples.filter(state__in=TOLD_STATES).exists():
        own_or_not_found(visitor, ("provider", ""))
    return row


@require_GET
@needs(SEE_ALL, SEE_OWN)
def sampling(request: VisitorRequest, number: str) -> HttpResponse:
    """Show a sampling: how its goods were chosen, and where each sample stands."""
    return _round_page(request, _round_own(request, number), None)


@require_POST
@needs(REVIEW, ACT_FOR_PARTY)
def sample_act(request: VisitorRequest, number: str, place: int, act: str) -> HttpResponse:
    """Take, send, drop or judge a sample, or ask for a re-test."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    row = _round_own(request, number)
    if act not in ACTS or not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    with transaction.atomic():
        sample = sample_locked(visitor.tenant_id, number, place)
        files = request.FILES.getlist("files")[:1] if ACTS[act].takes_file else []
        try:
            kept = files_kept(visitor, row.provider_id, files, now)
        except EarnestError as error:
            form = form_read(act, ACTS[act].asked, request.POST)
            form.refused(error, {})
        else:
            form = act_done(act, Acting(sample, visitor.name, now, kept), request.POST)
        if form.wrong:
            transaction.set_rollback(True)
    if form.wrong:
        return _round_page(request, row, (place, form))
    messages.success(request, text("sampling.done"))
    return HttpResponseRedirect(reverse("sampling", args=[number]))


def _round_page(
    request: VisitorRequest, row: SamplingRound, tried: tuple[int, Form] | None
) -> HttpResponse:
    visitor = request.visitor
    samples = samples_shown(row, visitor, tried)
    ids = [each.sample.violation_id for each in samples if each.sample.violation_id]
    found = Violation.objects.filter(tenant_id=visitor.tenant_id, id__in=ids)
    offered = {act.name for each in samples for act in each.acts}
    shown = {
        "round": row,
        "party_name": party_names(visitor.tenant_id, [row.subject]).get(row.subject, ""),
        "samples": samples,
        "violations": dict(found.values_list("id", "number")),
        "problem": tried[1].problem if tried and tried[1].name not in offered else "",
    }
    return render(request, "console/sampling.html", shown, status=422 if tried else 200)

"""Goods: notices with their days, inspections with their results, findings, screening, figures."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field, StringConstraints

from earnest.api.access import Caller, caller_who_may, missing, now_for, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, Text
from earnest.catalogue.figures import Share, takedowns_on_time
from earnest.catalogue.findings import NewFinding, finding_add
from earnest.catalogue.models import (
    FOUND,
    PASSED,
    RETEST,
    STANDS,
    WITHDRAWN,
    GoodsNotice,
    SamplingRound,
)
from earnest.catalogue.queries import (
    goods_findings_found,
    goods_notices_found,
    notice_standings,
    samplings_found,
)
from earnest.catalogue.results import retest_ask
from earnest.catalogue.sampling import SamplingAsked, sampling_get, sampling_plan
from earnest.catalogue.screening import text_screen
from earnest.catalogue.takedowns import (
    NewGoodsNotice,
    TakenDown,
    goods_notice_get,
    goods_notice_send,
    goods_taken_down,
)
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotAllowed, NotFound
from earnest.market.roles import ACT_FOR_PARTY, REVIEW, SEE_ALL, sees

router = Router(tags=["goods"])

TOLD = (PASSED, FOUND, RETEST, STANDS, WITHDRAWN)
"""A provider sees nothing of a sample before the lab has spoken."""

Long = Annotated[str, StringConstraints(max_length=4000)]
Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
NumberPath = Annotated[Number, Path(description="number of the notice or the sampling")]


class GoodsOut(Schema):
    """One of the goods of a notice, and how it came off the shelf."""

    item_id: str
    facts: dict[str, Any]
    off_on: date | None
    off_by: str
    overdue_on: date | None


class GoodsNoticeOut(Schema):
    """A notice of goods: ``state`` is open, overdue or done; ``due_on`` the last day to act."""

    number: str
    provider_id: str
    reason: str
    clause: str
    note: str
    told_on: date
    due_on: date
    state: str
    goods: list[GoodsOut]


class GoodsNoticeList(Schema):
    """Notices, the newest first."""

    items: list[GoodsNoticeOut]


class GoodsNoticeIn(Schema):
    """Goods that a provider is told to take down; ``goods`` by their ids."""

    provider_id: Text
    reason: Literal["quality_refund", "inspection", "screening"]
    goods: Annotated[list[Text], Field(min_length=1, max_length=200)]
    note: Long = ""


class TakenDownIn(Schema):
    """Goods of a notice that are off the shelf, with documents that prove it."""

    goods: list[Text]
    note: Long = ""
    documents: list[UUID] = []


class SampleOut(Schema):
    """A sample and where it stands; providers see it once the lab has spoken."""

    place: int
    item_id: str
    state: str
    result: str
    found_on: date | None
    retest_until: date | None


class SamplingOut(Schema):
    """A sampling: the choice follows from ``seed`` and the goods with sales."""

    number: str
    provider_id: str
    since_on: date
    assessed_on: date
    seed: str
    eligible: int
    eligible_hash: str
    planned_at: datetime
    samples: list[SampleOut]


class SamplingList(Schema):
    """Samplings, the newest first."""

    items: list[SamplingOut]


class SamplingIn(Schema):
    """A sampling to be planned, by a seed."""

    provider_id: Text
    seed: Text
    note: Long = ""
    on: date | None = None


class RetestIn(Schema):
    """Why a re-test is asked for."""

    reason: Long


class FindingIn(Schema):
    """What a person found wrong, with documents or a note."""

    provider_id: Text
    thing: Literal["listing", "parcel", "message"]
    thing_id: Text
    kind: Text
    happened_on: date
    note: Long = ""
    documents: list[UUID] = []


class FindingOut(Schema):
    """A finding on goods, and the violation report that it became."""

    id: UUID
    provider_id: str
    thing: str
    thing_id: str
    kind: str
    clause: str
    origin: str
    happened_on: date
    marked: str
    note: str
    violation_id: UUID | None


class FindingList(Schema):
    """Findings, the newest first."""

    items: list[FindingOut]


class ScreenIn(Schema):
    """The words of a listing."""

    text: Long


class MatchOut(Schema):
    """A hint in a text: half-open places of the match, counted in characters."""

    pattern: str
    kind: str
    start: int
    end: int
    marked: str


class ScreenOut(Schema):
    """What a text hints at; nothing is kept or reported."""

    matches: list[MatchOut]


class ShareOut(Schema):
    """So many of so many, for one provider and month."""

    provider_id: str
    month: str
    counted: int
    out_of: int


class ShareList(Schema):
    """Shares, the newest month first."""

    items: list[ShareOut]


def _scope(caller: Caller, provider_id: str) -> str:
    if caller.sees_all:
        return provider_id
    if caller.own[0] != "provider":
        raise NotAllowed(
            "provider_only",
            where=caller.role,
            zh="商品治理只涉及服务商。",
            en="notices and inspections of goods are a provider's",
        )
    if provider_id not in {"", caller.own[1]}:
        raise missing("provider_id")
    return caller.own[1]


def _notice_out(row: GoodsNotice, on: date) -> dict[str, Any]:
    derived = {"state", "goods"}
    return {
        **{name: getattr(row, name) for name in set(GoodsNoticeOut.model_fields) - derived},
        "state": notice_standings([row], on)[row.number].state(),
        "goods": list(row.goods.order_by("item_id")),
    }


def _round_out(caller: Caller, row: SamplingRound) -> dict[str, Any]:
    samples = row.samples.order_by("place")
    if not caller.sees_all:
        samples = samples.filter(state__in=TOLD)
    names = set(SamplingOut.model_fields) - {"samples"}
    return {**{name: getattr(row, name) for name in names}, "samples": list(samples)}


def _notice_own(caller: Caller, number: str) -> GoodsNotice:
    try:
        row = goods_notice_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, row.subject):
        raise missing("number")
    return row


@router.get(
    "/goods/notices", response={200: GoodsNoticeList, ERRORS: ProblemOut}, summary="List notices"
)
def goods_notices_list(
    request: HttpRequest,
    provider_id: Text = "",
    state: Literal["open", "overdue", "done"] | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List notices of goods to be taken down, the newest first."""
    caller = reader_of(request)
    on = day_of(now_for(caller))
    found = goods_notices_found(
        caller.tenant_id, provider_id=_scope(caller, provider_id), state=state or "", on=on
    )
    return {"items": [_notice_out(each, on) for each in found[:limit]]}


@router.post(
    "/goods/notices", response={200: GoodsNoticeOut, ERRORS: ProblemOut}, summary="Tell a provider"
)
def goods_notice_post(request: HttpRequest, body: GoodsNoticeIn) -> dict[str, Any]:
    """Tell a provider which goods fail, and by which day they have to be off."""
    caller = caller_who_may(request, REVIEW)
    now = now_for(caller)
    goods: dict[str, dict[str, Any]] = {item: {} for item in body.goods}
    new = NewGoodsNotice(body.provider_id, body.reason, goods, caller.name, body.note)
    return _notice_out(goods_notice_send(caller.tenant_id, new, now), day_of(now))


@router.get(
    "/goods/notices/{number}",
    response={200: GoodsNoticeOut, ERRORS: ProblemOut},
    summary="Show a notice",
)
def goods_notice_show(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Show one notice of goods."""
    caller = reader_of(request)
    return _notice_out(_notice_own(caller, number), day_of(now_for(caller)))


@router.post(
    "/goods/notices/{number}/down",
    response={200: GoodsNoticeOut, ERRORS: ProblemOut},
    summary="Say that goods are off",
)
def goods_notice_taken_down(
    request: HttpRequest, number: NumberPath, body: TakenDownIn
) -> dict[str, Any]:
    """Say, as their provider, that goods of a notice are off the shelf."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    row, now = _notice_own(caller, number), now_for(caller)
    said = TakenDown(body.goods, caller.name, body.note, body.documents)
    goods_taken_down(caller.tenant_id, number, said, now)
    return _notice_out(row, day_of(now))


@router.get(
    "/goods/samplings", response={200: SamplingList, ERRORS: ProblemOut}, summary="List samplings"
)
def goods_samplings_list(
    request: HttpRequest, provider_id: Text = "", limit: Limit = 100
) -> dict[str, Any]:
    """List sampling inspections, the newest first."""
    caller = reader_of(request)
    found = samplings_found(caller.tenant_id, _scope(caller, provider_id))
    if not caller.sees_all:
        found = found.filter(samples__state__in=TOLD).distinct()
    return {"items": [_round_out(caller, each) for each in found[:limit]]}


@router.post(
    "/goods/samplings", response={200: SamplingOut, ERRORS: ProblemOut}, summary="Plan a sampling"
)
def goods_sampling_post(request: HttpRequest, body: SamplingIn) -> dict[str, Any]:
    """Choose goods of a provider for inspection, by a seed."""
    caller = caller_who_may(request, REVIEW)
    asked = SamplingAsked(body.provider_id, body.seed, caller.name, body.note, body.on)
    return _round_out(caller, sampling_plan(caller.tenant_id, asked, now_for(caller)))


@router.post(
    "/goods/samplings/{number}/{place}/retest",
    response={200: SamplingOut, ERRORS: ProblemOut},
    summary="Ask for a re-test",
)
def goods_sample_retest(
    request: HttpRequest, number: NumberPath, place: int, body: RetestIn
) -> dict[str, Any]:
    """Ask for a re-test of a finding, as its provider."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    try:
        row = sampling_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    told = row.samples.filter(place=place, state__in=TOLD).exists()
    if not sees(caller.role, caller.own, row.subject) or not told:
        raise missing("number")
    retest_ask(caller.tenant_id, number, place, caller.name, body.reason, now_for(caller))
    return _round_out(caller, row)


@router.get(
    "/goods/findings", response={200: FindingList, ERRORS: ProblemOut}, summary="List findings"
)
def goods_findings_list(
    request: HttpRequest,
    provider_id: Text = "",
    kind: Text = "",
    origin: Annotated[str, Query(pattern="^(|feed|person|text_screen)$")] = "",
    limit: Limit = 100,
) -> dict[str, Any]:
    """List what was found wrong with goods, the newest first."""
    caller = caller_who_may(request, SEE_ALL)
    found = goods_findings_found(
        caller.tenant_id, provider_id=provider_id, kind=kind, origin=origin
    )
    return {"items": list(found[:limit])}


@router.post(
    "/goods/findings", response={200: FindingOut, ERRORS: ProblemOut}, summary="Keep a finding"
)
def goods_finding_post(request: HttpRequest, body: FindingIn) -> Any:
    """Keep what a person found and report it; the same again is the one kept before."""
    caller = caller_who_may(request, REVIEW)
    given = {**body.model_dump(), "documents": tuple(body.documents), "actor": caller.name}
    row, _ = finding_add(caller.tenant_id, NewFinding(**given), now_for(caller))
    return row


@router.post(
    "/goods/screening", response={200: ScreenOut, ERRORS: ProblemOut}, summary="Screen a text"
)
def goods_text_screen(request: HttpRequest, body: ScreenIn) -> dict[str, Any]:
    """Return what the words of a listing hint at; nothing is kept, so anybody may ask."""
    reader_of(request)
    return {"matches": text_screen(body.text)}


@router.get(
    "/goods/takedowns",
    response={200: ShareList, ERRORS: ProblemOut},
    summary="Takedowns in time",
)
def goods_takedowns_list(request: HttpRequest, provider_id: Text = "") -> dict[str, list[Share]]:
    """Return how many goods came off in time, by provider and month."""
    caller = reader_of(request)
    own = _scope(caller, provider_id)
    return {"items": takedowns_on_time(caller.tenant_id, day_of(now_for(caller)), own)}

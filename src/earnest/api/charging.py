"""Charging plans: written and filed by providers, reviewed by the platform; and what differs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field, StringConstraints

from earnest.api.access import Caller, caller_who_may, missing, now_for, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, Text
from earnest.charging.models import ChargingPlan, Difference
from earnest.charging.offers import NewOffer, offer_see
from earnest.charging.plans import (
    PlanDraft,
    plan_amend,
    plan_draft,
    plan_file,
    plan_get,
    plan_withdraw,
)
from earnest.charging.queries import (
    PlanFilter,
    ball_with,
    charges_of,
    differences_found,
    plan_standing,
    plans_found,
)
from earnest.charging.review import (
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotAllowed, NotFound
from earnest.kernel.money import FEN_MAX
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW, SEE_ALL, sees

router = Router(tags=["charging"])

Fen = Annotated[int, Field(ge=0, le=FEN_MAX)]
Long = Annotated[str, StringConstraints(max_length=4000)]
Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
NumberPath = Annotated[Number, Path(description="number of the plan, as F000001")]
State = Literal[
    "to_do", "draft", "filed", "in_review", "reviewed", "sent_back", "approved", "refused",
    "withdrawn",
]  # fmt: skip
Period = Literal["month", "quarter", "half_year", "year", "once", "per_use"]


class PlanIn(Schema):
    """One version of a paid function, as its provider writes it; prices in fen."""

    app: Text
    plan_code: Text
    version: Text
    name_zh: Text
    name_en: Text = ""
    adds: Long
    base_keeps: Long
    price_fen: Fen
    period: Period
    wording_here: Long
    wording_there: Long = ""
    price_there_fen: Fen | None = None
    wanted_on: date
    documents: list[UUID] = []

    def draft(self) -> PlanDraft:
        """Return it as the room takes it."""
        return PlanDraft(**{**self.model_dump(), "documents": tuple(self.documents)})


class PlanOut(Schema):
    """A plan: ``standing`` knows the day, ``ball`` says who has the next step."""

    number: str
    provider_id: str
    app: str
    plan_code: str
    version: str
    name_zh: str
    name_en: str
    adds: str
    base_keeps: str
    price_fen: int
    period: str
    wording_here: str
    wording_there: str
    price_there_fen: int | None
    wanted_on: date
    state: str
    standing: str
    ball: str
    effective_on: date | None
    ended_on: date | None
    filed_at: datetime | None
    documents: list[str]


class PlanPage(Schema):
    """Plans, the newest first, and where the next page starts (null at the end)."""

    items: list[PlanOut]
    next_cursor: str | None


class ReviewIn(Schema):
    """What the first person says; ``checks`` by name, a check that is left out is not ticked."""

    verdict: Literal["approve", "refuse", "send_back"]
    note: Long = ""
    checks: dict[Text, bool] = {}


class SettleIn(Schema):
    """What the second person says; without a day an approved plan counts from the day wanted."""

    agrees: bool
    note: Long = ""
    effective_on: date | None = None


class WithdrawIn(Schema):
    """Why a plan is taken back."""

    reason: Long


class OfferIn(Schema):
    """What was read on one platform; ``price_fen`` null where no price is shown."""

    provider_id: Text
    app: Text
    plan_code: Text
    side: Literal["kuaishou", "1688"]
    wording: Long
    price_fen: Fen | None = None
    seen_at: datetime
    document_id: UUID | None = None


class DifferenceOut(Schema):
    """What differs, with both sides; ``charges`` and ``paid_fen`` for differences of charges."""

    id: UUID
    provider_id: str
    plan_code: str
    kind: str
    clause: str
    month: str
    happened_on: date
    one_side: dict[str, Any]
    other_side: dict[str, Any]
    charges: int
    paid_fen: int
    found_at: datetime
    violation_id: UUID | None


class OfferOut(Schema):
    """An offer that was kept, and the differences that are new with it."""

    id: UUID
    differences: list[str]


class DifferenceList(Schema):
    """Differences, the newest first."""

    items: list[DifferenceOut]


def _out(caller: Caller, plan: ChargingPlan) -> dict[str, Any]:
    derived = {"standing", "ball"}
    return {
        **{name: getattr(plan, name) for name in set(PlanOut.model_fields) - derived},
        "standing": plan_standing(plan, day_of(now_for(caller))),
        "ball": ball_with(plan),
    }


def _own(caller: Caller, number: str) -> ChargingPlan:
    try:
        plan = plan_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, plan.subject):
        raise missing("number")
    return plan


def _provider_of(caller: Caller) -> str:
    if caller.own[0] != "provider":
        raise NotAllowed(
            "provider_only",
            where=caller.role,
            zh="只有服务商备案收费功能。",
            en="only a provider files plans for paid functions",
        )
    return caller.own[1]


@router.get("/charging/plans", response={200: PlanPage, ERRORS: ProblemOut}, summary="List plans")
def charging_plans_list(
    request: HttpRequest,
    provider_id: Text = "",
    plan_code: Text = "",
    state: State | None = None,
    cursor: Annotated[Number | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List plans for paid functions, the newest first; a provider's own, or everybody's."""
    caller = reader_of(request)
    if not caller.sees_all:
        own = _provider_of(caller)
        if provider_id not in {"", own}:
            raise missing("provider_id")
        provider_id = own
    found = plans_found(caller.tenant_id, PlanFilter(state or "", provider_id, plan_code))
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": [_out(caller, each) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get(
    "/charging/plans/{number}", response={200: PlanOut, ERRORS: ProblemOut}, summary="Show a plan"
)
def charging_plan_show(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Show one plan."""
    caller = reader_of(request)
    return _out(caller, _own(caller, number))


@router.post(
    "/charging/plans", response={200: PlanOut, ERRORS: ProblemOut}, summary="Write a plan down"
)
def charging_plan_write(request: HttpRequest, body: PlanIn) -> dict[str, Any]:
    """Write a plan down as a draft of the own provider."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    provider_id = _provider_of(caller)
    plan = plan_draft(caller.tenant_id, provider_id, body.draft(), caller.name, now_for(caller))
    return _out(caller, plan)


@router.post(
    "/charging/plans/{number}/amend",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="Change a draft",
)
def charging_plan_amend(request: HttpRequest, number: NumberPath, body: PlanIn) -> dict[str, Any]:
    """Change a draft, or a plan that was sent back."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    _own(caller, number)
    plan = plan_amend(caller.tenant_id, number, body.draft(), caller.name, now_for(caller))
    return _out(caller, plan)


@router.post(
    "/charging/plans/{number}/file",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="File a plan",
)
def charging_plan_file(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """File a plan: it goes to the platform's reviewers."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    _own(caller, number)
    return _out(caller, plan_file(caller.tenant_id, number, caller.name, now_for(caller)))


@router.post(
    "/charging/plans/{number}/withdraw",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="Withdraw a plan",
)
def charging_plan_withdraw(
    request: HttpRequest, number: NumberPath, body: WithdrawIn
) -> dict[str, Any]:
    """Take a plan back; an approved one may not be charged from tomorrow on."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    _own(caller, number)
    now = now_for(caller)
    return _out(caller, plan_withdraw(caller.tenant_id, number, caller.name, body.reason, now))


@router.post(
    "/charging/plans/{number}/take",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="Take a plan for review",
)
def charging_plan_take(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Take a filed plan: the caller becomes its first reviewer."""
    caller = caller_who_may(request, REVIEW)
    _own(caller, number)
    return _out(caller, plan_take(caller.tenant_id, number, caller.name, now_for(caller)))


@router.post(
    "/charging/plans/{number}/review",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="Review a plan",
)
def charging_plan_review(
    request: HttpRequest, number: NumberPath, body: ReviewIn
) -> dict[str, Any]:
    """Say what should become of a plan; approval and refusal wait for another person."""
    caller = caller_who_may(request, REVIEW)
    _own(caller, number)
    said = PlanReview(body.verdict, body.note, caller.name, body.checks)
    return _out(caller, plan_review(caller.tenant_id, number, said, now_for(caller)))


@router.post(
    "/charging/plans/{number}/settle",
    response={200: PlanOut, ERRORS: ProblemOut},
    summary="Settle a reviewed plan",
)
def charging_plan_settle(
    request: HttpRequest, number: NumberPath, body: SettleIn
) -> dict[str, Any]:
    """Settle a plan as the second person."""
    caller = caller_who_may(request, DECIDE)
    _own(caller, number)
    said = PlanSettling(body.agrees, body.note, caller.name, body.effective_on)
    return _out(caller, plan_settle(caller.tenant_id, number, said, now_for(caller)))


@router.post(
    "/charging/offers", response={200: OfferOut, ERRORS: ProblemOut}, summary="Keep an offer seen"
)
def charging_offer_see(request: HttpRequest, body: OfferIn) -> dict[str, Any]:
    """Keep an offer as it was seen on one platform; what differs from the other side is told."""
    caller = caller_who_may(request, REVIEW)
    offer, found = offer_see(
        caller.tenant_id, NewOffer(**body.model_dump(), actor=caller.name), now_for(caller)
    )
    return {"id": offer.id, "differences": sorted(each.kind for each in found)}


@router.get(
    "/charging/differences",
    response={200: DifferenceList, ERRORS: ProblemOut},
    summary="List what differs",
)
def charging_differences_list(
    request: HttpRequest,
    provider_id: Text = "",
    kind: Text = "",
    month: Text = "",
    limit: Limit = 100,
) -> dict[str, Any]:
    """List charges that are not as filed and offers that differ, the newest first."""
    caller = caller_who_may(request, SEE_ALL)
    found = differences_found(caller.tenant_id, provider_id=provider_id, kind=kind, month=month)
    rows = list(found[:limit])
    counted = charges_of(rows)
    return {"items": [_difference_out(row, counted.get(row.id, (0, 0))) for row in rows]}


def _difference_out(row: Difference, counted: tuple[int, int]) -> dict[str, Any]:
    derived = {"charges", "paid_fen"}
    return {
        **{name: getattr(row, name) for name in set(DifferenceOut.model_fields) - derived},
        "charges": counted[0],
        "paid_fen": counted[1],
    }

"""Departures: how providers leave, condition by condition, and what they still serve."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field, StringConstraints

from earnest.api.access import caller_who_may, missing, now_for, party_seen, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Bilingual, Limit, Text
from earnest.departure.exits import Standing, exit_begin
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get, departures_listed, exit_precheck
from earnest.departure.turns import turn_of
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.roles import ACT_FOR_PARTY, sees

router = Router(tags=["departures"])

Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
State = Literal[
    "applied", "checked", "approving", "winding_down", "completed", "withdrawn", "cancelled"
]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class DepartureOut(Schema):
    """How a provider leaves: ``way`` is exit or removal; ``serve_until`` is null without users."""

    number: str
    provider_id: str
    way: str
    state: str
    begun_on: date
    on_sale: int
    running: int
    subscription_ends_on: date | None
    serve_until: date | None
    plan_state: str
    plan_due_on: date | None
    case_number: str
    ended_at: datetime | None


class StepOut(Schema):
    """A step of the story."""

    what: str
    note: str
    at: datetime


class HandoverOut(Schema):
    """A merchant that is served on, until when, and whether it is settled."""

    shop_id: str
    serve_until: date
    arrangement: str
    settled_at: datetime | None


class TurnOut(Schema):
    """Whose turn it is: the provider's, a reviewer's, the approvers' or nobody's; for what."""

    who: str
    what: str
    due_on: date | None
    late: bool


class DepartureFull(DepartureOut):
    """A departure with its plan, the merchants it names, and its story.

    ``turn`` is the next step, with its day where it has one; null once the departure has ended.
    """

    turn: TurnOut | None
    plan: str
    handovers: list[HandoverOut]
    steps: list[StepOut]


class ConditionOut(Schema):
    """A condition of leaving, with its figures."""

    name: str
    holds: bool
    clause: str
    title: Bilingual
    said: Bilingual


class PrecheckOut(Schema):
    """Whether a provider may leave now, and what would be paid back, in fen."""

    allowed: bool
    refund_fen: int
    conditions: list[ConditionOut]


class ExitIn(Schema):
    """What no data tells of a provider that leaves."""

    on_sale: Count
    running: Count
    subscription_ends_on: date | None = None
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


def _out(row: Departure) -> dict[str, Any]:
    return {name: getattr(row, name) for name in DepartureOut.model_fields}


@router.get(
    "/departures",
    response={200: list[DepartureOut], ERRORS: ProblemOut},
    summary="List departures",
)
def departures_list(
    request: HttpRequest, state: State | None = None, limit: Limit = 100
) -> list[dict[str, Any]]:
    """List departures, newest first; a provider sees its own."""
    caller = reader_of(request)
    own = "" if caller.sees_all else caller.own[1]
    if not caller.sees_all and caller.own[0] != "provider":
        return []
    found = departures_listed(caller.tenant_id, provider_id=own, state=state or "")
    return [_out(row) for row in found[:limit]]


@router.get(
    "/departures/{number}",
    response={200: DepartureFull, ERRORS: ProblemOut},
    summary="Show a departure",
)
def departure_show(
    request: HttpRequest, number: Annotated[Number, Path(description="number of the departure")]
) -> dict[str, Any]:
    """Show a departure with what is still served and its story."""
    caller = reader_of(request)
    try:
        row = departure_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, row.subject):
        raise missing("number")
    return {
        **_out(row),
        "turn": turn_of(row, day_of(now_for(caller))),
        "plan": row.plan,
        "handovers": list(row.handovers.all()),
        "steps": list(row.steps.all()),
    }


@router.get(
    "/providers/{provider_id}/exit-check",
    response={200: PrecheckOut, ERRORS: ProblemOut},
    summary="Check whether a provider may leave",
)
def exit_check(
    request: HttpRequest,
    provider_id: Annotated[Text, Path(description="id of the provider")],
    on_sale: Count = 0,
    running: Count = 0,
) -> dict[str, Any]:
    """Return each condition of leaving with its figures; nothing is applied for (S0-3.3)."""
    caller = reader_of(request)
    subject = party_seen(caller, ("provider", provider_id))
    found = exit_precheck(
        caller.tenant_id, subject[1], on_sale=on_sale, running=running, now=now_for(caller)
    )
    return {
        "allowed": found.allowed,
        "refund_fen": found.amount_fen,
        "conditions": [
            {
                "name": row.name,
                "holds": row.holds,
                "clause": row.clause,
                "title": {"zh": row.title_zh, "en": row.title_en},
                "said": {"zh": row.zh, "en": row.en},
            }
            for row in found.rows
        ],
    }


@router.post(
    "/providers/{provider_id}/exit",
    response={201: DepartureOut, ERRORS: ProblemOut},
    summary="Apply for leaving",
)
def exit_apply(
    request: HttpRequest,
    provider_id: Annotated[Text, Path(description="id of the provider")],
    body: ExitIn,
) -> Status[dict[str, Any]]:
    """Apply for leaving the market; only the provider itself may."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    subject = party_seen(caller, ("provider", provider_id))
    standing = Standing(body.on_sale, body.running, body.subscription_ends_on)
    row = exit_begin(
        caller.tenant_id, subject[1], standing, actor=caller.name, reason=body.reason,
        now=now_for(caller),
    )  # fmt: skip
    return Status(201, _out(row))

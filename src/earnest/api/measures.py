"""Measures: figures that the cycles kept, figures of now, and the orders behind them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from earnest.api.access import Caller, missing, now_for, reader_of, scope_of, subject_seen
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, Text
from earnest.kernel.errors import BadInput
from earnest.measures import MEASURES, Measure
from earnest.measures.queries import contributions, measure, results
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.rulebooks.switches import measure_parameter

router = Router(tags=["measures"])

WINDOW_DAYS_MAX = 400

MeasuredKind = Literal["provider", "shop", "category", "all"]
Contribution = dict[str, Any]


class MeasureOut(Schema):
    """A figure: exact numbers, the window, and whether later events can still change it.

    A rate is ``numerator`` of ``denominator``; money is in fen, scores in whole tenths.
    ``pending`` are too young to be judged and stand in neither number.
    """

    subject_kind: str
    subject: str
    measure: str
    numerator: int
    denominator: int
    sample: int
    pending: int
    window_from: date
    window_to: date
    cutoff_at: datetime
    state: str
    dimensions: dict[str, Any]
    formula_hash: str


class MeasureList(Schema):
    """Figures, and whether they were computed for this answer or kept by a cycle."""

    live: bool
    items: list[MeasureOut]
    next_cursor: int | None


class OrderList(Schema):
    """The orders (or requests, or answers) that a figure is the sum of."""

    measure: str
    items: list[Contribution]
    complete: bool


class MeasureQuery(Schema):
    """Which figures: a measure, a kind of subject or one subject, days from and to (included)."""

    name: Text | None = None
    subject_kind: MeasuredKind | None = None
    subject: Text | None = None
    from_: date | None = Field(None, alias="from")
    to: date | None = None


class OrderQuery(Schema):
    """One subject, and the days from and to, both included."""

    subject_kind: MeasuredKind
    subject: Text
    from_: date = Field(alias="from")
    to: date


def _measure(name: str) -> Measure:
    if name not in MEASURES:
        raise missing("measure")
    return MEASURES[name]


def _window(first: date, last: date) -> tuple[date, date]:
    if not 0 <= (last - first).days < WINDOW_DAYS_MAX:
        raise BadInput(
            "bad_window",
            where="from, to",
            zh=f"from 不得晚于 to，两者相隔少于 {WINDOW_DAYS_MAX} 天。",
            en=f"from must not be later than to, and less than {WINDOW_DAYS_MAX} days before it",
        )
    return first, last


def _parameters(wanted: Measure, last: date) -> dict[str, int]:
    """Return what a measure needs from the rulebook: as on its last day, or in the first edition.

    Counting needs no rule in force: older orders are counted by the first edition's hours.
    """
    pack = pack_of(SUPPLY_MARKET)
    on = max(last, pack.in_force_from())
    return {
        each.name: measure_parameter(pack, each.pack_parameter, on) for each in wanted.parameters
    }


def _live(caller: Caller, query: MeasureQuery, scope: tuple[str, str]) -> list[Any]:
    if query.name is None or query.from_ is None or query.to is None or not scope[0]:
        raise BadInput(
            "field_missing",
            where="name, subject_kind, from, to",
            zh="live=true 时必须给出 name、subject_kind、from 和 to。",
            en="live=true needs name, subject_kind, from and to",
        )
    wanted = _measure(query.name)
    first, last = _window(query.from_, query.to)
    return measure(
        caller.tenant_id,
        wanted.name,
        first,
        last,
        by=scope[0],
        as_of=now_for(caller),
        params=_parameters(wanted, last),
        subjects=[scope[1]] if scope[1] else None,
    )


@router.get("/measures", response={200: MeasureList, ERRORS: ProblemOut}, summary="List figures")
def measures_list(
    request: HttpRequest,
    query: Query[MeasureQuery],
    live: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    cursor: Annotated[int, Query(ge=1, le=2**63 - 1)] | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List figures that the cycles kept, newest window first; or compute them now (``live``).

    Kept figures are those that findings rest on. A live figure counts everything known by now.
    """
    caller = reader_of(request)
    scope = scope_of(caller, query.subject_kind, query.subject)
    if live:
        return {"live": True, "items": _live(caller, query, scope), "next_cursor": None}
    found = results(
        caller.tenant_id,
        measure=query.name or "",
        subject_kind=scope[0],
        subject=scope[1],
        first=query.from_,
        last=query.to,
    )
    if cursor is not None:
        found = found.filter(id__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "live": False,
        "items": rows[:limit],
        "next_cursor": rows[limit - 1].id if rows[limit:] else None,
    }


@router.get(
    "/measures/{name}/orders",
    response={200: OrderList, ERRORS: ProblemOut},
    summary="List the orders behind a figure",
)
def measure_orders(
    request: HttpRequest, name: Text, query: Query[OrderQuery], limit: Limit = 100
) -> dict[str, Any]:
    """List what a figure is the sum of: each order, whether it counted, why, and its times."""
    caller = reader_of(request)
    kind, subject = subject_seen(caller, (query.subject_kind, query.subject))
    wanted = _measure(name)
    first, last = _window(query.from_, query.to)
    rows = contributions(
        caller.tenant_id,
        name,
        first,
        last,
        subject_kind=kind,
        subject=subject,
        as_of=now_for(caller),
        params=_parameters(wanted, last),
        limit=limit + 1,
    )
    return {"measure": name, "items": rows[:limit], "complete": len(rows) <= limit}

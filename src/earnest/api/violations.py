"""Violations: reported by systems and people, looked into by reviewers, seen by their party."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field, StringConstraints

from earnest.api.access import (
    Caller,
    caller_of,
    caller_who_may,
    missing,
    now_for,
    reader_of,
    scope_of,
)
from earnest.api.decisions import DecisionOut
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, SubjectQuery, Text
from earnest.kernel.errors import NotFound
from earnest.market.roles import REVIEW, SEND_EVENTS, may
from earnest.violations.corrections import tickets_of
from earnest.violations.models import FOUND, IN_REVIEW, REPORTED, Violation
from earnest.violations.protection_queries import (
    ENDED,
    IN_FORCE,
    ProtectionShown,
    protections_shown,
)
from earnest.violations.queries import (
    ViolationFilter,
    decisions_shown,
    violation_get,
    violation_told,
    violations_found,
    violations_told,
)
from earnest.violations.reports import Report, ReportItem, violation_report

router = Router(tags=["violations"])

Source = Literal["measure", "report", "inspection", "complaint", "screening", "regulator"]
State = Literal["open", "reported", "in_review", "asked", "found", "dismissed"]
Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
Long = Annotated[str, StringConstraints(max_length=4000)]
About = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ItemIn(Schema):
    """One thing that a provider is said to have done; ``clause`` empty takes the kind's own.

    ``facts`` are plain data: ``listing``, ``item_id``, ``charge``, ``function``, ``brand``,
    ``category`` or ``month`` name what it is about; ``stake_fen`` and ``loss_fen`` are money.
    """

    kind: Text
    clause: Text = ""
    happened_on: date
    facts: dict[Text, str | int | bool | None] = {}
    documents: list[UUID] = []
    note: Long = ""


class ReportIn(Schema):
    """A report about one provider; the same ``about`` again gives the same violation."""

    provider_id: Text
    source: Source
    about: About
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=50)]
    note: Long = ""


class ItemOut(Schema):
    """One item; verdict and reason are told to the party once the finding is settled."""

    position: int
    kind: str
    clause: str
    happened_on: date
    facts: dict[str, Any]
    documents: list[str]
    verdict: str
    reason: str


class TurnOut(Schema):
    """A round of evidence: the question, its day, and the answer."""

    round: int
    question: str
    due_on: date
    answer: str
    answered_at: datetime | None
    lapsed_at: datetime | None
    reply: str


class ProtectionOut(Schema):
    """A protective measure during the review; it is no sanction and lasts until ``last_on``.

    ``state`` is waiting, in_force, ended or refused; ``because`` says why it is over. ``things``
    are the goods that it is about, none where it is about the whole service.
    """

    position: int
    measure: str
    state: str
    because: str
    reason: str
    last_on: date
    put_at: datetime
    closed_at: datetime | None
    things: list[str]
    said: str
    said_at: datetime | None
    decision_id: UUID


class ViolationOut(Schema):
    """A violation. ``source``, ``claimed_by`` and ``note`` are for operators."""

    number: str
    subject_kind: str
    subject_id: str
    state: str
    source: str
    severity: int
    note: str
    claimed_by: str
    reported_at: datetime
    settled_at: datetime | None


class ViolationPage(Schema):
    """Violations, the newest first, and where the next page starts (null at the end)."""

    items: list[ViolationOut]
    next_cursor: str | None


class ViolationFull(ViolationOut):
    """A violation with its items, evidence, protective measures, decisions and tickets."""

    items: list[ItemOut]
    turns: list[TurnOut]
    protections: list[ProtectionOut]
    decisions: list[DecisionOut]
    tickets: list[str]


def _out(caller: Caller, violation: Violation) -> dict[str, Any]:
    """Return a violation as its reader may see it; a reporter is never told to the party."""
    inside = caller.sees_all
    unsettled = violation.state == REPORTED or not _settled(violation)
    return {
        "number": violation.number,
        "subject_kind": violation.subject_kind,
        "subject_id": violation.subject_id,
        "state": violation.state if inside or not unsettled else IN_REVIEW,
        "source": violation.source if inside else "",
        "severity": violation.severity,
        "note": violation.note if inside else "",
        "claimed_by": violation.claimed_by if inside else "",
        "reported_at": violation.reported_at,
        "settled_at": violation.settled_at,
    }


def _settled(violation: Violation) -> bool:
    return violation.state != FOUND or violation.settled_at is not None


def _full(caller: Caller, violation: Violation) -> dict[str, Any]:
    told = caller.sees_all or (violation.state not in (REPORTED, IN_REVIEW) and _settled(violation))
    decisions = [
        each
        for each in decisions_shown(violation)
        if caller.sees_all or each.state not in ("waiting", "refused")
    ]
    items = sorted(violation.items.all(), key=lambda each: each.position)
    return {
        **_out(caller, violation),
        "items": [
            {
                **{name: getattr(each, name) for name in ItemOut.model_fields},
                "verdict": each.verdict if told else "open",
                "reason": each.reason if told else "",
            }
            for each in items
        ],
        "turns": sorted(violation.turns.all(), key=lambda each: each.round),
        "protections": [
            _protection(each)
            for each in protections_shown(violation)
            if caller.sees_all or each.state in (IN_FORCE, ENDED)
        ],
        "decisions": decisions,
        "tickets": [each.number for each in tickets_of(violation)],
    }


def _protection(shown: ProtectionShown) -> dict[str, Any]:
    row = shown.protection
    names = ("position", "measure", "reason", "last_on", "put_at", "closed_at", "said", "said_at")
    return {
        **{name: getattr(row, name) for name in names},
        "decision_id": row.decision_id,
        "state": shown.state,
        "because": shown.because,
        "things": list(dict.fromkeys(thing for _, thing in shown.restricted if thing)),
    }


@router.post(
    "/violations", response={200: ViolationFull, ERRORS: ProblemOut}, summary="Report a violation"
)
def violation_send(request: HttpRequest, body: ReportIn) -> dict[str, Any]:
    """Report what a provider is said to have done; sending it again is safe.

    Who only sends is answered with number and state; what was looked into since is for operators.
    """
    caller = caller_of(request)
    if not may(caller.role, SEND_EVENTS):
        caller = caller_who_may(request, REVIEW)
    items = [
        ReportItem(
            each.kind, each.clause, each.happened_on, each.facts, tuple(each.documents), each.note
        )
        for each in body.items
    ]
    report = Report(
        subject=("provider", body.provider_id),
        source=body.source,
        items=items,
        actor=caller.name,
        note=body.note,
        about=body.about,
    )
    made = violation_report(caller.tenant_id, report, now_for(caller))
    violation = violation_get(caller.tenant_id, made.number)
    return _full(caller, violation) if caller.sees_all else _receipt(caller, violation)


def _receipt(caller: Caller, violation: Violation) -> dict[str, Any]:
    """Return number and state for a sender; an earlier report may have been somebody else's."""
    nothing: dict[str, Any] = {
        "items": [],
        "turns": [],
        "protections": [],
        "decisions": [],
        "tickets": [],
    }
    return {**_out(caller, violation), "state": violation.state, **nothing}


@router.get(
    "/violations", response={200: ViolationPage, ERRORS: ProblemOut}, summary="List violations"
)
def violations_list(
    request: HttpRequest,
    query: Query[SubjectQuery],
    state: State | None = None,
    source: Source | None = None,
    cursor: Annotated[Number | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List violations, the newest first; a party's own, once it was told of them."""
    caller = reader_of(request)
    kind, subject = scope_of(caller, query.subject_kind, query.subject)
    if caller.sees_all:
        narrowed = ViolationFilter(state or "", source or "")
        found = violations_found(caller.tenant_id, narrowed)
        found = found.filter(subject_kind=kind) if kind else found
        found = found.filter(subject_id=subject) if subject else found
    else:
        found = violations_told(caller.tenant_id, (kind, subject))
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": [_out(caller, each) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get(
    "/violations/{number}",
    response={200: ViolationFull, ERRORS: ProblemOut},
    summary="Show a violation",
)
def violation_show(
    request: HttpRequest, number: Annotated[Number, Path(description="number of the violation")]
) -> dict[str, Any]:
    """Show a violation with items, evidence, protective measures, decisions and tickets."""
    caller = reader_of(request)
    try:
        if caller.sees_all:
            return _full(caller, violation_get(caller.tenant_id, number))
        return _full(caller, violation_told(caller.tenant_id, caller.own, number))
    except NotFound:
        raise missing("number") from None

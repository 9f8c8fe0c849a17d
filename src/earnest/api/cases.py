"""Cases: what was asked about deposits, by whom, what was decided, and what that did."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import StringConstraints

from earnest.api.access import Caller, missing, reader_of, scope_of
from earnest.api.decisions import DecisionOut
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, SubjectQuery
from earnest.cases.filing import case_get
from earnest.cases.models import Case
from earnest.cases.queries import CaseFilter, case_state, cases_found, decisions_of_case
from earnest.kernel.errors import NotFound
from earnest.market.roles import sees

router = Router(tags=["cases"])

Kind = Literal["deduction", "hold", "raise", "category", "withdrawal", "exit", "discretion"]
State = Literal["open", "done", "refused", "withdrawn"]
Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]


class CaseOut(Schema):
    """Something asked for about one deposit. ``opened_by`` is for operators."""

    number: str
    kind: str
    state: str
    subject_kind: str
    subject_id: str
    note: str
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None


class CasePage(Schema):
    """Cases, the newest first, and where the next page starts (null at the end)."""

    items: list[CaseOut]
    next_cursor: str | None


class EntryOut(Schema):
    """One step of a case's story. ``actor`` is for operators."""

    what: str
    note: str
    evidence: list[str]
    actor: str
    at: datetime


class CaseFull(CaseOut):
    """A case with what was filed, its story, and its decisions."""

    id: UUID
    facts: dict[str, Any]
    entries: list[EntryOut]
    decisions: list[DecisionOut]


def _out(caller: Caller, case: Case) -> dict[str, Any]:
    columns = set(CaseOut.model_fields) - {"state", "opened_by"}
    return {
        **{name: getattr(case, name) for name in columns},
        "state": case_state(case),
        "opened_by": case.opened_by if caller.sees_all else "",
    }


@router.get("/cases", response={200: CasePage, ERRORS: ProblemOut}, summary="List cases")
def cases_list(
    request: HttpRequest,
    query: Query[SubjectQuery],
    kind: Kind | None = None,
    state: State | None = None,
    cursor: Annotated[Number | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List what was asked about deposits, the newest first."""
    caller = reader_of(request)
    subject_kind, subject = scope_of(caller, query.subject_kind, query.subject)
    found = cases_found(
        caller.tenant_id, CaseFilter(kind or "", state or "", subject_kind, subject)
    )
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": [_out(caller, each) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get("/cases/{number}", response={200: CaseFull, ERRORS: ProblemOut}, summary="Show a case")
def case_show(
    request: HttpRequest, number: Annotated[Number, Path(description="number of the case")]
) -> dict[str, Any]:
    """Show a case: what was filed, its story, and the decisions that it led to."""
    caller = reader_of(request)
    try:
        case = case_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, (case.subject_kind, case.subject_id)):
        raise missing("number")
    return {
        **_out(caller, case),
        "id": case.id,
        "facts": case.facts,
        "entries": [
            {
                "what": each.what,
                "note": each.note,
                "evidence": [str(proof) for proof in each.evidence],
                "actor": each.actor if caller.sees_all else "",
                "at": each.at,
            }
            for each in case.entries.order_by("at", "id")
        ],
        "decisions": decisions_of_case(case),
    }

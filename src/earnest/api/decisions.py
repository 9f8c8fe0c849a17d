"""Findings and decisions: lists, one decision with its whole basis, and people's words on it."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, StringConstraints

from earnest.api.access import Caller, caller_who_may, missing, now_for, reader_of, scope_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Bilingual, Limit, SubjectQuery, Text
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.decisions.queries import DecisionFilter, decision_get, decisions, findings
from earnest.kernel.errors import NotFound
from earnest.market.roles import DECIDE, sees
from earnest.rulebooks.packs import evaluation_of

router = Router(tags=["findings and decisions"])

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Seq = Annotated[int, Query(ge=1, le=2**63 - 1, description="next_cursor of the page before")]


class FindingOut(Schema):
    """A measure held against one clause for one month."""

    id: UUID
    rulebook: str
    decision: str
    subject_kind: str
    subject_id: str
    period: str
    clause: str
    measure: str
    numerator: int
    denominator: int
    sample: int
    window_from: date
    window_to: date
    status: str
    governing_on: date | None
    made_at: datetime


class FindingPage(Schema):
    """Findings, newest month first, and where the next page starts (null at the end)."""

    items: list[FindingOut]
    next_cursor: UUID | None


class DecisionOut(Schema):
    """A decision without its basis. Money is in fen."""

    id: UUID
    seq: int
    rulebook: str
    decision: str
    subject_kind: str
    subject_id: str
    period: str
    clause: str
    modality: str
    outcome: str
    money_fen: int
    governing_on: date | None
    made_at: datetime
    state: str
    settled_at: datetime | None
    approvals_needed: int


class DecisionPage(Schema):
    """Decisions, newest first, and where the next page starts (null at the end)."""

    items: list[DecisionOut]
    next_cursor: int | None


class ApprovalOut(Schema):
    """One person's word on a decision."""

    actor: str
    verdict: str
    reason: str
    at: datetime


class DecisionFull(DecisionOut):
    """A decision with receipt, trace, explanation, what took effect and its place in the chain.

    ``approvals`` is for operators; a party sees the outcome, not who inside agreed to it.
    """

    by_standing_order: bool
    receipt: dict[str, Any]
    trace: list[dict[str, Any]]
    explanation: Bilingual
    effect: dict[str, Any]
    approvals: list[ApprovalOut]
    previous_hash: str
    chain_hash: str


class Verdict(Schema):
    """Why a decision is approved or refused; the party's file keeps it."""

    reason: Annotated[
        str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")
    ]


class ListQuery(SubjectQuery):
    """What narrows a list of findings or decisions."""

    clause: Text | None = None
    month: Month | None = None
    decision: Text | None = None

    def narrowed(self, caller: Caller, **more: str | None) -> DecisionFilter:
        """Return the filter, limited to what the caller sees."""
        kind, subject = scope_of(caller, self.subject_kind, self.subject)
        return DecisionFilter(
            clause=self.clause or "",
            month=self.month or "",
            decision=self.decision or "",
            subject_kind=kind,
            subject_id=subject,
            **{name: value or "" for name, value in more.items()},
        )


@router.get("/findings", response={200: FindingPage, ERRORS: ProblemOut}, summary="List findings")
def findings_list(
    request: HttpRequest,
    query: Query[ListQuery],
    status: Text | None = None,
    measure: Text | None = None,
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List findings: each a measure held against one clause, with its numbers and verdict."""
    caller = reader_of(request)
    narrowed = query.narrowed(caller, outcome=status)
    found = findings(caller.tenant_id, narrowed, measure=measure or "").order_by("-period", "id")
    if cursor is not None:
        last = found.filter(id=cursor).first()
        if last is None:
            raise missing("cursor")
        found = found.filter(Q(period__lt=last.period) | Q(period=last.period, id__gt=cursor))
    rows = list(found[: limit + 1])
    return {"items": rows[:limit], "next_cursor": rows[limit - 1].id if rows[limit:] else None}


@router.get(
    "/decisions", response={200: DecisionPage, ERRORS: ProblemOut}, summary="List decisions"
)
def decisions_list(
    request: HttpRequest,
    query: Query[ListQuery],
    outcome: Text | None = None,
    state: Text | None = None,
    cursor: Seq | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List decisions, newest first."""
    caller = reader_of(request)
    found = decisions(caller.tenant_id, query.narrowed(caller, outcome=outcome, state=state))
    if cursor is not None:
        found = found.filter(seq__lt=cursor)
    rows = list(found[: limit + 1])
    return {"items": rows[:limit], "next_cursor": rows[limit - 1].seq if rows[limit:] else None}


def _seen(caller: Caller, decision_id: UUID) -> Decision:
    """Return a decision that the caller sees; another's is answered like one that is not there."""
    try:
        decision = decision_get(caller.tenant_id, decision_id)
    except NotFound:
        raise missing("decision_id") from None
    if not sees(caller.role, caller.own, decision.subject):
        raise missing("decision_id")
    return decision


def _full(caller: Caller, decision: Decision) -> dict[str, Any]:
    evaluation = evaluation_of(decision.receipt)
    columns = set(DecisionFull.model_fields) - {"by_standing_order", "explanation", "approvals"}
    return {
        **{name: getattr(decision, name) for name in columns},
        "by_standing_order": decision.standing_order_id is not None,
        "explanation": {"zh": evaluation.explain("zh"), "en": evaluation.explain("en")},
        "approvals": list(decision.approvals.order_by("at")) if caller.sees_all else [],
    }


@router.get(
    "/decisions/{decision_id}",
    response={200: DecisionFull, ERRORS: ProblemOut},
    summary="Show a decision with its whole basis",
)
def decision_show(request: HttpRequest, decision_id: UUID) -> dict[str, Any]:
    """Show one decision: receipt, trace, explanation in both languages, and what took effect."""
    caller = reader_of(request)
    return _full(caller, _seen(caller, decision_id))


def _settle(request: HttpRequest, decision_id: UUID, verdict: str, reason: str) -> dict[str, Any]:
    caller = caller_who_may(request, DECIDE)
    _seen(caller, decision_id)
    decision_settle(
        caller.tenant_id,
        decision_id,
        verdict=verdict,
        actor=caller.name,
        reason=reason,
        now=now_for(caller),
    )
    return _full(caller, _seen(caller, decision_id))


@router.post(
    "/decisions/{decision_id}/approve",
    response={200: DecisionFull, ERRORS: ProblemOut},
    summary="Approve a waiting decision",
)
def decision_approve(request: HttpRequest, decision_id: UUID, body: Verdict) -> dict[str, Any]:
    """Approve a waiting decision, with a reason.

    It takes effect once as many different persons have approved as it needs.
    """
    return _settle(request, decision_id, "approve", body.reason)


@router.post(
    "/decisions/{decision_id}/refuse",
    response={200: DecisionFull, ERRORS: ProblemOut},
    summary="Refuse a waiting decision",
)
def decision_refuse(request: HttpRequest, decision_id: UUID, body: Verdict) -> dict[str, Any]:
    """Refuse a waiting decision, with a reason; one refusal ends the matter."""
    return _settle(request, decision_id, "refuse", body.reason)

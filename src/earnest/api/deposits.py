"""Where a party's deposit stands, how the requirement was computed, and its ledger."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema

from earnest.api.access import Caller, now_for, party_seen, reader_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Bilingual, IdPath, KindPath, Limit
from earnest.cases.life import KindOfRow, LifeFilter, life_narrowed
from earnest.cases.life_sources import life
from earnest.cases.queries import holds_listed
from earnest.decisions.queries import decision_get
from earnest.deposits.accounts import claim_of, deposit_of, settlement_of
from earnest.deposits.claims import claims_open
from earnest.deposits.queries import position, requirements_on, shortages_open
from earnest.deposits.recoveries import recoveries
from earnest.kernel.calendar import day_of
from earnest.ledger.queries import balances_of, statement
from earnest.rulebooks.packs import evaluation_of

router = Router(tags=["deposits"])

ACCOUNTS = {"deposit": deposit_of, "settlement": settlement_of, "claim": claim_of}


class RequirementOut(Schema):
    """The amount that must be held, since when, and how it came about."""

    required_fen: int
    previous_fen: int
    from_on: date
    clause: str
    decision_id: UUID
    computation: list[dict[str, Any]]
    explanation: Bilingual


class ShortageOut(Schema):
    """A shortage and its clock: ``days_left`` is negative once the day has passed."""

    opened_at: datetime
    due_on: date
    days_left: int
    clause: str
    decision_id: UUID


class DepositOut(Schema):
    """A party's deposit on a day, in fen: ``free`` is what is there and not held."""

    subject_kind: str
    subject_id: str
    on: date
    required_fen: int
    posted_fen: int
    held_fen: int
    free_fen: int
    shortage_fen: int
    excess_fen: int
    proceeds_fen: int
    claim_fen: int
    requirement: RequirementOut | None
    shortage: ShortageOut | None


class LedgerLine(Schema):
    """One line of a statement: what moved, the balance after it, and the reason."""

    seq: int
    at: datetime
    effective_at: datetime
    amount_fen: int
    balance_fen: int
    clause: str
    note: str
    transfer_id: UUID
    counter_account: str
    decision_id: UUID | None
    kind: str
    held_delta_fen: int
    held_fen: int


class LedgerPage(Schema):
    """A statement, newest line first, and where the next page starts (null at the end)."""

    account: str
    items: list[LedgerLine]
    next_cursor: int | None


def _requirement(caller: Caller, subject: tuple[str, str], on: date) -> dict[str, Any] | None:
    found = requirements_on(caller.tenant_id, on, subject[0], {subject[1]}).get(subject)
    if found is None:
        return None
    decision = decision_get(caller.tenant_id, found.decision_id)
    evaluation = evaluation_of(decision.receipt)
    return {
        "required_fen": found.required_fen,
        "previous_fen": found.previous_fen,
        "from_on": found.from_on,
        "clause": found.clause,
        "decision_id": found.decision_id,
        "computation": decision.trace,
        "explanation": {"zh": evaluation.explain("zh"), "en": evaluation.explain("en")},
    }


def _shortage(caller: Caller, subject: tuple[str, str], on: date) -> dict[str, Any] | None:
    for found in shortages_open(caller.tenant_id, subject):
        return {
            "opened_at": found.opened_at,
            "due_on": found.due_on,
            "days_left": (found.due_on - on).days,
            "clause": found.clause,
            "decision_id": found.decision_id,
        }
    return None


@router.get(
    "/deposits/{subject_kind}/{subject_id}",
    response={200: DepositOut, ERRORS: ProblemOut},
    summary="Show where a deposit stands",
)
def deposit_show(request: HttpRequest, subject_kind: KindPath, subject_id: IdPath) -> Any:
    """Show what a party must hold, holds, and lacks, with the computation behind the amount."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    on = day_of(now_for(caller))
    found = position(caller.tenant_id, subject, on)
    figures = [name for name in DepositOut.model_fields if name.endswith("_fen")]
    return {
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "on": on,
        **{name: getattr(found, name) for name in figures},
        "requirement": _requirement(caller, subject, on),
        "shortage": _shortage(caller, subject, on),
    }


@router.get(
    "/deposits/{subject_kind}/{subject_id}/ledger",
    response={200: LedgerPage, ERRORS: ProblemOut},
    summary="List the movements of an account",
)
def deposit_ledger(
    request: HttpRequest,
    subject_kind: KindPath,
    subject_id: IdPath,
    account: Literal["deposit", "settlement", "claim"] = "deposit",
    cursor: Annotated[int, Query(ge=1, le=2**63 - 1)] | None = None,
    limit: Limit = 100,
) -> Any:
    """List the movements of a party's deposit (or proceeds, or debts), newest first."""
    caller = reader_of(request)
    code = ACCOUNTS[account](party_seen(caller, (subject_kind, subject_id)))
    opened = code in balances_of(caller.tenant_id, [code])
    lines = statement(caller.tenant_id, code, limit + 1, before_seq=cursor) if opened else []
    return {
        "account": code,
        "items": lines[:limit],
        "next_cursor": lines[limit - 1].seq if lines[limit:] else None,
    }


class LifeOut(Schema):
    """One thing that happened to a deposit; see the guide to the console's deposits.

    ``free_fen``, ``required_fen`` and ``short_fen`` say where the deposit stood after it; of a
    movement ``balance_fen`` and ``held_fen`` are those of its account.
    """

    on: date
    at: datetime
    kind: str
    code: str
    zh: str
    en: str
    detail_zh: str
    detail_en: str
    account: str
    amount_fen: int | None
    held_delta_fen: int
    balance_fen: int | None
    held_fen: int | None
    required_fen: int
    free_fen: int
    short_fen: int
    clause: str
    rulebook: str
    ref_kind: str
    ref: str
    id: str
    seq: int


class HoldReviewOut(Schema):
    """One look at a hold; ``estimate_fen`` is null while nobody could tell."""

    at: datetime
    estimate_fen: int | None
    next_on: date


class HoldOut(Schema):
    """A part of a deposit that is kept back while a loss is not known."""

    id: UUID
    case_number: str
    reason: str
    placed_fen: int
    remaining_fen: int
    clause: str
    decision_id: UUID
    opened_at: datetime
    review_on: date
    ends_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    reviews: list[HoldReviewOut]


class StepOut(Schema):
    """What one try took from one source."""

    at: datetime
    source: str
    amount_fen: int
    transfer_id: UUID


class RecoveryOut(Schema):
    """An amount that is taken for a reviewed finding, and how far it has come."""

    id: UUID
    case_number: str
    ground: str
    beneficiary: str
    amount_fen: int
    rest_fen: int
    mode: str
    advances: bool
    clause: str
    rulebook: str
    decision_id: UUID
    opened_at: datetime
    state: str
    tries: int
    next_try_at: datetime | None
    closed_at: datetime | None
    steps: list[StepOut]


class ClaimOut(Schema):
    """A part of what a party owes that is still open."""

    since_on: date
    claimed_fen: int
    owed_fen: int
    origin: str
    clause: str
    period: str
    decision_id: UUID | None
    transfer_id: UUID


@router.get(
    "/deposits/{subject_kind}/{subject_id}/life",
    response={200: list[LifeOut], ERRORS: ProblemOut},
    summary="Tell everything that happened to a deposit",
)
def deposit_life(
    request: HttpRequest,
    subject_kind: KindPath,
    subject_id: IdPath,
    kind: KindOfRow | None = None,
    first: Annotated[date | None, Query(description="only from this day on")] = None,
    last: Annotated[date | None, Query(description="only up to this day")] = None,
) -> Any:
    """Tell everything that ever happened to a deposit, oldest first.

    Money, requirements, shortages, decisions, cases, restrictions, notices, payouts and receipts.
    """
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    wanted = LifeFilter(frozenset([kind] if kind else ()), first=first, last=last)
    return [row.as_dict() for row in life_narrowed(life(caller.tenant_id, subject), wanted)]


@router.get(
    "/deposits/{subject_kind}/{subject_id}/holds",
    response={200: list[HoldOut], ERRORS: ProblemOut},
    summary="List what of a deposit is held",
)
def deposit_holds(
    request: HttpRequest,
    subject_kind: KindPath,
    subject_id: IdPath,
    closed: Annotated[bool, Query(description="those that have ended")] = False,  # noqa: FBT002 - a query field
) -> Any:
    """List what is held of a deposit, the one to be looked at first in front."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    columns = set(HoldOut.model_fields) - {"remaining_fen", "reviews"}
    return [
        {
            **{name: getattr(each.hold, name) for name in columns},
            "remaining_fen": each.remaining_fen,
            "reviews": list(each.reviews),
        }
        for each in holds_listed(caller.tenant_id, subject, closed=closed)
    ]


@router.get(
    "/deposits/{subject_kind}/{subject_id}/recoveries",
    response={200: list[RecoveryOut], ERRORS: ProblemOut},
    summary="List what is taken for reviewed findings",
)
def deposit_recoveries(request: HttpRequest, subject_kind: KindPath, subject_id: IdPath) -> Any:
    """List the recoveries from a party with what came from where, the newest first."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    columns = set(RecoveryOut.model_fields) - {"rest_fen", "steps"}
    return [
        {
            **{name: getattr(each, name) for name in columns},
            "rest_fen": rest_fen,
            "steps": sorted(each.steps.all(), key=lambda step: (step.at, step.pk)),
        }
        for each, rest_fen in recoveries(caller.tenant_id, subject=subject)
    ]


@router.get(
    "/deposits/{subject_kind}/{subject_id}/claims",
    response={200: list[ClaimOut], ERRORS: ProblemOut},
    summary="List what a party owes beyond its deposit",
)
def deposit_claims(request: HttpRequest, subject_kind: KindPath, subject_id: IdPath) -> Any:
    """List the open parts of what a party owes, the oldest first; money pays the oldest first."""
    caller = reader_of(request)
    subject = party_seen(caller, (subject_kind, subject_id))
    return claims_open(caller.tenant_id, subject=subject)

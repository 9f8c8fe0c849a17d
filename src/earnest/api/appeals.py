"""Tickets and appeals: sanctions as their party sees them, and what it says against them.

A party files, answers and withdraws here; operators read. An appeal is heard and decided in the
console, where the one who decides sees what it undoes before it happens.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import StringConstraints

from earnest.api.access import Caller, caller_who_may, missing, now_for, reader_of, scope_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, SubjectQuery
from earnest.appeals.appealing import appealable
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file, appeal_withdraw
from earnest.appeals.hearing import Answer, question_answer
from earnest.appeals.models import Appeal
from earnest.appeals.queries import AppealFilter, appeal_get, appeals_found, appeals_of
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.roles import ACT_FOR_PARTY, sees
from earnest.tickets.models import Ticket
from earnest.tickets.queries import TicketFilter, ticket_get, tickets_listed

router = Router(tags=["tickets and appeals"])

Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
NumberPath = Annotated[Number, Path(description="number, as T00000001 or A000001")]
Cursor = Annotated[Number | None, Query(description="next_cursor of the page before")]
Long = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
TicketState = Literal["pending", "appealed", "in_force", "reversed", "corrected"]
AppealState = Literal["filed", "hearing", "asked", "proposed", "decided", "withdrawn", "moot"]
Ground = Literal[
    "facts_wrong", "figure_wrong", "not_our_conduct", "rule_misapplied", "disproportionate",
    "other",
]  # fmt: skip


class TicketOut(Schema):
    """A sanction: ``money_fen`` is what it takes once ``state`` is in_force."""

    number: str
    subject_kind: str
    subject_id: str
    decision_id: UUID
    decision: str
    period: str
    clause: str
    outcome: str
    source: str
    money_fen: int
    told_at: datetime
    appeal_until: date
    chances: int
    correct_until: date | None
    state: str
    settled_at: datetime | None


class TicketPage(Schema):
    """Tickets, the newest first, and where the next page starts (null at the end)."""

    items: list[TicketOut]
    next_cursor: str | None


class TicketItemOut(Schema):
    """An item of a ticket: ``left`` appeals; ``refusal`` is why none may be filed now.

    ``earlier`` is the appeal on another ticket that its figure is or was disputed in, or empty.
    """

    position: int
    kind: str
    about: str
    clause: str
    zh: str
    en: str
    facts: dict[str, Any]
    standing: bool
    left: int
    refusal: ProblemOut | None
    earlier: str


class TicketFull(TicketOut):
    """A ticket with its items and the numbers of the appeals against it."""

    items: list[TicketItemOut]
    appeals: list[str]


class AppealOut(Schema):
    """An appeal; ``automatic`` means that a person's hearing is the party's right."""

    number: str
    ticket: str
    subject_kind: str
    subject_id: str
    state: str
    by_person: bool
    automatic: bool
    filed_at: datetime
    expected_on: date
    closed_at: datetime | None


class AppealPage(Schema):
    """Appeals, the newest first, and where the next page starts (null at the end)."""

    items: list[AppealOut]
    next_cursor: str | None


class AppealItemOut(Schema):
    """A disputed item; verdict and reason are told once the appeal is decided."""

    position: int
    ground: str
    said: str
    documents: list[str]
    verdict: str
    reason: str
    correction: dict[str, int]


class TurnOut(Schema):
    """A question to the party with its last day, and the answer."""

    round: int
    question: str
    due_on: date
    answer: str
    answered_at: datetime | None
    lapsed_at: datetime | None


class AppealFull(AppealOut):
    """An appeal with its items, its questions, and the table of what its decision changed."""

    items: list[AppealItemOut]
    turns: list[TurnOut]
    outcome: dict[str, Any]


class DisputedIn(Schema):
    """One item that is disputed; documents are ids of the party's own."""

    position: int
    ground: Ground
    said: Long
    documents: list[UUID] = []


class AppealIn(Schema):
    """An appeal against items of one ticket; it is always heard by a person."""

    ticket: Number
    items: list[DisputedIn]
    by_person: bool = True


class AnswerIn(Schema):
    """An answer to the open question."""

    said: Long
    documents: list[UUID] = []


def _ticket_seen(caller: Caller, number: str) -> Ticket:
    try:
        ticket = ticket_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, ticket.subject):
        raise missing("number")
    return ticket


def _appeal_seen(caller: Caller, number: str) -> Appeal:
    try:
        appeal = appeal_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if not sees(caller.role, caller.own, appeal.subject):
        raise missing("number")
    return appeal


def _subject(caller: Caller, query: SubjectQuery) -> tuple[tuple[str, str] | None, str]:
    """Return whose rows are listed: a party's own, or the party that an operator asks for."""
    kind, subject_id = scope_of(caller, query.subject_kind, query.subject)
    return ((kind, subject_id) if kind and subject_id else None, subject_id)


@router.get("/tickets", response={200: TicketPage, ERRORS: ProblemOut}, summary="List tickets")
def tickets_list(
    request: HttpRequest,
    query: Query[SubjectQuery],
    state: TicketState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List sanctions with their clocks and states, the newest number first."""
    caller = reader_of(request)
    subject, subject_id = _subject(caller, query)
    narrowed = TicketFilter(subject=subject, subject_id=subject_id, state=state or "")
    found = tickets_listed(caller.tenant_id, narrowed).order_by("-number")
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": rows[:limit],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get(
    "/tickets/{number}", response={200: TicketFull, ERRORS: ProblemOut}, summary="Show a ticket"
)
def ticket_show(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Show a ticket: its items with the appeals left for each, and the appeals filed."""
    caller = reader_of(request)
    ticket = _ticket_seen(caller, number)
    columns = {name: getattr(ticket, name) for name in TicketOut.model_fields}
    items = [
        {
            **{name: getattr(each.item, name) for name in _ITEM_COLUMNS},
            "left": each.left,
            "refusal": each.refusal.as_dict() if each.refusal else None,
            "earlier": each.earlier,
        }
        for each in appealable(ticket, day_of(now_for(caller)))
    ]
    appeals = list(appeals_of(ticket).values_list("number", flat=True))
    return {**columns, "items": items, "appeals": appeals}


_ITEM_COLUMNS = ("position", "kind", "about", "clause", "zh", "en", "facts", "standing")


def _out(appeal: Appeal) -> dict[str, Any]:
    columns = set(AppealOut.model_fields) - {"ticket"}
    return {name: getattr(appeal, name) for name in columns} | {"ticket": appeal.ticket.number}


def _full(appeal: Appeal) -> dict[str, Any]:
    told = appeal.state == "decided"
    return _out(appeal) | {
        "items": [
            {
                "position": each.position,
                "ground": each.ground,
                "said": each.said,
                "documents": each.documents,
                "verdict": each.verdict if told else "open",
                "reason": each.reason if told else "",
                "correction": each.correction if told else {},
            }
            for each in appeal.items.all()
        ],
        "turns": list(appeal.turns.all()),
        "outcome": appeal.outcome,
    }


@router.get("/appeals", response={200: AppealPage, ERRORS: ProblemOut}, summary="List appeals")
def appeals_list(
    request: HttpRequest,
    query: Query[SubjectQuery],
    state: AppealState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List appeals, the newest first."""
    caller = reader_of(request)
    subject, subject_id = _subject(caller, query)
    narrowed = AppealFilter(subject=subject, subject_id=subject_id, state=state or "")
    found = appeals_found(caller.tenant_id, narrowed).order_by("-number")
    if cursor:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {
        "items": [_out(each) for each in rows[:limit]],
        "next_cursor": rows[limit - 1].number if rows[limit:] else None,
    }


@router.get(
    "/appeals/{number}", response={200: AppealFull, ERRORS: ProblemOut}, summary="Show an appeal"
)
def appeal_show(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Show an appeal: what is disputed, what was asked, and what its decision changed."""
    return _full(_appeal_seen(reader_of(request), number))


@router.post("/appeals", response={201: AppealFull, ERRORS: ProblemOut}, summary="File an appeal")
def appeal_post(request: HttpRequest, body: AppealIn) -> Status[dict[str, Any]]:
    """File an appeal against items of an own ticket; money that waits goes on waiting."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    items = [
        Disputed(each.position, each.ground, each.said, tuple(each.documents))
        for each in body.items
    ]
    new = NewAppeal(caller.own, body.ticket, items, caller.name, body.by_person)
    return Status(201, _full(appeal_file(caller.tenant_id, new, now_for(caller))))


@router.post(
    "/appeals/{number}/answer",
    response={200: AppealFull, ERRORS: ProblemOut},
    summary="Answer a question",
)
def appeal_answer(request: HttpRequest, number: NumberPath, body: AnswerIn) -> dict[str, Any]:
    """Answer the open question of an own appeal, until its day."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    answer = Answer(body.said, caller.name, body.documents)
    question_answer(caller.tenant_id, number, caller.own, answer, now_for(caller))
    return _full(appeal_get(caller.tenant_id, number))


@router.post(
    "/appeals/{number}/withdraw",
    response={200: AppealFull, ERRORS: ProblemOut},
    summary="Withdraw an appeal",
)
def appeal_take_back(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Withdraw an own appeal; the chances it used are used up."""
    caller = caller_who_may(request, ACT_FOR_PARTY)
    now = now_for(caller)
    appeal_withdraw(caller.tenant_id, number, caller.own, actor=caller.name, now=now)
    return _full(appeal_get(caller.tenant_id, number))

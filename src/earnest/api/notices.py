"""The notices in a party's inbox, and the statements of reasons behind them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from earnest.api.access import reader_of, scope_of, subject_seen
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, PartyKind, Text
from earnest.kernel.errors import BadInput
from earnest.notices.models import Statement
from earnest.notices.queries import (
    StatementFilter,
    inbox,
    statement_get,
    statements,
)
from earnest.notices.statement_paper import statement_pdf

router = Router(tags=["notices"])


class NoticeOut(Schema):
    """A notice in both languages, with the day by which the party has to act, if any."""

    id: UUID
    subject_kind: str
    subject_id: str
    kind: str
    severity: str
    clause: str
    decision_id: UUID | None
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    due_on: date | None
    sent_at: datetime
    read_at: datetime | None
    statement_number: str | None


class NoticePage(Schema):
    """Notices, newest first, and where the next page starts (null at the end)."""

    items: list[NoticeOut]
    next_cursor: UUID | None


@router.get(
    "/notices", response={200: NoticePage, ERRORS: ProblemOut}, summary="List a party's notices"
)
def notices_list(
    request: HttpRequest,
    subject_kind: PartyKind | None = None,
    subject: Text | None = None,
    kind: Text | None = None,
    unread: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List the notices of one party; an operator names the party, a party gets its own."""
    caller = reader_of(request)
    scope = scope_of(caller, subject_kind, subject)
    if not all(scope):
        raise BadInput(
            "party_missing",
            where="subject_kind, subject",
            zh="请指明主体：subject_kind 和 subject。",
            en="name the party with subject_kind and subject",
        )
    # A notice's id starts with the time it was sent, so the order of ids is the order of sending.
    found = inbox(caller.tenant_id, *scope, unread=unread, kind=kind or "").order_by("-id")
    if cursor is not None:
        found = found.filter(id__lt=cursor)
    rows = list(found[: limit + 1])
    return {"items": rows[:limit], "next_cursor": rows[limit - 1].id if rows[limit:] else None}


class StatementLine(Schema):
    """A statement of reasons in a list."""

    number: str
    subject_kind: str
    subject_id: str
    kind: str
    severity: str
    rulebook: str
    clause: str
    title_zh: str
    title_en: str
    decision_id: UUID | None
    ticket_number: str
    appeal_until: date | None
    content_hash: str
    sent_at: datetime


class StatementPage(Schema):
    """Statements, newest first, and where the next page starts (null at the end)."""

    items: list[StatementLine]
    next_cursor: str | None


class StatementOut(Schema):
    """A whole statement: ``content`` by the schema of docs/statements.md, ``sha256`` of it."""

    content: dict[str, Any]
    sha256: str


@router.get(
    "/statements",
    response={200: StatementPage, ERRORS: ProblemOut},
    summary="List statements of reasons",
)
def statements_list(
    request: HttpRequest,
    subject_kind: PartyKind | None = None,
    subject: Text | None = None,
    cursor: Text | None = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """List statements of reasons; a party gets its own, an operator all or those of a party."""
    caller = reader_of(request)
    kind, subject_id = scope_of(caller, subject_kind, subject)
    narrowed = StatementFilter(subject_kind=kind, subject_id=subject_id)
    found = statements(caller.tenant_id, narrowed).defer("content")
    if cursor is not None:
        found = found.filter(number__lt=cursor)
    rows = list(found[: limit + 1])
    return {"items": rows[:limit], "next_cursor": rows[limit - 1].number if rows[limit:] else None}


@router.get(
    "/statements/{number}",
    response={200: StatementOut, ERRORS: ProblemOut},
    summary="Get a statement of reasons",
)
def statement(request: HttpRequest, number: Text) -> dict[str, Any]:
    """Return one statement as it was sent, with the SHA-256 of its canonical form."""
    found = _statement(request, number)
    return {"content": found.content, "sha256": found.content_hash}


@router.get(
    "/statements/{number}/paper",
    response={200: None, ERRORS: ProblemOut},
    summary="Get a statement of reasons as PDF",
)
def statement_paper(request: HttpRequest, number: Text) -> HttpResponse:
    """Return one statement as PDF: the same bytes each time."""
    return HttpResponse(statement_pdf(_statement(request, number)), content_type="application/pdf")


def _statement(request: HttpRequest, number: str) -> Statement:
    """Return a statement that the caller sees; another's is answered like a missing one."""
    caller = reader_of(request)
    found = statement_get(caller.tenant_id, number)
    subject_seen(caller, found.subject)
    return found

"""The notices in a party's inbox."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from earnest.api.access import reader_of, scope_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import Limit, PartyKind, Text
from earnest.kernel.errors import BadInput
from earnest.notices.queries import inbox

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

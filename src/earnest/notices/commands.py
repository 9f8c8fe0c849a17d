"""Sending notices to a party's inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.db import transaction

from earnest.kernel.ids import uuid7_for
from earnest.notices.models import Notice
from earnest.notices.parts import Grounds
from earnest.notices.stating import statements_keep
from earnest.postgres.bulk import columns_of, rows_insert

Kind = Literal["finding", "sanction", "requirement", "shortage", "release", "payment"]
Severity = Literal["info", "warning", "serious"]


@dataclass(frozen=True)
class Message:
    """The words of a notice in one language."""

    title: str
    body: str


@dataclass(frozen=True)
class NewNotice:
    """A notice to be sent; ``about`` makes it unique, so that a repeat sends nothing.

    Attributes:
        due_on: the day by which the party has to act; None where nothing is due.
        grounds: what its statement of reasons is made of; None for a notice without one.
    """

    subject_kind: str
    subject_id: str
    about: str
    kind: Kind
    severity: Severity
    clause: str
    decision_id: UUID | None
    zh: Message
    en: Message
    due_on: date | None = None
    grounds: Grounds | None = None


def notice_id(tenant_id: str, notice: NewNotice, now: datetime) -> UUID:
    """Return the id that this notice has, however often it is sent."""
    return uuid7_for(now, tenant_id, "notice", notice.subject_kind, notice.subject_id, notice.about)


@transaction.atomic
def notices_send(tenant_id: str, notices: Sequence[NewNotice], now: datetime) -> list[UUID]:
    """Put notices into the inboxes of their subjects and return their ids.

    A notice with grounds gets its statement of reasons, kept as it is sent, with it.
    """
    rows = [
        Notice(
            id=notice_id(tenant_id, each, now),
            tenant_id=tenant_id,
            subject_kind=each.subject_kind,
            subject_id=each.subject_id,
            kind=each.kind,
            severity=each.severity,
            clause=each.clause,
            decision_id=each.decision_id,
            title_zh=each.zh.title,
            title_en=each.en.title,
            body_zh=each.zh.body,
            body_en=each.en.body,
            due_on=each.due_on,
            sent_at=now,
        )
        for each in notices
    ]
    rows_insert(Notice, map(columns_of, rows), ignore_conflicts=True)
    statements_keep(
        tenant_id, [(each, row.id) for each, row in zip(notices, rows, strict=True)], now
    )
    return [row.id for row in rows]


def notice_mark_read(tenant_id: str, notice: UUID, subject: tuple[str, str], now: datetime) -> bool:
    """Mark a notice of a subject as read; tell whether that changed anything."""
    return bool(
        Notice.objects.filter(
            tenant_id=tenant_id,
            id=notice,
            subject_kind=subject[0],
            subject_id=subject[1],
            read_at=None,
        ).update(read_at=now)
    )

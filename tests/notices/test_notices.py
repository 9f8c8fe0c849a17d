"""Notices: sent once, kept with their words, and every sanction with its reasons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from earnest.notices.commands import Message, NewNotice, notice_mark_read, notices_send
from earnest.notices.models import Notice
from earnest.notices.statement import HEADINGS, OBJECTION, Reasons, statement

AT = datetime(2025, 9, 8, tzinfo=UTC)
NOTICE = NewNotice(
    subject_kind="provider",
    subject_id="P1",
    about="decision 1",
    kind="sanction",
    severity="serious",
    clause="S0-2.2.5-5a",
    decision_id=None,
    zh=Message("隐藏服务", "正文"),
    en=Message("hide the service", "body"),
)
REASONS = Reasons("t", "hide", "clause", "facts", "calculation")

pytestmark = pytest.mark.django_db


def test_a_notice_is_sent_once() -> None:
    """The same notice about the same thing, sent again, stays one."""
    assert notices_send("main", [NOTICE], AT) == notices_send("main", [NOTICE], AT)
    notices_send("main", [replace(NOTICE, about="decision 2")], AT)
    assert Notice.objects.filter(tenant_id="main").count() == 2


def test_what_was_sent_cannot_be_reworded() -> None:
    """The words of a notice stay as they were sent; only its reading is marked."""
    (sent,) = notices_send("main", [NOTICE], AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.filter(id=sent).update(body_zh="别的")
    later = AT + timedelta(days=1)
    assert notice_mark_read("main", sent, ("provider", "P1"), later)
    assert not notice_mark_read("main", sent, ("provider", "P1"), later)


def test_another_partys_notice_cannot_be_marked() -> None:
    """A notice is marked as read by its own subject only."""
    (sent,) = notices_send("main", [NOTICE], AT)
    assert not notice_mark_read("main", sent, ("provider", "P2"), AT)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_statement_says_its_parts_in_order(language: str) -> None:
    """Decision, basis, facts, calculation come first, and how to object comes last."""
    lines = statement(REASONS, language).body.splitlines()
    headings = HEADINGS[language]
    assert [line.split("：" if language == "zh" else ": ")[0] for line in lines] == [
        *headings[:4],
        headings[-1],
    ]
    assert lines[-1].endswith(OBJECTION[language])

"""Statements of reasons: kept as sent, never changed, the same bytes on paper each time."""

import base64
import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.kernel.errors import NotFound
from earnest.kernel.hashing import digest
from earnest.kernel.words import Words
from earnest.market.commands import marketplace_open
from earnest.market.models import Provider
from earnest.notices.commands import NewNotice, notices_send
from earnest.notices.lines import facts_of, sections_of
from earnest.notices.models import Notice, Statement
from earnest.notices.queries import (
    StatementFilter,
    inbox,
    statement_get,
    statements,
    statements_of_decision,
)
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.notices.statement_paper import statement_pdf
from earnest.rulebooks.packs import SUPPLY_MARKET, packs_shipped

AT = datetime(2025, 9, 8, tzinfo=UTC)
PACK = packs_shipped()[SUPPLY_MARKET]

pytestmark = pytest.mark.django_db


def _told(**other: object) -> Told:
    facts = {
        "subject": ("provider", "P1"),
        "about": "decision 1",
        "pack": PACK,
        "clause": "S0-2.2.5-5a",
        "decision_id": None,
        "title": Words("隐藏服务（2025-08）", "hide the service (2025-08)"),
        "facts": Words("8 月综合评分 6.89 分，10 份答卷", "composite of August 6.89, 10 answers"),
        "calculation": Words("低于 7.0 分，连续 1 个月", "below 7.0, one month running"),
        "effect": Words("扣除 2,500.00 元并隐藏一个月", "2,500.00 yuan taken, a month hidden"),
        "release": Words("满月且补足后解除", "ends after the month and the top-up"),
        "appeal_until": date(2025, 9, 15),
        "ticket_number": "T00000001",
    }
    return Told(**{**facts, **other})  # type: ignore[arg-type]  # the facts have the types


def _sent(*told: Told, at: datetime = AT) -> list[Statement]:
    notices_send("main", [reasoned_notice(each) for each in told], at)
    return list(Statement.objects.filter(tenant_id="main").order_by("number"))


def _content_words(paper: bytes) -> str:
    """Return the words of a PDF: its streams opened, its strings read as the font writes them."""
    words: list[str] = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", paper, re.DOTALL):
        page = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
        for written in re.findall(rb"\(((?:[^\\()]|\\.)*)\) Tj", page, re.DOTALL):
            plain = re.sub(
                rb"\\([0-7]{3}|.)",
                lambda found: bytes([int(found[1], 8)]) if len(found[1]) == 3 else found[1],
                written,
                flags=re.DOTALL,
            )
            words.append(plain.decode("utf-16-be", "replace"))
    return "".join(words)


@pytest.mark.clause("S0-2.2.5-5a")
def test_a_reasoned_notice_has_its_statement() -> None:
    """Every part is kept in both languages, with clause, edition, deadline and place to appeal."""
    marketplace_open("main", name_zh="示例市场", name_en="Sample market")
    Provider.objects.create(
        tenant_id="main", provider_id="P1", name="青禾货源", service_category="supply_tool",
        admitted_on=date(2025, 1, 1),
    )  # fmt: skip
    (kept,) = _sent(_told())
    assert (kept.number, kept.appeal_until, kept.ticket_number) == (
        "R00000001", date(2025, 9, 15), "T00000001",
    )  # fmt: skip
    content = kept.content
    assert content["schema_version"] == 1
    assert content["rule"] == {
        "rulebook": SUPPLY_MARKET, "edition": PACK.hash, "clause": "S0-2.2.5-5a",
    }  # fmt: skip
    assert content["subject"] == {"kind": "provider", "id": "P1", "name": "青禾货源"}
    assert content["appeal"] == {"until": "2025-09-15", "ticket": "T00000001"}
    for language, deadline in (("zh", "2025-09-15"), ("en", "2025-09-15")):
        said = dict(sections_of(content, language))
        assert len(said) == 9
        assert deadline in content["parts"][language]["objection"]
        assert content["parts"][language]["where"].endswith("/tickets/T00000001/")
    assert ("申诉截止日", "2025-09-15") in facts_of(content, "zh")


def test_without_a_ticket_the_general_words_stand() -> None:
    """Who has no ticket is told to write to the marketplace, and is asked for the number."""
    (kept,) = _sent(_told(appeal_until=None, ticket_number=""))
    assert kept.appeal_until is None
    assert "由人工复核" in kept.content["parts"]["zh"]["objection"]
    assert "number of this statement" in kept.content["parts"]["en"]["where"]


def test_the_notice_and_its_statement_say_the_same() -> None:
    """Each part of the statement stands in the body of the notice that carried it."""
    (kept,) = _sent(_told())
    notice = Notice.objects.get(id=kept.notice_id)
    for language, body in (("zh", notice.body_zh), ("en", notice.body_en)):
        parts = kept.content["parts"][language]
        for name in ("basis", "facts", "calculation", "effect", "release", "objection"):
            assert parts[name] in body
    (shown,) = inbox("main", "provider", "P1")
    assert shown.statement_number == kept.number


def test_one_statement_for_each_matter() -> None:
    """Sent again, at once or later, nothing is stated twice; another matter takes a number."""
    _sent(_told())
    _sent(_told())
    _sent(_told(), at=AT + timedelta(days=1))
    kept = _sent(_told(about="decision 2"), _told(subject=("shop", "S1")))
    assert [each.number for each in kept] == ["R00000001", "R00000002", "R00000003"]
    assert {each.about for each in kept} == {"decision 1", "decision 2"}


def test_a_plain_notice_has_none() -> None:
    """A notice without grounds states no reasons."""
    plain: NewNotice = replace(reasoned_notice(_told()), grounds=None)
    notices_send("main", [plain], AT)
    assert not Statement.objects.exists()


def test_the_database_refuses_to_change_a_statement() -> None:
    """No row can be changed or removed once it was sent."""
    (kept,) = _sent(_told())
    rows = Statement.objects.filter(id=kept.id)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(title_zh="别的")
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()


def test_the_hash_is_that_of_what_is_kept() -> None:
    """Read back from the database, the content still has the hash that was noted."""
    (kept,) = _sent(_told())
    again = statement_get("main", kept.number)
    assert digest(again.content) == again.content_hash
    assert digest({**again.content, "kind": "payment"}) != again.content_hash


def test_paper_has_the_same_bytes_each_time() -> None:
    """Two renders, from two reads, agree to the byte; the hash and both languages are on it."""
    (kept,) = _sent(_told())
    first, second = statement_pdf(kept), statement_pdf(statement_get("main", kept.number))
    assert first == second
    assert first.startswith(b"%PDF-")
    words = _content_words(first)
    for expected in (
        kept.content_hash, kept.number, "隐藏服务", "hide the service", "如有异议",
        "If you disagree", "2025-09-15", "2,500.00",
    ):  # fmt: skip
        assert expected in words


def test_paper_leaves_no_gap_for_a_letter_that_its_font_lacks() -> None:
    """A rare letter of a name stands by its code point; what the font has stands as it is."""
    (kept,) = _sent(_told(facts=Words("𠮷野家与朱镕、㐀氏，¥5", "R&D of 𠮷, 😀")))
    words = _content_words(statement_pdf(kept))
    assert "[U+20BB7]野家与朱镕、㐀氏，￥5" in words
    assert "R&D of [U+20BB7], [U+1F600]" in words
    assert "𠮷" in kept.content["parts"]["zh"]["facts"]


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="<>&'\"\\()%汉字ab \n", max_size=200))
def test_paper_takes_whatever_was_written(written: str) -> None:
    """No text of a statement breaks its paper."""
    content = {
        "marketplace": {"id": "main", "zh": "市场", "en": "market"},
        "subject": {"kind": "shop", "id": "S1", "name": written},
        "rule": {"rulebook": "r", "edition": "e" * 64, "clause": "c"},
        "appeal": {"until": None, "ticket": ""},
        "decision_id": None,
        "due_on": None,
        "parts": {each: {"title": written, "facts": written} for each in ("zh", "en")},
    }
    kept = Statement(
        number="R1", title_zh=written, content=content, content_hash="0" * 64, sent_at=AT
    )
    assert statement_pdf(kept) == statement_pdf(kept)


def test_statements_are_found() -> None:
    """By party, month, kind, and part of a number; an unknown number is told."""
    _sent(_told(), _told(subject=("shop", "S1"), kind="requirement"))
    assert len(statements("main")) == 2

    def found(**narrowed: str) -> list[str]:
        return [each.number for each in statements("main", StatementFilter(**narrowed))]

    assert found(subject_kind="shop", subject_id="S1") == ["R00000002"]
    assert found(kind="sanction") == ["R00000001"]
    assert found(month="2025-09") == ["R00000002", "R00000001"]
    assert found(month="2025-08") == []
    assert found(search="r00000002") == ["R00000002"]
    assert statements_of_decision("main", Notice.objects.all()[0].id) == []
    with pytest.raises(NotFound):
        statement_get("main", "R404")

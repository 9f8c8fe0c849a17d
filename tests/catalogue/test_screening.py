"""Screening: words with their places, findings of people and of the feed, each reported once."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.catalogue.daily import goods_look
from earnest.catalogue.findings import (
    KINDS,
    ListingText,
    NewFinding,
    finding_add,
    kind_of,
    texts_report,
)
from earnest.catalogue.models import GoodsFinding
from earnest.catalogue.queries import goods_findings_found
from earnest.catalogue.screening import PATTERNS, text_screen
from earnest.kernel.errors import BadInput, NotFound
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.kinds import kinds_of
from earnest.violations.models import Violation
from tests.catalogue.scene import NOW, P2, TODAY, fed, paper

pytestmark = pytest.mark.django_db

GOLDEN = [
    ("订购热线 138 0013 8000", "mobile", "138 0013 8000"),
    ("电话１３８００１３８０００", "mobile", "１３８００１３８０００"),
    ("座机 0571-88888888 转 2", "landline", "0571-88888888"),
    ("加微信：abc_12345 领券", "chat_account", "加微信：abc_12345"),
    ("详见 https://a.example/x?y=1，谢谢", "link", "https://a.example/x?y=1"),
    ("官网 shop-a.com 有售", "domain", "shop-a.com"),
    ("邮件 a.b@mail.cn", "mail", "a.b@mail.cn"),
    ("扫描下方二维码进群", "qr_code", "扫描下方二维码"),
    ("汇款账号：6222 0212 3456 7890 123", "bank_account", "账号：6222 0212 3456 7890 123"),
    ("欢迎到店选购", "physical_shop", "欢迎到店"),
    ("拼多多同款", "other_platform", "拼多多"),
    ("1688 包邮", "other_platform", "1688"),
    ("全网最低价", "superlative", "全网最低"),
    ("100% 有效，祛斑", "certain_effect", "100% 有效"),
]
CLEAN = [
    "纯棉短袖 T 恤，尺码 S-XL，适合 160-175 厘米",
    "库存 1688 件，净含量 500ml，货号 20250910001",
    "请按说明书使用，加热 3 分钟，Q 弹爽滑",
    "最近上新，好评如潮",
]


@pytest.mark.parametrize(("text", "pattern", "marked"), GOLDEN)
@pytest.mark.clause("S0-2.1-info2b", "S0-2.1-info2d", "S0-2.1-qual3b")
def test_each_pattern_finds_what_it_is_for(text: str, pattern: str, marked: str) -> None:
    """The match is named, cut out as it was written, and stands at its place."""
    match = next(each for each in text_screen(text) if each.pattern == pattern)
    assert match.marked == marked
    assert text[match.start : match.end] == marked
    assert text.endswith(match.after) or len(match.after) == 20


@pytest.mark.parametrize("text", CLEAN)
def test_plain_words_are_let_through(text: str) -> None:
    """Sizes, counts and article numbers are no contacts, and ordinary praise is none."""
    assert text_screen(text) == []


def test_every_pattern_has_a_golden_case_and_a_kind_of_the_rulebook() -> None:
    """No pattern stands untested, and each hints at a kind that the rulebook knows."""
    covered = {pattern for _, pattern, _ in GOLDEN} | {"add_us"}
    assert {each.name for each in PATTERNS} == covered
    assert [each.pattern for each in text_screen("想要就加客服vx")] == ["add_us"]
    known = kinds_of(pack_of(SUPPLY_MARKET), TODAY)
    assert {name: known[name].clause for name in KINDS} == KINDS
    assert {each.kind for each in PATTERNS} <= set(KINDS)


@given(st.text(max_size=120))
def test_matches_lie_in_the_text(text: str) -> None:
    """Whatever is given, each match is a part of it, with the words around it as they stand."""
    for match in text_screen(text):
        assert text[match.start : match.end] == match.marked
        around = match.before + match.marked + match.after
        assert around in text
        assert match.marked


@pytest.mark.clause("S0-2.1-info2b", "S0-2.1-qual3b")
def test_a_listing_s_words_are_reported_once_with_their_place(tenant: str) -> None:
    """Each match is a report of the screening; the same words again report nothing."""
    texts = [ListingText("L1", "拼多多同款，加微信 abc12345"), ListingText("L2", "纯棉短袖")]
    found = texts_report(tenant, "P1", texts, "service", NOW)
    assert [(each.kind, each.marked) for each in found] == [
        ("foreign_marks", "拼多多"),
        ("outside_contacts", "加微信 abc12345"),
    ]  # fmt: skip
    assert texts_report(tenant, "P1", texts, "other", NOW + timedelta(days=1)) == []
    violation = Violation.objects.get(id=found[0].violation_id)
    item = violation.items.get()
    assert (violation.source, item.kind, item.clause) == (
        "screening", "foreign_marks", "S0-2.1-qual3b",
    )  # fmt: skip
    assert item.facts["listing"] == "L1"
    assert item.facts["marked"] == "拼多多"
    assert item.facts["excerpt"].startswith("拼多多同款")


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        pytest.param(kind, clause, marks=pytest.mark.clause(clause))
        for kind, clause in KINDS.items()
    ],
)
def test_what_a_person_finds_is_reported_with_its_evidence(
    tenant: str, kind: str, clause: str
) -> None:
    """Under its clause, with the pictures, once: the same thing on the same day is not new."""
    proof = paper(tenant, b"photo")
    new = NewFinding("P1", "parcel", "W1", kind, TODAY, "service", "包裹内有卡片", (proof,))
    row, is_new = finding_add(tenant, new, NOW)
    assert (row.clause, is_new) == (clause, True)
    assert finding_add(tenant, new, NOW) == (row, False)
    item = Violation.objects.get(tenant_id=tenant).items.get()
    assert (item.kind, item.clause, item.documents) == (kind, clause, [str(proof)])
    assert item.facts["item_id"] == "W1"
    assert goods_findings_found(tenant, provider_id="P1", kind=kind, origin="person").get() == row


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "mood"}, "finding_kind"),
        ({"thing": "shop"}, "finding_thing"),
        ({"thing_id": " "}, "finding_thing_id"),
        ({"happened_on": TODAY + timedelta(days=1)}, "finding_happened_on"),
        ({"happened_on": date(2025, 7, 18)}, "finding_happened_on"),
        ({"note": ""}, "finding_evidence"),
    ],
)
def test_a_finding_without_kind_thing_day_or_evidence_is_not_kept(
    tenant: str, changes: dict[str, Any], code: str
) -> None:
    """The field is named, and nothing is reported."""
    given = {
        "provider_id": "P1", "thing": "listing", "thing_id": "L1", "kind": "exaggeration",
        "happened_on": TODAY, "actor": "service", "note": "夸大",
    }  # fmt: skip
    with pytest.raises(BadInput, match=code):
        finding_add(tenant, NewFinding(**{**given, **changes}), NOW)
    other = paper(tenant, b"x", P2)
    with pytest.raises(NotFound, match="unknown_document"):
        finding_add(tenant, NewFinding(**{**given, "documents": (other,)}), NOW)
    assert not Violation.objects.filter(tenant_id=tenant).exists()


def _told(tenant: str, finding: str, **changes: Any) -> None:
    row = {
        "finding_id": finding,
        "provider_id": "P1",
        "listing_id": "L1",
        "rule_ref": "S0-2.1-info2a",
        "detected_at": "2025-09-20T10:00:00+08:00",
        "evidence_ref": "img-1",
        "status": "open",
        **changes,
    }
    fed(tenant, "listing_finding", row)


@pytest.mark.clause("S0-2.1-info2", "S0-2.1-info2a")
def test_findings_of_the_feed_are_followed_once(tenant: str) -> None:
    """By clause or kind; one of a sampling is an inspection's; a new version is nothing new."""
    _told(tenant, "F1")
    _told(tenant, "F2", rule_ref="counterfeit")
    look = goods_look(tenant, NOW)
    assert (look.findings, look.problems) == (2, ())
    _told(tenant, "F1", version="2", status="confirmed")
    assert goods_look(tenant, NOW).findings == 0
    first, second = GoodsFinding.objects.filter(tenant_id=tenant).order_by("kind")
    assert (first.kind, second.kind, second.evidence_ref) == (
        "counterfeit", "images_unclear", "img-1",
    )  # fmt: skip
    sources = {each.id: each.source for each in Violation.objects.filter(tenant_id=tenant)}
    assert sources == {first.violation_id: "inspection", second.violation_id: "screening"}
    assert second.happened_on == date(2025, 9, 20)


def test_findings_that_are_over_or_cannot_be_placed_are_not_reported(tenant: str) -> None:
    """Withdrawn by its source, or with no rule or provider: told row by row."""
    _told(tenant, "F1", status="withdrawn")
    _told(tenant, "F2")
    _told(tenant, "F2", version="2", status="dismissed")
    _told(tenant, "F3", rule_ref="mood")
    _told(tenant, "F4", provider_id="P9")
    look = goods_look(tenant, NOW)
    assert look.counts() == {
        "findings": 0, "stands": 0, "off": 0, "overdue": 0, "problems": 2,
    }  # fmt: skip
    assert sorted((each.where, each.code) for each in look.problems) == [
        ("F3", "finding_rule_unknown"), ("F4", "finding_provider_unknown"),
    ]  # fmt: skip
    assert kind_of("safety") == ("safety", "S0-2.1-qual2f")

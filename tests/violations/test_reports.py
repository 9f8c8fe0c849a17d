"""Reports: what is taken in, what is refused by name, and what is the same fact."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.documents.commands import NewDocument, document_add
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.intake import complaints_follow
from earnest.violations.kinds import REQUIREMENT4, kinds_of
from earnest.violations.models import Violation
from earnest.violations.reports import (
    Report,
    ReportItem,
    fact_key,
    violation_report,
)
from tests.cases.scene import NOW, P1, fed, provider_open
from tests.violations.scene import DAY, YESTERDAY, item, plain_market, reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> str:
    """Give a market with the provider P1."""
    made = plain_market()
    provider_open(made)
    return made


def test_a_report_gets_a_number_and_waits(tenant: str) -> None:
    """It is numbered without gaps, with the clause of its kind and the highest severity."""
    first = reported(tenant, item("images_unclear"), item("free_here_charged_there", stake_fen=700))
    second = reported(tenant)
    assert [first.number, second.number] == ["V000001", "V000002"]
    assert (first.state, first.severity, first.at_stake_fen) == ("reported", 5, 700)
    clauses = [each.clause for each in first.items.order_by("position")]
    assert clauses == ["S0-2.1-info2a", "S0-2.2.4f"]


def test_the_same_about_is_the_same_violation(tenant: str) -> None:
    """A repeat returns what is there and adds nothing, whatever else it says."""
    first = reported(tenant, about="check 7")
    again = reported(tenant, item("exaggeration"), about="check 7", source="screening")
    assert again.id == first.id
    assert Violation.objects.filter(tenant_id=tenant).count() == 1
    assert first.items.count() == 1


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        ({"kind": "diferent_price"}, "unknown_kind", "items.2.kind"),
        ({"clause": "S0-9"}, "unknown_clause", "items.2.clause"),
        ({"happened_on": DAY + timedelta(days=1)}, "day_to_come", "items.2.happened_on"),
        ({"facts": {"loss_fen": -1}}, "fact_wrong", "items.2.facts.loss_fen"),
        ({"facts": {"loss_fen": "5"}}, "fact_wrong", "items.2.facts.loss_fen"),
        ({"facts": {"seen": 1.5}}, "fact_wrong", "items.2.facts.seen"),
    ],
)
def test_a_wrong_item_is_named_by_row_and_field(
    tenant: str, wrong: dict[str, Any], code: str, where: str
) -> None:
    """What is wrong is said with its row and field, and nothing is kept."""
    right = item()
    with pytest.raises(EarnestError) as refused:
        reported(tenant, item(), replace(right, **wrong))
    assert (refused.value.problem.code, refused.value.problem.where) == (code, where)
    assert not Violation.objects.filter(tenant_id=tenant).exists()


def test_only_what_is_there_can_be_reported(tenant: str) -> None:
    """A shop, an unknown provider, no item, an unknown source or document: refused."""
    one = [item()]
    with pytest.raises(BadInput, match="not_a_provider"):
        violation_report(tenant, Report(("shop", "S1"), "measure", one), NOW)
    with pytest.raises(NotFound, match="unknown_provider"):
        violation_report(tenant, Report(("provider", "P9"), "measure", one), NOW)
    with pytest.raises(BadInput, match="items_wrong"):
        violation_report(tenant, Report(P1, "measure", []), NOW)
    with pytest.raises(BadInput, match="unknown_source"):
        violation_report(tenant, Report(P1, "gossip", one), NOW)
    with pytest.raises(BadInput, match="note_missing"):
        violation_report(tenant, Report(P1, "report", one), NOW)
    proof = ReportItem("exaggeration", "", YESTERDAY, {}, (uuid4(),))
    with pytest.raises(NotFound, match="unknown_document"):
        violation_report(tenant, Report(P1, "inspection", [proof]), NOW)


def test_a_document_about_the_party_is_kept_with_its_item(tenant: str) -> None:
    """The proof of an item is a document about the very party."""
    page = document_add(tenant, NewDocument(P1, "page.txt", b"free here", "risk"), NOW)
    made = reported(tenant, ReportItem("free_here_charged_there", "", YESTERDAY, {}, (page.id,)))
    assert made.items.get().documents == [str(page.id)]


@pytest.mark.clause(
    "S0-2.1-info1", "S0-2.1-info2", "S0-2.1-info2a", "S0-2.1-info2b", "S0-2.1-info2c",
    "S0-2.1-info2d", "S0-2.1-qual3a", "S0-2.1-qual3b", "S0-2.2.1b", "S0-2.2.1f", "S0-2.2.2a",
    "S0-2.2.2b", "S0-2.2.3a", "S0-2.2.3b",
)  # fmt: skip
def test_every_duty_has_its_kind_of_violation() -> None:
    """Each clause that can be broken has a kind; requirement 4 takes money, points do not."""
    pack = pack_of(SUPPLY_MARKET)
    kinds = kinds_of(pack, date(2025, 9, 1))
    of_clauses = {each.clause for each in kinds.values()}
    assert {f"S0-2.2.4{letter}" for letter in "abcdef"} <= of_clauses
    assert {"S0-2.1-info1", "S0-2.1-info2", "S0-2.1-qual3a", "S0-2.2.3b"} <= of_clauses
    for each in kinds.values():
        assert each.clause in pack.clauses
        assert each.words.zh != each.name
        assert each.takes_money == (each.regime == REQUIREMENT4) or each.regime == "sampling"
        if each.regime == "points":
            assert 5 <= each.points <= 120
        assert bool(each.correct_days) == each.correctable
        pack.table_row("restriction_effects", {"measure": each.measure}, on=date(2025, 9, 1))


def test_complaints_of_the_feed_become_reports_once(tenant: str) -> None:
    """A complaint opened lately against a provider is reported once, however often it is read."""
    opened = {"case_kind": "complaint", "action": "opened", "opened_against": "provider:P1"}
    at = {"occurred_at": "2025-09-04T10:00:00+08:00", "seq": "1"}
    fed(tenant, "case_event", {"case_id": "C1", **opened, **at})
    fed(tenant, "case_event", {"case_id": "C2", **opened, **at, "opened_against": "P9"})
    fed(tenant, "case_event", {"case_id": "C3", **opened, **at, "case_kind": "dispute"})
    numbers, problems = complaints_follow(tenant, NOW)
    assert (numbers, problems) == (["V000001"], [])
    assert complaints_follow(tenant, NOW + timedelta(hours=1)) == ([], [])
    made = Violation.objects.get(tenant_id=tenant)
    assert (made.source, made.about) == ("complaint", "case_event C1")
    assert made.items.get().kind == "slack_service"


@given(
    thing=st.sampled_from(["listing", "charge", "item_id"]),
    value=st.text(min_size=1, max_size=80).filter(lambda each: each.strip()),
    days=st.integers(min_value=0, max_value=400),
)
@settings(max_examples=50)
def test_a_fact_is_the_same_by_thing_and_day(thing: str, value: str, days: int) -> None:
    """Law: same party, thing and day is one fact; another day or party is another fact."""
    on = date(2025, 1, 1) + timedelta(days=days)
    key = fact_key(P1, on, {thing: value, "seen": "twice"})
    assert key == fact_key(P1, on, {thing: value})
    assert key != fact_key(P1, on + timedelta(days=1), {thing: value})
    assert key != fact_key(("provider", "P2"), on, {thing: value})
    assert len(key) <= 200
    assert fact_key(P1, on, {"seen": value}) == ""

"""Sampling: chosen by seed, tested, tested again on request, standing and reported once."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.catalogue.daily import goods_look
from earnest.catalogue.goods import Goods, goods_with_sales
from earnest.catalogue.models import SampleStep
from earnest.catalogue.queries import sample_counts, samples_open, samplings_found
from earnest.catalogue.results import (
    FINDINGS,
    LabResult,
    retest_ask,
    retest_settle,
    sample_drop,
    sample_result,
    sample_send,
    sample_take,
)
from earnest.catalogue.sampling import SamplingAsked, chosen_of, sampling_plan, sampling_replay
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SUPPLY_MARKET, evaluation_of, pack_of
from earnest.violations.kinds import kinds_of
from earnest.violations.models import Violation
from tests.catalogue.scene import NOW, P2, TODAY, found, paper, round_of, sold

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S0-2.1-qual2", "S0-2.2.1c")
def test_the_choice_follows_from_the_seed_and_can_be_made_again(tenant: str) -> None:
    """Two of 60 goods, the same for the same seed; the choice is replayed without difference."""
    row = round_of(tenant)
    samples = list(row.samples.order_by("place"))
    assert (row.number, row.eligible, len(samples)) == ("Q000001", 60, 2)
    assert [each.rank for each in samples] == sorted(each.rank for each in samples)
    assert sampling_replay(tenant, row.number) == []
    again = sampling_plan(tenant, SamplingAsked("P1", row.seed, "other"), NOW)
    assert [each.item_id for each in again.samples.order_by("place")] == [
        each.item_id for each in samples
    ]
    other = sampling_plan(tenant, SamplingAsked("P1", "another seed", "other"), NOW)
    assert [each.item_id for each in other.samples.order_by("place")] != [
        each.item_id for each in samples
    ]
    assert evaluation_of(row.receipt).result == {"sampled": 2}
    assert [each.number for each in samplings_found(tenant, "P1")] == [
        "Q000003", "Q000002", "Q000001",
    ]  # fmt: skip
    assert sample_counts([row]) == {"Q000001": {"chosen": 2}}


@pytest.mark.clause("S0-2.1-qual2")
def test_a_replay_tells_when_the_goods_were_others(tenant: str) -> None:
    """An order of before that comes in later is not seen by the replay; a changed choice is."""
    row = round_of(tenant, items=10)
    late = NOW + timedelta(days=1)
    sold(tenant, [{"order": "L1", "item": "LATE", "day": "2025-09-20"}], now=late)
    (problem,) = sampling_replay(tenant, row.number)[:1]
    assert "others" in problem


@pytest.mark.clause("S0-2.2.1c")
def test_only_published_goods_with_sales_in_the_window_are_chosen_from(tenant: str) -> None:
    """Sold 29 days ago counts, 30 days ago not; another provider's and unlisted goods do not."""
    sold(
        tenant,
        [
            {"order": "O1", "item": "IN", "day": "2025-08-27"},
            {"order": "O2", "item": "OUT", "day": "2025-08-26"},
            {"order": "O3", "item": None, "source": "SRC", "day": "2025-09-20"},
            {"order": "O4", "item": "OTHER", "provider": "P2"},
        ],
    )
    goods = goods_with_sales(tenant, "P1", TODAY, NOW)
    assert [(each.item_id, each.last_sold_on) for each in goods] == [("IN", date(2025, 8, 27))]


def test_nothing_sold_and_no_seed_are_told(tenant: str) -> None:
    """No goods, no seed, a day to come, no such provider: nothing is planned."""
    with pytest.raises(RuleRefused, match="nothing_sold"):
        sampling_plan(tenant, SamplingAsked("P1", "s", "service"), NOW)
    with pytest.raises(BadInput, match="sampling_wrong"):
        sampling_plan(tenant, SamplingAsked("P1", " ", "service"), NOW)
    ahead = SamplingAsked("P1", "s", "service", on=TODAY + timedelta(days=1))
    with pytest.raises(BadInput, match="sampling_wrong"):
        sampling_plan(tenant, ahead, NOW)
    with pytest.raises(NotFound, match="unknown_provider"):
        sampling_plan(tenant, SamplingAsked("P9", "s", "service"), NOW)
    with pytest.raises(NotFound, match="unknown_sampling"):
        sampling_replay(tenant, "Q000009")


@pytest.mark.clause("S0-2.1-qual1", "S0-2.1-qual2f")
def test_the_seven_findings_are_kinds_of_violation(tenant: str) -> None:
    """What a lab may find is what the rulebook knows, under the clause that lists it."""
    known = kinds_of(pack_of(SUPPLY_MARKET), TODAY)
    assert {name: known[name].clause for name in FINDINGS} == dict.fromkeys(
        FINDINGS, "S0-2.1-qual2f"
    )
    assert {known[name].regime for name in FINDINGS} == {"sampling"}


@pytest.mark.parametrize("result", FINDINGS)
@pytest.mark.clause("S0-2.1-qual2", "S0-2.1-qual2f", "S0-2.1-qual2a")
def test_a_finding_stands_when_the_time_for_a_re_test_is_over(tenant: str, result: str) -> None:
    """On the last day it may still be disputed; the day after it is reported once, with report."""
    row = round_of(tenant, items=1)
    sample = found(tenant, row, result)
    assert goods_look(tenant, NOW + timedelta(days=7)).stands == 0
    assert [goods_look(tenant, NOW + timedelta(days=8)).stands for _ in range(2)] == [1, 0]
    sample.refresh_from_db()
    violation = Violation.objects.get(tenant_id=tenant)
    assert (sample.state, sample.violation_id) == ("stands", violation.id)
    item = violation.items.get()
    assert (violation.source, item.kind, item.clause) == ("inspection", result, "S0-2.1-qual2f")
    assert item.facts["item_id"] == sample.item_id
    assert item.documents == [str(sample.report_id)]
    notice = Notice.objects.get(tenant_id=tenant)
    assert notice.due_on == date(2025, 10, 2)
    assert "2025-10-02" in notice.body_zh
    assert "2025-10-02" in notice.body_en


@pytest.mark.clause("S0-2.1-qual2")
def test_while_the_rulebook_leaves_the_time_open_a_person_gives_the_day(tenant: str) -> None:
    """Without a day no finding is recorded; the receipt shows that the rulebook leaves it open."""
    row = round_of(tenant, items=1)
    with pytest.raises(BadInput, match="retest_day_needed"):
        found(tenant, row, until=None)
    passed = LabResult("labels", "service", paper(tenant), "", TODAY - timedelta(days=1))
    with pytest.raises(BadInput, match="retest_day_needed"):
        sample_result(tenant, row.number, 1, passed, NOW)
    assert row.samples.get().state == "at_lab"
    said = LabResult("labels", "service", paper(tenant), "", TODAY)
    sample_result(tenant, row.number, 1, said, NOW)
    step = SampleStep.objects.get(tenant_id=tenant, what="found")
    assert step.receipt["refusal"]["code"] == "unset"


@pytest.mark.clause("S0-2.1-qual2", "S0-2.1-qual2a")
@pytest.mark.parametrize(
    ("result", "state", "reports"), [("passed", "withdrawn", 0), ("safety", "stands", 1)]
)
def test_a_re_test_decides(tenant: str, result: str, state: str, reports: int) -> None:
    """Asked for in time; passed takes the finding back, a second finding stands at once."""
    row = round_of(tenant, items=1)
    found(tenant, row)
    with pytest.raises(BadInput, match="reason_missing"):
        retest_ask(tenant, row.number, 1, "provider", " ", NOW)
    last_day = NOW + timedelta(days=7)
    retest_ask(tenant, row.number, 1, "provider", "批次不符", last_day)
    assert [each.state for each in samples_open(tenant, "P1")] == ["retest_asked"]
    assert goods_look(tenant, NOW + timedelta(days=30)).stands == 0
    with pytest.raises(BadInput, match="unknown_result"):
        retest_settle(tenant, row.number, 1, LabResult(result, "service", None), last_day)
    said = LabResult(result, "service", paper(tenant, b"second"), "复检")
    sample = retest_settle(tenant, row.number, 1, said, last_day)
    assert sample.state == state
    assert Violation.objects.filter(tenant_id=tenant).count() == reports
    if reports:
        assert Violation.objects.get(tenant_id=tenant).items.get().kind == "safety"
    else:
        assert Notice.objects.filter(tenant_id=tenant, title_en__contains="passed").exists()
    with pytest.raises(Conflict, match="sample_state"):
        retest_settle(tenant, row.number, 1, said, last_day)


@pytest.mark.clause("S0-2.1-qual2")
def test_a_re_test_comes_in_time_or_not_at_all(tenant: str) -> None:
    """The day after the last day it is refused; what passed cannot be tested again."""
    row = round_of(tenant, items=51)
    found(tenant, row)
    with pytest.raises(RuleRefused, match="retest_too_late"):
        retest_ask(tenant, row.number, 1, "provider", "late", NOW + timedelta(days=8))
    assert found(tenant, row, "passed", place=2).state == "passed"
    with pytest.raises(Conflict, match="sample_state"):
        retest_ask(tenant, row.number, 2, "provider", "why", NOW)


def test_steps_out_of_order_are_refused(tenant: str) -> None:
    """No result before the lab, no lab before it is taken, none for what was dropped."""
    row = round_of(tenant, items=1)
    number = row.number
    with pytest.raises(Conflict, match="sample_state"):
        sample_send(tenant, number, 1, "lab", "service", NOW)
    with pytest.raises(NotFound, match="unknown_sample"):
        sample_take(tenant, number, 2, "service", NOW)
    sample_take(tenant, number, 1, "service", NOW, "购买")
    with pytest.raises(BadInput, match="lab_missing"):
        sample_send(tenant, number, 1, " ", "service", NOW)
    with pytest.raises(BadInput, match="unknown_result"):
        sample_result(tenant, number, 1, LabResult("mood", "service", paper(tenant)), NOW)
    with pytest.raises(BadInput, match="report_missing"):
        sample_result(tenant, number, 1, LabResult("passed", "service", None), NOW)
    other = paper(tenant, b"other", P2)
    with pytest.raises(NotFound, match="unknown_document"):
        sample_result(tenant, number, 1, LabResult("passed", "service", other), NOW)
    with pytest.raises(BadInput, match="reason_missing"):
        sample_drop(tenant, number, 1, "service", NOW, "")
    assert sample_drop(tenant, number, 1, "service", NOW, "已售罄").state == "dropped"
    with pytest.raises(Conflict, match="sample_state"):
        sample_drop(tenant, number, 1, "service", NOW, "again")


@given(st.lists(st.text("abc123", min_size=1, max_size=6), unique=True, max_size=30), st.randoms())
@pytest.mark.clause("S0-2.1-qual2")
def test_the_order_of_the_goods_does_not_change_the_choice(items: list[str], dice: Any) -> None:
    """However the goods are told, a seed chooses the same; a larger choice holds the smaller."""
    goods = [Goods("P1", item, True, 1, TODAY, 0, 0) for item in items]
    shuffled = list(goods)
    dice.shuffle(shuffled)
    for size in (1, 3):
        assert chosen_of("s", goods, size) == chosen_of("s", shuffled, size)
    assert chosen_of("s", goods, 3)[:1] == chosen_of("s", goods, 1)

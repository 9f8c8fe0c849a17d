"""The cases that the rules name are in the market, counted here by plain Python."""

from collections import defaultdict
from datetime import date
from itertools import pairwise

import pytest

from earnest.kernel.calendar import US_PER_HOUR, day_key, day_of, instant_of
from earnest.simulator import SIZES, Market, simulate
from earnest.simulator.behaviours import DESCRIPTIONS, Behaviour
from tests.simulator.conftest import Rows

FLOOR_TENTHS = 70


def _composites(rows: Rows) -> dict[tuple[str, str], tuple[int, int]]:
    """Return points in tenths and number of answers, by provider and month."""
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows["survey_answer"]:
        total = totals[row["provider_id"], row["campaign_id"].removeprefix("NPS-")]
        total[0] += row["score"] * 10
        total[1] += 1
    return {key: (points, answers) for key, (points, answers) in totals.items()}


def _low_months(composites: dict[tuple[str, str], tuple[int, int]], provider: str) -> list[str]:
    return sorted(
        month
        for (each, month), (points, answers) in composites.items()
        if each == provider and month >= "2025-08" and points < FLOOR_TENTHS * answers
    )


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
def test_three_months_running_below_seven(rows: Rows) -> None:
    """P0002 is below 7 in August, September and October 2025, and nobody is asked after that."""
    composites = _composites(rows)
    assert _low_months(composites, "P0002") == ["2025-08", "2025-09", "2025-10"]
    assert max(month for provider, month in composites if provider == "P0002") == "2025-10"


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b")
def test_one_and_two_months_below_seven(rows: Rows) -> None:
    """P0003 is below 7 for one month and P0004 for two running; then both are good again."""
    composites = _composites(rows)
    assert _low_months(composites, "P0003") == ["2025-08"]
    assert _low_months(composites, "P0004") == ["2025-09", "2025-10"]


@pytest.mark.clause("S0-2.2.5-5a")
def test_exactly_seven_is_there_and_not_below(rows: Rows) -> None:
    """P0005 has a composite of exactly 7 in September 2025, in every dimension."""
    points, answers = _composites(rows)["P0005", "2025-09"]
    assert points == FLOOR_TENTHS * answers
    by_dimension: dict[str, list[int]] = defaultdict(list)
    for row in rows["survey_answer"]:
        if (row["provider_id"], row["campaign_id"]) == ("P0005", "NPS-2025-09"):
            by_dimension[row["dimension"]].append(row["score"])
    assert all(sum(scores) == 7 * len(scores) for scores in by_dimension.values())
    assert len(by_dimension) == 5


@pytest.mark.clause("S0-2.2.5-5a")
def test_a_good_month_between_two_low_ones(rows: Rows) -> None:
    """P0006 has 6.9, 7.0 and 6.9 in three months running."""
    composites = _composites(rows)
    months = ("2025-08", "2025-09", "2025-10")
    tenths = [divmod(*composites["P0006", month]) for month in months]
    assert tenths == [(69, 0), (70, 0), (69, 0)]


def test_a_month_with_too_few_answers_between_two_low_ones() -> None:
    """P0012 of the demo is low in September and November, and hardly asked in October."""
    demo = simulate(20250719, SIZES["demo"])
    scores = {
        month.number: demo.conducts(month)[12].scores for month in demo.months if month.year == 2025
    }
    assert [scores[number].composite_tenths for number in (9, 11)] == [68, 69]
    assert scores[10].respondents == 3


@pytest.mark.clause("S3-3.1c")
def test_the_shop_of_the_worked_example(rows: Rows) -> None:
    """S0001 sells for 550,000.00 yuan in August 2025 on 10,000 paid in, else less."""
    sales: dict[int, int] = defaultdict(int)
    for row in rows["sales_fact"]:
        if row["shop_id"] == "S0001":
            sales[row["day"] // 100] += row["gross_fen"]
    paid_in = [
        row["amount_fen"]
        for row in rows["money_event"]
        if row["obligation_ref"] == "deposit:shop:S0001"
    ]
    categories = {
        row["category_id"]
        for row in rows["shop_event"]
        if row["shop_id"] == "S0001" and row["action"] == "category_opened"
    }
    assert sales.pop(202508) == 55_000_000
    assert max(sales.values()) < 50_000_000
    assert (paid_in, categories) == ([1_000_000], {"apparel"})


def _late_per_mille(rows: Rows, provider: str) -> dict[str, int]:
    """Return by month of payment how many of a thousand lines were not picked up in 48 hours."""
    parcels = {row["waybill_no"]: row for row in rows["parcel"] if row["direction"] == "outbound"}
    paid = {row["order_id"]: row["paid_us"] for row in rows["order_event"]}
    first: dict[tuple[str, str], int] = {}
    for row in rows["parcel_trace"]:
        parcel = parcels.get(row["waybill_no"])
        if parcel and row["node"] == "picked_up" and row["node_us"] >= paid[parcel["order_id"]]:
            key = parcel["order_id"], parcel["line_no"]
            first[key] = min(first.get(key, row["node_us"]), row["node_us"])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows["order_line"]:
        if row["provider_id"] == provider:
            paid_us = paid[row["order_id"]]
            picked_us = first.get((row["order_id"], row["line_no"]))
            month = str(day_of(instant_of(paid_us)))[:7]
            counts[month][0] += picked_us is None or picked_us > paid_us + 48 * US_PER_HOUR
            counts[month][1] += 1
    return {month: late * 1000 // all_of for month, (late, all_of) in counts.items()}


@pytest.mark.clause("S0-2.1-ship48")
def test_the_drifting_provider_drifts_and_the_steady_one_does_not() -> None:
    """In the demo P0007 falls below 97 % from September 2025; P0001 never does."""
    demo = simulate(20250719, SIZES["demo"])
    months = [demo.months[index] for index in (1, 9, 12)]
    tables = [demo.month_tables(month) for month in months]
    rows = {
        stream: [row for each in tables for row in each[stream].to_pylist()]
        for stream in ("order_event", "order_line", "parcel", "parcel_trace")
    }
    drifting, steady = _late_per_mille(rows, "P0007"), _late_per_mille(rows, "P0001")
    assert drifting["2025-02"] < 30 < drifting["2025-10"] < drifting["2026-01"]
    assert max(steady.values()) < 30


def test_the_fraudulent_provider_has_scans_before_the_payment(rows: Rows) -> None:
    """P0008, and nobody else, has pick-up scans that lie before the payment."""
    parcels = {row["waybill_no"]: row for row in rows["parcel"]}
    paid = {row["order_id"]: row["paid_us"] for row in rows["order_event"]}
    early = {
        parcels[row["waybill_no"]]["provider_id"]
        for row in rows["parcel_trace"]
        if row["node_us"] < paid[parcels[row["waybill_no"]]["order_id"]]
    }
    assert early == {"P0008"}


def test_festival_days_are_busy(rows: Rows) -> None:
    """On 11 November a shop gets several times the orders of an ordinary day."""
    by_day: dict[int, int] = defaultdict(int)
    for row in rows["order_event"]:
        if row["state"] == "paid":
            by_day[day_key(day_of(instant_of(row["paid_us"])))] += 1
    ordinary = sum(by_day[day_key(date(2025, 10, day))] for day in range(1, 32)) // 31
    assert by_day[20251111] > 3 * ordinary


def test_tiers_are_crossed_up_and_down() -> None:
    """Dozens of the demo's shops cross a step of the deposit tiers, in both directions."""
    demo = simulate(20250719, SIZES["demo"])
    tiers: dict[str, list[int]] = defaultdict(list)
    for _, tables in demo:
        sales: dict[str, int] = defaultdict(int)
        for row in tables["sales_fact"].select(["shop_id", "gross_fen"]).to_pylist():
            sales[row["shop_id"]] += row["gross_fen"]
        for shop, fen in sales.items():
            tiers[shop].append(sum(fen >= step for step in (5_000_000, 10_000_000, 50_000_000)))
    pairs = {shop: list(pairwise(row)) for shop, row in tiers.items()}
    up = sum(any(before < after for before, after in each) for each in pairs.values())
    down = sum(any(before > after for before, after in each) for each in pairs.values())
    assert min(up, down) >= 24
    assert sum(3 in row for row in tiers.values()) >= 5


def test_every_behaviour_is_described_and_played(market: Market) -> None:
    """Each behaviour has words in both languages, and the demo has someone who behaves so."""
    played = {each.part.behaviour for each in simulate(20250719, SIZES["demo"]).providers}
    assert set(DESCRIPTIONS) == set(Behaviour) == played
    assert all(each.zh and each.en for each in DESCRIPTIONS.values())
    assert market.providers_by_id["P0002"].part.behaviour is Behaviour.DECLINING

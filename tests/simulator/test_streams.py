"""The tables are what the feed takes, and they agree with one another."""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from earnest.feed.streams import STREAMS
from earnest.kernel.calendar import Month, day_key, day_of, instant_of
from earnest.kernel.errors import BadInput
from earnest.kernel.money import FEN_PER_YUAN
from earnest.policy import load_pack
from earnest.simulator import SIMULATED_STREAMS, SIZES, Size, simulate
from earnest.simulator.cast import CATEGORIES
from earnest.simulator.fees import SERVICE_YUAN, shop_fen
from tests.simulator.conftest import Rows

PACKS = Path(__file__).resolve().parents[2] / "packs"
ON = date(2025, 9, 1)
CATEGORIES_ALONE = [[category] for category in CATEGORIES]


def test_every_column_is_one_of_the_stream(tables: dict[str, pa.Table]) -> None:
    """No table has a column that its stream does not know, and none lacks a required one."""
    assert tuple(tables) == SIMULATED_STREAMS
    for name, table in tables.items():
        stream = STREAMS[name]
        known = {column.name for column in stream.given} | {
            column.stored for column in stream.given
        }
        required = {column.stored for column in stream.columns if column.required}
        given = {"score_tenths" if each == "score" else each for each in table.column_names}
        assert set(table.column_names) <= known, name
        assert required <= given, name


def test_natural_keys_are_unique(tables: dict[str, pa.Table]) -> None:
    """No event is told twice."""
    for name, table in tables.items():
        key = [each for each in STREAMS[name].dedupe_key if each in table.column_names]
        distinct = table.group_by(key).aggregate([]).num_rows
        assert distinct == table.num_rows, name


def test_no_amount_is_a_float_or_negative(tables: dict[str, pa.Table]) -> None:
    """Amounts are whole fen, never below zero."""
    for name, table in tables.items():
        assert not any(pa.types.is_floating(field.type) for field in table.schema), name
        for column in table.column_names:
            if column.endswith("_fen"):
                amounts = [each for each in table[column].to_pylist() if each is not None]
                assert table.schema.field(column).type == pa.int64()
                assert min(amounts, default=0) >= 0, (name, column)


@pytest.mark.clause("S3-3.1a")
def test_sales_facts_are_the_sums_of_the_orders(rows: Rows) -> None:
    """Per day, shop and category, the fact is the sum of the lines, and orders are counted once."""
    shops = {row["order_id"]: row["shop_id"] for row in rows["order_event"]}
    paid = {row["order_id"]: row["paid_us"] for row in rows["order_event"]}
    sums: dict[tuple, int] = defaultdict(int)
    orders: dict[tuple, set[str]] = defaultdict(set)
    for row in rows["order_line"]:
        day = day_key(day_of(instant_of(paid[row["order_id"]])))
        key = day, shops[row["order_id"]], row["category_id"]
        sums[key] += row["line_paid_fen"]
        orders[key].add(row["order_id"])
    facts = {
        (row["day"], row["shop_id"], row["category_id"]): (row["gross_fen"], row["orders"])
        for row in rows["sales_fact"]
    }
    assert facts == {key: (sums[key], len(orders[key])) for key in sums}


def test_an_order_is_worth_its_lines(rows: Rows) -> None:
    """What was paid for an order is what was paid for its lines."""
    lines: dict[str, int] = defaultdict(int)
    for row in rows["order_line"]:
        lines[row["order_id"]] += row["line_paid_fen"]
    paid = {
        row["order_id"]: row["amount_paid_fen"]
        for row in rows["order_event"]
        if row["state"] == "paid"
    }
    assert paid == lines


def test_every_event_names_things_that_exist(rows: Rows) -> None:
    """Lines, parcels and requests belong to orders; scans to parcels; parties are admitted."""
    orders = {row["order_id"] for row in rows["order_event"]}
    parcels = {(row["carrier"], row["waybill_no"]) for row in rows["parcel"]}
    providers = {row["provider_id"] for row in rows["provider_event"]}
    shops = {row["shop_id"] for row in rows["shop_event"]}
    for stream in ("order_line", "parcel", "aftersale_event"):
        assert {row["order_id"] for row in rows[stream]} <= orders
        assert {row["provider_id"] for row in rows[stream]} <= providers
        assert {row["shop_id"] for row in rows[stream]} <= shops
    assert {(row["carrier"], row["waybill_no"]) for row in rows["parcel_trace"]} == parcels


def test_the_steps_of_a_request_follow_one_another(rows: Rows) -> None:
    """Every request begins with its application, versions count up, and time does not run back."""
    steps: dict[str, list[dict]] = defaultdict(list)
    for row in rows["aftersale_event"]:
        steps[row["aftersale_id"]].append(row)
    for request in steps.values():
        assert [int(row["version"]) for row in request] == list(range(1, len(request) + 1))
        assert request[0]["action"] == "applied"
        assert all(
            before["occurred_us"] <= after["occurred_us"] for before, after in pairwise(request)
        )
        assert len({row["applied_us"] for row in request}) == 1


def test_nobody_trades_before_the_opening(rows: Rows) -> None:
    """A shop sells only in categories that are open."""
    opened = {
        (row["shop_id"], row["category_id"]): row["at_us"]
        for row in rows["shop_event"]
        if row["action"] == "category_opened"
    }
    for row in rows["order_line"]:
        day = day_of(instant_of(row["occurred_us"]))
        assert day >= day_of(instant_of(opened[row["shop_id"], row["category_id"]]))


@pytest.mark.parametrize(("name", "off_percent"), [("small", 20), ("demo", 5)])
def test_a_size_is_what_it_says(name: str, off_percent: int) -> None:
    """Providers and shops are exact, orders near the number, nearer in a larger market."""
    size = SIZES[name]
    market = simulate(11, size)
    orders = sum(len(set(tables["order_line"]["order_id"].to_pylist())) for _, tables in market)
    assert (len(market.providers), len(market.shops)) == (size.providers, size.shops)
    assert abs(orders - size.orders) * 100 <= off_percent * size.orders


def test_a_month_holds_only_its_own_orders() -> None:
    """A month's tables hold that month's orders alone, so memory is bounded by the month."""
    market = simulate(3, Size.of_orders(40_000), Month(2025, 5), 3)
    sizes = []
    for month, tables in market:
        paid = tables["order_event"]["paid_us"].to_pylist()
        assert {Month.of(day_of(instant_of(each))) for each in paid} == {month}
        sizes.append(sum(table.nbytes for table in tables.values()))
    assert max(sizes) < 2 * min(sizes)


@pytest.mark.parametrize("text", ["tiny", "12", "", "-5", "1000000000000"])
def test_an_unknown_size_is_refused_with_what_to_write(text: str) -> None:
    """A size that is no size is bad input, and the message says what to write."""
    with pytest.raises(BadInput) as refused:
        Size.parse(text)
    assert refused.value.problem.code == "simulator_size"
    assert refused.value.problem.zh


def test_parties_paid_in_what_the_shipped_packs_ask() -> None:
    """What providers and shops were told to pay is what the packs as shipped require."""
    supply = load_pack(PACKS / "kuaishou-supply-market.yaml")
    deposit = load_pack(PACKS / "kuaishou-shop-deposit.yaml")
    for category, asked_yuan in SERVICE_YUAN.items():
        facts = {"assessed_on": ON, "category": category, "balance_fen": 0}
        required = supply.evaluate("provider_deposit", facts).result["required_fen"]
        assert required == asked_yuan * FEN_PER_YUAN, category
    for categories in (["food", "wine"], ["jewelry", "books", "wine"], *CATEGORIES_ALONE):
        facts = {
            "adjusted_on": ON,
            "sales_fen": 0,
            "categories": categories,
            "raises_fen": 0,
            "balance_fen": 0,
        }
        required = deposit.evaluate("required_deposit", facts).result["required_fen"]
        assert required == shop_fen(categories), categories


def test_few_shops_are_short_from_the_start() -> None:
    """Some of the demo's shops pay in less than their categories ask; most pay all."""
    shops = simulate(20250719, SIZES["demo"]).shops
    short = [
        shop
        for shop in shops
        if shop.paid_in_fen
        < shop_fen(name for name, opened_on in shop.categories if opened_on <= shop.opened_on)
    ]
    assert 4 <= len(short) <= 40

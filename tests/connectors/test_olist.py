"""Olist's files: good parts in, contradictory parts listed by row and column, nothing lost."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from earnest.connectors.olist import olist_import
from earnest.connectors.olist_mapping import local_instant
from earnest.feed.files import ImportReport
from earnest.feed.queries import event_files, order_fact_files, rejections, stream_status
from earnest.kernel.errors import BadInput

TENANT = "olist"
NOW = datetime(2025, 9, 1, tzinfo=UTC)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")

ORDER_COLUMNS = (
    "order_id",
    "order_status",
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
)
ORDERS = (
    ",".join(ORDER_COLUMNS)
    + """
fine,delivered,2018-03-01 10:00:00,2018-03-01 10:30:00,2018-03-02 09:00:00,2018-03-05 12:00:00
early,delivered,2018-03-01 10:00:00,2018-03-03 10:30:00,2018-03-02 09:00:00,2018-03-05 12:00:00
backwards,delivered,2018-03-01 10:00:00,2018-03-01 10:30:00,2018-03-04 09:00:00,2018-03-03 12:00:00
unpaid,delivered,2018-03-01 10:00:00,,2018-03-02 09:00:00,2018-03-05 12:00:00
cancelled,canceled,2018-03-01 10:00:00,2018-03-01 10:30:00,,
blurred,shipped,2018-03-01 10:00:00,yesterday,2018-03-02 09:00:00,
lost,delivered,2018-03-01 10:00:00,2018-03-01 10:30:00,,
short,delivered
odd,teleported,2018-03-01 10:00:00,2018-03-01 10:30:00,,
,delivered,2018-03-01 10:00:00,2018-03-01 10:30:00,,
"""
)
ITEMS = """order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
fine,1,p1,seller-1,2018-03-06 10:00:00,58.9,13.29
fine,2,p2,seller-2,2018-03-06 10:00:00,10,0.5
elsewhere,1,p1,seller-1,2018-03-06 10:00:00,1.00,0
early,1,p1,seller-1,2018-03-06 10:00:00,-1.00,0
early,2,p1,,2018-03-06 10:00:00,1.00,x
"""
PRODUCTS = "product_id,category\np1,toys\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a small folder in the form of the published files."""
    for name, text in (("orders", ORDERS), ("order_items", ITEMS), ("products", PRODUCTS)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def told(report: ImportReport) -> Counter[tuple[str, int, str, str]]:
    """Return the rejections as (file, row, column, code)."""
    return Counter((each.origin, each.row, each.field, each.code) for each in report.rejections)


def rows(stream: str, columns: str) -> list[tuple[Any, ...]]:
    """Return columns of the stored rows of a stream."""
    return duckdb.read_parquet(event_files(TENANT, stream)).select(columns).fetchall()


@pytest.mark.django_db
def test_contradictions_are_listed_and_the_rest_goes_in(folder: Path) -> None:
    """Each fault names file, row and column; orders whose pick-up is refused stay paid orders."""
    report = olist_import(TENANT, folder, now=NOW)
    assert told(report) == Counter(
        {
            ("orders.csv", 3, "order_delivered_carrier_date", "pickup_before_payment"): 1,
            ("orders.csv", 4, "order_delivered_customer_date", "signed_before_pickup"): 1,
            ("orders.csv", 5, "order_approved_at", "payment_missing"): 1,
            ("orders.csv", 7, "order_approved_at", "wrong_type"): 1,
            ("orders.csv", 8, "order_delivered_carrier_date", "pickup_missing"): 1,
            ("orders.csv", 8, "order_delivered_customer_date", "signing_missing"): 1,
            ("orders.csv", 9, "", "broken_line"): 1,
            ("orders.csv", 10, "order_status", "unknown_enum_value"): 1,
            ("orders.csv", 11, "order_id", "missing_key"): 1,
            ("order_items.csv", 5, "price", "negative_amount"): 1,
            ("order_items.csv", 6, "seller_id", "missing_key"): 1,
            ("order_items.csv", 6, "freight_value", "wrong_type"): 1,
        }
    )
    states = Counter(rows("order_event", "order_id, state"))
    assert set(states.values()) == {1}
    paid = {order_id for order_id, state in states if state == "paid"}
    assert paid == {"fine", "early", "backwards", "cancelled", "lost", "odd"}
    assert ("cancelled", "closed") in states
    nodes = set(rows("parcel_trace", "waybill_no, node"))
    assert nodes == {
        ("fine", "picked_up"),
        ("fine", "signed"),
        ("early", "signed"),
        ("backwards", "picked_up"),
        ("unpaid", "picked_up"),
        ("unpaid", "signed"),
        ("blurred", "picked_up"),
    }
    kept = {each.original for each in rejections(TENANT)}
    assert kept <= set((ORDERS + ITEMS).splitlines())


@pytest.mark.django_db
def test_amounts_sellers_and_categories_are_mapped(folder: Path) -> None:
    """Price and freight are exact hundredths of a real; a product without category has none."""
    olist_import(TENANT, folder, now=NOW)
    lines = rows("order_line", "order_id, provider_id, category_id, line_paid_fen, currency")
    assert sorted(lines) == [
        ("elsewhere", "seller-1", "toys", 100, "BRL"),
        ("fine", "seller-1", "toys", 7219, "BRL"),
        ("fine", "seller-2", None, 1050, "BRL"),
    ]
    facts = duckdb.read_parquet(order_fact_files(TENANT))
    both = facts.filter("order_id = 'fine'").select("provider_id, paid_us, picked_us, signed_us")
    seconds = [
        int(datetime(2018, 3, day, hour + 3, minute, tzinfo=UTC).timestamp()) * 1_000_000
        for day, hour, minute in ((1, 10, 30), (2, 9, 0), (5, 12, 0))
    ]
    assert sorted(both.fetchall()) == [("seller-1", *seconds), ("seller-2", *seconds)]


@pytest.mark.django_db
def test_a_second_run_adds_nothing(folder: Path) -> None:
    """Every event is a duplicate, every fault known, and nothing is kept twice."""
    first = olist_import(TENANT, folder, now=NOW)
    again = olist_import(TENANT, folder, now=NOW)
    assert sum(total.accepted for total in again.totals.values()) == 0
    for stream, total in again.totals.items():
        assert total.duplicate == first.totals[stream].accepted
    assert told(again) == told(first)
    assert not any(each.known for each in first.rejections)
    assert all(each.known for each in again.rejections)
    assert len(rejections(TENANT)) == len(first.rejections)


@pytest.mark.django_db
def test_items_wait_for_orders_of_another_excerpt(folder: Path) -> None:
    """A line whose order is not in the excerpt is not lost: it takes its place later."""
    report = olist_import(TENANT, folder, now=NOW)
    assert report.totals["order_line"].waiting == 1
    heading = ",".join(ORDER_COLUMNS)
    order = "elsewhere,shipped,2018-03-01 10:00:00,2018-03-01 11:00:00,2018-03-02 10:00:00,"
    (folder / "orders.csv").write_text(f"{heading}\n{order}\n")
    olist_import(TENANT, folder, now=NOW)
    waiting = {each.stream: each.waiting for each in stream_status(TENANT)}
    assert waiting["order_line"] == 0
    facts = duckdb.read_parquet(order_fact_files(TENANT)).filter("order_id = 'elsewhere'")
    assert facts.select("provider_id, amount_fen").fetchall() == [("seller-1", 100)]


@pytest.mark.parametrize(
    ("text", "utc", "quality"),
    [
        ("2018-03-01 10:00:00", "2018-03-01T13:00:00+00:00", "source_s"),
        ("2018-02-17 23:30:00", "2018-02-18T01:30:00+00:00", "derived"),  # stands twice
        ("2018-02-18 00:00:00", "2018-02-18T03:00:00+00:00", "source_s"),
        ("2017-10-15 00:30:00", "2017-10-15T03:30:00+00:00", "derived"),  # never was
        ("2017-10-15 01:00:00", "2017-10-15T03:00:00+00:00", "source_s"),
    ],
)
def test_clock_changes_are_decided_and_marked(text: str, utc: str, quality: str) -> None:
    """A repeated hour is the first one, a missing one lies an hour on; both are marked."""
    time = local_instant(text, SAO_PAULO)
    assert (time.at.isoformat(), time.quality) == (utc, quality)


@pytest.mark.parametrize("text", ["2018-03-01T10:00:00", "2018-02-30 10:00:00", "1/2/2018", ""])
def test_other_forms_of_time_are_refused(text: str) -> None:
    """Only the form of the files is a time; nothing is guessed."""
    with pytest.raises(ValueError, match=r"."):
        local_instant(text, SAO_PAULO)


def test_wrong_use_is_refused(folder: Path) -> None:
    """A zone or a file that is not there, or one without its columns."""
    with pytest.raises(BadInput, match="unknown_timezone"):
        olist_import(TENANT, folder, now=NOW, timezone="Mars/Olympus")
    (folder / "orders.csv").write_text("order_id\nx\n")
    with pytest.raises(BadInput, match="missing_column"):
        olist_import(TENANT, folder, now=NOW)
    (folder / "orders.csv").unlink()
    with pytest.raises(BadInput, match="unreadable_file"):
        olist_import(TENANT, folder, now=NOW)

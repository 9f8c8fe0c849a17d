"""The feed takes the market's events as they are."""

from datetime import UTC, datetime

import pytest

from earnest.feed.commands import batches_take
from earnest.kernel.calendar import Month
from earnest.simulator import Market
from earnest.simulator.cast import CATEGORIES

SOURCE = "urn:earnest:src:simulator:small"
NOW = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.django_db
def test_the_feed_takes_every_row_but_the_faked_scans(market: Market) -> None:
    """Only pick-up scans before the payment are refused; a second time every row is a repeat."""
    tables = market.month_tables(Month(2025, 1))
    paid = {row["order_id"]: row["paid_us"] for row in tables["order_event"].to_pylist()}
    orders = {row["waybill_no"]: row["order_id"] for row in tables["parcel"].to_pylist()}
    faked = [
        row
        for row in tables["parcel_trace"].to_pylist()
        if row["node_us"] < paid[orders[row["waybill_no"]]]
    ]
    runs = [
        batches_take(
            "sim",
            tables,
            source=SOURCE,
            now=NOW,
            origin="simulator",
            categories=frozenset(CATEGORIES),
        )
        for _ in range(2)
    ]
    faults = [each.code for intake in runs[0].values() for each in intake.rejected]
    assert faults == ["pickup_before_payment"] * len(faked)
    assert len(faked) > 0
    for stream, table in tables.items():
        refused = len(faked) if stream == "parcel_trace" else 0
        assert runs[0][stream].accepted == table.num_rows - refused, stream
        assert (runs[1][stream].accepted, runs[1][stream].duplicate) == (
            0,
            table.num_rows - refused,
        )

"""Recording figures: once, idempotent, never overwritten; and the whole way from the feed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, transaction

from earnest.feed.commands import batches_take
from earnest.measures import Figure
from earnest.measures.commands import results_record
from earnest.measures.models import MeasureResult
from earnest.measures.queries import contributions, figures_recorded, measure, results

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 9, 8, tzinfo=UTC)
FIGURE = Figure(
    subject_kind="shop",
    subject="S1",
    measure="sales_month",
    numerator=550,
    denominator=1,
    sample=2,
    pending=0,
    window_from=date(2025, 8, 1),
    window_to=date(2025, 8, 31),
    cutoff_at=NOW,
    state="final",
    dimensions={"category_id": {"C1": 300, "C2": 250, "": 0}},
    formula_hash="0" * 64,
)

EVENTS = {
    "order_event": [
        {
            "order_id": "O1",
            "state": "paid",
            "paid_at": "2025-08-05T10:00:00+08:00",
            "shop_id": "S1",
            "amount_paid_fen": 1000,
        },
        {
            "order_id": "O2",
            "state": "paid",
            "paid_at": "2025-08-05T10:00:00+08:00",
            "shop_id": "S1",
            "amount_paid_fen": 500,
        },
    ],
    "order_line": [
        {
            "order_id": order,
            "line_no": "1",
            "provider_id": "P1",
            "category_id": "C1",
            "line_paid_fen": fen,
            "occurred_at": "2025-08-05T10:00:00+08:00",
        }
        for order, fen in (("O1", 1000), ("O2", 500))
    ],
    "parcel": [
        {
            "carrier": "yto",
            "waybill_no": "W1",
            "direction": "outbound",
            "order_id": "O1",
            "declared_at": "2025-08-05T12:00:00+08:00",
        },
    ],
    "parcel_trace": [
        {"carrier": "yto", "waybill_no": "W1", "node": node, "node_at": at}
        for node, at in (
            ("picked_up", "2025-08-07T10:00:00+08:00"),
            ("signed", "2025-08-09T10:00:00+08:00"),
        )
    ],
    "aftersale_event": [
        {
            "aftersale_id": "A1",
            "order_id": "O1",
            "action": "applied",
            "applied_at": "2025-08-10T10:00:00+08:00",
            "aftersale_type": "return_refund",
            "reason_class": "quality",
            "actor": "buyer",
        },
    ],
}


def _found(figures: Sequence[Figure]) -> tuple[int, int, int]:
    recorded = results_record("t", figures, NOW)
    return recorded.new, recorded.same, len(recorded.differs)


def test_recording_twice_adds_nothing() -> None:
    """The figure and one row per category are new once, the same ever after."""
    other = replace(FIGURE, subject="S2", dimensions={})
    assert _found([FIGURE, other]) == (4, 0, 0)
    assert _found([FIGURE, other]) == (0, 4, 0)
    assert _found([]) == (0, 0, 0)
    parts = MeasureResult.objects.filter(subject="S1").values_list("dimension", "numerator")
    assert set(parts) == {("", 550), ("C1", 300), ("C2", 250)}
    assert results("t").count() == 2
    assert results("another tenant").count() == 0


def test_a_figure_that_comes_out_otherwise_is_reported_and_not_taken() -> None:
    """What was judged by stays; the difference says both."""
    _found([FIGURE])
    late = replace(FIGURE, numerator=560, dimensions={"category_id": {"C1": 310, "C2": 250}})
    recorded = results_record("t", [late], NOW)
    assert (recorded.new, recorded.same) == (0, 1)
    assert [
        (each.dimension, each.recorded["numerator"], each.found["numerator"])
        for each in recorded.differs
    ] == [("", 550, 560), ("C1", 300, 310)]
    [row] = figures_recorded(
        "t", "sales_month", subject_kind="shop", first=date(2025, 8, 1), last=date(2025, 8, 31)
    )
    assert row.numerator == 550


def test_recorded_figures_cannot_be_changed_or_removed() -> None:
    """The database itself refuses, whoever asks."""
    _found([FIGURE])
    for change in (lambda rows: rows.update(numerator=1), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="never touched"), transaction.atomic():
            change(MeasureResult.objects.all())
    assert MeasureResult.objects.get(dimension="").numerator == 550


@pytest.mark.clause("S0-2.1-ship48-def", "S0-2.2.1d")
@pytest.mark.usefixtures("earnest_home")
def test_events_taken_by_the_feed_are_counted() -> None:
    """From neutral events through the feed to a figure and its orders."""
    intakes = batches_take("t", EVENTS, source="urn:earnest:src:test:1", now=NOW, origin="test")
    assert [intake.rejected for intake in intakes.values()] == [[]] * 5
    window = (date(2025, 8, 1), date(2025, 8, 31))
    [figure] = measure("t", "shipping48h", *window, by="provider", as_of=NOW, params={"hours": 48})
    assert (figure.subject, figure.numerator, figure.denominator) == ("P1", 1, 2)
    rows = contributions(
        "t",
        "shipping48h",
        *window,
        subject_kind="provider",
        subject="P1",
        as_of=NOW,
        params={"hours": 48},
    )
    assert {row["order_id"]: row["why"] for row in rows} == {
        "O1": "picked_up_in_time",
        "O2": "no_trace",
    }
    [quality] = measure("t", "quality_refund30d", *window, by="shop", as_of=NOW)
    assert (quality.numerator, quality.denominator) == (1, 1)
    [stage] = measure(
        "t", "after_sales_return_stage1", *window, by="all", as_of=NOW, params={"hours": 36}
    )
    assert (stage.numerator, stage.denominator) == (0, 1)
    [sales] = measure("t", "sales_month", *window, by="shop", as_of=NOW)
    assert (sales.numerator, sales.sample) == (1500, 2)
    july = (date(2025, 7, 1), date(2025, 7, 31))
    assert measure("t", "shipping48h", *july, by="all", as_of=NOW, params={"hours": 48}) == []

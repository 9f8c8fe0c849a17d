"""What is measured beside what is asked: recorded figures, and orders sent back."""

from datetime import datetime

import pytest

from earnest.feed.commands import batches_take
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.surveys.measured import Measured, measured_beside, returns_counted
from tests.surveys.scene import BEFORE, MONTH, NOW, OVER, TENANT, order


def figure(name: str, numerator: int, denominator: int) -> Figure:
    """Return a figure of P1's October."""
    return Figure(
        "provider", "P1", name, numerator, denominator, denominator, 0,
        MONTH.first_day, MONTH.last_day, OVER, "final", {}, "",
    )  # fmt: skip


def came_back(number: int, kind: str, at: str) -> None:
    """Let the buyer of an order apply for something."""
    row = {
        "aftersale_id": f"A{number}", "order_id": f"O{number}", "action": "applied",
        "aftersale_type": kind, "occurred_at": at,
    }  # fmt: skip
    taken = batches_take(
        TENANT, {"aftersale_event": [row]}, source="urn:test:shopdesk", now=BEFORE, origin="test"
    )
    assert taken["aftersale_event"].accepted == 1


def signed(number: int, at: str) -> None:
    """Let an order's parcel be signed for."""
    parcel = {"carrier": "sf", "waybill_no": f"W{number}", "order_id": f"O{number}"}
    trace = {"carrier": "sf", "waybill_no": f"W{number}", "node": "signed", "node_at": at}
    taken = batches_take(
        TENANT,
        {
            "parcel": [parcel | {"direction": "outbound", "declared_at": at}],
            "parcel_trace": [trace],
        },
        source="urn:test:shopdesk",
        now=BEFORE,
        origin="test",
    )
    assert [each.accepted for each in taken.values()] == [1, 1]


@pytest.mark.clause("S0-2.2.5-3b")
def test_orders_sent_back_are_counted_of_those_signed_for(market: str) -> None:
    """Returns and exchanges of the month count; money back without goods, and other days, not."""
    for number in range(1, 5):
        order(number, f"S{number}", "P1", "2025-10-02T10:00:00+08:00")
        signed(number, "2025-10-05T10:00:00+08:00")
    came_back(1, "return_refund", "2025-10-06T10:00:00+08:00")
    came_back(2, "exchange", "2025-10-07T10:00:00+08:00")
    came_back(3, "refund_only", "2025-10-07T10:00:00+08:00")
    came_back(4, "return_refund", "2025-11-01T10:00:00+08:00")
    assert returns_counted(market, "P1", MONTH, OVER) == Measured("returns", 2, 4)
    early = datetime.fromisoformat("2025-10-06T12:00:00+08:00")
    assert returns_counted(market, "P1", MONTH, early) == Measured("returns", 1, 4)
    assert returns_counted(market, "P2", MONTH, OVER) == Measured("returns", 0, 0)


@pytest.mark.clause("S0-2.2.5-3c", "S0-2.2.5-3d", "S0-2.2.5-3e", "S0-2.2.3a")
def test_figures_of_the_month_stand_beside_their_item(market: str) -> None:
    """What the month was assessed by; a month that was not assessed has none."""
    figures = [
        figure("shipping48h", 96, 100),
        figure("after_sales_return_stage1", 9, 10),
        figure("after_sales_refund_shipped", 8, 10),
        figure("reply3min", 7, 10),
    ]
    results_record(market, figures, OVER)
    found = measured_beside(market, "P1", MONTH, NOW)
    assert found == {
        "goods": [],
        "shipping": [Measured("shipping48h", 96, 100)],
        "after_sales": [
            Measured("after_sales_refund_shipped", 8, 10),
            Measured("after_sales_return_stage1", 9, 10),
        ],
        "replies": [Measured("reply3min", 7, 10)],
    }
    assert measured_beside(market, "P1", MONTH.plus(-1), NOW)["shipping"] == []

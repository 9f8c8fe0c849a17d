"""A provider with twenty orders in October, three of them late, and three assessed months."""

from datetime import date, datetime, timedelta

from earnest.assessment.providers import duty_findings
from earnest.decisions.commands import findings_record
from earnest.feed.commands import batches_take
from earnest.kernel.calendar import MARKET_ZONE, Month
from earnest.market.models import Provider
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.rulebooks.packs import SUPPLY_MARKET, party_packs

TENANT = "duty-tests"
MONTHS = (Month(2025, 8), Month(2025, 9), Month(2025, 10))
ORDERS, LATE = 20, 3


def at(day: int, hour: int = 12, month: int = 10) -> datetime:
    """Return an instant of the autumn of 2025 by the market's clock."""
    return datetime(2025, month, day, hour, tzinfo=MARKET_ZONE)


def scene_seed() -> None:
    """Bring P1 and P2 in, P1's orders, and what was found on the eighth of each month after."""
    for provider_id in ("P1", "P2"):
        Provider.objects.create(
            tenant_id=TENANT,
            provider_id=provider_id,
            name=f"货源{provider_id}",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 6),
        )
    packs = party_packs(TENANT, SUPPLY_MARKET)
    for month in MONTHS:
        settled = at(8, 8, month.plus(1).number)
        figures = [_figure(month, settled, "P1", 17), _figure(month, settled, "P2", 20)]
        results_record(TENANT, figures, settled)
        findings_record(TENANT, duty_findings(month, figures, packs), settled)
    _orders()


def _figure(month: Month, settled: datetime, subject: str, in_time: int) -> Figure:
    return Figure(
        subject_kind="provider", subject=subject, measure="shipping48h",
        numerator=in_time, denominator=ORDERS, sample=ORDERS, pending=0,
        window_from=month.first_day, window_to=month.last_day, cutoff_at=settled,
        state="final", dimensions={"adjusted_denominator": ORDERS - 1}, formula_hash="0" * 64,
    )  # fmt: skip


def _orders() -> None:
    """One order each twelve hours from 2 October on, 09:00; the first three are picked up late."""
    events: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("order_event", "order_line", "parcel", "parcel_trace")
    }
    for number in range(ORDERS):
        paid = at(2, 9) + timedelta(hours=12 * number)
        picked = paid + timedelta(hours=60 if number < LATE else 20)
        order_id, waybill = f"O{number:04d}", f"W{number:04d}"
        events["order_event"].append(
            {"order_id": order_id, "state": "paid", "source_version": "1", "shop_id": "S1",
             "occurred_at": paid.isoformat(), "paid_at": paid.isoformat(),
             "amount_paid_fen": 9_900}
        )  # fmt: skip
        events["order_line"].append(
            {"order_id": order_id, "line_no": "1", "version": "1", "provider_id": "P1",
             "occurred_at": paid.isoformat(), "category_id": "apparel", "qty": 1,
             "line_paid_fen": 9_900}
        )  # fmt: skip
        events["parcel"].append(
            {"carrier": "yto", "waybill_no": waybill, "direction": "outbound",
             "order_id": order_id, "occurred_at": paid.isoformat()}
        )  # fmt: skip
        events["parcel_trace"].append(
            {"carrier": "yto", "waybill_no": waybill, "node": "picked_up",
             "node_at": picked.isoformat(), "occurred_at": picked.isoformat()}
        )  # fmt: skip
    taken = batches_take(
        TENANT, events, source="urn:earnest:src:test:duties", now=at(8, 8, 11), origin="test"
    )
    assert not [each for intake in taken.values() for each in intake.rejected]

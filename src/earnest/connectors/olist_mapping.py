"""How a line of Olist's files becomes neutral events. Pure: no file, no feed.

- ``order_purchase_timestamp``: order_event ``created``
- ``order_approved_at``: order_event ``paid``
- status canceled or unavailable: order_event ``closed`` at the last time known of payment or
  purchase, since the files hold none (``time_quality`` is ``derived``)
- ``order_delivered_carrier_date``: parcel (carrier ``olist``, waybill = order id) and its trace
  ``picked_up``
- ``order_delivered_customer_date``: trace ``signed``
- a line of ``order_items.csv``: order_line; the seller is provider and shop, price + freight in
  hundredths of a real (``currency`` is BRL); its time is the shipping limit, the only one the
  file holds (``derived``)

Times are local and without zone. A local time that stands twice, when the clock goes back, is taken
as the earlier one; one that never was, when the clock goes forward, as the instant an hour later;
both are marked ``derived``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from earnest.feed.arrival import Rejection
from earnest.kernel.money import fen_of_yuan

CARRIER: Final = "olist"
CURRENCY: Final = "BRL"
STATUSES: Final = frozenset(
    [
        "created",
        "approved",
        "invoiced",
        "processing",
        "shipped",
        "delivered",
        "canceled",
        "unavailable",
    ]
)
CLOSED: Final = frozenset({"canceled", "unavailable"})
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "missing_key": (
        "缺少 {field}；请补上后重新导入",
        "{field} is missing; fill it in and import again",
    ),
    "unknown_enum_value": (
        "不认识的订单状态 {value}；请更正",
        "the order status {value} is not known; correct it",
    ),
    "wrong_type": (
        "{field} 的值 {value} 无法读出；时间写作 2018-01-31 10:00:00，金额写作 58.90",
        (
            "the value {value} of {field} cannot be read; write times as 2018-01-31 10:00:00 and"
            " amounts as 58.90"
        ),
    ),
    "negative_amount": (
        "{field} 为负数（{value}）；请更正",
        "{field} is negative ({value}); correct it",
    ),
    "pickup_before_payment": (
        "揽收 {value} 早于支付；揽收未采用，订单仍按已支付计；请核对来源",
        (
            "the pick-up {value} is earlier than the payment; it was not taken, the order still"
            " counts as paid; check the source"
        ),
    ),
    "signed_before_payment": (
        "签收 {value} 早于支付；签收未采用；请核对来源",
        "the sign-for {value} is earlier than the payment; it was not taken; check the source",
    ),
    "signed_before_pickup": (
        "签收 {value} 早于揽收；签收未采用；请核对来源",
        "the sign-for {value} is earlier than the pick-up; it was not taken; check the source",
    ),
    "payment_missing": (
        "状态为 {value} 却没有支付时间；订单未计入已支付；请向来源补取",
        (
            "the status is {value} but there is no payment time; the order does not count as paid;"
            " ask the source for it"
        ),
    ),
    "pickup_missing": (
        "状态为 {value} 却没有揽收时间；订单按未揽收计；请向来源补取",
        (
            "the status is {value} but there is no pick-up time; the order counts as not picked up;"
            " ask the source for it"
        ),
    ),
    "signing_missing": (
        "状态为 {value} 却没有签收时间；订单按未签收计；请向来源补取",
        (
            "the status is {value} but there is no sign-for time; the order counts as not signed"
            " for; ask the source for it"
        ),
    ),
}


@dataclass(frozen=True)
class Time:
    """A local time of the file as an instant, and how well it is known."""

    at: datetime
    quality: str


@dataclass
class Row:
    """A line of a file by its column names, with the faults found in it."""

    origin: str
    number: int
    cells: dict[str, str]
    original: str
    faults: list[Rejection] = field(default_factory=list)

    def fault(self, stream: str, code: str, column: str, value: str = "") -> None:
        """Note a fault of a column; ``stream`` is the one that goes without."""
        zh, en = (text.format(field=column, value=value) for text in _TEXTS[code])
        self.faults.append(
            Rejection(stream, self.origin, self.number, column, code, zh, en, self.original)
        )


def order_events(row: Row, zone: ZoneInfo) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of a line of orders.csv as (stream, neutral row); note its faults."""
    order_id, status = row.cells["order_id"], row.cells["order_status"]
    if not order_id:
        row.fault("order_event", "missing_key", "order_id")
        return
    if status not in STATUSES:
        row.fault("order_event", "unknown_enum_value", "order_status", status)
    created = _time(row, "order_event", "order_purchase_timestamp", zone)
    paid = _time(row, "order_event", "order_approved_at", zone)
    if created:
        yield "order_event", _order_event(order_id, "created", created, status)
    elif not row.cells["order_purchase_timestamp"]:
        row.fault("order_event", "missing_key", "order_purchase_timestamp")
    if paid:
        yield "order_event", _order_event(order_id, "paid", paid, status)
    last = max((time for time in (created, paid) if time), key=lambda t: t.at, default=None)
    if status in CLOSED and last:
        yield "order_event", _order_event(order_id, "closed", Time(last.at, "derived"), status)
    yield from _parcel_events(row, paid, zone)


def item_events(
    row: Row, zone: ZoneInfo, categories: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the event of a line of order_items.csv as (stream, neutral row); note its faults."""
    stream = "order_line"
    for column in ("order_id", "order_item_id", "seller_id", "shipping_limit_date"):
        if not row.cells[column]:
            row.fault(stream, "missing_key", column)
    price, freight = _amount(row, "price"), _amount(row, "freight_value")
    limit = _time(row, stream, "shipping_limit_date", zone)
    if row.faults or price is None or freight is None or limit is None:
        return
    seller = row.cells["seller_id"]
    yield (
        stream,
        {
            "order_id": row.cells["order_id"],
            "line_no": row.cells["order_item_id"],
            "item_id": row.cells["product_id"],
            "category_id": categories.get(row.cells["product_id"]),
            "qty": 1,
            "unit_price_fen": price,
            "line_paid_fen": price + freight,
            "provider_id": seller,
            "shop_id": seller,
            "occurred_at": limit.at.isoformat(),
            "time_quality": "derived",
            "currency": CURRENCY,
        },
    )


def local_instant(text: str, zone: ZoneInfo) -> Time:
    """Return a local time of the files as an instant.

    Raises:
        ValueError: when it is not written ``2018-01-31 10:00:00``.
    """
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a time written 2018-01-31 10:00:00")
    earlier = datetime.fromisoformat(text).replace(tzinfo=zone)
    later = earlier.replace(fold=1)
    # Before a gap and at a repeated hour the two folds differ; the offset that held before the
    # change gives the earlier of two instants, and the one an hour on when there is none.
    certain = earlier.utcoffset() == later.utcoffset()
    return Time(earlier.astimezone(UTC), "source_s" if certain else "derived")


def _order_event(order_id: str, state: str, time: Time, status: str) -> dict[str, Any]:
    at = time.at.isoformat()
    return {
        "order_id": order_id,
        "state": state,
        "state_raw": status,
        "occurred_at": at,
        "paid_at": at if state == "paid" else None,
        "time_quality": time.quality,
        "currency": CURRENCY,
    }


def _parcel_events(
    row: Row, paid: Time | None, zone: ZoneInfo
) -> Iterator[tuple[str, dict[str, Any]]]:
    status = row.cells["order_status"]
    picked_column, signed_column = "order_delivered_carrier_date", "order_delivered_customer_date"
    picked = _time(row, "parcel_trace", picked_column, zone)
    signed = _time(row, "parcel_trace", signed_column, zone)
    handed_over = bool(picked or signed) or status in ("shipped", "delivered")
    if handed_over and not row.cells["order_approved_at"]:
        row.fault("order_event", "payment_missing", "order_approved_at", status)
    if not row.cells[picked_column] and (signed or status in ("shipped", "delivered")):
        row.fault("parcel_trace", "pickup_missing", picked_column, status)
    if not row.cells[signed_column] and status == "delivered":
        row.fault("parcel_trace", "signing_missing", signed_column, status)
    if picked and paid and picked.at < paid.at:
        row.fault("parcel_trace", "pickup_before_payment", picked_column, row.cells[picked_column])
        picked = None
    if signed and paid and signed.at < paid.at:
        row.fault("parcel_trace", "signed_before_payment", signed_column, row.cells[signed_column])
        signed = None
    if signed and picked and signed.at < picked.at:
        row.fault("parcel_trace", "signed_before_pickup", signed_column, row.cells[signed_column])
        signed = None
    order_id = row.cells["order_id"]
    waybill = {"carrier": CARRIER, "waybill_no": order_id}
    first = picked or signed
    if first:
        yield (
            "parcel",
            {
                **waybill,
                "direction": "outbound",
                "order_id": order_id,
                "occurred_at": first.at.isoformat(),
                "time_quality": "derived",
            },
        )
    for node, time in (("picked_up", picked), ("signed", signed)):
        if time:
            at, quality = time.at.isoformat(), time.quality
            yield "parcel_trace", {**waybill, "node": node, "node_at": at, "time_quality": quality}


def _time(row: Row, stream: str, column: str, zone: ZoneInfo) -> Time | None:
    text = row.cells[column]
    if not text:
        return None
    try:
        return local_instant(text, zone)
    except ValueError:
        row.fault(stream, "wrong_type", column, text)
        return None


def _amount(row: Row, column: str) -> int | None:
    text = row.cells[column]
    try:
        amount = fen_of_yuan(text)
    except ValueError:
        row.fault("order_line", "wrong_type", column, text)
        return None
    if amount < 0:
        row.fault("order_line", "negative_amount", column, text)
    return amount

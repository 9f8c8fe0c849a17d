"""Olist: real orders of a Brazilian marketplace (CSV files) as neutral events.

Reads ``orders.csv`` and, where present, ``order_items.csv`` and ``products.csv``. The mapping:

=============================== ==============================================================
``order_purchase_timestamp``    order_event ``created``
``order_approved_at``           order_event ``paid``
status canceled / unavailable   order_event ``closed``, at the last time known of payment or
                                purchase (the files hold none): ``time_quality`` is ``derived``
``order_delivered_carrier_date``  parcel (carrier ``olist``, waybill = order id) and its trace
                                ``picked_up``
``order_delivered_customer_date`` trace ``signed``
a line of ``order_items.csv``   order_line: seller = provider and shop, price + freight in
                                hundredths of a real (``currency`` is BRL); its time is the
                                shipping limit, the only one the file holds (``derived``)
=============================== ==============================================================

Times are local and without zone. A local time that stands twice, when the clock goes back, is taken
as the earlier one; one that never was, when the clock goes forward, as the instant an hour later;
both are marked ``derived``.

Where a row contradicts itself the contradictory part is rejected with its row and field, and the
rest goes in: an order whose pick-up lies before its payment stays a paid order without a pick-up.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from earnest.feed.arrival import Batch, Rejection, batch_of, rejection_of
from earnest.feed.commands import batches_take
from earnest.feed.files import ImportReport, Progress
from earnest.feed.lines import csv_cells, csv_heading, lines_of
from earnest.kernel.errors import BadInput
from earnest.kernel.money import fen_of_yuan

SOURCE: Final = "urn:earnest:src:olist:files"
CARRIER: Final = "olist"
CURRENCY: Final = "BRL"
ORDERS, ITEMS, PRODUCTS = "orders.csv", "order_items.csv", "products.csv"
CHUNK_ROWS: Final = 100_000

ORDER_COLUMNS: Final = (
    "order_id",
    "order_status",
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
)
ITEM_COLUMNS: Final = (
    "order_id",
    "order_item_id",
    "product_id",
    "seller_id",
    "shipping_limit_date",
    "price",
    "freight_value",
)
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


Events = dict[str, list[tuple[int, dict[str, Any]]]]
"""Neutral rows by stream, each with its number in the file."""


def olist_import(
    tenant_id: str,
    folder: Path,
    *,
    now: datetime,
    timezone: str = "America/Sao_Paulo",
    progress: Progress | None = None,
) -> ImportReport:
    """Take an Olist folder into the feed; taking it again adds nothing.

    Lines whose order is not in the folder wait in the feed until it comes.

    Args:
        tenant_id: whose feed.
        folder: holds orders.csv, and order_items.csv and products.csv where there are any.
        now: the instant of arrival.
        timezone: the zone of the files' times.
        progress: called after every chunk with bytes read and the file's size.

    Raises:
        BadInput: when the zone is not known, orders.csv is missing or a heading lacks a column.
    """
    zone = _zone(timezone)
    categories = dict(_products(folder / PRODUCTS))
    report = ImportReport()

    def order(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
        return order_events(row, zone)

    def item(row: Row) -> Iterator[tuple[str, dict[str, Any]]]:
        return item_events(row, zone, categories)

    _take(tenant_id, (folder / ORDERS, ORDER_COLUMNS, order), (now, progress), report)
    if (folder / ITEMS).exists():
        _take(tenant_id, (folder / ITEMS, ITEM_COLUMNS, item), (now, progress), report)
    return report


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


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            "unknown_timezone",
            where=name,
            zh="不认识的时区；请写 America/Sao_Paulo 这样的名称",
            en="the time zone is not known; write a name such as America/Sao_Paulo",
        ) from error


def _products(path: Path) -> Iterator[tuple[str, str]]:
    """Yield products with their categories; a product without one has no place here."""
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            category = row.get("category") or row.get("product_category_name")
            if category and row.get("product_id"):
                yield row["product_id"], category


Mapper = Callable[[Row], Iterator[tuple[str, dict[str, Any]]]]


def _take(
    tenant_id: str,
    what: tuple[Path, tuple[str, ...], Mapper],
    how: tuple[datetime, Progress | None],
    report: ImportReport,
) -> None:
    """Take one file in chunks: read, map, hand to the feed."""
    path, columns, mapper = what
    now, progress = how
    stream = "order_event" if path.name == ORDERS else "order_line"
    for events, faults, done in _chunks(path, columns, mapper, stream):
        batches = {name: _batch(rows) for name, rows in events.items()}
        intakes = batches_take(
            tenant_id, batches, source=SOURCE, now=now, origin=path.name, found=faults
        )
        report.add(intakes)
        if progress is not None:
            progress(done, path.stat().st_size)


def _chunks(
    path: Path, columns: tuple[str, ...], mapper: Mapper, stream: str
) -> Iterator[tuple[Events, list[Rejection], int]]:
    lines = lines_of(path)
    first = next(lines, None)
    names = csv_heading(first, path.name) if first else []
    if missing := [column for column in columns if column not in names]:
        raise BadInput(
            "missing_column",
            where=path.name,
            zh=f"缺少列 {'、'.join(missing)}；请使用 Olist 原始文件的列名",
            en=f"the columns {', '.join(missing)} are missing; use the names of the Olist files",
        )
    events: Events = {}
    faults: list[Rejection] = []
    read = position = 0
    for line in lines:
        cells = line.fault or csv_cells(line.text, len(names))
        row = Row(path.name, line.number, {}, line.text)
        if isinstance(cells, tuple):
            place = (path.name, line.number)
            faults.append(
                rejection_of(stream, place, "broken_line", original=line.text, detail=cells)
            )
        else:
            row.cells = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
            for name, event in mapper(row):
                events.setdefault(name, []).append((line.number, event))
            faults.extend(row.faults)
        read, position = read + 1, line.position
        if read % CHUNK_ROWS == 0:
            yield events, faults, position
            events, faults = {}, []
    if events or faults:
        yield events, faults, position


def _batch(rows: list[tuple[int, dict[str, Any]]]) -> Batch:
    return batch_of([row for _, row in rows], [number for number, _ in rows])

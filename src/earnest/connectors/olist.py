"""Olist: real orders of a Brazilian marketplace (CSV files) taken into the feed.

Reads ``orders.csv`` and, where present, ``order_items.csv`` and ``products.csv``; what becomes of
each column stands in :mod:`earnest.connectors.olist_mapping`.

Where a row contradicts itself the contradictory part is rejected with its row and field, and the
rest goes in: an order whose pick-up lies before its payment stays a paid order without a pick-up.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from earnest.connectors.olist_mapping import Row, item_events, order_events
from earnest.feed.arrival import Batch, Rejection, batch_of, rejection_of
from earnest.feed.commands import batches_take
from earnest.feed.files import ImportReport, Progress
from earnest.feed.lines import csv_cells, csv_heading, lines_of
from earnest.kernel.errors import BadInput

SOURCE: Final = "urn:earnest:src:olist:files"
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
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
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

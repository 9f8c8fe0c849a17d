"""Hand-made events in the stored form of the feed, and their Parquet files."""

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from earnest.feed.order_facts import facts_made
from earnest.feed.streams import ORDER_STREAMS, STREAMS
from earnest.kernel.calendar import MARKET_ZONE, day_key, day_of, instant_of, micros_of

Row = dict[str, Any]

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "BIGINT[]": pa.list_(pa.int64()),
}


def us(text: str) -> int:
    """Read a Shanghai time such as ``2025-08-01 10:00:00.5`` as microseconds since 1970."""
    return micros_of(instant(text))


def instant(text: str) -> datetime:
    """Read a Shanghai time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=MARKET_ZONE)


def key_of(micros: int) -> int:
    """Return the market day of an instant as yyyymmdd."""
    return day_key(day_of(instant_of(micros)))


class Scene:
    """A small market: events are added by hand, in any order, and written as the feed would."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._number = 0

    def add(self, stream: str, **values: Any) -> Row:
        """Add one event; times are Shanghai texts or microseconds."""
        self._number += 1
        row: Row = {
            "event_id": f"{stream}-{self._number:06d}",
            "kind": "observation",
            "recorded_us": self._number,
            **{
                name: us(value) if name.endswith("_us") and isinstance(value, str) else value
                for name, value in values.items()
            },
        }
        self.rows[stream].append(row)
        return row

    def order(
        self,
        order_id: str,
        paid: str | int,
        *,
        shop: str = "S1",
        lines: tuple[tuple[str, str, int], ...] = (("P1", "C1", 1000),),
        version: str = "1",
    ) -> Row:
        """Add a paid order with lines of (provider, category, fen)."""
        row = self.add(
            "order_event",
            order_id=order_id,
            state="paid",
            source_version=version,
            paid_us=paid,
            shop_id=shop,
            amount_paid_fen=sum(line[2] for line in lines),
        )
        row["occurred_us"] = row["paid_us"]
        for number, (provider, category, fen) in enumerate(lines, 1):
            self.add(
                "order_line",
                order_id=order_id,
                line_no=str(number),
                version="1",
                provider_id=provider,
                category_id=category,
                line_paid_fen=fen,
                qty=1,
            )
        return row

    def closed(self, order_id: str, at: str | int) -> Row:
        """Add the closing of an order."""
        return self.add(
            "order_event", order_id=order_id, state="closed", source_version="9", occurred_us=at
        )

    def parcel(
        self, order_id: str, waybill: str, *scans: tuple[str, str | int], **more: Any
    ) -> Row:
        """Add a parcel with its scans of (node, time)."""
        values: Row = {"direction": "outbound", "carrier": "yto", **more}
        row = self.add("parcel", order_id=order_id, waybill_no=waybill, **values)
        for node, at in scans:
            self.scan(waybill, node, at)
        return row

    def scan(self, waybill: str, node: str, at: str | int) -> Row:
        """Add one scan of a waybill."""
        row = self.add("parcel_trace", carrier="yto", waybill_no=waybill, node=node, node_us=at)
        row["occurred_us"] = row["node_us"]
        return row

    def aftersale(
        self, aftersale_id: str, order_id: str, action: str, at: str | int, **more: Any
    ) -> Row:
        """Add one step of an after-sales request."""
        values: Row = {"version": "1", "aftersale_type": "refund_only", **more}
        row = self.add(
            "aftersale_event",
            aftersale_id=aftersale_id,
            order_id=order_id,
            action=action,
            occurred_us=at,
            **values,
        )
        if action == "applied":
            row["applied_us"] = row["occurred_us"]
        return row

    def answer(self, respondent: str, provider: str, score: int, at: str, **more: Any) -> Row:
        """Add one survey answer, the score in tenths."""
        values: Row = {"campaign_id": "K1", "dimension": "商品信息", "version": "1", **more}
        return self.add(
            "survey_answer",
            respondent_id=respondent,
            provider_id=provider,
            score_tenths=score,
            answered_us=at,
            occurred_us=at,
            **values,
        )

    def sales(self, day: date, shop: str, category: str, fen: int, **more: Any) -> Row:
        """Add a day's sales as the source sums them."""
        values: Row = {"basis": "paid", "orders": 1, **more}
        return self.add(
            "sales_fact",
            day=day_key(day),
            shop_id=shop,
            category_id=category,
            gross_fen=fen,
            **values,
        )

    def retract(self, stream: str, row: Row) -> Row:
        """Take an event back: it did not occur."""
        return self.add(
            stream,
            **{
                **_content(row),
                "kind": "retraction",
                "corrects_event_id": row["event_id"],
            },
        )

    def correct(self, stream: str, row: Row, **changes: Any) -> Row:
        """Put another content in the place of an event."""
        return self.add(
            stream,
            **{
                **_content(row),
                **changes,
                "kind": "correction",
                "corrects_event_id": row["event_id"],
            },
        )

    def files(self, folder: Path) -> dict[str, list[Path]]:
        """Write the events and the facts made of them; return the files of every table."""
        files = self._event_files(folder)
        days = sorted({int(path.parent.name) for name in ORDER_STREAMS for path in files[name]})
        files |= {"order_facts": [], "aftersale_facts": []}
        for fact, day, table in facts_made(days, files):
            path = folder / fact / f"{day:08d}" / "facts.parquet"
            path.parent.mkdir(parents=True)
            pq.write_table(table, path, store_schema=False)
            files[fact].append(path)
        return files

    def _event_files(self, folder: Path) -> dict[str, list[Path]]:
        files: dict[str, list[Path]] = {name: [] for name in STREAMS}
        for stream, rows in self.rows.items():
            by_day: dict[int, list[Row]] = defaultdict(list)
            for row in rows:
                for day in self._storage_days(stream, row):
                    by_day[day].append(row)
            schema = pa.schema(
                [
                    (column.stored, _ARROW_TYPES[column.sql_type])
                    for column in STREAMS[stream].stored_columns
                ]
            )
            for day, part in by_day.items():
                path = folder / stream / f"{day:08d}" / "events.parquet"
                path.parent.mkdir(parents=True)
                pq.write_table(pa.Table.from_pylist(part, schema=schema), path, store_schema=False)
                files[stream].append(path)
        return files

    def _storage_days(self, stream: str, row: Row) -> set[int]:
        """Return the days an event is stored under: those of its orders, else its own."""
        if stream == "parcel_trace":
            return {
                self._order_day(parcel["order_id"])
                for parcel in self.rows["parcel"]
                if parcel["waybill_no"] == row["waybill_no"]
            }
        if stream in ORDER_STREAMS:
            return {self._order_day(row["order_id"])}
        return {row["day"]} if stream == "sales_fact" else {key_of(row["occurred_us"])}

    def _order_day(self, order_id: str) -> int:
        first = next(
            row
            for row in self.rows["order_event"]
            if row["order_id"] == order_id and row.get("paid_us") is not None
        )
        return key_of(first["paid_us"])


def _content(row: Row) -> Row:
    return {
        name: value
        for name, value in row.items()
        if name not in {"event_id", "kind", "recorded_us", "corrects_event_id"}
    }

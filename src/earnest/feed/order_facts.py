"""Order facts: one row per order and provider, one row per after-sales request, by storage day.

They spare each measure the joins over five streams. :func:`rebuild` makes the facts of whole
storage days again from the live event files; ``order_facts.sql`` says what each column means.
Pure DuckDB over explicit file lists.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from earnest.feed.store import NewFile, file_write
from earnest.feed.streams import ORDER_STREAMS, STREAMS

ORDER_FACTS_COLUMNS: Final = {
    "order_id": "VARCHAR",
    "provider_id": "VARCHAR",  # '' when neither a line nor the order names one
    "provider_ord": "BIGINT",  # 0 for the provider of the order's first line
    "provider_count": "BIGINT",
    "shop_id": "VARCHAR",
    "category_id": "VARCHAR",  # of the provider's dearest line in the order
    "paid_us": "BIGINT",
    "paid_day": "INTEGER",
    "picked_us": "BIGINT",  # first pick-up scan at or after the payment
    "picked_before_paid": "BIGINT",
    "traced": "BIGINT",  # 1 when the carrier told anything of one of its parcels
    "signed_us": "BIGINT",  # last sign-for, when every parcel is signed for
    "signed_day": "INTEGER",
    "amount_fen": "BIGINT",
    "closed_us": "BIGINT",
    "first_refund_us": "BIGINT",
    "first_refund_reason_class": "VARCHAR",
    "first_refund_id": "VARCHAR",
    "declared_us": "BIGINT",  # first seller's mark "shipped" on an outbound parcel
    "presale": "BIGINT",  # 1 when any version of the order says so
    "held": "BIGINT",  # 1 when any version carries hold codes
    # How surely the first reason is the one first given: 2 told as it was given, 1 read later and
    # never seen changed, 0 read later and changed since, or unknown.
    "first_refund_certainty": "BIGINT",
}
AFTERSALE_FACTS_COLUMNS: Final = {
    "aftersale_id": "VARCHAR",
    "order_id": "VARCHAR",
    "provider_id": "VARCHAR",
    "shop_id": "VARCHAR",
    "category_id": "VARCHAR",
    "type": "VARCHAR",
    "reason_class": "VARCHAR",
    "applied_us": "BIGINT",
    "shipped_at_apply": "BIGINT",
    "handled_us": "BIGINT",  # first agreed, refused or refunded by the other side
    "withdrawn_us": "BIGINT",  # closed by the buyer
    "return_signed_us": "BIGINT",
    "settled_us": "BIGINT",  # inspected, refused after the return was signed for, or refunded
}


class FactShape(NamedTuple):
    """The columns of a kind of fact with their types, its order of rows, its time column."""

    columns: Mapping[str, str]
    order: str
    time_column: str


FACTS: Final = {
    "order_facts": FactShape(ORDER_FACTS_COLUMNS, "order_id, provider_ord", "paid_us"),
    "aftersale_facts": FactShape(AFTERSALE_FACTS_COLUMNS, "aftersale_id", "applied_us"),
}
"""The kinds of fact by the name of their stream of files."""

_CHUNK_BYTES: Final = 128 * 1024 * 1024
_SCRIPT: Final = (Path(__file__).with_suffix(".sql")).read_text(encoding="utf-8")
_MARKET_DAY: Final = """
CREATE OR REPLACE TEMP MACRO market_time(us) AS make_timestamp(us + 28800000000);
CREATE OR REPLACE TEMP MACRO market_day(us) AS CAST(
  year(market_time(us)) * 10000 + month(market_time(us)) * 100 + day(market_time(us)) AS INTEGER
)"""


def rebuild(
    tenant_id: str, days: Sequence[int], files_by_stream: Mapping[str, Sequence[Path]]
) -> list[NewFile]:
    """Make the facts of storage days again and write them, one file per day and kind of fact.

    Returns:
        The files written; a day without rows has none. See :func:`facts_made`.
    """
    return [
        file_write(tenant_id, fact, day, table, FACTS[fact].time_column)
        for fact, day, table in facts_made(days, files_by_stream)
    ]


def facts_made(
    days: Sequence[int], files_by_stream: Mapping[str, Sequence[Path]]
) -> Iterator[tuple[str, int, pa.Table]]:
    """Yield the facts of storage days as (kind of fact, day, rows); days without rows are left out.

    The same events give the same rows, however the days are taken together.

    Args:
        days: storage days, yyyymmdd, whose facts are wanted.
        files_by_stream: every live file of the order streams of these days; its folder is named
            after the day.
    """
    by_day = _files_by_day(days, files_by_stream)
    with tempfile.TemporaryDirectory(prefix="earnest-facts-") as spill, duckdb.connect() as engine:
        engine.execute(f"SET temp_directory = {_quoted(spill)}")
        engine.execute("SET memory_limit = '1GB'; SET threads = 2; SET TimeZone = 'UTC'")
        engine.execute("SET preserve_insertion_order = false")
        engine.execute(_MARKET_DAY)
        for chunk in _chunks(by_day):
            for stream in ORDER_STREAMS:
                _live_rows(engine, stream, {day: by_day[day].get(stream, []) for day in chunk})
            engine.execute(_SCRIPT)
            for fact in FACTS:
                for day, table in _by_storage_day(_sorted_rows(engine, fact)):
                    yield fact, day, table


def _files_by_day(
    days: Sequence[int], files_by_stream: Mapping[str, Sequence[Path]]
) -> dict[int, dict[str, list[Path]]]:
    by_day: dict[int, dict[str, list[Path]]] = {day: {} for day in sorted(set(days))}
    for stream in ORDER_STREAMS:
        for path in files_by_stream.get(stream, []):
            day = int(path.parent.name)
            if day in by_day:
                by_day[day].setdefault(stream, []).append(path)
    return by_day


def _chunks(by_day: Mapping[int, Mapping[str, Sequence[Path]]]) -> Iterator[list[int]]:
    """Yield runs of days whose files together stay small enough to be joined in memory."""
    chunk: list[int] = []
    size = 0
    for day, files in by_day.items():
        weight = sum(path.stat().st_size for paths in files.values() for path in paths)
        if chunk and size + weight > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(day)
        size += weight
    if chunk:
        yield chunk


def _live_rows(
    engine: duckdb.DuckDBPyConnection, stream: str, files_by_day: Mapping[int, Sequence[Path]]
) -> None:
    """Show a stream's rows that stand: neither retractions nor what a later event corrects.

    A retraction or a correction takes its target away for good; a correction stands in its
    place. A wrong retraction is undone by a correction of it.
    """
    files = [(day, path) for day, paths in files_by_day.items() for path in paths]
    if not files:
        columns = ", ".join(
            f"CAST(NULL AS {column.sql_type}) AS {column.stored}"
            for column in STREAMS[stream].stored_columns
        )
        engine.execute(
            f"CREATE OR REPLACE TEMP VIEW {stream} AS"
            f" SELECT {columns}, CAST(NULL AS INTEGER) AS storage_day WHERE false"
        )
        return
    paths = ", ".join(_quoted(str(path)) for _, path in files)
    storage_days = ", ".join(str(day) for day, _ in files)
    engine.execute(
        f"CREATE OR REPLACE TEMP VIEW {stream}_told AS"  # noqa: S608 - names and paths of ours
        f" SELECT *, CAST([{storage_days}][CAST(file_index AS BIGINT) + 1] AS INTEGER)"
        f" AS storage_day FROM read_parquet([{paths}])"
    )
    engine.execute(
        f"CREATE OR REPLACE TEMP VIEW {stream} AS SELECT * FROM {stream}_told t"  # noqa: S608
        " WHERE COALESCE(t.kind, 'observation') <> 'retraction' AND NOT EXISTS ("
        f" SELECT 1 FROM {stream}_told c"
        " WHERE c.kind IN ('correction', 'retraction') AND c.corrects_event_id = t.event_id"
        " AND c.storage_day = t.storage_day)"
    )


def _sorted_rows(engine: duckdb.DuckDBPyConnection, fact: str) -> pa.Table:
    shape = FACTS[fact]
    typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in shape.columns.items())
    return engine.sql(
        f"SELECT storage_day, {typed} FROM {fact} ORDER BY storage_day, {shape.order}"  # noqa: S608
    ).to_arrow_table()


def _by_storage_day(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Cut a table that is sorted by storage day into the days' parts."""
    offset = 0
    runs = pc.run_end_encode(rows.column("storage_day").combine_chunks())
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield day, rows.slice(offset, end - offset).drop_columns("storage_day")
        offset = end


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

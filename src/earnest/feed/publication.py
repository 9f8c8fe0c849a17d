"""One publication: new events, moved events, order facts and the directory, visible together.

Files are written first, to new names; one PostgreSQL transaction then names them in the manifest.
A crash before its end leaves files that nobody names and nothing else.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from earnest.feed.manifest import files_live, files_publish, files_retire
from earnest.feed.order_facts import FACTS, rebuild
from earnest.feed.placement import placed_rows_sql, stored_rows_sql
from earnest.feed.schema import Stream
from earnest.feed.store import NewFile, file_write, files_sync
from earnest.feed.streams import ORDER_STREAMS, STREAMS

FILES_PER_DAY_MAX: Final = 8
"""A stream's day that would get more files than this is written as one file."""

WRITERS: Final = 2
"""Files are written side by side: compression leaves the interpreter free."""


class Publication:
    """Writes what one batch changes and names it in the manifest.

    Args:
        con: the connection with the tables of new, moved and gone rows.
        tenant_id: whose feed.
        live: the live files of the streams concerned, by day; the order streams all of them.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        tenant_id: str,
        live: dict[str, dict[int, list[Path]]],
    ) -> None:
        self._con = con
        self._tenant_id = tenant_id
        self._live = live
        self._written: dict[int, list[NewFile]] = {}
        self._retired: list[Path] = []
        self.changed: set[tuple[str, int]] = set()

    def stream_write(self, stream: Stream, number: int, *, moving: bool) -> int:
        """Write a stream's new and moved rows; return how many new rows wait on day 0.

        Args:
            stream: the stream.
            number: of the batch that the new rows came in; 0 when it brought none.
            moving: there are tables of moved and gone rows.
        """
        parts = [placed_rows_sql(stream, number)] if number else []
        names = ", ".join(f'"{column.stored}"' for column in stream.stored_columns)
        if moving:
            parts.append(f"SELECT {names}, storage_day FROM moved_{stream.name}")  # noqa: S608 - names from the schema
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE added AS {' UNION ALL '.join(parts)}")
        added = self._days("SELECT DISTINCT storage_day FROM added")
        gone = self._days(f"SELECT DISTINCT storage_day FROM gone_{stream.name}") if moving else ()  # noqa: S608 - a name of ours
        live = self._live.get(stream.name, {})
        crowded = {day for day in added if len(live.get(day, [])) >= FILES_PER_DAY_MAX}
        self._write(stream, {*gone, *crowded}, "gone_" + stream.name if moving else None, number)
        self.changed |= {(stream.name, day) for day in (*added, *gone)}
        ((waiting,),) = self._con.sql(
            f"SELECT count(*) FROM added WHERE storage_day = 0 AND batch = {number}"  # noqa: S608 - a number
        ).fetchall()
        return int(waiting) if stream.by_order else 0

    def facts_write(self, number: int) -> None:
        """Make the order facts of every changed day again."""
        days = sorted({day for stream, day in self.changed if stream in ORDER_STREAMS and day})
        if not days:
            return
        retired = set(self._retired)
        files: dict[str, list[Path]] = {}
        for stream in ORDER_STREAMS:
            live = self._live.get(stream, {})
            kept = [path for day in days for path in live.get(day, []) if path not in retired]
            new = [
                file.path
                for written in self._written.values()
                for file in written
                if file.stream == stream and file.day in set(days)
            ]
            files[stream] = kept + new
        self._written.setdefault(number, []).extend(rebuild(self._tenant_id, days, files))
        for fact in FACTS:
            of_fact = files_live(self._tenant_id, fact)
            self._retired.extend(path for day in days for path in of_fact.get(day, []))
            self.changed |= {(fact, day) for day in days}

    def manifest_write(self, number: int) -> None:
        """Name the written files and retire the replaced ones, in the caller's transaction."""
        files_sync(file for written in self._written.values() for file in written)
        for batch, written in self._written.items():
            files_publish(self._tenant_id, written, batch or number)
        files_retire(self._tenant_id, self._retired, number)

    def _write(self, stream: Stream, rewritten: set[int], gone: str | None, number: int) -> None:
        """Write the rows added; the days rewritten get one file with what stays there as well."""
        live = self._live.get(stream.name, {})
        replaced = [(day, path) for day in sorted(rewritten) for path in live.get(day, [])]
        self._retired.extend(path for _, path in replaced)
        query = "SELECT * FROM added"
        if replaced:
            staying = f"SELECT * FROM ({stored_rows_sql(stream, replaced)}) kept"  # noqa: S608 - names from the schema
            if gone:
                staying += f" ANTI JOIN {gone} USING (event_id, storage_day)"
            query += f" UNION ALL {staying}"
        rows = self._con.sql(
            f"SELECT * FROM ({query}) ORDER BY storage_day, subject, occurred_us, event_id"  # noqa: S608 - names from the schema
        ).to_arrow_table()
        with ThreadPoolExecutor(WRITERS) as writers:
            written = writers.map(
                lambda one: file_write(self._tenant_id, stream.name, one[0], one[1]),
                list(_by_day(rows)),
            )
            self._written.setdefault(number, []).extend(written)

    def _days(self, query: str) -> set[int]:
        return {day for (day,) in self._con.sql(query).fetchall()}


def _by_day(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """Cut rows that are sorted by their storage day into days, without that column."""
    runs = pc.run_end_encode(rows.column("storage_day").combine_chunks())
    content = rows.drop_columns("storage_day")
    start = 0
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield day, content.slice(start, end - start)
        start = end


def live_of(tenant_id: str, streams: set[str]) -> dict[str, dict[int, list[Path]]]:
    """Return the live files of the streams that a batch may touch."""
    if streams & set(ORDER_STREAMS):
        streams = streams | set(ORDER_STREAMS)
    return {name: files_live(tenant_id, name) for name in STREAMS if name in streams}

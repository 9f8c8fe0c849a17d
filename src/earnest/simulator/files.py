"""A market as Parquet files, one per stream and month, as the feed imports them."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earnest.kernel.calendar import Month
from earnest.simulator.market import Market


def _file_write(table: pa.Table, path: Path) -> None:
    """Write under another name and rename, so that no reader meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(table, unfinished, compression="zstd")
    unfinished.replace(path)


def market_write(
    market: Market, folder: Path, *, progress: Callable[[Month, int], None]
) -> dict[str, int]:
    """Write a market month by month as ``<folder>/<stream>/<stream>-<yyyy-mm>.parquet``.

    Streams without events in a month have no file for it. The same market gives the same bytes.

    Takes: a function told of each month written, with the number of its rows.
    Gives: the number of rows per stream.
    """
    rows: dict[str, int] = {}
    for month, tables in market:
        for stream, table in tables.items():
            if table.num_rows:
                _file_write(table, folder / stream / f"{stream}-{month}.parquet")
                rows[stream] = rows.get(stream, 0) + table.num_rows
        progress(month, sum(table.num_rows for table in tables.values()))
    return rows

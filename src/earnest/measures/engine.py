"""Runs a measure's SQL text in DuckDB, in this process, over explicit lists of Parquet files."""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

import duckdb

from earnest.feed.order_facts import FACTS
from earnest.feed.streams import STREAMS
from earnest.measures.derived import DERIVED

Bound = int | str | list[str]
"""What may be bound to a parameter of a text; a measure binds integers only."""

MEMORY_LIMIT: Final = "1GB"
THREADS: Final = 2
_COMMENT: Final = re.compile(r"--[^\n]*")
_PARAMETER: Final = re.compile(r"\$([a-z_]+)")

_shared: ContextVar[duckdb.DuckDBPyConnection | None] = ContextVar("engine", default=None)


@contextmanager
def engine_shared() -> Iterator[duckdb.DuckDBPyConnection]:
    """Let everything that is opened inside share one engine; none sees another's views.

    To start an engine takes longer than to count most measures of a small market.
    """
    running = _shared.get()
    if running is not None:
        yield running
        return
    with tempfile.TemporaryDirectory(prefix="earnest-") as spill, duckdb.connect() as engine:
        engine.execute(f"SET temp_directory = {_quoted(spill)}")
        engine.execute(f"SET memory_limit = '{MEMORY_LIMIT}'; SET threads = {THREADS}")
        # What was read of a file is not kept for the next measure: it would fill the memory.
        engine.execute(
            "SET preserve_insertion_order = false; SET enable_external_file_cache = false"
        )
        token = _shared.set(engine)
        try:
            yield engine
        finally:
            _shared.reset(token)


@contextmanager
def opened(files: Mapping[str, Sequence[Path]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that shows each table's files as a view of the table's name.

    Tables derived from one of them are shown beside it, see :mod:`earnest.measures.derived`.

    The memory is bounded: larger work spills into a temporary folder that goes with the engine.
    """
    with engine_shared() as shared, shared.cursor() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        for table, paths in files.items():
            engine.execute(_view(table, paths))
        for name, derived in DERIVED.items():
            if derived.stream in files:
                query = derived.query.format(stream=derived.stream)
                engine.execute(f"CREATE TEMP VIEW {name} AS {query}")
        yield engine


def rows(
    engine: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Mapping[str, Bound],
) -> list[dict[str, Any]]:
    """Run a text with the parameters that it names and return its rows."""
    named = set(_PARAMETER.findall(_COMMENT.sub("", sql)))
    cursor = engine.execute(sql, {name: parameters[name] for name in sorted(named)})
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _view(table: str, paths: Sequence[Path]) -> str:
    if paths:
        listed = ", ".join(_quoted(str(path)) for path in paths)
        rows_read = f"read_parquet([{listed}])"
        if table in FACTS:
            # Facts written by an earlier edition lack the columns that came later: they are empty.
            named = _nothing(table)
            return (
                f"CREATE TEMP VIEW {table} AS {named}"  # noqa: S608
                f" UNION ALL BY NAME SELECT * FROM read_parquet([{listed}], union_by_name = true)"
            )
        return f"CREATE TEMP VIEW {table} AS SELECT * FROM {rows_read}"  # noqa: S608
    return f"CREATE TEMP VIEW {table} AS {_nothing(table)}"


def _nothing(table: str) -> str:
    """Return the query of a table's columns without any row."""
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _columns(table).items())
    return f"SELECT {columns} WHERE false"


def _columns(table: str) -> dict[str, str]:
    if table in FACTS:
        return dict(FACTS[table].columns)
    return {column.stored: column.sql_type for column in STREAMS[table].stored_columns}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

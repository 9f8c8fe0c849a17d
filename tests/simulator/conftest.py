"""The small market of one seed, made once for all tests of the room."""

import pyarrow as pa
import pytest

from earnest.simulator import SIZES, Market, simulate

Rows = dict[str, list[dict]]


@pytest.fixture(scope="session")
def market() -> Market:
    """Return the small market."""
    return simulate(20250719, SIZES["small"])


@pytest.fixture(scope="session")
def tables(market: Market) -> dict[str, pa.Table]:
    """Return each stream of all its months in one table."""
    by_stream: dict[str, list[pa.Table]] = {}
    for _, month_tables in market:
        for stream, table in month_tables.items():
            by_stream.setdefault(stream, []).append(table)
    return {stream: pa.concat_tables(parts) for stream, parts in by_stream.items()}


@pytest.fixture(scope="session")
def rows(tables: dict[str, pa.Table]) -> Rows:
    """Return the same as plain rows."""
    return {stream: table.to_pylist() for stream, table in tables.items()}

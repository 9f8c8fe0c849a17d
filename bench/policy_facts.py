"""The facts of the benchmark, made by DuckDB from the number of the subject alone.

Shops: 2.3 categories each on average, two thirds judged before the amendment of 2026-01-15 and one
third after, 8 % with a raise. Providers: 12 months of scores, 3 % missing, 16 % low.
"""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

CATEGORIES = (
    "apparel", "food", "beauty", "home", "digital", "baby",
    "sports", "books", "fresh", "jewelry", "wine", "supplements",
)  # fmt: skip
CHUNK = 1_000_000


def _draw(salt: int) -> str:
    """Return SQL for a number from 0 to 999,999 that belongs to the subject ``i``."""
    return f"(hash(i * 64 + {salt}) % 1000000)::BIGINT"


def shops_sql(first: int, count: int) -> str:
    """Return the query that gives so many shops' facts, from a number on."""
    sizes = "CASE WHEN {0} % 100 < 30 THEN 1 WHEN {0} % 100 < 65 THEN 2 WHEN {0} % 100 < 84 THEN 3"
    size = sizes.format(_draw(4)) + f" WHEN {_draw(4)} % 100 < 93 THEN 4 ELSE 5 END"
    category = f"({list(CATEGORIES)})[1 + (hash(i * 64 + 20 + k) % {len(CATEGORIES)})::INTEGER]"
    sales = f"CASE WHEN {_draw(2)} % 10 < 6 THEN {_draw(3)} * 8 ELSE {_draw(3)} * 200 END"
    return f"""
        SELECT 's' || i AS subject,
            DATE '2025-04-01' + ({_draw(1)} % 430)::INTEGER AS adjusted_on,
            {sales} AS sales_fen,
            list_transform(range({size}), lambda k: {category}) AS categories,
            CASE WHEN {_draw(5)} % 100 < 8 THEN {_draw(6)} * 10 ELSE 0 END AS raises_fen,
            {_draw(7)} * 8 AS held_fen
        FROM range({first}, {first + count}) AS subjects(i)
    """


def providers_sql(first: int, count: int) -> str:
    """Return the query that gives so many providers' facts, from a number on."""
    month = f"DATE '2025-11-01' + to_months(({_draw(1)} % 6)::INTEGER)"
    score = """CASE WHEN hash(i * 64 + 20 + k) % 100 < 3 THEN NULL
        WHEN hash(i * 64 + 40 + k) % 100 < 16 THEN 50 + (hash(i * 64 + 3 + k) % 20)::BIGINT
        ELSE 70 + (hash(i * 64 + 3 + k) % 30)::BIGINT END"""
    at = f"last_day(({month} - to_months((11 - k)::INTEGER))::DATE)"
    return f"""
        SELECT 'p' || i AS subject, last_day(({month})::DATE) AS assessed_on,
            list_transform(range(12), lambda k: {{'at': {at}, 'value': {score}}}) AS months
        FROM range({first}, {first + count}) AS subjects(i)
    """


def shops_write(folder: Path, count: int, connection: duckdb.DuckDBPyConnection) -> str:
    """Write shops' facts to Parquet in pieces; return the table function that reads them."""
    for first in range(0, count, CHUNK):
        part = shops_sql(first, min(CHUNK, count - first))
        target = folder / f"shops-{first // CHUNK:03}.parquet"
        connection.execute(f"COPY ({part}) TO '{target}' (FORMAT parquet)")
    return f"read_parquet('{folder}/shops-*.parquet')"


def as_facts(connection: duckdb.DuckDBPyConnection, table: str, count: int) -> list[dict[str, Any]]:
    """Return the first so many subjects as the interpreter takes them, without ``subject``."""
    found = connection.execute(f"SELECT * EXCLUDE subject FROM {table} LIMIT {count}")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for row in rows:
        if "months" in row:
            row["months"] = [(each["at"], each["value"]) for each in row["months"]]
    return rows


def one_shop() -> dict[str, Any]:
    """Return the facts of the one shop that is judged over and over."""
    return {
        "adjusted_on": date(2026, 2, 3),
        "sales_fen": 55_000_000,
        "categories": ["apparel", "jewelry"],
        "raises_fen": 0,
        "held_fen": 1_000_000,
    }


def one_provider() -> dict[str, Any]:
    """Return the facts of the one provider that is judged over and over: three low months."""
    days = [date(2025, month, 1) for month in range(7, 13)]
    days += [date(2026, month, 1) for month in range(1, 7)]
    scores = [82, 91, 78, None, 88, 95, 80, 83, 79, 60, 65, 71]
    return {"assessed_on": date(2026, 6, 1), "months": list(zip(days, scores, strict=True))}

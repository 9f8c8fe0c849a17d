"""On which days the rows of a batch are stored, and which earlier rows have to move.

The events of an order lie together under one day, the day of its first known payment (before it
is known, the day of its first event), so that measures join day by day. Events that name an order
nobody has told us about wait on day 0. When a batch brings the order or its payment, what was told
before moves to the right day in the same publication: the final state is the same whatever the
order of arrival.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from earnest.feed.checks import day_sql, literal
from earnest.feed.directory import (
    links_of_orders,
    links_of_waybills,
    order_places,
    parcels_put,
    places_put,
)
from earnest.feed.schema import Stream
from earnest.feed.streams import ORDER_STREAMS, STREAMS

TRACES: Final = "parcel_trace"
_FOLDER: Final = Path(__file__).parent
_PLACEMENT: Final = (_FOLDER / "placement.sql").read_text(encoding="utf-8")
_WAYBILLS: Final = (_FOLDER / "waybills.sql").read_text(encoding="utf-8")
_BY_ORDER_ID: Final = tuple(name for name in ORDER_STREAMS if name != TRACES)


def tables_prepare(con: duckdb.DuckDBPyConnection, typed: Sequence[str]) -> None:
    """Make what the placement needs whatever the batch holds: a macro and missing tables."""
    con.execute(f"CREATE OR REPLACE TEMP MACRO market_day(us) AS ({day_sql('us')})")
    for name in ORDER_STREAMS:
        if name not in typed:
            columns = ", ".join(f'"{c.stored}" {c.sql_type}' for c in STREAMS[name].stored_columns)
            con.execute(f"CREATE OR REPLACE TEMP TABLE new_{name} ({columns}, position BIGINT)")


def known_load(con: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
    """Load the places of every order and waybill that the batch names, as they were before."""
    orders = " UNION ".join(f"SELECT order_id FROM new_{name}" for name in _BY_ORDER_ID)  # noqa: S608 - names of ours
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE asked_waybill AS
        SELECT carrier, waybill_no FROM new_parcel
        UNION SELECT carrier, waybill_no FROM new_parcel_trace;
        CREATE OR REPLACE TEMP TABLE asked_order AS {orders}""")  # noqa: S608 - names of ours
    asked = con.sql("SELECT carrier, waybill_no FROM asked_waybill").to_arrow_table()
    _table(con, "known_link", links_of_waybills(tenant_id, asked))
    order_ids = _texts(con, "SELECT order_id FROM asked_order")
    _table(con, "known_place", order_places(tenant_id, order_ids))


def old_days(con: duckdb.DuckDBPyConnection, stream: Stream) -> set[int] | None:
    """Return the days on which an earlier event with a key of the batch would lie.

    None means any day: the key of the stream tells neither its order nor its time.
    """
    if stream.name == TRACES:
        query = (
            "SELECT DISTINCT coalesce(link.day, 0) FROM new_parcel_trace"
            " LEFT JOIN known_link link USING (carrier, waybill_no)"
        )
    elif "order_id" in stream.dedupe_key:
        query = (
            f"SELECT DISTINCT coalesce(place.day, 0) FROM new_{stream.name}"  # noqa: S608 - a name of ours
            " LEFT JOIN known_place place USING (order_id)"
        )
    elif stream.time_in_key:
        query = f"SELECT DISTINCT {own_day_sql(stream)} FROM new_{stream.name}"  # noqa: S608 - a name of ours
    else:
        return None
    return {day for (day,) in con.sql(query).fetchall()}


def own_day_sql(stream: Stream) -> str:
    """Return the storage day of a stream that stands on its own, as an expression."""
    if not stream.time_in_key or stream.time_from is None:
        return day_sql("occurred_us")
    column = stream.column(stream.time_from).stored
    return column if column == "day" else day_sql(f'"{column}"')


def orders_place(con: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
    """Work out the new places of the batch's orders and waybills; see the .sql files."""
    con.execute(_PLACEMENT)
    changed = _texts(
        con,
        "SELECT order_id FROM order_day WHERE old_day <> new_day"
        " OR (old_paid_us IS NULL AND paid_us IS NOT NULL)",
    )
    con.register("more_links", links_of_orders(tenant_id, changed))
    con.execute("""
        CREATE OR REPLACE TEMP TABLE known_link AS
        SELECT * FROM known_link UNION SELECT * FROM more_links""")
    con.unregister("more_links")
    con.execute(_WAYBILLS)


def directory_put(con: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
    """Write the new and changed places into the directory."""
    places = con.sql("""
        SELECT order_id, new_day AS day, paid_us, started_us, shop_id FROM order_day
        WHERE new_day > 0
        EXCEPT SELECT order_id, day, paid_us, started_us, shop_id FROM known_place
        ORDER BY order_id""").to_arrow_table()
    places_put(tenant_id, places)
    parcels = con.sql(
        "SELECT DISTINCT carrier, waybill_no, direction, order_id FROM new_parcel ORDER BY ALL"
    ).to_arrow_table()
    parcels_put(tenant_id, parcels)


def early_pickups(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int, str]]:
    """Take new pick-ups before the payment out of the batch: position, row number, event id.

    A waybill with several orders is judged by the payment that came first.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE early AS SELECT position, batch_row, event_id
        FROM new_parcel_trace JOIN waybill_paid paid USING (carrier, waybill_no)
        WHERE {_early_sql()}""")  # noqa: S608 - a condition of ours
    found = con.sql("SELECT position, batch_row, event_id FROM early ORDER BY 1").fetchall()
    if found:
        con.execute("DELETE FROM new_parcel_trace WHERE position IN (SELECT position FROM early)")
    return found


def moves_prepare(
    con: duckdb.DuckDBPyConnection, live: dict[str, dict[int, list[Path]]]
) -> list[dict[str, object]]:
    """Make ``moved_<stream>`` (rows with their new day) and ``gone_<stream>`` (id and old day).

    Returns:
        the rows of earlier batches that turn out to be pick-ups before the payment; they are
        among the gone and not among the moved.
    """
    con.execute("""
        CREATE OR REPLACE TEMP TABLE leaving AS
        SELECT order_id, old_day, new_day FROM order_day WHERE old_day <> new_day""")
    for stream in _BY_ORDER_ID:
        files = _files_of(con, "SELECT DISTINCT old_day FROM leaving", live.get(stream, {}))
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE moved_{stream} AS
            SELECT stored.* REPLACE (leaving.new_day AS storage_day), leaving.old_day
            FROM ({stored_rows_sql(STREAMS[stream], files)}) stored
            JOIN leaving ON leaving.order_id = stored.order_id
                 AND leaving.old_day = stored.storage_day;
            CREATE OR REPLACE TEMP TABLE gone_{stream} AS
            SELECT event_id, old_day AS storage_day FROM moved_{stream};
            ALTER TABLE moved_{stream} DROP COLUMN old_day""")  # noqa: S608 - names of ours
    return _traces_move(con, live.get(TRACES, {}))


def stored_rows_sql(stream: Stream, files: Sequence[tuple[int, Path]]) -> str:
    """Return the query of stored rows with their ``storage_day``; no files give no rows."""
    names = ", ".join(f'"{column.stored}"' for column in stream.stored_columns)
    if not files:
        nothing = ", ".join(
            f'NULL::{column.sql_type} AS "{column.stored}"' for column in stream.stored_columns
        )
        return f"SELECT {nothing}, 0 AS storage_day WHERE false"
    paths = ", ".join(literal(str(path)) for _, path in files)
    days = ", ".join(str(day) for day, _ in files)
    return (
        f"SELECT {names}, CAST([{days}][CAST(file_index AS BIGINT) + 1] AS INTEGER) AS storage_day"  # noqa: S608 - names from the schema
        f" FROM read_parquet([{paths}])"
    )


def placed_rows_sql(stream: Stream, number: int) -> str:
    """Return the query of the batch's new rows with their ``storage_day``."""
    names = ", ".join(
        f"{number}::BIGINT AS batch" if column.stored == "batch" else f'r."{column.stored}"'
        for column in stream.stored_columns
    )
    if stream.name == TRACES:
        return (
            f"SELECT {names}, d.day AS storage_day FROM new_{stream.name} r"  # noqa: S608 - names from the schema
            " JOIN new_waybill_day d USING (carrier, waybill_no)"
        )
    if stream.by_order:
        return (
            f"SELECT {names}, o.new_day AS storage_day FROM new_{stream.name} r"  # noqa: S608 - names from the schema
            " JOIN order_day o USING (order_id)"
        )
    return f"SELECT {names}, {own_day_sql(stream)} AS storage_day FROM new_{stream.name} r"  # noqa: S608 - names from the schema


def _traces_move(
    con: duckdb.DuckDBPyConnection, live: dict[int, list[Path]]
) -> list[dict[str, object]]:
    files = _files_of(
        con,
        "SELECT DISTINCT day FROM old_waybill_day JOIN touched_waybill USING (carrier, waybill_no)",
        live,
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE trace_there AS
        SELECT stored.*, coalesce({_early_sql()} AND paid.old_paid_us IS NULL, false) AS early
        FROM ({stored_rows_sql(STREAMS[TRACES], files)}) stored
        JOIN touched_waybill USING (carrier, waybill_no)
        JOIN waybill_paid paid USING (carrier, waybill_no);
        CREATE OR REPLACE TEMP TABLE gone_{TRACES} AS
        SELECT event_id, storage_day FROM trace_there there
        WHERE early OR NOT EXISTS (
            SELECT 1 FROM new_waybill_day d WHERE d.carrier = there.carrier
            AND d.waybill_no = there.waybill_no AND d.day = there.storage_day);
        CREATE OR REPLACE TEMP TABLE moved_{TRACES} AS
        SELECT there.* EXCLUDE (early) REPLACE (d.day AS storage_day)
        FROM (SELECT DISTINCT ON (event_id) * FROM trace_there WHERE NOT early) there
        JOIN (SELECT * FROM new_waybill_day EXCEPT SELECT * FROM old_waybill_day) d
        USING (carrier, waybill_no)""")  # noqa: S608 - names of ours
    early = con.sql("""
        SELECT DISTINCT ON (event_id) * EXCLUDE (early, storage_day) FROM trace_there WHERE early
        ORDER BY event_id""")
    return list(early.to_arrow_table().to_pylist())


def _early_sql() -> str:
    return "node = 'picked_up' AND kind <> 'retraction' AND node_us < paid.paid_us"


def _files_of(
    con: duckdb.DuckDBPyConnection, days_query: str, live: dict[int, list[Path]]
) -> list[tuple[int, Path]]:
    days = sorted(day for (day,) in con.sql(days_query).fetchall())
    return [(day, path) for day in days for path in live.get(day, [])]


def _texts(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [text for (text,) in con.sql(query).fetchall()]


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    con.register("loading", rows)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM loading")  # noqa: S608 - a name of ours
    con.unregister("loading")

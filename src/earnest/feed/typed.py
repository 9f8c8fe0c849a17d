"""From a batch as given to typed, identified rows: reading, checks, defaults, key and hash.

Everything is one query over the batch in DuckDB; only rows at fault come back to Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from earnest.feed.arrival import Arrival, Batch, Rejection, rejection_of
from earnest.feed.checks import (
    Check,
    Spot,
    checks_sql,
    column_reading,
    day_start_sql,
    literal,
    matches,
)
from earnest.feed.faults import nearest_name
from earnest.feed.schema import ARRIVAL, SCHEMA_VERSION, Column, Kind, Stream
from earnest.kernel.calendar import micros_of
from earnest.kernel.ids import EVENT_NAMESPACE

_DEFAULTS = {"time_quality": "source_s", "kind": "observation", "currency": "CNY"}


@dataclass(frozen=True)
class Plan:
    """The query that reads a batch, by layers: each maps a name to its expression.

    Attributes:
        texts: the trimmed text of every given column.
        values: what is read from each.
        columns: every stored column a sender may give, from the values.
        defaults: the columns that take a default, over the columns.
        checks: what may be wrong with a row, over all of these.
    """

    texts: dict[str, str]
    values: dict[str, str]
    columns: dict[str, str]
    defaults: dict[str, str]
    checks: list[Check]

    @property
    def content(self) -> set[str]:
        """The stored columns that this batch can fill at all."""
        given = {name for name, value in self.columns.items() if not value.startswith("NULL::")}
        return given | set(self.defaults)


def rows_type(
    con: duckdb.DuckDBPyConnection, stream: Stream, batch: Batch, arrival: Arrival
) -> list[Rejection]:
    """Make the table ``new_<stream>`` of typed rows; return the faults of all other rows.

    The table has every stored column of the stream; the number of the batch is filled in later,
    when it is published.
    """
    given = _register(con, batch)
    plan = _plan(stream, given, arrival)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE read_rows AS
        SELECT *, {checks_sql(plan.checks)} AS faulty FROM (
            SELECT * REPLACE ({_aliased(plan.defaults)}) FROM (
                SELECT *, {_aliased(plan.columns)} FROM (
                    SELECT *{_more(plan.values)} FROM (
                        SELECT *{_more(plan.texts)} FROM given))))""")  # noqa: S608 - from the schema
    rejections = _rejections(con, stream, batch, (arrival, plan.checks))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE new_{stream.name} AS "
        + _identified_sql(stream, arrival, content=plan.content)
    )
    con.execute("DROP TABLE read_rows")
    con.unregister("given")
    return rejections


def _register(con: duckdb.DuckDBPyConnection, batch: Batch) -> dict[str, Spot]:
    """Show the batch to DuckDB as ``given``; return the place of each of its columns."""
    columns: dict[str, pa.ChunkedArray] = {}
    spots: dict[str, Spot] = {}
    for index, name in enumerate(batch.table.column_names):
        column = batch.table.column(index)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns[f"c{index}"] = column
        stored = name.endswith(("_us", "_tenths"))
        spots[name] = Spot(f"c{index}", f"t{index}", f"v{index}", column.type, stored)
    columns["position"] = pa.array(range(len(batch.rows)), pa.int64())
    columns["batch_row"] = pa.array(batch.rows, pa.int64())
    con.register("given", pa.table(columns))
    return spots


def _aliased(expressions: dict[str, str]) -> str:
    return ", ".join(f'{value} AS "{name}"' for name, value in expressions.items())


def _more(expressions: dict[str, str]) -> str:
    return f", {_aliased(expressions)}" if expressions else ""


def _plan(stream: Stream, given: dict[str, Spot], arrival: Arrival) -> Plan:
    """Return how to read and judge the batch."""
    plan = Plan(
        texts={spot.text: spot.text_sql for spot in given.values()},
        values={},
        columns={},
        defaults=_defaults(stream, arrival),
        checks=[],
    )
    for column in stream.given:
        found = [given[name] for name in {column.name: 0, column.stored: 0} if name in given]
        for spot in found:
            reading = column_reading(column, spot)
            plan.values[spot.value] = reading.value
            plan.checks.extend(reading.checks)
        if len(found) == 2:
            names = f"{column.name}, {column.stored}"
            twice = f"{found[0].text} IS NOT NULL AND {found[1].text} IS NOT NULL"
            plan.checks.append(Check("given_twice", column.name, twice, (names, names)))
        values = ", ".join(spot.value for spot in found)
        plan.columns[column.stored] = f"coalesce({values})" if found else f"NULL::{column.sql_type}"
    plan.checks.extend(_row_checks(stream, arrival))
    plan.checks.extend(_name_checks(stream, given))
    return plan


def _row_checks(stream: Stream, arrival: Arrival) -> Iterator[Check]:
    """Yield the checks over read values: required fields, categories, future times."""
    for column in stream.columns:
        if column.required:
            yield Check("missing_key", column.name, f'"{column.stored}" IS NULL')
    yield Check("missing_key", "occurred_at", "occurred_us IS NULL")
    lonely = "kind <> 'observation' AND corrects_event_id IS NULL"
    yield Check("missing_key", "corrects_event_id", lonely)
    if arrival.categories is not None and any(c.name == "category_id" for c in stream.columns):
        known = ", ".join(literal(category) for category in sorted(arrival.categories))
        unknown = f"category_id NOT IN ({known})" if known else "category_id IS NOT NULL"
        yield Check("unknown_category", "category_id", unknown)
    if arrival.future_tolerance is not None:
        latest = micros_of(arrival.now + arrival.future_tolerance)
        yield Check("time_in_future", "occurred_at", f"occurred_us > {latest}")


def _name_checks(stream: Stream, given: dict[str, Spot]) -> Iterator[Check]:
    """Yield the checks of names the stream does not know, and of the row's own type."""
    known = {name: None for column in stream.given for name in (column.name, column.stored)}
    for name, spot in given.items():
        text = spot.text
        if name == "type":
            pattern = rf"earnest\.{stream.name}(\..*)?"
            elsewhere = f"NOT {matches(text, pattern)}"
            yield Check("unknown_stream", "type", elsewhere, (stream.name, stream.name))
        elif name not in known:
            hint = nearest_name(name, [*known])
            yield Check("unknown_field", name, f"{text} IS NOT NULL", hint)


def _defaults(stream: Stream, arrival: Arrival) -> dict[str, str]:
    """Return the columns that take a default when the sender leaves them out."""
    defaults = {name: f"coalesce({name}, {literal(value)})" for name, value in _DEFAULTS.items()}
    defaults["observed_us"] = f"coalesce(observed_us, {micros_of(arrival.now)})"
    if stream.time_from is None:
        return defaults
    column = stream.column(stream.time_from)
    time = day_start_sql(column.stored) if column.kind is Kind.DAY else f'"{column.stored}"'
    if stream.time_when is None:
        defaults["occurred_us"] = f"coalesce(occurred_us, {time})"
        return defaults
    name, value = stream.time_when
    applies = f'"{name}" = {literal(value)}'
    defaults["occurred_us"] = f"coalesce(occurred_us, CASE WHEN {applies} THEN {time} END)"
    defaults[column.stored] = f"coalesce({time}, CASE WHEN {applies} THEN occurred_us END)"
    return defaults


def _rejections(
    con: duckdb.DuckDBPyConnection,
    stream: Stream,
    batch: Batch,
    judged: tuple[Arrival, list[Check]],
) -> list[Rejection]:
    """Return the faults of the rows that are at fault."""
    arrival, checks = judged
    numbered = ", ".join(
        f"CASE WHEN {check.condition} THEN {index} END" for index, check in enumerate(checks)
    )
    found = con.sql(
        f"SELECT position, batch_row, [{numbered}] FROM read_rows WHERE faulty ORDER BY position"  # noqa: S608 - from the schema
    ).fetchall()
    rejections: list[Rejection] = []
    for position, row, indexes in found:
        place, original = (arrival.origin, row), batch.original(position)
        faults = [checks[index] for index in indexes if index is not None]
        rejections.extend(
            rejection_of(
                stream.name,
                place,
                fault.code,
                original=original,
                field=fault.field,
                detail=fault.detail,
            )
            for fault in _telling(faults, stream)
        )
    return rejections


def _telling(faults: list[Check], stream: Stream) -> list[Check]:
    """Return the faults that tell something: a value that is wrong is not also missing."""
    wrong = {fault.field for fault in faults if fault.code != "missing_key"}
    missing = {fault.field for fault in faults if fault.code == "missing_key"}
    time_sources = {stream.time_from, stream.time_when[0] if stream.time_when else None}
    if time_sources & (wrong | missing):
        wrong.add("occurred_at")
    return [fault for fault in faults if fault.code != "missing_key" or fault.field not in wrong]


def _identified_sql(stream: Stream, arrival: Arrival, *, content: set[str]) -> str:
    """Return the query of the good rows with key, id, subject and hash of their content."""
    constants = {
        "source": literal(arrival.source),
        "type": literal(f"earnest.{stream.name}.v{SCHEMA_VERSION}"),
        "tenant_id": literal(arrival.tenant_id),
        "recorded_us": f"{micros_of(arrival.now)}::BIGINT",
        "schema_version": f"{SCHEMA_VERSION}::BIGINT",
        "batch": "0::BIGINT",
        "subject": " || '/' || ".join([literal(stream.subject[0]), *_subject_parts(stream)]),
        "payload_sha256": _payload_sql(stream, content),
        "event_id": _event_id_sql("name_hash"),
    }
    selected = ", ".join(
        f'{constants.get(column.stored, _quoted(column))}::{column.sql_type} AS "{column.stored}"'
        for column in stream.stored_columns
    )
    namespace = "".join(f"\\x{byte:02X}" for byte in EVENT_NAMESPACE.bytes)
    name = f"encode({literal(arrival.source)} || chr(10) || dedupe_key)"
    return (
        f"SELECT {selected}, position FROM ("  # noqa: S608 - from the schema
        f"SELECT *, sha1('{namespace}'::BLOB || {name}) AS name_hash"
        f" FROM (SELECT *, {_key_sql(stream)} AS dedupe_key FROM read_rows WHERE NOT faulty))"
    )


def _quoted(column: Column) -> str:
    return f'"{column.stored}"'


def _subject_parts(stream: Stream) -> Iterator[str]:
    for name in stream.subject[1:]:
        yield f'"{stream.column(name).stored}"'


def _key_sql(stream: Stream) -> str:
    """Return the natural key as one text: parts after slashes, slashes within them written %2F.

    A correction or retraction has the key of what it corrects, and that event's id behind it.
    """
    parts = [
        f"replace(replace(coalesce(CAST(\"{name}\" AS VARCHAR), ''), '%', '%25'), '/', '%2F')"
        for name in stream.dedupe_key
    ]
    plain = " || '/' || ".join([literal(stream.name), *parts])
    suffix = "'/' || kind || '/' || corrects_event_id"
    return f"{plain} || CASE WHEN kind = 'observation' THEN '' ELSE {suffix} END"


def _event_id_sql(name_hash: str) -> str:
    """Return the UUIDv5 whose SHA-1 is given, as :func:`earnest.kernel.ids.event_id` makes it."""
    variant = f"translate({name_hash}[17:17], '0123456789abcdef', '89ab89ab89ab89ab')"
    parts = (
        f"{name_hash}[1:8]",
        f"{name_hash}[9:12]",
        f"'5' || {name_hash}[14:16]",
        f"{variant} || {name_hash}[18:20]",
        f"{name_hash}[21:32]",
    )
    return " || '-' || ".join(parts)


def _payload_sql(stream: Stream, content: set[str]) -> str:
    """Return the hash of what happened: every filled column in order, arrival left out.

    Texts hold no line feeds, so the form ``name=value`` per line is unambiguous.
    """
    parts = [
        f"CASE WHEN {_quoted(c)} IS NULL THEN ''"
        f" ELSE '{c.stored}=' || CAST({_quoted(c)} AS VARCHAR) || chr(10) END"
        for c in stream.given
        if c.stored in content and c.stored not in ARRIVAL
    ]
    return f"sha256({' || '.join(parts)})"

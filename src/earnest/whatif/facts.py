"""Facts in and out of DuckDB: what is judged in SQL, and given to the interpreter again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pyarrow as pa

from earnest.policy import DecisionSpec, Pack
from earnest.whatif.effects import quoted
from earnest.whatif.judging import PARTY, PERIOD

READING: Final = "@reading"
SOURCE: Final = "@source"
SERVICE: Final = "service_category"
AT_ONCE: Final = 50_000


@dataclass(frozen=True)
class Judged:
    """One judgement of the past: whom it was about, when, and from which facts.

    Attributes:
        period: the month it belongs to, as ``2025-08``.
        facts: as the decision takes them, in the plain form of a receipt.
        source: ``stored`` when a receipt kept the facts, ``rebuilt`` when they were put together
            again from what was recorded.
        category: the service category of a provider; empty for others.
    """

    subject_kind: str
    subject_id: str
    period: str
    facts: Mapping[str, Any]
    source: str
    category: str = ""

    @property
    def party(self) -> str:
        """Return whom it is about, as ``shop:S0001``."""
        return f"{self.subject_kind}:{self.subject_id}"


def facts_make(connection: Any, live: Pack, decision: str, table: str) -> None:
    """Make an empty table of facts, with columns for whom, when and from where beside them.

    Raises:
        NotFound: there is no such decision.
    """
    connection.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
    connection.execute(live.facts_table(decision, table))
    more = ((PARTY, "VARCHAR"), (PERIOD, "VARCHAR"), (SOURCE, "VARCHAR"), (READING, "INTEGER"))
    for name, kind in (*more, (SERVICE, "VARCHAR")):
        connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {kind}")


class FactsUnfit(Exception):
    """Facts of the past have another form than the decision takes now."""


def facts_fill(
    connection: Any, table: str, judged: Iterable[Judged], readings: Mapping[str, int]
) -> int:
    """Put judgements of the past into a table of facts; return how many they were.

    Takes:
        readings: the number of the reading by which a party is judged, where it is not 0.

    Raises:
        FactsUnfit: facts have another form than the columns.
    """
    schema: pa.Schema = connection.table(table).limit(0).to_arrow_table().schema
    filled = 0
    rows: list[dict[str, Any]] = []
    for each in judged:
        filled += 1
        rows.append(_row(schema, str(filled), each, readings.get(each.party, 0)))
        if len(rows) == AT_ONCE:
            _insert(connection, table, rows, schema)
            rows = []
    _insert(connection, table, rows, schema)
    return filled


def _insert(connection: Any, table: str, rows: Sequence[dict[str, Any]], schema: pa.Schema) -> None:
    try:
        arrived = pa.Table.from_pylist(list(rows), schema=schema)
    except pa.ArrowException as error:
        raise FactsUnfit(str(error)) from None
    connection.register("arrived", arrived)
    connection.execute(f"INSERT INTO {quoted(table)} BY NAME SELECT * FROM arrived")  # noqa: S608 - our name
    connection.unregister("arrived")


def _row(schema: pa.Schema, key: str, each: Judged, reading: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "subject": key,
        PARTY: each.party,
        PERIOD: each.period,
        SOURCE: each.source,
        READING: reading,
        SERVICE: each.category or None,
    }
    beside = set(row)
    for field in schema:
        if field.name not in beside:
            try:
                row[field.name] = fitted(each.facts.get(field.name), field.type)
            except (TypeError, ValueError) as error:
                raise FactsUnfit(f"{field.name}: {error}") from None
    return row


def fitted(value: Any, kind: pa.DataType) -> Any:
    """Bring a plain value into the form of a column: ISO days as days, a series as structs."""
    if value is None:
        return None
    if pa.types.is_date(kind):
        return date.fromisoformat(value) if isinstance(value, str) else value
    if pa.types.is_list(kind):
        return [fitted(each, kind.value_type) for each in value]
    if pa.types.is_struct(kind):
        return _struct(value, kind)
    return value


def _struct(value: Any, kind: pa.DataType) -> dict[str, Any]:
    names = [kind.field(place).name for place in range(kind.num_fields)]
    if not isinstance(value, Mapping):  # an element of a series: its day, and its value or values
        at, inner = value
        named = inner if isinstance(inner, Mapping) else {"value": inner}
        value = {"at": at, **named}
    return {name: fitted(value.get(name), kind.field(name).type) for name in names}


def facts_of(
    connection: Any, spec: DecisionSpec, table: str, keys: Sequence[Any]
) -> dict[Any, Any]:
    """Read the facts of some rows back, as the interpreter takes them, by the row's key."""
    if not keys:
        return {}
    names = list(spec.facts)
    columns = ", ".join(quoted(name) for name in names)
    rows = connection.execute(
        f"SELECT subject, {columns} FROM {quoted(table)} WHERE subject IN "  # noqa: S608 - our names
        "(SELECT unnest($keys))",
        {"keys": list(keys)},
    ).fetchall()
    return {
        row[0]: {
            name: _plain(spec, name, value)
            for name, value in zip(names, row[1:], strict=True)
            if value is not None
        }
        for row in rows
    }


def _plain(spec: DecisionSpec, name: str, value: Any) -> Any:
    """Bring a column's value into the form that the interpreter takes: a series as pairs."""
    collection = spec.facts[name].collection
    if collection is None or collection.form != "series":
        return value
    return [_element(each) for each in value]


def _element(struct: Mapping[str, Any]) -> list[Any]:
    inner = {name: value for name, value in struct.items() if name != "at"}
    if all(value is None for value in inner.values()):
        return [struct["at"], None]
    return [struct["at"], inner["value"] if set(inner) == {"value"} else inner]

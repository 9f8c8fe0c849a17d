"""A batch as it arrives, and what became of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pyarrow as pa

from earnest.feed.faults import fault_texts
from earnest.kernel.errors import Problem
from earnest.kernel.hashing import sha256_hex

_REJECTION_NAMESPACE = uuid5(NAMESPACE_URL, "urn:earnest:rejection")
_UNREADABLE = "\x00"
_HUGE = "9" * 60  # stands for any longer number: too large whatever its digits are


@dataclass(frozen=True)
class Arrival:
    """Whence and when a batch came.

    Attributes:
        tenant_id: whose feed it goes into.
        source: URI of the source; with the natural key it identifies an event.
        origin: the file or channel, shown with rejected rows.
        now: the instant of arrival.
        categories: when given, category ids outside it are rejected.
        future_tolerance: when given, event times later than ``now`` plus this are rejected.
    """

    tenant_id: str
    source: str
    origin: str
    now: datetime
    categories: frozenset[str] | None = None
    future_tolerance: timedelta | None = None


@dataclass(frozen=True)
class Rejection:
    """One fault of one row that was not taken.

    Attributes:
        stream: the stream it was meant for.
        origin: the file or channel it came from.
        row: its number there, counted from 1 (for CSV files the heading line counts too).
        field: the field at fault, empty when the whole row is.
        code: stable name of the fault.
        zh: what is wrong and what to do, in Chinese.
        en: the same in English.
        original: the row as it came, as JSON or, if it is not readable, as text.
        identity: what the row is recognised by when it comes again.
        known: the same row of the same origin was rejected for this before.
    """

    stream: str
    origin: str
    row: int
    field: str
    code: str
    zh: str
    en: str
    original: str
    identity: str = ""
    known: bool = False

    @property
    def problem(self) -> Problem:
        """The fault as a problem with its place."""
        place = f"{self.origin}:{self.row}" + (f" {self.field}" if self.field else "")
        return Problem(self.code, place, self.zh, self.en)

    def id_for(self, source: str) -> UUID:
        """Return its id: the same fault of the same row of the same origin has the same id."""
        parts = (source, self.stream, self.origin, str(self.row), self.field, self.code)
        content = self.identity or sha256_hex(self.original)
        return uuid5(_REJECTION_NAMESPACE, "\n".join((*parts, content)))


def rejection_of(
    stream: str,
    place: tuple[str, int],
    code: str,
    *,
    original: str,
    field: str = "",
    detail: str | tuple[str, str] = "",
    identity: str = "",
) -> Rejection:
    """Return a rejection with the words of its code; ``place`` is origin and row."""
    zh, en = fault_texts(code, field, detail)
    origin, row = place
    return Rejection(
        stream,
        storable(origin),
        row,
        storable(field),
        code,
        zh=storable(zh),
        en=storable(en),
        original=storable(original),
        identity=storable(identity),
    )


@dataclass(frozen=True)
class Intake:
    """What became of one stream's batch.

    Attributes:
        stream: the stream.
        batch_id: id of the batch in the feed.
        accepted: rows that are new.
        duplicate: rows that the feed already held with the same content.
        rejected: the faults; a row with several faults stands there several times.
        waiting: accepted rows whose order is not known yet; they move when it arrives.
        duplicate_rows: numbers of the duplicate rows.
        withdrawn: events of earlier batches that this one contradicts; they are rejections now.
    """

    stream: str
    batch_id: UUID
    accepted: int
    duplicate: int
    rejected: list[Rejection]
    waiting: int = 0
    duplicate_rows: tuple[int, ...] = ()
    withdrawn: list[Rejection] = field(default_factory=list)

    @property
    def rejected_rows(self) -> int:
        """How many rows were rejected."""
        return len({each.row for each in self.rejected})


@dataclass(frozen=True)
class Batch:
    """Rows of one stream in columns, each with its number at the origin.

    Attributes:
        table: the columns as the sender names them.
        rows: the number of each row, ascending.
        originals: the rows as they came, when the table is no longer their original form.
    """

    table: pa.Table
    rows: Sequence[int]
    originals: Sequence[Any] | None = None

    def original(self, position: int) -> str:
        """Return one row as it came, as text."""
        if self.originals is not None:
            row = self.originals[position]
        else:
            row = self.table.slice(position, 1).to_pylist()[0]
        if isinstance(row, dict):
            given = {key: value for key, value in row.items() if value is not None}
            row = json.dumps(given, ensure_ascii=False, default=_as_text)
        return storable(row)


def storable(text: str) -> str:
    """Return text as the database can hold it: NUL and half surrogate pairs are written out."""
    return text.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode()


def _as_text(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def batch_of(
    given: "pa.Table | Sequence[dict[str, Any]] | Batch", rows: Sequence[int] | None = None
) -> Batch:
    """Return a batch from an Arrow table or from dictionaries; rows count from 1 by default."""
    if isinstance(given, Batch):
        return given
    numbers = rows if rows is not None else range(1, len(given) + 1)
    if isinstance(given, pa.Table):
        return Batch(given, numbers)
    names: dict[str, None] = {}
    for row in given:
        names.update(dict.fromkeys(row))
    columns = {name: _column([row.get(name) for row in given]) for name in names}
    return Batch(pa.table(columns), numbers, given)


def batch_select(batch: Batch, positions: Sequence[int]) -> Batch:
    """Return some rows of a batch, each keeping its number."""
    originals = batch.originals
    return replace(
        batch,
        table=batch.table.take(pa.array(positions, pa.int64())),
        rows=[batch.rows[position] for position in positions],
        originals=None if originals is None else [originals[position] for position in positions],
    )


def _column(values: list[Any]) -> pa.Array:
    """Return values as whole numbers when all of them are, else as text."""
    if all(value is None or (type(value) is int and abs(value) < 2**63) for value in values):
        return pa.array(values, pa.int64())
    return pa.array([_value_text(value) for value in values], pa.string())


def _value_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        # Half a surrogate pair has no UTF-8 form: it becomes a character that the checks refuse.
        return value if value.isascii() or _encodes(value) else _UNREADABLE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value) if value.bit_length() < 200 else _HUGE
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=True, default=str)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""What a stream of events is: its columns, their kinds, its natural key, and the envelope.

The sender gives a stream's own columns; the feed adds the envelope (id, key, arrival times, hash).
Names are the same in every way in:

- an *instant* comes in as ``paid_at`` (ISO 8601 text with zone, or an Arrow timestamp with zone)
  or as ``paid_us`` (whole microseconds since 1970); it is stored as ``paid_us``;
- *fen* are whole numbers; a *score* of 0 to 10 with at most one decimal (``score``) is stored in
  whole tenths (``score_tenths``); a *day* is ``2025-08-01`` or ``20250801``, stored as the latter.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

SCHEMA_VERSION: Final = 1
FEN_LIMIT: Final = 10**13
"""Largest amount taken in one event, in fen: a million such sums still fit into 64 bits."""


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INT = "int"
    FEN = "fen"
    BOOL = "bool"
    INSTANT = "instant"
    DAY = "day"
    ENUM = "enum"
    SCORE = "score"
    INT_LIST = "int_list"


@dataclass(frozen=True)
class Column:
    """One column of a stream.

    Attributes:
        name: the neutral name that senders use.
        kind: what it holds.
        required: a row without it is rejected.
        in_key: part of the natural key; an empty optional part counts as its own value.
        non_negative: a value below zero is rejected.
        values: the allowed values of an enum.
    """

    name: str
    kind: Kind
    required: bool = False
    in_key: bool = False
    non_negative: bool = False
    values: tuple[str, ...] = ()

    @property
    def stored(self) -> str:
        """The name under which it is stored: instants end in ``_us``, scores in ``_tenths``."""
        if self.kind is Kind.INSTANT:
            return f"{self.name.removesuffix('_at')}_us"
        return f"{self.name}_tenths" if self.kind is Kind.SCORE else self.name

    @property
    def sql_type(self) -> str:
        """The type in which it is stored, as DuckDB names it."""
        match self.kind:
            case Kind.TEXT | Kind.ENUM:
                return "VARCHAR"
            case Kind.BOOL:
                return "BOOLEAN"
            case Kind.DAY:
                return "INTEGER"
            case Kind.INT_LIST:
                return "BIGINT[]"
            case _:
                return "BIGINT"


@dataclass(frozen=True)
class Stream:
    """One stream of events.

    Attributes:
        name: its name, also the folder of its files.
        columns: the columns the sender gives, besides the envelope's.
        subject: what the event is about: a word and the columns that identify it.
        time_from: the column from which ``occurred_at`` is taken when the sender leaves it out.
        time_when: column and value to which that default is limited, such as ``state = paid``.
        by_order: stored under the storage day of the order it belongs to.
        time_in_key: the natural key fixes the storage day, so repeats lie in the same day.
        zh: what it holds, in Chinese.
        en: the same in English.
    """

    name: str
    columns: tuple[Column, ...]
    subject: tuple[str, ...]
    zh: str
    en: str
    time_from: str | None = None
    time_when: tuple[str, str] | None = None
    by_order: bool = False
    time_in_key: bool = False

    @property
    def dedupe_key(self) -> tuple[str, ...]:
        """Stored names of the columns that make up the natural key."""
        return tuple(column.stored for column in self.columns if column.in_key)

    @property
    def required(self) -> tuple[str, ...]:
        """Neutral names of the columns a sender must give."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def given(self) -> tuple[Column, ...]:
        """Every column a sender may give: the stream's own, then the envelope's."""
        own = {column.name for column in self.columns}
        return self.columns + tuple(each for each in ENVELOPE_GIVEN if each.name not in own)

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """Every column of a stored row, in the order of the files."""
        return ENVELOPE_COMPUTED + self.given

    def column(self, name: str) -> Column:
        """Return the column with this neutral name."""
        return next(column for column in self.stored_columns if column.name == name)


def texts(*names: str) -> tuple[Column, ...]:
    """Return text columns."""
    return tuple(Column(name, Kind.TEXT) for name in names)


def ints(*names: str) -> tuple[Column, ...]:
    """Return columns of whole numbers, not below zero."""
    return tuple(Column(name, Kind.INT, non_negative=True) for name in names)


def fens(*names: str) -> tuple[Column, ...]:
    """Return columns of money in whole fen, not below zero."""
    return tuple(Column(name, Kind.FEN, non_negative=True) for name in names)


def instants(*names: str) -> tuple[Column, ...]:
    """Return columns of instants."""
    return tuple(Column(name, Kind.INSTANT) for name in names)


def bools(*names: str) -> tuple[Column, ...]:
    """Return columns of yes and no."""
    return tuple(Column(name, Kind.BOOL) for name in names)


def days(name: str) -> tuple[Column, ...]:
    """Return a column of a market day."""
    return (Column(name, Kind.DAY),)


def enum(name: str, values: str) -> tuple[Column, ...]:
    """Return an enum column and its twin that keeps the source's own code."""
    return Column(name, Kind.ENUM, values=tuple(values.split())), Column(f"{name}_raw", Kind.TEXT)


def needed(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Mark the first column (not its raw twin) as required."""
    return (replace(columns[0], required=True), *columns[1:])


def key(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Mark the first column (not an enum's raw twin) as a required part of the key."""
    return (replace(columns[0], required=True, in_key=True), *columns[1:])


def key_maybe(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Mark the first column as a part of the key that may stay empty."""
    return (replace(columns[0], in_key=True), *columns[1:])


ENVELOPE_COMPUTED: Final = (
    *texts("event_id", "source", "dedupe_key", "type", "subject", "tenant_id"),
    *instants("recorded_at"),
    *ints("schema_version"),
    *texts("payload_sha256"),
    *ints("batch", "batch_row"),
)
"""Columns that the feed computes; a sender cannot give them. ``batch`` and ``batch_row`` lead back
to the batch and to the row of the sender's file."""

ENVELOPE_GIVEN: Final = (
    *instants("occurred_at"),
    *texts("provider_id", "shop_id", "source_version"),
    Column(
        "time_quality",
        Kind.ENUM,
        values=("source_ms", "source_s", "source_minute", "derived", "observed"),
    ),
    *instants("observed_at"),
    Column("kind", Kind.ENUM, values=("observation", "correction", "retraction")),
    *texts("corrects_event_id"),
    Column("reason", Kind.ENUM, values=("did_not_occur", "incorrect_data")),
    *texts("currency", "auth_scope_ref"),
)
"""Columns of the envelope that a sender may give; each has a default or may stay empty."""

ARRIVAL: Final = frozenset({"observed_us", "recorded_us", "batch", "batch_row"})
"""Stored columns that tell when we learnt it; they are no part of an event's content."""

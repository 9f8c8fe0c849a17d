"""How a given column is read and checked: DuckDB expressions, built from the schema.

A column may come as text (CSV, JSON) or typed (Parquet, Arrow); both end in the stored type. Every
check is a condition that is true for the rows at fault, so a whole batch is judged in one pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from earnest.feed.faults import KIND_WORDS
from earnest.feed.schema import FEN_LIMIT, Column, Kind
from earnest.kernel.calendar import US_PER_DAY

TEXT_LENGTH_MAX: Final = 1000
EARLIEST_US: Final = 694_224_000_000_000  # 1992: no summer time in the market's zone since then
LATEST_US: Final = 7_258_118_400_000_000  # 2200
_ZONE_OFFSET_US: Final = 8 * 3600 * 1_000_000
_TIME: Final = r"\d{4}-\d{2}-\d{2}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_ZONE: Final = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_WHOLE: Final = r"[+-]?\d+"
_CONTROL: Final = r"[\x00-\x1f\x7f]"
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True)
class Check:
    """A condition that is true for the rows at fault."""

    code: str
    field: str
    condition: str
    detail: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Spot:
    """Where a given column stands in the query, in its three layers.

    Attributes:
        given: the name of the column as it was given.
        text: the name of its trimmed text; empty text is no value.
        value: the name of the value that was read from it.
        given_as: the Arrow type it was given in.
        stored: it was given under its stored name (``paid_us``, ``score_tenths``).
    """

    given: str
    text: str
    value: str
    given_as: pa.DataType
    stored: bool

    @property
    def text_sql(self) -> str:
        """The expression of ``text``."""
        return f"nullif(trim(CAST({self.given} AS VARCHAR), {literal(_BLANKS)}), '')"


@dataclass(frozen=True)
class Reading:
    """The expression of a value over its :class:`Spot`, and what may be wrong with it."""

    value: str
    checks: tuple[Check, ...]


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def day_sql(us: str) -> str:
    """Return the expression of the market's day, as yyyymmdd, of an instant in microseconds."""
    local = f"make_timestamp(({us}) + {_ZONE_OFFSET_US})"
    return f"CAST(year({local}) * 10000 + month({local}) * 100 + day({local}) AS INTEGER)"


def day_start_sql(day: str) -> str:
    """Return the expression of the instant at which a market day (yyyymmdd) begins."""
    date = f"make_date({day} // 10000, {day} // 100 % 100, {day} % 100)"
    return f"datediff('day', DATE '1970-01-01', {date}) * {US_PER_DAY} - {_ZONE_OFFSET_US}"


def matches(text: str, pattern: str) -> str:
    """Return the condition that a text has a form from end to end."""
    return f"regexp_full_match({text}, {literal(pattern)})"


def column_reading(column: Column, spot: Spot) -> Reading:
    """Return how to read a column from a given one, and what may be wrong with it."""
    match column.kind:
        case Kind.TEXT:
            return _read_text(column, spot)
        case Kind.ENUM:
            return _read_enum(column, spot)
        case Kind.INT | Kind.FEN:
            return _read_whole(column, spot)
        case Kind.BOOL:
            return _read_bool(column, spot)
        case Kind.INSTANT:
            return _read_micros(column, spot) if spot.stored else _read_instant(column, spot)
        case Kind.DAY:
            return _read_day(column, spot)
        case Kind.SCORE:
            return _read_tenths(column, spot) if spot.stored else _read_score(column, spot)
        case Kind.INT_LIST:
            return _read_list(column, spot)


def checks_sql(checks: Iterable[Check]) -> str:
    """Return one condition that is true when any check is."""
    return f"({' OR '.join(f'({check.condition})' for check in checks)}) IS TRUE"


def _is_whole(given_as: pa.DataType) -> bool:
    return pa.types.is_integer(given_as) and not pa.types.is_uint64(given_as)


def _unread(column: Column, spot: Spot, besides: str = "true") -> Check:
    """Return the check that something is given which cannot be read as the column's kind."""
    condition = f"{spot.value} IS NULL AND {spot.text} IS NOT NULL AND {besides}"
    return Check("wrong_type", column.name, condition, KIND_WORDS[column.kind])


def _read_text(column: Column, spot: Spot) -> Reading:
    text, given_as = spot.text, spot.given_as
    words = KIND_WORDS[column.kind]
    has_control = f"regexp_matches({text}, {literal(_CONTROL)})"
    checks = [
        Check("wrong_type", column.name, has_control, words),
        Check("text_too_long", column.name, f"length({text}) > {TEXT_LENGTH_MAX}"),
    ]
    is_text = pa.types.is_string(given_as) or pa.types.is_large_string(given_as)
    if not (is_text or pa.types.is_integer(given_as) or pa.types.is_null(given_as)):
        checks.append(Check("wrong_type", column.name, f"{text} IS NOT NULL", words))
    if column.name == "currency":
        strange = f"NOT {matches(text, '[A-Z]{3}')}"
        checks.append(Check("wrong_type", column.name, strange, KIND_WORDS["currency"]))
    return Reading(text, tuple(checks))


def _read_enum(column: Column, spot: Spot) -> Reading:
    allowed = ", ".join(literal(value) for value in column.values)
    names = ", ".join(column.values)
    condition = f"{spot.text} NOT IN ({allowed})"
    return Reading(
        spot.text, (Check("unknown_enum_value", column.name, condition, (names, names)),)
    )


def _whole_value(spot: Spot, pattern: str = _WHOLE) -> str:
    if _is_whole(spot.given_as):
        return f"CAST({spot.given} AS BIGINT)"
    return f"TRY_CAST(CASE WHEN {matches(spot.text, pattern)} THEN {spot.text} END AS BIGINT)"


def _read_whole(column: Column, spot: Spot) -> Reading:
    checks: list[Check] = []
    if not _is_whole(spot.given_as):
        is_whole = matches(spot.text, _WHOLE)
        too_long = f"{spot.value} IS NULL AND {spot.text} IS NOT NULL AND {is_whole}"
        checks.append(_unread(column, spot, f"NOT {is_whole}"))
        checks.append(Check("amount_too_large", column.name, too_long))
    if column.kind is Kind.FEN:
        too_large = f"{spot.value} NOT BETWEEN {-FEN_LIMIT} AND {FEN_LIMIT}"
        checks.append(Check("amount_too_large", column.name, too_large))
    if column.non_negative:
        checks.append(Check("negative_amount", column.name, f"{spot.value} < 0"))
    return Reading(_whole_value(spot), tuple(checks))


def _read_bool(column: Column, spot: Spot) -> Reading:
    if pa.types.is_boolean(spot.given_as):
        return Reading(spot.given, ())
    value = (
        f"CASE lower({spot.text}) WHEN 'true' THEN true WHEN '1' THEN true"
        " WHEN 'false' THEN false WHEN '0' THEN false END"
    )
    return Reading(value, (_unread(column, spot),))


def _in_range(column: Column, spot: Spot, first: int, last: int) -> Check:
    is_score = column.kind is Kind.SCORE
    code = "score_out_of_range" if is_score else "time_out_of_range"
    return Check(code, column.name, f"{spot.value} NOT BETWEEN {first} AND {last}")


def _read_micros(column: Column, spot: Spot) -> Reading:
    in_range = _in_range(column, spot, EARLIEST_US, LATEST_US)
    return Reading(_whole_value(spot), (_unread(column, spot), in_range))


def _read_instant(column: Column, spot: Spot) -> Reading:
    in_range = _in_range(column, spot, EARLIEST_US, LATEST_US)
    if pa.types.is_timestamp(spot.given_as):
        value = f"epoch_us(CAST({spot.given} AS TIMESTAMPTZ))"
        if spot.given_as.tz is not None:
            return Reading(value, (in_range,))
        zoneless = Check("time_without_zone", column.name, f"{spot.given} IS NOT NULL")
        return Reading("NULL::BIGINT", (zoneless,))
    has_zone, no_zone = matches(spot.text, _TIME + _ZONE), matches(spot.text, _TIME)
    value = f"epoch_us(TRY_CAST(CASE WHEN {has_zone} THEN {spot.text} END AS TIMESTAMPTZ))"
    zoneless = Check("time_without_zone", column.name, f"{spot.value} IS NULL AND {no_zone}")
    return Reading(value, (zoneless, _unread(column, spot, f"NOT {no_zone}"), in_range))


def _read_day(column: Column, spot: Spot) -> Reading:
    digits = f"replace({spot.text}, '-', '')"
    is_day = matches(spot.text, r"\d{4}-\d{2}-\d{2}|\d{8}")
    date = f"TRY_CAST({digits}[1:4] || '-' || {digits}[5:6] || '-' || {digits}[7:8] AS DATE)"
    value = f"CASE WHEN {is_day} AND {date} IS NOT NULL THEN CAST({digits} AS INTEGER) END"
    in_range = _in_range(column, spot, 19920101, 21991231)
    return Reading(value, (_unread(column, spot), in_range))


def _read_score(column: Column, spot: Spot) -> Reading:
    is_score = matches(spot.text, r"[+-]?\d{1,3}(\.\d)?")
    scale = f"CASE WHEN contains({spot.text}, '.') THEN 1 ELSE 10 END"
    digits = f"replace({spot.text}, '.', '')"
    value = f"TRY_CAST(CASE WHEN {is_score} THEN {digits} END AS BIGINT) * {scale}"
    return Reading(value, (_unread(column, spot), _in_range(column, spot, 0, 100)))


def _read_tenths(column: Column, spot: Spot) -> Reading:
    in_range = _in_range(column, spot, 0, 100)
    return Reading(_whole_value(spot), (_unread(column, spot), in_range))


def _read_list(column: Column, spot: Spot) -> Reading:
    if pa.types.is_list(spot.given_as) or pa.types.is_large_list(spot.given_as):
        inner = spot.given_as.value_type
        if pa.types.is_integer(inner) or pa.types.is_null(inner):
            return Reading(f"CAST({spot.given} AS BIGINT[])", ())
        return Reading("NULL::BIGINT[]", (_unread(column, spot),))
    is_list = matches(spot.text, r"\[\s*(-?\d{1,18}\s*(,\s*-?\d{1,18}\s*)*)?\]")
    value = f"TRY_CAST(CASE WHEN {is_list} THEN {spot.text} END AS BIGINT[])"
    return Reading(value, (_unread(column, spot),))

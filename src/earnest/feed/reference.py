"""The reference of the streams for integrators, written from the schema itself."""

from collections.abc import Iterator

from earnest.feed.schema import ENVELOPE_GIVEN, Column, Kind, Stream
from earnest.feed.streams import STREAMS

_KIND_NAMES = {
    Kind.TEXT: "text",
    Kind.INT: "whole number",
    Kind.FEN: "fen",
    Kind.BOOL: "true / false",
    Kind.INSTANT: "instant",
    Kind.DAY: "day",
    Kind.ENUM: "one of",
    Kind.SCORE: "score 0-10",
    Kind.INT_LIST: "list of numbers",
}


def column_rows() -> list[dict[str, str]]:
    """Return one row for every column that a sender may give, stream by stream."""
    return [
        {"stream": stream.name, **_row(stream, column)}
        for stream in STREAMS.values()
        for column in stream.given
    ]


def reference_markdown() -> str:
    """Return the streams and their columns as the tables of ``docs/events.md``."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "### Columns that every stream takes"
    yield ""
    yield from _table(None, ENVELOPE_GIVEN)
    for stream in STREAMS.values():
        yield ""
        yield f"### {stream.name}"
        yield ""
        yield f"{stream.en[0].upper()}{stream.en[1:]}. {stream.zh}。"
        yield ""
        yield f"- Key: {', '.join(f'`{c.name}`' for c in stream.columns if c.in_key)}"
        yield f"- `occurred_at`: {_occurred_rule(stream)}"
        yield f"- Stored under: {_day_rule(stream)}"
        yield ""
        yield from _table(stream, stream.columns)


def _table(stream: Stream | None, columns: tuple[Column, ...]) -> Iterator[str]:
    yield "| column | holds | given | stored as |"
    yield "|---|---|---|---|"
    for column in columns:
        row = _row(stream, column)
        name = f"`{column.name}`{' ★' if column.in_key else ''}"
        yield f"| {name} | {row['holds']} | {row['given']} | `{row['stored_as']}` {row['type']} |"


def _row(stream: Stream | None, column: Column) -> dict[str, str]:
    holds = _KIND_NAMES[column.kind]
    if column.kind is Kind.ENUM:
        holds = f"{holds} {', '.join(column.values)}"
    elif column.name.endswith("_raw"):
        holds = "text: the source's own code"
    given = "required" if column.required else "may be empty"
    if column.name == "occurred_at":
        given = _occurred_rule(stream) if stream else "see each stream"
    return {
        "column": column.name,
        "holds": holds,
        "given": given,
        "key": "★" if column.in_key else "",
        "stored_as": column.stored,
        "type": column.sql_type,
    }


def _occurred_rule(stream: Stream) -> str:
    if stream.time_from is None:
        return "required"
    if stream.time_when is None:
        return f"taken from {stream.time_from} when left out"
    name, value = stream.time_when
    return f"taken from {stream.time_from} when left out and {name} = {value}, else required"


def _day_rule(stream: Stream) -> str:
    if stream.by_order:
        return "the day of its order's first known payment"
    return f"the day of {stream.time_from if stream.time_in_key else 'occurred_at'}"

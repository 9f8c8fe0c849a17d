"""The trace: every parameter, row, element and step that a decision used, in order."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

Note = tuple[Any, ...]
"""What the interpreter jots down; cheap to make, and read only when somebody asks for it."""

Entry = dict[str, Any]
"""``entry`` ("param", "row", "element" or "step"), ``name``, ``value``, ``clause``,
``instrument`` and ``edition`` (the day from which it holds), and more by kind of entry."""


def entries(notes: Iterable[Note]) -> list[Entry]:
    """Turn the interpreter's notes into entries of plain data."""
    return [_FORMS[note[0]](note) for note in notes]


def line(entry: Entry) -> str:
    """Write an entry on one line: ``row tier@2020-08-12#2 = 3000000, clause 3.1, SD1``."""
    name = entry["name"]
    value = entry["value"]
    match entry["entry"]:
        case "row":
            name = f"{name}@{entry['edition']}#{entry['row']}"
            tail = [entry["instrument"]]
        case "param":
            tail = [entry["instrument"], entry["edition"]]
        case "element":
            name = f"{name}[{entry['on']}]"
            tail = [part for part in (entry["instrument"], entry["edition"]) if part]
        case _:
            tail = [f"chose {each}" for each in entry["won"]] + entry["interpretation"]
    parts = [f"{entry['entry']} {name} = {value}"]
    if entry["clause"]:
        parts.append(f"clause {entry['clause']}")
    if entry["entry"] != "step" and entry.get("assumed"):
        tail.append("assumed")
    return ", ".join(parts + tail)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _param(note: Note) -> Entry:
    _, dated = note
    return {
        "entry": "param", "name": dated.name, "value": _plain(dated.value),
        "clause": dated.clause, "instrument": dated.instrument,
        "edition": dated.since.isoformat(), "assumed": dated.assumed,
    }  # fmt: skip


def _row(note: Note) -> Entry:
    _, row, column, value = note
    return {
        "entry": "row", "name": row.table, "value": _plain(value), "clause": row.clause,
        "instrument": row.instrument, "edition": row.since.isoformat(), "assumed": row.assumed,
        "row": row.number, "column": column, "when": [cell.text for cell in row.cells],
    }  # fmt: skip


def _element(note: Note) -> Entry:
    _, name, at, held, values, dated = note
    return {
        "entry": "element", "name": name, "value": held, "on": at.isoformat(),
        "element": {key: _plain(value) for key, value in values.items()},
        "clause": dated.clause if dated else "",
        "instrument": dated.instrument if dated else "",
        "edition": dated.since.isoformat() if dated else "",
    }  # fmt: skip


def _step(note: Note) -> Entry:
    _, step, value, clause, won, row = note
    by_row = step.by_row and row is not None
    return {
        "entry": "step", "name": step.name, "value": _plain(value), "clause": clause,
        "instrument": row.instrument if by_row else "",
        "edition": row.since.isoformat() if by_row else "",
        "assumed": by_row and row.assumed,
        "won": list(won), "interpretation": list(step.interpretation),
    }  # fmt: skip


_FORMS: dict[str, Callable[[Note], Entry]] = {
    "param": _param,
    "row": _row,
    "element": _element,
    "step": _step,
}

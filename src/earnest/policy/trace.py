"""The trace: every parameter, row, element, window and step that a decision used, in order."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

Note = tuple[Any, ...]
"""What the interpreter jots down; cheap to make, and read only when somebody asks for it."""

Entry = dict[str, Any]
"""``entry``, ``name``, ``value``, ``clause``, ``instrument`` and ``edition`` (the day from which it
holds; both empty where no act is behind it), and more by kind of entry:

- ``param``: ``assumed``
- ``row``: ``assumed``, ``row`` (its number), ``column``, ``when`` (its cells)
- ``element`` of a fact: ``on`` (its own day, or empty), ``element`` (its values); of records also
  ``number`` (its place, from 1), ``taken`` (what the function took of it) with its ``unit``, and
  ``group``
- ``window``: ``on`` (the day that lies in it), ``first`` and ``last``
- ``suspension`` of a step's clause: ``ends``
- ``step``: ``assumed``, ``won``, ``interpretation``, and, where there are any, ``unmet`` (of
  ``all_of``) and ``met`` (of ``any_of``)
"""


def entries(notes: Iterable[Note]) -> list[Entry]:
    """Turn the interpreter's notes into entries of plain data; what is used again is told once."""
    told: set[Note] = set()
    found: list[Entry] = []
    for note in notes:
        if note[0] in _TOLD_ONCE:
            mark = note[:3]
            if mark in told:
                continue
            told.add(mark)
        found.append(_FORMS[note[0]](note))
    return found


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
            name = f"{name}[{entry['on']}]" if entry["on"] else name
            tail = [part for part in (entry["instrument"], entry["edition"]) if part]
            tail += [f"{key} {entry[key]}" for key in ("taken", "group") if key in entry]
        case "window":
            tail = [entry["instrument"], f"{entry['first']}..{entry['last']}"]
        case "suspension":
            tail = [entry["instrument"], f"{entry['edition']}..{entry['ends'] or ''}"]
        case _:
            tail = [f"chose {each}" for each in entry["won"]]
            tail += [f"{key} {each}" for key in ("unmet", "met") for each in entry.get(key, ())]
            tail += entry["interpretation"]
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


def _month(note: Note) -> Entry:
    kind, name, at, held, element, dated = note
    values = {"value": element}
    if isinstance(element, dict):
        values = {key: value for key, value in element.items() if key != "at"}
    return _element((kind, name, at, held, values, dated))


def _element(note: Note) -> Entry:
    _, name, at, held, values, dated = note
    return {
        "entry": "element", "name": name, "value": held, "on": at.isoformat() if at else "",
        "element": {key: _plain(value) for key, value in values.items()},
        "clause": dated.clause if dated else "",
        "instrument": dated.instrument if dated else "",
        "edition": dated.since.isoformat() if dated else "",
    }  # fmt: skip


def _counted(note: Note) -> Entry:
    _, name, (number, at, element, dated), (taken, kind), group = note
    entry = _element((None, name, at, True, element, dated))
    entry["number"] = number
    if kind is not None:
        entry |= {"taken": _plain(taken), "unit": str(kind)}
    if group is not None:
        entry["group"] = _plain(group)
    return entry


def _window(note: Note) -> Entry:
    _, name, day, span = note
    return {
        "entry": "window", "name": name, "value": True, "clause": span.clause,
        "instrument": span.instrument, "edition": span.first.isoformat(),
        "on": day.isoformat(), "first": span.first.isoformat(), "last": span.last.isoformat(),
    }  # fmt: skip


def _suspension(note: Note) -> Entry:
    _, name, suspension, value = note
    return {
        "entry": "suspension", "name": name, "value": _plain(value),
        "clause": suspension.clause, "instrument": suspension.instrument,
        "edition": suspension.since.isoformat(),
        "ends": suspension.ends.isoformat() if suspension.ends else None,
    }  # fmt: skip


def _step(note: Note) -> Entry:
    _, step, value, clause, won, row, told = note
    by_row = step.by_row and row is not None
    told_of: dict[str, list[str]] = {}
    for word, text in told:
        told_of.setdefault(word, []).append(text)
    return {
        "entry": "step", "name": step.name, "value": _plain(value), "clause": clause,
        "instrument": row.instrument if by_row else "",
        "edition": row.since.isoformat() if by_row else "",
        "assumed": by_row and row.assumed,
        "won": list(won), "interpretation": list(step.interpretation), **told_of,
    }  # fmt: skip


_TOLD_ONCE = ("param", "row", "window")
_FORMS: dict[str, Callable[[Note], Entry]] = {
    "param": _param,
    "row": _row,
    "element": _month,
    "counted": _counted,
    "window": _window,
    "suspended": _suspension,
    "step": _step,
}

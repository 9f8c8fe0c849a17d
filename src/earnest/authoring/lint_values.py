"""Values that may be a slip: rates far too small, days off that are off anyway."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from earnest.policy.document import Document, Path
from earnest.policy.explain import show_value
from earnest.policy.kinds import WORDS
from earnest.policy.shape import Book, Row, Table

TINY = 1000
"""Below so many parts per million (0.1 %) a whole number may be meant as a percentage."""

_WHOLE = re.compile(r"(?<![\d.%])\d+(?![\d.]*%|[\d.])")


def rates_remarked(document: Document, book: Book) -> None:
    """Note rates written as small whole numbers: 80 is 0.008 %, and 80 % may be meant."""
    for path, text in _rates(book):
        if 0 < int(text) < TINY:
            said = show_value(int(text), WORDS["ppm"], "en", {})
            document.add(
                path, "tiny_rate",
                f"{text} 是百万分之 {text}，即 {said}；若如此请写 \"{said}\"，"
                f"或是否想写 \"{text}%\"？",
                f"{text} parts per million are {said}: write \"{said}\" if that is meant; "
                f"or did you mean \"{text}%\"?",
            )  # fmt: skip


def calendars_remarked(document: Document, book: Book) -> None:
    """Note days called closed that the weekend closes, and opened ones that are open anyway."""
    for name, calendar in book.calendars.items():
        for index, day in enumerate(calendar.closed):
            if day.isoweekday() in calendar.weekend:
                _day(document, ("calendars", name, "closed", index), day, "closed_weekend")
        for index, day in enumerate(calendar.opened):
            if day.isoweekday() not in calendar.weekend:
                _day(document, ("calendars", name, "opened", index), day, "opened_weekday")


def _day(document: Document, path: Path, day: date, code: str) -> None:
    if code == "closed_weekend":
        zh = f"{day} 本就是每周休息日，不必写在 closed；请核对日期"
        en = f"{day} is off by the week anyway: check the day, or leave it out of closed"
    else:
        zh = f"{day} 本就是工作日，不必写在 opened；请核对日期"
        en = f"{day} is a working day by the week anyway: check it, or leave it out of opened"
    document.add(path, code, zh, en)


def _rates(book: Book) -> Iterator[tuple[Path, str]]:
    """Go through the rates of a book that are written as whole numbers."""
    for name, parameter in book.parameters.items():
        if parameter.unit == "ppm":
            for index, value in enumerate(parameter.values):
                if _is_whole(value.value):
                    yield ("parameters", name, "values", index, "value"), str(value.value)
    for name, table in book.tables.items():
        for number, edition in enumerate(table.editions):
            for index, row in enumerate(edition.rows):
                path: Path = ("tables", name, "editions", number, "rows", index)
                yield from _row_rates(path, row, table)


def _row_rates(path: Path, row: Row, table: Table) -> Iterator[tuple[Path, str]]:
    for column, unit in enumerate(table.outputs.values()):
        if unit == "ppm" and column < len(row.then) and _is_whole(row.then[column]):
            yield (*path, "then", column), str(row.then[column])
    for place, raw in _rate_cells((*path, "when"), row.when, table):
        for text in dict.fromkeys(_WHOLE.findall(str(raw))):
            yield place, text


def _rate_cells(path: Path, when: Any, table: Table) -> Iterator[tuple[Path, Any]]:
    rates = [name for name, unit in table.inputs.items() if unit == "ppm"]
    if isinstance(when, dict):
        yield from (((*path, name), when[name]) for name in rates if name in when)
    elif isinstance(when, list):
        cells = zip(table.inputs, enumerate(when), strict=False)
        yield from (((*path, index), cell) for name, (index, cell) in cells if name in rates)
    elif rates:
        yield path, when


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""Mutants: each number of a pack changed by one, to see whether a golden case notices.

A survivor names a number that no case holds fast. An edge between two rows is moved in both, so
that a mutant fails for what it decides and not for the gap that it would tear. A rate is changed by
0.01 %, or by its own last decimal where it has more: a millionth is finer than any case. No amount
is made negative.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from earnest.authoring.opened import expressions, opened, tree_of
from earnest.policy import Pack
from earnest.policy.book import read_book
from earnest.policy.cases import check_cases
from earnest.policy.document import Document, Path
from earnest.policy.editions import DECIDING_STATES
from earnest.policy.kinds import CURRENCIES, WORDS
from earnest.policy.shape import Book, Edition

_NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d+)?%?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MILLION = 1_000_000
"""Compares a rate in ppm by cross-multiplication; it is no number of the rule."""
_RATE_STEP = 100
"""The step of a rate written in ppm: 0.01 %."""
_RATE_DECIMALS = 2
_AROUND = 24
"""So many characters of an expression are told on each side of a number in it."""


@dataclass(frozen=True)
class Mutant:
    """One number, one step up or down.

    Attributes:
        place: file, line and column of the number.
        element: the parameter, table or window.
        clause: the clause on which the number rests.
        what: the change, ``sales: edge 5000 -> 5000.01``; of a number in an expression with the
            text around it, ``0 -> 1 in max([0], held)``.
        survived: no golden case notices.
    """

    place: str
    element: str
    clause: str
    what: str
    survived: bool


@dataclass(frozen=True)
class Change:
    """Values to write at paths of a pack's data, as one mutant.

    Attributes:
        offset: where in the text at the first path the number stands.
    """

    element: str
    clause: str
    what: str
    values: tuple[tuple[Path, Any], ...]
    offset: int = 0


def mutants(pack: Pack, name: str | None = None) -> Iterator[Mutant]:
    """Go through every mutant of a pack, each judged by the pack's golden cases.

    Takes: ``name`` stands in front of line and column; the rulebook's name when it is None.
    """
    name = name or pack.rulebook
    whole = opened(pack.text, name)
    for change in changes(whole.book):
        place = _place(whole.document, pack.text, change)
        if place.startswith(f"{name}:"):  # a base is held by its own cases
            survived = _survives(whole.document, pack.text, change)
            yield Mutant(place, change.element, change.clause, change.what, survived)


def _place(document: Document, text: str, change: Change) -> str:
    """Return where a number stands: within an expression where that is written on one line."""
    path = change.values[0][0]
    place = document.place_of(path)
    if path[-1] != "expr":
        return place
    name, line, column = place.rsplit(":", 2)
    # A pack's own file is the first of its text, so the lines are those of the file.
    found = text.splitlines()[int(line) - 1][int(column) - 1 :]
    quotes = len(found) - len(found.lstrip("'\""))
    written = str(document.at(path)).strip()
    at = int(column) + quotes + change.offset
    return f"{name}:{line}:{at}" if found[quotes:].startswith(written) else place


def mutants_count(pack: Pack) -> int:
    """Return how many mutants a pack has, those of its bases included."""
    return sum(1 for _ in changes(opened(pack.text, pack.rulebook).book))


def changes(book: Book) -> Iterator[Change]:
    """Go through the changes that make the mutants; values of acts that do not decide stay."""
    deciding = {act.id for act in book.instruments if act.state in DECIDING_STATES}
    for name, parameter in book.parameters.items():
        for index, value in enumerate(parameter.values):
            if value.instrument in deciding and not value.unset:
                path: Path = ("parameters", name, "values", index, "value")
                for other in _amounts(value.value, parameter.unit):
                    what = f"{value.value} -> {other}"
                    yield Change(name, value.clause, what, ((path, other),))
    for name, table in book.tables.items():
        for index, edition in enumerate(table.editions):
            if edition.instrument in deciding:
                path = ("tables", name, "editions", index, "rows")
                yield from _edges(name, (path, edition), table.inputs)
                yield from _outputs(name, (path, edition), table.outputs)
    yield from _window_days(book, deciding)
    yield from _constants(book)


def stepped(raw: Any, unit: str) -> list[Any]:
    """Return a number or day as written in a pack, one small step down and up; [] for others.

    >>> stepped(10000, "CNY"), stepped("0.5%", "ppm"), stepped("apparel", "text")
    (['9999.99', '10000.01'], ['0.49%', '0.51%'], [])
    """
    kind = WORDS.get(unit)
    if kind is not None and kind.name == "date" and _DAY.fullmatch(str(raw)):
        day = date.fromisoformat(str(raw))
        return [day - timedelta(days=1), day + timedelta(days=1)]
    if kind is None or kind.name != "int" or isinstance(raw, bool):
        return []
    if not isinstance(raw, int | str) or not _NUMBER.fullmatch(str(raw)):
        return []
    return [_step(str(raw), unit, step) for step in (-1, 1)]


def _amounts(raw: Any, unit: str) -> list[Any]:
    """Return a value one step down and up; an amount of money is not made negative by it."""
    if unit in CURRENCIES and not str(raw).startswith("-"):
        return [each for each in stepped(raw, unit) if not str(each).startswith("-")]
    return stepped(raw, unit)


def _step(text: str, unit: str, step: int) -> Any:
    """Return a number's text plus or minus one smallest unit; of a rate, 0.01 %."""
    percent = text.endswith("%")
    plain = text.removesuffix("%").replace("_", "")
    whole, _, rest = plain.lstrip("-").partition(".")
    places = max(len(rest), _RATE_DECIMALS) if percent else CURRENCIES.get(unit, 0)
    if unit == "ppm" and not percent and int(whole) % _RATE_STEP == 0:
        step *= _RATE_STEP
    units = int(whole + rest.ljust(places, "0")[:places])
    units = (-units if plain.startswith("-") else units) + step
    if not places:
        return units
    sign = "-" if units < 0 else ""
    big, small = divmod(abs(units), 10**places)
    return f"{sign}{big}.{small:0{places}d}" + ("%" if percent else "")


def _window_days(book: Book, deciding: set[str]) -> Iterator[Change]:
    for name, window in book.windows.items():
        for index, span in enumerate(window.days):
            if span.instrument in deciding:
                for end, day in (("first", span.first), ("last", span.last)):
                    path: Path = ("windows", name, "days", index, end)
                    for other in stepped(day, "date"):
                        yield Change(name, span.clause, f"{end} {day} -> {other}", ((path, other),))


def _constants(book: Book) -> Iterator[Change]:
    """Go through the numbers written in expressions."""
    for name, decision in book.decisions.items():
        for (section, step), shape in expressions(decision):
            path: Path = ("decisions", name, section, step, "expr")
            text = shape.expr.strip()
            for node in ast.walk(tree_of(text)):
                if not isinstance(node, ast.Constant) or type(node.value) is not int:
                    continue
                if node.value == MILLION or node.lineno > 1 or not text.isascii():
                    continue  # offsets are of bytes
                for other in (node.value - 1, node.value + 1):
                    changed = text[: node.col_offset] + str(other) + text[node.end_col_offset :]
                    what = f"{node.value} -> {other} in {_around(text, node)}"
                    values = ((path, changed),)
                    element = f"{name}.{step}"
                    yield Change(element, shape.clause, what, values, node.col_offset)


def _around(text: str, node: ast.Constant) -> str:
    """Return the text around a number of an expression, the number itself in brackets."""
    first, last = node.col_offset, node.end_col_offset or node.col_offset
    before, after = text[:first], text[last:]
    start = "…" + before[-_AROUND:] if len(before) > _AROUND else before
    end = after[:_AROUND] + "…" if len(after) > _AROUND else after
    return f"{start}[{text[first:last]}]{end}"


def _edges(table: str, edition: tuple[Path, Edition], inputs: dict[str, str]) -> Iterator[Change]:
    """Go through the edges of each input, each moved in every row of the edition at once."""
    path, shape = edition
    for column, (name, unit) in enumerate(inputs.items()):
        cells = _cells(path, shape, column, name, len(inputs))
        for edge in _edge_texts([text for _, text, _ in cells], unit):
            touched = [each for each in cells if edge in _token(unit).findall(each[1])]
            for other in stepped(edge, unit):
                moved = _Moved(_token(unit), edge, str(other))
                values = tuple((place, moved.in_(text)) for place, text, _ in touched)
                # The row that begins at the edge stands later, and its clause is the edge's.
                yield Change(table, touched[-1][2], f"{name}: edge {edge} -> {other}", values)


@dataclass(frozen=True)
class _Moved:
    token: re.Pattern[str]
    edge: str
    other: str

    def in_(self, cell: str) -> str:
        """Return a cell's text with the edge moved."""
        return self.token.sub(lambda m: self.other if m[0] == self.edge else m[0], cell)


def _token(unit: str) -> re.Pattern[str]:
    """Return what an edge looks like in a cell."""
    kind = WORDS.get(unit)
    return _DAY if kind is not None and kind.name == "date" else _NUMBER


def _cells(
    path: Path, shape: Edition, column: int, name: str, count: int
) -> list[tuple[Path, str, str]]:
    """Return the cells of one input: place, text, clause of the row."""
    found: list[tuple[Path, str, str]] = []
    for index, row in enumerate(shape.rows):
        when, place = row.when, (*path, index, "when")
        if isinstance(when, dict):
            if name in when:
                found.append(((*place, name), str(when[name]), row.clause))
        elif isinstance(when, list):
            if len(when) == count:
                found.append(((*place, column), str(when[column]), row.clause))
        else:
            found.append((place, str(when), row.clause))
    return found


def _edge_texts(cells: list[str], unit: str) -> list[str]:
    kind = WORDS.get(unit)
    if kind is None or kind.name not in ("int", "date"):
        return []
    return list(dict.fromkeys(edge for cell in cells for edge in _token(unit).findall(cell)))


def _outputs(
    table: str, edition: tuple[Path, Edition], outputs: dict[str, str]
) -> Iterator[Change]:
    path, shape = edition
    for index, row in enumerate(shape.rows):
        for column, (name, unit) in enumerate(outputs.items()):
            raw = row.then[column]
            for other in _amounts(raw, unit):
                place = (*path, index, "then", column)
                what = f"row {index + 1}, {name}: {raw} -> {other}"
                yield Change(table, row.clause, what, ((place, other),))


def _survives(document: Document, text: str, change: Change) -> bool:
    """Write a mutant into the data, read the pack again and run its cases; put all back."""
    before = [(path, document.at(path)) for path, _ in change.values]
    silent = set(document.marks.silent)
    _write(document, change.values)
    try:
        check_cases(document, Pack(text, document, read_book(document)))
        return not document.problems
    finally:
        document.problems.clear()
        document.marks.silent = silent
        _write(document, before)


def _write(document: Document, values: Any) -> None:
    for path, value in values:
        document.at(path[:-1])[path[-1]] = value

"""Decision tables with history: rows compiled for look-up, checked for gaps and overlaps."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from earnest.policy.cells import ANYTHING, Cell, deepest, flaws, read_cell
from earnest.policy.document import Document, Path
from earnest.policy.editions import Calendar, Start, closed_list
from earnest.policy.kinds import (
    ANY,
    WORDS,
    Kind,
    WrongValue,
    kind_hint,
    number_hint,
    shown,
    written,
)
from earnest.policy.shape import Edition as EditionShape
from earnest.policy.shape import Row as RowShape
from earnest.policy.shape import Table as TableShape
from earnest.policy.shape import Words
from earnest.policy.suspensions import Suspension

CELL_FORMS = (
    '数和日期请写 "< n"、"<= n"、"> n"、">= n"、"[a, b)" 或单独一个 n，文本照写（几个用 | 隔开），'
    "路径写节点如 food/fresh，真假写 true、false，其余用 otherwise 或 any"
)


@dataclass(frozen=True, eq=False, slots=True)
class TableRow:
    """One row in one edition: what it accepts, what follows, and on whose authority.

    Attributes:
        outputs: what follows, by column; None where the rule gives no value.
        suspensions: when its clause does not apply.
    """

    table: str
    number: int
    ordinal: int
    id: str
    cells: tuple[Cell, ...]
    outputs: dict[str, object]
    clause: str
    instrument: str
    since: date
    assumed: bool
    suspensions: tuple[Suspension, ...] = ()


Find = Callable[[Sequence[Any]], TableRow | None]


class TableEdition:
    """The rows of a table from a day on.

    Attributes:
        find: gives the one row that accepts values, or None.
    """

    def __init__(
        self, since: date, ends: date | None, rows: tuple[TableRow, ...], kinds: tuple[Kind, ...]
    ) -> None:
        self.since = since
        self.ends = ends
        self.rows = rows
        self._exact: dict[object, TableRow] = {}
        self._rest: TableRow | None = None
        self._lows: list[Any] = []
        self._ranges: list[TableRow] = []
        self._single = len(kinds) == 1
        self.trees = tuple(kind.unit == "path" for kind in kinds)
        self.named = tuple(
            frozenset(value for row in rows for value in row.cells[i].values)
            for i in range(len(kinds))
        )
        self.find: Find = self._find
        if self._single:
            self._index_rows()
            self.find = self._find_of_one()

    def _index_rows(self) -> None:
        for row in self.rows:
            cell = row.cells[0]
            if cell.values:
                self._exact |= dict.fromkeys(cell.values, row)
            elif cell.otherwise or cell.anything:
                self._rest = row
            else:
                self._ranges.append(row)
        first = [row for row in self._ranges if row.cells[0].low is None]
        later = [row for row in self._ranges if row.cells[0].low is not None]
        later.sort(key=lambda row: row.cells[0].low)
        self._ranges = first + later
        self._lows = [row.cells[0].low for row in later]

    def _find_of_one(self) -> Find:
        """Return what finds the row of a single value: by its text, node or truth, or its range."""
        exact, rest, ranges, lows = self._exact.get, self._rest, self._ranges, self._lows
        if ranges:
            # The first range is open below, so each later one starts at its own low end.
            return lambda values: ranges[bisect_right(lows, values[0])]
        named = self.named[0]
        if self.trees[0]:
            return lambda values: exact(deepest(values[0], named), rest)
        return lambda values: exact(values[0], rest)

    def _find(self, values: Sequence[Any]) -> TableRow | None:
        values = [
            deepest(value, named) if tree else value
            for value, named, tree in zip(values, self.named, self.trees, strict=True)
        ]
        for row in self.rows:
            if all(
                cell.accepts(value, named)
                for cell, value, named in zip(row.cells, values, self.named, strict=True)
            ):
                return row
        return None


@dataclass(frozen=True)
class Table:
    """A decision table with all its editions, in order of their start.

    Attributes:
        editions: those that decide in this reading.
        options: by column, every text that it can be, in any reading; empty when not all editions
            could be read.
    """

    name: str
    inputs: dict[str, Kind]
    outputs: dict[str, Kind]
    editions: tuple[TableEdition, ...]
    title: Words | None = None
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows of all editions."""
        return tuple(row for edition in self.editions for row in edition.rows)

    @property
    def suspendable(self) -> bool:
        """Tell whether the clause of a row is ever suspended."""
        return any(row.suspensions for row in self.rows)

    def lacks(self, column: str) -> bool:
        """Tell whether some row gives no value in a column."""
        return any(row.outputs[column] is None for row in self.rows)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause that a row of it cites, once each."""
        return tuple(dict.fromkeys(row.clause for row in self.rows))


def compile_table(calendar: Calendar, name: str, shape: TableShape) -> Table:
    """Check a table's dates, cells, outputs, gaps and overlaps, and compile its rows."""
    path: Path = ("tables", name)
    document = calendar.document
    inputs = _kinds(document, (*path, "inputs"), shape.inputs)
    outputs = _kinds(document, (*path, "outputs"), shape.outputs)
    calendar.check(
        name,
        [
            Start(each.since, each.ends, each.instrument, (*path, "editions", index))
            for index, each in enumerate(shape.editions)
        ],
    )
    editions: list[TableEdition] = []
    every: list[tuple[TableRow, ...]] = []
    ordinal = 0
    for index, each in enumerate(shape.editions):
        reader = _RowReader(calendar, name, (*path, "editions", index, "rows"), inputs, outputs)
        rows = reader.read(each, ordinal)
        ordinal += len(each.rows)
        every.append(rows)
        if rows and calendar.decides(each.instrument):
            editions.append(TableEdition(each.since, each.ends, rows, tuple(inputs.values())))
    options = _options(outputs, every) if all(every) else {}
    return Table(name, inputs, outputs, tuple(editions), shape.title, options)


def _options(
    outputs: dict[str, Kind], editions: list[tuple[TableRow, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return every text that a column ever gives, by column."""
    texts = [column for column, kind in outputs.items() if kind.name == "text"]
    found = {column: [row.outputs[column] for rows in editions for row in rows] for column in texts}
    return {
        column: closed_list(value for value in values if value is not None)
        for column, values in found.items()
    }


def _kinds(document: Document, path: Path, words: dict[str, str]) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for name, word in words.items():
        kind = WORDS.get(word)
        if kind is None:
            zh, en = kind_hint(word)
            document.add(
                (*path, name), "unknown_unit", f"没有类型 {word!r}{zh}", f"no kind {word!r}{en}"
            )
        kinds[name] = kind or Kind("any")
    return kinds


@dataclass
class _RowReader:
    calendar: Calendar
    table: str
    path: Path
    inputs: dict[str, Kind]
    outputs: dict[str, Kind]

    @property
    def document(self) -> Document:
        return self.calendar.document

    def read(self, edition: EditionShape, ordinal: int) -> tuple[TableRow, ...]:
        """Read the rows of an edition; an edition with a wrong row gives none."""
        before = len(self.document.problems)
        rows: list[TableRow] = []
        for index, shape in enumerate(edition.rows):
            place = (*self.path, index)
            cells = self._cells(place, shape)
            outputs = self._outputs(place, shape)
            rows.append(
                TableRow(
                    self.table, index + 1, ordinal + index, shape.id, cells, outputs,
                    shape.clause, edition.instrument, edition.since, edition.assumed,
                    self.calendar.suspended(shape.clause),
                )
            )  # fmt: skip
        if all(len(row.cells) == len(self.inputs) for row in rows):
            self._check(rows)
        whole = all(
            (len(row.cells), len(row.outputs)) == (len(self.inputs), len(self.outputs))
            for row in rows
        )
        return tuple(rows) if whole and len(self.document.problems) == before else ()

    def _cells(self, place: Path, shape: RowShape) -> tuple[Cell, ...]:
        raw, when = shape.when, (*place, "when")
        places: list[Path] = [when] * len(self.inputs)
        if isinstance(raw, dict):
            fits = set(raw) <= set(self.inputs)
            places = [(*when, name) for name in self.inputs]
            raw = [raw.get(name, ANYTHING) for name in self.inputs] if fits else []
        elif isinstance(raw, list):
            places = [(*when, index) for index in range(len(self.inputs))]
        else:
            raw = [raw]
        if len(raw) != len(self.inputs):
            names = ", ".join(self.inputs)
            self.document.add(
                when,
                "cells",
                f"{self.table}：请按次序写出 {names} 各一格",
                f"{self.table}: write one cell each for {names}, in this order",
            )
            return ()
        cells: list[Cell] = []
        for kind, each, cell_place in zip(self.inputs.values(), raw, places, strict=True):
            try:
                cells.append(read_cell(kind, each))
            except ValueError as error:
                hint, _ = number_hint(str(each).lstrip("<>= "))
                self.document.add(
                    cell_place,
                    "cell",
                    f"{self.table}：单元格 {shown(each)} 的写法不对；{CELL_FORMS}{hint}",
                    f"{self.table}: {error}",
                )
        return tuple(cells)

    def _outputs(self, place: Path, shape: RowShape) -> dict[str, object]:
        if len(shape.then) != len(self.outputs):
            names = ", ".join(self.outputs)
            self.document.add(
                (*place, "then"),
                "outputs",
                f"{self.table}：请按次序写出 {names} 的值",
                f"{self.table}: write a value each for {names}, in this order",
            )
            return {}
        outputs: dict[str, object] = {}
        for index, (name, kind) in enumerate(self.outputs.items()):
            raw = shape.then[index]
            try:
                outputs[name] = None if raw is None else written(kind, raw)
            except WrongValue as error:
                self.document.add(
                    (*place, "then", index),
                    "value",
                    f"{self.table}.{name}：{error.zh}",
                    f"{self.table}.{name}: {error}",
                )
        return outputs

    def _check(self, rows: Sequence[TableRow]) -> None:
        if ANY in self.inputs.values():
            return
        for flaw in flaws(list(self.inputs.values()), [row.cells for row in rows]):
            if flaw.row is None:
                self.document.add(
                    self.path,
                    "gap",
                    f"{self.table}：{flaw.zh}",
                    f"{self.table}: {flaw.en}",
                )
                continue
            line = self.document.line_of((*self.path, flaw.first or 0))
            self.document.add(
                (*self.path, flaw.row),
                "overlap",
                f"{self.table}：重叠：{flaw.zh}已由第 {line} 行决定",
                f"{self.table}: overlap: {flaw.en} already decided on line {line}",
            )

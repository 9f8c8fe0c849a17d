"""Decision tables with history: rows compiled for look-up, checked for gaps and overlaps."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from earnest.policy.cells import Cell, flaws, read_cell
from earnest.policy.document import Document, Path
from earnest.policy.editions import Calendar, Start
from earnest.policy.kinds import WORDS, Kind, kind_hint, written
from earnest.policy.shape import Edition as EditionShape
from earnest.policy.shape import Row as RowShape
from earnest.policy.shape import Table as TableShape
from earnest.policy.shape import Words


@dataclass(frozen=True, eq=False, slots=True)
class TableRow:
    """One row in one edition: what it accepts, what follows, and on whose authority."""

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


class TableEdition:
    """The rows of a table from a day on."""

    def __init__(
        self, since: date, ends: date | None, rows: tuple[TableRow, ...], kinds: tuple[Kind, ...]
    ) -> None:
        self.since = since
        self.ends = ends
        self.rows = rows
        self._exact: dict[object, TableRow] = {}
        self._rest: TableRow | None = None
        self._lows: list[int] = []
        self._ranges: list[TableRow] = []
        self._single = len(kinds) == 1
        self.named = tuple(
            frozenset(row.cells[i].exact for row in rows if row.cells[i].exact is not None)
            for i in range(len(kinds))
        )
        if self._single:
            self._index_rows()
        self._by_range = bool(self._ranges)

    def _index_rows(self) -> None:
        for row in self.rows:
            cell = row.cells[0]
            if cell.exact is not None:
                self._exact[cell.exact] = row
            elif cell.otherwise or cell.anything:
                self._rest = row
            else:
                self._ranges.append(row)
        self._ranges.sort(key=lambda row: (row.cells[0].low is not None, row.cells[0].low or 0))
        self._lows = [low for row in self._ranges if (low := row.cells[0].low) is not None]

    def find(self, values: Sequence[object]) -> TableRow | None:
        """Return the one row that accepts the values, or None."""
        if self._single:
            value = values[0]
            if self._by_range and isinstance(value, int):
                # The first range is open below, so each later one starts at its own low end.
                return self._ranges[bisect_right(self._lows, value)]
            return self._exact.get(value, self._rest)
        for row in self.rows:
            if all(
                cell.accepts(value, named)
                for cell, value, named in zip(row.cells, values, self.named, strict=True)
            ):
                return row
        return None


@dataclass(frozen=True)
class Table:
    """A decision table with all its editions, in order of their start."""

    name: str
    inputs: dict[str, Kind]
    outputs: dict[str, Kind]
    editions: tuple[TableEdition, ...]
    title: Words | None = None

    @property
    def clauses(self) -> tuple[str, ...]:
        """Every clause that a row of it cites, once each."""
        rows = (row for edition in self.editions for row in edition.rows)
        return tuple(dict.fromkeys(row.clause for row in rows))


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
    ordinal = 0
    for index, each in enumerate(shape.editions):
        reader = _RowReader(document, name, (*path, "editions", index, "rows"), inputs, outputs)
        rows = reader.read(each, ordinal)
        ordinal += len(each.rows)
        if rows and calendar.decides(each.instrument):
            editions.append(TableEdition(each.since, each.ends, rows, tuple(inputs.values())))
    return Table(name, inputs, outputs, tuple(editions), shape.title)


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
    document: Document
    table: str
    path: Path
    inputs: dict[str, Kind]
    outputs: dict[str, Kind]

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
        raw = shape.when
        if isinstance(raw, dict):
            raw = (
                [raw.get(name, "any") for name in self.inputs]
                if set(raw) <= set(self.inputs)
                else []
            )
        elif not isinstance(raw, list):
            raw = [raw]
        if len(raw) != len(self.inputs):
            names = ", ".join(self.inputs)
            self.document.add(
                (*place, "when"),
                "cells",
                f"{self.table}：请按次序写出 {names} 各一格",
                f"{self.table}: write one cell each for {names}, in this order",
            )
            return ()
        cells: list[Cell] = []
        for kind, each in zip(self.inputs.values(), raw, strict=True):
            try:
                cells.append(read_cell(kind, each))
            except ValueError as error:
                self.document.add(
                    (*place, "when"),
                    "cell",
                    f'{self.table}：单元格 {each!r} 的写法不对；数请写 "< n"、">= n" 或 "[a, b)"，'
                    "文本照写，其余用 otherwise 或 any",
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
            try:
                outputs[name] = written(kind, shape.then[index])
            except ValueError as error:
                self.document.add(
                    (*place, "then", index),
                    "value",
                    f"{self.table}.{name}：{shape.then[index]!r} 不是 {kind}",
                    f"{self.table}.{name}: {error}",
                )
        return outputs

    def _check(self, rows: Sequence[TableRow]) -> None:
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

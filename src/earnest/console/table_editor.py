"""A decision table's next rows as cells that a person edits: read, checked, said at the cell.

Cells are kept exactly as they were typed until they are right, so nothing a person wrote is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from earnest.authoring.amending import NewRow
from earnest.console.forms import typed
from earnest.console.texts import language, text, word
from earnest.kernel.errors import BadInput
from earnest.policy import Pack
from earnest.policy.cells import Cell, flaws, read_cell
from earnest.policy.editions import in_force
from earnest.policy.kinds import Kind, written
from earnest.policy.tables import Table, TableRow

FIELDS_MAX = 900
"""Most cells one form carries: the web framework refuses forms of a thousand fields."""
TRUTH = {"true": True, "false": False, "yes": True, "no": False, "是": True, "否": False}


@dataclass(frozen=True)
class Column:
    """A column: its name in the pack, what readers call it, its unit, and an example of a cell."""

    name: str
    label: str
    kind: Kind
    is_input: bool

    @property
    def unit(self) -> str:
        """The unit's word in the reader's language."""
        return word("unit_word", str(self.kind))

    @property
    def example(self) -> str:
        """What a cell of this column looks like."""
        if self.is_input and self.kind.name in {"int", "date"}:
            return ">= 1000000" if self.kind.name == "int" else ">= 2026-01-01"
        return "0.5%" if self.kind.unit == "ppm" else ""

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What can be chosen where only a few things can stand."""
        if self.kind.name != "bool":
            return ()
        truths = (("true", text("answer.yes")), ("false", text("answer.no")))
        return (*truths, ("any", text("editor.any"))) if self.is_input else truths


@dataclass
class Entry:
    """One cell as it was typed, the form's name for it, and what is wrong with it."""

    column: Column | None
    name: str
    value: str
    problem: str = ""


@dataclass
class EditedRow:
    """A row: its cells, its clause, and what is wrong with the row as a whole."""

    number: int
    cells: list[Entry]
    clause: Entry
    id: str = ""
    problem: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing was typed into it."""
        return not any(cell.value for cell in self.cells)


@dataclass
class TableEditor:
    """A table's rows on their way into a draft."""

    pack: Pack
    table: Table
    rows: list[EditedRow] = field(default_factory=list)
    problem: str = ""

    @property
    def columns(self) -> list[Column]:
        """The inputs, then the outputs."""
        return _columns(self.pack, self.table)

    @property
    def row_count_max(self) -> int:
        """How many rows one form of this table can carry."""
        return FIELDS_MAX // (len(self.columns) + 1)

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong that was seen here."""
        cells = [cell for row in self.rows for cell in (*row.cells, row.clause)]
        return (
            bool(self.problem)
            or any(row.problem for row in self.rows)
            or any(cell.problem for cell in cells)
        )

    def row_add(self) -> None:
        """Put an empty row at the end, with the clause of the row before it."""
        clause = self.rows[-1].clause.value if self.rows else ""
        self.append([""] * len(self.columns), clause)

    def append(self, values: Sequence[str], clause: str, row_id: str = "") -> None:
        """Put a row at the end."""
        self.rows.append(_row(self.columns, len(self.rows), values, clause, row_id))

    def row_remove(self, number: int) -> None:
        """Take a row away; the rows below move up."""
        kept, self.rows = [row for row in self.rows if row.number != number], []
        for row in kept:
            self.append([cell.value for cell in row.cells], row.clause.value, row.id)

    def sheet_take(self, lines: Sequence[Sequence[str]]) -> None:
        """Take the rows of an uploaded sheet, whose first line names the columns.

        Raises:
            BadInput: the header is not the table's, or there are more rows than a form carries.
        """
        header = [*(column.name for column in self.columns), "clause", "id"]
        first = [cell.strip() for cell in lines[0]] if lines else []
        while first and not first[-1]:
            first.pop()
        if first not in (header, header[:-1]):
            raise BadInput(
                "sheet_header", where=self.table.name,
                zh=f"首行应依次为：{'、'.join(header)}；请先下载现行表再修改。",
                en=f"the first line must be {', '.join(header)}; download the table first",
            )  # fmt: skip
        rows = [line for line in lines[1:] if any(cell.strip() for cell in line)]
        if len(rows) > self.row_count_max:
            raise BadInput(
                "sheet_long", where=self.table.name,
                zh=f"网页里最多编辑 {self.row_count_max} 行；更长的表请上传整个规则文件。",
                en=f"a page edits at most {self.row_count_max} rows; upload the whole rulebook",
            )  # fmt: skip
        self.rows = []
        width = len(self.columns)
        for line in rows:
            cells = [cell.strip() for cell in (*line, *[""] * len(header))]
            self.append(cells[:width], cells[width], cells[width + 1])

    def check(self) -> None:
        """Read every cell, and look for gaps and overlaps once all cells can be read."""
        if not self.rows:
            self.problem = text("editor.no_rows")
        for row in self.rows:
            for cell in row.cells:
                cell.problem = _cell_problem(cell)
            if row.clause.value not in self.pack.clauses:
                row.clause.problem = text("editor.unknown_clause")
        if self.rows and not self.wrong:
            self._check_cover()

    def _check_cover(self) -> None:
        kinds = list(self.table.inputs.values())
        cells: list[list[Cell]] = [
            [read_cell(kind, raw) for kind, raw in zip(kinds, _when(row), strict=True)]
            for row in self.rows
        ]
        gaps: list[str] = []
        for flaw in flaws(kinds, cells):
            said = flaw.zh if language() == "zh" else flaw.en
            if flaw.row is None or flaw.first is None:
                gaps.append(said)
            else:
                self.rows[flaw.row].problem = text(
                    "editor.overlap", what=said.strip(), n=flaw.first + 1
                )
        self.problem = text("reading.comma").join(gaps)

    def as_rows(self) -> list[NewRow]:
        """Return the rows as a pack writes them; only after a check that found nothing wrong."""
        return [NewRow(_when(row), _then(row), row.clause.value, row.id) for row in self.rows]


def editor_of(pack: Pack, table: Table, on: date) -> TableEditor:
    """Return an editor that starts from the rows in force on a day; without any, one empty row."""
    editor = TableEditor(pack, table)
    edition = in_force(table.editions, on)
    for row in edition.rows if edition else ():
        editor.append(_written_row(table, row), row.clause, row.id)
    if not editor.rows:
        editor.row_add()
    return editor


def editor_from(pack: Pack, table: Table, form: Mapping[str, str]) -> TableEditor:
    """Return an editor with the rows of a form, as they were typed."""
    editor = TableEditor(pack, table)
    columns = editor.columns
    count = form.get("rows", "0")
    rows = min(int(count), editor.row_count_max) if count.isdecimal() else 0
    for number in range(rows):
        values = [typed(form, _cell_name(number, place)) for place in range(len(columns))]
        editor.append(values, typed(form, _clause_name(number)), typed(form, f"id-{number}"))
    return editor


def written_out(kind: Kind, value: object) -> str:
    """Write an inner value as a person types it into a pack: money in yuan, a rate in percent."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and kind.unit in {"CNY", "ppm"}:
        scale = 100 if kind.unit == "CNY" else 10_000
        whole, rest = divmod(abs(value), scale)
        digits = len(str(scale)) - 1
        sign = "-" if value < 0 else ""
        said = f"{sign}{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
        return f"{said}%" if kind.unit == "ppm" else said
    return "" if value is None else str(value)


def _columns(pack: Pack, table: Table) -> list[Column]:
    def label(name: str) -> str:
        words = pack.texts.get(name)
        return words.get(language()) if words else name

    inputs = [Column(name, label(name), kind, is_input=True) for name, kind in table.inputs.items()]
    outputs = [
        Column(name, label(name), kind, is_input=False) for name, kind in table.outputs.items()
    ]
    return inputs + outputs


def _cell_name(row: int, place: int) -> str:
    return f"cell-{row}-{place}"


def _clause_name(row: int) -> str:
    return f"clause-{row}"


def _row(columns: Sequence[Column], number: int, values: Sequence[str], *tail: str) -> EditedRow:
    clause, row_id = tail
    cells = [
        Entry(column, _cell_name(number, place), value)
        for place, (column, value) in enumerate(zip(columns, values, strict=True))
    ]
    return EditedRow(number, cells, Entry(None, _clause_name(number), clause), row_id)


def _written_row(table: Table, row: TableRow) -> list[str]:
    outputs = [written_out(kind, row.outputs[name]) for name, kind in table.outputs.items()]
    return [cell.text for cell in row.cells] + outputs


def _when(row: EditedRow) -> list[Any]:
    return [_raw(cell) for cell in row.cells if cell.column and cell.column.is_input]


def _then(row: EditedRow) -> list[Any]:
    return [_raw(cell) for cell in row.cells if cell.column and not cell.column.is_input]


def _raw(cell: Entry) -> Any:
    return as_yaml(cell.column.kind if cell.column else Kind("text"), cell.value)


def as_yaml(kind: Kind, value: str) -> Any:
    """Return what was typed as YAML would give it: a truth, a whole number, else the text."""
    if kind.name == "bool":
        return TRUTH.get(value.lower(), value)
    plain = value.replace("_", "").replace(",", "")
    digits = plain.removeprefix("-")
    if kind.name == "int" and digits.isdecimal() and digits.isascii():
        return int(plain)
    return value


def _cell_problem(cell: Entry) -> str:
    column = cell.column
    if column is None or not cell.value:
        return text("editor.empty_cell")
    try:
        if column.is_input:
            read_cell(column.kind, _raw(cell))
        else:
            written(column.kind, _raw(cell))
    except ValueError:
        place = "input" if column.is_input else "output"
        return text(f"editor.wrong_{place}.{column.kind.name}")
    return ""

"""One edition of a decision table as a sheet, and back into the pack's text.

The sheet has a column for each input, each output, ``clause`` and ``id``; its cells are written
as in the pack. Coming back, only cells and rows that differ are written; every other byte of the
pack stays.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from earnest.authoring.amending import NewEdition, NewRow, edition_added
from earnest.authoring.sheets import Sheet, SheetFormat, as_csv, as_xlsx, plain_text, read_sheet
from earnest.authoring.source import Edit, Item, Source, apply, scalar, source_of
from earnest.kernel.errors import BadInput, NotFound, Problem
from earnest.policy import Pack, PackError, load_pack_text
from earnest.policy.cells import ANYTHING, read_cell
from earnest.policy.document import Path
from earnest.policy.kinds import Kind, written

_WHOLE = re.compile(r"^-?(0|[1-9]\d*)$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
NOTHING = "null"
"""An output cell for which the rule gives no value; a cell left blank is an error instead."""
NOTES = (
    ("每行是规则表的一行；列依次为输入、输出、条款号、行号（可空）。",
     "Each line is a row of the table: inputs, outputs, clause, id (may be empty)."),
    ("数的输入格：< 5000　>= 5000　[5000, 20000)　任意：any",
     "A number as input: < 5000   >= 5000   [5000, 20000)   whatever it is: any"),
    ("文本的输入格：照写；其余一切：otherwise；任意：any",
     "A text as input: the text itself; every text not named: otherwise; whatever it is: any"),
    ("规则未给出数值的输出格：null", "An output for which the rule gives no value: null"),
    ("真假：true 或 false　日期：2025-02-01", "A truth: true or false   A day: 2025-02-01"),
    ("金额以该币种的元计，最多两位小数，日元等不写小数；ppm 为百万分之一，也可写百分数 0.5%。",
     "Money is in yuan, dollars or yen, at most two decimals; ppm are millionths, or like 0.5%."),
    ("任何一个数必须恰好落入一行：不得空缺，不得重叠。",
     "Every number must fall into exactly one row: no gap and no overlap."),
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """The columns of a table's sheet."""

    inputs: dict[str, Kind]
    outputs: dict[str, Kind]

    @property
    def header(self) -> list[str]:
        """The names in order."""
        return [*self.inputs, *self.outputs, "clause", "id"]


@dataclass(frozen=True)
class SheetRow:
    """A row as it stands in a pack, each part as plain data."""

    when: tuple[Any, ...]
    then: tuple[Any, ...]
    clause: str
    id: str

    @property
    def cells(self) -> tuple[Any, ...]:
        """The cells in the order of the columns."""
        return (*self.when, *self.then, self.clause, self.id)

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells as text, by which two rows are compared."""
        return tuple(plain_text(cell) for cell in self.cells)


def table_out(pack: Pack, table: str, since: date | None, form: SheetFormat) -> bytes:
    """Return an edition of a table as a sheet; the latest edition when ``since`` is None.

    Raises:
        NotFound: the pack's own file has no such table, or no edition from that day.
    """
    columns = _columns(pack, table)
    source = source_of(pack.text, pack.document.name)
    rows = _rows(source, columns, _edition(source, table, since))
    sheet = Sheet(table, columns.header, [_shown(row.cells) for row in rows], NOTES)
    return as_xlsx(sheet) if form == "xlsx" else as_csv(sheet)


def table_in(
    pack: Pack, table: str, sheet: tuple[bytes, str], since: date | None, instrument: str = ""
) -> str:
    """Return the pack's text with a sheet's rows in an edition of a table.

    Golden cases of the pack may differ afterwards: they stand in the text to be looked at.

    Takes: the sheet's bytes and file name; the day from which its edition holds (None: the
    latest); for a day on which no edition starts yet, the act that makes the new one.

    Raises:
        NotFound: the pack's own file has no such table, or no edition from that day.
        PackError: cells of the sheet are wrong (sheet, row and column), or the pack with them is.
    """
    columns = _columns(pack, table)
    data, name = sheet
    rows = _sheet_rows(read_sheet(data, name), columns, name)
    source = source_of(pack.text, pack.document.name)
    if instrument and since not in _starts(source, table):
        if since is None:
            raise BadInput(
                "no_date", where=table,
                zh="新增一版须给出生效日（--from）",
                en="a new edition needs the day from which it holds (--from)",
            )  # fmt: skip
        new = [NewRow(row.when, row.then, row.clause, row.id) for row in rows]
        edition = NewEdition(since, instrument, new)
        return edition_added(pack.text, table, edition, source.name, check_cases=False)
    place = _edition(source, table, since)
    edit = _rows_replaced(source, columns, place, rows)
    text = source.edited([edit] if edit else [])
    load_pack_text(text, source.name, check_cases=False)
    return text


def _shown(cells: Sequence[Any]) -> list[Any]:
    return [NOTHING if cell is None else cell if cell != "" else None for cell in cells]


def _columns(pack: Pack, table: str) -> Columns:
    spec = pack.tables.get(table)
    if spec is None:
        known = ", ".join(pack.tables)
        raise NotFound(
            "unknown_table", where=table,
            zh=f"规则包里没有表 {table!r}；现有：{known}",
            en=f"the pack has no table {table!r}; it has {known}",
        )  # fmt: skip
    return Columns(dict(spec.inputs), dict(spec.outputs))


def _starts(source: Source, table: str) -> list[date]:
    path: Path = ("tables", table, "editions")
    return [source.value((*path, index, "from")) for index in range(source.children(path))]


def _edition(source: Source, table: str, since: date | None) -> Path:
    """Return the path of the edition that starts on a day; of the last one without a day."""
    starts = _starts(source, table)
    if since is None:
        return ("tables", table, "editions", len(starts) - 1)
    if since not in starts:
        known = ", ".join(str(each) for each in starts)
        raise NotFound(
            "unknown_edition", where=table,
            zh=f"没有自 {since} 起的版本；现有：{known}。新增一版请同时给出 --instrument",
            en=f"no edition starts on {since}; there are {known}. "
            "To add one, also name the act that makes it (--instrument)",
        )  # fmt: skip
    return ("tables", table, "editions", starts.index(since))


def _rows(source: Source, columns: Columns, edition: Path) -> list[SheetRow]:
    rows = []
    for each in source.value((*edition, "rows")):
        when = each["when"]
        if isinstance(when, dict):
            when = [when.get(name, ANYTHING) for name in columns.inputs]
        elif not isinstance(when, list):
            when = [when]
        then, clause = tuple(each["then"]), str(each["clause"])
        rows.append(SheetRow(tuple(when), then, clause, str(each.get("id", ""))))
    return rows


def _rows_replaced(
    source: Source, columns: Columns, edition: Path, rows: Sequence[SheetRow]
) -> Edit | None:
    """Return the edit that gives an edition these rows; None when it has them."""
    old = _rows(source, columns, edition)
    path = (*edition, "rows")
    items: list[Item] = []
    match = SequenceMatcher(a=[row.texts for row in old], b=[row.texts for row in rows])
    changed = False
    for kind, first, last, new_first, new_last in match.get_opcodes():
        kept = range(first, last)
        new = range(new_first, new_last)
        if kind == "equal":
            items += [(index, source.slice((*path, index))) for index in kept]
            continue
        changed = True
        # Rows that stand in the place of others are edited cell by cell.
        pairs = list(zip(kept, new, strict=False))
        for index, number in pairs:
            text = _row_edited(source, (*path, index), (old[index], rows[number]))
            items.append((index, text))
        items += [(None, _as_new(rows[number]).as_text()) for number in new[len(pairs) :]]
    return source.rewritten(path, items) if changed else None


def _as_new(row: SheetRow) -> NewRow:
    return NewRow(row.when, row.then, row.clause, row.id)


def _row_edited(source: Source, path: Path, rows: tuple[SheetRow, SheetRow]) -> str:
    """Return a row's text with only the cells changed that differ."""
    old, new = rows
    start, _ = source.span(path)
    edits: list[Edit] = []
    places = _cell_places(source, path, len(old.when))
    places += [(*path, "then", index) for index in range(len(old.then))]
    places += [(*path, "clause"), (*path, "id")]
    for place, before, after in zip(places, old.cells, new.cells, strict=True):
        if plain_text(before) == plain_text(after):
            continue
        if place not in source or plain_text(after) == "":
            return _as_new(new).as_text()  # a part that was not there, or goes
        edit = source.replaced(place, scalar(after))
        edits.append(Edit(edit.start - start, edit.end - start, edit.text))
    return apply(source.slice(path), edits)


def _cell_places(source: Source, path: Path, count: int) -> list[Path]:
    when = source.value((*path, "when"))
    if isinstance(when, list):
        return [(*path, "when", index) for index in range(count)]
    if isinstance(when, dict):
        table = source.value(("tables", path[1], "inputs"))
        return [(*path, "when", str(name)) for name in table]
    return [(*path, "when")]


def _sheet_rows(lines: list[list[str]], columns: Columns, name: str) -> list[SheetRow]:
    """Read a sheet's lines as rows, or raise with every cell that is wrong."""
    header = columns.header
    first = [cell.strip() for cell in lines[0]]
    while first and not first[-1]:
        first.pop()
    if first != header:
        wanted = ", ".join(header)
        raise BadInput(
            "sheet_header", where=f"{name}: row 1",
            zh=f"表头应为 {wanted}；读到的是 {', '.join(first)}",
            en=f"the header must be {wanted}; it is {', '.join(first)}",
        )  # fmt: skip
    reader = _SheetReader(columns, name)
    rows = [
        reader.row(number, [*line, *[""] * len(header)])
        for number, line in enumerate(lines[1:], 2)
        if any(line)
    ]
    if not rows:
        reader.problems.append(
            Problem("empty_sheet", name, "表里至少要有一行", "a table needs a row at least")
        )
    if reader.problems:
        raise PackError(reader.problems)
    return rows


class _SheetReader:
    def __init__(self, columns: Columns, name: str) -> None:
        self._columns = columns
        self._name = name
        self.problems: list[Problem] = []

    def row(self, number: int, line: list[str]) -> SheetRow:
        """Read a line; wrong cells go to the problems."""
        inputs, outputs = self._columns.inputs, self._columns.outputs
        cells = iter(line)
        when = [self._cell(number, column, next(cells)) for column in inputs]
        then = [self._value(number, column, next(cells)) for column in outputs]
        clause, row_id, *beyond = (cell.strip() for cell in cells)
        if not clause:
            self._add(number, "clause", ("请写条款号", "write the clause on which the row rests"))
        if any(beyond):
            said = next(each for each in beyond if each)
            self._add(
                number, "", (f"最后一列之后还有 {said!r}", f"{said!r} stands after the last column")
            )
        return SheetRow(tuple(when), tuple(then), clause, row_id)

    def _cell(self, number: int, column: str, text: str) -> Any:
        kind = self._columns.inputs[column]
        raw = _typed(kind, text, cell=True)
        try:
            read_cell(kind, raw)
        except ValueError as error:
            zh = f"{text!r} 的写法不对；{_cell_form(kind)}"
            self._add(number, column, (zh, str(error)))
        return raw

    def _value(self, number: int, column: str, text: str) -> Any:
        kind = self._columns.outputs[column]
        if text.strip() == NOTHING:
            return None
        raw = _typed(kind, text, cell=False)
        try:
            written(kind, raw)
        except ValueError as error:
            self._add(number, column, (f"{text!r} 不是 {kind}", str(error)))
        return raw

    def _add(self, number: int, column: str, said: tuple[str, str]) -> None:
        zh, en = said
        where = f"{self._name}: row {number}" + (f", column {column}" if column else "")
        self.problems.append(Problem("sheet_cell", where, zh, en))


def _cell_form(kind: Kind) -> str:
    if kind.name == "text":
        return "文本照写，其余用 otherwise 或 any"
    if kind.name == "bool":
        return "请写 true、false 或 any"
    return '请写 "< n"、">= n" 或 "[a, b)"'


def _typed(kind: Kind, text: str, *, cell: bool) -> Any:
    """Return a sheet's text as the plain data that a pack would hold for it."""
    if kind.name == "text":
        return text if text != "" else None
    text = text.strip()
    if kind.name == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind.name == "int" and _WHOLE.match(text):
        return int(text)
    if kind.name == "date" and _DAY.match(text) and not cell:
        return text
    return text

"""Sheets of cells as CSV or XLSX, out and in. What comes in is text, whatever the program wrote.

In CSV, a text that a spreadsheet would take for a formula is prefixed with an apostrophe, and the
prefix is taken off when the sheet comes back.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from earnest.kernel.errors import BadInput

SheetFormat = Literal["csv", "xlsx"]
SIGNS = ("'", "=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
WIDTH_MIN, WIDTH_MAX = 10, 48


@dataclass(frozen=True)
class Sheet:
    """A grid of cells below a header, and lines of advice for whoever fills it in.

    Attributes:
        header: the columns' names.
        rows: whole numbers, truths, days and texts; None where a cell is empty.
        notes: pairs of Chinese and English.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[tuple[str, str]] = ()


def plain_text(value: Any) -> str:
    """Return a cell as text: ``true``, ``2025-02-01``, ``10000``; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def as_csv(sheet: Sheet) -> bytes:
    """Write a sheet as CSV in UTF-8, with the mark by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(sheet.header)
    writer.writerows([_guarded(value) for value in row] for row in sheet.rows)
    return buffer.getvalue().encode("utf-8-sig")


def as_xlsx(sheet: Sheet) -> bytes:
    """Write a sheet as XLSX: frozen header, widths that fit, and a second sheet of notes."""
    book = Workbook()
    page = book.active
    page.title = sheet.title[:31]
    page.append(list(sheet.header))
    for number, row in enumerate(sheet.rows, 2):
        for column, value in enumerate(row, 1):
            _fill(page.cell(number, column), value)
    for cell in page[1]:
        cell.font = Font(bold=True)
    page.freeze_panes = "A2"
    for column, name in enumerate(sheet.header, 1):
        longest = max([len(name), *(len(plain_text(row[column - 1])) for row in sheet.rows)])
        letter = get_column_letter(column)
        page.column_dimensions[letter].width = min(max(longest + 3, WIDTH_MIN), WIDTH_MAX)
    _add_notes(book, sheet.notes)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read_sheet(data: bytes, name: str) -> list[list[str]]:
    """Read the lines of a CSV or XLSX file as text, the header first; empty lines are left out.

    Raises:
        BadInput: it is neither.
    """
    lines = _xlsx_lines(data, name) if data.startswith(b"PK") else _csv_lines(data, name)
    while lines and not any(lines[-1]):
        lines.pop()
    if not lines:
        raise BadInput(
            "empty_sheet", where=name, zh="表里没有内容", en="there is nothing in the sheet"
        )
    return lines


def _guarded(value: Any) -> str:
    text = plain_text(value)
    return "'" + text if isinstance(value, str) and text.startswith(SIGNS) else text


def _fill(cell: Cell, value: Any) -> None:
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula
        cell.number_format = "@"


def _add_notes(book: Workbook, notes: Sequence[tuple[str, str]]) -> None:
    if not notes:
        return
    page = book.create_sheet("说明 notes")
    for zh, en in notes:
        page.append([zh, en])
    for letter in "AB":
        page.column_dimensions[letter].width = 72
    for row in page.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(cell.value, str):
                cell.data_type = "s"


def _csv_lines(data: bytes, name: str) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")  # what a Chinese Excel saves as plain CSV
        except UnicodeDecodeError:
            raise BadInput(
                "unreadable", where=name,
                zh="不是文本文件；请另存为 UTF-8 的 CSV，或 XLSX",
                en="this is no text; save it as CSV in UTF-8, or as XLSX",
            ) from None  # fmt: skip
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadInput(
            "unreadable", where=name, zh=f"不是有效的 CSV：{error}", en=f"not valid CSV: {error}"
        ) from None
    return [[_unguarded(cell) for cell in line] for line in lines]


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(SIGNS) else text


def _xlsx_lines(data: bytes, name: str) -> list[list[str]]:
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile):
        raise BadInput(
            "unreadable", where=name, zh="不是有效的 XLSX 文件", en="this is no valid XLSX file"
        ) from None
    page = book.worksheets[0]
    return [[_xlsx_text(cell) for cell in row] for row in page.iter_rows()]


def _xlsx_text(cell: Any) -> str:
    """Return a cell's text; a number with decimals as it is shown, a percentage with its sign."""
    value = cell.value
    if isinstance(value, float):
        # A spreadsheet holds 999.5 as a float whose shortest text is what the person typed.
        exact = Decimal(repr(value))
        sign = ""
        if "%" in str(cell.number_format):
            exact, sign = exact * 100, "%"
        text = format(exact.normalize(), "f")
        return text + sign
    if isinstance(value, datetime):
        return value.date().isoformat()
    return plain_text(value)

"""Sheets that banks and payment institutions give: CSV in Chinese or English, UTF-8 or GBK.

Lines before the heading, comment lines and summary lines are passed over. A row is returned with
its line number, its cells under our own names for the columns.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput, Problem
from earnest.kernel.money import fen_of_yuan

BYTES_MAX: Final = 50 * 1024 * 1024
Columns = Mapping[str, Sequence[str]]
"""Our name of a column -> the headings it may stand under."""

_FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d", "%Y%m%d%H%M%S")
_BRACKETS: Final = re.compile(r"[(\[【（][^)\]】）]*[)\]】）]")


@dataclass(frozen=True)
class SheetRow:
    """A row of a sheet: the number of its line, and its cells by our names, trimmed."""

    line: int
    cells: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a cell; empty where there is none."""
        return self.cells.get(name, "")


class RowWrong(Exception):
    """A row that cannot be taken: the field, a stable code and what to do."""

    def __init__(self, field: str, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.field, self.code, self.zh, self.en = field, code, zh, en

    def problem(self, line: int) -> Problem:
        """Return it as a problem of a line."""
        return Problem(self.code, f"{line}: {self.field}", self.zh, self.en)


def sheet_text(content: bytes) -> str:
    """Return the text of a file in UTF-8 or GBK.

    Raises:
        BadInput: ``sheet_too_large``, ``sheet_unreadable``.
    """
    if len(content) > BYTES_MAX:
        raise BadInput(
            "sheet_too_large",
            zh=f"文件超过 {BYTES_MAX // 1024 // 1024} MB；请按日拆分。",
            en=f"the file has more than {BYTES_MAX // 1024 // 1024} MB; split it by day",
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput(
        "sheet_unreadable",
        zh="文件既不是 UTF-8 也不是 GBK；请另存为 CSV 后再导入。",
        en="the file is neither UTF-8 nor GBK; save it as CSV and import it again",
    )


def heading_of(cells: Iterable[str]) -> list[str]:
    """Return headings in one form: no units in brackets, no spaces, half width, lower case."""
    return [_BRACKETS.sub("", normal(each)).replace(" ", "").lower() for each in cells]


def normal(text: str) -> str:
    """Return a cell in one form: half width, without spaces and tabs around it."""
    return unicodedata.normalize("NFKC", text).strip()


def sheet_rows(text: str, columns: Columns, needed: Sequence[str]) -> list[SheetRow]:
    """Return the rows below the heading: the first line that has every needed column.

    Raises:
        BadInput: ``sheet_without_heading``, naming the columns that are needed.
    """
    names = {heading: name for name, headings in columns.items() for heading in headings}
    rows: list[SheetRow] = []
    places: dict[int, str] = {}
    reader = csv.reader(io.StringIO(text))
    for cells in _cells(reader):
        if not places:
            found = [names.get(each, "") for each in heading_of(cells)]
            if set(needed) <= set(found):
                places = {at: name for at, name in enumerate(found) if name}
            continue
        if _passed_over(cells):
            continue
        kept = {name: normal(cells[at]) for at, name in places.items() if at < len(cells)}
        rows.append(SheetRow(reader.line_num, kept))
    if not places:
        raise BadInput(
            "sheet_without_heading",
            where="1",
            zh="没有找到表头；必须有这些列："
            + "、".join("/".join(columns[name]) for name in needed),
            en="there is no heading; these columns are needed: "
            + ", ".join("/".join(columns[name]) for name in needed),
        )
    return rows


def _cells(reader: Iterable[list[str]]) -> Iterable[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise BadInput(
            "sheet_broken",
            where=str(getattr(reader, "line_num", "")),
            zh="这一行无法读作 CSV；请修正后重新导入。",
            en="the line cannot be read as CSV; mend it and import again",
        ) from error


def _passed_over(cells: Sequence[str]) -> bool:
    """Tell whether a line is empty, a comment, or a summary."""
    first = normal(cells[0]) if cells else ""
    return not any(each.strip() for each in cells) or first.startswith(
        ("#", "合计", "总计", "小计")
    )


def fen_read(field: str, text: str) -> int:
    """Read an amount in yuan as fen; thousands separators and a currency sign are allowed.

    Raises:
        RowWrong: ``not_an_amount``.
    """
    try:
        return fen_of_yuan(text.replace(",", "").lstrip("¥￥+"))
    except ValueError as error:
        raise RowWrong(
            field,
            "not_an_amount",
            "不是金额（元，最多两位小数）",
            "not an amount in yuan with at most two decimals",
        ) from error


def instant_read(field: str, text: str) -> datetime:
    """Read a time; without a zone it is the market's.

    Raises:
        RowWrong: ``not_a_time``.
    """
    written = text.replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "")
    try:
        given = datetime.fromisoformat(written)
    except ValueError:
        given = None
    for form in _FORMS if given is None else ():
        try:
            given = datetime.strptime(written, form)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            continue
        break
    if given is None:
        raise RowWrong(
            field,
            "not_a_time",
            "不是时间，例如 2025-09-08 10:30:00",
            "not a time such as 2025-09-08 10:30:00",
        )
    return given if given.tzinfo else given.replace(tzinfo=MARKET_ZONE)


def text_read(field: str, text: str, longest: int, *, needed: bool = False) -> str:
    """Read a text cell.

    Raises:
        RowWrong: ``missing``, ``too_long``, ``unprintable``.
    """
    if needed and not text:
        raise RowWrong(field, "missing", "必填，不能为空", "needed, and empty")
    if len(text) > longest:
        raise RowWrong(
            field, "too_long", f"超过 {longest} 个字符", f"longer than {longest} characters"
        )
    if not text.isprintable():
        raise RowWrong(field, "unprintable", "含有控制字符", "it has control characters")
    return text

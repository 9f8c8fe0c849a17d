"""Reading text files line by line, so that one broken line costs one line and not the file.

A line is a record: neutral events hold no line breaks. Numbers count from 1, the heading line of a
CSV file included, so that they are the numbers an editor shows.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from earnest.kernel.errors import BadInput

LINE_BYTES_MAX: Final = 1_000_000
_MARK: Final = b"\xef\xbb\xbf"

Detail = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """One line of a text file.

    Attributes:
        number: its number, from 1.
        text: the line without its end; what could be decoded when it is broken.
        fault: why it cannot be read, in zh and en; None when it can.
        position: how many bytes of the file have been read with it.
    """

    number: int
    text: str
    fault: Detail | None
    position: int


def lines_of(path: Path, encoding: str = "utf-8") -> Iterator[Line]:
    """Yield the lines of a file that are not empty; memory is bounded whatever the file holds.

    Raises:
        BadInput: when the file cannot be opened or the encoding is not known.
    """
    try:
        "".encode(encoding)
        file = path.open("rb")
    except LookupError as error:
        raise BadInput(
            "unknown_encoding",
            where=encoding,
            zh="不认识的编码；请用 utf-8 或 gb18030",
            en="the encoding is not known; use utf-8 or gb18030",
        ) from error
    except OSError as error:
        raise BadInput(
            "unreadable_file",
            where=path.name,
            zh=f"文件无法打开：{error.strerror}；请检查路径和权限",
            en=f"the file cannot be opened: {error.strerror}; check its path and rights",
        ) from error
    with file:
        yield from _lines(file, encoding)


def _lines(file: BinaryIO, encoding: str) -> Iterator[Line]:
    position = number = 0
    while raw := file.readline(LINE_BYTES_MAX):
        number += 1
        position += len(raw)
        kept, fault = raw.removeprefix(_MARK) if number == 1 else raw, None
        while not raw.endswith(b"\n") and (raw := file.readline(LINE_BYTES_MAX)):
            position += len(raw)
            fault = (f"超过 {LINE_BYTES_MAX} 字节", f"it is longer than {LINE_BYTES_MAX} bytes")
        try:
            text = kept.decode(encoding)
        except UnicodeDecodeError:
            text = kept.decode(encoding, "backslashreplace")
            fault = fault or (
                f"不是 {encoding} 编码；若是 GBK 文件，请用 --encoding gb18030",
                f"it is not {encoding}; for a GBK file give --encoding gb18030",
            )
        if text.strip():
            yield Line(number, text.rstrip("\r\n"), fault, position)


def json_row(text: str) -> dict[str, Any] | Detail:
    """Return the object of a line, its decimals as text; or why it cannot be read."""
    try:
        row = json.loads(text, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        return "嵌套过深", "it is nested too deeply"
    except ValueError as error:
        return f"不是有效的 JSON（{error}）", f"it is not valid JSON ({error})"
    if not isinstance(row, dict):
        return "不是 JSON 对象", "it is not a JSON object"
    return row


def csv_cells(text: str, width: int | None = None) -> list[str] | Detail:
    """Return the cells of a CSV line; or why it cannot be read.

    Args:
        text: the line.
        width: how many cells the heading has; None for the heading itself.
    """
    if '"' in text:
        try:
            cells = next(csv.reader([text], strict=True))
        except csv.Error as error:
            return f"引号不成对（{error}）", f"its quotes do not match ({error})"
    else:
        cells = text.split(",")
    if width is not None and len(cells) != width:
        return (
            f"应有 {width} 列，实有 {len(cells)} 列",
            f"it has {len(cells)} columns where the heading has {width}",
        )
    return cells


def csv_heading(line: Line, name: str) -> list[str]:
    """Return the column names of a CSV file.

    Raises:
        BadInput: when the heading is broken, or a name is empty or stands twice.
    """
    cells = csv_cells(line.text)
    names = [cell.strip() for cell in cells]
    if isinstance(cells, tuple) or line.fault or not all(names) or len(set(names)) < len(names):
        raise BadInput(
            "bad_heading",
            where=f"{name}:{line.number}",
            zh="CSV 第一行须是互不相同的列名（UTF-8），请更正",
            en="the first line of a CSV file must hold different column names in UTF-8; correct it",
        )
    return names


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")

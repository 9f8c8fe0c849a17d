"""Lists as CSV that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterable, Sequence

from django.http import StreamingHttpResponse

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # so that spreadsheets read UTF-8
ROWS_MAX = 100_000


class _Line:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def neutral(value: object) -> object:
    """Write a cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> neutral("=1+1"), neutral(-5), neutral(None)
    ("'=1+1", -5, '')
    """
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    written = str(value)
    return "'" + written if written.startswith(FORMULA_STARTS) else written


def csv_response(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Return rows as a CSV download, row by row."""
    writer = csv.writer(_Line())

    def lines() -> Iterable[str]:
        yield BYTE_ORDER_MARK + str(writer.writerow(columns))
        for row in rows:
            yield str(writer.writerow([neutral(value) for value in row]))

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )

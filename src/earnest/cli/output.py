"""How a reading command prints: a table for people, JSON or CSV for programs.

Results go to stdout and nothing else does; progress and messages go to stderr.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

FORMATS = ("table", "json", "csv")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

progress_console = Console(stderr=True)


F = TypeVar("F", bound=Callable[..., Any])


def reading(command: F) -> F:
    """Give a click command the option ``--format``, passed on as ``output_format``."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to print the result.",
    )(command)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict | list | tuple | str | int | bool) or value is None:
        return value
    return str(value)


def _cell(value: object) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, dict | list | tuple):
        return json.dumps(plain, ensure_ascii=False)
    return str(plain)


def _spreadsheet_cell(value: object) -> str:
    """Write a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    text = _cell(value)
    if isinstance(value, str) and text.startswith(FORMULA_STARTS):
        return "'" + text
    return text


def _as_table(rows: Sequence[dict[str, Any]], columns: list[str]) -> None:
    table = Table(show_lines=False, header_style="bold")
    for column in columns:
        numeric = all(isinstance(row.get(column), int) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width).print(table)


def emit(rows: Sequence[dict[str, Any]], output_format: str) -> None:
    """Print rows to stdout: an aligned table, a JSON list of objects, or CSV with a header."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if output_format == "json":
        plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
        click.echo(json.dumps(plain, ensure_ascii=False, indent=1, default=str))
    elif output_format == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_spreadsheet_cell(row.get(column)) for column in columns] for row in rows)
        click.echo(buffer.getvalue(), nl=False)
    elif rows:
        _as_table(rows, columns)
    else:
        click.echo("(no rows)")

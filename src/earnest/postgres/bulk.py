"""Inserting very many rows in one statement, sent as one JSON document.

The driver escapes every text of an array by itself, which for rows with long texts and JSON takes
longer than everything else; a JSON document is written and read by compiled code on both sides.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Model

AT_ONCE: Final = 5_000


def rows_insert(
    model: type[Model], rows: Iterable[Mapping[str, Any]], *, ignore_conflicts: bool = False
) -> int:
    """Insert rows into a model's table, some thousand in a statement; return how many were new.

    Takes: each row by the names of its columns, the same in all rows; a JSON column as plain data.
    Defaults of the model are not filled in. With ``ignore_conflicts`` a row whose key is there
    already is left out.
    """
    waiting, new = iter(rows), 0
    while some := list(islice(waiting, AT_ONCE)):
        with connection.cursor() as cursor:
            cursor.execute(_statement(model, tuple(some[0]), ignore_conflicts), [_document(some)])
            new += cursor.rowcount
    return new


def columns_of(instance: Model) -> dict[str, Any]:
    """Return an instance as a row by the names of its columns."""
    return {
        str(field.column): getattr(instance, field.attname)
        for field in instance._meta.concrete_fields  # noqa: SLF001 - Django's public name for it
    }


@cache
def _statement(
    model: type[Model],
    columns: tuple[str, ...],
    ignore_conflicts: bool,  # noqa: FBT001 - part of the key
) -> str:
    meta = model._meta  # noqa: SLF001 - the same
    types = {field.column: field.rel_db_type(connection) for field in meta.concrete_fields}
    quoted = {column: f'"{column}"' for column in columns}
    names = ", ".join(quoted.values())
    typed = ", ".join(f"{quoted[column]} {types[column]}" for column in columns)
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return (
        f'INSERT INTO "{meta.db_table}" ({names}) SELECT {names} '  # noqa: S608 - names of ours
        f"FROM json_to_recordset(%s::json) AS given({typed}){end}"
    )


def _document(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a row")

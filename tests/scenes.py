"""Scenes that many tests start from: built once in a process, put back row by row from then on."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.db import connection, transaction

_T = TypeVar("_T")
# What every database holds from the start.
_FROM_THE_START = {"auth_permission", "django_content_type", "django_migrations"}
_TABLES = """
    SELECT quote_ident(c.relname),
           string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname
"""
_NUMBERS = """
    SELECT quote_ident(sequencename), last_value FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
"""
_MAY_PUT_BACK = "SELECT has_parameter_privilege('session_replication_role', 'SET')"


@dataclass(frozen=True)
class _Kept:
    """A scene: its rows by table and columns, each sequence's last number, and what it returned."""

    rows: dict[tuple[str, str], bytes]
    numbers: dict[str, int]
    answer: Any


def kept(build: Callable[[], _T]) -> Callable[[], _T]:
    """Decorate what fills an empty database: from the second time on, its rows are put back.

    They come with their ids, past the triggers and checks that they passed when they were made,
    in a twentieth of the time. Where something stands in the database already, or where the role
    may not pass triggers, the scene is built anew. Files that it made must stay where they are.
    """
    scenes: list[_Kept] = []

    @wraps(build)
    def scene() -> _T:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MAY_PUT_BACK)
            [[may_put_back]] = cursor.fetchall()
            if not may_put_back or _filled(cursor):
                return build()
            if not scenes:
                built = build()
                numbers = _numbers(cursor)
                scenes.append(_Kept(_rows(cursor), numbers, deepcopy(built)))
                return built
            _put_back(cursor, scenes[0])
            answer: _T = deepcopy(scenes[0].answer)
            return answer

    return scene


def _filled(cursor: Any) -> dict[str, str]:
    """Return the tables in which the scene stands, each with its columns."""
    cursor.execute(_TABLES)
    tables = {name: columns for name, columns in cursor.fetchall() if name not in _FROM_THE_START}
    cursor.execute(
        " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    )
    return {name: tables[name] for (name,) in cursor.fetchall()}


def _rows(cursor: Any) -> dict[tuple[str, str], bytes]:
    rows = {}
    for name, columns in _filled(cursor).items():
        with cursor.copy(f"COPY {name} ({columns}) TO STDOUT") as copy:
            rows[name, columns] = b"".join(bytes(part) for part in copy)
    return rows


def _numbers(cursor: Any) -> dict[str, int]:
    cursor.execute(_NUMBERS)
    return dict(cursor.fetchall())


def _put_back(cursor: Any, scene: _Kept) -> None:
    cursor.execute("SET LOCAL session_replication_role = replica")
    for (name, columns), rows in scene.rows.items():
        # By way of a table without policies: a test that grants rights closes the others to COPY.
        cursor.execute(f"CREATE TEMP TABLE kept AS SELECT {columns} FROM {name} WHERE false")
        with cursor.copy("COPY kept FROM STDIN") as copy:
            copy.write(rows)
        cursor.execute(f"INSERT INTO {name} ({columns}) SELECT * FROM kept")
        cursor.execute("DROP TABLE kept")
    cursor.execute("SET LOCAL session_replication_role = origin")
    behind = _numbers(cursor)
    for name, number in scene.numbers.items():
        if behind.get(name, 0) < number:
            cursor.execute("SELECT setval(%s::regclass, %s)", [name, number])

"""The database that a command works on: the embedded one, or the one that ``DATABASE_URL`` names.

A command line says ``with database(home):`` before Django starts; the address then stands in the
environment, where the settings (and worker processes) find it. Work is done as the working role;
:func:`as_owner` and :func:`database_migrate` step up to the owner of the tables and back.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psycopg
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from earnest.kernel.errors import WorldFailed
from earnest.postgres.roles import APP, OWNER, app_role_ensure, roles_grant
from earnest.postgres.server import ensure_server
from earnest.postgres.tenancy import one_marketplace

_MIGRATION_LOCK = 6_240_317  # an arbitrary number that only earnest's migrations take


@contextlib.contextmanager
def database(home: Path, *, role: Literal["app", "owner"] = "app") -> Iterator[str]:
    """Make the database reachable for the length of a block and return its address.

    Takes the data folder and the role to work as. The block works for the tenant that the settings
    name, unless it says otherwise (:mod:`earnest.postgres.tenancy`). Sets ``EARNEST_HOME``,
    ``DATABASE_URL`` and ``EARNEST_DB_ROLE`` for Django, so it must come before ``django.setup()``;
    afterwards the environment is as it was. SIGTERM and SIGHUP end the block as Ctrl-C does.

    Errors: WorldFailed, codes ``postgres_*`` (embedded) and ``database_unreachable`` (yours).
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_termination_as_exit())
        given = os.environ.get("DATABASE_URL")
        taken_role = ""
        if given:
            url = given
            taken_role = APP if _role_guard(given) and role == "app" else ""
        else:
            server = ensure_server(home)
            stack.callback(server.leave)
            url = server.address.url(APP if role == "app" else OWNER)
        changes = {"EARNEST_HOME": str(home), "DATABASE_URL": url, "EARNEST_DB_ROLE": taken_role}
        stack.enter_context(_environment(changes))
        stack.enter_context(one_marketplace())
        yield url


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Let Django's default connection be the tables' owner for the length of a block."""
    settings = connection.settings_dict
    before = dict(settings)
    connection.close()
    if settings["USER"] == APP:
        settings["USER"] = OWNER
    settings["OPTIONS"] = {k: v for k, v in settings["OPTIONS"].items() if k != "options"}
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


def database_migrate(*, verbosity: int = 0) -> int:
    """Bring the tables up to date as their owner and set the working role's rights.

    Gives the number of migrations that were applied; 0 when the database was up to date. Two
    processes take turns.
    """
    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            call_command("migrate", interactive=False, verbosity=verbosity)
        roles_grant(connection)
    return len(plan)


def _role_guard(url: str) -> bool:
    """Tell whether the working role can be taken on a server of your own; say so when not."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            guarded = app_role_ensure(connection)
    except psycopg.OperationalError as error:
        raise WorldFailed(
            "database_unreachable",
            where="DATABASE_URL",
            zh=f"连不上 DATABASE_URL 指定的数据库：{error}",
            en=f"The database that DATABASE_URL names cannot be reached: {error}",
        ) from error
    if not guarded:
        print(
            f"earnest: WARNING: the role guard is OFF: this user may not create or take the role "
            f"{APP}. Ask an administrator: CREATE ROLE {APP} NOLOGIN; GRANT {APP} TO this user.",
            file=sys.stderr,
        )
    return guarded


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _termination_as_exit() -> Iterator[None]:
    """Turn SIGTERM and a closed terminal into SystemExit, so that the server is left in order."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    taken = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Who set a handler keeps it; outside the main thread none may be set.
        if signal.getsignal(number) is signal.SIG_DFL:
            with contextlib.suppress(ValueError):
                signal.signal(number, leave)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)

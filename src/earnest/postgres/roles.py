"""The two roles that earnest works under, and what the working role may do.

``earnest_owner`` owns the database and its tables and runs migrations. ``earnest_app`` does the
daily work: it may not empty a table, may not change history, and may not write the ledger's tables
at all except through the ledger's functions; of tables with a tenant it sees and writes the rows of
one tenant only. The guard stands in the database, so that it holds for a mistake in our own code as
well.
"""

from typing import Any, Protocol

import psycopg
from psycopg import sql

from earnest.postgres.policies import policies_statements

OWNER = "earnest_owner"
APP = "earnest_app"

_LEDGER_PREFIX = "ledger_"
_APPEND_ONLY = "append_only"
_SET_OPTION_SINCE = 160_000  # GRANT ... WITH SET came with PostgreSQL 16

# Tables with their kind of protection and the rights that the role has now; partitions and views
# included.
_RELATIONS = """
    SELECT c.relname, c.relkind::text,
           EXISTS (SELECT 1 FROM pg_trigger t
                   WHERE t.tgrelid = c.oid AND position(%s in t.tgname) > 0),
           ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a
                 WHERE a.grantee = %s::regrole)
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    ORDER BY c.relname
"""

_LEDGER_FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND starts_with(p.proname, %s)
          AND NOT has_function_privilege(%s, p.oid, 'EXECUTE')
    ORDER BY 1
"""


class Connection(Protocol):
    """What is asked of a connection: Django's and psycopg's both have it."""

    def cursor(self) -> Any: ...  # noqa: D102 - two libraries' cursors, no common type


def database_create(superuser_url: str, database: str) -> None:
    """Make the two login roles and the database, where they are missing.

    Run by the launcher as the server's superuser at every joining; both roles are without superuser
    rights, for those would walk around every guard.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        have = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        owner, app = sql.Identifier(OWNER), sql.Identifier(APP)
        if OWNER not in have:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER CREATEDB CREATEROLE").format(owner)
            )
        if APP not in have:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER").format(app))
        connection.execute(_membership(connection.info.server_version, app, owner))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        if found.fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), owner)
            )


def app_role_ensure(connection: psycopg.Connection[Any]) -> bool:
    """Make the working role on a server of your own and let the current user take it.

    Takes a connection in autocommit mode. Gives false when the server does not permit it: then the
    work goes on under the given user and the guard is off.
    """
    app = sql.Identifier(APP)
    version = connection.info.server_version
    try:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP])
        if found.fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOSUPERUSER").format(app))
        option = "SET" if version >= _SET_OPTION_SINCE else "MEMBER"
        may = connection.execute("SELECT pg_has_role(%s, %s)", [APP, option]).fetchone()
        if not may or not may[0]:
            connection.execute(_membership(version, app, sql.SQL("CURRENT_USER")))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def roles_grant(connection: Connection) -> None:
    """Give the working role exactly its rights on all tables, rows, sequences, ledger functions.

    Run by the tables' owner after migrations; it changes only what differs. ``ledger_*``: read,
    and call the ledger's functions. A table with a trigger named ``*append_only*``: read and add.
    Every other table: read, add, change, delete. TRUNCATE is given nowhere. Rows of tables with a
    tenant are closed by policies (:mod:`earnest.postgres.policies`). Where the role could not be
    made (a server of your own, see ``app_role_ensure``) there is nothing to grant.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regrole(%s) IS NULL", [APP])
        if cursor.fetchone() == (True,):
            return
        cursor.execute(_RELATIONS, [_APPEND_ONLY, APP])
        relations = cursor.fetchall()
        cursor.execute(_LEDGER_FUNCTIONS, [_LEDGER_PREFIX, APP])
        statements = [f"GRANT EXECUTE ON FUNCTION {name} TO {APP}" for (name,) in cursor.fetchall()]
        for name, kind, append_only, present in relations:
            wanted = _rights(name, kind, append_only=append_only)
            if wanted != set(present):
                quoted = '"' + name.replace('"', '""') + '"'
                target = f"SEQUENCE {quoted}" if kind == "S" else quoted
                statements.append(f"REVOKE ALL ON {target} FROM {APP}")
                statements.append(f"GRANT {', '.join(sorted(wanted))} ON {target} TO {APP}")
        statements += policies_statements(cursor, APP)
        if statements:
            cursor.execute(";\n".join(statements))


def _rights(name: str, kind: str, *, append_only: bool) -> set[str]:
    """Return the working role's rights on one table, view or sequence."""
    if kind == "S":
        return {"USAGE", "SELECT"}
    if kind in "vm" or name.startswith(_LEDGER_PREFIX):
        return {"SELECT"}
    return {"SELECT", "INSERT"} | (set() if append_only else {"UPDATE", "DELETE"})


def _membership(version: int, role: sql.Composable, member: sql.Composable) -> sql.Composed:
    """Return the grant that lets a member take a role, but not hold its rights unasked."""
    option = " WITH INHERIT FALSE, SET TRUE" if version >= _SET_OPTION_SINCE else ""
    return sql.SQL("GRANT {} TO {}{}").format(role, member, sql.SQL(option))

"""Row-level security: which rows of which tables the working role sees and writes.

Every table with a column ``tenant_id`` is closed to the working role but for the rows of the
tenant that its session names (:mod:`earnest.postgres.tenancy`). The owner's policy lets everything
through, so that migrations and the functions that run as the owner work across tenants. The tables
that tell whose a person, a token or a link is open one more row: that of the person or secret that
the session names.
"""

import json
from typing import Any, NamedTuple

# Table -> the column, its type and the setting that open one row before the tenant is known.
TELLS_TENANT = {
    "market_membership": ("user_id", "integer", "earnest.user"),
    "api_apitoken": ("secret_sha256", "text", "earnest.token"),
    "surveys_invitation": ("secret_sha256", "text", "earnest.token"),
}

_TABLES = """
    SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, format_type(a.atttypid, NULL),
        coalesce((
            SELECT json_agg(json_build_array(p.polname,
                CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' ELSE 'other' END,
                ARRAY(SELECT r.rolname FROM pg_roles r WHERE r.oid = ANY (p.polroles))::text,
                p.polpermissive,
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
            FROM pg_policy p WHERE p.polrelid = c.oid), '[]')::text
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname
"""

_VIEWS = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
        AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
    ORDER BY c.relname
"""


class _Policy(NamedTuple):
    """A policy as the catalogue has it: the expressions are written as PostgreSQL writes them."""

    name: str
    command: str
    roles: str
    permissive: bool
    using: str | None
    check: str | None


def policies_statements(cursor: Any, app: str) -> list[str]:
    """Return the statements after which every table with a tenant has its policies, and no other.

    Takes a cursor of the tables' owner and the name of the working role. Views are made to read
    with the rights of who asks. The list is empty when nothing differs.
    """
    cursor.execute("SELECT current_user::text")
    ((owner,),) = cursor.fetchall()
    cursor.execute(_TABLES)
    statements = []
    for name, closed, column_type, present in cursor.fetchall():
        table = _quoted(name)
        wanted = _wanted(name, column_type, app, owner)
        found = [_Policy(*each) for each in json.loads(present)]
        if not closed:
            statements.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            statements.append(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        dropped = [each for each in found if each not in wanted]
        statements += [f"DROP POLICY {_quoted(each.name)} ON {table}" for each in dropped]
        statements += [_creation(table, each) for each in wanted if each not in found]
    cursor.execute(_VIEWS)
    views = [_quoted(name) for (name,) in cursor.fetchall()]
    return statements + [f"ALTER VIEW {each} SET (security_invoker = true)" for each in views]


def _wanted(table: str, column_type: str, app: str, owner: str) -> list[_Policy]:
    """Return the policies that a table should have."""
    tenant = "tenant_id" if column_type == "text" else "(tenant_id)::text"
    own = f"({tenant} = {_named('earnest.tenant')})"
    wanted = [
        _Policy("tenant_rows", "ALL", f"{{{app}}}", permissive=True, using=own, check=own),
        _Policy("owner_rows", "ALL", f"{{{owner}}}", permissive=True, using="true", check="true"),
    ]
    if table in TELLS_TENANT:
        column, kind, setting = TELLS_TENANT[table]
        itself = (
            f"(({column})::text = {_named(setting)})"
            if kind == "text"
            else f"({column} = ({_named(setting)})::{kind})"
        )
        wanted.append(
            _Policy("own_row", "SELECT", f"{{{app}}}", permissive=True, using=itself, check=None)
        )
    return wanted


def _named(setting: str) -> str:
    """Return the value that a session gave a setting, null when it gave none."""
    return f"NULLIF(current_setting('{setting}'::text, true), ''::text)"


def _creation(table: str, policy: _Policy) -> str:
    roles = ", ".join(_quoted(each) for each in policy.roles[1:-1].split(","))
    check = f" WITH CHECK ({policy.check})" if policy.check is not None else ""
    return (
        f"CREATE POLICY {policy.name} ON {table} FOR {policy.command} TO {roles} "
        f"USING ({policy.using}){check}"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

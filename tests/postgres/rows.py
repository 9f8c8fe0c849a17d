"""Tables with a tenant as the catalogue has them, and a made-up row for any of them."""

from dataclasses import dataclass

from django.db import connection

ROOM_FOR_ANYTHING = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
    FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass
"""
TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f')
    ORDER BY 1
"""
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum
"""
VALUES = {
    "uuid": "gen_random_uuid()",
    "boolean": "false",
    "timestamp with time zone": "now() + interval '{n} hour'",
    "date": "current_date + {n}",
    "jsonb": "'{{}}'",
    "bytea": "decode('0{n}', 'hex')",
    "text": "'{n}'",
    "character varying": "'{n}'",
}
NUMBERS = ("integer", "bigint", "smallint", "numeric")


@dataclass(frozen=True)
class MadeUpRow:
    """An INSERT of one row of a table, with something of the right type in every column."""

    table: str
    tenant_id: str
    number: int

    @property
    def statement(self) -> str:
        """The statement; the same number gives the same content, ids apart."""
        with connection.cursor() as cursor:
            cursor.execute(COLUMNS, [self.table])
            columns = cursor.fetchall()
        values = [
            f"'{self.tenant_id}'" if name == "tenant_id" else self._value(kind)
            for name, kind in columns
        ]
        names = ", ".join(f'"{name}"' for name, _ in columns)
        return f"INSERT INTO {self.table} ({names}) VALUES ({', '.join(values)})"

    def _value(self, kind: str) -> str:
        if kind in NUMBERS:
            return str(self.number)
        return "'{}'" if kind.endswith("[]") else VALUES[kind].format(n=self.number)

    def written(self) -> None:
        """Write it as the owner, past triggers, keys and checks of the table."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(ROOM_FOR_ANYTHING, [self.table])
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
            cursor.execute(self.statement)
            cursor.execute("SET LOCAL session_replication_role = origin")


def tables_with_tenant() -> list[str]:
    """Return every table whose rows belong to a tenant, this release's and any later one's."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [name for (name,) in cursor.fetchall()]


def tenants_seen(table: str) -> list[str]:
    """Return the tenants of all rows that the session sees in a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT tenant_id FROM {table} ORDER BY 1")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]

"""What the working role may do, asked of the database itself."""

import pytest
from django.db import ProgrammingError, connection, transaction

from earnest.postgres.roles import roles_grant

pytestmark = pytest.mark.django_db

TABLES = """
    CREATE TABLE plain (id int);
    CREATE TABLE diary (id int);
    CREATE TABLE ledger_probe (id int);
    CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER diary_append_only BEFORE UPDATE OR DELETE ON diary
        FOR EACH ROW EXECUTE FUNCTION forbid();
    CREATE FUNCTION ledger_probe_post(value int) RETURNS void LANGUAGE sql SECURITY DEFINER
        AS 'INSERT INTO ledger_probe VALUES (value)';
    REVOKE EXECUTE ON FUNCTION ledger_probe_post(int) FROM PUBLIC;
"""


@pytest.fixture
def probe_tables(db):
    """Make one table of each kind and grant the rights."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)


def may(statement: str) -> bool:
    """Tell whether the current role may run a statement."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError:
        return False
    return True


def test_the_working_role_keeps_the_books_but_cannot_burn_them(probe_tables, as_app_role):
    """A plain table is writable, a diary only grows, the ledger moves only through functions."""
    verbs = {
        "read": "SELECT * FROM {}",
        "add": "INSERT INTO {} VALUES (1)",
        "change": "UPDATE {} SET id = 2",
        "delete": "DELETE FROM {}",
        "empty": "TRUNCATE {}",
        "drop": "DROP TABLE {}",
    }
    allowed = {
        table: {verb for verb, statement in verbs.items() if may(statement.format(table))}
        for table in ("plain", "diary", "ledger_probe")
    }
    assert allowed == {
        "plain": {"read", "add", "change", "delete"},
        "diary": {"read", "add"},
        "ledger_probe": {"read"},
    }
    assert may("SELECT ledger_probe_post(7)")


def test_granting_again_takes_back_what_is_too_much(probe_tables):
    """Rights are set, not added: a right given by hand is gone after the next grant."""
    with connection.cursor() as cursor:
        cursor.execute("GRANT TRUNCATE ON plain TO earnest_app")
        roles_grant(connection)
        cursor.execute("SELECT has_table_privilege('earnest_app', 'plain', 'TRUNCATE')")
        assert cursor.fetchone() == (False,)


def test_neither_role_is_a_superuser(db):
    """Guards mean nothing to a superuser, so neither role is one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^earnest_' AND rolsuper")
        assert cursor.fetchall() == []
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("earnest_owner",)


@pytest.mark.django_db(transaction=True)
def test_a_committed_diary_is_emptied_between_tests(django_user_model):
    """A transactional test leaves nothing behind although a trigger forbids TRUNCATE."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RAISE ''no''; END';"
            "CREATE TRIGGER guard BEFORE TRUNCATE ON auth_group EXECUTE FUNCTION forbid();"
            "ALTER TABLE auth_group ENABLE ALWAYS TRIGGER guard;"
            "INSERT INTO auth_group (name) VALUES ('left');"
        )


@pytest.mark.django_db(transaction=True)
def test_after_a_committed_diary():
    """The row of the test before is gone, and its trigger is removed here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auth_group")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "DROP TRIGGER IF EXISTS guard ON auth_group; DROP FUNCTION IF EXISTS forbid()"
        )

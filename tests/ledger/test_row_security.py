"""The working role sees and writes the rows of one tenant, in every table that has a tenant."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.ledger import queries
from earnest.ledger.chart import subject_account
from earnest.ledger.commands import accounts_open, transfers_post
from earnest.ledger.queries import balance_of, balances_of, statement, verify
from earnest.postgres.policies import TELLS_TENANT, policies_statements
from earnest.postgres.roles import APP, roles_grant
from earnest.postgres.tenancy import tenant_scope
from tests.ledger.market import DEPOSIT, NOW, pay_in
from tests.postgres.rows import MadeUpRow, tables_with_tenant, tenants_seen

pytestmark = pytest.mark.django_db

A, B = "tenant-a", "tenant-b"
OPEN_SHORTAGE = (
    "deposits_shortage WHERE tenant_id = %s AND subject_kind = 'shop' AND subject_id = '1' "
    "AND closed_at IS NULL"
)


@pytest.fixture
def two_tenants(db: None) -> list[str]:
    """Write a row of each of two tenants into every table with a tenant; return the tables."""
    tables = tables_with_tenant()
    for table in tables:
        MadeUpRow(table, A, 1).written()
        MadeUpRow(table, B, 2).written()
    return tables


def _refusal_of(statement_text: str) -> str:
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement_text)
    return str(caught.value)


def test_every_table_shows_one_tenant(two_tenants: list[str], as_app_role: None) -> None:
    """No row of tenant B is seen by tenant A, in whatever table; and none at all by nobody."""
    assert {"ledger_transfer", "market_shop", "api_apitoken"} <= set(two_tenants)
    assert {table: tenants_seen(table) for table in two_tenants} == {
        each: [] for each in two_tenants
    }
    for tenant in (A, B):
        with tenant_scope(tenant):
            seen = {table: tenants_seen(table) for table in two_tenants}
        assert seen == {each: [tenant] for each in two_tenants}


def test_no_table_takes_a_row_of_another_tenant(db: None, as_app_role: None) -> None:
    """Tenant A cannot add a row for tenant B anywhere, and nobody can add one at all."""
    for table in tables_with_tenant():
        statement_text = MadeUpRow(table, B, 2).statement
        no_right = "permission denied" if table.startswith("ledger_") else "row-level security"
        with tenant_scope(A):
            assert no_right in _refusal_of(statement_text), table
        assert no_right in _refusal_of(statement_text), table


def test_no_row_is_handed_to_another_tenant(two_tenants: list[str], as_app_role: None) -> None:
    """A row cannot be given away, and another's row is not there to be changed or removed."""
    with tenant_scope(A), connection.cursor() as cursor:
        assert "row-level security" in _refusal_of(f"UPDATE market_shop SET tenant_id = '{B}'")
        for change in ("UPDATE market_shop SET name = 'x'", "DELETE FROM market_shop"):
            cursor.execute(f"{change} WHERE tenant_id = '{B}'")
            assert cursor.rowcount == 0


def test_the_empty_tenant_is_nobody(db: None, as_app_role: None) -> None:
    """A session that says nothing, or says an empty name, does not even see rows without a name."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        MadeUpRow("market_shop", "", 1).written()
        cursor.execute(f"SET ROLE {APP}")
        assert tenants_seen("market_shop") == []
        cursor.execute("SELECT set_config('earnest.tenant', '', false)")
        assert tenants_seen("market_shop") == []


def test_a_new_table_is_closed_when_rights_are_granted(db: None) -> None:
    """Nobody has to remember: the next grant closes it, and finds nothing to do after that."""
    with connection.cursor() as cursor:
        roles_grant(connection)
        cursor.execute("CREATE TABLE fresh (tenant_id varchar(40) NOT NULL, note text)")
        cursor.execute("CREATE VIEW fresh_view AS SELECT * FROM fresh")
        cursor.execute(f"INSERT INTO fresh VALUES ('{A}', 'a'), ('{B}', 'b')")
        roles_grant(connection)
        assert policies_statements(cursor, APP) == []
        cursor.execute(f"SET ROLE {APP}")
        with tenant_scope(A):
            assert tenants_seen("fresh") == tenants_seen("fresh_view") == [A]
        cursor.execute("RESET ROLE")
        assert tenants_seen("fresh") == [A, B]


def test_a_policy_changed_by_hand_is_put_right(db: None) -> None:
    """A wider policy, one more policy, and a table left open are gone after the next grant."""
    with connection.cursor() as cursor:
        roles_grant(connection)
        cursor.execute("ALTER POLICY tenant_rows ON market_shop USING (true)")
        cursor.execute("CREATE POLICY everything ON market_provider USING (true)")
        cursor.execute("ALTER TABLE ledger_entry NO FORCE ROW LEVEL SECURITY")
        assert len(policies_statements(cursor, APP)) == 5
        roles_grant(connection)
        assert policies_statements(cursor, APP) == []


def test_every_table_is_closed_by_the_same_two_policies(db: None, as_app_role: None) -> None:
    """Enabled and forced; only the tables that tell whose a person or secret is have a third."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text, relrowsecurity AND relforcerowsecurity, ARRAY(SELECT "
            "polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1) FROM pg_class c "
            "WHERE c.oid::regclass::text = ANY (%s)",
            [tables_with_tenant()],
        )
        for table, closed, policies in cursor.fetchall():
            third = ["own_row"] if table in TELLS_TENANT else []
            assert closed, table
            assert policies == sorted([*third, "owner_rows", "tenant_rows"]), table


def test_the_books_of_another_tenant_are_not_there(tenant: str, as_app_role: None) -> None:
    """Balances, statements and the proof read nothing under another tenant's name."""
    transfers_post(tenant, [pay_in(5)], NOW)
    with tenant_scope(tenant):
        assert balance_of(tenant, DEPOSIT).posted_fen == 5
        assert len(statement(tenant, DEPOSIT, 10)) == 1
        assert [check for check in verify(tenant) if not check.ok] == []
    with tenant_scope(B):
        assert balances_of(tenant, [DEPOSIT]) == {}


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("ledger_balance WHERE tenant_id = %s AND account_id = 7", "ledger_balance"),
        ("ledger_entry WHERE tenant_id = %s AND account_id = 7", "ledger_entry"),
        ("ledger_transfer WHERE tenant_id = %s AND id = %s::uuid", "ledger_transfer"),
        (OPEN_SHORTAGE, "shortage_open_once"),
    ],
)
def test_reads_keep_their_indexes(
    two_tenants: list[str], as_app_role: None, query: str, index: str
) -> None:
    """The policy is asked once for a query that names its tenant; the index does the rest."""
    words = [A, "00000000-0000-0000-0000-000000000007"][: query.count("%s")]
    with tenant_scope(A), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT json) SELECT * FROM {query}", words)
        (told,) = cursor.fetchone()
    plan = told[0]["Plan"]
    assert "current_setting" in plan.get("One-Time Filter", ""), plan
    (scan,) = plan["Plans"]
    assert scan["Node Type"] in {"Index Scan", "Bitmap Heap Scan", "Index Only Scan"}, plan
    assert index in json.dumps(scan)
    assert "tenant_id" in json.dumps(scan)


def test_a_statement_finds_the_other_side_by_its_index(tenant: str, as_app_role: None) -> None:
    """The account on the other side of each line is looked up by its id, not searched for."""
    query = f"EXPLAIN (FORMAT json) {queries._STATEMENT}"
    accounts_open(tenant, [subject_account("deposit", "shop", f"E{i}") for i in range(2_000)], NOW)
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("ANALYZE ledger_account")
        cursor.execute(f"SET ROLE {APP}")
        cursor.execute(query, [tenant, DEPOSIT, None, None, 100])
        (told,) = cursor.fetchone()
    (other_side,) = [node for node in _nodes(told[0]["Plan"]) if node.get("Alias") == "c"]
    assert "debit_account_id" in other_side["Index Cond"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)

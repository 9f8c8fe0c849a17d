"""History cannot be changed, and the working role can do nothing but call the functions."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.kernel.calendar import Month
from earnest.ledger.commands import (
    accounts_open,
    batches_seal,
    holds_expire,
    month_close,
    transfers_post,
)
from earnest.ledger.queries import (
    balance_at,
    balance_of,
    freezes_open,
    holds_open,
    months_closed,
    seal_head,
    statement,
    verify,
)
from earnest.postgres.tenancy import tenant_scope
from tests.ledger.market import (
    ACCOUNTS,
    DEPOSIT,
    NOW,
    PENALTY,
    capture,
    freeze,
    hold,
    pay_in,
    transfer,
)

HISTORY = {
    "ledger_account": "kind",
    "ledger_reason": "clause",
    "ledger_transfer": "amount_fen",
    "ledger_entry": "amount_fen",
    "ledger_refusal": "code",
    "ledger_batch": "digest",
    "ledger_seal": "hash",
    "ledger_closing": "closed_by",
}

PROJECTIONS = {"ledger_balance": "posted_fen", "ledger_hold": "remaining_fen"}


def _refusal_of(statement_text: str) -> str:
    """Run a statement that must fail, and return the database's words."""
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement_text)
    return str(caught.value)


def _changes(table: str, column: str) -> list[str]:
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
    ]


@pytest.mark.parametrize("replication_role", ["origin", "replica"])
@pytest.mark.parametrize("table", HISTORY)
def test_owner_cannot_change_history(tenant: str, table: str, replication_role: str) -> None:
    """Triggers refuse UPDATE, DELETE and TRUNCATE, also for a session that plays a replica."""
    transfers_post(tenant, [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = {replication_role}")
    for change in _changes(table, HISTORY[table]):
        assert "append-only" in _refusal_of(change)
    assert balance_of(tenant, DEPOSIT).posted_fen == 5


@pytest.mark.parametrize("table", [*HISTORY, *PROJECTIONS])
def test_working_role_only_reads_tables(tenant: str, as_app_role: None, table: str) -> None:
    """The working role may not INSERT, UPDATE, DELETE or TRUNCATE any table of the ledger."""
    column = (HISTORY | PROJECTIONS)[table]
    for change in [*_changes(table, column), f"INSERT INTO {table} SELECT * FROM {table}"]:
        assert "permission denied" in _refusal_of(change)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")


def test_working_role_works_through_functions(tenant: str, as_app_role: None) -> None:
    """Opening, posting, refusing, sealing, reading and verifying need no right on a table."""
    accounts_open("other", ACCOUNTS, NOW)
    outcomes = transfers_post("other", [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    assert [outcome.status for outcome in outcomes] == ["posted", "refused"]
    batches_seal("other", NOW)
    with tenant_scope("other"):
        assert seal_head("other") is None  # this transaction has not ended, so nothing is sealed
        assert statement("other", DEPOSIT, 1)[0].balance_fen == 5
        assert all(check.ok for check in verify("other"))


def test_working_role_does_every_kind_of_work(tenant: str, as_app_role: None) -> None:
    """Holds, their ends, freezes and closings need no right on a table either."""
    accounts_open("other", ACCOUNTS, NOW)
    held, standing = hold(4, expires_at=NOW + timedelta(hours=1)), freeze()
    outcomes = transfers_post("other", [pay_in(5), held, capture(held, 1), standing], NOW)
    assert [outcome.moved_fen for outcome in outcomes] == [5, 4, 1, 0]
    with tenant_scope("other"):
        assert holds_open("other")[0].remaining_fen == 3
        assert holds_expire("other", NOW + timedelta(hours=1))[0].moved_fen == 3
        assert freezes_open("other")[0].id == standing.id
        assert month_close("other", Month(2025, 8), "finance", NOW) == months_closed("other")[0]
        assert balance_at("other", DEPOSIT, NOW, None).posted_fen == 4
        assert all(check.ok for check in verify("other"))


def test_working_role_cannot_write_past_the_decision(tenant: str, as_app_role: None) -> None:
    """The inner functions hold no rights of their own: called directly, they may not write."""
    words = _refusal_of(
        "SELECT ledger_write_posts_v2('market', now(), ARRAY[gen_random_uuid()], "
        "ARRAY[NULL::uuid], ARRAY['post'], ARRAY[1::bigint], ARRAY[2::bigint], "
        "ARRAY[5::bigint], ARRAY[now()], ARRAY[gen_random_uuid()])"
    )
    assert "permission denied" in words


def test_functions_are_closed_to_the_public(tenant: str) -> None:
    """No function of the ledger may be called by everyone, and each pins its search path."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE starts_with(proname, 'ledger_') "
            "AND has_function_privilege('public', oid, 'EXECUTE')"
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE starts_with(proname, 'ledger_') "
            "AND prosecdef AND proconfig::text NOT LIKE '%%search_path=pg_catalog, public%%'"
        )
        assert cursor.fetchall() == []


@pytest.mark.clause("S3-4.2a")
def test_balance_cannot_be_stored_below_its_floor(tenant: str) -> None:
    """Even the owner cannot write a balance beyond its limits: the table itself refuses it."""
    words = _refusal_of(
        "UPDATE ledger_balance b SET posted_fen = -1 FROM ledger_account a "
        f"WHERE a.id = b.account_id AND a.code = '{DEPOSIT}'"
    )
    assert "ledger_balance_floor" in words


def test_posting_needs_read_committed(committed_tenant: str) -> None:
    """An older snapshot could not see what the row locks waited for, so it is refused."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(DatabaseError, match="READ COMMITTED"):
            transfers_post(committed_tenant, [pay_in(1)], NOW)
        transaction.set_rollback(True)

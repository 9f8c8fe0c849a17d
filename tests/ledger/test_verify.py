"""``verify`` finds every change of a row and names the batch; seals chain whatever has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from earnest.ledger.commands import batches_seal, transfers_post
from earnest.ledger.models import LedgerBatch, LedgerSeal
from earnest.ledger.queries import seal_head, verify
from earnest.ledger.records import Transfer
from tests.ledger.market import (
    CLAIM,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PENALTY,
    capture,
    freeze,
    hold,
    pay_in,
    reverse,
    transfer,
    up_to,
)

UUID_ONE = "'00000000-0000-0000-0000-000000000001'"
INSTANT = "'2020-01-01 00:00+00'"


@contextmanager
def _triggers_asleep() -> Iterator[None]:
    """Do what only the tables' owner can: put the guards to sleep for a while."""
    tables = [f"ledger_{name}" for name in (*CHANGES, "reason", "seal")]
    with connection.cursor() as cursor:
        for rule in ("kind", "amount", "asked", "pending", "credit", "final", "expires"):
            cursor.execute(
                f"ALTER TABLE ledger_transfer DROP CONSTRAINT IF EXISTS ledger_transfer_{rule}"
            )
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        yield
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")


def _tamper(change: str, *parameters: str) -> None:
    with _triggers_asleep(), connection.cursor() as cursor:
        cursor.execute(change, parameters)
        assert cursor.rowcount == 1


def _broken(tenant: str, head: tuple[int, str] | None = None) -> dict[str, tuple[str, ...]]:
    return {check.name: check.ids for check in verify(tenant, head) if not check.ok}


# Table -> changes of single columns that verify must find through the batch's digest.
CHANGES = {
    "account": {
        "code": "'deposit:shop:S9'",
        "kind": "'suspense'",
        "subject_kind": "'provider'",
        "subject_id": "'S9'",
        "floor_fen": "-1",
        "ceiling_fen": "99",
        "opened_at": INSTANT,
        "ord": "77",
    },
    "transfer": {
        "id": UUID_ONE,
        "ord": "77",
        "group_id": UUID_ONE,
        "pending_id": UUID_ONE,
        "debit_account_id": "1000000",
        "credit_account_id": "1000000",
        "amount_fen": "6",
        "reason_id": UUID_ONE,
        "effective_at": INSTANT,
        "recorded_at": INSTANT,
        "asked_fen": "5",
        "final": "true",
        "expires_at": INSTANT,
        "batch_id": "0",
    },
    "entry": {
        "seq": "77",
        "transfer_id": UUID_ONE,
        "amount_fen": "6",
        "held_delta_fen": "1",
        "balance_after_fen": "6",
        "held_after_fen": "1",
        "effective_at": INSTANT,
        "recorded_at": INSTANT,
    },
    "refusal": {
        "id": UUID_ONE,
        "ord": "77",
        "code": "'other'",
        "group_id": UUID_ONE,
        "kind": "'hold'",
        "debit_code": "'x'",
        "credit_code": "'x'",
        "amount_fen": "6",
        "reason_id": UUID_ONE,
        "effective_at": INSTANT,
        "recorded_at": INSTANT,
        "pending_id": UUID_ONE,
        "final": "true",
        "expires_at": INSTANT,
    },
    "batch": {
        "kind": "'accounts'",
        "size": "77",
        "stated_at": INSTANT,
        "recorded_at": INSTANT,
        "xid": "1",
        "digest": "sha256('')",
    },
}
# Table -> the row that is changed.
ROWS = {
    "account": f"code = '{DEPOSIT}'",
    "transfer": "amount_fen = 5",
    "entry": "amount_fen = 5",
    "refusal": "amount_fen = 50",
    "batch": "kind = 'transfers'",
}
KIND_OF_BATCH = {
    "account": "accounts",
    "transfer": "transfers",
    "entry": "transfers",
    "refusal": "refusals",
    "batch": "transfers",
}


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in CHANGES.items() for column in columns],
)
def test_one_changed_column_is_named_by_its_batch(tenant: str, table: str, column: str) -> None:
    """Whatever column of whatever row is changed, the digest of its batch no longer fits."""
    transfers_post(tenant, [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    assert _broken(tenant) == {}
    batch = LedgerBatch.objects.get(kind=KIND_OF_BATCH[table]).id
    _tamper(f"UPDATE ledger_{table} SET {column} = {CHANGES[table][column]} WHERE {ROWS[table]}")
    assert f"batch {batch}" in _broken(tenant)["digests_match"]


@pytest.mark.parametrize("table", ["account", "transfer", "entry", "refusal"])
def test_a_deleted_row_is_named_by_its_batch(tenant: str, table: str) -> None:
    """A row that is gone is missed."""
    transfers_post(tenant, [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    batch = LedgerBatch.objects.get(kind=KIND_OF_BATCH[table]).id
    _tamper(f"DELETE FROM ledger_{table} WHERE {ROWS[table]}")
    assert f"batch {batch}" in _broken(tenant)["digests_match"]


@pytest.mark.parametrize(
    "column", ["clause", "rulebook", "note", "actor", "decision_id", "evidence"]
)
def test_a_changed_reason_is_found(tenant: str, column: str) -> None:
    """A reason's id is its content, so a changed reason is no longer the one that was given."""
    once = pay_in(5)
    transfers_post(tenant, [once], NOW)
    value = {"decision_id": UUID_ONE, "evidence": f"ARRAY[{UUID_ONE}::uuid]"}.get(column, "'x'")
    _tamper(f"UPDATE ledger_reason SET {column} = {value}")
    assert _broken(tenant) == {"reasons_named": (f"transfer {once.id}",)}


def test_a_balance_changed_behind_the_ledger_is_found(tenant: str) -> None:
    """The balance row is the only one without history, so it is compared with the entries."""
    transfers_post(tenant, [pay_in(5)], NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET posted_fen = 6 WHERE posted_fen = 5")
    assert _broken(tenant) == {
        "money_conserved": ("sum 1 fen",),
        "balances_equal_entries": (f"account {DEPOSIT}",),
    }


def test_a_loosened_limit_is_found(tenant: str) -> None:
    """Limits are those the account was opened with."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET ceiling_fen = 5 WHERE ceiling_fen = 0")
    assert _broken(tenant) == {"floors_kept": (f"account {CLAIM}",)}


def test_a_consistent_forgery_breaks_the_laws_it_touches(tenant: str) -> None:
    """An amount raised in the transfer alone is seen by double entry as well as by the digest."""
    once = pay_in(5)
    transfers_post(tenant, [once], NOW)
    _tamper("UPDATE ledger_transfer SET amount_fen = 500")
    assert set(_broken(tenant)) == {"debits_equal_credits", "digests_match"}
    assert _broken(tenant)["debits_equal_credits"] == (f"transfer {once.id}",)


def _books_of_all_kinds(tenant: str) -> dict[str, Transfer]:
    """Post one of each kind that leaves something to compare; return them by name."""
    group = uuid4()
    held = hold(20)
    first = up_to(DEPOSIT, PENALTY, 90, group_id=group)
    paid, spent = pay_in(100), transfer(DEPOSIT, PENALTY, 3)
    other = freeze(OTHER_DEPOSIT)
    named = {
        "paid": paid,
        "spent": spent,
        "hold": held,
        "capture": capture(held, 5),
        "back": reverse(spent),
        "first": first,
        "rest": transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=first.id),
        "freeze": other,
    }
    outcomes = transfers_post(tenant, list(named.values()), NOW)
    assert {outcome.status for outcome in outcomes} == {"posted"}
    assert _broken(tenant) == {}
    return named


@pytest.mark.parametrize(
    ("change", "check", "name"),
    [
        ("UPDATE ledger_hold SET remaining_fen = 14", "holds_followed", "hold"),
        ("UPDATE ledger_hold SET remaining_fen = 14", "held_equals_holds", DEPOSIT),
        ("UPDATE ledger_hold SET expires_at = now()", "holds_followed", "hold"),
        ("DELETE FROM ledger_hold", "holds_followed", "hold"),
        ("UPDATE ledger_balance SET frozen = 0 WHERE frozen = 1", "freezes_kept", OTHER_DEPOSIT),
        ("DELETE FROM ledger_transfer WHERE kind = 'freeze'", "freezes_kept", OTHER_DEPOSIT),
        (
            "UPDATE ledger_transfer SET amount_fen = 99 WHERE amount_fen = 100",
            "debits_equal_credits",
            "paid",
        ),
        (
            "UPDATE ledger_transfer SET pending_id = gen_random_uuid() WHERE kind = 'reverse'",
            "reversals_mirrored",
            "back",
        ),
        (
            "UPDATE ledger_transfer SET asked_fen = 91 WHERE kind = 'up_to'",
            "rests_taken_on",
            "rest",
        ),
        (
            "UPDATE ledger_transfer SET pending_id = gen_random_uuid() WHERE kind = 'capture'",
            "holds_followed",
            "hold",
        ),
        (
            "UPDATE ledger_entry SET held_delta_fen = 0 WHERE held_delta_fen = -5",
            "holds_equal_entries",
            "capture",
        ),
    ],
)
def test_what_stands_open_is_compared_with_history(
    tenant: str, change: str, check: str, name: str
) -> None:
    """Holds, freezes, reversals and rests follow from the transfers; a change is named."""
    named = _books_of_all_kinds(tenant)
    _tamper(change)
    where = str(named[name].id) if name in named else name
    assert any(where in found for found in _broken(tenant)[check])


def test_what_left_a_frozen_account_is_found(tenant: str) -> None:
    """A debit dated into a freeze behind the ledger's back is named."""
    named = _books_of_all_kinds(tenant)
    _tamper(
        "UPDATE ledger_transfer SET recorded_at = recorded_at + interval '1 s', "
        "debit_account_id = (SELECT debit_account_id FROM ledger_transfer WHERE kind = 'freeze') "
        "WHERE kind = 'hold'"
    )
    assert f"transfer {named['hold'].id}" in _broken(tenant)["freezes_kept"]


def test_verify_of_an_empty_ledger_holds(db: None) -> None:
    """Nothing is in order."""
    assert _broken("nobody") == {}
    assert len(verify("nobody")) == 16


def _seal_all(tenant: str) -> int:
    """Seal until nothing is left: another session's transaction may hold it up for a moment."""
    for _ in range(1000):
        batches_seal(tenant, NOW)
        sealed = LedgerSeal.objects.filter(tenant_id=tenant).count()
        if sealed == LedgerBatch.objects.filter(tenant_id=tenant).count():
            return sealed
    raise AssertionError("batches stayed unsealed")


def test_seals_chain_every_batch_once(committed_tenant: str) -> None:
    """Accounts, transfers and refusals are sealed once; sealing again does nothing."""
    transfers_post(committed_tenant, [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    assert _seal_all(committed_tenant) == 3
    assert batches_seal(committed_tenant, NOW) == 0
    head = seal_head(committed_tenant)
    assert head is not None
    assert (head.number, len(head.hash), head.sealed_at) == (3, 64, NOW)
    transfers_post(committed_tenant, [pay_in(6)], NOW)
    assert _seal_all(committed_tenant) == 4
    assert _broken(committed_tenant, (head.number, head.hash)) == {}


def test_a_late_batch_with_a_low_id_is_sealed_late(committed_tenant: str) -> None:
    """Sealing goes by membership: a batch below the highest sealed id is not forgotten."""
    transfers_post(committed_tenant, [pay_in(5)], NOW)
    _seal_all(committed_tenant)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_batch SELECT tenant_id, -id, kind, size, stated_at, recorded_at, "
            "pg_current_xact_id()::text::bigint, digest FROM ledger_batch WHERE tenant_id = %s "
            "AND kind = 'transfers'",
            [committed_tenant],
        )
    assert _seal_all(committed_tenant) == 3
    assert LedgerSeal.objects.get(tenant_id=committed_tenant, number=3).batch_id < 0
    assert "chain_intact" not in _broken(committed_tenant)


def test_a_running_transaction_holds_sealing_up(committed_tenant: str) -> None:
    """What an older transaction may still write is not overtaken by the chain."""
    _seal_all(committed_tenant)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_current_xact_id()")
        transfers_post(committed_tenant, [pay_in(5)], NOW)
        assert batches_seal(committed_tenant, NOW) == 0
        other.rollback()
    assert _seal_all(committed_tenant) == 2


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE ledger_seal SET hash = sha256('') WHERE number = 2", "chain_intact"),
        ("UPDATE ledger_seal SET previous = sha256('') WHERE number = 2", "chain_intact"),
        ("UPDATE ledger_seal SET number = 9 WHERE number = 2", "chain_intact"),
        ("UPDATE ledger_seal SET batch_id = 0 WHERE number = 2", "chain_intact"),
        ("UPDATE ledger_seal SET sealed_at = now() WHERE number = 2", "chain_intact"),
        ("DELETE FROM ledger_seal WHERE number = 2", "chain_intact"),
        ("UPDATE ledger_batch SET digest = sha256('') WHERE kind = 'transfers'", "chain_intact"),
        ("DELETE FROM ledger_batch WHERE kind = 'transfers'", "chain_intact"),
        ("DELETE FROM ledger_seal WHERE number = 3", "head_kept"),
    ],
)
def test_a_broken_chain_is_found(committed_tenant: str, change: str, broken: str) -> None:
    """A seal or a sealed batch that is changed or gone is found; a lost end by the known head."""
    transfers_post(committed_tenant, [pay_in(5), transfer(DEPOSIT, PENALTY, 50)], NOW)
    _seal_all(committed_tenant)
    last = seal_head(committed_tenant)
    head = (last.number, last.hash)
    assert _broken(committed_tenant, head) == {}
    connection.set_autocommit(False)
    try:
        _tamper(f"{change} AND tenant_id = %s", committed_tenant)
        assert broken in _broken(committed_tenant, head)
    finally:
        connection.rollback()
        connection.set_autocommit(True)

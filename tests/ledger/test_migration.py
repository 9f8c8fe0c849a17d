"""Books that the first version of the functions wrote: they migrate, verify, and go on."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from earnest.ledger.commands import accounts_open, transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Outcome
from tests.ledger.market import ACCOUNTS, CASH, DEPOSIT, NOW, PAY_IN, PENALTY, pay_in, transfer

POST_V1 = """
    SELECT ord, status, code FROM ledger_post_v1('old', %(now)s, %(id)s::uuid[],
        %(group_id)s::uuid[], %(kind)s, %(debit)s, %(credit)s, %(amount_fen)s::bigint[],
        %(effective_at)s::timestamptz[], %(reason)s::integer[], %(clause)s, %(rulebook)s,
        %(decision_id)s::uuid[], ARRAY['{}'], ARRAY[''], %(note)s)
"""


@pytest.fixture
def old_books(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """Work in a new database whose ledger stands at its second migration."""
    name = f"old_{uuid4().hex[:12]}"
    usual = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            MigrationExecutor(connection).migrate([("ledger", "0002_database_rules")])
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {name}")
            connection.close()


def test_old_books_verify_and_go_on(old_books: None) -> None:
    """Digests of old batches hold; old ids exist, old refusals stay; new kinds work on top."""
    accounts_open("old", ACCOUNTS, NOW)
    paid = pay_in(100, group_id=uuid4())
    unknown = pay_in(7, kind="hold")
    spent = transfer(DEPOSIT, PENALTY, 500, reason=PAY_IN)
    batch = [paid, unknown, spent]
    with connection.cursor() as cursor:
        cursor.execute(
            POST_V1,
            {
                "now": NOW,
                "id": [t.id for t in batch],
                "group_id": [t.group_id for t in batch],
                "kind": [t.kind for t in batch],
                "debit": [t.debit for t in batch],
                "credit": [t.credit for t in batch],
                "amount_fen": [t.amount_fen for t in batch],
                "effective_at": [t.effective_at for t in batch],
                "reason": [1, 1, 1],
                "clause": [PAY_IN.clause],
                "rulebook": [PAY_IN.rulebook],
                "decision_id": [None],
                "note": [PAY_IN.note],
            },
        )
        assert cursor.fetchall() == [(2, "refused", "unknown_kind"), (3, "refused", "floor_broken")]

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("ledger"))
    assert [check for check in verify("old") if not check.ok] == []

    held = transfer(DEPOSIT, CASH, 60, kind="hold")
    assert transfers_post("old", [*batch, held], NOW) == [
        Outcome(paid.id, "exists", "", 100),
        Outcome(unknown.id, "refused", "unknown_kind"),
        Outcome(spent.id, "refused", "floor_broken"),
        Outcome(held.id, "posted", "", 60),
    ]
    assert balance_of("old", DEPOSIT).free_fen == 40
    assert [check for check in verify("old") if not check.ok] == []

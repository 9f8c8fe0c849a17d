"""What a posting reads: its own accounts, however many others there are."""

import pytest
from django.db import connection

from earnest.ledger.chart import subject_account
from earnest.ledger.commands import accounts_open, transfers_post
from earnest.ledger.records import Transfer
from tests.ledger.market import DEPOSIT, NOW, PENALTY, capture, hold, pay_in, transfer

OTHERS = 3_000
_ROWS_READ = """
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))
    FROM pg_stat_xact_user_tables
    WHERE relname IN ('ledger_account', 'ledger_balance', 'ledger_hold')
"""


def _rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS_READ)
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("kind", ["post", "hold", "capture"])
def test_posting_reads_its_own_accounts_only(tenant: str, kind: str) -> None:
    """With thousands of accounts and no statistics, one transfer reads a handful of rows."""
    others = [subject_account("deposit", "shop", f"P{i:05}") for i in range(OTHERS)]
    accounts_open(tenant, others, NOW)
    connection.cursor().execute("DISCARD PLANS")  # as a new session, which plans anew
    transfers_post(tenant, [pay_in(1_000)], NOW)
    held = hold(100)
    transfers_post(tenant, [held], NOW)
    wanted: dict[str, Transfer] = {
        "post": transfer(DEPOSIT, PENALTY, 10),
        "hold": hold(10),
        "capture": capture(held, 10),
    }
    before = _rows_read()
    assert transfers_post(tenant, [wanted[kind]], NOW)[0].status == "posted"
    assert _rows_read() - before < 20

"""``earnest verify`` and ``earnest ledger``: what they print and how they end."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from django.conf import settings
from django.db import connection

from earnest.cli.ledger import ledger, verify
from earnest.kernel.calendar import Month
from earnest.kernel.errors import EarnestError
from earnest.ledger.commands import accounts_open, transfers_post
from earnest.market.commands import marketplace_open, person_add
from tests.ledger.market import ACCOUNTS, CASH, DEPOSIT, NOW, PENALTY, pay_in, transfer


@pytest.fixture
def books(db: None) -> None:
    """Open the accounts of the command line's tenant, pay 900 fen in and deduct 200."""
    accounts_open(settings.TENANT, ACCOUNTS, NOW)
    transfers_post(settings.TENANT, [pay_in(900), transfer(DEPOSIT, PENALTY, 200)], NOW)


def _run(command: object, *words: str) -> Result:
    return CliRunner().invoke(command, words, catch_exceptions=False)


def test_verify_ends_with_0_when_the_books_hold(books: None) -> None:
    """One row a check, all of them holding."""
    result = _run(verify, "--format", "json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert all(row["holds"] is True for row in rows)
    assert {"debits_equal_credits", "floors_kept", "chain_intact"} <= {row["name"] for row in rows}


def test_verify_ends_with_1_when_something_differs(books: None) -> None:
    """The check that fails says what differs."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET posted_fen = 701 WHERE posted_fen = 700")
    result = _run(verify, "--format", "json")
    assert result.exit_code == 1
    failed = {row["name"]: row["detail"] for row in json.loads(result.stdout) if not row["holds"]}
    assert f"account {DEPOSIT}" in failed["balances_equal_entries"]


def test_verify_compares_a_known_head(books: None) -> None:
    """A head that the chain does not contain is a difference; an unreadable one is wrong use."""
    result = _run(verify, "--format", "json", "--head", "1:" + "0" * 64)
    assert result.exit_code == 1
    assert json.loads(result.stdout)[-1]["name"] == "head_kept"
    assert _run(verify, "--head", "1:xyz").exit_code == 2
    assert json.loads(_run(ledger, "head", "--format", "json").stdout) == []


def test_statement_lists_the_newest_first(books: None) -> None:
    """Running balances and clauses, one row an entry."""
    rows = json.loads(_run(ledger, "statement", DEPOSIT, "--format", "json").stdout)
    assert [(row["seq"], row["amount_fen"], row["balance_fen"]) for row in rows] == [
        (2, -200, 700),
        (1, 900, 900),
    ]
    assert (rows[0]["clause"], rows[0]["counter_account"]) == ("S3-4.2a", PENALTY)
    older = _run(ledger, "statement", DEPOSIT, "--before", "2", "--format", "csv").stdout
    assert older.splitlines()[1].startswith("1,")


def test_balances_by_kind(books: None) -> None:
    """All accounts, or those of a kind."""
    rows = json.loads(_run(ledger, "balances", "--format", "json").stdout)
    assert {row["account"]: row["posted_fen"] for row in rows}[CASH] == -900
    rows = json.loads(_run(ledger, "balances", "--kind", "deposit", "--format", "json").stdout)
    assert (rows[0]["account"], rows[0]["free_fen"]) == (DEPOSIT, 700)


def test_a_month_is_closed_by_a_person_who_may_decide(books: None) -> None:
    """After it nothing counts from before its end; a stranger closes nothing."""
    marketplace_open(settings.TENANT, name_zh="市场", name_en="market")
    person_add(settings.TENANT, "fin", "long-password-1", role="finance")
    month = str(Month.of(NOW.date()).plus(-1))
    with pytest.raises(EarnestError):
        _run(ledger, "close", "--month", month, "--by", "nobody")
    closed = json.loads(
        _run(ledger, "close", "--month", month, "--by", "fin", "--format", "json").stdout
    )
    assert (closed[0]["month"], closed[0]["by"]) == (month, "fin")
    late = replace(pay_in(5), effective_at=NOW - timedelta(days=62))
    (outcome,) = transfers_post(settings.TENANT, [late], NOW)
    assert (outcome.status, outcome.code) == ("refused", "period_closed")

"""Several sessions at once on few accounts: nothing lost, doubled, or below a floor."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection, transaction

from earnest.ledger.chart import subject_account
from earnest.ledger.commands import accounts_open, transfers_post
from earnest.ledger.queries import balance_of, balances_listed, verify
from earnest.ledger.records import Outcome, Transfer
from tests.ledger.market import CAPPED, CASH, DEPOSIT, NOW, PENALTY, pay_in, transfer

# Other sessions must see the books, so no test works inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS = 4


def _at_once(work: Callable[[int], list[Outcome]]) -> list[Outcome]:
    """Do a piece of work in each of four sessions at the same time; return all outcomes."""
    start = Barrier(SESSIONS)

    def session(number: int) -> list[Outcome]:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(SESSIONS) as pool:
        return [outcome for part in pool.map(session, range(SESSIONS)) for outcome in part]


def _assert_books_hold(tenant: str) -> None:
    assert [check for check in verify(tenant) if not check.ok] == []
    assert sum(row.posted_fen for row in balances_listed(tenant)) == 0
    assert all(row.free_fen >= 0 for row in balances_listed(tenant, "deposit"))


@pytest.mark.clause("S3-4.2a")
def test_random_batches_from_four_sessions(committed_tenant: str) -> None:
    """Duplicates, altered duplicates, unknown accounts, floors, ceilings: the books prove."""
    shops = [subject_account("deposit", "shop", f"C{i:03}") for i in range(20)]
    accounts_open(committed_tenant, shops, NOW)
    codes = [shop.code for shop in shops]
    transfers_post(committed_tenant, [pay_in(100, code) for code in codes], NOW)
    planned = _plan(random.Random(20250901), codes)

    def session(number: int) -> list[Outcome]:
        batches = planned[number]
        return [o for batch in batches for o in transfers_post(committed_tenant, batch, NOW)]

    outcomes = _at_once(session)
    _assert_books_hold(committed_tenant)
    posted = Counter(outcome.id for outcome in outcomes if outcome.status == "posted")
    assert set(posted.values()) == {1}
    statuses = Counter(outcome.status for outcome in outcomes)
    assert set(statuses) == {"posted", "exists", "conflict", "refused"}
    # A second delivery of everything, by whichever session, changes nothing.
    for batch in chain.from_iterable(planned):
        again = transfers_post(committed_tenant, batch, NOW)
        assert not [outcome for outcome in again if outcome.status == "posted"]
    _assert_books_hold(committed_tenant)


def _plan(chance: random.Random, codes: list[str]) -> list[list[list[Transfer]]]:
    """Return batches for each session; some transfers are sent by several, some altered."""
    sent: list[Transfer] = []
    planned: list[list[list[Transfer]]] = [[] for _ in range(SESSIONS)]
    for turn in range(30 * SESSIONS):
        batch = []
        for _ in range(chance.randint(1, 15)):
            dice = chance.random()
            if sent and dice < 0.08:
                once = chance.choice(sent)
                batch.append(once if dice < 0.05 else replace(once, amount_fen=once.amount_fen + 1))
                continue
            debit, credit = chance.sample([*codes, CAPPED], 2)
            debit = "nowhere" if dice > 0.99 else debit
            group = UUID(int=turn + 1) if dice > 0.9 else None
            identity = UUID(int=chance.getrandbits(128))
            amount = chance.randint(1, 60)
            batch.append(transfer(debit, credit, amount, id=identity, group_id=group))
            sent.append(batch[-1])
        planned[turn % SESSIONS].append(batch)
    return planned


def test_same_batch_from_four_sessions_is_posted_once(committed_tenant: str) -> None:
    """Of four simultaneous deliveries of one batch one is posted, three exist."""
    batch = [pay_in(1) for _ in range(50)]
    outcomes = _at_once(lambda _: transfers_post(committed_tenant, batch, NOW))
    assert Counter(outcome.status for outcome in outcomes) == {"posted": 50, "exists": 150}
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 50
    _assert_books_hold(committed_tenant)


def test_same_id_other_content_at_once(committed_tenant: str) -> None:
    """Of four sessions that give one id four contents one wins, and nobody is both yes and no."""
    for turn in range(10):
        contents = [
            pay_in(1),
            transfer(DEPOSIT, PENALTY, 10_000),
            transfer(CASH, "nowhere", 1),
            pay_in(2),
        ]
        shared = UUID(int=turn + 1)
        outcomes = _at_once(
            lambda n, contents=contents, shared=shared: transfers_post(
                committed_tenant, [replace(contents[n], id=shared)], NOW
            )
        )
        statuses = Counter(outcome.status for outcome in outcomes)
        assert statuses["conflict"] == 3
        assert statuses["posted"] + statuses["refused"] == 1
    _assert_books_hold(committed_tenant)


def test_last_money_is_spent_once(committed_tenant: str) -> None:
    """Of four deductions of the whole deposit one is posted and three are refused."""
    transfers_post(committed_tenant, [pay_in(100)], NOW)
    outcomes = _at_once(
        lambda _: transfers_post(committed_tenant, [transfer(DEPOSIT, PENALTY, 100)], NOW)
    )
    assert Counter((outcome.status, outcome.code) for outcome in outcomes) == {
        ("posted", ""): 1,
        ("refused", "floor_broken"): 3,
    }
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 0


def test_posting_inside_a_transaction_of_the_caller(committed_tenant: str) -> None:
    """What the caller rolls back was never posted, and can be posted afterwards."""
    once = pay_in(5)
    with transaction.atomic():
        assert transfers_post(committed_tenant, [once], NOW)[0].status == "posted"
        transaction.set_rollback(True)
    assert transfers_post(committed_tenant, [once], NOW)[0].status == "posted"
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 5

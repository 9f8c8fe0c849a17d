"""Several sessions at the same thing: the books are those of one after the other."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from earnest.kernel.calendar import Month
from earnest.ledger.commands import holds_expire, month_close, transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Outcome, Transfer
from tests.ledger.market import CASH, CLAIM, DEPOSIT, NOW, OTHER_DEPOSIT, PENALTY, pay_in, transfer

TURNS = 8
Work = Callable[[], object]


def _at_once(*works: Work) -> list[object]:
    """Do each work in a session of its own, all starting at the same time."""
    start = Barrier(len(works))

    def session(work: Work) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(session, works))


@pytest.fixture
def books(committed_tenant: str) -> Iterator[str]:
    """Give a tenant whose books are proven when the test is over."""
    yield committed_tenant
    assert [check for check in verify(committed_tenant) if not check.ok] == []


def _post(tenant: str, *batch: Transfer) -> list[Outcome]:
    return transfers_post(tenant, batch, NOW)


def _race(tenant: str, *sides: Transfer) -> Counter[tuple[str, str, str]]:
    """Post each side in a session of its own; count kinds with what became of them."""
    answers = _at_once(*(lambda side=side: _post(tenant, side)[0] for side in sides))
    return Counter(
        (side.kind, answer.status, answer.code)
        for side, answer in zip(sides, answers, strict=True)
        if isinstance(answer, Outcome)
    )


def _held(tenant: str, amount_fen: int, **content: object) -> Transfer:
    """Pay in and hold an amount; return the hold."""
    hold = transfer(DEPOSIT, PENALTY, amount_fen, kind="hold", **content)
    assert all(o.status == "posted" for o in _post(tenant, pay_in(amount_fen), hold))
    return hold


def _capture(hold: Transfer, amount_fen: int) -> Transfer:
    return transfer(DEPOSIT, PENALTY, amount_fen, kind="capture", pending_id=hold.id)


@pytest.mark.clause("S3-4.2b")
def test_double_capture(books: str) -> None:
    """Of four captures of the whole hold one moves it."""
    for _ in range(TURNS):
        hold = _held(books, 10)
        assert _race(books, *(_capture(hold, 10) for _ in range(4))) == {
            ("capture", "posted", ""): 1,
            ("capture", "refused", "hold_closed"): 3,
        }
    assert balance_of(books, PENALTY).posted_fen == 10 * TURNS


def test_capture_against_void(books: str) -> None:
    """Either the money goes or it is released, never both."""
    for _ in range(TURNS):
        hold = _held(books, 10)
        void = transfer(DEPOSIT, "", 0, kind="void", pending_id=hold.id)
        statuses = _race(books, _capture(hold, 10), void)
        assert sum(n for (_, status, _), n in statuses.items() if status == "posted") == 1
        assert sum(n for (_, _, code), n in statuses.items() if code == "hold_closed") == 1
    assert balance_of(books, DEPOSIT).held_fen == 0


def test_two_sweepers_end_a_hold_once(books: str) -> None:
    """Each expired hold is ended by one of them."""
    at = NOW + timedelta(hours=2)
    for _ in range(20):
        _held(books, 1, expires_at=NOW + timedelta(hours=1))
    both = _at_once(lambda: holds_expire(books, at), lambda: holds_expire(books, at))
    answers = [answer for each in both if isinstance(each, list) for answer in each]
    assert Counter(answer.status for answer in answers)["posted"] == 20
    assert balance_of(books, DEPOSIT).held_fen == 0


@pytest.mark.clause("S3-4.2a", "S3-6.1x")
def test_withdrawal_against_deduction(books: str) -> None:
    """The last 100 go to the shop or to the penalty; the other is refused."""
    for _ in range(TURNS):
        _post(books, pay_in(100))
        withdraw = transfer(DEPOSIT, CASH, 100)
        deduct = transfer(DEPOSIT, PENALTY, 60)
        answers = _race(books, withdraw, deduct)
        assert answers[("post", "refused", "floor_broken")] == 1
        rest = balance_of(books, DEPOSIT).posted_fen
        assert rest in {0, 40}
        _post(books, transfer(DEPOSIT, CASH, rest or 1))
    assert balance_of(books, DEPOSIT).posted_fen == 0


@pytest.mark.clause("S3-4.2a", "S3-4.2b")
def test_two_deductions_with_a_claim_at_once(books: str) -> None:
    """Two waterfalls of 80 on 100: together 100 from the deposit and 60 as claims, always."""

    def waterfall() -> list[Outcome]:
        group = uuid4()
        first = transfer(DEPOSIT, PENALTY, 80, kind="up_to", group_id=group)
        rest = transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=first.id)
        return _post(books, first, rest)

    for turn in range(1, TURNS + 1):
        _post(books, pay_in(100))
        both = _at_once(waterfall, waterfall)
        moved = sorted(o.moved_fen for each in both if isinstance(each, list) for o in each)
        assert moved == [0, 20, 60, 80]
        assert balance_of(books, DEPOSIT).posted_fen == 0
        assert balance_of(books, CLAIM).posted_fen == -60 * turn
        assert balance_of(books, PENALTY).posted_fen == 160 * turn


def test_id_used_for_another_account_at_once(books: str) -> None:
    """One id for two accounts: one is posted, the other is told of the conflict."""
    for _ in range(TURNS):
        _post(books, pay_in(10), pay_in(10, OTHER_DEPOSIT))
        one = transfer(DEPOSIT, PENALTY, 10, kind="hold")
        assert _race(books, one, replace(one, debit=OTHER_DEPOSIT)) == {
            ("hold", "posted", ""): 1,
            ("hold", "conflict", "id_used_before"): 1,
        }


def test_freeze_against_posting(books: str) -> None:
    """What leaves the account was recorded before the freeze, or it is refused."""
    for _ in range(TURNS):
        _post(books, pay_in(10))
        freeze = transfer(DEPOSIT, "", 0, kind="freeze")
        answers = _race(books, freeze, transfer(DEPOSIT, PENALTY, 10))
        assert answers[("freeze", "posted", "")] == 1
        posted, refused = (
            answers[("post", "posted", "")],
            answers[("post", "refused", "account_frozen")],
        )
        assert posted + refused == 1
        assert balance_of(books, DEPOSIT).posted_fen == 10 * refused
        unfreeze = transfer(DEPOSIT, "", 0, kind="unfreeze", pending_id=freeze.id)
        _post(books, unfreeze, transfer(DEPOSIT, PENALTY, 10))


def test_two_reversals_at_once(books: str) -> None:
    """Of two reversals of one deduction one moves the money back."""
    for _ in range(TURNS):
        deduction = transfer(DEPOSIT, PENALTY, 10)
        _post(books, pay_in(10), deduction)
        back = [
            transfer(PENALTY, DEPOSIT, 10, kind="reverse", pending_id=deduction.id)
            for _ in range(2)
        ]
        assert _race(books, *back) == {
            ("reverse", "posted", ""): 1,
            ("reverse", "refused", "already_reversed"): 1,
        }


def test_closing_against_late_postings(books: str) -> None:
    """What is in the month was recorded before its closing; the proof at the end says so."""
    late = [pay_in(1, effective_at=NOW - timedelta(days=2)) for _ in range(30)]
    month = Month(2025, 8)
    _at_once(
        lambda: [_post(books, each) for each in late[:15]],
        lambda: [_post(books, each) for each in late[15:]],
        lambda: month_close(books, month, "finance", NOW),
    )
    answers = _post(books, *late)
    assert {(a.status, a.code) for a in answers} <= {("exists", ""), ("refused", "period_closed")}
    assert _post(books, replace(late[0], id=uuid4()))[0].code == "period_closed"

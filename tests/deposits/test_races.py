"""Several sessions at one deposit: recoveries, set-offs and withdrawals never take a fen twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection

from earnest.deposits.accounts import clearing_of, deposit_of
from earnest.deposits.claims import claims_set_off
from earnest.deposits.holds import Settlement, hold_place, hold_settle, holds
from earnest.deposits.recoveries import (
    Progress,
    recoveries_continue_of,
    recovery_begin,
    recovery_rest,
)
from earnest.kernel.errors import Conflict
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Outcome, Reason, Transfer
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.deposits.scene import (
    AT,
    S1,
    books_hold,
    money,
    new_hold,
    new_recovery,
    pay_in,
    tenant_with,
)

TURNS = 5


@pytest.fixture
def tenant(flushed_afterwards: None, django_db_blocker: object) -> Iterator[str]:
    """Return a shop's fresh tenant, committed; its books are proven when the test is over."""
    with django_db_blocker.unblock():
        tenant_id = tenant_with()
        yield tenant_id
        assert books_hold(tenant_id)
        connection.close()


def _at_once(*works: Callable[[], object]) -> list[object]:
    """Do each work in a session of its own, all starting at the same time."""
    start = Barrier(len(works))

    def session(work: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work()
        except Conflict as refused:
            return refused.problem.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(session, works))


def _withdraw(tenant: str, amount_fen: int) -> Outcome:
    moved = Transfer(
        id=uuid4(), debit=deposit_of(S1), credit=clearing_of("bank"), amount_fen=amount_fen,
        effective_at=AT, reason=Reason("S3-6.1x", SHOP_DEPOSIT, None, "withdrawn"),
    )  # fmt: skip
    return transfers_post(tenant, [moved], AT)[0]


@pytest.mark.clause("S3-4.2a", "S3-4.2b")
def test_two_recoveries_at_once(tenant: str) -> None:
    """Two of 80 for the platform on 100: together 100 from the deposit and 60 owed, each time."""
    for turn in range(1, TURNS + 1):
        pay_in(tenant, 100)
        both = [new_recovery(80, beneficiary="platform") for _ in range(2)]
        done = _at_once(*(lambda new=new: recovery_begin(tenant, new, AT) for new in both))
        assert sum(each.taken_fen for each in done if isinstance(each, Progress)) == 100
        assert money(tenant) == (0, 0, -60 * turn)


def test_one_recovery_tried_in_two_sessions(tenant: str) -> None:
    """A daily try and one for a payment in: what came in is taken once."""
    for _ in range(TURNS):
        row = recovery_begin(tenant, new_recovery(80), AT).recovery
        pay_in(tenant, 50)
        _at_once(*[lambda: recoveries_continue_of(tenant, S1, AT)] * 2)
        assert (recovery_rest(row), money(tenant)[0]) == (30, 0)
        pay_in(tenant, 30)
        recoveries_continue_of(tenant, S1, AT)
        row.refresh_from_db()
        assert (row.state, money(tenant)[0]) == ("settled", 0)


@pytest.mark.clause("S3-4.2a", "S3-6.1x")
def test_withdrawal_against_recovery(tenant: str) -> None:
    """The last 100 are withdrawn or recovered from; the deposit never goes below 0."""
    for turn in range(TURNS):
        pay_in(tenant, 100)
        new = new_recovery(60, beneficiary="platform", case_number=f"W{turn}")
        before = money(tenant)[2]
        answers = _at_once(
            lambda: _withdraw(tenant, 100), lambda new=new: recovery_begin(tenant, new, AT)
        )
        withdrawn = next(each for each in answers if isinstance(each, Outcome))
        deposit, _, claim = money(tenant)
        if withdrawn.status == "posted":
            assert (deposit, before - claim) == (0, 60)
        else:
            assert (deposit, before - claim) == (40, 0)
            assert _withdraw(tenant, 40).status == "posted"


@pytest.mark.clause("S3-4.2a")
def test_an_unsplit_recovery_against_a_withdrawal(tenant: str) -> None:
    """Either all 60 are taken or none: no part of it, whatever happens in between."""
    for _ in range(TURNS):
        pay_in(tenant, 100)
        new = new_recovery(60, mode="unsplit")
        _at_once(lambda: _withdraw(tenant, 70), lambda new=new: recovery_begin(tenant, new, AT))
        deposit = money(tenant)[0]
        assert deposit in {30, 40}
        assert _withdraw(tenant, deposit).status == "posted"


@pytest.mark.clause("S3-5.3d")
def test_two_set_offs_at_once(tenant: str) -> None:
    """A claim of 60 with proceeds of 100 is paid once, and 40 stay the shop's."""
    for turn in range(1, TURNS + 1):
        recovery_begin(tenant, new_recovery(60, beneficiary="platform"), AT)
        pay_in(tenant, 100, f"settlement:{S1[0]}:{S1[1]}")
        _at_once(*[lambda: claims_set_off(tenant, S1, AT)] * 2)
        assert money(tenant) == (0, 40 * turn, 0)


@pytest.mark.clause("S3-4.2c")
def test_a_hold_against_a_recovery(tenant: str) -> None:
    """What is held is not recovered, what is recovered is not held; who comes late is refused."""
    for _ in range(TURNS):
        pay_in(tenant, 100)
        new, hold = new_recovery(80, mode="unsplit"), new_hold(50)
        _at_once(
            lambda new=new: recovery_begin(tenant, new, AT),
            lambda hold=hold: hold_place(tenant, hold, AT),
        )
        left = balance_of(tenant, deposit_of(S1))
        assert (left.posted_fen, left.held_fen) in {(20, 20), (20, 0), (100, 50)}
        for row, remaining in holds(tenant, is_open=True):
            settlement = Settlement(remaining, 0, 0, "platform", uuid4(), SHOP_DEPOSIT)
            hold_settle(tenant, row.case_number, settlement, AT)
        assert _withdraw(tenant, left.posted_fen).status == "posted"

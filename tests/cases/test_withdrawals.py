"""Withdrawals of excess: both conditions shown, two persons, and never below what is required."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection

from earnest.cases.following import cases_follow
from earnest.cases.queries import case_state, decisions_of_case
from earnest.cases.withdrawals import withdrawal_ask, withdrawal_check
from earnest.consequences.commands import decision_settle
from earnest.decisions.replay import decisions_replay
from earnest.deposits.commands import deduction_post
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.ledger.queries import verify
from earnest.ledger.records import Reason
from earnest.market.openings import category_open, category_shut
from earnest.notices.models import Notice
from earnest.payouts.commands import payee_revoke
from earnest.payouts.models import Payout
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.cases.scene import (
    NOW,
    S1,
    approved,
    settle,
    shop_open,
    sold,
    stands,
    taken,
    tenant_new,
    verified,
)

pytestmark = pytest.mark.django_db


def _with_excess(tenant: str) -> str:
    """Give a shop that closed jewelry and holds 60,000 yuan of 10,000 required."""
    shop_open(
        tenant, categories=("apparel", "jewelry"), deposit_fen=6_000_000, required_fen=1_000_000
    )
    category_shut(tenant, "S1", "jewelry", day_of(NOW))
    verified(tenant)
    return tenant


@pytest.fixture
def tenant() -> str:
    """Give a market with such a shop."""
    return _with_excess(tenant_new())


def _last_word(tenant: str, decision_id: UUID) -> object:
    return decision_settle(
        tenant, decision_id, verdict="approve", actor="other", reason="seen", now=NOW
    )


def _at_once(*works: Callable[[], object]) -> None:
    """Do each work in a session of its own, all starting at the same time."""
    start = Barrier(len(works))

    def session(work: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(session, works))


def _rows(tenant: str) -> dict[str, bool]:
    return {row.name: row.holds for row in withdrawal_check(tenant, "S1", NOW).rows}


@pytest.mark.clause("S3-6.1a", "S3-6.1b", "S3-6.1x")
def test_with_both_conditions_the_excess_is_paid_out(tenant: str) -> None:
    """50,000 of 60,000 go to the verified account after two persons; 10,000 stay."""
    check = withdrawal_check(tenant, "S1", NOW)
    assert all(row.holds for row in check.rows)
    assert (check.allowed, check.amount_fen) == (True, 5_000_000)
    case = withdrawal_ask(tenant, "S1", None, "shop", NOW)
    (decision,) = decisions_of_case(case)
    settle(tenant, decision.id, NOW, persons=1)
    assert not Payout.objects.filter(tenant_id=tenant).exists()
    with pytest.raises(Conflict, match="withdrawal_waiting"):
        withdrawal_ask(tenant, "S1", 1, "shop", NOW)
    _last_word(tenant, decision.id)
    payout = Payout.objects.get(tenant_id=tenant)
    assert (payout.amount_fen, payout.purpose, payout.clause, payout.route) == (
        5_000_000, "excess_withdrawal", "S3-6.1x", "verified_account",
    )  # fmt: skip
    at = stands(tenant)
    assert (at.free_fen, at.held_fen, at.shortage_fen) == (1_000_000, 5_000_000, 0)
    assert payout.number in Notice.objects.get(tenant_id=tenant).body_zh
    assert cases_follow(tenant, NOW) == 1
    case.refresh_from_db()
    assert case_state(case) == "done"
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S3-6.1a")
def test_an_open_high_category_stands_in_the_way(tenant: str) -> None:
    """Jewelry open again: that row alone is red, and nothing can be asked for."""
    category_open(tenant, "S1", "jewelry", day_of(NOW) + timedelta(days=1))
    at = NOW + timedelta(days=1)
    check = withdrawal_check(tenant, "S1", at)
    assert [row.name for row in check.rows if not row.holds] == ["category_closed"]
    with pytest.raises(RuleRefused, match=r"S3-6\.1a.*\[withdrawal_not_allowed\]"):
        withdrawal_ask(tenant, "S1", None, "shop", at)


@pytest.mark.clause("S3-6.1b")
@pytest.mark.parametrize(
    ("category", "day", "holds"),
    [
        ("jewelry", "2025-08-01", False),
        ("jewelry", "2025-08-31", False),
        ("jewelry", "2025-07-31", True),
        ("jewelry", "2025-09-01", True),
        ("apparel", "2025-08-15", True),
    ],
)
def test_only_last_months_sales_of_the_highest_special_category_count(
    tenant: str, category: str, day: str, holds: bool
) -> None:
    """One yuan sold of it on any day of the last calendar month makes the row red."""
    sold(tenant, category, day, 100)
    assert _rows(tenant) == {
        "category_closed": True, "no_special_sales": holds, "excess": True,
        "account_verified": True,
    }  # fmt: skip


@pytest.mark.clause("S3-6.1a", "S3-6.1b")
def test_the_highest_category_counts_and_not_a_lower_one(tenant: str) -> None:
    """Wine is special and open and sells; the highest, jewelry, is closed: the rows stay green."""
    category_open(tenant, "S1", "wine", day_of(NOW))
    sold(tenant, "wine", "2025-08-15", 100)
    rows = _rows(tenant)
    assert (rows["category_closed"], rows["no_special_sales"]) == (True, True)


@pytest.mark.clause("S3-6.1x")
def test_no_more_than_the_excess_can_be_asked_for(tenant: str) -> None:
    """A fen more, nothing, or less than nothing is refused; an account is needed as well."""
    for amount in (5_000_001, 0, -1):
        with pytest.raises(BadInput, match="more_than_excess"):
            withdrawal_ask(tenant, "S1", amount, "shop", NOW)
    payee_revoke(tenant, S1, rail="alipay_transfer", by="finance", now=NOW)
    with pytest.raises(RuleRefused, match="withdrawal_not_allowed"):
        withdrawal_ask(tenant, "S1", None, "shop", NOW)


@pytest.mark.clause("S3-6.1x")
@pytest.mark.parametrize(("taken_fen", "paid_fen"), [(1, 4_999_999), (4_999_999, 1)])
def test_a_deduction_in_between_leaves_less_to_pay(
    tenant: str, taken_fen: int, paid_fen: int
) -> None:
    """What is approved is paid as far as it is still excess, and the shop is told the rest."""
    case = withdrawal_ask(tenant, "S1", None, "shop", NOW)
    taken(tenant, S1, taken_fen)
    decision = approved(tenant, case)
    assert decision.effect["paid_fen"] == paid_fen
    assert stands(tenant).free_fen == 1_000_000
    assert "no excess any more" in Notice.objects.get(tenant_id=tenant).body_en


@pytest.mark.clause("S3-6.1a", "S3-6.1x")
def test_what_is_no_excess_any_more_is_not_paid(tenant: str) -> None:
    """A category that was reopened before the last word: nothing goes out."""
    case = withdrawal_ask(tenant, "S1", 100, "shop", NOW)
    category_open(tenant, "S1", "jewelry", day_of(NOW) + timedelta(days=1))
    decision = approved(tenant, case, NOW + timedelta(days=2))
    assert (decision.effect["paid_fen"], decision.effect["payout"]) == (0, "")
    assert not Payout.objects.filter(tenant_id=tenant).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.clause("S3-6.1x", "S3-4.2a")
def test_a_withdrawal_and_a_deduction_at_once_never_go_below_the_requirement() -> None:
    """Both in their own session: what is paid out leaves the requirement, whoever comes first."""
    for _ in range(4):
        tenant = _with_excess(tenant_new())
        case = withdrawal_ask(tenant, "S1", None, "shop", NOW)
        decision = decisions_of_case(case)[0]
        settle(tenant, decision.id, NOW, persons=1)
        reason = Reason("S3-4.2a", SHOP_DEPOSIT, uuid4(), "race")
        _at_once(
            partial(_last_word, tenant, decision.id),
            partial(deduction_post, tenant, S1, 2_000_000, reason, NOW),
        )
        decision.refresh_from_db()
        paid, at = decision.effect["paid_fen"], stands(tenant)
        assert (paid, at.claim_fen) in {(5_000_000, 1_000_000), (3_000_000, 0)}
        assert (at.held_fen, at.free_fen) == (paid, 0 if at.claim_fen else 1_000_000)
        assert [check.name for check in verify(tenant) if not check.ok] == []

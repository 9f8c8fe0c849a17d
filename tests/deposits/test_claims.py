"""Claims: what is owed, how old each part is, and proceeds that pay it."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.deposits.accounts import claim_of, clearing_of, settlement_of
from earnest.deposits.claims import (
    ClaimAge,
    claims_ageing,
    claims_look,
    claims_open,
    claims_set_off,
    owing_subjects,
    settlement_withhold,
)
from earnest.deposits.commands import deduction_post
from earnest.kernel.calendar import day_start
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, statement
from earnest.ledger.records import Reason, Transfer
from earnest.notices.models import Notice
from earnest.restrictions.commands import restrictions_release
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.deposits.scene import AT, S1, books_hold, money, pay_in, tenant_with

ON = date(2025, 9, 8)

pytestmark = pytest.mark.django_db


def _claim(tenant: str, amount_fen: int, at: datetime = AT) -> None:
    """Let an empty deposit be deducted from, so that all of it is owed."""
    deduction_post(tenant, S1, amount_fen, Reason("S3-4.2b", SHOP_DEPOSIT, uuid4(), "test"), at)


def _repay(tenant: str, amount_fen: int, at: datetime = AT) -> None:
    reason = Reason("S3-5.3c", SHOP_DEPOSIT, None, "repaid")
    moved = Transfer(
        id=uuid4(), debit=clearing_of("bank"), credit=claim_of(S1), amount_fen=amount_fen,
        effective_at=at, reason=reason,
    )  # fmt: skip
    assert transfers_post(tenant, [moved], at)[0].status == "posted"


@pytest.mark.clause("S3-5.3d")
def test_proceeds_pay_what_is_owed() -> None:
    """A claim of 6,000 and proceeds of 2,000: 4,000 are still owed, and the clause is S3-5.3d."""
    tenant = tenant_with()
    _claim(tenant, 600_000)
    pay_in(tenant, 200_000, settlement_of(S1))
    done = claims_set_off(tenant, S1, AT)
    assert done is not None
    assert (done.taken_fen, done.owed_fen, money(tenant)) == (200_000, 400_000, (0, 0, -400_000))
    assert statement(tenant, claim_of(S1), 1)[0].clause == "S3-5.3d"
    assert claims_set_off(tenant, S1, AT) is None


@pytest.mark.clause("S3-5.3d")
def test_a_set_off_takes_no_more_than_is_owed() -> None:
    """The claim goes to 0 and the rest of the proceeds stays the shop's."""
    tenant = tenant_with(0, 900)
    _claim(tenant, 600)
    (done,) = claims_look(tenant, AT).set_off
    assert (done.taken_fen, done.owed_fen, money(tenant)) == (600, 0, (0, 300, 0))
    assert claims_look(tenant, AT).set_off == ()
    assert books_hold(tenant)


@pytest.mark.clause("S3-5.3d")
def test_a_set_off_is_told_with_its_reasons() -> None:
    """Both languages give clause, facts, calculation, effect and how it ends."""
    tenant = tenant_with(0, 200)
    _claim(tenant, 600)
    claims_set_off(tenant, S1, AT)
    told = Notice.objects.get(tenant_id=tenant)
    assert (told.clause, told.kind) == ("S3-5.3d", "payment")
    for part in (
        "依据：",
        "事实：",
        "应追偿款 6.00 元 − 自货款抵扣 2.00 元",
        "影响：",
        "如何解除：",
    ):
        assert part in told.body_zh
    for part in ("Basis: ", "owed 6.00 yuan - set off 2.00 yuan", "How it ends: ", "If you"):
        assert part in told.body_en


def test_set_offs_at_one_instant_are_told_apart() -> None:
    """Where time stands still a second set-off is no repeat of the first."""
    tenant = tenant_with(0, 100)
    _claim(tenant, 600)
    claims_set_off(tenant, S1, AT)
    pay_in(tenant, 50, settlement_of(S1))
    done = claims_set_off(tenant, S1, AT)
    assert done is not None
    assert (done.taken_fen, done.owed_fen) == (50, 450)


@pytest.mark.clause("S3-5.3d")
def test_withheld_proceeds_open_by_themselves_when_nothing_is_owed() -> None:
    """The restriction stays with a fen owed and ends with the last; not without looking."""
    tenant = tenant_with(0, 99)
    _claim(tenant, 100)
    settlement_withhold(tenant, S1, SHOP_DEPOSIT, uuid4(), AT)
    claims_set_off(tenant, S1, AT)
    assert restrictions_release(tenant, set(), AT, owing=owing_subjects(tenant)) == []
    pay_in(tenant, 1, settlement_of(S1))
    claims_set_off(tenant, S1, AT)
    assert restrictions_release(tenant, set(), AT) == []
    (row,) = restrictions_release(tenant, set(), AT, owing=owing_subjects(tenant))
    assert (row.capability, row.clause, row.released_because) == (
        "withdrawal", "S3-5.3d", "nothing_owed",
    )  # fmt: skip
    assert capabilities_restricted(tenant, *S1) == set()


def test_what_comes_in_pays_the_oldest_part_first() -> None:
    """Of 100 and 50, a payment of 120 leaves 30 of the younger one."""
    tenant = tenant_with()
    _claim(tenant, 100, AT)
    _claim(tenant, 50, AT + timedelta(days=10))
    _repay(tenant, 120, AT + timedelta(days=11))
    (part,) = claims_open(tenant, subject=S1)
    assert (part.claimed_fen, part.owed_fen, part.since_on) == (50, 30, date(2025, 9, 18))
    assert (part.clause, part.origin) == ("S3-4.2b", "other")
    before = claims_open(tenant, on=date(2025, 9, 18))
    assert [each.owed_fen for each in before] == [100, 50]


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, 0), (30, 0), (31, 1), (60, 1), (61, 2), (90, 2), (91, 3), (400, 3)]
)
def test_ageing_counts_the_days(days: int, bucket: int) -> None:
    """To 30, 60 and 90 days, and over; the last day of each belongs to it."""
    tenant = tenant_with()
    _claim(tenant, 100)
    parts = [0, 0, 0, 0]
    parts[bucket] = 100
    expected = ClaimAge(S1, 100, *parts, ON)
    assert claims_ageing(tenant, ON + timedelta(days=days)) == [expected]


@settings(max_examples=15, deadline=None)
@given(moves=st.lists(st.tuples(st.integers(0, 120), st.integers(-200, 200)), max_size=8))
def test_open_parts_are_together_what_is_owed(moves: list[tuple[int, int]]) -> None:
    """Whatever is claimed and repaid: parts and ages add up to the balance, and none is 0."""
    tenant = tenant_with()
    for day, amount in sorted(moves):
        at = AT + timedelta(days=day)
        owed = -balance_of(tenant, claim_of(S1)).posted_fen
        if amount > 0:
            _claim(tenant, amount, at)
        elif owed and amount:
            _repay(tenant, min(owed, -amount), at)
    owed = -balance_of(tenant, claim_of(S1)).posted_fen
    parts = claims_open(tenant)
    assert sum(part.owed_fen for part in parts) == owed
    assert all(0 < part.owed_fen <= part.claimed_fen for part in parts)
    aged = claims_ageing(tenant, ON + timedelta(days=150))
    assert sum(each.owed_fen for each in aged) == owed
    assert owing_subjects(tenant) == ({S1} if owed else set())
    assert all(each.oldest_on >= day_start(ON).date() for each in aged)

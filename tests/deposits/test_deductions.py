"""Money out of a deposit: never more than there is, the rest a claim, everything with a clause."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.deposits.accounts import (
    claim_of,
    clearing_of,
    deposit_of,
    platform_accounts_open,
    settlement_of,
    subject_accounts_open,
)
from earnest.deposits.commands import deduction_post, top_up_from_proceeds
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Reason, Transfer

AT = datetime(2025, 9, 8, tzinfo=UTC)
P1 = ("provider", "P1")

pytestmark = pytest.mark.django_db


def _reason(clause: str = "S0-2.2.5-5a") -> Reason:
    return Reason(clause, "kuaishou-supply-market", uuid4(), "test")


def _tenant_with(deposit_fen: int, proceeds_fen: int = 0) -> str:
    """Open the accounts of a fresh tenant and pay in what is asked for."""
    tenant = f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, AT)
    subject_accounts_open(tenant, [P1], AT)
    wanted = [(deposit_of(P1), deposit_fen), (settlement_of(P1), proceeds_fen)]
    transfers_post(
        tenant,
        [
            Transfer(
                id=uuid4(),
                debit=clearing_of("bank"),
                credit=code,
                amount_fen=amount,
                effective_at=AT,
                reason=_reason("S3-2.1a"),
            )
            for code, amount in wanted
            if amount
        ],
        AT,
    )
    return tenant


@pytest.mark.clause("S0-2.2.5-5a", "S3-4.2a")
def test_a_fine_is_taken_from_the_deposit() -> None:
    """A fine of 2,500 yuan leaves 7,500 of a deposit of 10,000, and no claim."""
    tenant = _tenant_with(1_000_000)
    taken = deduction_post(tenant, P1, 250_000, _reason(), AT)
    assert (taken.taken_fen, taken.claim_fen) == (250_000, 0)
    assert balance_of(tenant, deposit_of(P1)).free_fen == 750_000
    assert balance_of(tenant, "penalty_income").posted_fen == 250_000


@pytest.mark.clause("S0-2.2.5-5c", "S3-4.2b")
def test_what_the_deposit_cannot_bear_becomes_a_claim() -> None:
    """A fine of 10,000 yuan on a deposit of 2,500 takes it all and leaves 7,500 owed."""
    tenant = _tenant_with(250_000)
    taken = deduction_post(tenant, P1, 1_000_000, _reason("S0-2.2.5-5c"), AT)
    assert (taken.taken_fen, taken.claim_fen) == (250_000, 750_000)
    assert balance_of(tenant, deposit_of(P1)).free_fen == 0
    assert balance_of(tenant, claim_of(P1)).posted_fen == -750_000


@pytest.mark.clause("S3-4.2b")
def test_an_empty_deposit_leaves_only_a_claim() -> None:
    """Nothing is taken from an empty deposit, and only the transfer of the claim is named."""
    tenant = _tenant_with(0)
    taken = deduction_post(tenant, P1, 5, _reason(), AT)
    assert (taken.taken_fen, taken.claim_fen, len(taken.transfer_ids)) == (0, 5, 1)


@pytest.mark.clause("S3-5.1e")
def test_a_top_up_moves_no_more_proceeds_than_there_are() -> None:
    """A shortage of 20,000 with proceeds of 500 moves 500, and nothing when there is nothing."""
    tenant = _tenant_with(1_000_000, 50_000)
    reason = Reason("S3-5.1e", "kuaishou-shop-deposit", uuid4(), "test")
    assert top_up_from_proceeds(tenant, P1, 2_000_000, reason, AT).taken_fen == 50_000
    assert balance_of(tenant, deposit_of(P1)).free_fen == 1_050_000
    again = Reason("S3-5.1e", "kuaishou-shop-deposit", uuid4(), "test")
    assert top_up_from_proceeds(tenant, P1, 2_000_000, again, AT).transfer_ids == ()


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
@pytest.mark.parametrize(("deposit_fen", "legs"), [(100_000, 1), (0, 0)])
def test_a_fine_without_a_claim_takes_what_is_there(deposit_fen: int, legs: int) -> None:
    """Where the rest is not claimed nothing is owed, and an empty deposit moves nothing."""
    tenant = _tenant_with(deposit_fen)
    taken = deduction_post(tenant, P1, 250_000, _reason(), AT, claim_rest=False)
    assert (taken.taken_fen, taken.claim_fen, len(taken.transfer_ids)) == (deposit_fen, 0, legs)
    assert balance_of(tenant, deposit_of(P1)).free_fen == 0
    assert balance_of(tenant, claim_of(P1)).posted_fen == 0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(min_value=0, max_value=2_000_000),
    st.lists(st.integers(min_value=1, max_value=1_500_000), max_size=5),
)
@pytest.mark.clause("S3-4.2a", "S3-4.2b")
def test_nothing_vanishes_and_nothing_is_taken_twice(deposit: int, fines: list[int]) -> None:
    """Whatever the fines: taken + claimed = fined, the deposit never negative, the books hold."""
    tenant = _tenant_with(deposit)
    done = [deduction_post(tenant, P1, fine, _reason(), AT) for fine in fines]
    assert sum(each.taken_fen + each.claim_fen for each in done) == sum(fines)
    left = balance_of(tenant, deposit_of(P1)).free_fen
    assert left == deposit - sum(each.taken_fen for each in done) >= 0
    assert balance_of(tenant, "penalty_income").posted_fen == sum(fines)
    assert all(check.ok for check in verify(tenant))

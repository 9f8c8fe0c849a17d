"""Laws: the database's posting function against the oracle, on random batches."""

from datetime import timedelta
from itertools import count
from uuid import UUID

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from earnest.ledger.commands import accounts_open, transfers_post
from earnest.ledger.queries import balances_of, verify
from earnest.ledger.records import Reason, Transfer
from tests.ledger.market import (
    ACCOUNTS,
    CAPPED,
    CASH,
    CLAIM,
    DEDUCT,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PAY_IN,
    PENALTY,
)
from tests.ledger.oracle import Oracle

CODES = [CASH, PENALTY, DEPOSIT, OTHER_DEPOSIT, CLAIM, CAPPED]
TENANTS = count()

transfers = st.builds(
    Transfer,
    id=st.integers(1, 14).map(lambda n: UUID(int=n)),
    debit=st.sampled_from([*CODES, *[CASH] * 8, DEPOSIT, "nowhere"]),
    credit=st.sampled_from([PENALTY, DEPOSIT, OTHER_DEPOSIT, CLAIM, CAPPED, DEPOSIT, PENALTY]),
    amount_fen=st.sampled_from([1, 2, 5, 10, 10, 40, 40, 60, 60, 100, 100, 2**63 - 1, 0, -3]),
    effective_at=st.sampled_from([NOW] * 12 + [NOW + timedelta(seconds=1)]),
    reason=st.sampled_from([PAY_IN] * 12 + [DEDUCT, Reason(" ", "p", None, "")]),
    group_id=st.sampled_from([None, None, None, UUID(int=101), UUID(int=102)]),
    kind=st.sampled_from(["post"] * 20 + ["hold"]),
)
# Distinct ids within a batch half of the time, so that whole groups and clean batches occur.
batches = st.one_of(
    st.lists(transfers, max_size=10),
    st.lists(transfers, max_size=10, unique_by=lambda t: t.id),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(batches, min_size=1, max_size=4), st.data())
def test_database_and_oracle_agree(
    db: None, given_batches: list[list[Transfer]], data: st.DataObject
) -> None:
    """Every outcome and balance is the oracle's, nothing appears or vanishes, the books prove."""
    tenant = f"law-{next(TENANTS)}"
    accounts_open(tenant, ACCOUNTS, NOW)
    oracle = Oracle({account.code: account for account in ACCOUNTS})
    before: list[Transfer] = []
    for batch in given_batches:
        repeated = data.draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
        asked = batch + repeated
        before = asked or before
        outcomes = transfers_post(tenant, asked, NOW)
        assert outcomes == oracle.post(asked, NOW)
        for outcome in outcomes:
            event(f"{outcome.status} {outcome.code}".strip())
        found = {code: each.posted_fen for code, each in balances_of(tenant, CODES).items()}
        assert found == {code: oracle.posted.get(code, 0) for code in CODES}
        assert sum(found.values()) == 0
    assert [check for check in verify(tenant) if not check.ok] == []

"""Deposits of providers: required by category, topped up, forfeited, and paid back on leaving."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.assessment.commands import day_run
from earnest.assessment.providers import deposit_decisions
from earnest.cases.following import cases_follow
from earnest.cases.provider_exits import (
    ProviderExitFiling,
    provider_exit_ask,
    provider_exit_check,
)
from earnest.cases.queries import decisions_of_case
from earnest.cases.removals import HarmFiling, harm_file
from earnest.consequences.commands import decide
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.deposits.queries import short_subjects
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.closing_facts import Dispute
from earnest.market.models import Provider
from earnest.notices.models import Notice
from earnest.payins.models import PayOrder
from earnest.payouts.models import Payout
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of, party_packs
from earnest.tickets.queries import ticket_get
from tests.cases.scene import (
    NOW,
    P1,
    approved,
    paid_in,
    provider_open,
    settle,
    stands,
    tenant_new,
    verified,
)

pytestmark = pytest.mark.django_db
GONE = date(2025, 8, 1)


@pytest.fixture
def tenant() -> str:
    """Give a fresh market."""
    return tenant_new()


def _harm(tenant: str, loss_fen: int, deposit_fen: int = 1_000_000) -> Decision:
    provider_open(tenant, deposit_fen=deposit_fen, left_on=GONE)
    filing = HarmFiling("P1", loss_fen, "users were locked out", "risk", ["E1"])
    return _window_over(tenant, approved(tenant, harm_file(tenant, filing, NOW)))


def _window_over(tenant: str, decision: Decision) -> Decision:
    """Let the days to appeal pass, and the daily look take what they held back."""
    last = ticket_get(tenant, decision.effect["ticket"]).appeal_until
    assert not tickets_look(tenant, day_start(last)).problems
    assert not tickets_look(tenant, day_start(last + timedelta(days=1))).problems
    decision.refresh_from_db()
    return decision


@pytest.mark.clause("S0-1.1-basis")
def test_a_provider_must_hold_what_its_category_asks_for(tenant: str) -> None:
    """A supply tool asks for 10,000 yuan: short until that is there, whole from then on."""
    provider_open(tenant)
    packs = party_packs(tenant, SUPPLY_MARKET)
    decide(tenant, deposit_decisions({"P1": "supply_tool"}, {"P1": 0}, day_of(NOW), packs), NOW)
    decision = Decision.objects.get(tenant_id=tenant)
    if decision.state == "waiting":
        settle(tenant, decision.id, NOW, persons=decision.approvals_needed)
    assert stands(tenant, P1).required_fen == 1_000_000
    day_run(tenant, NOW)
    assert P1 in short_subjects(tenant)
    paid_in(tenant, P1, 1_000_000)
    day_run(tenant, NOW + timedelta(days=1))
    assert P1 not in short_subjects(tenant)


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.7a")
def test_a_top_up_is_what_a_hidden_or_delisted_service_waits_for(tenant: str) -> None:
    """After a fine the service stays hidden until the deposit is full again, to the fen."""
    provider_open(tenant, deposit_fen=750_000, required_fen=1_000_000)
    day_run(tenant, NOW)
    grant = Grant(
        *P1, "hide", ["visibility"], SUPPLY_MARKET, "S0-2.2.5-5a", uuid4(), [{"kind": "topped_up"}]
    )
    restrictions_grant(tenant, [grant], NOW)
    paid_in(tenant, P1, 249_999)
    day_run(tenant, NOW + timedelta(days=1))
    assert capabilities_restricted(tenant, *P1) == {"visibility"}
    paid_in(tenant, P1, 1)
    day_run(tenant, NOW + timedelta(days=2))
    assert capabilities_restricted(tenant, *P1) == set()


@pytest.mark.clause("S0-3.2b")
@pytest.mark.parametrize(
    ("loss", "paid", "forfeited", "owed"),
    [(400_000, 400_000, 600_000, 0), (1_500_000, 1_000_000, 0, 500_000), (0, 0, 1_000_000, 0)],
)
def test_harm_after_removal_takes_the_whole_deposit(
    tenant: str, loss: int, paid: int, forfeited: int, owed: int
) -> None:
    """The harmed are paid first, the rest is a penalty, what is missing is a claim."""
    decision = _harm(tenant, loss)
    effect = decision.effect
    assert (effect["damages_paid_fen"], effect["forfeited_fen"], effect["claim_fen"]) == (
        paid, forfeited, owed,
    )  # fmt: skip
    assert balance_of(tenant, deposit_of(P1)).posted_fen == 0
    assert balance_of(tenant, claim_of(P1)).posted_fen == -owed
    assert balance_of(tenant, "compensation_payable").posted_fen == loss
    assert balance_of(tenant, "penalty_income").posted_fen == forfeited
    told, done = Notice.objects.filter(tenant_id=tenant).order_by("sent_at")
    assert "S0-3.2b" in told.body_zh
    assert f"{(paid + forfeited) // 100:,}.00" in done.body_zh
    assert not decisions_replay(tenant).differences
    assert all(check.ok for check in verify(tenant))


@pytest.mark.clause("S0-3.2b")
def test_what_is_there_on_the_last_day_is_taken(tenant: str) -> None:
    """Nothing before the days to appeal are over; then the deposit, with what came in since."""
    provider_open(tenant, deposit_fen=1_000_000, left_on=GONE)
    case = harm_file(tenant, HarmFiling("P1", 100, "users were locked out", "risk"), NOW)
    paid_in(tenant, P1, 500)
    decision = approved(tenant, case)
    assert "taken_fen" not in decision.effect
    assert balance_of(tenant, deposit_of(P1)).posted_fen == 1_000_500
    assert _window_over(tenant, decision).effect["taken_fen"] == 1_000_500
    assert cases_follow(tenant, NOW) == 1


@settings(max_examples=6, deadline=None)
@given(st.integers(min_value=0, max_value=2_000_000), st.integers(min_value=0, max_value=3_000_000))
@pytest.mark.clause("S0-3.2b")
def test_nothing_vanishes_when_a_deposit_is_forfeited(deposit: int, loss: int) -> None:
    """Taken and owed are together the larger of deposit and loss, and the books hold."""
    tenant = tenant_new()
    effect = _harm(tenant, loss, deposit).effect
    assert effect["taken_fen"] == deposit
    assert effect["damages_paid_fen"] + effect["claim_fen"] == loss
    assert effect["taken_fen"] + effect["claim_fen"] == max(deposit, loss)
    assert all(check.ok for check in verify(tenant))
    Provider.objects.filter(tenant_id=tenant).delete()


@pytest.mark.clause("S0-3.2b")
def test_harm_is_found_only_of_who_was_removed_and_with_a_reason(tenant: str) -> None:
    """A provider in the market falls under other clauses; a finding says what was done."""
    provider_open(tenant, deposit_fen=1_000_000)
    with pytest.raises(RuleRefused, match="provider_not_removed"):
        harm_file(tenant, HarmFiling("P1", 0, "harm", "risk"), NOW)
    Provider.objects.filter(tenant_id=tenant).update(left_on=GONE)
    for loss, reason in ((0, " "), (-1, "harm")):
        with pytest.raises(BadInput, match="harm_unfounded"):
            harm_file(tenant, HarmFiling("P1", loss, reason, "risk"), NOW)


def _leaving(**changes: Any) -> ProviderExitFiling:
    return ProviderExitFiling(**{"actor": "provider", "on_sale": 0, "running": 0, **changes})


@pytest.mark.clause("S0-3.3")
@pytest.mark.parametrize("online", [True, False])
def test_a_provider_leaves_and_is_paid_back(tenant: str, online: bool) -> None:
    """By the original route where a payment can be reversed, else to the verified account."""
    provider_open(tenant, deposit_fen=1_000_000, required_fen=1_000_000)
    verified(tenant, P1)
    if online:
        _paid_online(tenant, 1_000_000)
    case = provider_exit_ask(tenant, "P1", _leaving(), NOW)
    (decision,) = decisions_of_case(case)
    assert (decision.outcome, decision.approvals_needed) == ("refund_and_leave", 2)
    approved(tenant, case)
    payout = Payout.objects.get(tenant_id=tenant)
    route = "original_route" if online else "verified_account"
    assert (payout.route, payout.amount_fen, payout.clause) == (route, 1_000_000, "S0-3.3")
    assert Provider.objects.get(tenant_id=tenant).left_on == day_of(NOW)
    assert stands(tenant, P1).required_fen == 0
    assert not decisions_replay(tenant).differences
    with pytest.raises(Conflict, match="provider_leaving"):
        provider_exit_ask(tenant, "P1", _leaving(), NOW)


def _paid_online(tenant: str, fen: int) -> None:
    PayOrder.objects.create(
        id=uuid4(), tenant_id=tenant, number="T20250801", client_key="k", subject_kind="provider",
        subject_id="P1", purpose="deposit", rail="alipay_trade", amount_fen=fen, fee_fen=0,
        total_fen=fen, fee_receipt={}, opened_at=NOW, opened_by="provider", expires_at=NOW,
        state="paid", paid_at=NOW, transfer_id=uuid4(),
    )  # fmt: skip


def _owing(tenant: str) -> None:
    transfer = Transfer(
        id=uuid4(), debit=claim_of(P1), credit="penalty_income", amount_fen=5, effective_at=NOW,
        reason=Reason("S0-2.2.5-5a", SUPPLY_MARKET, uuid4(), "test"),
    )  # fmt: skip
    assert transfers_post(tenant, [transfer], NOW)[0].status == "posted"


@pytest.mark.clause("S0-3.3")
@pytest.mark.parametrize(
    ("changes", "red"),
    [
        ({"on_sale": 1}, "nothing_on_sale"),
        ({"running": 1}, "nothing_running"),
        (
            {"disputes": [Dispute(date(2025, 8, 1), date(2025, 8, 6), upheld=False)]},
            "quiet_month",
        ),
    ],
)
def test_what_stands_in_the_way_is_named(tenant: str, changes: dict[str, Any], red: str) -> None:
    """One red row is enough, and it says which."""
    provider_open(tenant, deposit_fen=1_000_000)
    verified(tenant, P1)
    check = provider_exit_check(tenant, "P1", _leaving(**changes), NOW)
    assert [row.name for row in check.rows if not row.holds] == [red]
    with pytest.raises(RuleRefused, match="exit_not_allowed"):
        provider_exit_ask(tenant, "P1", _leaving(**changes), NOW)


@pytest.mark.clause("S0-3.3")
def test_who_owes_does_not_leave(tenant: str) -> None:
    """Five fen owed are enough for a red row."""
    provider_open(tenant, deposit_fen=1_000_000)
    verified(tenant, P1)
    _owing(tenant)
    check = provider_exit_check(tenant, "P1", _leaving(), NOW)
    assert [row.name for row in check.rows if not row.holds] == ["nothing_owed"]


@pytest.mark.clause("S0-3.3")
@pytest.mark.parametrize(
    ("deposit", "paid", "green"), [(10, 0, False), (10, 9, False), (10, 10, True), (0, 0, True)]
)
def test_nobody_is_asked_before_the_rest_has_somewhere_to_go(
    tenant: str, deposit: int, paid: int, green: bool
) -> None:
    """Without an account only what can be reversed goes back; with one, or nothing, all is well."""
    provider_open(tenant, deposit_fen=deposit)
    if paid:
        _paid_online(tenant, paid)

    def red() -> list[str]:
        check = provider_exit_check(tenant, "P1", _leaving(), NOW)
        assert check.allowed == all(row.holds for row in check.rows)
        return [row.name for row in check.rows if not row.holds]

    assert red() == ([] if green else ["account_named"])
    if not green:
        with pytest.raises(RuleRefused, match="exit_not_allowed"):
            provider_exit_ask(tenant, "P1", _leaving(), NOW)
    verified(tenant, P1)
    assert red() == []


def test_the_pack_says_how_a_refund_goes_back() -> None:
    """The supply market chooses the original route; the shop rule names the verified account."""
    assert pack_of(SUPPLY_MARKET).interpretations["refund_route"].choice == "original_route"

"""Appeals of a shop: what was done at once is undone to the fen, with what rested on it."""

from datetime import timedelta

import pytest

from earnest.appeals.appealing import appealable
from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_propose
from earnest.appeals.hearing import appeal_claim
from earnest.cases.daily import deposits_look
from earnest.cases.deduction_payments import DeductionPayment, deduction_paid
from earnest.cases.deductions import deduction_get
from earnest.cases.life_sources import life
from earnest.consequences.reversal import decision_reverse
from earnest.decisions.commands import Undoing
from earnest.decisions.models import Decision
from earnest.deposits.claims import claims_look
from earnest.deposits.models import Raise, Shortage
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, NotAllowed
from earnest.notices.models import Notice, Statement
from tests.appeals.shop_scene import (
    CONFIRMER,
    FILER,
    REVIEWER,
    START,
    YUAN,
    days_on,
    deducted,
    filed,
    heard,
    looked,
    money,
    overturned,
    raised,
    restricted,
    shop_new,
    sound,
    taken_by_others,
    ticket_of,
)
from tests.cases.scene import S1, paid_in, stands

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S3-4.1", "S3-4.2a")
def test_a_deduction_is_told_with_its_ticket_and_its_last_day_to_appeal() -> None:
    """In force at once, open for a week; the statement says until when, in both languages."""
    tenant = shop_new()
    decision = deducted(tenant, 4_000 * YUAN, START)
    ticket = ticket_of(decision)
    until = day_of(START) + timedelta(days=7)
    assert (ticket.state, ticket.money_fen, ticket.appeal_until) == ("in_force", 400_000, until)
    assert money(tenant) == (6_000 * YUAN, 0, 0)
    told = Statement.objects.get(tenant_id=tenant, decision_id=decision.id)
    assert (told.appeal_until, told.ticket_number) == (until, ticket.number)
    (item,) = appealable(ticket, until)
    assert item.refusal is None
    (late,) = appealable(ticket, until + timedelta(days=1))
    assert late.refusal is not None


@pytest.mark.clause("S3-4.1")
def test_who_filed_found_or_approved_neither_hears_nor_confirms() -> None:
    """The case's people and the approvers are refused; the table is kept; a repeat is refused."""
    tenant = shop_new()
    decision = deducted(tenant, 4_000 * YUAN, START)
    appeal = filed(decision, days_on(1))
    for actor in (FILER, REVIEWER, "risk", "finance", "s1"):
        with pytest.raises(NotAllowed, match="hearer_had_a_hand"):
            appeal_claim(tenant, appeal.number, actor=actor, now=days_on(1))
    appeal_claim(tenant, appeal.number, actor="service", now=days_on(1))
    verdicts = [Verdict(1, "overturned", "so")]
    appeal_propose(tenant, appeal.number, verdicts, actor="service", now=days_on(1))
    for actor in (FILER, REVIEWER, "risk", "finance", "s1"):
        with pytest.raises(NotAllowed, match="confirmer_had_a_hand"):
            appeal_confirm(
                tenant, appeal.number, agrees=True, actor=actor, reason="x", now=days_on(1)
            )
    appeal_confirm(tenant, appeal.number, agrees=True, actor=CONFIRMER, reason="x", now=days_on(1))
    appeal.refresh_from_db()
    assert appeal.outcome["before"]["deposit_fen"] == 6_000 * YUAN
    assert appeal.outcome["after"]["deposit_fen"] == 10_000 * YUAN
    undoing = Undoing("appeal", appeal.number, CONFIRMER, "again")
    with pytest.raises(Conflict):
        decision_reverse(tenant, decision.id, undoing, days_on(2))
    assert money(tenant) == (10_000 * YUAN, 0, 0)


@pytest.mark.clause("S3-4.2b", "S3-5.3a", "S3-5.3c", "S3-5.3d")
def test_all_sources_of_a_deduction_get_back_what_they_gave() -> None:
    """Deposit, proceeds, a claim paid in part by proceeds since: each to the fen, nothing owed."""
    tenant = shop_new(proceeds=1_000)
    decision = deducted(tenant, 14_000 * YUAN, START, advances=True)
    assert money(tenant) == (0, 0, 3_000 * YUAN)
    assert restricted(tenant) == {"withdrawal"}
    paid_in(tenant, S1, 500 * YUAN, at=days_on(1), account="settlement:shop:S1")
    claims_look(tenant, days_on(1))
    assert money(tenant) == (0, 0, 2_500 * YUAN)
    appeal = overturned(decision, days_on(2))
    # The 500 that paid the claim go to the deposit: it is where they could have stayed.
    assert money(tenant) == (10_500 * YUAN, 1_000 * YUAN, 0)
    assert taken_by_others(tenant) == 0
    assert restricted(tenant) == set()
    assert deduction_get(tenant, decision.period).state == "reversed"
    assert deduction_get(tenant, decision.period).rest_fen == 0
    story = deduction_get(tenant, decision.period).case.entries.order_by("id").last()
    assert (story.what, story.note, story.actor) == ("reversed", appeal.number, CONFIRMER)
    told = Notice.objects.get(tenant_id=tenant, title_zh__startswith="已撤销")
    assert "退回货款 1,000.00 元" in told.body_zh
    assert any(row.detail_en.endswith("reversed") for row in life(tenant, S1))
    assert "2,500.00 yuan are no longer owed" in told.body_en
    assert appeal.outcome["after"]["proceeds_fen"] == 1_000 * YUAN
    sound(tenant)


@pytest.mark.clause("S3-5.3a")
def test_what_the_merchant_paid_itself_goes_to_its_deposit_and_nothing_more_is_taken() -> None:
    """A rest paid in cash comes back as deposit; the daily look takes no more of what was open."""
    tenant = shop_new(deposit=3_000, required=3_000)
    decision = deducted(tenant, 10_000 * YUAN, START, ground="broken_promise")
    assert money(tenant) == (0, 0, 0)
    paid = DeductionPayment("bank", "B1", 2_000 * YUAN, days_on(1), "finance")
    deduction_paid(tenant, decision.period, paid, days_on(1))
    assert deduction_get(tenant, decision.period).rest_fen == 5_000 * YUAN
    overturned(decision, days_on(2))
    assert money(tenant) == (5_000 * YUAN, 0, 0)
    deposits_look(tenant, days_on(3))
    assert money(tenant) == (5_000 * YUAN, 0, 0)
    assert deduction_get(tenant, decision.period).case.closed_as == "withdrawn"
    sound(tenant)


@pytest.mark.clause("S3-5.1", "S3-5.1e")
def test_what_was_done_against_the_shortage_falls_with_the_deduction_behind_it() -> None:
    """Proceeds go back, bands end, the shortage closes; a deduction that stands is not touched."""
    tenant = shop_new(proceeds=1_500)
    decision = deducted(tenant, 4_000 * YUAN, START)
    looked(tenant, START)
    steps = looked(tenant, days_on(8))
    assert {each.outcome for each in steps} == {"transfer_from_proceeds", "close_listing"}
    assert money(tenant) == (7_500 * YUAN, 0, 0)
    assert restricted(tenant) == {"publishing"}
    appeal = filed(decision, days_on(7))
    heard(appeal, days_on(9))
    assert money(tenant) == (10_000 * YUAN, 1_500 * YUAN, 0)
    assert restricted(tenant) == set()
    assert not Shortage.objects.filter(tenant_id=tenant, closed_at=None).exists()
    rows = {row["decision"]: row["change"] for row in appeal.outcome["rows"]}
    assert rows == {
        "recovery": "reversed", "shortage_measures": "reversed", "shortage_band": "reversed",
    }  # fmt: skip
    assert looked(tenant, days_on(10)) == []
    sound(tenant)


@pytest.mark.clause("S3-5.1e")
def test_a_transfer_stays_for_what_is_still_missing_without_one_of_two_deductions() -> None:
    """8,000 were moved for two deductions; without the second the first still calls for 5,000."""
    tenant = shop_new(proceeds=9_000)
    first = deducted(tenant, 5_000 * YUAN, START)
    second = deducted(tenant, 3_000 * YUAN, START + timedelta(hours=1))
    looked(tenant, START + timedelta(hours=2))
    moved, moot = looked(tenant, days_on(8))
    assert (moved.outcome, moot.effect["done"]) == ("transfer_from_proceeds", "nothing")
    assert money(tenant) == (10_000 * YUAN, 1_000 * YUAN, 0)
    appeal = heard(filed(second, days_on(7)), days_on(9))
    assert money(tenant) == (10_000 * YUAN, 4_000 * YUAN, 0)
    again = Decision.objects.get(tenant_id=tenant, period=f"{moved.period}/2")
    assert (again.state, again.money_fen, again.effect["taken_fen"]) == (
        "in_effect", 500_000, 500_000,
    )  # fmt: skip
    assert {row["change"] for row in appeal.outcome["rows"]} == {"reversed", "replaced"}
    assert first.state == "in_effect"
    sound(tenant)


@pytest.mark.clause("S3-3.3x", "S3-3.3d")
def test_an_overturned_raise_lowers_the_requirement_and_frees_what_rested_on_it() -> None:
    """Released at once, the band that it caused ends, and the sales that filled it up go back."""
    tenant = shop_new(proceeds=1_000)
    decision = raised(tenant, 4_000 * YUAN, START)
    ticket = ticket_of(decision)
    assert (ticket.state, ticket.money_fen) == ("in_force", 0)
    looked(tenant, START)
    looked(tenant, days_on(8))
    assert restricted(tenant) == {"publishing"}
    assert money(tenant) == (11_000 * YUAN, 0, 0)
    appeal = heard(filed(decision, days_on(7)), days_on(9))
    assert stands(tenant, now=days_on(9)).required_fen == 10_000 * YUAN
    assert money(tenant) == (10_000 * YUAN, 1_000 * YUAN, 0)
    assert restricted(tenant) == set()
    assert Raise.objects.get(tenant_id=tenant).released_by == CONFIRMER
    assert appeal.outcome["after"]["required_fen"] == 10_000 * YUAN
    sound(tenant)


@pytest.mark.clause("S3-5.1c", "S3-5.2a")
def test_a_step_that_was_wrong_ends_and_is_not_taken_again_for_the_same_shortage() -> None:
    """The band falls on its own appeal; the staircase stays, and no look proposes the band anew."""
    tenant = shop_new(deposit=4_000)
    looked(tenant, START)
    steps = {each.outcome: each for each in looked(tenant, days_on(16))}
    assert set(steps) == {"limit_sales", "close_cart"}
    assert restricted(tenant) == {"new_order", "sales"}
    overturned(steps["close_cart"], days_on(17))
    assert restricted(tenant) == {"sales"}
    assert [each.outcome for each in looked(tenant, days_on(18))] == []
    sound(tenant)


def test_an_appeal_that_fails_changes_nothing_and_takes_nothing_twice() -> None:
    """The deduction stays as it was taken; the ticket is in force again, without a chance."""
    tenant = shop_new()
    decision = deducted(tenant, 4_000 * YUAN, START)
    heard(filed(decision, days_on(1)), days_on(2), verdict="upheld")
    assert money(tenant) == (6_000 * YUAN, 0, 0)
    ticket = ticket_of(decision)
    assert ticket.state == "in_force"
    (item,) = appealable(ticket, day_of(days_on(2)))
    assert (item.left, item.refusal is None) == (0, False)
    sound(tenant)

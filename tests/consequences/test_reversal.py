"""Undoing one decision: all of it, once, with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from earnest.consequences.reversal import decision_reverse
from earnest.consequences.sanctions import tickets_look
from earnest.consequences.violations import damages_claim
from earnest.decisions.commands import Undoing
from earnest.decisions.models import Decision
from earnest.deposits.accounts import claim_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.notices.models import Notice
from tests.appeals.scene import (
    AUGUST,
    LOW,
    OCTOBER,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    day_after,
    money,
    month_judge,
    paid_in,
    restricted,
    sound,
    takes_part,
    tenant_new,
    ticket_of,
)
from tests.cases.scene import NOW
from tests.violations.scene import item, market, sanctioned

pytestmark = pytest.mark.django_db
UNDOING = Undoing("appeal", "A000001", "admin", "证据成立")


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.6")
def test_money_restrictions_and_ticket_go_back_together() -> None:
    """A fine that was taken comes back, hiding ends, the ticket is reversed, the party is told."""
    tenant = tenant_new()
    (hidden,) = chain(tenant, AUGUST)
    reversal = decision_reverse(tenant, hidden.id, UNDOING, day_after(hidden, 20))
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    assert restricted(tenant) == set()
    assert ticket_of(hidden).state == "reversed"
    assert reversal.effect["deposit_fen"] == 2_500 * YUAN
    told = Notice.objects.get(tenant_id=tenant, title_zh__startswith="已撤销")
    assert "2,500.00" in told.body_zh
    sound(tenant)


def test_a_decision_is_undone_once_and_with_a_reason() -> None:
    """A second time, or without a word why, nothing moves."""
    tenant = tenant_new()
    (hidden,) = chain(tenant, AUGUST)
    at = day_after(hidden, 20)
    with pytest.raises(BadInput):
        decision_reverse(tenant, hidden.id, replace(UNDOING, note=" "), at)
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    decision_reverse(tenant, hidden.id, UNDOING, at)
    with pytest.raises(Conflict):
        decision_reverse(tenant, hidden.id, UNDOING, at)
    assert money(tenant) == (10_000 * YUAN, 0, 0)


@pytest.mark.clause("S0-2.2.5-5c")
def test_a_reversed_removal_lets_the_provider_take_part_again() -> None:
    """Also before its fine was taken: then there is no money to return."""
    tenant = tenant_new()
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW)
    assert not takes_part(tenant)
    reversal = decision_reverse(tenant, removal.id, UNDOING, day_after(removal, 2))
    assert takes_part(tenant)
    assert reversal.effect["transfers"] == []
    assert money(tenant) == (2_500 * YUAN, 0, 7_500 * YUAN)
    sound(tenant)


def _second_finding(tenant: str) -> Decision:
    """Find misleading charges twice: the second removes, and its losses are owed as well."""
    sanctioned(tenant, item(listing="L7"))
    tickets_look(tenant, NOW + timedelta(days=20))
    again = item("charged_elsewhere", listing="L8", loss_fen=333_33)
    _, (second,) = sanctioned(tenant, again, now=NOW + timedelta(days=20))
    return second


@pytest.mark.clause("S0-2.2.7b")
def test_a_fine_and_damages_that_were_paid_in_part_come_back_together() -> None:
    """Both left a claim; what was paid of it since goes to the deposit, the rest is not owed."""
    tenant = market(deposit_fen=1_500_000)
    second = _second_finding(tenant)
    enforced = NOW + timedelta(days=28)
    tickets_look(tenant, enforced)
    second.refresh_from_db()
    assert damages_claim(tenant, second, enforced)
    assert money(tenant)[:2] == (0, 500_000 + 333_33)
    paid_in(tenant, 233_33, account=claim_of(P1), at=enforced)
    decision_reverse(tenant, second.id, UNDOING, enforced + timedelta(hours=1))
    assert money(tenant)[:2] == (500_000 + 233_33, 0)
    sound(tenant)


@pytest.mark.clause("S0-2.2.7b")
def test_damages_are_not_owed_for_a_finding_that_was_undone_meanwhile() -> None:
    """Reversed between the look at tickets and the booking, the finding leaves no claim."""
    tenant = market(deposit_fen=2_500_000)
    second = _second_finding(tenant)
    assert not damages_claim(tenant, second, NOW + timedelta(days=21))
    enforced = NOW + timedelta(days=28)
    tickets_look(tenant, enforced)
    decision_reverse(tenant, second.id, UNDOING, enforced)
    second.refresh_from_db()
    assert not damages_claim(tenant, second, enforced)
    assert money(tenant)[1] == 0

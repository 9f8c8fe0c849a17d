"""The course of a sanction: told and restricted at once, money when nobody appealed in time."""

from datetime import timedelta

import pytest

from earnest.cases.provider_exits import ProviderExitFiling, provider_exit_ask
from earnest.consequences.commands import decision_settle
from earnest.consequences.sanctions import ticket_enforce, tickets_look
from earnest.decisions.models import Decision
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.notices.models import Notice
from earnest.payouts.commands import payee_verify
from tests.appeals.scene import (
    AUGUST,
    LOW,
    OCTOBER,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    day_after,
    judged_at,
    looked,
    money,
    month_judge,
    restricted,
    sound,
    takes_part,
    tenant_new,
    ticket_of,
)

pytestmark = pytest.mark.django_db


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.6")
def test_hidden_at_once_and_fined_after_the_last_day_to_appeal() -> None:
    """Not on the last day, but on the next, and once however often one looks."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    assert restricted(tenant) == {"visibility"}
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    assert tickets_look(tenant, day_after(hidden, 7)).enforced == ()
    number = ticket_of(hidden).number
    assert tickets_look(tenant, day_after(hidden, 8)).enforced == (number,)
    assert tickets_look(tenant, day_after(hidden, 9)).enforced == ()
    with pytest.raises(Conflict):
        ticket_enforce(tenant, number, day_after(hidden, 9))
    assert money(tenant) == (7_500 * YUAN, 0, 2_500 * YUAN)
    told = Notice.objects.get(tenant_id=tenant, decision_id=hidden.id, kind="sanction")
    assert told.due_on == ticket_of(hidden).appeal_until
    assert "未申诉" in told.body_zh
    sound(tenant)


@pytest.mark.clause("S0-2.2.5-5a")
def test_hiding_does_not_end_before_its_fine_was_taken_and_made_good() -> None:
    """The month is over while the fine still waits under appeal: the service stays hidden."""
    tenant = tenant_new()
    hidden = month_judge(tenant, AUGUST, LOW)
    ticket = ticket_of(hidden)
    ticket.state = "appealed"
    ticket.save(update_fields=["state"])
    looked(tenant, day_after(hidden, 40))
    assert restricted(tenant) == {"visibility"}


@pytest.mark.clause("S0-2.2.5-5c", "S3-4.2b")
def test_a_removal_takes_two_people_and_then_everything() -> None:
    """One word is not enough; with two it is out, and its fine takes what is left and claims."""
    tenant = tenant_new()
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW, approve=False)
    assert (removal.state, removal.approvals_needed) == ("waiting", 2)
    assert takes_part(tenant)
    removal = _agreed(tenant, removal)
    assert not takes_part(tenant)
    tickets_look(tenant, day_after(removal, 8) + timedelta(hours=1))
    assert money(tenant) == (0, 7_500 * YUAN, 17_500 * YUAN)
    sound(tenant)


def _agreed(tenant: str, removal: Decision) -> Decision:
    """Let two people agree to a removal."""
    for actor in ("risk", "finance"):
        removal = decision_settle(
            tenant, removal.id, verdict="approve", actor=actor, reason="seen", now=removal.made_at
        )
    return removal


@pytest.mark.clause("S0-3.3")
def test_a_deposit_is_not_paid_back_before_a_ticket_has_taken_its_money() -> None:
    """The exit was asked for before the sanction: the second word finds the ticket and refuses."""
    tenant, at = tenant_new(), judged_at(AUGUST)
    payee_verify(
        tenant, P1, rail="alipay_transfer", identity="2088000000000001",
        name="杭州一号科技有限公司", by="finance", now=at,
    )  # fmt: skip
    provider_exit_ask(tenant, P1[1], ProviderExitFiling("p1", 0, 0), at)
    leaving = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    month_judge(tenant, AUGUST, LOW)
    decision_settle(tenant, leaving.id, verdict="approve", actor="risk", reason="seen", now=at)
    with pytest.raises(RuleRefused) as refused:
        decision_settle(
            tenant, leaving.id, verdict="approve", actor="finance", reason="seen", now=at
        )
    assert refused.value.problem.code == "ticket_open"
    leaving.refresh_from_db()
    assert leaving.state == "waiting"
    assert money(tenant) == (10_000 * YUAN, 0, 0)
    assert takes_part(tenant)

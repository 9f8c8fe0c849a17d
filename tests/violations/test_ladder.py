"""Requirement 4: the first and the second finding, in the rule's own numbers."""

from datetime import date, timedelta

import pytest

from earnest.consequences.commands import decision_settle
from earnest.consequences.reversal import decision_reverse
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import Undoing
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.kernel.calendar import add_months
from earnest.kernel.errors import Conflict, NotAllowed
from earnest.ledger.queries import balance_of
from earnest.market.models import Membership
from earnest.market.queries import provider_get
from earnest.notices.models import Notice, Statement
from earnest.policy import Reading
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.tickets.models import Ticket
from earnest.violations.due import violations_look
from earnest.violations.finding import finding_settle
from earnest.violations.queries import decisions_shown, violation_get
from tests.cases.scene import NOW, P1
from tests.violations.scene import (
    ADMIN,
    DAY,
    RISK,
    SERVICE,
    item,
    market,
    person,
    proposed,
    reported,
    sanctioned,
    settled,
)

pytestmark = pytest.mark.django_db


def _balance(tenant: str, account: str) -> int:
    return balance_of(tenant, account).posted_fen


@pytest.mark.clause("S0-2.2.7a", "S0-2.2.4f")
def test_the_first_finding_takes_10_000_yuan_and_a_month() -> None:
    """Delisted at once until a month is over and the deposit full; money after the appeal time."""
    tenant = market(deposit_fen=1_500_000)
    _, (decision,) = sanctioned(tenant, item(listing="L7", price_here_fen=0))
    assert (decision.outcome, decision.clause, decision.money_fen, decision.state) == (
        "delist", "S0-2.2.7a", 1_000_000, "in_effect",
    )  # fmt: skip
    assert capabilities_restricted(tenant, *P1) == {"visibility", "new_order"}
    (release,) = {str(row.release) for row in Restriction.objects.filter(tenant_id=tenant)}
    assert str(add_months(DAY, 1)) in release
    assert "topped_up" in release
    assert _balance(tenant, deposit_of(P1)) == 1_500_000
    ticket = Ticket.objects.get(tenant_id=tenant)
    assert (ticket.state, ticket.correct_until) == ("pending", None)
    tickets_look(tenant, NOW + timedelta(days=8))
    assert _balance(tenant, deposit_of(P1)) == 500_000
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S0-2.2.7b")
def test_the_second_finding_removes_and_claims_the_damages() -> None:
    """10,000 yuan and removal; what the deposit does not hold and the losses are owed."""
    tenant = market(deposit_fen=1_500_000)
    sanctioned(tenant, item(listing="L7"))
    later = NOW + timedelta(days=20)
    tickets_look(tenant, later)
    violation, (second,) = sanctioned(
        tenant, item("charged_elsewhere", listing="L8", loss_fen=333_33), now=later
    )
    assert (second.outcome, second.clause, second.money_fen) == ("remove", "S0-2.2.7b", 1_000_000)
    assert provider_get(tenant, "P1").left_on is not None
    assert violations_look(tenant, later).damages == ()
    enforced = later + timedelta(days=8)
    tickets_look(tenant, enforced)
    assert violations_look(tenant, enforced).damages == ("T00000002",)
    assert violations_look(tenant, enforced + timedelta(hours=1)).damages == ()
    assert _balance(tenant, deposit_of(P1)) == 0
    assert _balance(tenant, claim_of(P1)) == -(500_000 + 333_33)
    second.refresh_from_db()
    undoing = Undoing("appeal", "A000001", "x", "the wording was the same")
    decision_reverse(tenant, second.id, undoing, enforced + timedelta(hours=2))
    assert _balance(tenant, deposit_of(P1)) == 500_000
    assert _balance(tenant, claim_of(P1)) == 0
    assert provider_get(tenant, "P1").left_on is None
    assert violation_get(tenant, violation.number).settled_at == later


@pytest.mark.clause("S0-2.2.7b")
@pytest.mark.parametrize(("choice", "rung"), [("whole_admission", "remove"), ("window", "delist")])
def test_how_far_back_a_second_finding_looks(choice: str, rung: str) -> None:
    """As long as the admission lasts; or, where so chosen, only within the set window."""
    pack = pack_of(SUPPLY_MARKET).read_as(Reading(choices=(("second_lookback", choice),)))
    facts = {
        "found_on": date(2026, 9, 5), "admitted_on": date(2025, 1, 1),
        "earlier": [{"judged_on": date(2025, 9, 4)}], "items": [],
    }  # fmt: skip
    result = pack.evaluate("requirement4_rung", facts).result
    assert (result["rung"], result["fine_fen"]) == (rung, 1_000_000)


@pytest.mark.clause("S0-2.2.7b")
def test_a_reversed_first_finding_is_no_first_finding() -> None:
    """After the first was overturned the next one is the first again."""
    tenant = market()
    _, (first,) = sanctioned(tenant, item(listing="L7"))
    undoing = Undoing("appeal", "A000001", "x", "it was not so")
    decision_reverse(tenant, first.id, undoing, NOW + timedelta(days=1))
    _, (second,) = sanctioned(tenant, item(listing="L8"), now=NOW + timedelta(days=2))
    assert (second.outcome, second.clause) == ("delist", "S0-2.2.7a")


@pytest.mark.clause("S0-2.2.7a", "S0-2.2.4a", "S0-2.2.4b", "S0-2.2.4c", "S0-2.2.4d", "S0-2.2.4e")
def test_what_is_found_together_is_one_finding() -> None:
    """Five items of requirement 4 in one report are one rung, with five items to appeal."""
    tenant = market()
    kinds = (
        "difference_untold", "misleading_charges", "gain_untold", "unfiled_charge",
        "charged_elsewhere",
    )  # fmt: skip
    _, decisions = sanctioned(tenant, *(item(kind, charge=kind) for kind in kinds))
    assert [(each.outcome, each.money_fen) for each in decisions] == [("delist", 1_000_000)]
    items = Ticket.objects.get(tenant_id=tenant).items.all()
    assert [each.clause for each in items] == [f"S0-2.2.4{letter}" for letter in "abcde"]


def test_the_count_waits_for_an_earlier_finding() -> None:
    """Two findings on their way at once cannot both be the first."""
    tenant = market()
    proposed(tenant, reported(tenant, item(listing="L7")))
    with pytest.raises(Conflict, match="earlier_finding_waits"):
        proposed(tenant, reported(tenant, item(listing="L8")))


def test_money_needs_two_persons_and_the_first_may_be_the_proposer() -> None:
    """A proposer who may decide is one of the two; its own second word does not count."""
    tenant = market()
    violation = proposed(tenant, reported(tenant))
    (decision,) = decisions_shown(violation)
    assert [each.actor for each in decision.approvals.all()] == [person(tenant, RISK)]
    with pytest.raises(NotAllowed, match="second_person_needed"):
        settled(tenant, violation, by=RISK)
    assert settled(tenant, violation, by=ADMIN)[0].state == "in_effect"


def test_money_proposed_by_who_may_not_decide_needs_two_deciders() -> None:
    """The service desk proposes and cannot agree; then risk and admin both have to."""
    tenant = market()
    violation = proposed(tenant, reported(tenant), by=SERVICE)
    with pytest.raises(NotAllowed, match="second_person_needed"):
        settled(tenant, violation, by=SERVICE)
    assert settled(tenant, violation, by=RISK)[0].state == "waiting"
    assert settled(tenant, violation, by=ADMIN)[0].state == "in_effect"


def test_who_proposed_a_finding_agrees_to_it_nowhere_also_once_it_may_decide() -> None:
    """Its word is noted and counts for nothing: the general page refuses it, two others decide."""
    tenant = market()
    violation = proposed(tenant, reported(tenant), by=SERVICE)
    (decision,) = decisions_shown(violation)
    (word,) = decision.approvals.all()
    assert (word.actor, word.verdict) == (person(tenant, SERVICE), "proposed")
    assert word.reason == "the page says so"
    Membership.objects.filter(user__username=person(tenant, SERVICE)).update(role=RISK)
    for verdict in ("approve", "refuse"):
        with pytest.raises(NotAllowed, match="second_person_needed"):
            decision_settle(
                tenant, decision.id, verdict=verdict, actor=person(tenant, SERVICE),
                reason="fine", now=NOW,
            )  # fmt: skip
    assert settled(tenant, violation, by=RISK)[0].state == "waiting"
    assert settled(tenant, violation, by=ADMIN)[0].state == "in_effect"
    kept = Statement.objects.get(tenant_id=tenant, decision_id=decision.id)
    assert kept.content["decided_by"] == {"mode": "persons", "persons": 2}


def test_a_refused_finding_goes_back_and_the_next_one_has_its_own_number() -> None:
    """Nothing is told to the party; the items are open again; the new decision carries .2."""
    tenant = market()
    violation = proposed(tenant, reported(tenant))
    settled(tenant, violation, verdict="refuse")
    again = violation_get(tenant, violation.number)
    assert (again.state, again.told_at) == ("reported", None)
    assert {each.verdict for each in again.items.all()} == {"open"}
    assert not Notice.objects.filter(tenant_id=tenant).exists()
    proposed(tenant, again)
    periods = [each.period for each in decisions_shown(again)]
    assert periods == [violation.number, f"{violation.number}.2"]


def test_decisions_settled_on_another_page_are_followed() -> None:
    """The approval may come from anywhere: the next look brings the violation up to it."""
    tenant = market()
    violation = proposed(tenant, reported(tenant))
    (decision,) = decisions_shown(violation)
    decision_settle(
        tenant, decision.id, verdict="approve", actor=person(tenant, ADMIN), reason="x", now=NOW
    )
    assert violations_look(tenant, NOW).followed == (violation.number,)
    assert violations_look(tenant, NOW).followed == ()
    assert violation_get(tenant, violation.number).told_at == NOW


def test_a_settled_finding_takes_no_more_words() -> None:
    """The third word on a decision is refused."""
    tenant = market()
    violation, (decision,) = sanctioned(tenant, item())
    assert violation.settled_at == NOW
    with pytest.raises(Conflict, match="decision_settled"):
        finding_settle(tenant, decision.id, verdict="approve", actor="other", reason="x", now=NOW)

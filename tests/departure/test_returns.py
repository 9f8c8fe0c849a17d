"""A provider that is back after a reversed removal holds its deposit again before it sells."""

from datetime import date, datetime, timedelta

import pytest

from earnest.assessment.commands import day_run
from earnest.consequences.basis import TOPPED_UP, restrict
from earnest.consequences.commands import decide
from earnest.consequences.returning import returns_unset
from earnest.consequences.reversal import decision_reverse
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import NewDecision, Undoing
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.departure.daily import departures_look
from earnest.departure.exits import Standing, exit_begin, exit_check_confirm
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get
from earnest.deposits.models import Requirement, Shortage
from earnest.deposits.queries import position
from earnest.kernel.errors import Conflict
from earnest.ledger.queries import verify
from earnest.market.models import Provider
from earnest.notices.models import Notice
from earnest.payins.receipts import PayIns
from earnest.payouts.models import Payout
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from tests.cases.scene import NOW, P1, paid_in, settle
from tests.departure.test_removals import _planned, _removed

pytestmark = [pytest.mark.django_db, pytest.mark.clause("S0-1.1-basis", "S0-3.2a")]
OVER = NOW + timedelta(days=60)
REQUIRED = 1_000_000
FINE = 250_000
FROZEN = {"visibility", "new_order", "renewal"}
UNDOING = Undoing("appeal", "A000001", "confirmer", "the answers were not real")


def _wound_down(tenant: str) -> Departure:
    """Remove a provider and see it to its end: its fine is taken, the rest is paid back."""
    row = _planned(tenant)
    tickets_look(tenant, OVER)
    departures_look(tenant, OVER)
    asked = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    settle(tenant, asked.id, OVER, persons=2)
    departures_look(tenant, OVER)
    row = departure_get(tenant, row.number)
    assert (row.state, Payout.objects.get(tenant_id=tenant).amount_fen) == (
        "completed", REQUIRED - FINE,
    )  # fmt: skip
    return row


def _reversed(tenant: str, row: Departure, at: datetime = OVER) -> None:
    assert row.removal_decision_id is not None
    decision_reverse(tenant, row.removal_decision_id, UNDOING, at)


def _looked(tenant: str, at: datetime) -> None:
    day_run(tenant, at, PayIns(0, 0, []))


def _asked(tenant: str) -> Decision:
    return Decision.objects.get(tenant_id=tenant, decision="provider_deposit")


def test_a_provider_that_is_back_is_asked_for_its_deposit_and_frozen_until_it_is_there(
    tenant: str,
) -> None:
    """Its fine has gone back: the rest is due in fifteen days, and once paid the freeze ends."""
    row = _wound_down(tenant)
    assert position(tenant, P1, OVER.date()).required_fen == 0
    _reversed(tenant, row)
    at, due_on = position(tenant, P1, OVER.date()), date(2025, 11, 19)
    assert (at.required_fen, at.free_fen, at.shortage_fen) == (REQUIRED, FINE, REQUIRED - FINE)
    shortage = Shortage.objects.get(tenant_id=tenant, closed_at=None)
    notice = Notice.objects.get(tenant_id=tenant, kind="shortage")
    assert (shortage.due_on, notice.due_on) == (due_on, due_on)
    assert "7,500.00" in notice.body_zh
    assert capabilities_restricted(tenant, *P1) == FROZEN
    asked = _asked(tenant)
    assert (asked.period, asked.state) == ("A000001", "in_effect")
    assert [each.actor for each in asked.approvals.all()] == ["confirmer"]
    later = OVER + timedelta(days=1)
    _looked(tenant, later)
    assert capabilities_restricted(tenant, *P1) == FROZEN
    paid_in(tenant, P1, REQUIRED - FINE, at=later)
    _looked(tenant, later)
    assert capabilities_restricted(tenant, *P1) == set()
    assert Notice.objects.filter(tenant_id=tenant, kind="shortage").count() == 1
    assert all(check.ok for check in verify(tenant))
    assert decisions_replay(tenant).differences == []


def test_the_story_says_that_it_is_back_once(tenant: str) -> None:
    """The winding down stays over; looking again notes nothing more."""
    row = _wound_down(tenant)
    _reversed(tenant, row)
    assert (departures_look(tenant, OVER).moved, departures_look(tenant, OVER).moved) == (1, 0)
    row = departure_get(tenant, row.number)
    assert (row.state, row.steps.filter(what="back").get().note) == ("completed", "A000001")


def test_who_was_not_paid_back_is_asked_for_nothing(tenant: str) -> None:
    """Still winding down when the removal falls: the deposit is there, and nothing is frozen."""
    decision = _removed(tenant, FINE)
    departures_look(tenant, NOW)
    decision_reverse(tenant, decision.id, UNDOING, NOW)
    assert not Decision.objects.filter(tenant_id=tenant, decision="provider_deposit").exists()
    assert Requirement.objects.filter(tenant_id=tenant).count() == 1
    assert capabilities_restricted(tenant, *P1) == set()


def test_a_deposit_that_waits_for_a_person_keeps_it_frozen(tenant: str) -> None:
    """Nothing is short before the deposit is set, and yet nothing is released."""
    facts = {"assessed_on": NOW.date(), "category": "supply_tool", "balance_fen": 0}
    evaluation = pack_of(SUPPLY_MARKET).evaluate("provider_deposit", facts)
    wanted = NewDecision(*P1, "A000001", "S0-1.1-basis", "set", 0, 1, evaluation)
    (asked,) = decide(tenant, [wanted], NOW)
    restrict(tenant, asked, [TOPPED_UP], NOW, measure="freeze")
    assert returns_unset(tenant) == {P1}
    _looked(tenant, NOW)
    assert capabilities_restricted(tenant, *P1) == FROZEN
    settle(tenant, asked.id, NOW, persons=1)
    _looked(tenant, NOW)
    assert (returns_unset(tenant), capabilities_restricted(tenant, *P1)) == (set(), set())


def test_a_refund_that_waits_is_refused_when_the_removal_falls(tenant: str) -> None:
    """Nobody can pay the deposit of a provider back that takes part again."""
    row = _planned(tenant)
    tickets_look(tenant, OVER)
    departures_look(tenant, OVER)
    asked = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    assert asked.state == "waiting"
    _reversed(tenant, row)
    with pytest.raises(Conflict):
        settle(tenant, asked.id, OVER, persons=1)
    departures_look(tenant, OVER)
    assert departure_get(tenant, row.number).state == "cancelled"
    assert Provider.objects.get(tenant_id=tenant).left_on is None
    assert position(tenant, P1, OVER.date()).shortage_fen == 0


@pytest.mark.clause("S0-3.3")
def test_a_removal_ends_the_refund_of_an_exit_that_waits(tenant: str) -> None:
    """Who is removed while two persons decide on its exit is wound down first."""
    number = exit_begin(tenant, "P1", Standing(0, 0), actor="p1", reason="", now=NOW).number
    exit_check_confirm(tenant, number, Standing(0, 0), actor="service", now=NOW)
    asked = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    _removed(tenant, FINE)
    departures_look(tenant, NOW)
    asked.refresh_from_db()
    assert (asked.state, departure_get(tenant, number).state) == ("refused", "cancelled")
    assert not Payout.objects.filter(tenant_id=tenant).exists()

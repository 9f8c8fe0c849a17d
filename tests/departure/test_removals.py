"""What follows a removal: the plan, the merchants, other accounts, the rest of the deposit."""

from datetime import date, timedelta
from typing import Any

import pytest

from earnest.consequences.commands import decide
from earnest.consequences.reversal import decision_reverse
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.commands import NewDecision, Undoing
from earnest.decisions.models import Decision, Reversal
from earnest.departure.daily import departures_look
from earnest.departure.exits import Standing, exit_begin
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get, return_bar
from earnest.departure.removals import group_removal_ask, same_hands
from earnest.departure.winding_down import (
    Merchant,
    handover_settle,
    merchants_read,
    plan_file,
    plan_review,
)
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.ledger.queries import verify
from earnest.market.models import Provider
from earnest.notices.models import Notice
from earnest.payouts.models import Payout
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.tickets.models import Ticket
from tests.cases.scene import ENTITY, NOW, P1, settle

pytestmark = pytest.mark.django_db
USE = {"running_use", "interface_calls"}
LOW: dict[str, int] = {"points": 600, "answers": 10}


def _removed(tenant: str, fine_fen: int = 1_000_000) -> Decision:
    """Remove the provider by the third rung of the ladder, approved by two persons."""
    facts: dict[str, Any] = {
        "assessed_on": date(2025, 9, 30),
        "months": [
            [date(2025, 7, 31), LOW], [date(2025, 8, 31), LOW], [date(2025, 9, 30), LOW],
        ],
    }  # fmt: skip
    evaluation = pack_of(SUPPLY_MARKET).evaluate("nps_ladder", facts)
    wanted = NewDecision(*P1, "2025-09", "S0-2.2.5-5c", "remove", fine_fen, 2, evaluation)
    (decision,) = decide(tenant, [wanted], NOW)
    settle(tenant, decision.id, NOW, persons=2)
    decision.refresh_from_db()
    return decision


def _winding_down(tenant: str, fine_fen: int = 1_000_000) -> Departure:
    _removed(tenant, fine_fen)
    assert departures_look(tenant, NOW).opened == 1
    return Departure.objects.get(tenant_id=tenant, way="removal")


def _planned(tenant: str, *merchants: Merchant) -> Departure:
    row = _winding_down(tenant, 250_000)
    plan_file(tenant, row.number, "we hand over", merchants, actor="p1", now=NOW)
    return plan_review(tenant, row.number, accepted=True, actor="service", note="", now=NOW)


def _other(tenant: str, provider_id: str, entity: str, controller: str = "") -> None:
    Provider.objects.create(
        tenant_id=tenant, provider_id=provider_id, name="另一家", entity_name=entity,
        service_category="supply_tool", admitted_on=date(2025, 2, 1), controller_ref=controller,
    )  # fmt: skip


@pytest.mark.clause("S0-3.1", "S0-3.2a")
def test_a_removal_opens_its_winding_down_once(tenant: str) -> None:
    """The provider is told to file its plan within a week, and once, when it is late, of that.

    Looking again opens nothing and tells nothing; a plan sent back has a day of its own.
    """
    row = _winding_down(tenant)
    assert (row.state, row.plan_due_on) == ("winding_down", date(2025, 9, 12))
    assert departures_look(tenant, NOW).opened == 0
    late = NOW + timedelta(days=8)
    assert departures_look(tenant, NOW + timedelta(days=7)).late == 0
    assert (departures_look(tenant, late).late, departures_look(tenant, late).late) == (1, 0)
    (told,) = Notice.objects.filter(tenant_id=tenant, title_en__contains="is late")
    assert (told.severity, told.due_on, told.clause) == ("serious", row.plan_due_on, "S0-3.2a")
    assert told.subject_id == P1[1]
    plan_file(tenant, row.number, "we hand over", [], actor="p1", now=late)
    assert departures_look(tenant, late + timedelta(days=9)).late == 0
    plan_review(tenant, row.number, accepted=False, actor="service", note="whom?", now=late)
    assert departures_look(tenant, late + timedelta(days=8)).late == 1


@pytest.mark.clause("S0-3.2a")
def test_merchants_are_served_on_and_then_the_rest_goes_back(tenant: str) -> None:
    """Served thirty days past the subscription, settled, then two persons refund the rest."""
    row = _planned(tenant, Merchant("S1", date(2025, 9, 30), "moves to another provider"))
    assert row.serve_until == date(2025, 10, 30)
    before, after = NOW + timedelta(days=40), NOW + timedelta(days=60)
    handover_settle(tenant, row.number, "S1", actor="service", note="", now=before)
    assert departures_look(tenant, before).moved == 0
    assert not USE & capabilities_restricted(tenant, *P1), "it serves them until then"
    assert departures_look(tenant, after).moved == 1
    assert capabilities_restricted(tenant, *P1) >= USE
    assert departures_look(tenant, after).moved == 0, "the ticket's money is still to come"
    tickets_look(tenant, after)
    assert departures_look(tenant, after).moved == 1
    asked = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    settle(tenant, asked.id, after, persons=2)
    departures_look(tenant, after)
    assert departure_get(tenant, row.number).state == "completed"
    assert Payout.objects.get(tenant_id=tenant).amount_fen == 750_000
    assert all(check.ok for check in verify(tenant))


@pytest.mark.clause("S0-3.2a")
def test_an_open_merchant_keeps_the_rest_back(tenant: str) -> None:
    """However late it is, nothing goes back while a merchant is not settled; then it does."""
    row = _planned(tenant, Merchant("S1", date(2025, 9, 30), "moves"))
    later = NOW + timedelta(days=300)
    tickets_look(tenant, later)
    assert departures_look(tenant, later).moved == 0
    assert departure_get(tenant, row.number).state == "winding_down"
    handover_settle(tenant, row.number, "S1", actor="service", note="", now=later)
    assert departures_look(tenant, later).moved == 1


def test_a_plan_comes_back_with_a_reason_and_is_filed_again(tenant: str) -> None:
    """Sent back: a new day is set; a line that cannot be read is named."""
    row = _winding_down(tenant)
    number = row.number
    with pytest.raises(BadInput, match="row 2"):
        merchants_read(["S1 2025-09-30 moves", "S2 soon moves"])
    plan_file(tenant, number, "later", [], actor="p1", now=NOW)
    with pytest.raises(BadInput):
        plan_review(tenant, number, accepted=False, actor="service", note=" ", now=NOW)
    later = NOW + timedelta(days=2)
    row = plan_review(tenant, number, accepted=False, actor="service", note="whom?", now=later)
    assert (row.plan_state, row.plan_due_on) == ("sent_back", date(2025, 9, 14))
    merchant = Merchant("S1", date(2025, 9, 30), "moves")
    plan_file(tenant, number, "S1 moves", [merchant], actor="p1", now=later)
    plan_review(tenant, number, accepted=True, actor="service", note="", now=later)
    with pytest.raises(Conflict):
        plan_file(tenant, number, "other", [], actor="p1", now=later)
    with pytest.raises(NotFound):
        handover_settle(tenant, number, "S2", actor="service", note="", now=later)


@pytest.mark.clause("S0-3.2a")
def test_a_plan_filed_again_says_anew_how_each_merchant_is_served(tenant: str) -> None:
    """Days and arrangements are those of the newest plan; left out and named again is open."""
    number = _winding_down(tenant, 250_000).number
    s1, s2 = Merchant("S1", date(2025, 9, 30), "stays"), Merchant("S2", date(2025, 9, 30), "moves")
    longer = Merchant("S1", date(2026, 3, 31), "handed to X")
    for plan in ([s1, s2], [longer], [longer, s2]):
        plan_file(tenant, number, "plan", plan, actor="p1", now=NOW)
        row = plan_review(tenant, number, accepted=False, actor="service", note="no", now=NOW)
    handover_settle(tenant, number, "S2", actor="service", note="gone", now=NOW)
    row = plan_file(tenant, number, "last", [longer, s2], actor="p1", now=NOW)
    assert [
        (each.shop_id, each.serve_until, each.arrangement, each.settled_note)
        for each in row.handovers.order_by("shop_id")
    ] == [
        ("S1", date(2026, 4, 30), "handed to X", ""),
        ("S2", date(2025, 10, 30), "moves", "gone"),
    ]
    assert row.serve_until == date(2026, 4, 30)
    filed = list(row.steps.filter(what="plan_filed").values_list("note", flat=True))
    assert filed[0] == "plan\nS1 2025-09-30 stays\nS2 2025-09-30 moves"


@pytest.mark.clause("S0-3.1")
def test_accounts_in_the_same_hands_may_be_removed_too(tenant: str) -> None:
    """The same entity is found whatever its brackets; two persons decide, and it has a ticket."""
    _other(tenant, "P2", f" {ENTITY}")
    _other(tenant, "P3", "上海某某有限公司")
    row = _winding_down(tenant)
    assert [(each.provider_id, why) for each, why in same_hands(tenant, "P1")] == [
        ("P2", "same_entity")
    ]
    with pytest.raises(NotFound):
        group_removal_ask(tenant, row.number, "P3", actor="risk", reason="same", now=NOW)
    made = group_removal_ask(tenant, row.number, "P2", actor="risk", reason="same hands", now=NOW)
    settle(tenant, made.id, NOW, persons=2)
    assert Provider.objects.get(tenant_id=tenant, provider_id="P2").left_on is not None
    assert Ticket.objects.filter(tenant_id=tenant, subject_id="P2", outcome="remove").exists()
    departures_look(tenant, NOW)
    assert Departure.objects.filter(tenant_id=tenant, provider_id="P2", way="removal").exists()


@pytest.mark.clause("S0-3.1")
def test_accounts_of_the_same_controller_are_found_whatever_their_entity(tenant: str) -> None:
    """The controller counts where one is known; nobody known is nobody's controller."""
    _other(tenant, "P2", "上海某某有限公司", "C1")
    _other(tenant, "P3", "北京某某有限公司", "C2")
    _other(tenant, "P4", "广州某某有限公司")
    assert same_hands(tenant, "P1") == []
    Provider.objects.filter(tenant_id=tenant, provider_id="P1").update(controller_ref="C1")
    assert [(each.provider_id, why) for each, why in same_hands(tenant, "P1")] == [
        ("P2", "same_controller")
    ]


@pytest.mark.clause("S0-2.2.5-5c", "S0-3.1")
def test_a_removal_that_is_reversed_cancels_its_winding_down(tenant: str) -> None:
    """The provider takes part again and is not leaving any more."""
    decision = _removed(tenant)
    departures_look(tenant, NOW)
    decision_reverse(tenant, decision.id, Undoing("appeal", "A000001", "risk", "wrong"), NOW)
    departures_look(tenant, NOW)
    assert not capabilities_restricted(tenant, *P1)
    row = Departure.objects.get(tenant_id=tenant)
    assert (row.state, Provider.objects.get(tenant_id=tenant).left_on) == ("cancelled", None)
    assert return_bar(tenant, row, NOW) is None


@pytest.mark.clause("S0-3.1")
def test_a_reversed_removal_takes_those_of_other_accounts_with_it(tenant: str) -> None:
    """In effect it is reversed, and what rested on that too; waiting it is refused; once each."""
    for provider_id in ("P2", "P3", "P4"):
        _other(tenant, provider_id, ENTITY)
    first = _winding_down(tenant)
    second = group_removal_ask(tenant, first.number, "P2", actor="risk", reason="same", now=NOW)
    settle(tenant, second.id, NOW, persons=2)
    waiting = group_removal_ask(tenant, first.number, "P3", actor="risk", reason="same", now=NOW)
    departures_look(tenant, NOW)
    own = Departure.objects.get(tenant_id=tenant, provider_id="P2")
    third = group_removal_ask(tenant, own.number, "P4", actor="risk", reason="same", now=NOW)
    settle(tenant, third.id, NOW, persons=2)
    undoing = Undoing("appeal", "A000001", "confirmer", "wrong")
    later = NOW + timedelta(days=1)
    assert first.removal_decision_id is not None
    decision_reverse(tenant, first.removal_decision_id, undoing, later)
    assert departures_look(tenant, later).moved == 5, "three decisions and two departures"
    assert departures_look(tenant, later).moved == 0
    states = {
        each.id: each.state
        for each in Decision.objects.filter(tenant_id=tenant, decision="group_removal")
    }
    assert states == {second.id: "reversed", waiting.id: "refused", third.id: "reversed"}
    assert not Provider.objects.filter(tenant_id=tenant).exclude(left_on=None).exists()
    reversal = Reversal.objects.get(decision_id=third.id)
    assert (reversal.because, reversal.reference, reversal.actor) == (
        "rested_on", "A000001", "confirmer",
    )  # fmt: skip
    (word,) = Decision.objects.get(id=waiting.id).approvals.all()
    assert (word.actor, word.verdict) == ("system", "refuse")
    assert {each.state for each in Departure.objects.filter(tenant_id=tenant)} == {"cancelled"}
    steps = departure_get(tenant, first.number).steps.values_list("what", "note")
    assert {("group_reversed", "P2"), ("group_refused", "P3")} <= set(steps)
    with pytest.raises(Conflict, match="removal_reversed"):
        group_removal_ask(tenant, first.number, "P3", actor="risk", reason="again", now=later)


@pytest.mark.clause("S0-3.1")
def test_a_removal_reversed_after_all_was_settled_still_takes_others_with_it(tenant: str) -> None:
    """A winding down that is over does not shield what was decided because of it."""
    _other(tenant, "P2", ENTITY)
    row = _planned(tenant)
    made = group_removal_ask(tenant, row.number, "P2", actor="risk", reason="same", now=NOW)
    settle(tenant, made.id, NOW, persons=2)
    over = NOW + timedelta(days=60)
    tickets_look(tenant, over)
    departures_look(tenant, over)
    asked = Decision.objects.get(tenant_id=tenant, decision="exit_conditions")
    settle(tenant, asked.id, over, persons=2)
    departures_look(tenant, over)
    assert departure_get(tenant, row.number).state == "completed"
    assert row.removal_decision_id is not None
    undoing = Undoing("appeal", "A000001", "confirmer", "wrong")
    decision_reverse(tenant, row.removal_decision_id, undoing, over)
    departures_look(tenant, over)
    made.refresh_from_db()
    assert made.state == "reversed"
    assert Provider.objects.get(tenant_id=tenant, provider_id="P2").left_on is None


@pytest.mark.clause("S0-3.4")
def test_the_bar_after_a_removal_is_for_the_operator_to_say(tenant: str) -> None:
    """S0 sets no time after a removal: the page says so instead of making one up."""
    row = _winding_down(tenant)
    bar = return_bar(tenant, row, NOW)
    assert bar is not None
    assert bar.opens_on is None
    assert bar.said_zh.startswith("清退后再入驻限制期：原文没有给出")
    assert bar.said_en.startswith("bar on re-entry after removal: ")


def test_a_removal_takes_the_place_of_an_exit(tenant: str) -> None:
    """Who is removed while leaving is wound down as removed."""
    exit_begin(tenant, "P1", Standing(1, 0), actor="p1", reason="", now=NOW)
    _winding_down(tenant)
    states = {row.way: row.state for row in Departure.objects.filter(tenant_id=tenant)}
    assert states == {"exit": "cancelled", "removal": "winding_down"}

"""A total of points at the ceiling: a measure is proposed where the operator has set one."""

from datetime import date, timedelta
from typing import Any

import pytest

from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.authoring.amending import (
    NewEdition,
    NewInstrument,
    NewRow,
    NewValue,
    edition_added,
    instrument_added,
    value_added,
)
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.market.queries import provider_get
from earnest.notices.models import Notice
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.tickets.models import Ticket
from earnest.violations.corrections import correction_judge, correction_say
from earnest.violations.due import violations_look
from earnest.violations.evidence import Answer
from earnest.violations.points import points_ceiling
from earnest.violations.queries import violation_get
from earnest.violations.sanctions import points_standing
from tests.appeals.scene import heard
from tests.cases.scene import NOW, P1
from tests.rulebooks.books import announced, submitted
from tests.violations.scene import DAY, RISK, SERVICE, item, market, sanctioned, settled

pytestmark = pytest.mark.django_db
PUBLISHED, IN_FORCE = date(2025, 8, 1), date(2025, 9, 4)
DAYS = timedelta(days=1)


def _ceiling_set(tenths: int, measure: str = "freeze") -> None:
    """Announce that a total of so many tenths leads to a measure."""
    act = NewInstrument("S0-2025", PUBLISHED, IN_FORCE)
    text = instrument_added(pack_of(SUPPLY_MARKET).text, act)
    text = value_added(text, "points_ceiling", NewValue(IN_FORCE, tenths, "S0-2.2.6", act.id))
    if measure != "freeze":
        rows = [
            NewRow(["< 0"], ["none", 0], "S0-2.2.6"),
            NewRow([">= 0"], [measure, 0], "S0-2.2.6"),
        ]
        text = edition_added(text, "points_steps", NewEdition(IN_FORCE, act.id, rows))
    announced(submitted(text, PUBLISHED), PUBLISHED)


def _measures(tenant: str) -> list[Decision]:
    rows = Decision.objects.filter(tenant_id=tenant, decision="points_measure")
    return list(rows.order_by("seq"))


def _two_violations(tenant: str) -> tuple[Any, Any]:
    """Sanction 2.0 and 3.0 points, one after the other."""
    first, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"))
    second, _ = sanctioned(tenant, item("not_as_described", item_id="G8"))
    return first, second


@pytest.mark.clause("S0-2.2.6")
def test_while_no_ceiling_is_set_points_only_count() -> None:
    """Twelve points and no measure: nobody has said what they lead to."""
    tenant = market()
    sanctioned(tenant, item("off_market_dealing", charge="C1"))
    assert points_ceiling(pack_of(SUPPLY_MARKET), DAY) is None
    assert _measures(tenant) == []


@pytest.mark.clause("S0-2.2.6")
def test_the_violation_that_reaches_the_ceiling_leads_to_a_proposed_measure() -> None:
    """2.0 stay below 5.0; with 3.0 more, freezing waits for one other person, and then acts."""
    tenant = market()
    _ceiling_set(50)
    sanctioned(tenant, item("outside_contacts", item_id="G7"))
    assert _measures(tenant) == []
    violation, _ = sanctioned(tenant, item("not_as_described", item_id="G8"))
    (measure,) = _measures(tenant)
    assert (measure.state, measure.outcome, measure.approvals_needed, measure.period) == (
        "waiting", "freeze", 1, violation.number,
    )  # fmt: skip
    assert measure.receipt["result"]["points_total"] == 50
    assert "measure_proposed" in {each.what for each in violation.entries.all()}
    settled(tenant, violation)
    assert "new_order" in capabilities_restricted(tenant, *P1)
    ticket = Ticket.objects.get(tenant_id=tenant, decision="points_measure")
    assert [each.about for each in ticket.items.all()] == [f"{violation.number}/1"]
    assert not decisions_replay(tenant).differences


def test_a_removal_for_points_waits_for_two_persons() -> None:
    """Proposed by who may not decide, risk alone does not remove; risk and admin do."""
    tenant = market()
    _ceiling_set(20, measure="remove")
    violation, _ = sanctioned(tenant, item("outside_contacts", item_id="G7"), by=SERVICE)
    (measure,) = _measures(tenant)
    assert (measure.outcome, measure.approvals_needed) == ("remove", 2)
    settled(tenant, violation, by=RISK)
    assert provider_get(tenant, "P1").left_on is None
    settled(tenant, violation)
    assert provider_get(tenant, "P1").left_on is not None


@pytest.mark.parametrize("approved", [False, True])
def test_a_correction_takes_the_measure_with_it(approved: bool) -> None:
    """The earlier points put right, 3.0 are left: what waits is refused, what acts is reversed."""
    tenant = market()
    _ceiling_set(50)
    first, second = _two_violations(tenant)
    if approved:
        settled(tenant, second)
    correction_say(tenant, P1, first.number, Answer("gone", "clerk"), NOW)
    correction_judge(
        tenant, first.number, verdict="accepted", actor="risk", reason="gone", now=NOW + DAYS
    )
    (measure,) = _measures(tenant)
    assert measure.state == ("reversed" if approved else "refused")
    assert capabilities_restricted(tenant, *P1) == set()
    told = Notice.objects.filter(tenant_id=tenant, decision_id=measure.id, kind="release")
    assert [f"因 {first.number} 已整改而撤销" in each.body_zh for each in told] == (
        [True] if approved else []
    )


@pytest.mark.clause("S0-2.2.6")
@pytest.mark.parametrize(("ceiling", "state"), [(50, "reversed"), (30, "in_effect")])
def test_an_appeal_against_earlier_points_judges_the_measure_again(
    ceiling: int, state: str
) -> None:
    """The first 2.0 points fall: 3.0 are left, which reach a ceiling of 3.0 and not one of 5.0."""
    tenant = market()
    _ceiling_set(ceiling)
    first, second = _two_violations(tenant)
    settled(tenant, second)
    ticket = Ticket.objects.get(tenant_id=tenant, period=first.number, decision="violation_points")
    disputed = [Disputed(1, "facts_wrong", "并非事实")]
    appeal = appeal_file(tenant, NewAppeal(P1, ticket.number, disputed, "p1"), NOW)
    heard(appeal, NOW + DAYS)
    (measure,) = _measures(tenant)
    assert measure.state == state
    assert violation_get(tenant, second.number).settled_at == NOW
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S0-2.2.6", "S0-2.2.5-scope")
def test_the_same_points_lead_to_one_measure_only() -> None:
    """5.0 led to freezing: 2.0 more lead to nothing, and 3.0 after them fill the next 5.0.

    It is the same while the first measure still waits for its person.
    """
    tenant = market()
    _ceiling_set(50)
    _, second = _two_violations(tenant)
    sanctioned(tenant, item("outside_contacts", item_id="G9"))
    assert len(_measures(tenant)) == 1
    settled(tenant, second)
    third, _ = sanctioned(tenant, item("not_as_described", item_id="G10"))
    first_measure, next_measure = _measures(tenant)
    assert first_measure.receipt["result"]["points_total"] == 50
    assert next_measure.receipt["result"]["points_total"] == 50
    assert next_measure.period == third.number
    given = [
        {one["given_in"] for one in each.receipt["facts"]["counted"]} for each in _measures(tenant)
    ]
    assert not given[0] & given[1]


def test_a_measure_that_people_refused_is_proposed_again_only_with_new_points() -> None:
    """The look proposes nothing for points that people let go; the next violation does."""
    tenant = market()
    _ceiling_set(50)
    _, second = _two_violations(tenant)
    settled(tenant, second, verdict="refuse")
    assert violations_look(tenant, NOW).measures == ()
    third, _ = sanctioned(tenant, item("images_unclear", item_id="G9"))
    refused, again = _measures(tenant)
    assert (refused.state, again.state, again.period) == ("refused", "waiting", third.number)
    assert again.receipt["result"]["points_total"] == 55


@pytest.mark.clause("S0-2.2.6")
def test_one_overturned_item_takes_its_points_off_and_frees_the_others() -> None:
    """Of 4.0 by two items one falls: the measure at 4.0 falls, and 2.0 with 3.0 later reach it.

    The points that are left had led to no measure in the end, so the look proposes one.
    """
    tenant = market()
    _ceiling_set(40)
    first, _ = sanctioned(
        tenant, item("outside_contacts", item_id="G7"), item("exaggeration", item_id="G8")
    )
    settled(tenant, first)
    second, _ = sanctioned(tenant, item("not_as_described", item_id="G9"))
    assert len(_measures(tenant)) == 1
    ticket = Ticket.objects.get(tenant_id=tenant, period=first.number, decision="violation_points")
    disputed = [Disputed(1, "facts_wrong", "并非事实")]
    heard(appeal_file(tenant, NewAppeal(P1, ticket.number, disputed, "p1"), NOW), NOW + DAYS)
    assert [each.state for each in _measures(tenant)] == ["reversed"]
    assert points_standing(second, pack_of(SUPPLY_MARKET), DAY) == [30, 20]
    assert violations_look(tenant, NOW + DAYS).measures == (first.number,)
    assert violations_look(tenant, NOW + DAYS).measures == ()
    _, again = _measures(tenant)
    assert (again.state, again.receipt["result"]["points_total"]) == ("waiting", 50)

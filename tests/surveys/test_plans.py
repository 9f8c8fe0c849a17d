"""Plans of improvement: asked for once, filed in time, and of no effect on any penalty."""

from datetime import date, timedelta

import pytest

from earnest.decisions.commands import NewFinding, findings_record
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.market.commands import provider_leave
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.surveys.due import surveys_due
from earnest.surveys.models import ImprovementPlan
from earnest.surveys.plans import (
    PlanItem,
    plan_accept,
    plan_before,
    plan_file,
    plan_report,
    plan_send_back,
    plans_ask,
)
from earnest.surveys.queries import plan_get
from earnest.work.deadlines import deadlines_of
from tests.surveys.scene import MONTH, OVER, TENANT

JUDGED = OVER + timedelta(days=7)
UNTIL = day_of(JUDGED) + timedelta(days=15)


@pytest.fixture
def judged(market: str) -> str:
    """Find P1 below the mark in October, and P2 not."""
    for provider, points, status in (("P1", 300, "breached"), ("P2", 400, "met")):
        evaluation = pack_of(SUPPLY_MARKET).evaluate(
            "nps_ladder",
            {
                "assessed_on": MONTH.last_day,
                "months": [[MONTH.last_day, {"points": points, "answers": 50}]],
            },
        )
        finding = NewFinding(
            "provider", provider, str(MONTH), "S0-2.2.5-5a", "nps_composite", points, 50, 10,
            MONTH.first_day, MONTH.last_day, status, evaluation,
        )  # fmt: skip
        findings_record(market, [finding], JUDGED)
    return market


@pytest.fixture
def plan(judged: str) -> ImprovementPlan:
    """Ask for what is due."""
    assert surveys_due(judged, JUDGED) == {"plans_asked": 1}
    return plan_get(judged, "P1", str(MONTH))


@pytest.mark.clause("S0-2.2.5-6")
def test_who_has_left_the_market_is_asked_for_no_plan(judged: str) -> None:
    """Nobody improves a service that is not offered any more, and no deadline is shown for it."""
    assert plans_ask(judged, JUDGED) == 1
    shown = [each.kind for each in deadlines_of(judged, ("provider", "P1"), JUDGED)]
    assert "plan" in shown
    over = JUDGED + timedelta(days=16)
    assert "plan" not in [each.kind for each in deadlines_of(judged, ("provider", "P1"), over)]
    provider_leave(judged, "P1", day_of(JUDGED))
    shown = [each.kind for each in deadlines_of(judged, ("provider", "P1"), JUDGED)]
    assert "plan" not in shown


def test_a_plan_is_not_asked_for_after_the_provider_has_left(judged: str) -> None:
    """Removed between the month's judgement and the day's look: nothing is asked."""
    provider_leave(judged, "P1", day_of(JUDGED))
    assert plans_ask(judged, JUDGED) == 0


def items(by_on: date = UNTIL) -> list[PlanItem]:
    """Return a plan of one item."""
    return [PlanItem("增加夜班客服", by_on)]


@pytest.mark.clause("S0-2.2.5-6")
def test_a_plan_is_asked_for_once_with_its_deadline(plan: ImprovementPlan) -> None:
    """The notice says until when; a later look asks nobody again."""
    assert (plan.state, plan.file_until_on) == ("asked", UNTIL)
    assert plans_ask(TENANT, JUDGED + timedelta(days=1)) == 0
    (told,) = Notice.objects.filter(tenant_id=TENANT)
    assert (told.subject_id, told.due_on, told.clause) == ("P1", UNTIL, "S0-2.2.5-6")


def test_what_can_no_more_be_filed_is_not_asked_for(judged: str) -> None:
    """A worker that starts a day after the last day asks nobody; on the last day it still does."""
    last = JUDGED + timedelta(days=15)
    assert plans_ask(judged, last + timedelta(days=1)) == 0
    assert plans_ask(judged, JUDGED + timedelta(days=90)) == 0
    assert plans_ask("another-market", JUDGED) == 0
    assert plans_ask(judged, last) == 1


@pytest.mark.clause("S0-2.2.5-6", "S0-2.2.3b")
def test_from_filing_to_acceptance(plan: ImprovementPlan) -> None:
    """Sent back with a reason, filed again, accepted, reported on; each step is kept."""
    plan_file(plan, items(), "", "p1", JUDGED)
    with pytest.raises(Conflict):
        plan_file(plan, items(), "", "p1", JUDGED)
    with pytest.raises(BadInput):
        plan_send_back(plan, " ", "li", JUDGED)
    plan_send_back(plan, "太笼统", "li", JUDGED)
    with pytest.raises(Conflict):
        plan_accept(plan, "", "li", JUDGED)
    plan_file(plan, [*items(), PlanItem("更换快递", UNTIL)], "", "p1", JUDGED)
    plan_accept(plan, "", "li", JUDGED)
    plan_report(plan, "已招两人", "p1", JUDGED)
    kept = [(each.what, len(each.items)) for each in plan.entries.order_by("id")]
    assert kept == [
        ("filed", 1), ("sent_back", 0), ("filed", 2), ("accepted", 0), ("reported", 0),
    ]  # fmt: skip
    titles = [each.title_zh for each in Notice.objects.filter(subject_id="P1")]
    assert len(titles) == 3


@pytest.mark.clause("S0-2.2.5-6")
def test_the_rulebook_says_until_when(plan: ImprovementPlan) -> None:
    """On the last day it is taken, a day later not; no day that is past can be promised."""
    last = JUDGED + timedelta(days=15)
    with pytest.raises(RuleRefused) as late:
        plan_file(plan, items(UNTIL + timedelta(days=9)), "", "p1", last + timedelta(days=1))
    with pytest.raises(RuleRefused) as past:
        plan_file(plan, items(UNTIL - timedelta(days=1)), "", "p1", last)
    assert [each.value.problem.code for each in (late, past)] == [
        "plan_too_late",
        "plan_in_the_past",
    ]
    assert plan_file(plan, items(), "", "p1", last).state == "filed"


def test_a_plan_needs_words(plan: ImprovementPlan) -> None:
    """Nothing, blanks, or a thousand letters are no plan; what is wrong leaves nothing behind."""
    for wrong in ([], [PlanItem(" ", UNTIL)], [PlanItem("好" * 501, UNTIL)]):
        with pytest.raises(BadInput):
            plan_file(plan, wrong, "", "p1", JUDGED)
    assert not plan.entries.exists()


@pytest.mark.clause("S0-2.2.5-6")
def test_the_next_month_is_shown_with_the_plan(plan: ImprovementPlan) -> None:
    """A plan that was only asked for is none; once filed it goes with the month after."""
    following = MONTH.plus(1)
    assert plan_before(TENANT, "P1", following) is None
    plan_file(plan, items(), "", "p1", JUDGED)
    assert plan_before(TENANT, "P1", following) == plan
    assert plan_before(TENANT, "P1", MONTH) is None


def test_a_plan_that_was_not_accepted_has_no_progress(plan: ImprovementPlan) -> None:
    """Only what was agreed on can be reported on."""
    with pytest.raises(Conflict):
        plan_report(plan, "完成", "p1", JUDGED)

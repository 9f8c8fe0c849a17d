"""A provider that leaves of its own wish: conditions, check, two persons, refund, bar."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.cases.filing import case_get
from earnest.cases.provider_exits import ProviderExitFiling, provider_exit_ask
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import NewDecision
from earnest.decisions.models import Decision
from earnest.departure.daily import departures_look
from earnest.departure.exits import (
    Standing,
    exit_begin,
    exit_check_confirm,
    exit_update,
    exit_withdraw,
)
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get, exit_precheck, return_bar, timetable
from earnest.departure.turns import Turn, turn_of
from earnest.deposits.accounts import deposit_of, subject_accounts_open
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, RuleRefused
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.models import Provider
from earnest.notices.lines import sections_of
from earnest.notices.models import Notice, Statement
from earnest.notices.statement_paper import statement_pdf
from earnest.payouts.models import Payout
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.violations.reports import Report, ReportItem, violation_report
from tests.cases.scene import NOW, fed, settle

pytestmark = pytest.mark.django_db
NOTHING = Standing(0, 0)
LOW: dict[str, int] = {"points": 600, "answers": 10}


def _begun(tenant: str, standing: Standing = NOTHING) -> Departure:
    return exit_begin(tenant, "P1", standing, actor="p1", reason="business ends", now=NOW)


def _decision(tenant: str, number: str) -> Decision:
    case = case_get(tenant, departure_get(tenant, number).case_number)
    return decisions_of_case(case)[-1]


@pytest.mark.clause("S0-3.3", "S0-3.4")
def test_a_provider_leaves_and_may_come_back_after_six_months(tenant: str) -> None:
    """Applied, checked, approved by two: the deposit goes back, and the bar counts from the end."""
    number = _begun(tenant).number
    row = exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    assert row.state == "approving"
    decision = _decision(tenant, number)
    assert (decision.outcome, decision.money_fen, decision.approvals_needed) == (
        "refund_and_leave", 1_000_000, 2,
    )  # fmt: skip
    later = NOW + timedelta(days=3)
    settle(tenant, decision.id, later, persons=2)
    assert departures_look(tenant, later).moved == 1
    row = departure_get(tenant, number)
    assert row.state == "completed"
    assert Provider.objects.get(tenant_id=tenant).left_on == day_of(later)
    assert Payout.objects.get(tenant_id=tenant).amount_fen == 1_000_000
    bar = return_bar(tenant, row, later)
    assert bar is not None
    assert bar.opens_on == date(2026, 3, 8)
    assert all(check.ok for check in verify(tenant))
    assert departures_look(tenant, later) == departures_look(tenant, later)


def test_what_one_departure_is_refused_keeps_no_other_from_going_on(tenant: str) -> None:
    """The first exit was asked for elsewhere too: its problem is told, the second moves on."""
    Provider.objects.create(
        tenant_id=tenant, provider_id="P2", name="另一家", entity_name="另一家公司",
        service_category="supply_tool", admitted_on=date(2025, 2, 1),
    )  # fmt: skip
    subject_accounts_open(tenant, [("provider", "P2")], NOW)
    numbers = []
    for provider_id in ("P1", "P2"):
        row = exit_begin(tenant, provider_id, Standing(1, 0), actor="p", reason="ends", now=NOW)
        exit_check_confirm(tenant, row.number, Standing(1, 0), actor="service", now=NOW)
        numbers.append(row.number)
    Departure.objects.filter(tenant_id=tenant).update(on_sale=0)
    provider_exit_ask(tenant, "P1", ProviderExitFiling("p", 0, 0, reason="ends"), NOW)
    look = departures_look(tenant, NOW)
    assert [each.code for each in look.problems] == ["provider_leaving"]
    assert look.counts() == {"opened": 0, "moved": 1, "late": 0, "problems": 1}
    assert [departure_get(tenant, each).state for each in numbers] == ["checked", "approving"]


@pytest.mark.clause("S0-3.3")
def test_red_rows_hold_an_exit_until_they_are_settled(tenant: str) -> None:
    """A service on sale is red; two persons are asked once the reviewer finds none."""
    number = _begun(tenant, Standing(1, 0)).number
    found = exit_precheck(tenant, "P1", on_sale=1, running=0, now=NOW)
    assert {row.name for row in found.rows if not row.holds} == {"nothing_on_sale"}
    quiet = next(row for row in found.rows if row.name == "quiet_month")
    assert "须由审核人员核实" in quiet.zh, "nobody has told of any dispute"
    row = exit_check_confirm(tenant, number, Standing(1, 0), actor="service", now=NOW)
    assert row.state == "checked"
    assert departures_look(tenant, NOW).moved == 0
    exit_update(tenant, number, NOTHING, actor="p1", now=NOW)
    assert departure_get(tenant, number).state == "applied"
    assert exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW).state == (
        "approving"
    )


@pytest.mark.clause("S0-3.3")
def test_a_fine_that_waits_for_its_people_keeps_an_exit_and_its_refund_back(tenant: str) -> None:
    """Proposed before the check it is a red row; proposed after it, the refund waits for it."""
    number = _begun(tenant).number
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    evaluation = pack_of(SUPPLY_MARKET).evaluate(
        "nps_ladder",
        {"assessed_on": date(2025, 8, 31), "months": [[date(2025, 8, 31), LOW]]},
    )
    wanted = NewDecision("provider", "P1", "2025-08", "S0-2.2.5-5a", "hide", 250_000, 2, evaluation)
    (fine,) = decide(tenant, [wanted], NOW)
    found = exit_precheck(tenant, "P1", on_sale=0, running=0, now=NOW)
    assert {row.name for row in found.rows if not row.holds} == {"nothing_claimed"}
    with pytest.raises(RuleRefused, match="decisions_wait"):
        settle(tenant, _decision(tenant, number).id, NOW, persons=2)
    assert not Payout.objects.filter(tenant_id=tenant).exists()
    decision_settle(tenant, fine.id, verdict="refuse", actor="risk", reason="no", now=NOW)
    exit_ = _decision(tenant, number)
    decision_settle(tenant, exit_.id, verdict="approve", actor="person1", reason="ok", now=NOW)
    assert Payout.objects.get(tenant_id=tenant).amount_fen == 1_000_000


@pytest.mark.clause("S0-3.3")
def test_a_quiet_month_says_until_when_it_is_known(tenant: str) -> None:
    """Disputes of others are told to 6 August only: the row names that day."""
    step = {"case_kind": "dispute", "opened_against": "provider:P9", "case_id": "C1", "seq": "1"}
    at = {"action": "opened", "occurred_at": "2025-08-06T12:00:00+08:00"}
    fed(tenant, "case_event", {**step, **at})
    found = exit_precheck(tenant, "P1", on_sale=0, running=0, now=NOW)
    quiet = next(row for row in found.rows if row.name == "quiet_month")
    assert (quiet.holds, quiet.zh) == (True, "一个月内纠纷 0 件（数据截至 2025-08-06）")


@pytest.mark.clause("S0-3.3")
def test_a_violation_under_review_is_a_red_row(tenant: str) -> None:
    """Whoever reported it: until somebody has judged it, the provider does not leave."""
    item = ReportItem("slack_service", "", day_of(NOW), {})
    violation_report(tenant, Report(("provider", "P1"), "complaint", [item], "feed"), NOW)
    found = exit_precheck(tenant, "P1", on_sale=0, running=0, now=NOW)
    assert {row.name for row in found.rows if not row.holds} == {"nothing_claimed"}


@pytest.mark.clause("S0-3.3")
def test_a_deposit_that_is_held_in_part_is_a_red_row(tenant: str) -> None:
    """What somebody may still claim is not paid back: one fen is enough."""
    held = Transfer(
        id=uuid4(), kind="hold", debit=deposit_of(("provider", "P1")),
        credit="compensation_payable", amount_fen=1, effective_at=NOW,
        reason=Reason("S0-3.3", SUPPLY_MARKET, None, "held"),
    )  # fmt: skip
    assert transfers_post(tenant, [held], NOW)[0].status == "posted"
    found = exit_precheck(tenant, "P1", on_sale=0, running=0, now=NOW)
    assert {row.name for row in found.rows if not row.holds} == {"nothing_owed"}


@pytest.mark.clause("S0-3.2a", "S0-3.3")
def test_merchants_are_served_until_thirty_days_past_the_longest_subscription(tenant: str) -> None:
    """A subscription until 30 September is served until 30 October, and the notice says so."""
    row = _begun(tenant, Standing(0, 2, date(2025, 9, 30)))
    assert row.serve_until == date(2025, 10, 30)
    assert "2025-10-30" in Notice.objects.get(tenant_id=tenant).body_zh


def test_running_subscriptions_need_the_day_they_end(tenant: str) -> None:
    """Nothing is applied for when what was told does not fit together."""
    with pytest.raises(BadInput) as wrong:
        _begun(tenant, Standing(0, 2))
    assert wrong.value.problem.code == "subscription_end_missing"
    assert not Departure.objects.filter(tenant_id=tenant).exists()


def test_who_applied_does_not_check(tenant: str) -> None:
    """The check is another person's."""
    number = _begun(tenant).number
    with pytest.raises(NotAllowed):
        exit_check_confirm(tenant, number, NOTHING, actor="p1", now=NOW)


def test_one_departure_at_a_time(tenant: str) -> None:
    """A second application waits for the first."""
    _begun(tenant)
    with pytest.raises(Conflict) as twice:
        _begun(tenant)
    assert twice.value.problem.code == "provider_leaving"


def test_an_exit_is_taken_back_and_its_decision_with_it(tenant: str) -> None:
    """What two persons were asked is refused, and a new exit may begin."""
    number = _begun(tenant).number
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    decision = _decision(tenant, number)
    exit_withdraw(tenant, number, actor="p1", reason="we stay", now=NOW)
    decision.refresh_from_db()
    assert decision.state == "refused"
    assert departure_get(tenant, number).state == "withdrawn"
    with pytest.raises(Conflict):
        exit_withdraw(tenant, number, actor="p1", reason="again", now=NOW)
    assert _begun(tenant).number == "D000002"


def test_a_refusal_sends_the_exit_back_with_its_reason(tenant: str) -> None:
    """The provider reads why, puts it right, and is checked again."""
    number = _begun(tenant).number
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    settle(tenant, _decision(tenant, number).id, NOW, persons=1, verdict="refuse")
    assert departures_look(tenant, NOW).moved == 1
    assert departure_get(tenant, number).state == "applied"
    assert departure_get(tenant, number).steps.last().what == "refused"
    later = NOW + timedelta(days=1)
    again = exit_check_confirm(tenant, number, NOTHING, actor="service", now=later)
    assert again.state == "approving"


@pytest.mark.clause("S0-3.3")
@pytest.mark.parametrize("agreed", [0, 1])
def test_a_refusal_states_its_reasons(tenant: str, agreed: int) -> None:
    """The clause, the reason, what the rule found, and that one person refused, who agreed or not.

    Each refusal has its own statement, bound to the decision that was refused.
    """
    number = _begun(tenant).number
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    decision = _decision(tenant, number)
    if agreed:
        settle(tenant, decision.id, NOW, persons=1)
    decision_settle(
        tenant, decision.id, verdict="refuse", actor="risk", reason="账目仍在核对", now=NOW
    )
    assert departures_look(tenant, NOW).moved == 1
    kept = Statement.objects.get(tenant_id=tenant)
    assert (kept.clause, kept.decision_id) == ("S0-3.3", decision.id)
    assert kept.content["decided_by"] == {"mode": "persons", "persons": 1}
    for language in ("zh", "en"):
        assert "账目仍在核对" in kept.content["parts"][language]["facts"]
        assert len(sections_of(kept.content, language)) == 9
    assert "decided by 1 member" in kept.content["parts"]["en"]["decided_by"]
    assert statement_pdf(kept).startswith(b"%PDF")
    later = NOW + timedelta(days=1)
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=later)
    again = _decision(tenant, number)
    decision_settle(tenant, again.id, verdict="refuse", actor="risk", reason="x", now=later)
    departures_look(tenant, later)
    assert Statement.objects.filter(tenant_id=tenant).count() == 2


def test_a_refusal_by_no_person_is_not_said_to_be_one(tenant: str) -> None:
    """What the program refused by itself counts no person, and gives the right to have one."""
    number = _begun(tenant).number
    exit_check_confirm(tenant, number, NOTHING, actor="service", now=NOW)
    decision = _decision(tenant, number)
    decision_settle(tenant, decision.id, verdict="refuse", actor="system", reason="x", now=NOW)
    departures_look(tenant, NOW)
    content = Statement.objects.get(tenant_id=tenant).content
    assert content["decided_by"] == {"mode": "automatic", "persons": 0}


@pytest.mark.clause("S0-3.3")
def test_the_timetable_counts_working_days(tenant: str) -> None:
    """7, 7 and 3 working days from Friday 5 September; the last ones end before the holidays."""
    days = timetable(tenant, "P1", date(2025, 9, 5))
    assert days is not None
    assert (days.checked_by, days.approved_by, days.refunded_by) == (
        date(2025, 9, 16), date(2025, 9, 25), date(2025, 9, 29),
    )  # fmt: skip


@pytest.mark.clause("S0-3.3")
@settings(max_examples=8, deadline=None)
@given(on_sale=st.integers(0, 3), running=st.integers(0, 3))
def test_two_persons_are_asked_only_when_all_is_green(on_sale: int, running: int) -> None:
    """Whatever is on sale or running: approval is asked for exactly when nothing is."""
    from tests.cases.scene import provider_open, tenant_new, verified

    tenant = tenant_new()
    verified(tenant, provider_open(tenant, deposit_fen=10))
    ends_on = date(2025, 9, 30) if running else None
    number = _begun(tenant, Standing(on_sale, running, ends_on)).number
    row = exit_check_confirm(
        tenant, number, Standing(on_sale, running, ends_on), actor="service", now=NOW
    )
    assert (row.state == "approving") is (on_sale == running == 0)


@pytest.mark.clause("S0-3.2a", "S0-3.3")
def test_an_exit_waits_until_merchants_have_been_served_to_their_day(tenant: str) -> None:
    """The last subscription has ended and all is green: two persons are asked after its days."""
    ended = Standing(0, 0, day_of(NOW) - timedelta(days=1))
    number = _begun(tenant, ended).number
    row = exit_check_confirm(tenant, number, ended, actor="service", now=NOW)
    until = day_of(NOW) + timedelta(days=29)
    assert (row.state, row.serve_until) == ("checked", until)
    assert turn_of(row, until) == Turn("nobody", "serve", until)
    assert departures_look(tenant, NOW + timedelta(days=29)).moved == 0
    assert departures_look(tenant, NOW + timedelta(days=30)).moved == 1
    assert departure_get(tenant, number).state == "approving"


def test_a_subscription_of_long_ago_holds_nothing_up(tenant: str) -> None:
    """Its days are over: two persons are asked at once."""
    ended = Standing(0, 0, day_of(NOW) - timedelta(days=90))
    number = _begun(tenant, ended).number
    row = exit_check_confirm(tenant, number, ended, actor="service", now=NOW)
    assert (row.state, row.serve_until) == ("approving", None)

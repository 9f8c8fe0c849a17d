"""Months held behind a removal are judged in order, each once, when it comes to nothing."""

from datetime import datetime

import pytest

from earnest.assessment.held_months import held_months_judge, months_held
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.kernel.calendar import Month
from earnest.restrictions.commands import relisting_apply
from tests.appeals.scene import (
    AUGUST,
    FINE,
    LOW,
    OCTOBER,
    P1,
    SEPTEMBER,
    YUAN,
    chain,
    filed,
    heard,
    judged_at,
    looked,
    month_judge,
    paid_in,
    restricted,
    sound,
    takes_part,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c"),
]
NOVEMBER, DECEMBER = Month(2025, 11), Month(2025, 12)


def _removal_waits(tenant: str) -> Decision:
    """Judge three low months; the removal for the third waits for people."""
    chain(tenant, AUGUST, SEPTEMBER)
    removal = month_judge(tenant, OCTOBER, LOW, approve=False)
    assert removal is not None
    assert (removal.outcome, removal.state) == ("remove", "waiting")
    _listed_again(tenant, 7_500 * YUAN)
    return removal


def _listed_again(tenant: str, fen: int) -> None:
    """Top up and apply, so that the delisting ends within November and that month counts."""
    at = judged_at(OCTOBER)
    paid_in(tenant, fen, at=at)
    relisting_apply(tenant, *P1, at)
    looked(tenant, at)
    assert restricted(tenant) == set()


def _settled(tenant: str, decision: Decision, verdict: str, at: datetime) -> None:
    for actor in ("risk", "finance") if verdict == "approve" else ("risk",):
        decision_settle(
            tenant, decision.id, verdict=verdict, actor=actor, reason="plan is sound", now=at
        )
    decision.refresh_from_db()


def _ladder(tenant: str) -> list[tuple[str, str, str]]:
    rows = Decision.objects.filter(tenant_id=tenant, decision="nps_ladder").order_by("seq")
    return list(rows.values_list("period", "outcome", "state"))


def _held(tenant: str) -> list[str]:
    return [each.period for each in months_held(tenant, ["P1"]).get("P1", [])]


def test_a_month_behind_a_refused_removal_is_judged_once() -> None:
    """One more low month: held, then the fourth in a row, which the ladder answers by removal."""
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    assert month_judge(tenant, NOVEMBER, LOW) is None
    at = judged_at(NOVEMBER)
    assert held_months_judge(tenant, at) == [], "the removal still waits"
    assert _held(tenant) == ["2025-11"]
    _settled(tenant, removal, "refuse", at)
    (again,) = held_months_judge(tenant, at)
    assert (again.period, again.outcome, again.state) == ("2025-11", "remove", "waiting")
    assert again.receipt["result"]["streak"] == 4, "a refusal takes no month out of the run"
    assert (held_months_judge(tenant, at), _held(tenant)) == ([], [])
    sound(tenant)


def test_two_months_behind_a_refused_removal_are_judged_one_after_the_other() -> None:
    """The day's look judges November; its removal holds December until people have spoken."""
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    month_judge(tenant, NOVEMBER, LOW)
    month_judge(tenant, DECEMBER, LOW)
    at = judged_at(DECEMBER)
    _settled(tenant, removal, "refuse", at)
    looked(tenant, at)
    november = Decision.objects.get(tenant_id=tenant, period="2025-11")
    assert (november.state, _held(tenant)) == ("waiting", ["2025-12"])
    _settled(tenant, november, "refuse", at)
    looked(tenant, at)
    assert _ladder(tenant)[2:] == [
        ("2025-10", "remove", "refused"),
        ("2025-11", "remove", "refused"),
        ("2025-12", "remove", "waiting"),
    ]
    sound(tenant)


def test_a_run_that_ended_meanwhile_starts_at_the_first_rung() -> None:
    """A good November ends the run: the low December that was held hides the service, as ever."""
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    month_judge(tenant, NOVEMBER, FINE)
    month_judge(tenant, DECEMBER, LOW)
    at = judged_at(DECEMBER)
    assert _held(tenant) == ["2025-12"]
    _settled(tenant, removal, "refuse", at)
    (december,) = held_months_judge(tenant, at)
    assert (december.period, december.outcome, december.state) == ("2025-12", "hide", "in_effect")
    assert december.receipt["result"]["streak"] == 1
    sound(tenant)


def test_an_appeal_that_ends_a_waiting_removal_frees_the_months_behind_it() -> None:
    """August falls: October is a second month, and November, which was held, the third."""
    tenant = tenant_new(order=False)
    august = month_judge(tenant, AUGUST, LOW)
    assert august is not None
    appeal = filed(tenant, ticket_of(august), AUGUST)
    for month in (SEPTEMBER, OCTOBER, NOVEMBER):
        month_judge(tenant, month, LOW, approve=False)
    at = judged_at(NOVEMBER)
    assert _held(tenant) == ["2025-11"]
    heard(appeal, at)
    (november,) = held_months_judge(tenant, at)
    assert _ladder(tenant) == [
        ("2025-08", "hide", "reversed"),
        ("2025-09", "delist", "refused"),
        ("2025-10", "remove", "refused"),
        ("2025-09/2", "hide", "waiting"),
        ("2025-10/2", "delist", "waiting"),
        ("2025-11", "remove", "waiting"),
    ]
    assert november.receipt["result"]["streak"] == 3
    assert held_months_judge(tenant, at) == []
    sound(tenant)


def test_a_refused_removal_and_an_appeal_against_the_next_one() -> None:
    """November's removal is appealed against: without September it is a third month all the same.

    Without September and August it is the second, and so a delisting takes its place; what was
    refused stays refused.
    """
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    month_judge(tenant, NOVEMBER, LOW)
    at = judged_at(NOVEMBER)
    _settled(tenant, removal, "refuse", at)
    (november,) = held_months_judge(tenant, at)
    _settled(tenant, november, "approve", at)
    assert not takes_part(tenant)
    heard(filed(tenant, ticket_of(november), AUGUST, SEPTEMBER, at=at), at)
    assert _ladder(tenant)[2:] == [
        ("2025-10", "remove", "refused"),
        ("2025-11", "remove", "reversed"),
        ("2025-11/2", "delist", "in_effect"),
    ]
    assert takes_part(tenant)
    assert held_months_judge(tenant, at) == []
    sound(tenant)


def test_a_removal_approved_after_all_ends_the_ladder() -> None:
    """What was held behind it leads to nothing more, also when a day is looked at again."""
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    month_judge(tenant, NOVEMBER, LOW)
    at = judged_at(NOVEMBER)
    _settled(tenant, removal, "approve", at)
    assert held_months_judge(tenant, at) == []
    assert _held(tenant) == []
    assert [each[0] for each in _ladder(tenant)] == ["2025-08", "2025-09", "2025-10"]
    assert not takes_part(tenant)
    sound(tenant)


def test_a_month_behind_a_removal_that_an_appeal_reverses_is_judged() -> None:
    """Approved, and reversed later: November is judged as if the removal had not been there."""
    tenant = tenant_new()
    removal = _removal_waits(tenant)
    month_judge(tenant, NOVEMBER, LOW)
    at = judged_at(NOVEMBER)
    _settled(tenant, removal, "approve", at)
    heard(filed(tenant, ticket_of(removal), AUGUST, SEPTEMBER, at=at), at)
    assert takes_part(tenant)
    (november,) = held_months_judge(tenant, at)
    assert (november.period, november.outcome, november.receipt["result"]["streak"]) == (
        "2025-11", "delist", 2,
    )  # fmt: skip
    sound(tenant)


def test_nothing_is_held_where_no_removal_was_proposed() -> None:
    """A rung of another kind that waits holds nobody back."""
    tenant = tenant_new(order=False)
    month_judge(tenant, AUGUST, LOW, approve=False)
    september = month_judge(tenant, SEPTEMBER, LOW, approve=False)
    assert september is not None
    paid_in(tenant, 1)
    window_over(tenant, judged_at(SEPTEMBER))
    assert (months_held(tenant), held_months_judge(tenant, judged_at(SEPTEMBER))) == ({}, [])
    assert september.subject == P1

"""Protective measures during a review: at once, within the rulebook's list, never a sanction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from earnest.assessment.commands import day_run
from earnest.cases.filing import PackRefused
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotAllowed, NotFound
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import capabilities_restricted, objects_restricted
from earnest.tickets.models import Ticket
from earnest.violations.due import violations_look
from earnest.violations.evidence import Answer
from earnest.violations.finding import Verdict, finding_propose, finding_settle
from earnest.violations.models import Protection, Violation
from earnest.violations.protection_queries import (
    ProtectionShown,
    measures_offered,
    protections_open,
    protections_shown,
)
from earnest.violations.protections import (
    Protecting,
    protection_answer,
    protection_lift,
    protection_put,
)
from earnest.violations.queries import decisions_shown, violation_get, violation_told
from earnest.violations.queue import queued, violation_claim
from tests.cases.scene import NOW, P1
from tests.violations.scene import ADMIN, RISK, SERVICE, item, market, person, reported, settled

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)
G7 = item("not_as_described", item_id="G7")


def _held(tenant: str, *items: Any, by: str = RISK) -> Violation:
    """Report items and let a person take them into review."""
    violation = reported(tenant, *(items or (G7,)))
    return violation_claim(tenant, violation.number, person(tenant, by), NOW)


def _put(
    tenant: str, violation: Violation, measure: str = "hide_goods", position: int = 1, **how: Any
) -> Protection:
    actor, now = person(tenant, how.get("by", RISK)), how.get("now", NOW)
    wanted = Protecting(position, measure, "buyers are misled")
    return protection_put(tenant, violation.number, wanted, actor, now)


def _find(tenant: str, violation: Violation, *verdicts: str, now: datetime = NOW) -> Violation:
    said = [Verdict(at, each, "seen") for at, each in enumerate(verdicts, start=1)]
    actor = person(tenant, RISK)
    violation_claim(tenant, violation.number, actor, now)
    return finding_propose(tenant, violation.number, said, actor, now)


def _state(tenant: str, violation: Violation) -> list[tuple[str, str, str]]:
    shown = protections_shown(violation_get(tenant, violation.number))
    return [(each.protection.measure, each.state, each.because) for each in shown]


def _told(tenant: str, kind: str) -> list[str]:
    rows = Notice.objects.filter(tenant_id=tenant, kind=kind).order_by("sent_at", "id")
    return [f"{each.title_zh}\n{each.body_zh}\n{each.body_en}" for each in rows]


@pytest.mark.clause("S0-2.2.6")
def test_goods_are_hidden_at_once_for_a_week_and_the_party_is_told_how_to_answer() -> None:
    """One reviewer suffices; the notice has reason, clause, last day and page, and says what it is.

    It gives no points, opens no ticket, and is none of the violation's decisions.
    """
    tenant = market()
    violation = _held(tenant, by=SERVICE)
    assert measures_offered(violation_get(tenant, violation.number), day_of(NOW)) == [
        (1, "hide_goods")
    ]
    row = _put(tenant, violation, by=SERVICE)
    assert row.last_on == day_of(NOW) + 7 * DAYS
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G7"}
    assert capabilities_restricted(tenant, *P1) == set()
    (said,) = _told(tenant, "finding")
    for part in (
        "审核期间的保护措施", "buyers are misled", "S0-2.1-info2c", "2025-09-12", violation.number,
        "不是处罚", "is no sanction", "attach your proof",
    ):  # fmt: skip
        assert part in said
    assert violation_told(tenant, P1, violation.number).told_at == NOW
    assert not decisions_shown(violation)
    assert not Ticket.objects.filter(tenant_id=tenant).exists()
    assert [each.protection.measure for each in protections_open(tenant)] == ["hide_goods"]
    assert not decisions_replay(tenant).differences


@pytest.mark.clause("S0-2.2.6")
def test_only_what_the_rulebook_allows_for_the_kind_and_once() -> None:
    """No list has removal; goods need a name; an item has one measure at a time, each one once."""
    tenant = market()
    violation = _held(tenant, G7, item("other_violation"))
    for wanted, error, code in (
        ((1, "ban_goods"), PackRefused, "not_met"),
        ((1, "remove"), PackRefused, "not_met"),
        ((2, "hide_goods"), BadInput, "goods_missing"),
        ((3, "hide_goods"), BadInput, "unknown_item"),
    ):
        with pytest.raises(error, match=code):
            _put(tenant, violation, wanted[1], wanted[0])
    with pytest.raises(BadInput, match="text_missing"):
        protection_put(
            tenant, violation.number, Protecting(1, "hide_goods", " "), person(tenant, RISK), NOW
        )
    with pytest.raises(Conflict, match="not_claimed"):
        _put(tenant, violation, by=ADMIN)
    assert not Decision.objects.filter(tenant_id=tenant).exists()
    _put(tenant, violation)
    with pytest.raises(Conflict, match="protected_already"):
        _put(tenant, violation)
    protection_lift(tenant, violation.number, 1, actor="risk", reason="shown it is so", now=NOW)
    assert _state(tenant, violation) == [("hide_goods", "ended", "lifted")]
    assert not objects_restricted(tenant, *P1, "goods_listing")
    with pytest.raises(Conflict, match="protected_before"):
        _put(tenant, violation)
    with pytest.raises(NotFound, match="nothing_protects"):
        protection_lift(tenant, violation.number, 1, actor="risk", reason="x", now=NOW)


@pytest.mark.clause("S0-2.2.6")
@pytest.mark.parametrize("elsewhere", [False, True])
def test_hiding_the_whole_service_takes_a_second_person(elsewhere: bool) -> None:
    """Proposed by risk it waits, and risk alone does not do; agreed to on either page, it acts.

    The party learns nothing before that.
    """
    tenant = market()
    violation = _held(tenant, item("charged_elsewhere", charge="C1"))
    row = _put(tenant, violation, "hide")
    assert capabilities_restricted(tenant, *P1) == set()
    assert (_state(tenant, violation), _told(tenant, "finding")) == ([("hide", "waiting", "")], [])
    word: dict[str, Any] = {"verdict": "approve", "reason": "yes", "now": NOW}
    with pytest.raises(NotAllowed, match="second_person_needed"):
        finding_settle(tenant, row.decision_id, actor=person(tenant, RISK), **word)
    if elsewhere:
        decision_settle(tenant, row.decision_id, actor=person(tenant, ADMIN), **word)
        assert violations_look(tenant, NOW).protections == (violation.number,)
    else:
        finding_settle(tenant, row.decision_id, actor=person(tenant, ADMIN), **word)
    assert capabilities_restricted(tenant, *P1) == {"visibility"}
    assert violation_get(tenant, violation.number).told_at == NOW
    assert violations_look(tenant, NOW).protections == ()


def test_what_waits_for_a_second_person_falls_with_its_cause_or_its_day() -> None:
    """Dismissed meanwhile, it is refused by itself; after its last day nobody can agree to it."""
    tenant = market()
    first = _held(tenant, item("charged_elsewhere", charge="C1"))
    _put(tenant, first, "hide")
    _find(tenant, first, "not_found")
    assert _state(tenant, first) == [("hide", "refused", "dismissed")]
    second = _held(tenant, item("charged_elsewhere", charge="C2"))
    row = _put(tenant, second, "hide")
    late = NOW + 8 * DAYS
    with pytest.raises(Conflict, match="protection_too_late"):
        finding_settle(
            tenant, row.decision_id, verdict="approve", actor=person(tenant, ADMIN), reason="yes",
            now=late,
        )  # fmt: skip
    violations_look(tenant, late)
    assert _state(tenant, second) == [("hide", "refused", "lapsed")]
    assert _told(tenant, "finding") == []


@pytest.mark.clause("S0-2.2.6")
@pytest.mark.parametrize("daily_look_first", [False, True])
def test_undecided_by_its_last_day_it_lapses_and_the_party_is_told_once(
    daily_look_first: bool,
) -> None:
    """On the last day it is still there; the day after, whichever look comes first ends it."""
    tenant = market()
    violation = _held(tenant)
    _put(tenant, violation)
    violations_look(tenant, NOW + 7 * DAYS)
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G7"}
    late = NOW + 8 * DAYS
    if daily_look_first:
        day_run(tenant, late)
    violations_look(tenant, late)
    day_run(tenant, late)
    assert not objects_restricted(tenant, *P1, "goods_listing")
    assert _state(tenant, violation) == [("hide_goods", "ended", "lapsed")]
    assert len(_told(tenant, "release")) == 1
    entries = [each.what for each in violation.entries.order_by("id")]
    assert entries.count("protection_ended") == 1


@pytest.mark.clause("S0-2.2.6")
def test_a_sanction_takes_its_place_at_the_same_instant_and_says_so() -> None:
    """Nothing is free in between and nothing is restricted twice; the points are the kind's own."""
    tenant = market()
    violation = _held(tenant)
    _put(tenant, violation)
    _find(tenant, violation, "found")
    approved_at = NOW + DAYS
    (decision,) = settled(tenant, violation, now=approved_at)
    before = Restriction.objects.get(tenant_id=tenant, released_at__isnull=False)
    now = Restriction.objects.get(tenant_id=tenant, released_at=None)
    assert (before.released_at, before.released_because) == (approved_at, "replaced")
    assert (now.starts_at, now.decision_id, now.object_ref) == (
        approved_at, decision.id, "item_id G7",
    )  # fmt: skip
    assert _state(tenant, violation) == [("hide_goods", "ended", "replaced")]
    assert decision.receipt["result"]["points_total"] == 30
    (told,) = _told(tenant, "sanction")
    assert "由本决定取代" in told
    assert _told(tenant, "release") == []
    assert not decisions_replay(tenant).differences


def test_an_item_that_is_not_found_is_free_at_once() -> None:
    """Of two protected items one is not found: its goods are listed again, the other's are not."""
    tenant = market()
    violation = _held(tenant, G7, item("exaggeration", item_id="G8"))
    _put(tenant, violation)
    _put(tenant, violation, position=2)
    _find(tenant, violation, "not_found", "found")
    assert objects_restricted(tenant, *P1, "goods_listing") == {"item_id G8"}
    (told,) = _told(tenant, "release")
    assert "该项经审核不成立" in told


def test_the_party_answers_once_and_its_word_raises_the_priority() -> None:
    """Its words stand with the measure; a second word is refused, and another's page is not there.

    The violation counts as answered while the measure lasts.
    """
    tenant = market()
    violation = _held(tenant)
    _put(tenant, violation)
    parts = {each.name: each.points for each in queued(tenant, violation, NOW).priority.parts}
    assert parts["answered"] == 0
    said = Answer("these are the right pictures", "clerk")
    with pytest.raises(NotFound, match="unknown_violation"):
        protection_answer(tenant, ("provider", "P2"), violation.number, said, NOW)
    (row,) = protection_answer(tenant, P1, violation.number, said, NOW)
    assert (row.said, row.said_by, row.said_at) == (said.text, "clerk", NOW)
    with pytest.raises(Conflict, match="nothing_to_answer"):
        protection_answer(tenant, P1, violation.number, said, NOW)
    parts = {each.name: each.points for each in queued(tenant, violation, NOW).priority.parts}
    assert parts["answered"] == 15


def test_a_finding_that_is_refused_leaves_the_measure_until_its_day() -> None:
    """Back in the queue the goods are still protected: the report is under review again."""
    tenant = market()
    violation = _held(tenant)
    _put(tenant, violation)
    _find(tenant, violation, "found")
    settled(tenant, violation, verdict="refuse")
    assert _state(tenant, violation) == [("hide_goods", "in_force", "")]


class _Story:
    """A violation of two items, and what can happen to it; each act may be refused."""

    def __init__(self) -> None:
        self.tenant = market()
        self.now = NOW
        items = (G7, item("off_market_dealing", charge="C1"))
        self.violation = _held(self.tenant, *items)

    def acts(self) -> dict[str, Callable[[], object]]:
        return {
            "goods": lambda: _put(self.tenant, self._again(), now=self.now),
            "traffic": lambda: _put(self.tenant, self._again(), "downweight", 2, now=self.now),
            "lift": lambda: protection_lift(
                self.tenant, self.violation.number, 1, actor="x", reason="x", now=self.now
            ),
            "days": self._days,
            "dismiss": lambda: _find(
                self.tenant, self.violation, "not_found", "not_found", now=self.now
            ),
            "find": lambda: _find(self.tenant, self.violation, "found", "found", now=self.now),
            "find_one": lambda: _find(
                self.tenant, self.violation, "not_found", "found", now=self.now
            ),
            "approve": lambda: self._one_settled("approve"),
            "reject": lambda: self._one_settled("refuse"),
            "look": lambda: violations_look(self.tenant, self.now),
        }

    def _again(self) -> Violation:
        actor = person(self.tenant, RISK)
        return violation_claim(self.tenant, self.violation.number, actor, self.now)

    def _days(self) -> None:
        self.now += 4 * DAYS
        violations_look(self.tenant, self.now)

    def _one_settled(self, verdict: str) -> None:
        """Settle one decision, so that the others of the finding still wait."""
        waiting = [each for each in decisions_shown(self.violation) if each.state == "waiting"]
        for decision in waiting[:1]:
            finding_settle(
                self.tenant, decision.id, verdict=verdict, actor=person(self.tenant, ADMIN),
                reason="x", now=self.now,
            )  # fmt: skip

    def check(self) -> None:
        """Hold the law: no grant outlives its cause, none overlaps its sanction, none leaves a gap.

        And a protective measure counts for nothing.
        """
        violation = violation_get(self.tenant, self.violation.number)
        verdicts = {each.position: each.verdict for each in violation.items.all()}
        sanctioned = self._sanctioned_at(violation)
        for shown in protections_shown(violation):
            position = shown.protection.position
            (grant,) = Restriction.objects.filter(
                tenant_id=self.tenant, decision_id=shown.protection.decision_id
            )
            if grant.released_at is None:
                assert violation.state != "dismissed"
                assert violation.settled_at is None
                assert day_of(self.now) <= shown.protection.last_on
                assert violation.state != "found" or verdicts[position] == "found"
                assert position not in sanctioned
            elif shown.because == "replaced":
                assert grant.released_at == sanctioned[position]
            else:
                self._ended_rightly(violation, shown, grant)
                assert position not in sanctioned or grant.released_at <= sanctioned[position]
        assert {each.decision for each in decisions_shown(violation)} <= {"violation_points"}
        totals = [each.receipt["facts"]["earlier"] for each in decisions_shown(violation)]
        assert all(sum(one["points"] for one in each) in (0, 30, 120) for each in totals)

    @staticmethod
    def _ended_rightly(violation: Violation, shown: ProtectionShown, grant: Restriction) -> None:
        """Hold that what ended before a sanction did so for its own reason, and not too early."""
        if shown.because == "lapsed":
            assert grant.released_at is not None
            assert day_of(grant.released_at) > shown.protection.last_on
        elif shown.because == "settled":
            assert violation.settled_at is not None
        else:
            assert shown.because in {"lifted", "dismissed", "not_found"}

    @staticmethod
    def _sanctioned_at(violation: Violation) -> dict[int, datetime]:
        found: dict[int, datetime] = {}
        for each in decisions_shown(violation):
            if each.state == "in_effect" and each.settled_at is not None:
                for one in each.receipt["facts"]["items"]:
                    found[int(one["position"])] = each.settled_at
        return found


ACTS = (
    "goods", "traffic", "lift", "days", "dismiss", "find", "find_one", "approve", "approve",
    "reject", "look",
)  # fmt: skip


@example(order=["traffic", "find", "approve", "approve"])
@example(order=["traffic", "find_one", "approve", "look"])
@example(order=["find", "reject", "reject", "traffic", "dismiss"])
@example(order=["traffic", "days", "days", "find", "approve"])
@given(order=st.lists(st.sampled_from(ACTS), min_size=3, max_size=9))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_grant_survives_its_cause_in_any_order(order: list[str]) -> None:
    """Law: whatever happens in which order, a protective grant ends with its cause, on the instant.

    It never overlaps the sanction that replaces it and leaves nothing free before it.
    """
    story = _Story()
    for name in ("goods", *order):
        try:
            story.acts()[name]()
        except EarnestError:
            continue
        story.check()

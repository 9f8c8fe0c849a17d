"""Overturned findings of requirement 4 and of points: what counted them is judged again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.consequences.commands import decide, decision_settle
from earnest.decisions.commands import NewDecision
from earnest.decisions.models import Decision
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from tests.appeals.scene import (
    CONFIRMER,
    HEARER,
    P1,
    YUAN,
    heard,
    money,
    restricted,
    sound,
    takes_part,
    tenant_new,
    ticket_of,
    window_over,
)

pytestmark = pytest.mark.django_db
FIRST_AT = datetime(2025, 9, 10, 2, tzinfo=UTC)
SECOND_AT = datetime(2025, 11, 20, 2, tzinfo=UTC)
THIRD_AT = datetime(2025, 11, 21, 2, tzinfo=UTC)


def _item(position: int, violation: str, *, loss_fen: int | None = None) -> dict[str, Any]:
    item = {
        "position": position, "violation": violation, "clause_id": "S0-2.2.4b",
        "happened_on": date(2025, 9, 1), "thing": "listing L1", "brand": "", "why": "核实",
        "source": "report",
    }  # fmt: skip
    return item if loss_fen is None else item | {"loss_fen": loss_fen}


def _decided(tenant: str, name: str, period: str, facts: dict[str, Any], at: datetime) -> Decision:
    """Record a finding as the review queue would, and let two people agree to it."""
    evaluation = pack_of(SUPPLY_MARKET).evaluate(name, facts)
    assert evaluation.refusal is None
    outcome = str(evaluation.result.get("rung", "points"))
    fine_fen = int(str(evaluation.result.get("fine_fen", 0)))
    clause = "S0-2.2.7a" if name == "requirement4_rung" else "S0-2.2.6"
    new = NewDecision(*P1, period, clause, outcome, fine_fen, 2, evaluation)
    (made,) = decide(tenant, [new], at)
    for actor in ("risk", "finance"):
        decision_settle(tenant, made.id, verdict="approve", actor=actor, reason="seen", now=at)
    made.refresh_from_db()
    return made


def _requirement4(tenant: str, period: str, earlier: list[date], at: datetime) -> Decision:
    facts = {
        "found_on": at.date(), "admitted_on": date(2025, 7, 19),
        "earlier": [{"judged_on": each} for each in earlier],
        "items": [_item(1, "misleading_charges", loss_fen=3_000 * YUAN)],
    }  # fmt: skip
    return _decided(tenant, "requirement4_rung", period, facts, at)


PAIR = (HEARER, CONFIRMER)
"""Who hears and who confirms; whoever approved a replacement so has had a hand in the matter."""
OTHERS = ("another", "a fourth")


def _overturned(
    tenant: str, decision: Decision, place: int, *, people: tuple[str, str] = PAIR
) -> None:
    items = [Disputed(place, "facts_wrong", "并非事实")]
    number = ticket_of(decision).number
    appeal = appeal_file(tenant, NewAppeal(P1, number, items, "p1"), decision.made_at)
    heard(appeal, decision.made_at + timedelta(days=2), hearer=people[0], confirmer=people[1])


@pytest.mark.clause("S0-2.2.7a", "S0-2.2.7b")
def test_without_the_first_finding_the_second_is_the_first() -> None:
    """Removed for the second finding; the first falls in time: delist and 10,000 take its place."""
    tenant = tenant_new(deposit_fen=30_000 * YUAN)
    first = _requirement4(tenant, "V000001", [], FIRST_AT)
    assert (first.outcome, first.money_fen) == ("delist", 10_000 * YUAN)
    appeal = appeal_file(
        tenant,
        NewAppeal(P1, ticket_of(first).number, [Disputed(1, "facts_wrong", "否")], "p1"),
        FIRST_AT,
    )
    second = _requirement4(tenant, "V000002", [FIRST_AT.date()], SECOND_AT)
    assert second.outcome == "remove"
    assert not takes_part(tenant)
    window_over(tenant, SECOND_AT)
    assert money(tenant)[0] == 20_000 * YUAN
    heard(appeal, SECOND_AT + timedelta(days=9))
    assert takes_part(tenant)
    standing = Decision.objects.filter(tenant_id=tenant, state="in_effect")
    assert [(each.period, each.outcome, each.money_fen) for each in standing] == [
        ("V000002/2", "delist", 10_000 * YUAN)
    ]
    assert money(tenant) == (20_000 * YUAN, 0, 10_000 * YUAN)
    again = ticket_of(standing[0])
    assert again.items.get().about == "V000002/1"
    assert "renewal" not in restricted(tenant)
    sound(tenant)


@pytest.mark.clause("S0-2.2.7a", "S0-2.2.7b")
def test_a_finding_that_fell_long_ago_does_not_count_again_when_another_falls() -> None:
    """The third stays a later finding without the first; without the second as well it is first."""
    tenant = tenant_new(deposit_fen=50_000 * YUAN)
    days = [FIRST_AT.date(), SECOND_AT.date()]
    first = _requirement4(tenant, "V000001", [], FIRST_AT)
    second = _requirement4(tenant, "V000002", days[:1], SECOND_AT)
    third = _requirement4(tenant, "V000003", days, THIRD_AT)
    _overturned(tenant, first, 1)
    third.refresh_from_db()
    assert (third.state, third.outcome) == ("in_effect", "remove")
    instead = Decision.objects.get(tenant_id=tenant, period="V000002/2")
    _overturned(tenant, instead, 1, people=OTHERS)
    assert second.governing_on == instead.governing_on
    standing = Decision.objects.filter(tenant_id=tenant, state="in_effect")
    assert [(each.period, each.outcome) for each in standing] == [("V000003/2", "delist")]
    sound(tenant)


@pytest.mark.clause("S0-2.2.6")
def test_points_of_the_items_that_stand_are_counted_again() -> None:
    """Two items of 1.0 and 2.0 points; the second falls: 1.0 is left, on a ticket of its own."""
    tenant = tenant_new()
    facts = {
        "found_on": FIRST_AT.date(), "points_now": 30, "earlier": [],
        "items": [_item(1, "changes_untold"), _item(2, "stop_unannounced")],
    }  # fmt: skip
    made = _decided(tenant, "violation_points", "V000001", facts, FIRST_AT)
    _overturned(tenant, made, 2)
    (left,) = Decision.objects.filter(tenant_id=tenant, state="in_effect")
    assert left.period == "V000001/2"
    assert left.receipt["facts"]["points_now"] == 10
    assert ticket_of(left).items.count() == 1
    _overturned(tenant, left, 1, people=OTHERS)
    assert not Decision.objects.filter(tenant_id=tenant, state="in_effect").exists()
    sound(tenant)

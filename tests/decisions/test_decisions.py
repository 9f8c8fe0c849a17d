"""Decisions: recorded once, chained, in effect only by standing order or enough people."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.decisions.commands import (
    NewDecision,
    decisions_record,
    standing_order_give,
    verdict_give,
)
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotAllowed, NotFound
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of

TENANT = "main"
AT = datetime(2025, 9, 8, tzinfo=UTC)
ON = date(2025, 9, 8)
BAD_MONTH = {"points": 69, "answers": 1}

pytestmark = pytest.mark.django_db


def _ladder(subject: str, months: int) -> NewDecision:
    """Return the rung that so many bad months lead to."""
    ends = [date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31)][:months]
    evaluation = pack_of(SUPPLY_MARKET).evaluate(
        "nps_ladder", {"assessed_on": ends[-1], "months": [[end, BAD_MONTH] for end in ends]}
    )
    return NewDecision(
        "provider",
        subject,
        str(ends[-1])[:7],
        evaluation.clause,
        str(evaluation.result["rung"]),
        int(evaluation.result["fine_fen"]),
        2,
        evaluation,
    )


def _order(outcomes: list[str]) -> None:
    standing_order_give(
        TENANT,
        rulebook=SUPPLY_MARKET,
        decision="nps_ladder",
        outcomes=outcomes,
        note="test",
        ordered_by="risk",
        approved_by="admin",
        from_on=date(2025, 7, 19),
    )


def _refused(error: type[EarnestError], code: str) -> "pytest.RaisesExc[EarnestError]":
    return pytest.raises(error, match=code)


def test_a_decision_is_recorded_once() -> None:
    """The same decision for the same subject and period, run again, adds nothing."""
    assert len(decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)) == 1
    assert decisions_record(TENANT, [_ladder("P1", 1)], AT, ON) == []


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5c")
def test_only_outcomes_that_a_standing_order_covers_take_effect_by_themselves() -> None:
    """With an order for hiding, a hiding is in effect at once and a removal waits for two."""
    _order(["hide", "delist"])
    hide, remove = decisions_record(TENANT, [_ladder("P1", 1), _ladder("P2", 3)], AT, ON)
    assert (hide.state, hide.approvals_needed) == ("in_effect", 0)
    assert (remove.outcome, remove.state, remove.approvals_needed) == ("remove", "waiting", 2)


def test_an_order_does_not_reach_back_before_its_day() -> None:
    """A standing order given later does not cover an earlier decision."""
    standing_order_give(
        TENANT,
        rulebook=SUPPLY_MARKET,
        decision="nps_ladder",
        outcomes=["hide"],
        note="test",
        ordered_by="risk",
        approved_by="admin",
        from_on=date(2025, 9, 9),
    )
    (hide,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    assert hide.state == "waiting"


@pytest.mark.clause("S3-3.1b")
def test_an_outcome_that_rests_on_an_unconfirmed_sample_value_waits() -> None:
    """The sales tiers are samples: until they are confirmed, a standing order covers nothing."""
    evaluation = pack_of(SHOP_DEPOSIT).evaluate(
        "required_deposit",
        {
            "adjusted_on": ON,
            "sales_fen": 55_000_000,
            "categories": ["apparel"],
            "raises_fen": 0,
            "balance_fen": 1_000_000,
        },
    )
    wanted = [
        NewDecision("shop", f"S{number}", "2025-08", "S3-3.1a", "raise", 0, 1, evaluation)
        for number in (1, 2)
    ]
    standing_order_give(
        TENANT,
        rulebook=SHOP_DEPOSIT,
        decision="required_deposit",
        outcomes=["raise"],
        note="test",
        ordered_by="risk",
        approved_by="admin",
        from_on=date(2025, 7, 19),
    )
    assert decisions_record(TENANT, wanted[:1], AT, ON)[0].state == "waiting"
    for element in ("category_standard", "sales_tier"):
        value_confirm(
            TENANT,
            rulebook=SHOP_DEPOSIT,
            element=element,
            confirmed_by="risk",
            note="our own table",
            now=AT,
        )
    assert decisions_record(TENANT, wanted[1:], AT, ON)[0].state == "in_effect"


def test_money_needs_two_different_people() -> None:
    """One person's approval, even given twice, does not let a fine take effect; two do."""
    (waiting,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    words = {"verdict": "approve", "reason": "checked", "now": AT}
    assert verdict_give(TENANT, waiting.id, actor="risk", **words)[1] is False  # type: ignore[arg-type]
    with _refused(NotAllowed, "second_person_needed"):
        verdict_give(TENANT, waiting.id, actor="risk", **words)  # type: ignore[arg-type]
    settled, enough = verdict_give(TENANT, waiting.id, actor="finance", **words)  # type: ignore[arg-type]
    assert enough
    assert settled.state == "in_effect"


def test_one_refusal_ends_the_matter() -> None:
    """After a refusal nobody can approve any more."""
    (waiting,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    verdict_give(TENANT, waiting.id, verdict="refuse", actor="risk", reason="wrong month", now=AT)
    with _refused(Conflict, "decision_settled"):
        verdict_give(
            TENANT, waiting.id, verdict="approve", actor="finance", reason="but yes", now=AT
        )


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [("approve", "  ", "reason_missing"), ("perhaps", "because", "unknown_verdict")],
)
def test_a_word_without_reason_or_sense_is_refused(verdict: str, reason: str, code: str) -> None:
    """A verdict needs a reason, and is one of two words."""
    (waiting,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    with _refused(BadInput, code):
        verdict_give(TENANT, waiting.id, verdict=verdict, actor="risk", reason=reason, now=AT)


def test_an_unknown_decision_is_not_found() -> None:
    """An id that stands for nothing, or for another tenant's decision, is not found."""
    (waiting,) = decisions_record("other", [_ladder("P1", 1)], AT, ON)
    for unknown in (uuid4(), waiting.id):
        with _refused(NotFound, "unknown_decision"):
            verdict_give(TENANT, unknown, verdict="approve", actor="risk", reason="x", now=AT)


def test_a_standing_order_needs_a_second_person_and_a_known_decision() -> None:
    """Nobody approves an own order, and an order for nothing is refused."""
    words = {"rulebook": SUPPLY_MARKET, "outcomes": ["hide"], "note": "", "from_on": ON}
    with _refused(NotAllowed, "second_person_needed"):
        standing_order_give(
            TENANT,
            decision="nps_ladder",
            ordered_by="risk",
            approved_by="risk",
            **words,  # type: ignore[arg-type]
        )
    with _refused(BadInput, "unknown_decision"):
        standing_order_give(
            TENANT,
            decision="nps_lader",
            ordered_by="risk",
            approved_by="admin",
            **words,  # type: ignore[arg-type]
        )


def test_every_decision_replays_to_the_same_bytes() -> None:
    """Fresh decisions derive again from their receipts without a difference."""
    decisions_record(TENANT, [_ladder("P1", 1), _ladder("P2", 2), _ladder("P3", 3)], AT, ON)
    replayed = decisions_replay(TENANT)
    assert (replayed.decisions, replayed.differences) == (3, [])


@pytest.mark.parametrize(
    "change",
    [
        "receipt = jsonb_set(receipt, '{facts,months,0,1,points}', '70')",
        "receipt = jsonb_set(receipt, '{result,fine_fen}', '1')",
        "trace = '[]'",
        "money_fen = 1",
        "outcome = 'none'",
    ],
)
def test_a_changed_decision_is_named_by_replay(change: str) -> None:
    """Whoever changes a fact, a result, the trace or the money of a decision is found out."""
    first, _ = decisions_record(TENANT, [_ladder("P1", 1), _ladder("P2", 2)], AT, ON)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE decisions_decision DISABLE TRIGGER USER")
        cursor.execute(
            f"UPDATE decisions_decision SET {change} WHERE id = %s",
            [first.id],
        )
        cursor.execute("ALTER TABLE decisions_decision ENABLE TRIGGER USER")
    assert str(first.id) in {each.id for each in decisions_replay(TENANT).differences}


@pytest.mark.parametrize(
    "change",
    [
        {"money_fen": 1},
        {"receipt": {}},
        {"made_at": AT.replace(year=2024)},
    ],
)
def test_the_database_refuses_to_change_a_decision(change: dict[str, object]) -> None:
    """A recorded decision's content cannot be changed, by our own code neither."""
    (made,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(id=made.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(id=made.id).delete()


def test_a_settled_decision_cannot_go_back_to_waiting() -> None:
    """A state moves forward only: the database refuses to reopen."""
    _order(["hide"])
    (made,) = decisions_record(TENANT, [_ladder("P1", 1)], AT, ON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(id=made.id).update(state="waiting")

"""The open questions of the two texts: each is a switch, and each of its options runs."""

from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from earnest.policy import Pack, Reading, load_pack
from tests.policy.population import both_agree

PACKS = Path(__file__).parents[2] / "packs"
LOW = {"points": 69, "answers": 1}
GOOD = {"points": 71, "answers": 1}
QUIET = {"on_sale": 0, "running": 0, "claims_open": 0, "debts_open": 0}
DISPUTES = [
    {"opened_on": "2025-08-01", "last_open_on": "2025-09-15", "upheld": False},
    {"opened_on": "2025-09-10", "last_open_on": "2025-09-12", "upheld": True},
    {"opened_on": "2025-08-01", "last_open_on": "2025-09-15", "upheld": True},
]
FAKE = {"paid_fen": 10_000, "ordered_on": "2024-05-22"}
SHOP = {
    "adjusted_on": "2025-09-01", "sales_fen": 55_000_000, "raises_fen": 0, "balance_fen": 0,
    "categories": ["jewelry", "wine", "food"],
}  # fmt: skip
HOLD = {
    "held_on": "2025-09-01", "reason": "court case", "owner": "Li Wei", "review_on": "2025-09-15",
    "estimate_fen": 0, "balance_fen": 100,
}  # fmt: skip


class Asked(NamedTuple):
    """One case of a switch: the same facts, and what each option makes of them."""

    number: int
    switch: str
    decision: str
    facts: dict[str, Any]
    name: str
    answers: dict[str, Any]


def _months(*values: dict[str, int] | None) -> dict[str, Any]:
    days = ["2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31"][-len(values) :]
    return {
        "assessed_on": days[-1],
        "months": [list(pair) for pair in zip(days, values, strict=True)],
    }


def _rate(**counts: int) -> dict[str, Any]:
    zero = {"picked": 0, "marked": 0, "paid": 0, "excluded": 0}
    return {"assessed_on": "2025-08-31", **zero, **counts}


SUPPLY = (
    Asked(
        1, "shipping_event", "shipping_rate", _rate(picked=96, marked=99, paid=100), "status",
        {"carrier_pickup": "breached", "seller_mark": "met"},
    ),
    Asked(
        2, "shipping_denominator", "shipping_rate", _rate(picked=97, paid=101, excluded=1),
        "status", {"all_paid": "breached", "declared_exclusions": "met"},
    ),
    Asked(
        3, "measure_maturity", "month_final",
        {"month_end_on": "2025-08-31", "looked_on": "2025-09-01"}, "is_final",
        {"after_settling": False, "at_once": True},
    ),
    Asked(
        4, "ladder_rung", "nps_ladder", _months(LOW, LOW, LOW), "fine_fen",
        {"by_streak": 1_000_000, "difference_only": 500_000},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, None, LOW), "streak",
        {"paused": 2, "reset": 1, "counted": 3},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(None, None, LOW), "streak",
        {"paused": 1, "reset": 1, "counted": 1},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, LOW, LOW), "rung",
        {"paused": "remove", "reset": "remove", "counted": "remove"},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, LOW, LOW), "streak",
        {"paused": 4, "reset": 3, "counted": 4},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, None, LOW, LOW), "streak",
        {"paused": 3, "reset": 2, "counted": 4},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, None), "streak",
        {"paused": 2, "reset": 0, "counted": 3},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, LOW), "streak",
        {"paused": 3, "reset": 3, "counted": 3},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", {"assessed_on": "2025-08-31", "months": []}, "streak",
        {"paused": 0, "reset": 0, "counted": 0},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, GOOD, LOW), "streak",
        {"paused": 1, "reset": 1, "counted": 1},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, GOOD, LOW, LOW), "rung",
        {"paused": "delist", "reset": "delist", "counted": "delist"},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(LOW, LOW, GOOD), "streak",
        {"paused": 0, "reset": 0, "counted": 0},
    ),
    Asked(
        5, "ladder_gap", "nps_ladder", _months(GOOD, None, LOW), "streak",
        {"paused": 1, "reset": 1, "counted": 2},
    ),
    Asked(
        6, "hide_release", "hide_ends", {"hidden_on": "2025-09-08", "topped_up_on": "2025-09-20"},
        "lifts_on", {"later_of_both": "2025-10-08", "earlier_of_both": "2025-09-20"},
    ),
    Asked(
        6, "month_length", "hide_ends", {"hidden_on": "2025-09-08", "topped_up_on": "2025-09-20"},
        "lifts_on", {"calendar_month": "2025-10-08", "package_month": "2025-10-09"},
    ),
    Asked(
        7, "short_balance", "penalty_taken",
        {"judged_on": "2025-09-08", "due_fen": 250_000, "balance_fen": 100_000}, "claim_fen",
        {"take_and_claim": 150_000, "take_only": 0},
    ),
    Asked(
        8, "one_fact_one_sanction", "second_regime",
        {"judged_on": "2025-09-08", "sanctioned_for_it": True}, "allowed",
        {"separate": False, "both": True},
    ),
    Asked(
        9, "second_lookback", "requirement4_rung",
        {"found_on": "2026-09-01", "admitted_on": "2025-08-01",
         "earlier": [{"judged_on": "2025-08-31"}], "items": []}, "rung",
        {"whole_admission": "remove", "window": "delist"},
    ),
    Asked(
        10, "reentry_counted_from", "reentry_after",
        {"left_on": "2025-09-30", "exit_applied_on": "2025-08-31", "left_by": "exit",
         "asked_on": "2026-03-01"}, "opens_on",
        {"exit_completed": "2026-03-30", "exit_applied": "2026-02-28"},
    ),
    Asked(
        10, "removal_bar", "reentry_after",
        {"left_on": "2025-09-30", "exit_applied_on": "2025-08-31", "left_by": "removal",
         "asked_on": "2026-03-30"}, "allowed",
        {"own_value": "unset:removal_reentry_ban", "as_exit": True},
    ),
    Asked(
        11, "dispute_in_month", "exit_conditions",
        {"applied_on": "2025-09-30", **QUIET, "disputes": DISPUTES}, "disputes_in_month",
        {"open_or_opened": 3, "opened": 1, "upheld": 2},
    ),
    Asked(
        0, "after_sales_target", "after_sales_clock",
        {"assessed_on": "2025-08-31", "kind": "refund_shipped", "on_time": 97, "due": 100},
        "status", {"each_request": "breached", "rate": "met"},
    ),
    Asked(
        0, "reply_counts", "reply_rate",
        {"assessed_on": "2025-08-31", "answered_in_time": 97, "asked": 100}, "status",
        {"each": "breached", "percentile": "met"},
    ),
)  # fmt: skip
DEPOSIT = (
    Asked(
        12, "special_combination", "required_deposit", SHOP, "required_fen",
        {"add_highest": 8_000_000, "highest_only": 5_000_000, "add_all": 11_000_000},
    ),
    Asked(
        12, "tier_and_category", "required_deposit", SHOP, "required_fen",
        {"larger": 8_000_000, "added": 10_000_000},
    ),
    Asked(
        13, "tier_direction", "tier_adjustment",
        {"adjusted_on": "2025-09-01", "paid_fen": 0, "refunded_fen": 0, "before_fen": 3_000_000},
        "after_fen", {"both_ways": 1_000_000, "up_only": 3_000_000},
    ),
    Asked(
        13, "sales_measure", "tier_adjustment",
        {"adjusted_on": "2025-09-01", "paid_fen": 55_000_000, "refunded_fen": 5_000_001,
         "before_fen": 0}, "after_fen",
        {"paid_last_month": 3_000_000, "net_of_refunds": 1_000_000},
    ),
    Asked(
        14, "gate_compares", "category_gate",
        {"asked_on": "2025-09-01", "category": "jewelry", "balance_fen": 5_000_000,
         "required_fen": 6_000_000}, "top_up_fen", {"balance": 0, "requirement": 1_000_000},
    ),
    Asked(
        15, "hold_without_limit", "hold", HOLD, "next_on",
        {"reviewed": "2025-09-15", "capped": "2026-02-28"},
    ),
    Asked(
        15, "hold_without_limit", "hold", HOLD, "ends_by_itself",
        {"reviewed": False, "capped": True},
    ),
    Asked(
        16, "notice_days", "change_of_rule",
        {"published_on": "2026-03-01", "in_force_on": "2026-03-02", "urgent_reason": ""},
        "allowed", {"as_the_law_asks": False, "none": True},
    ),
    Asked(
        17, "conduct_instant", "fake_goods_payment",
        {"found_on": "2024-06-30", "orders": [FAKE]}, "payment_fen",
        {"promise_and_breach": 90_000, "discovery": 100_000},
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def supply() -> Pack:
    """Return the supply-market rulebook."""
    return load_pack(PACKS / "kuaishou-supply-market.yaml")


@pytest.fixture(scope="module")
def deposit() -> Pack:
    """Return the shop-deposit rulebook."""
    return load_pack(PACKS / "kuaishou-shop-deposit.yaml")


def _days(facts: Any) -> Any:
    """Return facts with days as dates, the one form that both back ends take."""
    match facts:
        case dict():
            return {name: _days(each) for name, each in facts.items()}
        case list():
            return [_days(each) for each in facts]
        case str() if facts[:2] == "20":
            return date.fromisoformat(facts)
    return facts


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _answer(pack: Pack, asked: Asked, option: str) -> Any:
    """Decide by another option, on both back ends; a refusal is its key."""
    read = pack.read_as(Reading(choices=((asked.switch, option),)))
    [evaluation] = both_agree(read, asked.decision, [_days(asked.facts)])
    if evaluation.refusal is not None:
        return evaluation.refusal.key
    return _plain(evaluation.result[asked.name])


@pytest.mark.clause(
    "S0-2.1-ship48-def", "S0-2.1-as0", "S0-2.1-cs3", "S0-2.2.5-scope", "S0-2.2.5-1",
    "S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c", "S0-2.2.7a", "S0-2.2.7b", "S0-3.3", "S0-3.4",
)  # fmt: skip
@pytest.mark.parametrize("asked", SUPPLY, ids=lambda asked: f"{asked.switch}-{asked.decision}")
def test_every_option_of_the_supply_market_runs(supply: Pack, asked: Asked) -> None:
    """Each option gives the answer written beside it, by the pack alone."""
    assert set(asked.answers) == set(supply.interpretations[asked.switch].options)
    assert {each: _answer(supply, asked, each) for each in asked.answers} == asked.answers


@pytest.mark.clause(
    "S3-2.2a", "S3-2.2b", "S3-2.2c", "S3-3.1a", "S3-4.2c", "S3-7.1a", "S3-7.1b", "S3-7.2a",
    "S3-7.2b",
)  # fmt: skip
@pytest.mark.parametrize("asked", DEPOSIT, ids=lambda asked: f"{asked.switch}-{asked.decision}")
def test_every_option_of_the_shop_deposit_runs(deposit: Pack, asked: Asked) -> None:
    """Each option gives the answer written beside it, by the pack alone."""
    assert set(asked.answers) == set(deposit.interpretations[asked.switch].options)
    assert {each: _answer(deposit, asked, each) for each in asked.answers} == asked.answers


def test_each_of_the_open_questions_changes_an_answer(supply: Pack, deposit: Pack) -> None:
    """All 17 questions are there, and every switch with options makes a difference somewhere."""
    assert {asked.number for asked in (*SUPPLY, *DEPOSIT)} == set(range(18))
    for pack, cases in ((supply, SUPPLY), (deposit, DEPOSIT)):
        switches = {name for name, each in pack.interpretations.items() if len(each.options) > 1}
        assert switches == {asked.switch for asked in cases}
        for switch in switches:
            own = [asked for asked in cases if asked.switch == switch]
            assert any(len(set(asked.answers.values())) > 1 for asked in own), switch


def test_the_defaults_are_those_of_the_pack(supply: Pack, deposit: Pack) -> None:
    """Without a reading, the pack answers as its own choice does."""
    for pack, cases in ((supply, SUPPLY), (deposit, DEPOSIT)):
        for asked in cases:
            choice = pack.interpretations[asked.switch].choice
            evaluation = pack.evaluate(asked.decision, asked.facts)
            key = evaluation.refusal.key if evaluation.refusal else None
            answer = key or _plain(evaluation.result[asked.name])
            assert answer == asked.answers[choice]

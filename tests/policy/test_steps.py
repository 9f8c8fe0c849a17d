"""What stands around a step: another governing day, a gate, a suspended clause, a range."""

from datetime import date
from typing import Any

import pytest

from earnest.policy import Pack, load_pack_text, replay
from tests.policy.small_pack import answers, judged, problems

BIG = 10**15
TEXT = """rulebook: steps
instruments:
  - {id: A, published: 2024-01-01, in_force: 2024-01-01, state: superseded}
  - {id: B, published: 2025-01-01, in_force: 2025-01-10, state: in_force}
  - {id: S, published: 2025-02-15, in_force: 2025-02-20, state: in_force}
  - {id: X, published: 2025-02-15, in_force: 2025-02-20, state: draft}
parameters:
  times:
    unit: count
    values:
      - {from: 2024-01-01, value: 9, clause: "1", instrument: A}
      - {from: 2025-01-10, value: 10, clause: "1", instrument: B}
  ends_late: {unit: count, values: [{from: 2025-01-10, value: 1, clause: "1", instrument: B}]}
tables:
  fee:
    inputs: {kind: text}
    outputs: {amount: CNY}
    editions:
      - from: 2024-01-01
        instrument: A
        rows: [{when: glass, then: [3], clause: "2a"}, {when: otherwise, then: [1], clause: "2b"}]
      - from: 2025-01-10
        instrument: B
        rows: [{when: glass, then: [5], clause: "2a"}, {when: otherwise, then: [2], clause: "2b"}]
suspensions:
  - {clause: "4", from: 2025-02-20, ends: 2025-03-01, instrument: S}
  - {clause: "4", from: 2025-06-01, instrument: S}
  - {clause: "2", from: 2025-02-20, ends: 2025-03-01, instrument: S}
  - {clause: "6", from: 2025-02-20, instrument: X}
decisions:
  judged:
    title: {zh: 赔付, en: Payment}
    governed_by: on
    facts: {on: date, paid_on: date, amount_fen: CNY, kind: text, goods: {each: fee}}
    applies:
      enterprise:
        expr: "kind != 'person'"
        clause: "0"
        title: {zh: 仅限企业, en: enterprises only}
    steps:
%s
    outcome: [answer]
"""
FACTS: dict[str, Any] = {
    "on": "2025-02-01", "paid_on": "2024-06-01", "amount_fen": 100, "kind": "glass", "goods": [],
}  # fmt: skip


def text_of(*steps: str) -> str:
    """Return a pack's text with these steps."""
    return TEXT % "\n".join(f"      {each}" for each in steps)


def pack_of(*steps: str) -> Pack:
    """Return a pack with these steps."""
    return load_pack_text(text_of(*steps), "steps.yaml")


def rows(**values: list[Any]) -> list[dict[str, Any]]:
    """Return the facts once for each value of each named fact."""
    return [{**FACTS, name: each} for name, several in values.items() for each in several]


def test_a_step_may_be_governed_by_another_day() -> None:
    """Terms of the day of payment stay with the order; only that step is under that day's rule."""
    pack = pack_of(
        'promise: {expr: "amount_fen * times", clause: "3", governed_by: paid_on}',
        'charge: {expr: "fee(kind).amount", clause_of: promise, governed_by: paid_on}',
        'today: {expr: "fee(kind).amount", clause: "3"}',
        'all_goods: {expr: "total(goods, amount)", clause: "3", governed_by: paid_on}',
        'answer: {expr: "promise + times * 10000 + charge + today + all_goods", clause: "3"}',
    )
    facts = rows(paid_on=["2024-06-01", "2025-01-09", "2025-01-10", "2023-12-31"])
    facts += [{**FACTS, "goods": ["glass", "wood"]}]
    assert answers(pack, facts) == [101700, 101700, 102000, "no_rule:times", 102100]
    trace = pack.evaluate("judged", FACTS).trace
    used = [(each["name"], each["edition"]) for each in trace if each["entry"] in ("param", "row")]
    assert used == [
        ("times", "2024-01-01"), ("fee", "2024-01-01"), ("fee", "2025-01-10"),
        ("times", "2025-01-10"),
    ]  # fmt: skip


def test_a_step_may_be_governed_by_an_earlier_step() -> None:
    """The day that governs may itself be computed: a transition, or a day plus a term."""
    pack = pack_of(
        'moved_on: {expr: "add_days(paid_on, 30) if kind == \'glass\' else on", clause: "3"}',
        'answer: {expr: "times", clause: "3", governed_by: moved_on}',
    )
    facts = rows(paid_on=["2024-12-10", "2024-12-11", "9999-12-31"], kind=["wood"])
    assert answers(pack, facts) == [9, 10, "out_of_range:add_days", 10]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("paid", "answer: governed_by must name a fact of kind date; did you mean 'paid_on'?"),
        ("amount_fen", "answer: governed_by must name a fact of kind date"),
        ("answer", "answer: governed_by must name a fact of kind date"),
    ],
)
def test_what_governs_a_step_is_a_day(by: str, said: str) -> None:
    """A step is governed by a day among the facts or the steps before it."""
    assert problems(text_of(f'answer: {{expr: "1", clause: "3", governed_by: {by}}}')) == [said]


def test_a_step_that_must_hold_refuses_the_whole() -> None:
    """With ``require`` a false step refuses the decision, with its clause and its own words."""
    words = "{zh: 金额太小, en: the amount is too small}"
    pack = pack_of(
        f'enough: {{expr: "amount_fen >= 50", clause: "5", require: true, refusal: {words}}}',
        'even: {expr: "amount_fen != 51", clause: "7", require: true, title: {zh: 双数, en: even}}',
        'answer: {expr: "amount_fen", clause: "3"}',
    )
    assert answers(pack, rows(amount_fen=[49, 50, 51])) == ["not_met:enough", 50, "not_met:even"]
    evaluation = pack.evaluate("judged", {**FACTS, "amount_fen": 49})
    assert evaluation.refusal is not None
    assert (evaluation.refusal.zh, evaluation.refusal.en) == ("金额太小", "the amount is too small")
    assert evaluation.clause == "5"
    assert evaluation.explain("zh") == "赔付：不作判定，金额太小（5）。"
    assert evaluation.trace[-1]["name"] == "enough"
    assert replay(evaluation.receipt().as_dict(), pack) == []
    even = pack.evaluate("judged", {**FACTS, "amount_fen": 51})
    assert even.explain("en") == "Payment: not decided: “even” is not met (7)."


def test_a_refusal_before_a_gate_comes_first() -> None:
    """What cannot be judged is refused as such, and a gate is only asked where it is reached."""
    pack = pack_of(
        'known: {expr: "ends_late > 0", clause: "5", governed_by: paid_on, require: true}',
        'answer: {expr: "round_to(1, amount_fen)", clause: "3"}',
    )
    facts = [
        {**FACTS, "kind": "person"},
        FACTS,
        {**FACTS, "paid_on": "2025-01-31", "amount_fen": 0},
        {**FACTS, "paid_on": "2025-01-31", "amount_fen": 1},
    ]
    assert answers(pack, facts) == [
        "not_applicable:enterprise", "no_rule:ends_late", "division_by_zero:answer", 1,
    ]  # fmt: skip


def test_what_must_apply_is_asked_before_the_steps() -> None:
    """Outside its scope a question is not asked; inside, the name can be used like a step's."""
    pack = pack_of('answer: {expr: "1 if enterprise else 2", clause: "3"}')
    assert answers(pack, rows(kind=["glass", "person"])) == [1, "not_applicable:enterprise"]
    evaluation = pack.evaluate("judged", {**FACTS, "kind": "person"})
    assert evaluation.explain("en") == (
        "Payment: not decided: not applicable: “enterprises only” does not hold (0)."
    )
    assert evaluation.result == {}
    assert list(pack.evaluate("judged", FACTS).result) == ["answer"]
    whole = text_of('answer: {expr: "1", clause: "3"}').replace("    outcome: [answer]\n", "")
    assert list(load_pack_text(whole).evaluate("judged", FACTS).result) == ["answer"]


def test_a_gate_is_true_or_false() -> None:
    """What is required or must apply is true or false; a name stands for one step."""
    assert problems(text_of('answer: {expr: "1", clause: "3", require: true}')) == [
        "answer: must be true or false, not int"
    ]
    assert problems(
        text_of('enterprise: {expr: "1", clause: "3"}', 'answer: {expr: "1", clause: "3"}')
    ) == ["'enterprise' is already a step"]


def test_the_tests_of_a_decision_are_listed() -> None:
    """Every step that is true or false is a row with clause, value and title, up to a refusal."""
    pack = pack_of(
        'glass: {expr: "kind == \'glass\'", clause: "5", title: {zh: 玻璃, en: glass}}',
        'many: {expr: "amount_fen > 50", clause: "6", require: true}',
        'both: {expr: "all_of(glass, many)", clause: "7"}',
        'answer: {expr: "1 if both else 0", clause: "3"}',
    )
    wood, few = judged(pack, [{**FACTS, "kind": "wood"}, {**FACTS, "amount_fen": 1}])
    scope = {"step": "enterprise", "clause": "0", "value": True,
             "title": {"zh": "仅限企业", "en": "enterprises only"}}  # fmt: skip
    assert wood.tests == [
        scope,
        {"step": "glass", "clause": "5", "value": False, "title": {"zh": "玻璃", "en": "glass"}},
        {"step": "many", "clause": "6", "value": True, "title": {"zh": "many", "en": "many"}},
        {"step": "both", "clause": "7", "value": False, "title": {"zh": "both", "en": "both"}},
    ]
    assert [(each["step"], each["value"]) for each in few.tests] == [
        ("enterprise", True), ("glass", True), ("many", False),
    ]  # fmt: skip
    assert "not met: “glass”" in wood.explain("en")
    assert "其中不满足：“玻璃”" in wood.explain("zh")


SUSPENDED = ["2025-02-19", "2025-02-20", "2025-02-28", "2025-03-01", "2025-06-01", "2030-01-01"]


def test_a_suspended_clause_gives_the_value_written_for_it() -> None:
    """On days of a suspension the step is what the pack says for it; without that, refused."""
    with_value = pack_of('answer: {expr: "amount_fen * times", clause: "4", suspended: "0.07"}')
    assert answers(with_value, rows(on=SUSPENDED)) == [1000, 7, 7, 1000, 7, 7]
    without = pack_of('answer: {expr: "fee(kind).amount", clause: "4"}')
    refused = "suspended:4"
    assert answers(without, rows(on=SUSPENDED)) == [500, refused, refused, 500, refused, refused]
    evaluation = with_value.evaluate("judged", {**FACTS, "on": date(2025, 2, 20)})
    assert evaluation.trace[1] == {
        "entry": "suspension", "name": "answer", "value": 7, "clause": "4", "instrument": "S",
        "edition": "2025-02-20", "ends": "2025-03-01",
    }  # fmt: skip
    assert (
        "answer 0.07 yuan, as its clause is suspended from 2025-02-20 until before 2025-03-01"
        in (evaluation.explain("en"))
    )
    assert "因所依条款自 2025-02-20 起暂停适用，到 2025-03-01 前（4；S）" in evaluation.explain(
        "zh"
    )
    assert "suspension answer = 7, clause 4, S, 2025-02-20..2025-03-01" in evaluation.trace_lines()


def test_a_suspension_is_asked_on_the_steps_own_day() -> None:
    """The day that governs the step decides whether its clause is suspended then."""
    pack = pack_of(
        'answer: {expr: "times", clause: "4", governed_by: paid_on, suspended: 0}',
    )
    assert answers(pack, rows(paid_on=SUSPENDED, on=["2025-02-25"])) == [10, 0, 0, 10, 0, 0, 9]


def test_a_suspension_reaches_steps_by_their_clause() -> None:
    """A step without a clause has that of another; acts that do not decide suspend nothing."""
    pack = pack_of(
        'base: {expr: "fee(kind).amount", clause: "2", suspended: 0}',
        'gate: {expr: "amount_fen > times", clause: "4", require: true, suspended: true}',
        'drafted: {expr: "1", clause: "6"}',
        'answer: {expr: "base + drafted", clause_of: base}',
    )
    facts = [{**FACTS, "on": on, "amount_fen": 1} for on in ("2025-02-20", "2025-02-19")]
    assert answers(pack, facts) == ["suspended:2", "not_met:gate"]


def test_a_value_for_a_suspension_is_of_the_steps_kind() -> None:
    """What a step is during a suspension is written like any value of its kind."""
    said = problems(text_of('answer: {expr: "amount_fen", clause: "4", suspended: "a lot"}'))
    assert said == ["answer: 'a lot' is not an amount in yuan with at most two decimals"]


def test_a_step_beyond_all_amounts_is_refused() -> None:
    """Each step is held to its range, on the way to others too, and nothing overflows."""
    pack = pack_of(
        'square: {expr: "prorate(amount_fen, amount_fen, 1)", clause: "3"}',
        'answer: {expr: "square - 1 if kind == \'wood\' else 1 - square", clause: "3"}',
    )
    facts = rows(amount_fen=[31622776, 31622777, BIG, -BIG, BIG + 1])
    facts += [{**FACTS, "kind": "wood", "amount_fen": 0}]
    assert answers(pack, facts) == [
        1 - 31622776**2, *["out_of_range:square"] * 3, "out_of_range:amount_fen", -1,
    ]  # fmt: skip

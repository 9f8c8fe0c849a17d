"""What an explanation says: by titles, each thing once, each element by its own rule."""

from pathlib import Path
from typing import Any

import pytest

from earnest.policy import Pack, load_pack_text
from earnest.policy.kinds import WORDS
from earnest.policy.wording import show_value

TEXT = """rulebook: told
instruments:
  - {id: Q1, published: 2024-01-01, in_force: 2024-02-01, state: superseded}
  - {id: Q2, published: 2024-05-01, in_force: 2024-06-01, state: in_force}
interpretations:
  counted:
    clause: "3"
    question: {zh: 如何计, en: How}
    choice: all
    options: {all: {zh: 全部计入, en: all of them}, one: {zh: 只计一条, en: one of them}}
suspensions:
  - {clause: "9", from: 2024-07-01, ends: 2024-08-01, instrument: Q2}
parameters:
  late_rate:
    unit: ppm
    title: {zh: 赔付比例, en: part to pay}
    values:
      - {from: 2024-02-01, value: "5%", clause: "1", instrument: Q1}
      - {from: 2024-06-01, value: "8%", clause: "1", instrument: Q2}
  most:
    unit: CNY
    title: {zh: 上限, en: limit}
    values: [{from: 2024-02-01, value: 50, clause: "1a", instrument: Q1}]
  floor:
    unit: score
    title: {zh: 下限分, en: floor}
    values: [{from: 2024-02-01, value: 40, clause: "2", instrument: Q1}]
  days: {unit: days, values: [{from: 2024-02-01, value: 1, clause: "2", instrument: Q1}]}
tables:
  ladder:
    inputs: {run: count}
    outputs: {stopped: bool, fine: CNY, spare: int}
    editions:
      - from: 2024-02-01
        instrument: Q1
        rows:
          - {when: "< 2", then: [false, 0, 1], clause: "4"}
          - {when: ">= 2", then: [true, 500, 1], clause: "4a"}
  goods_fee:
    inputs: {name: text}
    outputs: {amount: CNY, group: text}
    editions:
      - from: 2024-02-01
        instrument: Q1
        rows:
          - {when: glass, then: [20, a], clause: "5"}
          - {when: tin, then: [30, b], clause: "5"}
decisions:
  judged:
    title: {zh: 处理, en: how it is judged}
    governed_by: on
    facts:
      on: date
      orders: {records: {paid: CNY, paid_on: date}, at: paid_on}
      scores: {series: {at: month, value: score}}
      goods: {each: goods_fee}
    steps:
      pay: {expr: "total(orders, min(share(paid, late_rate), most))", clause: "3",
            title: {zh: 应赔, en: to be paid}, interpretation: counted}
      run: {expr: "consecutive(scores, value < floor)", clause: "2", title: {zh: 连续, en: run}}
      stopped: {expr: "ladder(run).stopped", clause: "4", title: {zh: 停业, en: closed}}
      fine: {expr: "ladder(run).fine", clause: "4", title: {zh: 罚款, en: fine}}
      again: {expr: "ladder(run).stopped or fine > 0", clause: "4"}
      fees: {expr: "sum_of_highest(goods, amount, group)", clause: "5"}
      held: {expr: "fees", clause: "9", suspended: 0, interpretation: counted}
      wait: {expr: "days", clause: "2"}
texts:
  orders: {zh: 订单, en: orders}
  scores: {zh: 月度分, en: score of the month}
  glass: {zh: 玻璃, en: glass}
  tin: {zh: 罐头, en: tinware}
"""
FACTS: dict[str, Any] = {
    "on": "2024-06-30",
    "orders": [
        {"paid": 10000, "paid_on": "2024-05-31"},
        {"paid": 20000, "paid_on": "2024-06-01"},
        {"paid": 30000, "paid_on": "2024-01-31"},
    ],
    "scores": [
        ["2024-01-31", 30], ["2024-03-31", 45], ["2024-04-30", None], ["2024-05-31", 39],
        ["2024-06-30", 34],
    ],
    "goods": ["glass", "tin"],
}  # fmt: skip


@pytest.fixture(scope="module")
def pack() -> Pack:
    """Return the pack that the explanations are about."""
    return load_pack_text(TEXT, "told.yaml")


def both(pack: Pack, **changed: Any) -> tuple[str, str]:
    """Return the explanation in both languages."""
    evaluation = pack.evaluate("judged", {**FACTS, **changed})
    return evaluation.explain("zh"), evaluation.explain("en")


def test_an_element_cites_the_rule_of_its_own_day(pack: Pack) -> None:
    """The second order is told by the rate of Q2, and each value used is named."""
    zh, en = both(pack)
    assert (
        "orders (no. 2): paid 200.00 yuan, paid_on 2024-06-01, counts 16.00 yuan, by part to pay "
        "8% (1; Q2, from 2024-06-01), limit 50.00 yuan (1a; Q1, from 2024-02-01)"
    ) in en
    assert "counts 5.00 yuan, by part to pay 5% (1; Q1, from 2024-02-01), limit" in en
    assert "计入 16.00 元，按赔付比例 8%（1；Q2，2024-06-01 起）、上限 50.00 元" in zh


def test_elements_before_the_rule_are_said_to_be_passed_over(pack: Pack) -> None:
    """What lies before the first day of what is used does not vanish without a word."""
    zh, en = both(pack)
    assert (
        "orders: 1 element (2024-01-31) passed over, as nothing that is used here was in force "
        "before 2024-02-01"
    ) in en
    assert "月度分：1 条（2024-01-31）早于 2024-02-01，当时没有所用的规定，略过" in zh
    assert "passed over" not in both(pack, orders=[], scores=[])[1]


def test_a_single_value_is_called_by_its_fact(pack: Pack) -> None:
    """No inner names: a month says its fact's title, and whether it counts."""
    zh, en = both(pack)
    assert "2024-03-31：月度分 4.5、不计入（2；Q1，2024-02-01 起）" in zh
    assert "2024-06-30: score of the month 3.4, counts (2; Q1, from 2024-02-01)" in en
    for said in (zh, en):
        assert "_counts" not in said
        assert "value" not in said


def test_a_row_is_told_once_with_its_columns(pack: Pack) -> None:
    """Several columns of one row stand together, by the names of the steps they give."""
    zh, en = both(pack)
    assert "ladder, row 2 (>= 2): closed yes, fine 500.00 yuan (4a; Q1, from 2024-02-01)" in en
    assert "ladder 第 2 行（>= 2）：停业 是、罚款 500.00 元（4a；Q1，2024-02-01 起）" in zh
    assert en.count("row 2 (>= 2)") == 1
    assert en.count("closed yes") == 2  # in the outcome, and in its row


def test_several_winners_are_a_list(pack: Pack) -> None:
    """Groups have a winner each."""
    zh, en = both(pack)
    assert "fees 50.00 yuan, of which “glass”, “tinware” decide (5)" in en
    assert "fees 50.00 元，取其中的“玻璃”、“罐头”（5）" in zh


def test_a_suspended_step_is_told_once(pack: Pack) -> None:
    """With its suspension, and without a choice that was not made."""
    _, before = both(pack)
    assert "held 50.00 yuan (9; read as: all of them)" in before
    _, en = both(pack, on="2024-07-15")
    told = "held 0.00 yuan, as its clause is suspended from 2024-07-01 until before 2024-08-01"
    assert f"{told} (9; Q2)" in en
    assert en.count("held 0.00 yuan") == 2  # in the outcome and as a reason
    assert en.count("read as: all of them") == 1


def test_a_series_is_among_the_facts(pack: Pack) -> None:
    """In short: how many, and the latest ones; a month without a score says so."""
    zh, en = both(pack)
    assert "月度分 共 5 条，最近 3 条：2024-04-30 未考核、2024-05-31 3.9、2024-06-30 3.4" in zh
    assert "score of the month, 5 in all, the last 3: 2024-04-30 not assessed, 2024-05-31" in en


def test_many_reasons_have_a_line_each(pack: Pack) -> None:
    """A short explanation is one paragraph; a long one can be read line by line."""
    _, en = both(pack)
    assert en.startswith("How it is judged: to be paid 21.00 yuan, ")
    head, *reasons = en.split("\n")
    assert head.endswith("Reasons:")
    assert len(reasons) > 8
    assert all(each.endswith(";") for each in reasons[:-1])
    refused = pack.evaluate("judged", {**FACTS, "on": "2023-01-01"})
    assert "\n" not in refused.explain("en")


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        ("days", 1, "1 day"), ("days", 30, "30 days"), ("months", 0, "0 months"),
        ("hours", 1, "1 hour"), ("minutes", 2, "2 minutes"), ("USD", 100, "1.00 USD"),
    ],
)  # fmt: skip
def test_one_and_many(unit: str, value: int, said: str) -> None:
    """English has a singular."""
    assert show_value(value, WORDS[unit], "en", {}) == said


EVERY = (Path(__file__).parent / "data" / "every_form.yaml").read_text()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_form_is_told(language: str) -> None:
    """Each golden case of a pack with every form of the language has a readable answer."""
    pack = load_pack_text(EVERY)
    for case in pack.cases:
        said = pack.evaluate(case.decision, case.facts).explain(language)
        assert said.endswith("。" if language == "zh" else ".")
        assert "{" not in said

"""Facts that hold rows of values, lists and closed lists: taken, judged, traced and told."""

from typing import Any

import pytest

from earnest.kernel.errors import BadInput
from earnest.policy import Pack, load_pack_text, replay
from tests.policy.small_pack import answers, judged, problems

TEXT = """rulebook: promises
instruments:
  - {id: P1, published: 2024-05-01, in_force: 2024-05-01, state: superseded}
  - {id: P2, published: 2024-05-20, in_force: 2024-05-23, state: in_force}
parameters:
  times:
    unit: count
    title: {zh: 赔付倍数, en: times to pay}
    values:
      - {from: 2024-05-01, value: 9, clause: "1", instrument: P1}
      - {from: 2024-05-23, value: 10, clause: "1", instrument: P2}
tables:
  kinds:
    inputs: {kind: text}
    outputs: {group: text, points: count}
    editions:
      - from: 2024-05-01
        instrument: P1
        rows:
          - {when: fake, then: [grave, 5], clause: "2"}
          - {when: "late", then: [light, 1], clause: "2"}
      - from: 2024-06-01
        instrument: P2
        rows:
          - {when: fake, then: [grave, 8], clause: "2"}
          - {when: otherwise, then: [light, 2], clause: "2"}
decisions:
  judged:
    title: {zh: 赔付, en: Payment}
    governed_by: on
    facts:
      on: date
      orders: {records: {amount_fen: CNY, kind: text, paid_on: date, rush: bool}, at: paid_on}
      losses: {records: {loss: CNY, sort: text}}
    steps: {answer: {expr: "%s", clause: "3", title: {zh: 应赔, en: to be paid}}}
texts:
  orders: {zh: 订单, en: orders}
  amount_fen: {zh: 金额, en: amount}
  paid_on: {zh: 付款日, en: paid on}
  kind: {zh: 类型, en: kind}
  rush: {zh: 加急, en: rush}
  losses: {zh: 损失, en: losses}
  fake: {zh: 假货, en: a fake}
  grave: {zh: 严重, en: grave}
"""
ORDERS: list[dict[str, Any]] = [
    {"amount_fen": 100, "kind": "fake", "paid_on": "2024-05-22", "rush": False},
    {"amount_fen": 200, "kind": "fake", "paid_on": "2024-05-23", "rush": True},
    {"amount_fen": 700, "kind": "late", "paid_on": "2024-05-23", "rush": False},
    {"amount_fen": 900, "kind": "fake", "paid_on": "2024-04-30", "rush": True},
]
LOSSES = [{"loss": 5, "sort": "a"}, {"loss": 9, "sort": "b"}, {"loss": 7, "sort": "a"}]
FACTS: dict[str, Any] = {"on": "2024-06-30", "orders": ORDERS, "losses": LOSSES}


def pack_of(expr: str) -> Pack:
    """Return a pack whose one step is an expression over orders and losses."""
    return load_pack_text(TEXT % expr, "promises.yaml")


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("total(orders, amount_fen * times, kind == 'fake')", [2900, 0]),
        ("total(orders, amount_fen, True)", [1900, 0]),
        ("count(orders)", [4, 0]),
        ("count(orders, times > 0)", [3, 0]),
        (
            "highest(orders, share(amount_fen, times * 100000), not rush)",
            [700, "no_element:orders"],
        ),
        ("highest(orders, paid_on, rush)", ["2024-05-23", "no_element:orders"]),
        ("lowest(orders, days_between(paid_on, on), True, 99)", [38, 99]),
        ("sum_of_highest(orders, amount_fen, kind)", [1600, 0]),
        ("sum_of_highest(orders, amount_fen, paid_on, not_rush)", [800, 0]),
        ("sum_of_highest(orders, kinds(kind).points * times, kinds(kind).group)", [60, 0]),
        ("total(orders, kinds(kind).points, amount_fen > 100)", [6, 0]),
        ("total(losses, loss)", [21, 0]),
        ("sum_of_highest(losses, loss, sort)", [16, 0]),
        ("sum_of_highest(losses, loss * times, loss > 6, sort != 'b')", [120, 0]),
        ("total(losses, prorate(loss, 1, loss - 9))", ["division_by_zero:answer", 0]),
        ("total(losses, kinds(sort).points, loss > 6)", [4, 0]),
        ("highest(losses, 1 if sort == 'a' else 2, loss > 9, 7)", [7, 7]),
    ],
)
def test_rows_are_judged_each_by_its_own_day(expr: str, wanted: list[Any]) -> None:
    """Rows with a day are under the rule of that day, rows without one under the governing day."""
    empty = {**FACTS, "orders": [], "losses": []}
    assert answers(pack_of(expr), [FACTS, empty]) == wanted


def test_what_is_wrong_in_one_row_refuses_the_whole() -> None:
    """The first row that cannot be judged gives the refusal, in both back ends."""
    expr = "total(orders, kinds(kind).points * times, rush)"
    odd = {"amount_fen": 1, "kind": "odd", "paid_on": "2024-05-23", "rush": True}
    later = {**odd, "paid_on": "2024-06-01"}
    unseen = {**odd, "rush": False}
    rows = [[odd], [later], [unseen], [later, odd], [unseen, odd, later]]
    assert answers(pack_of(expr), [{**FACTS, "orders": each} for each in rows]) == [
        "no_row:kinds", 20, 0, "no_row:kinds", "no_row:kinds",
    ]  # fmt: skip


def test_a_missing_value_is_a_missing_fact() -> None:
    """A row without a value, a value beyond all amounts, and a row of tomorrow are refused."""
    whole = ORDERS[0]
    changed = [
        {**whole, "amount_fen": None},
        {name: value for name, value in whole.items() if name != "kind"},
        None,
        {**whole, "amount_fen": 10**15 + 1},
        {**whole, "amount_fen": 10**15 + 1, "kind": None},
        {**whole, "paid_on": "2024-07-01"},
        {**whole, "paid_on": "2024-06-30"},
    ]
    rows = [{**FACTS, "orders": [whole, each]} for each in changed]
    assert answers(pack_of("count(orders)"), rows) == [
        *["missing_fact:orders"] * 3,
        "out_of_range:orders",
        "missing_fact:orders",
        "later_element:orders",
        2,
    ]
    huge = {**FACTS, "losses": [{"loss": 2**63 - 1, "sort": "a"}] * 9}
    assert answers(pack_of("total(losses, prorate(prorate(loss, loss, 1), loss, 1))"), [huge]) == [
        "out_of_range:losses"
    ]


def test_a_list_and_a_closed_list_are_checked() -> None:
    """An unknown option and a hole in a list are refused; an empty list is a fact like another."""
    text = TEXT.replace(
        "losses: {records: {loss: CNY, sort: text}}",
        "sizes: {list: CNY}, who: {one_of: [firm, 'no one']}",
    ).replace("      losses:", "      sizes:")
    text = text.replace(
        "      sizes: {list: CNY}, who: {one_of: [firm, 'no one']}",
        "      sizes: {list: CNY}\n      who: {one_of: [firm, 'no one']}",
    )
    pack = load_pack_text(text % "total(sizes, value, who == 'firm')")
    facts = {"on": "2024-06-30", "orders": [], "sizes": [4, -1], "who": "firm"}
    rows = [
        facts,
        {**facts, "sizes": []},
        {**facts, "sizes": [1, None]},
        {**facts, "sizes": [1, 10**15 + 1]},
        {**facts, "sizes": None},
        {**facts, "who": "no one"},
        {**facts, "who": "No one"},
        {**facts, "who": None},
        {**facts, "sizes": [None, 10**16], "who": "club"},
    ]
    assert answers(pack, rows) == [
        3, 0, "missing_fact:sizes", "out_of_range:sizes", "missing_fact:sizes", 0,
        "not_listed:who", "missing_fact:who", "missing_fact:sizes",
    ]  # fmt: skip
    refusal = pack.evaluate("judged", {**facts, "who": "club"}).refusal
    assert refusal is not None
    assert refusal.en == "who: 'club' is none of firm, no one"


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        (7, "fact orders must be records of amount_fen, kind, paid_on, rush: 7 is not a list"),
        ([7], "7 does not hold amount_fen, kind, paid_on, rush"),
        ([{**ORDERS[0], "knid": 1}], "a row has no 'knid', only .*; did you mean 'kind'"),
        ([{**ORDERS[0], "amount_fen": "1"}], "'1' is not a whole number"),
        ([{**ORDERS[0], "paid_on": "yesterday"}], "is not a day written YYYY-MM-DD"),
    ],
)
def test_wrong_rows_are_bad_input(orders: Any, said: str) -> None:
    """A row of another shape stops the call and says what is wanted."""
    with pytest.raises(BadInput, match=said):
        pack_of("count(orders)").evaluate("judged", {**FACTS, "orders": orders})


FORMS = (
    "losses: write a kind, {one_of: [texts]}, {each: table}, {list: kind}, "
    "{series: {at: month, value: kind}} or {records: {name: kind}}"
)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("{records: {}}", FORMS),
        ("{records: {loss: CYN}}", "no kind 'CYN'; did you mean 'CNY'?"),
        (
            "{records: {loss: CNY, lost_on: date}, at: lots_on}",
            "losses: at must name a value of kind date in the records; did you mean 'lost_on'?",
        ),
        (
            "{records: {loss: CNY}, at: loss}",
            "losses: at must name a value of kind date in the records",
        ),
        ("{list: texts}", "no kind 'texts'; did you mean 'text'?"),
        ("{one_of: [a, a]}", FORMS),
    ],
)
def test_a_wrong_declaration_is_told(declared: str, said: str) -> None:
    """Every form of a fact says how it is written."""
    text = TEXT.replace("{records: {loss: CNY, sort: text}}", declared) % "count(orders)"
    assert problems(text) == [said]


def test_the_trace_names_the_rows_that_counted() -> None:
    """Of a sum every row that counted, of the highest the winner, of groups each one's winner."""
    total = pack_of("total(orders, amount_fen * times, kind == 'fake')")
    [first] = judged(total, [FACTS])
    rows = [entry for entry in first.trace if entry["entry"] == "element"]
    assert [(each["number"], each["on"], each["taken"], each["unit"]) for each in rows] == [
        (1, "2024-05-22", 900, "CNY"),
        (2, "2024-05-23", 2000, "CNY"),
    ]
    assert [(each["clause"], each["instrument"]) for each in rows] == [("1", "P1"), ("1", "P2")]
    assert rows[0]["element"] == {**ORDERS[0]}
    highest = pack_of("highest(losses, loss)").evaluate("judged", FACTS)
    [winner] = [entry for entry in highest.trace if entry["entry"] == "element"]
    assert (winner["number"], winner["on"], winner["taken"]) == (2, "", 9)
    assert highest.trace[-1]["won"] == ["2"]
    groups = pack_of("sum_of_highest(losses, loss, sort)").evaluate("judged", FACTS)
    won = [entry for entry in groups.trace if entry["entry"] == "element"]
    assert [(each["group"], each["number"], each["taken"]) for each in won] == [
        ("a", 3, 7), ("b", 2, 9),
    ]  # fmt: skip
    assert groups.trace[-1]["won"] == ["3", "2"]
    assert "element losses = True, taken 7, group a" in groups.trace_lines()


def test_rows_and_lists_read_well() -> None:
    """The paragraph says each row with the pack's names and units, and what was taken of it."""
    pack = pack_of("sum_of_highest(orders, amount_fen * times, kinds(kind).group, rush)")
    zh, en = (pack.evaluate("judged", FACTS).explain(language) for language in ("zh", "en"))
    assert "订单 共 4 条：（金额 1.00 元、类型 假货、付款日 2024-05-22、加急 否）" in zh
    assert "losses, 3 in all: (loss 0.05 yuan, sort a) (loss 0.09 yuan, sort b)" in en
    assert (
        "订单（第 2 条）：金额 2.00 元、类型 假货、付款日 2024-05-23、加急 是、"
        "计入 20.00 元、严重 组（1；P2，2024-05-23 起）"
    ) in zh
    assert "counts 20.00 yuan, group grave (1; P2, from 2024-05-23)" in en
    assert zh.startswith("赔付：应赔 20.00 元。判定日 2024-06-30。")
    many = pack.evaluate("judged", {**FACTS, "losses": LOSSES * 5}).explain("en")
    assert "losses, 15 in all: " in many
    assert many.count("loss 0.05 yuan") == 2


def test_rows_are_kept_in_the_receipt_and_replayed() -> None:
    """A receipt holds the rows as plain data, and the same bytes come out of them again."""
    pack = pack_of("total(orders, amount_fen * times)")
    receipt = pack.evaluate("judged", FACTS).receipt().as_dict()
    assert receipt["facts"]["orders"] == ORDERS
    assert receipt["facts"]["losses"] == LOSSES
    assert replay(receipt, pack) == []

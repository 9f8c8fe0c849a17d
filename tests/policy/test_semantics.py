"""What a suspension reaches, which answers are options, cells without a value, and clauses."""

from datetime import date
from typing import Any

import pytest

from earnest.kernel.errors import BadInput
from earnest.policy import Pack, PackError, Reading, load_pack, load_pack_text, replay
from tests.policy.small_pack import answers, judged, problems

TEXT = """rulebook: semantics
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-01-01, state: superseded}
  - {id: B, published: 2025-06-01, in_force: 2025-06-01, state: in_force}
  - {id: D, published: 2025-09-01, in_force: 2025-09-01, state: draft}
clauses:
  "3c": {zh: 试行, en: a trial, status: encoded, from: 2024-01-01, ends: 2024-03-15}
  "4": {zh: 上限, en: a limit, status: encoded}
parameters:
  most:
    unit: count
    values:
      - {from: 2025-01-01, value: 10, clause: "4a", instrument: A}
      - {from: 2025-06-01, value: 20, clause: "4b", instrument: B}
  manner:
    unit: text
    values:
      - {from: 2025-01-01, value: mild, clause: "5", instrument: A}
      - {from: 2025-09-01, value: hard, clause: "5", instrument: D}
  open_manner: {unit: text, values: [{from: 2025-01-01, unset: true, clause: "5", instrument: A}]}
tables:
  goods:
    inputs: {ware: text}
    outputs: {fee: CNY, weight: count, label: text, fragile: bool, until: date}
    editions:
      - from: 2025-01-01
        instrument: A
        rows:
          - {when: glass, then: [5, 2, thin, true, 2025-12-31], clause: "6a"}
          - {when: iron, then: [null, 9, null, false, null], clause: "6b"}
          - {when: cloud, then: [1, null, soft, null, 2025-12-31], clause: "6c"}
          - {when: otherwise, then: [0, 1, plain, false, 2025-12-31], clause: "6d"}
  sizes:
    inputs: {size: int, urgent: bool}
    outputs: {fee: CNY}
    editions:
      - from: 2025-01-01
        instrument: A
        rows:
          - {when: ["< 10", any], then: [1], clause: "7a"}
          - {when: [">= 10", true], then: [2], clause: "7b"}
          - {when: [">= 10", false], then: [null], clause: "7c"}
%s
decisions:
  judged:
    title: {zh: 判定, en: Verdict}
    governed_by: on
    facts:
      on: date
      asked_on: date
      size: int
      good: text
      held: {each: goods}
      scores: {series: {at: date, value: count}}
      rows: {records: {paid_fen: CNY, kind: text}}
      few: {list: count}
    steps:
%s
    outcome: [answer]
"""
SUSPENDED = """suspensions:
  - {clause: "4b", from: 2025-07-01, ends: 2025-08-01, instrument: B}
  - {clause: "6a", from: 2025-07-01, ends: 2025-08-01, instrument: B}
  - {clause: "7b", from: 2025-07-15, instrument: B}
"""
FACTS: dict[str, Any] = {
    "on": "2025-07-10", "asked_on": "2025-07-10", "size": 10, "good": "glass", "held": [],
    "scores": [], "rows": [], "few": [],
}  # fmt: skip


def text_of(*steps: str, suspensions: str = SUSPENDED) -> str:
    """Return a pack's text with these steps."""
    return TEXT % (suspensions, "\n".join(f"      {each}" for each in steps))


def pack_of(*steps: str, suspensions: str = SUSPENDED) -> Pack:
    """Return a pack with these steps."""
    return load_pack_text(text_of(*steps, suspensions=suspensions), "semantics.yaml")


def rows(**values: list[Any]) -> list[dict[str, Any]]:
    """Return the facts once for each value of each named fact."""
    return [{**FACTS, name: each} for name, several in values.items() for each in several]


DAYS = ["2025-05-31", "2025-06-30", "2025-07-01", "2025-07-31", "2025-08-01"]


def test_a_value_of_a_suspended_clause_is_refused_where_it_is_used() -> None:
    """The clause of a parameter's value counts, not only the step's, and only where it is used."""
    pack = pack_of('answer: {expr: "most if size > 5 else 0", clause: "1"}')
    assert answers(pack, rows(on=DAYS)) == [10, 20, "suspended:4b", "suspended:4b", 20]
    assert answers(pack, rows(size=[5])) == [0]
    refused = pack.evaluate("judged", FACTS)
    assert refused.clause == "4b"
    assert [each["name"] for each in refused.trace] == []
    assert replay(refused.receipt().as_dict(), pack) == []


def test_a_row_of_a_suspended_clause_is_refused_where_it_is_used() -> None:
    """One row's clause is suspended; the other rows of its table decide as before."""
    pack = pack_of('answer: {expr: "goods(good).weight", clause: "1"}')
    assert answers(pack, rows(on=DAYS)) == [2, 2, "suspended:6a", "suspended:6a", 2]
    assert answers(pack, rows(good=["iron", "wood"])) == [9, 1]
    several = pack_of('answer: {expr: "sizes(size, size < 20).fee", clause: "1"}')
    assert answers(several, rows(on=["2025-07-14", "2025-07-15"])) == [200, "suspended:7b"]


@pytest.mark.parametrize(
    "expr",
    ["total(held, weight, fragile)", "total(held, weight * size, fragile)",
     "count(held, ware == 'glass' and weight > 1)", "highest(held, weight, True, 0)"],
)  # fmt: skip
def test_an_element_of_a_suspended_row_is_refused(expr: str) -> None:
    """Among several texts, one whose row is suspended refuses the step, however it is asked."""
    pack = pack_of(f'answer: {{expr: "{expr}", clause: "1"}}')
    facts = rows(held=[["wood"], ["wood", "glass"], ["unheard", "glass"]])
    assert answers(pack, facts)[1:] == ["suspended:6a"] * 2
    assert answers(pack, [{**each, "on": "2025-08-01"} for each in facts])[1] not in ("", None)


def test_the_day_that_governs_the_step_says_whether_a_value_is_suspended() -> None:
    """With its own ``governed_by`` that day counts; the day of an element does not."""
    pack = pack_of('answer: {expr: "most", clause: "1", governed_by: asked_on}')
    assert answers(pack, rows(asked_on=["2025-06-30", "2025-07-01"])) == [20, "suspended:4b"]
    run = pack_of('answer: {expr: "consecutive(scores, value > most)", clause: "1"}')
    scores = [["2025-05-31", 30], ["2025-07-05", 30]]
    facts = rows(scores=[scores, scores[:1]])
    assert answers(run, facts) == ["suspended:4b", 1]
    assert answers(run, [{**each, "on": "2025-08-01"} for each in facts]) == [2, 1]


def test_a_step_with_a_value_for_it_takes_that_value() -> None:
    """Whatever in the step is suspended, its ``suspended`` value stands; other refusals stay."""
    pack = pack_of(
        'base: {expr: "total(held, weight * most) + most", clause: "1", suspended: 7}',
        'answer: {expr: "max(base, size)", clause: "1"}',
    )
    facts = rows(held=[[], ["wood"], ["glass"], ["cloud"], ["cloud", "glass"]])
    assert answers(pack, facts) == [10, 10, 10, "unset:goods", "unset:goods"]
    assert answers(pack, [{**FACTS, "on": "2025-08-01", "held": ["wood"]}]) == [40]
    evaluation = pack.evaluate("judged", rows(held=[["wood"]])[0])
    entries = [(each["entry"], each["name"]) for each in evaluation.trace]
    assert entries == [("suspension", "base"), ("step", "base"), ("step", "answer")]
    assert evaluation.trace[0]["clause"] == "4b"
    assert replay(evaluation.receipt().as_dict(), pack) == []


def test_a_suspended_value_may_be_a_truth_a_text_or_a_day() -> None:
    """The value is in the step's kind."""
    steps = (
        'a: {expr: "goods(good).fragile", clause: "1", suspended: false}',
        'b: {expr: "goods(good).label", clause: "1", suspended: none}',
        'c: {expr: "goods(good).until", clause: "1", suspended: 2025-01-05}',
        'answer: {expr: "c if b == \'none\' and not a else on", clause: "1"}',
    )
    text = text_of(*steps).replace("thin", "none")
    pack = load_pack_text(text)
    assert answers(pack, rows(on=["2025-07-01", "2025-08-01"])) == ["2025-01-05", "2025-08-01"]


def test_only_the_headline_makes_an_answer_an_option() -> None:
    """A step that may, beside a headline that must, is told as optional where it holds."""
    text = text_of(
        'answer: {expr: "size > 5", clause: "1"}',
        'extra: {expr: "size > 7", clause: "2", modality: may}',
        'amount: {expr: "size - 8", clause: "2", modality: may}',
    )
    pack = load_pack_text(text.replace("outcome: [answer]", "outcome: [answer, extra, amount]"))
    first, none, third = judged(pack, rows(size=[8, 7, 3]))
    assert {each.modality for each in (first, none, third)} == {"must"}
    assert first.optional == ("extra",)
    assert none.optional == third.optional == ("amount",)
    headline = load_pack_text(text.replace("[answer]", "{may_do: extra, answer: answer}"))
    evaluation = headline.evaluate("judged", FACTS)
    assert (evaluation.modality, evaluation.optional) == ("may", ())
    refused = pack.evaluate("judged", {**FACTS, "on": "2024-01-01"})
    assert refused.optional == ()


def test_the_headline_has_the_last_word_on_what_is_an_option() -> None:
    """A decision that may, with a headline that must, is a must."""
    text = text_of('answer: {expr: "size", clause: "1", modality: must}')
    pack = load_pack_text(text.replace("governed_by: on", "governed_by: on\n    modality: may"))
    assert pack.evaluate("judged", FACTS).modality == "must"


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("goods(good).fee", [500, "unset:goods", 100]),
        ("goods(good).weight", [2, 9, "unset:goods"]),
        ("1 if goods(good).label == 'thin' else 2", [1, "unset:goods", 2]),
        ("goods(good).fragile", [True, False, "unset:goods"]),
        ("goods(good).until", ["2025-12-31", "unset:goods", "2025-12-31"]),
        ("0 if good == 'iron' else goods(good).fee", [500, 0, 100]),
        ("max(1, goods(good).fee + size)", [510, "unset:goods", 110]),
    ],
)
def test_a_cell_without_a_value_is_refused_where_it_is_used(expr: str, wanted: list[Any]) -> None:
    """``null`` among a row's values gives none; the row's other columns are as good as ever."""
    pack = pack_of(f'answer: {{expr: "{expr}", clause: "1"}}', suspensions="")
    facts = rows(good=["glass", "iron", "cloud"])
    assert answers(pack, facts) == wanted
    for each in facts:
        assert replay(pack.evaluate("judged", each).receipt().as_dict(), pack) == []


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("total(held, fee)", [600, "unset:goods", "unset:goods"]),
        ("total(held, fee, weight != 9)", ["unset:goods", "unset:goods", 0]),
        ("total(held, fee, ware != 'iron')", [600, 600, 0]),
        ("highest(held, fee, ware != 'iron' and fee > 300, 0)", [500, 500, 0]),
        ("count(held, fragile)", ["unset:goods", "unset:goods", 0]),
        ("count(held, not_fragile)", ["unset:goods", "unset:goods", 1]),
        ("count(held, label == 'soft')", [1, "unset:goods", "unset:goods"]),
        ("sum_of_highest(held, fee, label)", [600, "unset:goods", "unset:goods"]),
        ("count(held)", [2, 3, 1]),
    ],
)
def test_an_element_without_a_value_is_refused_where_it_is_used(
    expr: str, wanted: list[Any]
) -> None:
    """An element whose row gives no value refuses the step only where that value is needed."""
    pack = pack_of(f'answer: {{expr: "{expr}", clause: "1"}}', suspensions="")
    facts = rows(held=[["glass", "cloud"], ["glass", "cloud", "iron"], ["iron"]])
    assert answers(pack, facts) == wanted


def test_a_combination_that_is_not_open_is_said_without_a_number() -> None:
    """A row of several inputs can give nothing; the refusal names the table, column and clause."""
    pack = pack_of('answer: {expr: "sizes(size, size > 50).fee", clause: "1"}', suspensions="")
    assert answers(pack, rows(size=[9, 51, 10])) == [100, 200, "unset:sizes"]
    refusal = pack.evaluate("judged", FACTS).refusal
    assert refusal is not None
    assert (refusal.clause, refusal.en) == (
        "7c", "sizes: the row in force on 2025-07-10 gives no fee",
    )  # fmt: skip
    assert pack.table_row("sizes", {"size": 10, "urgent": False}, on=date(2025, 7, 1)) == {
        "fee": None
    }


def test_a_clause_tells_from_when_until_when_it_stood() -> None:
    """``from`` and ``ends`` of a clause are kept for readers."""
    clauses = pack_of('answer: {expr: "size", clause: "3c"}').clauses
    assert (clauses["3c"].since, clauses["3c"].ends) == (date(2024, 1, 1), date(2024, 3, 15))
    assert (clauses["4"].since, clauses["4"].ends) == (None, None)


def test_a_step_may_rest_on_the_clause_of_a_parameter() -> None:
    """The clause is that of the value in force on the step's day, suspensions included."""
    pack = pack_of(
        'limit: {expr: "size", clause_of: most, governed_by: asked_on}',
        'answer: {expr: "limit + 1", clause_of: limit, suspended: 3}',
    )
    old, new = judged(pack, rows(asked_on=["2025-05-31", "2025-06-30"]))
    assert (old.clause, new.clause) == ("4a", "4b")
    days = ["2025-05-31", "2025-07-01", "2025-08-01"]
    assert answers(pack, rows(asked_on=days)) == [3, "suspended:4b", 3]
    after = [{**each, "on": "2025-08-01"} for each in rows(asked_on=days)]
    assert answers(pack, after) == [11, "suspended:4b", 11]
    assert pack.decisions["judged"].clause == "4b"
    assert {"judged.limit", "most"} <= set(pack.elements_of("4a"))
    assert problems(text_of('answer: {expr: "size", clause_of: mots}')) == [
        "answer: no earlier step or parameter 'mots'; did you mean 'most'?"
    ]


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("manner == 'wild'", "manner has no option 'wild'; did you mean 'mild'?"),
        ("manner in ('mild', 'x')", "manner has no option 'x'; write one of mild, hard"),
        (
            "goods(good).label == 'thick'",
            "goods(good).label has no option 'thick'; did you mean 'thin'?",
        ),
        ("count(held, 'sotf' != label) > 0", "label has no option 'sotf'; did you mean 'soft'?"),
    ],
)
def test_a_text_that_a_value_never_takes_is_told(expr: str, said: str) -> None:
    """Comparing a parameter or a column with a text it can never be is a slip of the pen."""
    assert problems(text_of(f'answer: {{expr: "{expr}", clause: "1"}}')) == [f"answer: {said}"]


@pytest.mark.parametrize(
    "expr", ["manner == 'hard'", "open_manner == 'weekly'", "good == 'thick'", "manner != good"]
)
def test_a_text_that_a_value_may_take_is_not_told(expr: str) -> None:
    """What a draft would make of it counts, and what is still open can become anything."""
    assert pack_of(f'answer: {{expr: "{expr}", clause: "1"}}').cases == ()


FAILING = """cases:
  - {decision: judged, in: %s, out: {answer: 99}}
"""


def test_a_pack_can_be_read_without_running_its_cases(tmp_path: Any) -> None:
    """Tools may look at a pack whose cases fail; read plainly it is still refused."""
    text = text_of('answer: {expr: "size", clause: "1"}') + FAILING % str(FACTS).replace("'", '"')
    for _ in range(2):
        with pytest.raises(PackError):
            load_pack_text(text)
        pack = load_pack_text(text, check_cases=False)
        assert (pack.evaluate("judged", FACTS).result, pack.cases_hold) == ({"answer": 10}, False)
    drafts = pack.read_as(Reading(drafts=True))
    assert not drafts.cases_hold
    assert drafts.parameter("manner", on=date(2025, 9, 1)) == "hard"
    path = tmp_path / "failing.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_pack(path, check_cases=False).hash == pack.hash
    with pytest.raises(PackError):
        load_pack(path)
    with pytest.raises(PackError):
        load_pack_text(text.replace("expr: ", "exrp: "), check_cases=False)
    with pytest.raises(BadInput):
        load_pack_text(text, "pack", Reading(without=("Q",)), check_cases=False)


def test_a_value_missing_in_a_row_is_found_by_row_and_field() -> None:
    """The refusal's name is the fact; its words say in which row, and what of it."""
    pack = pack_of('answer: {expr: "total(rows, paid_fen) + count(few)", clause: "1"}')
    whole = {"paid_fen": 1, "kind": "a"}
    facts = [
        *rows(rows=[[whole, {**whole, "kind": None}], [whole, whole, None]]),
        *rows(few=[[1, None]]),
    ]
    found = [each.refusal for each in judged(pack, facts)]
    assert [each and (each.key, each.en) for each in found] == [
        ("missing_fact:rows", "fact rows lacks kind of row 2"),
        ("missing_fact:rows", "fact rows lacks paid_fen of row 3"),
        ("missing_fact:few", "fact few lacks value 2"),
    ]
    assert found[0] is not None
    assert found[0].zh == "事实 rows 缺少第 2 行的 kind"

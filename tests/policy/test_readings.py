"""One text read in several ways: with the drafts, without an act, with another choice."""

from datetime import date
from typing import Any

import pytest

from earnest.kernel.errors import BadInput
from earnest.policy import Pack, Reading, load_pack, load_pack_text, replay
from tests.policy.population import both_agree

TEXT = """rulebook: readings
exhaustive: true
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-02-01, state: in_force}
  - {id: B, published: 2025-03-01, in_force: 2025-04-01, state: announced, importance: important}
  - {id: C, published: 2025-05-01, in_force: 2025-06-01, state: consultation}
  - {id: D, published: 2025-05-01, in_force: 2025-06-01, state: withdrawn}
clauses:
  "1": {zh: 甲, status: encoded, by: [fee]}
  "2": {zh: 乙, status: encoded, by: [kind_of, days_off, owed]}
interpretations:
  way: {clause: "2", choice: sum, options: {sum: {zh: 和}, larger: {zh: 大}}}
  prose: {clause: "2", choice: as it is written}
parameters:
  fee:
    unit: CNY
    values:
      - {from: 2025-02-01, value: 10, clause: "1", instrument: A}
      - {from: 2025-04-01, value: 20, clause: "1", instrument: B}
      - {from: 2025-06-01, value: 30, clause: "1", instrument: C}
      - {from: 2025-06-01, value: 99, clause: "1", instrument: D}
tables:
  kind_of:
    inputs: {name: text}
    outputs: {more: CNY}
    editions:
      - {from: 2025-02-01, instrument: A, rows: [{when: otherwise, then: [1], clause: "2"}]}
      - {from: 2025-06-01, instrument: C, rows: [{when: otherwise, then: [2], clause: "2"}]}
windows:
  days_off:
    days:
      - {first: 2025-03-01, last: 2025-03-02, clause: "2", instrument: A}
      - {first: 2025-07-01, last: 2025-07-02, clause: "2", instrument: C}
calendars:
  workdays:
    {first: 2025-04-28, last: 2025-05-11, closed: [2025-05-01, 2025-05-02], opened: [2025-05-11]}
suspensions:
  - {clause: "1", from: 2025-08-01, ends: 2025-08-03, instrument: C}
  - {clause: "1", from: 2025-09-01, instrument: A}
decisions:
  owed:
    governed_by: asked_on
    facts: {asked_on: date, name: text}
    steps:
      base: {expr: fee, clause: "1", suspended: 0}
      more: {expr: kind_of(name).more, clause: "2"}
      sum_fen:
        expr: "base + more if way == 'sum' else max(base, more)"
        clause: "2"
        interpretation: way
      off: {expr: "within(asked_on, days_off)", clause_of: more}
    outcome: [sum_fen, off]
cases:
  - {decision: owed, in: {asked_on: 2025-05-31, name: a}, out: {sum_fen: 2100, off: false}}
  - {decision: owed, in: {asked_on: 2025-06-01, name: a}, out: {sum_fen: 3200, off: false}}
"""
DRAFTS = Reading(drafts=True)


def owed(pack: Pack, *days: str) -> list[Any]:
    """Return what is owed on each day, or the refusal; from both back ends alike."""
    facts = [{"asked_on": date.fromisoformat(day), "name": "a"} for day in days]
    found = both_agree(pack, "owed", facts)
    return [each.refusal.key if each.refusal else each.result["sum_fen"] for each in found]


@pytest.fixture
def pack() -> Pack:
    """Return the text in its plain reading."""
    return load_pack_text(TEXT, "readings.yaml")


def test_drafts_decide_only_in_a_reading_with_drafts(pack: Pack) -> None:
    """From their own day on, and in every kind of element; a withdrawn act decides in none.

    The golden case of the draft's first day shows what the draft is going to do.
    """
    days = ("2025-05-31", "2025-06-01", "2025-08-01", "2025-08-03", "2025-09-01")
    assert owed(pack, *days) == [2100, 2100, 2100, 2100, 100]
    drafted = pack.read_as(DRAFTS)
    assert owed(drafted, *days) == [2100, 3200, 200, 3200, 200]
    on = date(2025, 7, 2)
    assert pack.windows["days_off"].holds(on) is None
    span = drafted.windows["days_off"].holds(on)
    assert span is not None
    assert (span.instrument, span.clause) == ("C", "2")
    assert drafted.windows["days_off"].holds(date(2025, 7, 3)) is None
    assert [len(each.suspensions.of("1")) for each in (pack, drafted)] == [1, 2]
    assert drafted.suspensions.on("1", date(2025, 8, 3)) is None
    assert pack.suspensions.on("2", date(2025, 9, 1)) is None


def test_without_an_act_the_rule_before_it_decides(pack: Pack) -> None:
    """A party that objected to the second act is judged by the first, for good."""
    objected = pack.read_as(Reading(without=("B",)))
    assert owed(objected, "2025-05-31") == [1100]
    assert objected.parameter("fee", on=date(2025, 5, 1)) == 1000
    assert objected.in_force_from() == date(2025, 2, 1)
    assert owed(pack.read_as(Reading(without=("A", "B"))), "2025-05-31") == ["no_rule:owed"]


def test_another_choice_is_computed_and_told(pack: Pack) -> None:
    """The other option is in use in the steps and among the pack's interpretations."""
    larger = load_pack_text(TEXT, "readings.yaml", Reading(choices=(("way", "larger"),)))
    assert owed(larger, "2025-05-31") == [2000]
    assert (larger.interpretations["way"].choice, pack.interpretations["way"].choice) == (
        "larger",
        "sum",
    )
    assert larger.read_as(Reading()) is pack


def test_the_same_reading_is_the_same_pack(pack: Pack) -> None:
    """Order and repetition do not matter, nor does a choice that the text makes anyway."""
    assert load_pack_text(TEXT, "readings.yaml") is pack
    assert pack.read_as(Reading(choices=(("way", "sum"),))) is pack
    twice = Reading(without=("B", "A", "B"))
    assert twice == Reading(without=("A", "B"))
    assert Reading.from_dict(twice.as_dict()) == twice
    assert twice.as_dict() == {"without": ["A", "B"]}
    assert Reading().as_dict() == {}
    assert Reading().is_default
    assert not DRAFTS.is_default


@pytest.mark.parametrize(
    ("reading", "code", "said"),
    [
        (Reading(without=("Z",)), "unknown_instrument", "no instrument 'Z'; it has A, B, C, D"),
        (Reading(choices=(("wya", "sum"),)), "unknown_interpretation", "did you mean 'way'"),
        (Reading(choices=(("prose", "x"),)), "unknown_interpretation", "no interpretation 'prose'"),
        (Reading(choices=(("way", "least"),)), "unknown_option", "it has sum, larger"),
    ],
)
def test_what_the_text_does_not_have_cannot_be_read(
    pack: Pack, reading: Reading, code: str, said: str
) -> None:
    """An unknown act, choice or option is bad input, with what there is."""
    with pytest.raises(BadInput, match=said) as caught:
        pack.read_as(reading)
    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    "reading",
    [Reading(), DRAFTS, Reading(without=("B",), choices=(("way", "larger"),))],
    ids=["plain", "drafts", "other"],
)
def test_a_receipt_proves_its_own_reading(pack: Pack, reading: Reading) -> None:
    """It names the reading where it is not the plain one, and replay reads the text that way."""
    read = pack.read_as(reading)
    receipt = read.evaluate("owed", {"asked_on": "2025-06-30", "name": "a"}).receipt().as_dict()
    assert receipt.get("reading", {}) == reading.as_dict()
    assert ("reading" in receipt) is not reading.is_default
    for given in (pack, read, pack.read_as(DRAFTS)):
        assert replay(receipt, given) == []
    other = replay({**receipt, "reading": {"without": ["A", "B", "C"]}}, pack)
    assert {line.split(": ")[0] for line in other} >= {"result_hash", "trace_hash"}


def test_what_rests_on_a_draft_says_so(pack: Pack) -> None:
    """An explanation of a trial is never taken for a decision."""
    facts = {"asked_on": "2025-06-30", "name": "a"}
    plain, trial = (
        each.evaluate("owed", facts).explain("en") for each in (pack, pack.read_as(DRAFTS))
    )
    assert "draft" in trial
    assert "draft" not in plain


def test_the_workdays_of_a_calendar(pack: Pack) -> None:
    """Weekends and closed days are off, opened days are worked; outside nothing is known."""
    workdays = pack.calendars["workdays"]
    assert [day.day for day in workdays.days] == [28, 29, 30, 5, 6, 7, 8, 9, 11]
    friday = date(2025, 4, 30)
    assert workdays.after(friday, 1) == date(2025, 5, 5)
    assert workdays.after(date(2025, 5, 3), 6) == date(2025, 5, 11)
    assert workdays.after(date(2025, 5, 3), 0) == date(2025, 5, 3)
    assert workdays.after(date(2025, 5, 3), 7) is None
    assert workdays.after(date(2025, 5, 12), 0) is None
    assert workdays.after(friday, -1) is None


def test_a_clause_knows_its_elements(pack: Pack) -> None:
    """Whatever claims or cites a clause is found by it, steps with their decision."""
    assert pack.elements_of("1") == ["fee", "owed.base"]
    assert pack.elements_of("2") == [
        "kind_of", "days_off", "owed", "way", "prose", "owed.more", "owed.sum_fen", "owed.off",
    ]  # fmt: skip
    assert pack.elements_of("3") == []
    assert [act.importance for act in pack.instruments][:2] == ["ordinary", "important"]


def test_a_file_is_read_in_a_reading(tmp_path: Any) -> None:
    """A file is opened in any reading at once."""
    path = tmp_path / "readings.yaml"
    path.write_text(TEXT, encoding="utf-8")
    assert load_pack(path, reading=DRAFTS).reading == DRAFTS
    assert load_pack(path, reading=DRAFTS).hash == load_pack(path).hash

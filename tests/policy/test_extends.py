"""A book that extends another: what is taken over, what is replaced, and where problems are."""

from datetime import date
from pathlib import Path

import pytest

from earnest.kernel.errors import BadInput
from earnest.policy import Pack, PackError, load_pack, load_pack_text, replay
from tests.policy.population import both_agree

BASE = """# the base
rulebook: stall
title: {zh: 摊位, en: Stall}
exhaustive: true
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-02-01, state: in_force}
  - {id: B, published: 2025-01-01, in_force: 2025-03-01, state: draft}
clauses:
  "1": {zh: 甲, en: one, status: encoded, by: [fee]}
  "2": {zh: 乙, status: definition, note: as it stands}
parameters:
  fee: {unit: CNY, values: [{from: 2025-02-01, value: 10, clause: "1", instrument: A}]}
  extra: {unit: CNY, values: [{from: 2025-02-01, value: 5, clause: "1", instrument: A}]}
suspensions:
  - {clause: "2", from: 2025-05-01, instrument: A}
decisions:
  owed:
    governed_by: asked_on
    facts: {asked_on: date, goods: {list: text}, count: int}
    steps:
      first: {expr: fee, clause: "1"}
      second: {expr: first + extra, clause: "1"}
    outcome: [second]
cases:
  - {decision: owed, in: {asked_on: 2025-03-01, goods: [], count: 0}, out: {second: 1500}}
"""
CHILD = """rulebook: northern-stall
extends: base.yaml
title: {zh: 北方摊位}
instruments:
  - {id: B, published: 2025-01-01, in_force: 2025-03-01, state: in_force}
  - {id: N, published: 2025-02-01, in_force: 2025-02-10, state: in_force}
clauses:
  "2": {zh: 丙}
parameters:
  fee:
    values:
      - {from: 2025-02-01, value: 20, clause: "1", instrument: A}
      - {from: 2025-03-01, value: 30, clause: "2", instrument: N}
  extra: null
suspensions:
  - {clause: "2", from: 2025-05-01, ends: 2025-06-01, instrument: N}
  - {clause: "1", from: 2025-07-01, instrument: N}
decisions:
  owed:
    facts: {goods: {records: {kind: text}}, count: null}
    steps:
      last: {expr: second + 1, clause: "1"}
      before: {expr: first * 2, clause: "1"}
      second: {expr: before + 0}
      third: {expr: second, clause: "1"}
    outcome: [third, last]
cases:
  - decision: owed
    in: {asked_on: 2025-03-01, goods: [{kind: a}]}
    out: {third: 6000}
"""


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """Return a folder with a base, a child beside it, and a grandchild in a folder below."""
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    child = CHILD.replace("last: {expr: second + 1", "last: {expr: first + 1")
    (tmp_path / "child.yaml").write_text(child, encoding="utf-8")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "away.yaml").write_text(
        "---\nrulebook: far-stall\nextends: ../child.yaml\n"
        "parameters: {fee: {values: [{from: 2025-02-10, value: 1, clause: '1', instrument: N}]}}\n",
        encoding="utf-8",
    )
    return tmp_path


def third(pack: Pack, day: date) -> object:
    """Return the result on a day, from both back ends alike."""
    [evaluation] = both_agree(pack, "owed", [{"asked_on": day, "goods": []}])
    return evaluation.result.get("third", evaluation.refusal and evaluation.refusal.key)


def test_mappings_are_merged_and_all_else_replaces(family: Path) -> None:
    """Key by key; lists and values replace; null takes away; acts and suspensions are joined."""
    pack = load_pack(family / "child.yaml")
    assert (pack.rulebook, pack.bases) == ("northern-stall", ("stall",))
    assert pack.title == {"zh": "北方摊位", "en": "Stall"}
    assert [(act.id, act.state) for act in pack.instruments] == [
        ("A", "in_force"), ("B", "in_force"), ("N", "in_force"),
    ]  # fmt: skip
    clause = pack.clauses["2"]
    assert (clause.zh, clause.status, clause.note) == ("丙", "definition", "as it stands")
    assert set(pack.parameters) == {"fee"}
    assert [each.value for each in pack.parameters["fee"].values] == [2000, 3000]
    spans = {
        clause: [(each.since, each.ends) for each in pack.suspensions.of(clause)]
        for clause in ("1", "2")
    }
    assert spans == {
        "2": [(date(2025, 5, 1), date(2025, 6, 1))],
        "1": [(date(2025, 7, 1), None)],
    }
    assert set(pack.decisions["owed"].facts) == {"asked_on", "goods"}
    assert len(pack.cases) == 1
    assert third(pack, date(2025, 2, 20)) == 4000
    assert third(pack, date(2025, 3, 1)) == 6000


def test_a_new_step_stands_before_the_next_one_of_the_base(family: Path) -> None:
    """Steps of the base keep their order; a new one goes before the next named, else last."""
    pack = load_pack(family / "child.yaml")
    names = [step.name for step in pack.decisions["owed"].steps]
    assert names == ["first", "last", "before", "second", "third"]


def test_a_base_may_extend_another(family: Path) -> None:
    """Each book takes over the one before it, from wherever its file stands."""
    pack = load_pack(family / "far" / "away.yaml")
    assert pack.bases == ("northern-stall", "stall")
    assert pack.cases == ()
    assert third(pack, date(2025, 3, 1)) == 200
    assert third(pack, date(2025, 2, 9)) == "no_rule:fee"


def test_the_text_holds_the_whole_family(family: Path) -> None:
    """The stream can be kept, loaded and replayed without any other file."""
    pack = load_pack(family / "child.yaml")
    assert pack.text.startswith(CHILD[:20])
    assert pack.text.endswith("\n---\n" + BASE)
    receipt = pack.evaluate("owed", {"asked_on": "2025-03-01", "goods": []}).receipt().as_dict()
    alone = load_pack_text(pack.text, "kept")
    assert alone.hash == pack.hash
    assert replay(receipt, alone) == []
    (family / "kept.yaml").write_text(pack.text, encoding="utf-8")
    (family / "base.yaml").write_text("changed: true\n", encoding="utf-8")
    assert load_pack(family / "kept.yaml").hash == pack.hash


def test_a_base_may_start_with_a_marker(family: Path) -> None:
    """A line --- at the head of a base, or of the book itself, is nobody's end."""
    (family / "base.yaml").write_text("# c\n---\n" + BASE.removesuffix("\n"), encoding="utf-8")
    pack = load_pack(family / "far" / "away.yaml")
    assert third(pack, date(2025, 3, 1)) == 200


def problems_of(path: Path) -> list[str]:
    """Return the problems of a file, named from its folder."""
    with pytest.raises(PackError) as caught:
        load_pack(path)
    assert all(each.zh and each.en for each in caught.value.problems)
    return [str(each).replace(f"{path.parent}/", "") for each in caught.value.problems]


def test_problems_name_the_file_in_which_they_are(family: Path) -> None:
    """File, line and column are those of the book that says it, the child's problems first."""
    base = BASE.replace("value: 5,", "value: x,").replace(
        "expr: first + extra", "expr: first + exra"
    )
    (family / "base.yaml").write_text("---\n" + base, encoding="utf-8")
    child = (
        "rulebook: stall\nextends: base.yaml\ntitel: {}\n"
        "instruments: [{id: N, published: 2025-02-01, in_force: 2025-01-10, state: in_force}]\n"
        "parameters: {feee: null, fee: {unit: yen}}\n"
    )
    (family / "child.yaml").write_text(child, encoding="utf-8")
    said = {each.split(": ")[0]: each for each in problems_of(family / "child.yaml")}
    assert {place: each.rsplit("[", 1)[1] for place, each in said.items()} == {
        "child.yaml:1:11": "same_rulebook]",
        "child.yaml:3:1": "unknown_key]",
        "child.yaml:4:56": "retroactive]",
        "child.yaml:5:14": "nothing_removed]",
        "child.yaml:5:38": "unknown_unit]",
        "base.yaml:14:57": "value]",
        "base.yaml:23:30": "unknown_name]",
    }
    assert list(said)[-1].startswith("base.yaml")
    assert "'stall' is the name of the book that it extends" in said["child.yaml:1:11"]
    assert "no 'feee' to take away; did you mean 'fee'?" in said["child.yaml:5:14"]


def test_a_base_that_is_not_there_or_goes_in_a_circle(family: Path) -> None:
    """The place is where the book says extends; a text needs its base behind it."""
    (family / "base.yaml").unlink()
    said = (
        "the book it extends, base.yaml, is not there (base.yaml): the path is relative to this "
        "file, and in a text it follows after a line --- [missing_base]"
    )
    assert problems_of(family / "child.yaml") == [f"child.yaml:2:10: {said}"]
    with pytest.raises(PackError, match="missing_base"):
        load_pack_text(CHILD, "alone")
    (family / "base.yaml").write_text("rulebook: x\nextends: child.yaml\n", encoding="utf-8")
    [circle] = problems_of(family / "child.yaml")
    assert circle.startswith("base.yaml:2:10: child.yaml is extended in a circle; take one")


def test_what_is_no_yaml_is_told_with_its_file(family: Path) -> None:
    """A broken base is told in the base, a broken child in the child; a child needs its name."""
    (family / "base.yaml").write_text("a: [1\n", encoding="utf-8")
    [said] = problems_of(family / "child.yaml")
    assert said.startswith("base.yaml:2:1: not valid YAML: ")
    (family / "child.yaml").write_text("extends: [1\n", encoding="utf-8")
    [said] = problems_of(family / "child.yaml")
    assert said.startswith("child.yaml:2:1: not valid YAML: ")
    (family / "base.yaml").write_text(BASE, encoding="utf-8")
    (family / "child.yaml").write_text("extends: base.yaml\n", encoding="utf-8")
    assert problems_of(family / "child.yaml") == [
        "child.yaml:1:1: 'rulebook' is missing here [missing_key]"
    ]
    (family / "child.yaml").write_text("rulebook: x\nextends: [base.yaml]\n", encoding="utf-8")
    assert problems_of(family / "child.yaml")[0].startswith("child.yaml:1:1: 'instruments' is")
    with pytest.raises(BadInput, match="the pack cannot be read"):
        load_pack(family / "nowhere.yaml")

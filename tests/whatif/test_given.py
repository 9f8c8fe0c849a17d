"""A population from a file of facts: two rulebooks compared without a history or a database."""

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earnest.kernel.errors import BadInput, NotFound
from earnest.policy import Pack, load_pack_text
from earnest.whatif.given import run_on_facts

BOOK = """
rulebook: fair-stalls
title: {zh: 集市摊位, en: Fair stalls}
instruments:
  - {id: R1, published: 2025-01-01, in_force: 2025-01-01, state: in_force, clause: "1"}
clauses:
  "1": {zh: 押金, en: bond, status: encoded}
parameters:
  stall_bond:
    unit: USD
    values: [{from: 2025-01-01, value: BOND, clause: "1", instrument: R1}]
tables:
  size_bonds:
    inputs: {metres: count}
    outputs: {amount: USD}
    editions:
      - from: 2025-01-01
        instrument: R1
        rows:
          - {when: "< 10", then: [0], clause: "1"}
          - {when: ">= 10", then: [300], clause: "1"}
decisions:
  bond:
    governed_by: opens_on
    facts: {opens_on: date, metres: count, goods: text, paid: USD}
    steps:
      required: {expr: "stall_bond + size_bonds(metres).amount", clause: "1"}
      shortfall: {expr: "max(0, required - paid)", clause: "1"}
      seat: {expr: "'front' if required >= 500 else 'back'", clause: "1"}
    outcome: [required, shortfall, seat]
"""


def _book(bond: int) -> Pack:
    return load_pack_text(BOOK.replace("BOND", str(bond)))


def _file(folder: Path, **columns: Any) -> Path:
    given: dict[str, Any] = {
        "subject": ["A", "B", "C"],
        "opens_on": [date(2025, 5, 1)] * 3,
        "metres": [5, 10, 20],
        "goods": ["tea", "tea", "silk"],
        "paid": [20_000, 50_000, 50_000],
        "street": ["east", "west", "west"],
    } | columns
    path = folder / "facts.parquet"
    pq.write_table(pa.table({name: each for name, each in given.items() if each is not None}), path)
    return path


def test_another_rulebook_is_compared_by_its_own_words(tmp_path: Path) -> None:
    """A bond of 250 instead of 200 dollars: sums in cents, by text facts, tiers and own columns."""
    report = run_on_facts(_book(200), _book(250), "bond", _file(tmp_path))
    (bond,) = report.decisions
    required, shortfall = bond.change.money
    assert (required.money.unit, required.live, required.draft) == ("USD", 120_000, 135_000)
    assert (shortfall.live, shortfall.draft) == (0, 15_000)
    effects = {each.effect: (each.rows, each.amount) for each in bond.change.effects if each.rows}
    assert effects == {"newly_short": (3, 15_000)}
    assert {(p.live, p.draft, p.rows) for p in bond.change.pairs["seat"]} == set()
    groups = {name: {g.value: g.changed for g in found} for name, found in bond.change.by.items()}
    assert groups == {
        "goods": {"tea": 2, "silk": 1},
        "size_bonds": {"< 10": 1, ">= 10": 2},
        "street": {"west": 2, "east": 1},
    }
    assert [each.top.party for each in bond.top] == ["A", "B", "C"]
    assert bond.checked == 3


def test_periods_make_one_subject_of_several_rows(tmp_path: Path) -> None:
    """With a column of periods rows are counted by subject, and bonds at the last period only."""
    path = _file(tmp_path, subject=["A", "A", "B"], period=["2025-04", "2025-05", "2025-05"])
    report = run_on_facts(_book(200), _book(250), "bond", path)
    (bond,) = report.decisions
    assert (bond.change.judged, bond.change.parties) == (3, 2)
    assert report.months == ("2025-04", "2025-05")
    assert bond.change.money[0].live == 100_000
    assert [each.value for each in bond.change.by["period"]] == ["2025-04", "2025-05"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"paid": None}, "facts_missing"),
        ({"subject": None}, "facts_missing"),
        ({"paid": [1.5, 2.0, 3.0]}, "facts_inexact"),
        ({"subject": ["A", "A", "B"]}, "subject_repeated"),
        ({"opens_on": ["soon", "later", "never"]}, "facts_file"),
    ],
)
def test_an_unfit_file_is_told(tmp_path: Path, columns: dict[str, Any], code: str) -> None:
    """A missing column, amounts that are no whole numbers, a repeated subject, a wrong type."""
    with pytest.raises(BadInput, match=code):
        run_on_facts(_book(200), _book(250), "bond", _file(tmp_path, **columns))


def test_no_file_and_no_decision_are_told(tmp_path: Path) -> None:
    """A path without a file, and a decision that the rulebook does not have."""
    with pytest.raises(BadInput, match="facts_file"):
        run_on_facts(_book(200), _book(250), "bond", tmp_path / "none.parquet")
    with pytest.raises(NotFound, match="unknown_decision"):
        run_on_facts(_book(200), _book(250), "bonds", _file(tmp_path))
    new = load_pack_text(
        BOOK.replace("BOND", "200").replace("goods: text", "goods: text, age: int")
    )
    with pytest.raises(BadInput, match=r"new_fact|age"):
        run_on_facts(_book(200), new, "bond", _file(tmp_path))

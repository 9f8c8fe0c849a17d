"""Every number of a pack changed by one: which of them do the golden cases hold fast?"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from earnest.authoring.mutation import mutants
from earnest.policy import load_pack, load_pack_text

ROOT = Path(__file__).parents[2]
DOCUMENTED: dict[str, dict[str, Any]] = YAML(typ="safe").load(
    (Path(__file__).parent / "data" / "survivors.yaml").read_text(encoding="utf-8")
)
WEAK = """\
rulebook: weak
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-01-08, state: in_force}
parameters:
  base: {unit: CNY, values: [{from: 2025-01-08, value: 100, clause: "1", instrument: A}]}
tables:
  tier:
    inputs: {sales: CNY}
    outputs: {amount: CNY}
    editions:
      - from: 2025-01-08
        instrument: A
        rows:
          - {when: "< 5000", then: [300], clause: "1"}
          - {when: ">= 5000", then: [900], clause: "1"}
decisions:
  required:
    governed_by: asked_on
    facts: {asked_on: date, sales_fen: CNY}
    steps: {required_fen: {expr: "max(base, tier(sales_fen).amount)", clause: "1"}}
cases:
  - {decision: required, in: {asked_on: 2025-03-01, sales_fen: 499999}, out: {required_fen: 30000}}
"""
AT_THE_EDGE = """\
  - {decision: required, in: {asked_on: 2025-03-01, sales_fen: 500000}, out: {required_fen: 90000}}
"""


def survivors(text: str) -> set[str]:
    """Return what no case of a pack notices."""
    return {
        f"{each.element}: {each.what}" for each in mutants(load_pack_text(text)) if each.survived
    }


def test_a_number_that_no_case_holds_fast_is_found() -> None:
    """A case on one side of an edge leaves the other side and its amount open; two close both."""
    hidden = {"base: 100 -> 99.99", "base: 100 -> 100.01"}  # the tier is larger in every case
    weak = survivors(WEAK)
    assert hidden < weak
    assert "tier: sales: edge 5000 -> 5000.01" in weak
    assert "tier: row 2, amount: 900 -> 900.01" in weak
    assert "tier: row 1, amount: 300 -> 300.01" not in weak
    assert survivors(WEAK + AT_THE_EDGE) == hidden


def test_every_shipped_pack_has_its_list_of_survivors() -> None:
    """The documented list names exactly the packs that are shipped."""
    assert set(DOCUMENTED) == {path.stem for path in ROOT.glob("packs/*.yaml")}


@pytest.mark.long
@pytest.mark.parametrize("book", DOCUMENTED)
def test_what_survives_in_a_shipped_pack_is_documented(book: str) -> None:
    """Every number is held fast by a case, except those of the list, with the reason beside."""
    pack = load_pack(ROOT / "packs" / f"{book}.yaml")
    found = Counter(each.element for each in mutants(pack) if each.survived)
    listed = {name: each["at_most"] for name, each in DOCUMENTED[book].items()}
    assert set(found) == set(listed)
    assert {name: count for name, count in found.items() if count > listed[name]} == {}

"""The guides for writers of packs say what is so."""

import re
from pathlib import Path

import pytest

from earnest.policy import Pack, load_pack, load_pack_text
from earnest.policy.expressions import FUNCTIONS
from earnest.policy.kinds import WORDS
from earnest.policy.shape import Book
from tests.policy.population import both_agree

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "policy-packs.md").read_text(encoding="utf-8")
WRITING = (DOCS / "writing-a-pack.md").read_text(encoding="utf-8")
HEAD = """rulebook: recipe
instruments:
  - {id: A, published: 2025-01-01, in_force: 2025-01-08, state: in_force}
  - {id: B, published: 2025-05-20, in_force: 2025-05-28, state: announced}
"""


def _blocks(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def _recipes() -> dict[str, str]:
    """Return each recipe of the guide by its heading."""
    parts = re.split(r"^### ", WRITING, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: HEAD + _blocks(part)[0] for part in parts}


def _cases_hold_in_both(pack: Pack) -> None:
    assert pack.cases
    for case in pack.cases:
        both_agree(pack, case.decision, [case.facts])


def test_the_pack_in_the_reference_loads_and_its_cases_hold() -> None:
    """The example is a whole pack, and both back ends agree on its cases."""
    _cases_hold_in_both(load_pack_text(_blocks(REFERENCE)[0], "reference"))


@pytest.mark.parametrize("heading", _recipes())
def test_every_recipe_loads_and_its_cases_hold(heading: str) -> None:
    """What the guide tells writers to write is a pack that computes what the guide says."""
    _cases_hold_in_both(load_pack_text(_recipes()[heading], heading))


def test_the_family_in_the_guide_takes_over_its_base(tmp_path: Path) -> None:
    """The book that extends the reference's example keeps its decisions and changes one number."""
    (tmp_path / "stall.yaml").write_text(_blocks(REFERENCE)[0], encoding="utf-8")
    child = tmp_path / "stall-deposit-north.yaml"
    child.write_text(_blocks(WRITING)[-1], encoding="utf-8")
    facts = {"judged_on": "2025-03-31", "months": [["2025-03-31", {"late": 25, "orders": 1000}]]}
    runs = [
        load_pack(path).evaluate("lateness", facts).result["run"]
        for path in (tmp_path / "stall.yaml", child)
    ]
    assert runs == [0, 1]


def test_every_section_unit_and_function_is_in_the_reference() -> None:
    """Nothing that a writer may use is left out."""
    for name in [*Book.model_fields, *WORDS, *FUNCTIONS]:
        assert f"`{name}" in REFERENCE or f" {name}" in REFERENCE

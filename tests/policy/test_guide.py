"""The guide for writers of packs says what is so."""

import re
from pathlib import Path

from earnest.policy import load_pack_text
from earnest.policy.expressions import FUNCTIONS
from earnest.policy.kinds import WORDS
from earnest.policy.shape import Book
from tests.policy.population import both_agree

GUIDE = (Path(__file__).parents[2] / "docs" / "policy-packs.md").read_text()


def test_the_pack_in_the_guide_loads_and_its_cases_hold() -> None:
    """The example is a whole pack, and both back ends agree on its cases."""
    [example] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    pack = load_pack_text(example, "guide")
    for case in pack.cases:
        both_agree(pack, case.decision, [case.facts])


def test_every_section_unit_and_function_is_in_the_guide() -> None:
    """Nothing that a writer may use is left out."""
    for name in [*Book.model_fields, *WORDS, *FUNCTIONS]:
        assert name in GUIDE

"""The short way of taking in facts says what the long one says, or nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.policy import load_pack
from earnest.policy.facts import take
from tests.policy.edges import Edges

PACK = load_pack(Path(__file__).parent / "data" / "every_form.yaml")
TAKEN = {
    "on": date(2025, 5, 5),
    "held": ["glass", "iron"],
    "scores": [(date(2025, 3, 31), 70), (date(2025, 4, 30), None)],
}


@pytest.mark.parametrize("decision", PACK.decisions)
@given(data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_short_way_agrees_with_the_long_one(decision: str, data: st.DataObject) -> None:
    """What it takes in is what the long way takes in, without a refusal."""
    spec = PACK.decisions[decision]
    facts = data.draw(Edges(PACK, decision).subject())
    short = spec.exact_facts.take(facts)
    if short is not None:
        assert (short, None) == take(spec.facts, facts, spec.governed_by)


@pytest.mark.parametrize(
    "changed",
    [
        {"on": "2025-05-05"},
        {"on": None},
        {"held": ("glass",)},
        {"held": ["glass", 3]},
        {"scores": [(date(2025, 4, 30), 70), (date(2025, 3, 31), 70)]},
        {"scores": [(date(2025, 4, 30), 70), (date(2025, 4, 30), 70)]},
        {"scores": [(date(2025, 5, 6), 70)]},
        {"scores": [(date(2025, 4, 30), 10**15 + 1)]},
        {"scores": [(date(2025, 4, 30), True)]},
        {"scores": [(date(2025, 4, 30),)]},
        {"scores": [7]},
        {"more": 1},
    ],
)
def test_what_is_not_plainly_right_is_left_to_the_long_way(changed: dict[str, Any]) -> None:
    """Texts for days, wrong types, days out of order or too late: none of it is decided here."""
    spec = PACK.decisions["lists"]
    plain = {name: TAKEN[name] for name in spec.facts if name in TAKEN}
    others = {name: fact for name, fact in spec.facts.items() if name not in TAKEN}
    facts = {**plain, **{name: [] for name in others}}
    assert spec.exact_facts.take(facts) is not None
    assert spec.exact_facts.take({**facts, **changed}) is None

"""The interpreter against the generated SQL: random facts that crowd around every edge."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from earnest.policy import Pack, load_pack, load_pack_text
from tests.policy.edges import Edges
from tests.policy.generated_expressions import pack_text
from tests.policy.population import both_agree

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
FILES = {
    **{path.stem: path for path in sorted(ROOT.glob("packs/*.yaml"))},
    "small-market": DATA / "provider_market.yaml",
    "small-deposit": DATA / "shop_deposit.yaml",
    "every-form": DATA / "every_form.yaml",
}
DECISIONS = [(book, name) for book, path in FILES.items() for name in load_pack(path).decisions]
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: a subject is small already, and each try is a query."""
SEEDS = st.integers(0, 2**32)
SUBJECTS = 16


@lru_cache(maxsize=64)
def _subjects(book: str, decision: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    edges = Edges(_pack(book), decision)
    return st.lists(edges.subject(), min_size=SUBJECTS // 2, max_size=SUBJECTS)


@lru_cache(maxsize=64)
def _pack(book: str) -> Pack:
    return load_pack(FILES[book])


def _check_generated(seed: int, data: st.DataObject, decisions: int) -> None:
    pack = load_pack_text(pack_text(seed, decisions), f"seed {seed}")
    for decision, spec in pack.decisions.items():
        note(f"{decision} of seed {seed}: {[(each.name, each.node.text) for each in spec.steps]}")
        subject = Edges(pack, decision).subject()
        both_agree(
            pack, decision, data.draw(st.lists(subject, min_size=SUBJECTS, max_size=SUBJECTS))
        )


@pytest.mark.parametrize(("book", "decision"), DECISIONS)
@given(data=st.data())
@settings(
    max_examples=3, deadline=None, phases=PHASES, suppress_health_check=QUIET, derandomize=True
)
def test_both_back_ends_say_the_same(book: str, decision: str, data: st.DataObject) -> None:
    """Field by field and refusal by refusal, the query says what the interpreter says."""
    both_agree(_pack(book), decision, data.draw(_subjects(book, decision)))


@given(seed=SEEDS, data=st.data())
@settings(
    max_examples=8, deadline=None, phases=PHASES, suppress_health_check=QUIET, derandomize=True
)
def test_both_back_ends_agree_on_expressions_nobody_wrote(seed: int, data: st.DataObject) -> None:
    """Random packs with every function and form of fact: both back ends say the same of each."""
    _check_generated(seed, data, decisions=4)


@pytest.mark.long
@pytest.mark.parametrize(("book", "decision"), DECISIONS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, phases=PHASES, suppress_health_check=QUIET)
def test_both_back_ends_say_the_same_at_length(
    book: str, decision: str, data: st.DataObject
) -> None:
    """The same for some 700 subjects of every decision, with a new seed each time."""
    both_agree(_pack(book), decision, data.draw(_subjects(book, decision)))


@pytest.mark.long
@given(seed=SEEDS, data=st.data())
@settings(max_examples=250, deadline=None, phases=PHASES, suppress_health_check=QUIET)
def test_both_back_ends_agree_on_expressions_nobody_wrote_at_length(
    seed: int, data: st.DataObject
) -> None:
    """The same for 16,000 subjects of 1,000 random decisions, with a new seed each time."""
    _check_generated(seed, data, decisions=4)

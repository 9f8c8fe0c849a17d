"""The interpreter against the generated SQL: random facts that crowd around every edge."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.policy import Pack, load_pack
from earnest.policy.facts import FactSpec
from earnest.policy.kinds import NUMBER_MAX
from earnest.policy.nodes import Lookup, walk
from tests.policy.population import both_agree

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
FILES = {
    "supply": ROOT / "packs" / "kuaishou-supply-market.yaml",
    "deposit": ROOT / "packs" / "kuaishou-shop-deposit.yaml",
    "small-market": DATA / "provider_market.yaml",
    "small-deposit": DATA / "shop_deposit.yaml",
    "every-form": DATA / "every_form.yaml",
}
DECISIONS = [(book, name) for book, path in FILES.items() for name in load_pack(path).decisions]
COUNTS = [0, 1, 5, 6, 96, 97, 98, 100, 969, 970, 971, 994, 995, 1000]
A_DAY = timedelta(days=1)


def _numbers(pack: Pack) -> Iterator[int]:
    """Go through every number that the pack decides by."""
    for parameter in pack.parameters.values():
        yield from (value.value for value in parameter.values if isinstance(value.value, int))
    for table in pack.tables.values():
        for edition in table.editions:
            for row in edition.rows:
                yield from (each for each in row.outputs.values() if isinstance(each, int))
                for cell in row.cells:
                    yield from (each for each in (cell.low, cell.high) if each is not None)


def _days(pack: Pack) -> Iterator[date]:
    """Go through every day on which the pack changes."""
    for parameter in pack.parameters.values():
        for value in parameter.values:
            yield value.since
            yield value.ends or value.since
    for table in pack.tables.values():
        for edition in table.editions:
            yield edition.since
            yield edition.ends or edition.since


def _texts(pack: Pack, decision: str) -> Iterator[str]:
    """Go through every text that a table used by the decision names."""
    spec = pack.decisions[decision]
    tables = [each.collection.table for each in spec.facts.values() if each.collection]
    for step in spec.steps:
        tables += [node.table for node in walk(step.node) if isinstance(node, Lookup)]
    for table in tables:
        for edition in table.editions if table else ():
            for named in edition.named:
                yield from (each for each in named if isinstance(each, str))


class Edges:
    """Strategies for values of each kind that crowd around the edges of a pack."""

    def __init__(self, pack: Pack, decision: str) -> None:
        numbers = {n + step for n in _numbers(pack) for step in (-1, 0, 1)}
        days = sorted({day + A_DAY * step for day in _days(pack) for step in (-1, 0, 1)})
        beyond = [NUMBER_MAX - 1, NUMBER_MAX, NUMBER_MAX + 1, -NUMBER_MAX - 1]
        texts = sorted(set(_texts(pack, decision)))
        self._integers = _often(
            st.sampled_from(sorted({*numbers, *COUNTS, -1})) | st.integers(-5, 200_000_000),
            st.sampled_from(beyond),
        )
        self._days = st.sampled_from(days) | st.dates(date(2025, 5, 1), date(2025, 12, 31))
        self._texts = _often(st.sampled_from(texts or [""]), st.sampled_from(["pets", "", "it's"]))
        self.governing = _often(
            st.dates(date(2025, 12, 1), date(2026, 12, 31)) | st.sampled_from(days),
            st.sampled_from([date.min, date.max, date(2024, 2, 29)]),
        )

    def fact(self, spec: FactSpec) -> st.SearchStrategy[Any]:
        """Return values for a declared fact."""
        collection = spec.collection
        if collection is None:
            return self._kind(spec.kind.name)
        if not collection.dated:
            return st.lists(self._texts, max_size=4)
        fields = {name: self._kind(kind.name) for name, kind in collection.fields.items()}
        value = fields["value"] if collection.single else st.fixed_dictionaries(fields)
        element = st.tuples(self._days, _often(value, st.none()))
        return _often(
            st.lists(element, max_size=6, unique_by=lambda each: each[0]),
            st.lists(element, min_size=2, max_size=3),
        )

    def _kind(self, name: str) -> st.SearchStrategy[Any]:
        return {
            "int": self._integers,
            "date": self._days,
            "text": self._texts,
            "bool": st.booleans(),
        }[name]


def _often(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw from the usual values, and once in a while from the rare ones."""
    return st.integers(0, 15).flatmap(lambda number: rare if number == 15 else usual)


@lru_cache(maxsize=32)
def _facts_of(book: str, decision: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    pack = load_pack(FILES[book])
    edges = Edges(pack, decision)
    spec = pack.decisions[decision]
    each = {name: edges.fact(fact) for name, fact in spec.facts.items()}
    facts = st.fixed_dictionaries({**each, spec.governed_by: edges.governing})
    missing = _often(st.none(), st.sampled_from(sorted(each)))
    subject = st.tuples(facts, missing).map(lambda drawn: {**drawn[0], drawn[1]: None})
    return st.lists(subject.map(_without_none_key), min_size=8, max_size=16)


def _without_none_key(facts: dict[str | None, Any]) -> dict[str | None, Any]:
    return {name: value for name, value in facts.items() if name is not None}


def _check(book: str, decision: str, data: st.DataObject) -> None:
    facts = data.draw(_facts_of(book, decision))
    both_agree(load_pack(FILES[book]), decision, facts)


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@pytest.mark.parametrize(("book", "decision"), DECISIONS)
@given(data=st.data())
@settings(max_examples=4, deadline=None, suppress_health_check=QUIET, derandomize=True)
def test_both_back_ends_say_the_same(book: str, decision: str, data: st.DataObject) -> None:
    """Field by field and refusal by refusal, the query says what the interpreter says."""
    _check(book, decision, data)


@pytest.mark.long
@pytest.mark.parametrize(("book", "decision"), DECISIONS)
@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
def test_both_back_ends_say_the_same_at_length(
    book: str, decision: str, data: st.DataObject
) -> None:
    """The same over some 30,000 subjects, with a new seed each time."""
    _check(book, decision, data)

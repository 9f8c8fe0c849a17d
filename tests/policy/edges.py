"""Facts that crowd around the edges of a decision: each number and each day it turns on, and more.

For every number used by the decision (values, cells, columns, what expressions say) also one less
and one more; for every day the day before and after; every text, and one that nobody knows; lists
that are empty; rows and lists with holes; numbers beyond the limit.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from earnest.policy import Pack
from earnest.policy.facts import FactSpec
from earnest.policy.kinds import NUMBER_MAX
from earnest.policy.nodes import (
    AddWorkdays,
    Aggregate,
    Collection,
    Literal,
    Lookup,
    Node,
    ParameterValue,
    Under,
    Within,
    walk,
)
from earnest.policy.suspensions import Suspension
from earnest.policy.tables import Table

COUNTS = [-1, 0, 1, 2, 3, 5, 6, 96, 97, 98, 100, 969, 970, 971, 994, 995, 1000]
BEYOND = [NUMBER_MAX - 1, NUMBER_MAX, NUMBER_MAX + 1, -NUMBER_MAX, -NUMBER_MAX - 1]
A_DAY = timedelta(days=1)
LAST_YEARS = st.dates(date(2024, 12, 1), date(2026, 6, 30))


def often(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw from the usual values, and once in a while from the rare ones."""
    return st.integers(0, 15).flatmap(lambda number: rare if number == 15 else usual)


class _Material:
    """What a decision turns on: its numbers, days and texts."""

    def __init__(self, pack: Pack, decision: str) -> None:
        spec = pack.decisions[decision]
        self.numbers: set[int] = set()
        self.days: set[date] = {spec.since}
        self.texts: set[str] = set()
        self._tables: set[str] = set()
        for fact in spec.facts.values():
            self.texts.update(fact.options)
            if fact.collection is not None and fact.collection.table is not None:
                self._table(fact.collection.table)
        for step in spec.steps:
            for node in walk(step.node):
                self._node(node)
            if step.suspension is not None:
                self._suspended(step.suspension.own)

    def _node(self, node: Node) -> None:
        match node:
            case Literal(value=value):
                self._value(value)
            case ParameterValue(parameter=parameter):
                for dated in parameter.values:
                    self._value(dated.value)
                    self.days.update((dated.since, dated.ends or dated.since))
                    self._suspended(dated.suspensions)
            case Lookup(table=table):
                self._table(table)
            case Aggregate(collection=Collection(table=Table() as table)):
                self._table(table)
            case Within(window=window):
                for span in window.spans:
                    self.days.update((span.first, span.last))
            case AddWorkdays(calendar=calendar):
                self.days.update((calendar.first, calendar.last))
                self.days.update(calendar.days[:3] + calendar.days[-3:])
            case Under(above=Literal(value=str(above))):
                self.texts.update((f"{above}/x", f"{above}x", above.rpartition("/")[0]))

    def _table(self, table: Table) -> None:
        if table.name in self._tables:
            return
        self._tables.add(table.name)
        for edition in table.editions:
            self.days.update((edition.since, edition.ends or edition.since))
            for row in edition.rows:
                self._suspended(row.suspensions)
                for value in row.outputs.values():
                    self._value(value)
                for cell in row.cells:
                    for bound in (cell.low, cell.high, *cell.values):
                        self._value(bound)

    def _suspended(self, suspensions: Iterable[Suspension]) -> None:
        for each in suspensions:
            self.days.update((each.since, each.ends or each.since))

    def _value(self, value: object) -> None:
        if isinstance(value, bool) or value is None:
            return
        if isinstance(value, int):
            self.numbers.add(value)
        elif isinstance(value, date):
            self.days.add(value)
        elif isinstance(value, str):
            self.texts.add(value)
            self.texts.update([f"{value}/deeper", f"{value}er"] if "/" in value else [])


class Edges:
    """Strategies for the facts of one decision."""

    def __init__(self, pack: Pack, decision: str) -> None:
        found = _Material(pack, decision)
        self._spec = pack.decisions[decision]
        near = sorted({n + step for n in found.numbers for step in (-1, 0, 1)} | set(COUNTS))
        usual = st.sampled_from(near) | st.integers(-5, 200_000_000)
        self._numbers = often(usual, often(usual, st.sampled_from(BEYOND)))
        days = sorted(set(_around(found.days)))
        self._days = st.sampled_from(days) | LAST_YEARS
        self._texts = often(
            st.sampled_from(sorted(found.texts) or [""]),
            st.sampled_from(["pets", "", "it's", "食品"]),
        )
        self._governing = often(
            LAST_YEARS | st.dates(date(2026, 1, 1), date(2027, 1, 31)) | st.sampled_from(days),
            st.sampled_from([date.min, date.max, date(2024, 2, 29)]),
        )

    def subject(self) -> st.SearchStrategy[dict[str, Any]]:
        """Return whole facts, seldom with one of them missing, at times with two numbers alike."""
        each = {name: self._fact(fact) for name, fact in self._spec.facts.items()}
        facts = st.fixed_dictionaries({**each, self._spec.governed_by: self._governing})
        numbers = [
            name
            for name, fact in self._spec.facts.items()
            if fact.collection is None and fact.kind.name == "int"
        ]
        pair = (
            st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)) if numbers else st.none()
        )
        changes = st.tuples(
            often(st.none(), st.sampled_from(sorted(each))),
            often(st.none(), pair) | pair,
            st.integers(-1, 1),
        )
        return st.tuples(facts, changes).map(lambda drawn: _changed(*drawn))

    def _fact(self, spec: FactSpec) -> st.SearchStrategy[Any]:
        collection = spec.collection
        if spec.options:
            return often(st.sampled_from(spec.options), self._texts)
        if collection is None:
            return self._kind(spec.kind.name)
        if collection.form == "each":
            return st.lists(self._texts, max_size=4)
        if collection.form == "list":
            value = self._kind(spec.kind.name)
            return often(st.lists(value, max_size=4), st.lists(value | st.none(), min_size=1))
        fields = {name: self._kind(kind.name) for name, kind in collection.fields.items()}
        if collection.form == "records":
            return self._records(fields)
        value = fields["value"] if collection.single else st.fixed_dictionaries(fields)
        element = st.tuples(self._days, often(value, st.none()))
        return often(
            st.lists(element, max_size=6, unique_by=lambda each: each[0]),
            st.lists(element, min_size=2, max_size=3),
        )

    def _records(self, fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
        row = st.fixed_dictionaries(fields)
        hole = st.fixed_dictionaries({name: each | st.none() for name, each in fields.items()})
        return often(st.lists(row, max_size=4), st.lists(hole | st.none(), min_size=1, max_size=3))

    def _kind(self, name: str) -> st.SearchStrategy[Any]:
        return {
            "int": self._numbers,
            "date": self._days,
            "text": self._texts,
            "bool": st.booleans(),
        }[name]


def _around(days: set[date]) -> Iterator[date]:
    for day in days:
        yield from (
            day + A_DAY * step
            for step in (-1, 0, 1)
            if date.min.toordinal() <= day.toordinal() + step <= date.max.toordinal()
        )


def _changed(
    facts: dict[str, Any], changes: tuple[str | None, tuple[str, str] | None, int]
) -> dict[str, Any]:
    missing, pair, step = changes
    if pair is not None:
        facts = {**facts, pair[0]: facts[pair[1]] + step}
    return facts if missing is None else {**facts, missing: None}

"""Functions over the elements of a fact in SQL: lists and what is said of each element."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from earnest.policy.interpreter import compile_node
from earnest.policy.nodes import Aggregate, Collection
from earnest.policy.row_values import row_values
from earnest.policy.sql_facts import beyond_test, last_day
from earnest.policy.sql_functions import narrow
from earnest.policy.sql_tables import (
    TYPES,
    always,
    column_of,
    first,
    quoted,
    row_of,
    row_refusal,
    value_of_row,
)
from earnest.policy.sql_writer import ELEMENT, Pair, Writer, member, when

_GROUP = "__g"


@dataclass(frozen=True)
class _Elements:
    """The elements of an aggregate, as SQL.

    Attributes:
        source: the list to go through, in the order of its days if it has any.
        plain: the same as the fact gives it, where ``usual`` holds; empty when there is no such.
        counts: the test that an element counts; None when all do.
        value: what is taken of an element that counts.
        group: what it has in common with others.
        refusal: the first refusal of an element; None when there can be none.
    """

    source: str
    counts: str | None
    value: str
    group: str
    refusal: str | None
    plain: str = ""
    usual: str = ""

    @property
    def chosen(self) -> str:
        """The elements that count."""
        return self.source if self.counts is None else _filtered(self.source, self.counts)

    @property
    def values(self) -> str:
        """The values of the elements that count, and NULL for the others."""
        value = self.value
        if self.counts is not None:
            value = f"CASE WHEN {self.counts} THEN {value} END"
        return _each(self.source, value)


def aggregated(writer: Writer, node: Aggregate) -> Pair:
    """Write a function over elements."""
    default = writer.pair(node.default) if node.default is not None else None
    known = row_values(node, compile_node)
    found = _of_rows(writer, node, known) if known is not None else _of_elements(writer, node)
    if node.function == "consecutive":
        return Pair(_either(writer, found, _streak), found.refusal)
    if node.function == "count":
        counted = _count if known is None else _count_of_rows
        return Pair(_either(writer, found, counted), found.refusal)
    if node.function == "sum_of_highest":
        return Pair(narrow(node, _sum_of_highest(writer, found)), found.refusal)
    if node.function == "total":
        return Pair(narrow(node, _either(writer, found, _total)), found.refusal)
    extreme = "list_max" if node.function == "highest" else "list_min"
    best = _either(writer, found, lambda each: f"{extreme}({each.values})")
    if default is None:
        best = writer.once(best, "best")
        nothing = f"CASE WHEN {best} IS NULL THEN 'no_element:{node.collection.name}' END"
        return Pair(best, first(found.refusal, nothing))
    if default.refusal is not None:
        best = writer.once(best, "best")
    otherwise = when(f"{best} IS NULL", default.refusal)
    return Pair(f"coalesce({best}, {default.value})", first(found.refusal, otherwise))


def _either(writer: Writer, found: _Elements, say: Callable[[_Elements], str]) -> str:
    """Say something of the fact's own list, or of the one brought into order where it must be.

    Both are written out: a column that held the one or the other would copy every list.
    """
    if not found.plain:
        return say(replace(found, source=writer.once(found.source, "elements")))
    plain = say(replace(found, source=found.plain))
    return f"CASE WHEN {found.usual} THEN {plain} ELSE {say(found)} END"


def _count(found: _Elements) -> str:
    return f"len({found.chosen})"


def _count_of_rows(found: _Elements) -> str:
    return f"list_count({found.values})"


def _total(found: _Elements) -> str:
    return f"coalesce(list_sum({found.values}), 0)"


_THERE = f"lambda {ELEMENT}: {ELEMENT} IS NOT NULL"


def _of_rows(writer: Writer, node: Aggregate, known: Mapping[int, object]) -> _Elements:
    """Write texts of which only the row matters: each is its row's ordinal."""
    table = node.collection.table
    assert table is not None  # noqa: S101 - only what stands in a table has rows
    row = row_of(table, writer.on, [ELEMENT])
    rows = writer.once(_each(quoted(node.collection.name), row), "rows")
    refusal = row_refusal(table, ELEMENT, writer.since, writer.governing)
    whole = always(table.editions, writer.since) and not table.suspendable
    if refusal is not None and whole:
        refusal = f"CASE WHEN list_count({rows}) < len({rows}) THEN 'no_row:{table.name}' END"
    elif refusal is not None:
        refusal = writer.once(_first_of(rows, refusal), "wrong")
    kind = node.value.kind.name if node.value is not None else "int"
    value = value_of_row(known, ELEMENT, TYPES[kind])
    return _Elements(rows, None, value, "NULL", refusal)


def _of_elements(writer: Writer, node: Aggregate) -> _Elements:
    """Write what is said of each element with its values."""
    collection = node.collection
    source, assessed = _source(node, writer), _assessed(node)
    with writer.element(collection, _names_of(collection), node.since) as besides:
        row = None
        if collection.table is not None:
            row = row_refusal(collection.table, member("row"), writer.since, writer.governing)
        condition = writer.pair(node.condition) if node.condition is not None else None
        value = writer.pair(node.value) if node.value is not None else Pair("1")
        group = writer.pair(node.group) if node.group is not None else Pair("NULL")
        counted = writer.pair(node.counted) if node.counted is not None else None
    plain, usual = quoted(collection.name), _usual(collection)
    if usual is None or besides:
        source, plain = writer.once(source, collection.form), ""
    for sql, name in besides.items():
        more = f"struct_insert({ELEMENT}, {name} := {sql})"
        source = writer.once(_each(source, more), "more")
    taken = first(value.refusal, group.refusal)
    counts = assessed
    if condition is not None:
        taken = first(condition.refusal, when(condition.value, taken))
        counts = _both(assessed, condition.value)
    if counted is not None:
        taken = first(counted.refusal, when(counted.value, taken))
    refusal = first(row, taken)
    if assessed is not None:
        refusal = when(assessed, refusal)
    if node.function == "consecutive" and condition is not None:
        value = Pair(f"CAST({condition.value} AS INTEGER)")
        counts = assessed if counted is None else _both(assessed, counted.value)
    found = _Elements(source, counts, value.value, group.value, None, plain, usual or "")
    if refusal is None:
        return found
    wrong = _either(writer, found, lambda each: _first_of(each.source, refusal))
    return replace(found, refusal=writer.once(wrong, "wrong"))


def _both(assessed: str | None, condition: str) -> str:
    return condition if assessed is None else f"({assessed}) AND {condition}"


def _streak(found: _Elements) -> str:
    """Return how many in a row held at the end; those not assessed neither count nor break."""
    longer = "CASE WHEN b IS NULL THEN a WHEN b = 0 THEN 0 ELSE a + 1 END"
    return f"list_reduce({found.values}::BIGINT[], lambda a, b: {longer}, 0::BIGINT)"


def _sum_of_highest(writer: Writer, found: _Elements) -> str:
    pair = f"{{'group': {found.group}, 'value': {found.value}}}"
    found = replace(found, source=writer.once(found.source, "elements"))
    pairs = writer.once(_each(found.chosen, pair), "grouped")
    groups = f"list_distinct({_each(pairs, member('group'))})"
    of_group = _filtered(pairs, f"{member('group')} = {_GROUP}")
    best = f"list_max({_each(of_group, member('value'))})"
    return f"coalesce(list_sum(list_transform({groups}, lambda {_GROUP}: {best})), 0)"


def _each(elements: str, said: str) -> str:
    return f"list_transform({elements}, lambda {ELEMENT}: {said})"


def _filtered(elements: str, test: str) -> str:
    return f"list_filter({elements}, lambda {ELEMENT}: {test})"


def _first_of(elements: str, refusal: str) -> str:
    return f"list_filter({_each(elements, refusal)}, {_THERE})[1]"


def _source(node: Aggregate, writer: Writer) -> str:
    """Return the list to go through: texts with their row, a series in the order of its days."""
    collection = node.collection
    source = quoted(collection.name)
    if collection.table is not None:
        row = row_of(collection.table, writer.on, [ELEMENT])
        return _each(source, f"{{'key': {ELEMENT}, 'row': {row}}}")
    if collection.form == "list":
        return _each(source, f"{{'value': {ELEMENT}}}")
    if collection.form == "series":
        fields = ", ".join(f"'{name}': {member(name)}" for name in ("at", *collection.fields))
        source = f"list_sort({_each(source, f'{{{fields}}}')})"
    beyond = beyond_test(collection.name, collection)
    return source if beyond is None else f"CASE WHEN {beyond} THEN NULL ELSE {source} END"


def _usual(collection: Collection) -> str | None:
    """Return the test that the fact's own list will do; None when it never does."""
    if collection.form == "series":
        return f"{last_day(collection)} IS NOT NULL"
    beyond = beyond_test(collection.name, collection)
    return f"({beyond}) IS NOT TRUE" if collection.form == "records" and beyond else None


def _assessed(node: Aggregate) -> str | None:
    """Return the test that an element is assessed: there is a value, and a rule for its day."""
    collection = node.collection
    tests = []
    if collection.form == "series":
        tests += [f"{member(name)} IS NOT NULL" for name in collection.fields]
    if collection.at and node.since is not None:
        tests.append(f"{member(collection.at)} >= DATE '{node.since}'")
    return " AND ".join(tests) or None


def _names_of(collection: Collection) -> dict[str, str]:
    """Return how each name of an element is said in SQL."""
    if collection.table is not None:
        key = next(iter(collection.table.inputs))
        columns = {
            name: column_of(collection.table, member("row"), name)
            for name in collection.table.outputs
        }
        return {**columns, key: member("key")}
    names = {name: member("value" if collection.single else name) for name in collection.names}
    return {**names, "at": member("at")} if collection.form == "series" else names

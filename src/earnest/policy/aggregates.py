"""The functions of the expression language over the elements of a fact: written and read."""

import ast
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from earnest.policy.bounds import summand
from earnest.policy.functions import Function
from earnest.policy.kinds import BOOL, INT, Kind
from earnest.policy.nodes import Aggregate, Collection, Lookup, Node, ParameterValue, walk
from earnest.policy.problems import nearest

if TYPE_CHECKING:
    from earnest.policy.expressions import Reader

_SUMS = ("total", "sum_of_highest")


def _aggregate(reader: "Reader", call: ast.Call) -> Node:
    assert isinstance(call.func, ast.Name)  # noqa: S101 - only calls of a name get here
    name = call.func.id
    collection = _collection(reader, call.args[0], name)
    if isinstance(collection, Node):
        return collection
    if name == "consecutive" and collection.form != "series":
        return reader.arguments(call, AGGREGATES[name].usage)
    rest = list(call.args[1:])
    value: Node | None = None
    group: Node | None = None
    with reader.element(collection):
        if name not in ("count", "consecutive"):
            value = _value(reader, rest.pop(0), name)
        if name == "sum_of_highest":
            group = reader.part(rest.pop(0))
        condition = reader.part_of(rest.pop(0), BOOL) if rest else None
        counted = reader.part_of(rest.pop(0), BOOL) if rest and name == "consecutive" else None
    default = reader.part_of(rest.pop(0), value.kind) if rest and value else None
    kind = _kind(value, default)
    since = _since(condition, value, group, counted) if collection.dated else None
    said = reader.said(call)
    return Aggregate(kind, said, name, collection, condition, value, default, since, group, counted)


def _kind(value: Node | None, default: Node | None) -> Kind:
    if value is None:
        return INT
    if default is not None and value.kind.unit is None and default.kind.name == value.kind.name:
        return default.kind
    return value.kind


def _value(reader: "Reader", node: ast.expr, name: str) -> Node:
    """Read what is taken of each element: a number, or for the highest and lowest also a day."""
    value = reader.part(node)
    if name in _SUMS or value.kind.name != "date":
        value = reader.checked(node, value, INT)
    return summand(value, reader.step) if name in _SUMS else value


def _collection(reader: "Reader", node: ast.expr, name: str) -> Collection | Node:
    collections = reader.scope.collections
    found = collections.get(node.id) if isinstance(node, ast.Name) else None
    if found is not None and reader.inside:
        return reader.problem(
            node,
            "nested",
            f"{name} 不能写在另一个逐个元素的函数里；与元素无关的，先写成一个步骤，"
            "再用步骤的名字；因元素而异的，作为 records 的一个值给出",
            f"{name} cannot stand inside another function over elements; what is the same for all "
            "elements goes into an earlier step, used by its name, and what differs is given as a "
            "value of the records",
        )
    if found is not None:
        return found
    zh, en = nearest(reader.said(node), collections)
    return reader.problem(
        node,
        "unknown_collection",
        f"{name} 的第一项应是 each、series、list 或 records 的事实{zh}",
        f"{name} takes a fact of kind each, series, list or records first{en}",
    )


def _since(*parts: Node | None) -> date | None:
    """Return the day from which every dated value used in the parts exists."""
    starts: list[date] = []
    for node in _all(parts):
        if isinstance(node, ParameterValue) and node.parameter.values:
            starts.append(node.parameter.values[0].since)
        elif isinstance(node, Lookup) and node.table.editions:
            starts.append(node.table.editions[0].since)
    return max(starts, default=None)


def _all(parts: tuple[Node | None, ...]) -> Iterator[Node]:
    for part in parts:
        if part is not None:
            yield from walk(part)


AGGREGATES: dict[str, Function] = {
    "highest": Function("highest(elements, value, condition, default)", 2, 4, _aggregate),
    "lowest": Function("lowest(elements, value, condition, default)", 2, 4, _aggregate),
    "sum_of_highest": Function(
        "sum_of_highest(elements, value, group, condition)", 3, 4, _aggregate
    ),
    "total": Function("total(elements, value, condition)", 2, 3, _aggregate),
    "count": Function("count(elements, condition)", 1, 2, _aggregate),
    "consecutive": Function("consecutive(series, condition, counted)", 2, 3, _aggregate),
}
"""The functions over elements, by name."""

"""Comparisons of the expression language: ``<``, ``==``, ``in``, and what may stand in them."""

import ast
from typing import TYPE_CHECKING

from earnest.policy.kinds import BOOL, Kind
from earnest.policy.nodes import (
    Among,
    Comparison,
    Contained,
    ElementValue,
    Literal,
    Lookup,
    Node,
    ParameterValue,
)
from earnest.policy.problems import nearest

if TYPE_CHECKING:
    from earnest.policy.expressions import Reader

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_ONE_OF = "x in ('a', 'b')"


def read_comparison(reader: "Reader", node: ast.Compare) -> Node:
    """Read a chain of comparisons, or one membership."""
    if any(isinstance(each, ast.In | ast.NotIn) for each in node.ops):
        return _membership(reader, node)
    first = reader.part(node.left)
    rest: list[tuple[str, Node]] = []
    previous, left = first, node.left
    for operator, operand in zip(node.ops, node.comparators, strict=True):
        symbol = _SYMBOLS.get(type(operator))
        right = reader.part(operand)
        if symbol is None:
            return reader.not_allowed(node)
        reader.joined(node, [previous, right])
        if symbol in ("==", "!="):
            _check_option(reader, (left, previous), operand)
            _check_option(reader, (operand, right), left)
        elif right.kind.name not in ("int", "date", "any"):
            reader.problem(
                operand,
                "order",
                f"{right.kind} 没有大小，只能用 == 或 !=",
                f"a {right.kind} has no order: only == and != can be used",
            )
        rest.append((symbol, right))
        previous, left = right, operand
    return Comparison(BOOL, reader.said(node), first, tuple(rest))


def _membership(reader: "Reader", node: ast.Compare) -> Node:
    if len(node.ops) != 1:
        return reader.not_allowed(node)
    negated, among = isinstance(node.ops[0], ast.NotIn), node.comparators[0]
    operand = reader.part(node.left)
    said = reader.said(node)
    if isinstance(among, ast.Name) and among.id in reader.scope.collections:
        collection = reader.scope.collections[among.id]
        if collection.form not in ("each", "list"):
            return reader.arguments(
                among,
                f"a fact of kind list or each, or {_ONE_OF}",
                f"list 或 each 形式的事实，或 {_ONE_OF}",
            )
        _check_kind(reader, node, operand, collection.member)
        return Contained(BOOL, said, operand, collection, negated)
    if not isinstance(among, ast.Tuple | ast.List) or not among.elts:
        return reader.arguments(
            among,
            f"several values in brackets, like {_ONE_OF}",
            f"括号里的几个值，如 {_ONE_OF}",
        )
    options = tuple(reader.part(each) for each in among.elts)
    reader.joined(node, [operand, *options])
    for each in among.elts:
        _check_option(reader, (node.left, operand), each)
    return Among(BOOL, said, operand, options, negated)


def _check_kind(reader: "Reader", node: ast.Compare, operand: Node, member: Kind) -> None:
    reader.joined(node, [operand, Literal(member, "", None)])


def _options(reader: "Reader", said: ast.expr, read: Node) -> tuple[str, ...]:
    """Return every text that a part can be; none when that cannot be told."""
    match read:
        case ParameterValue(parameter=parameter):
            return parameter.options
        case Lookup(table=table, column=column):
            return table.options.get(column, ())
        case ElementValue(name=name):
            looked_up = reader.collection.table if reader.collection is not None else None
            return looked_up.options.get(name, ()) if looked_up is not None else ()
    return reader.scope.options.get(said.id, ()) if isinstance(said, ast.Name) else ()


def _check_option(reader: "Reader", asked: tuple[ast.expr, Node], said: ast.expr) -> None:
    """Note a text that a value of a closed list, or one that the book gives, can never be."""
    named, read = asked
    if not isinstance(said, ast.Constant) or not isinstance(said.value, str):
        return
    options = _options(reader, named, read)
    if not options:
        return
    if said.value not in options:
        zh, en = nearest(said.value, options)
        known = ", ".join(options)
        reader.problem(
            said,
            "unknown_option",
            f"{reader.said(named)} 没有 {said.value!r} 一项{zh or f'；可写 {known}'}",
            f"{reader.said(named)} has no option {said.value!r}{en or f'; write one of {known}'}",
        )

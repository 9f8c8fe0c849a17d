"""How large a number can get on the way to a value, known when the pack is read.

Facts, steps and the pack's own numbers lie within ``NUMBER_MAX``. What is computed from them is
exact in 128 bits, as DuckDB has them, as long as it stays below :data:`LIMIT`; only where it could
pass that are its parts held to a limit at run time, in both evaluators alike.
"""

from earnest.policy.kinds import NUMBER_MAX
from earnest.policy.nodes import (
    Aggregate,
    Arithmetic,
    Between,
    Choice,
    Clamp,
    Extreme,
    Limited,
    Literal,
    Lookup,
    MonthOf,
    Negative,
    Node,
    ParameterValue,
    Quotient,
    WorkdaysBetween,
)

LIMIT = 10**37
"""Twice this and as much again still fits 128 bits."""

SMALL_MAX = 2**63 - 1
"""The largest number of 64 bits."""

_FACTOR_MAX = 10**18
_TERM_MAX = LIMIT // 10
_ELEMENTS_MAX = 10**9
_CALENDAR_DAYS = 4_000_000


def bound(node: Node) -> int:  # noqa: C901 - one case per kind of node
    """Return the largest magnitude that a node's value can have; 0 for what is no number."""
    if node.kind.name not in ("int", "any"):
        return 0
    match node:
        case Literal(value=value):
            return _magnitude(value)
        case ParameterValue(parameter=parameter):
            return max((_magnitude(each.value) for each in parameter.values), default=0)
        case Lookup(table=table, column=column):
            rows = [row for edition in table.editions for row in edition.rows]
            return max((_magnitude(row.outputs.get(column)) for row in rows), default=0)
        case Negative(operand=operand):
            return bound(operand)
        case Limited(limit=limit):
            return limit
        case Arithmetic(operator="*", left=left, right=right):
            return bound(left) * bound(right)
        case Arithmetic(left=left, right=right):
            return bound(left) + bound(right)
        case Choice(yes=yes, no=no):
            return max(bound(yes), bound(no))
        case Extreme(operands=operands):
            return max(bound(each) for each in operands)
        case Clamp(operand=operand, low=low, high=high):
            return max(bound(each) for each in (operand, low, high))
        case Quotient(amount=amount, part=part, whole=whole, times=times):
            if times is not None:
                return bound(amount) + bound(whole)
            least = bound(whole) if isinstance(whole, Literal) else 1
            return bound(amount) * bound(part) // max(least, 1) + 1
        case Between() | WorkdaysBetween() | MonthOf():
            return _CALENDAR_DAYS
        case Aggregate():
            return _aggregate(node)
        case _:
            return NUMBER_MAX


def limited(node: Node, limit: int, step: str) -> Node:
    """Return a node held to a limit, or itself when it cannot pass it."""
    if bound(node) <= limit:
        return node
    return Limited(node.kind, node.text, node, limit, step)


def factors(left: Node, right: Node, step: str) -> tuple[Node, Node]:
    """Return two parts whose product fits."""
    if bound(left) * bound(right) <= LIMIT:
        return left, right
    return limited(left, _FACTOR_MAX, step), limited(right, _FACTOR_MAX, step)


def terms(left: Node, right: Node, step: str) -> tuple[Node, Node]:
    """Return two parts whose sum and difference fit."""
    if bound(left) + bound(right) <= LIMIT:
        return left, right
    return limited(left, _TERM_MAX, step), limited(right, _TERM_MAX, step)


def summand(node: Node, step: str) -> Node:
    """Return a part of which the sum over all elements of a fact fits."""
    return limited(node, LIMIT // _ELEMENTS_MAX, step)


def _aggregate(node: Aggregate) -> int:
    if node.value is None:
        return _ELEMENTS_MAX
    of_one = bound(node.value)
    if node.function in ("total", "sum_of_highest"):
        return of_one * _ELEMENTS_MAX
    return max(of_one, bound(node.default) if node.default else 0)


def _magnitude(value: object) -> int:
    return abs(value) if isinstance(value, int) else 0

"""What an expression comes to for each row of a table, where it depends on nothing else.

``highest(goods, amount, not fragile, 0)`` says the same of every text that has the same row, so a
query can look its answer up instead of working it out for every element.
"""

from typing import Any

from earnest.policy.bounds import SMALL_MAX, bound
from earnest.policy.nodes import (
    Aggregate,
    Among,
    Arithmetic,
    Choice,
    Clamp,
    Comparison,
    ElementValue,
    Extreme,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
    Together,
    walk,
)
from earnest.policy.run import Compile, Run
from earnest.policy.tables import Table

_OF_ROW = (
    Among, Arithmetic, Choice, Clamp, Comparison, ElementValue, Extreme, Literal, Logic, Negative,
    Not, Together,
)  # fmt: skip
"""Nodes that cannot be refused and use nothing but the row."""


def row_values(node: Aggregate, compiled: Compile) -> dict[int, Any] | None:
    """Return what each row of the table adds to an aggregate, by the row's ordinal.

    A row that does not count is not in it. Gives None where that depends on more than the row.
    """
    table = node.collection.table
    parts = [part for part in (node.condition, node.value) if part is not None]
    if table is None or node.group is not None or not all(_of_row(part, table) for part in parts):
        return None
    condition = compiled(node.condition) if node.condition is not None else None
    value = compiled(node.value) if node.value is not None else None
    found: dict[int, Any] = {}
    for edition in table.editions:
        run = Run({}, edition.since)
        for row in edition.rows:
            run.element = row.outputs
            if condition is None or condition(run):
                found[row.ordinal] = 1 if value is None else value(run)
    return found


def _of_row(part: Node, table: Table) -> bool:
    return bound(part) <= SMALL_MAX and all(
        isinstance(node, _OF_ROW)
        and (
            not isinstance(node, ElementValue) or (node.name in table.outputs and not node.lacking)
        )
        for node in walk(part)
    )

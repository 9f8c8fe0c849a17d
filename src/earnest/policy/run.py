"""One evaluation under way: what the interpreter's closures read and note."""

from collections.abc import Callable
from datetime import date
from typing import Any

from earnest.policy.editions import DatedValue
from earnest.policy.nodes import Node
from earnest.policy.refusal import no_row, no_rule, suspended
from earnest.policy.tables import Table, TableRow


class Run:
    """The values so far and the notes for the trace.

    Attributes:
        values: facts and finished steps.
        on: the governing day.
        clause: the clause of the step under way, for refusals.
        notes: parameters, rows, elements and steps as they were used; the first of a note says
            which it is, and :mod:`earnest.policy.trace` turns them into plain data, each once.
        won: what the step's ``max``, ``min``, ``clamp``, ``highest`` or ``lowest`` chose.
        told: what ``all_of`` and ``any_of`` found, as ("unmet" or "met", the argument's text).
        row: the last row that decided something.
        dated: the last parameter used.
        noted: the last parameter that was noted.
        element, element_on: the element under look, and its own day when it has one.
    """

    __slots__ = ("clause", "dated", "element", "element_on", "noted", "notes", "on", "row",
                 "told", "values", "won")  # fmt: skip

    def __init__(self, values: dict[str, Any], on: date) -> None:
        self.values = values
        self.on = on
        self.clause = ""
        self.notes: list[tuple[Any, ...]] = []
        self.won: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.row: TableRow | None = None
        self.dated: DatedValue | None = None
        self.noted: DatedValue | None = None
        self.element: Any = None
        self.element_on: date | None = None

    def forget(self, noted: int) -> None:
        """Leave an expression that gave no value: drop the notes made since there were so many."""
        del self.notes[noted:]
        self.won, self.told = [], []
        self.row = self.dated = self.noted = None
        self.element = self.element_on = None


Closure = Callable[[Run], Any]
"""A compiled expression: computes its value for a run."""

Compile = Callable[[Node], Closure]
"""What compiles the parts of a node."""

RowFinder = Callable[[Run, tuple[Any, ...]], TableRow]
"""Finds the row that decides values on the day that governs."""


def row_finder(table: Table) -> RowFinder:
    """Return what finds the row of the edition in force; refuses when there is none."""
    name = table.name
    latest_first = [(each.since, each.ends, each.find) for each in reversed(table.editions)]

    def found(run: Run, values: tuple[Any, ...]) -> TableRow:
        on = run.element_on or run.on
        for since, ends, find in latest_first:
            if since <= on:
                if ends is not None and on >= ends:
                    break
                row = find(values)
                if row is None:
                    raise no_row(name, values, on, run.clause)
                return row
        raise no_rule(name, on, run.clause)

    if not table.suspendable:
        return found

    def applied(run: Run, values: tuple[Any, ...]) -> TableRow:
        row = found(run, values)
        refuse_suspended(row, run)
        return row

    return applied


def refuse_suspended(used: DatedValue | TableRow, run: Run) -> None:
    """Refuse a value or row whose clause does not apply on the day that governs the step."""
    if any(each.holds(run.on) for each in used.suspensions):
        raise suspended(used.clause, run.on)

"""Expressions compiled to closures: one subject, exact integers, everything used is noted."""

import operator
from collections.abc import Callable
from datetime import date
from typing import Any

from earnest.kernel.calendar import add_months
from earnest.policy.editions import DatedValue, Parameter, in_force
from earnest.policy.nodes import (
    AddMonths,
    Aggregate,
    Arithmetic,
    Choice,
    Comparison,
    ElementValue,
    Extreme,
    Literal,
    Logic,
    Lookup,
    Negative,
    Node,
    Not,
    ParameterValue,
    Value,
    by_row,
    walk,
)
from earnest.policy.refusal import no_row, no_rule, out_of_calendar, unset
from earnest.policy.tables import Table, TableRow

Closure = Callable[["Run"], Any]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Run:
    """One evaluation under way: the values so far and the notes for the trace.

    Attributes:
        values: facts and finished steps.
        on: the governing day.
        clause: the clause of the step under way, for refusals.
        notes: parameters, rows, elements and steps as they were used, each once; the first of
            a note says which it is, and :mod:`earnest.policy.trace` turns them into plain data.
        won: what the step's ``max``, ``min`` or ``highest`` chose.
        row: the last row that decided something.
    """

    __slots__ = ("clause", "dated", "element", "element_on", "notes", "on", "row", "seen",
                 "values", "won")  # fmt: skip

    def __init__(self, values: dict[str, Any], on: date) -> None:
        self.values = values
        self.on = on
        self.clause = ""
        self.notes: list[tuple[Any, ...]] = []
        self.seen: set[object] = set()
        self.won: list[str] = []
        self.row: TableRow | None = None
        self.dated: DatedValue | None = None
        self.element: dict[str, Any] = {}
        self.element_on: date | None = None


def compile_node(node: Node) -> Closure:  # noqa: C901 - one case per kind of node
    """Return a closure that computes a node's value for a run."""
    match node:
        case Literal(value=value):
            return lambda run: value  # noqa: ARG005 - every closure takes the run
        case Value(name=name):
            return lambda run: run.values[name]
        case ElementValue(name=name):
            return lambda run: run.element[name]
        case ParameterValue(parameter=parameter):
            return _parameter(parameter)
        case Not(operand=operand):
            inner = compile_node(operand)
            return lambda run: not inner(run)
        case Negative(operand=operand):
            inner = compile_node(operand)
            return lambda run: -inner(run)
        case Arithmetic(operator=symbol, left=left, right=right):
            return _binary(_OPERATORS[symbol], compile_node(left), compile_node(right))
        case Comparison():
            return _comparison(node)
        case Logic():
            return _logic(node)
        case Choice():
            return _choice(node)
        case Extreme():
            return _extreme(node)
        case AddMonths():
            return _shift(node)
        case Lookup():
            return _lookup(node)
        case Aggregate(function="consecutive"):
            return _consecutive(node)
        case Aggregate():
            return _aggregate(node)
    raise AssertionError(node)


def _binary(function: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    return lambda run: function(left(run), right(run))


def _choice(node: Choice) -> Closure:
    test = compile_node(node.test)
    sides = [(compile_node(side), by_row(side)) for side in (node.no, node.yes)]

    def chosen(run: Run) -> Any:
        side, decided_by_row = sides[test(run)]
        value = side(run)
        if not decided_by_row:
            run.row = None  # rows that were only computed with do not lend their clause
        return value

    return chosen


def _shift(node: AddMonths) -> Closure:
    day, months = compile_node(node.day), compile_node(node.months)

    def shifted(run: Run) -> date:
        start, count = day(run), months(run)
        if 1 <= (start.year * 12 + start.month - 1 + count) // 12 <= date.max.year:
            return add_months(start, count)
        raise out_of_calendar(start, count, run.clause)

    return shifted


def _parameter(parameter: Parameter) -> Closure:
    name, values = parameter.name, parameter.values

    def value(run: Run) -> Any:
        on = run.element_on or run.on
        dated = in_force(values, on)
        if dated is None:
            raise no_rule(name, on, run.clause)
        if dated.unset:
            raise unset(name, on, run.clause)
        run.dated = dated
        if dated not in run.seen:
            run.seen.add(dated)
            run.notes.append(("param", dated))
        return dated.value

    return value


def _comparison(node: Comparison) -> Closure:
    first = compile_node(node.first)
    rest = [(_OPERATORS[symbol], compile_node(operand)) for symbol, operand in node.rest]
    if len(rest) == 1:
        return _binary(rest[0][0], first, rest[0][1])

    def holds(run: Run) -> bool:
        left = first(run)
        for compare, operand in rest:
            right = operand(run)
            if not compare(left, right):
                return False
            left = right
        return True

    return holds


def _logic(node: Logic) -> Closure:
    operands = [compile_node(each) for each in node.operands]
    if node.operator == "and":
        return lambda run: all(each(run) for each in operands)
    return lambda run: any(each(run) for each in operands)


def _extreme(node: Extreme) -> Closure:
    operands = [(compile_node(each), each.text) for each in node.operands]
    better = operator.gt if node.function == "max" else operator.lt

    def value(run: Run) -> Any:
        (first, won), *others = operands
        best = first(run)
        for each, text in others:
            found = each(run)
            if better(found, best):
                best, won = found, text
        run.won.append(won)
        return best

    return value


def _find(table: Table, run: Run, values: tuple[Any, ...]) -> TableRow:
    on = run.element_on or run.on
    edition = in_force(table.editions, on)
    if edition is None:
        raise no_rule(table.name, on, run.clause)
    row = edition.find(values)
    if row is None:
        raise no_row(table.name, values, on, run.clause)
    return row


def _note_row(run: Run, row: TableRow, column: str, value: Any) -> None:
    mark = (row, column)
    if mark not in run.seen:
        run.seen.add(mark)
        run.notes.append(("row", row, column, value))


def _lookup(node: Lookup) -> Closure:
    table, column = node.table, node.column
    operands = [compile_node(each) for each in node.operands]

    def value(run: Run) -> Any:
        row = _find(table, run, tuple([each(run) for each in operands]))
        found = row.outputs[column]
        run.row = row
        _note_row(run, row, column, found)
        return found

    return value


def _aggregate(node: Aggregate) -> Closure:
    each_of = _dated_elements(node) if node.collection.dated else _looked_up(node)
    condition = compile_node(node.condition) if node.condition else None
    value = compile_node(node.value) if node.value else None
    default = compile_node(node.default) if node.default else None
    function, said = node.function, node.value.text if node.value else ""

    def reduced(run: Run) -> Any:
        best: Any = None
        winner: str | None = None
        total = 0
        for key, row in each_of(run):
            if condition is not None and not condition(run):
                continue
            found = 1 if value is None else value(run)
            if row is not None:
                _note_row(run, row, said or function, found)
            total += found
            if best is None or found > best:
                best, winner = found, key
        run.element_on = None
        if function != "highest":
            return total
        if best is None:
            return default(run) if default is not None else 0
        run.won.append(str(winner))
        return best

    return reduced


Elements = Callable[[Run], Any]


def _looked_up(node: Aggregate) -> Elements:
    """Go through texts, each with its row in a table as the element under look."""
    name, table = node.collection.name, node.collection.table
    assert table is not None  # noqa: S101 - only dated collections have none
    key_name = next(iter(table.inputs))
    parts = [part for part in (node.condition, node.value) if part is not None]
    by_key = any(
        isinstance(inner, ElementValue) and inner.name == key_name
        for part in parts
        for inner in walk(part)
    )

    def elements(run: Run) -> Any:
        for key in run.values[name]:
            row = _find(table, run, (key,))
            run.element = {**row.outputs, key_name: key} if by_key else row.outputs
            yield key, row

    return elements


def _dated_elements(node: Aggregate) -> Elements:
    """Go through a series in order of its dates, each under the rule of its own date."""
    name, since = node.collection.name, node.since

    def elements(run: Run) -> Any:
        for at, element in run.values[name]:
            if element is None or (since is not None and at < since):
                continue
            run.element, run.element_on = element, at
            yield at, None

    return elements


def _consecutive(node: Aggregate) -> Closure:
    elements = _dated_elements(node)
    assert node.condition is not None  # noqa: S101 - the reader demands it
    condition, name, fields = (
        compile_node(node.condition),
        node.collection.name,
        node.collection.fields,
    )

    def streak(run: Run) -> int:
        length = 0
        for at, _ in elements(run):
            run.dated = None
            held = condition(run)
            said = {each: run.element[each] for each in fields}
            run.notes.append(("element", name, at, held, said, run.dated))
            length = length + 1 if held else 0
        run.element_on = None
        return length

    return streak

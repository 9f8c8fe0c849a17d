"""Expressions compiled to closures: one subject, exact integers, everything used is noted."""

import operator
from collections.abc import Callable
from typing import Any

from earnest.policy import interpreter_functions as functions
from earnest.policy.editions import in_force
from earnest.policy.interpreter_elements import aggregated
from earnest.policy.nodes import (
    AddDays,
    AddMonths,
    AddWorkdays,
    Aggregate,
    Among,
    Arithmetic,
    Between,
    Choice,
    Clamp,
    Comparison,
    Contained,
    ElementValue,
    Extreme,
    Limited,
    Literal,
    Logic,
    Lookup,
    MonthEdge,
    MonthOf,
    Negative,
    Node,
    Not,
    ParameterValue,
    Quotient,
    Together,
    Under,
    Value,
    Within,
    WorkdaysBetween,
    by_row,
)
from earnest.policy.refusal import no_rule, no_value, unset
from earnest.policy.run import Closure, Compile, Run, refuse_suspended, row_finder

__all__ = ["Closure", "Run", "compile_node"]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

_BINARIES: dict[str, Callable[[Closure, Closure], Closure]] = {
    "+": lambda left, right: lambda run: left(run) + right(run),
    "-": lambda left, right: lambda run: left(run) - right(run),
    "*": lambda left, right: lambda run: left(run) * right(run),
    "<": lambda left, right: lambda run: left(run) < right(run),
    "<=": lambda left, right: lambda run: left(run) <= right(run),
    ">": lambda left, right: lambda run: left(run) > right(run),
    ">=": lambda left, right: lambda run: left(run) >= right(run),
    "==": lambda left, right: lambda run: left(run) == right(run),
    "!=": lambda left, right: lambda run: left(run) != right(run),
}
"""The operators between two closures; written out, as a call less for each is felt."""

_OF_ELEMENT: dict[str, Callable[[Closure], Closure]] = {
    "<": lambda right: lambda run: run.element < right(run),
    "<=": lambda right: lambda run: run.element <= right(run),
    ">": lambda right: lambda run: run.element > right(run),
    ">=": lambda right: lambda run: run.element >= right(run),
    "==": lambda right: lambda run: run.element == right(run),
    "!=": lambda right: lambda run: run.element != right(run),
}
"""The same with an element on the left: that is asked of every month of every subject."""


def compile_node(node: Node) -> Closure:
    """Return a closure that computes a node's value for a run."""
    return _FORMS[type(node)](node, compile_node)


def _literal(node: Literal, _: Compile) -> Closure:
    value = node.value
    return lambda run: value  # noqa: ARG005 - every closure takes the run


def _value(node: Value, _: Compile) -> Closure:
    name = node.name
    return lambda run: run.values[name]


def _element_value(node: ElementValue, _: Compile) -> Closure:
    name = node.name
    if node.form == "day":
        return lambda run: run.element_on
    if node.form == "whole":
        return lambda run: run.element
    if not node.lacking:
        return lambda run: run.element[name]

    def given(run: Run) -> Any:
        value = run.element[name]
        if value is None:
            raise no_value(node.lacking, name, run.element_on or run.on, run.clause)
        return value

    return given


def _not(node: Not, compiled: Compile) -> Closure:
    inner = compiled(node.operand)
    return lambda run: not inner(run)


def _negative(node: Negative, compiled: Compile) -> Closure:
    inner = compiled(node.operand)
    return lambda run: -inner(run)


def _arithmetic(node: Arithmetic, compiled: Compile) -> Closure:
    return _BINARIES[node.operator](compiled(node.left), compiled(node.right))


def _choice(node: Choice, compiled: Compile) -> Closure:
    test = compiled(node.test)
    sides = [(compiled(side), by_row(side)) for side in (node.no, node.yes)]

    def chosen(run: Run) -> Any:
        side, decided_by_row = sides[test(run)]
        value = side(run)
        if not decided_by_row:
            run.row = None  # rows that were only computed with do not lend their clause
        return value

    return chosen


def _parameter(node: ParameterValue, _: Compile) -> Closure:
    parameter = node.parameter
    name = parameter.name
    latest_first = tuple((each.since, each.ends, each) for each in reversed(parameter.values))

    def value(run: Run) -> Any:
        on = run.element_on or run.on
        for since, ends, dated in latest_first:
            if since <= on:
                if ends is not None and on >= ends:
                    break
                if dated.unset:
                    raise unset(name, on, run.clause)
                run.dated = dated
                if dated is not run.noted:
                    run.noted = dated
                    run.notes.append(("param", dated))
                return dated.value
        raise no_rule(name, on, run.clause)

    if not parameter.suspendable:
        return value

    def applied(run: Run) -> Any:
        dated = in_force(parameter.values, run.element_on or run.on)
        if dated is not None:
            refuse_suspended(dated, run)
        return value(run)

    return applied


def _comparison(node: Comparison, compiled: Compile) -> Closure:
    first = compiled(node.first)
    if len(node.rest) == 1:
        symbol, operand = node.rest[0]
        if isinstance(node.first, ElementValue) and node.first.form == "whole":
            return _OF_ELEMENT[symbol](compiled(operand))
        return _BINARIES[symbol](first, compiled(operand))
    rest = [(_OPERATORS[symbol], compiled(operand)) for symbol, operand in node.rest]

    def holds(run: Run) -> bool:
        left = first(run)
        for compare, operand in rest:
            right = operand(run)
            if not compare(left, right):
                return False
            left = right
        return True

    return holds


def _logic(node: Logic, compiled: Compile) -> Closure:
    operands = [compiled(each) for each in node.operands]
    if node.operator == "and":
        return lambda run: all(each(run) for each in operands)
    return lambda run: any(each(run) for each in operands)


def _extreme(node: Extreme, compiled: Compile) -> Closure:
    (first, text_of_first), *others = [(compiled(each), each.text) for each in node.operands]
    better = operator.gt if node.function == "max" else operator.lt

    def value(run: Run) -> Any:
        best, won = first(run), text_of_first
        for each, text in others:
            found = each(run)
            if better(found, best):
                best, won = found, text
        run.won.append(won)
        return best

    return value


def _lookup(node: Lookup, compiled: Compile) -> Closure:
    column = node.column
    find = row_finder(node.table)
    operands = [compiled(each) for each in node.operands]
    only = operands[0] if len(operands) == 1 else None
    lacking = node.table.lacks(column)

    def value(run: Run) -> Any:
        values = (only(run),) if only is not None else tuple([each(run) for each in operands])
        row = find(run, values)
        found = row.outputs[column]
        if lacking and found is None:
            raise no_value(row.table, column, run.element_on or run.on, row.clause)
        run.row = row
        run.notes.append(("row", row, column, found))
        return found

    return value


_FORMS: dict[type[Node], Callable[[Any, Compile], Closure]] = {
    Literal: _literal,
    Value: _value,
    ElementValue: _element_value,
    ParameterValue: _parameter,
    Not: _not,
    Negative: _negative,
    Arithmetic: _arithmetic,
    Comparison: _comparison,
    Logic: _logic,
    Choice: _choice,
    Extreme: _extreme,
    Lookup: _lookup,
    Aggregate: aggregated,
    Clamp: functions.clamp,
    Together: functions.together,
    Among: functions.among,
    Contained: functions.contained,
    Under: functions.under,
    Limited: functions.limited,
    Quotient: functions.divided,
    AddMonths: functions.month_later,
    AddDays: functions.day_later,
    AddWorkdays: functions.workday_later,
    Between: functions.between,
    WorkdaysBetween: functions.workdays_between,
    MonthOf: functions.month_of,
    MonthEdge: functions.month_edge,
    Within: functions.within,
}
"""What compiles each kind of node."""

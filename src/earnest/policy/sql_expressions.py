"""Expressions in SQL: each a value and its refusal, in the order in which they are evaluated."""

from collections.abc import Mapping

from earnest.policy import sql_functions as functions
from earnest.policy.editions import DatedValue
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
)
from earnest.policy.sql_elements import aggregated
from earnest.policy.sql_tables import (
    TYPES,
    always,
    column_of,
    column_refusal,
    first,
    literal,
    quoted,
    row_of,
    row_refusal,
    suspended_when,
    text_literal,
    timeline,
)
from earnest.policy.sql_writer import Form, Pair, Writer, when

_SYMBOLS = {"==": "=", "!=": "<>"}


def _literal(_: Writer, node: Literal) -> Pair:
    return Pair(literal(node.value))


def _value(_: Writer, node: Value) -> Pair:
    return Pair(quoted(node.name))


def _element_value(writer: Writer, node: ElementValue) -> Pair:
    value = writer.name(node.name)
    if not node.lacking:
        return Pair(value)
    return Pair(value, f"CASE WHEN {value} IS NULL THEN 'unset:{node.lacking}' END")


def _parameter(writer: Writer, node: ParameterValue) -> Pair:
    parameter = node.parameter

    def refusal(dated: DatedValue | None) -> str:
        if dated is None:
            return text_literal(f"no_rule:{parameter.name}")
        unset = text_literal(f"unset:{parameter.name}") if dated.unset else "NULL"
        suspended = suspended_when(writer.governing, dated.suspensions)
        return f"CASE {suspended} ELSE {unset} END" if suspended else unset

    # DuckDB 2.0 fails to compare a text that its statistics say is always NULL.
    nothing = "''" if parameter.kind.name == "text" else "NULL"
    if all(each.unset for each in parameter.values):
        value = f"CAST(NULL AS {TYPES[parameter.kind.name]})"
    else:
        value = timeline(
            writer.on,
            parameter.values,
            lambda dated: nothing if dated is None or dated.unset else literal(dated.value),
        )
    refused = parameter.suspendable or any(each.unset for each in parameter.values)
    if always(parameter.values, writer.since) and not refused:
        return Pair(value)
    return Pair(value, timeline(writer.on, parameter.values, refusal))


def _not(writer: Writer, node: Not) -> Pair:
    inner = writer.pair(node.operand)
    return Pair(f"(NOT {inner.value})", inner.refusal)


def _negative(writer: Writer, node: Negative) -> Pair:
    inner = writer.pair(node.operand)
    return Pair(f"(-{inner.value})", inner.refusal)


def _arithmetic(writer: Writer, node: Arithmetic) -> Pair:
    left, right = writer.pair(node.left), writer.pair(node.right)
    value = f"({functions.wide(node, left.value)} {node.operator} {right.value})"
    return Pair(value, first(left.refusal, right.refusal))


def _comparison(writer: Writer, node: Comparison) -> Pair:
    previous = writer.pair(node.first)
    reasons = [previous.refusal]
    tests: list[str] = []
    for symbol, operand in node.rest:
        right = writer.pair(operand)
        so_far = " AND ".join(tests)
        reasons.append(when(so_far, right.refusal) if tests else right.refusal)
        tests.append(f"({previous.value} {_SYMBOLS.get(symbol, symbol)} {right.value})")
        previous = right
    return Pair(f"({' AND '.join(tests)})", first(*reasons))


def _logic(writer: Writer, node: Logic) -> Pair:
    word = node.operator.upper()
    values: list[str] = []
    reasons: list[str | None] = []
    for operand in node.operands:
        pair = writer.pair(operand)
        so_far = f"({f' {word} '.join(values)})"
        needed = so_far if node.operator == "and" else f"NOT {so_far}"
        reasons.append(when(needed, pair.refusal) if values else pair.refusal)
        values.append(pair.value)
    return Pair(f"({f' {word} '.join(values)})", first(*reasons))


def _choice(writer: Writer, node: Choice) -> Pair:
    test, yes, no = writer.pairs([node.test, node.yes, node.no])
    value = f"CASE WHEN {test.value} THEN {yes.value} ELSE {no.value} END"
    side = None
    if yes.refusal is not None or no.refusal is not None:
        sides = (yes.refusal or "NULL", no.refusal or "NULL")
        side = f"CASE WHEN {test.value} THEN {sides[0]} ELSE {sides[1]} END"
    return Pair(value, first(test.refusal, side))


def _extreme(writer: Writer, node: Extreme) -> Pair:
    pairs = writer.pairs(node.operands)
    name = "greatest" if node.function == "max" else "least"
    values = ", ".join(each.value for each in pairs)
    return Pair(f"{name}({values})", first(*(each.refusal for each in pairs)))


def _lookup(writer: Writer, node: Lookup) -> Pair:
    operands = writer.pairs(node.operands)
    row = row_of(node.table, writer.on, [each.value for each in operands])
    row = writer.once(row, "row")
    column = column_of(node.table, row, node.column)
    refusal = first(
        *(each.refusal for each in operands),
        row_refusal(node.table, row, writer.since, writer.governing),
        column_refusal(node.table, node.column, column),
    )
    return Pair(column, refusal)


FORMS: Mapping[type[Node], Form] = {
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
"""What writes each kind of node."""

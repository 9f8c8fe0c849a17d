"""The functions of the expression language over single values: how each is written and read."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earnest.policy.bounds import factors
from earnest.policy.kinds import BOOL, DATE, INT, TEXT, Kind
from earnest.policy.nodes import (
    AddDays,
    AddMonths,
    AddWorkdays,
    Between,
    Clamp,
    Extreme,
    Literal,
    MonthEdge,
    MonthOf,
    Node,
    Quotient,
    Together,
    Under,
    Within,
    WorkdaysBetween,
)
from earnest.policy.problems import nearest
from earnest.policy.rounding import DOWN, ROUNDINGS
from earnest.policy.workdays import WorkCalendar

if TYPE_CHECKING:
    from earnest.policy.expressions import Reader

PPM = Kind("int", "ppm")
DAYS = Kind("int", "days")
MONTHS = Kind("int", "months")
MILLION = Literal(INT, "1000000", 1_000_000)
ONE = Literal(INT, "1", 1)

Read = Callable[["Reader", ast.Call], Node]


@dataclass(frozen=True)
class Function:
    """A function: how it is written, how many arguments it takes, and what reads them."""

    usage: str
    least: int
    most: int | None
    read: Read

    def takes(self, count: int) -> bool:
        """Tell whether it may be written with so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)


def _name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)  # noqa: S101 - only calls of a name get here
    return call.func.id


def _extreme(reader: "Reader", call: ast.Call) -> Node:
    operands = _ordered(reader, call, call.args)
    return Extreme(reader.joined(call, operands), reader.said(call), _name(call), tuple(operands))


def _clamp(reader: "Reader", call: ast.Call) -> Node:
    operand, low, high = operands = _ordered(reader, call, call.args)
    return Clamp(reader.joined(call, operands), reader.said(call), operand, low, high)


def _ordered(reader: "Reader", call: ast.Call, args: Sequence[ast.expr]) -> list[Node]:
    """Read arguments that have a size: numbers of one unit, or days."""
    operands = [reader.part(each) for each in args]
    wrong = next((each for each in operands if each.kind.name not in ("int", "date", "any")), None)
    if wrong is not None:
        usage = FUNCTIONS[_name(call)].usage
        reader.arguments(call, f"{usage} of numbers or days", f"{usage}，各项是数或日期")
    return operands


def _together(reader: "Reader", call: ast.Call) -> Node:
    operands = tuple(reader.part_of(each, BOOL) for each in call.args)
    return Together(BOOL, reader.said(call), _name(call), operands)


def _under(reader: "Reader", call: ast.Call) -> Node:
    path, above = (reader.part_of(each, TEXT) for each in call.args)
    return Under(BOOL, reader.said(call), path, above)


def _share(reader: "Reader", call: ast.Call) -> Node:
    amount, rate = reader.part_of(call.args[0], INT), reader.part_of(call.args[1], PPM)
    return _quotient(reader, call, (amount, rate, MILLION), amount.kind)


def _prorate(reader: "Reader", call: ast.Call) -> Node:
    amount, part, whole = (reader.part_of(each, INT) for each in call.args[:3])
    reader.joined(call, [part, whole])
    return _quotient(reader, call, (amount, part, whole), amount.kind)


def _rate(reader: "Reader", call: ast.Call) -> Node:
    part, whole = (reader.part_of(each, INT) for each in call.args[:2])
    reader.joined(call, [part, whole])
    return _quotient(reader, call, (part, MILLION, whole), PPM)


def _round_to(reader: "Reader", call: ast.Call) -> Node:
    amount, step = (reader.part_of(each, INT) for each in call.args[:2])
    kind = reader.joined(call, [amount, step])
    return _quotient(reader, call, (amount, ONE, step), kind, times=step)


def _quotient(
    reader: "Reader",
    call: ast.Call,
    parts: tuple[Node, Node, Node],
    kind: Kind,
    *,
    times: Node | None = None,
) -> Node:
    amount, part, whole = parts
    step = reader.step
    rounding = _rounding(reader, call)
    amount, part = factors(amount, part, step)
    return Quotient(kind, reader.said(call), amount, part, whole, rounding, times, step)


def _rounding(reader: "Reader", call: ast.Call) -> str:
    """Read the last argument, when it is given: how to round."""
    function = FUNCTIONS[_name(call)]
    if len(call.args) == function.least:
        return DOWN
    last = call.args[-1]
    if isinstance(last, ast.Constant) and last.value in ROUNDINGS:
        return str(last.value)
    reader.arguments(last, "'down', 'up' or 'nearest'", "'down'、'up' 或 'nearest'")
    return DOWN


def _add_months(reader: "Reader", call: ast.Call) -> Node:
    day, months = reader.part_of(call.args[0], DATE), reader.part_of(call.args[1], MONTHS)
    return AddMonths(DATE, reader.said(call), day, months)


def _add_days(reader: "Reader", call: ast.Call) -> Node:
    day, days = reader.part_of(call.args[0], DATE), reader.part_of(call.args[1], DAYS)
    return AddDays(DATE, reader.said(call), day, days)


def _add_workdays(reader: "Reader", call: ast.Call) -> Node:
    day, days = reader.part_of(call.args[0], DATE), reader.part_of(call.args[1], DAYS)
    calendar = _calendar(reader, call.args[2])
    if isinstance(calendar, Node):
        return calendar
    return AddWorkdays(DATE, reader.said(call), day, days, calendar)


def _calendar(reader: "Reader", named: ast.expr) -> WorkCalendar | Node:
    calendars = reader.scope.calendars
    if isinstance(named, ast.Name) and named.id in calendars:
        return calendars[named.id]
    said = reader.said(named)
    zh, en = nearest(said, calendars)
    return reader.problem(
        named, "unknown_calendar", f"没有日历 {said!r}{zh}", f"no calendar {said!r}{en}"
    )


def _within(reader: "Reader", call: ast.Call) -> Node:
    day, last = reader.part_of(call.args[0], DATE), call.args[1]
    windows = reader.scope.windows
    if not isinstance(last, ast.Name) or last.id not in windows:
        zh, en = nearest(reader.said(last), windows)
        said = reader.said(last)
        return reader.problem(
            last, "unknown_window", f"没有时段 {said!r}{zh}", f"no window {said!r}{en}"
        )
    return Within(BOOL, reader.said(call), day, windows[last.id])


def _between(reader: "Reader", call: ast.Call) -> Node:
    first, last = (reader.part_of(each, DATE) for each in call.args)
    kind = DAYS if _name(call) == "days_between" else MONTHS
    return Between(kind, reader.said(call), _name(call), first, last)


def _workdays_between(reader: "Reader", call: ast.Call) -> Node:
    first, last = (reader.part_of(each, DATE) for each in call.args[:2])
    calendar = _calendar(reader, call.args[2])
    if isinstance(calendar, Node):
        return calendar
    return WorkdaysBetween(DAYS, reader.said(call), first, last, calendar)


def _month_of(reader: "Reader", call: ast.Call) -> Node:
    return MonthOf(INT, reader.said(call), reader.part_of(call.args[0], DATE))


def _month_edge(reader: "Reader", call: ast.Call) -> Node:
    day = reader.part_of(call.args[0], DATE)
    return MonthEdge(DATE, reader.said(call), _name(call), day)


FUNCTIONS: dict[str, Function] = {
    "max": Function("max(a, b, ...)", 2, None, _extreme),
    "min": Function("min(a, b, ...)", 2, None, _extreme),
    "clamp": Function("clamp(x, low, high)", 3, 3, _clamp),
    "all_of": Function("all_of(a, b, ...)", 1, None, _together),
    "any_of": Function("any_of(a, b, ...)", 1, None, _together),
    "share": Function("share(amount, rate, 'down')", 2, 3, _share),
    "prorate": Function("prorate(amount, part, whole, 'down')", 3, 4, _prorate),
    "rate": Function("rate(part, whole, 'down')", 2, 3, _rate),
    "round_to": Function("round_to(amount, step, 'down')", 2, 3, _round_to),
    "add_months": Function("add_months(day, months)", 2, 2, _add_months),
    "add_days": Function("add_days(day, days)", 2, 2, _add_days),
    "add_workdays": Function("add_workdays(day, days, calendar)", 3, 3, _add_workdays),
    "days_between": Function("days_between(first, last)", 2, 2, _between),
    "months_between": Function("months_between(first, last)", 2, 2, _between),
    "workdays_between": Function(
        "workdays_between(first, last, calendar)", 3, 3, _workdays_between
    ),
    "month_of": Function("month_of(day)", 1, 1, _month_of),
    "month_start": Function("month_start(day)", 1, 1, _month_edge),
    "month_end": Function("month_end(day)", 1, 1, _month_edge),
    "within": Function("within(day, window)", 2, 2, _within),
    "under": Function("under(path, 'node/of/the/tree')", 2, 2, _under),
}
"""The functions over single values, by name."""

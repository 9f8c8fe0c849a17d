"""Functions over single values, compiled to closures."""

from datetime import date, timedelta
from typing import Any

from earnest.kernel.calendar import Month, add_months
from earnest.policy.nodes import (
    AddDays,
    AddMonths,
    AddWorkdays,
    Among,
    Between,
    Clamp,
    Contained,
    Limited,
    MonthEdge,
    MonthOf,
    Quotient,
    Together,
    Under,
    Within,
    WorkdaysBetween,
)
from earnest.policy.refusal import (
    beyond,
    by_zero,
    no_workday,
    out_of_calendar,
    unknown_workdays,
)
from earnest.policy.rounding import quotient
from earnest.policy.run import Closure, Compile, Run


def clamp(node: Clamp, compiled: Compile) -> Closure:
    """Keep a value between two others, and note which of the three it became."""
    operand, low, high = (compiled(each) for each in (node.operand, node.low, node.high))
    texts = (node.operand.text, node.low.text, node.high.text)

    def kept(run: Run) -> Any:
        value, least, most = operand(run), low(run), high(run)
        won = texts[0]
        if value > most:
            value, won = most, texts[2]
        if value < least:
            value, won = least, texts[1]
        run.won.append(won)
        return value

    return kept


def together(node: Together, compiled: Compile) -> Closure:
    """Evaluate every operand; note those that did not hold (all_of) or did (any_of)."""
    operands = [(compiled(each), each.text) for each in node.operands]
    wanted, word = (False, "unmet") if node.function == "all_of" else (True, "met")

    def held(run: Run) -> bool:
        found = [text for each, text in operands if each(run) is wanted]
        run.told.extend((word, text) for text in found)
        return wanted if found else not wanted

    return held


def among(node: Among, compiled: Compile) -> Closure:
    """Tell whether a value is one of several; every option is evaluated."""
    operand = compiled(node.operand)
    options = [compiled(each) for each in node.options]
    negated = node.negated

    def found(run: Run) -> bool:
        value = operand(run)
        return (value in [each(run) for each in options]) is not negated

    return found


def contained(node: Contained, compiled: Compile) -> Closure:
    """Tell whether a value stands in a fact of several values."""
    operand, name, negated = compiled(node.operand), node.collection.name, node.negated
    return lambda run: (operand(run) in run.values[name]) is not negated


def under(node: Under, compiled: Compile) -> Closure:
    """Tell whether a path is a node of the tree or lies below it."""
    path, above = compiled(node.path), compiled(node.above)

    def below(run: Run) -> bool:
        value, root = path(run), above(run)
        return bool(value == root or value.startswith(f"{root}/"))

    return below


def limited(node: Limited, compiled: Compile) -> Closure:
    """Refuse the step when a number on the way is too large."""
    operand, limit, step = compiled(node.operand), node.limit, node.step

    def within_limit(run: Run) -> Any:
        value = operand(run)
        if -limit <= value <= limit:
            return value
        raise beyond(step, run.clause)

    return within_limit


def divided(node: Quotient, compiled: Compile) -> Closure:
    """Multiply, divide and round once, exactly."""
    amount, part, whole = (compiled(each) for each in (node.amount, node.part, node.whole))
    rounding, step, times = node.rounding, node.step, node.times is not None

    def value(run: Run) -> int:
        number, by = amount(run) * part(run), whole(run)
        if by <= 0:
            raise by_zero(step, run.clause)
        found = quotient(number, by, rounding)
        return found * by if times else found

    return value


def month_later(node: AddMonths, compiled: Compile) -> Closure:
    """Move a day by months, clipped to the month's end."""
    day, months = compiled(node.day), compiled(node.months)

    def shifted(run: Run) -> date:
        start, count = day(run), months(run)
        if 1 <= (start.year * 12 + start.month - 1 + count) // 12 <= date.max.year:
            return add_months(start, count)
        raise out_of_calendar("add_months", start, run.clause)

    return shifted


def day_later(node: AddDays, compiled: Compile) -> Closure:
    """Move a day by calendar days."""
    day, days = compiled(node.day), compiled(node.days)

    def shifted(run: Run) -> date:
        start: date = day(run)
        count: int = days(run)
        if 1 <= start.toordinal() + count <= date.max.toordinal():
            return start + timedelta(days=count)
        raise out_of_calendar("add_days", start, run.clause)

    return shifted


def workday_later(node: AddWorkdays, compiled: Compile) -> Closure:
    """Move a day by working days of a calendar."""
    day, days, calendar = compiled(node.day), compiled(node.days), node.calendar

    def shifted(run: Run) -> date:
        start, count = day(run), days(run)
        found = calendar.after(start, count)
        if found is None:
            raise no_workday(calendar.name, start, count, run.clause)
        return found

    return shifted


def workdays_between(node: WorkdaysBetween, compiled: Compile) -> Closure:
    """Count the working days after a day, up to and including another."""
    first, last, calendar = compiled(node.first), compiled(node.last), node.calendar

    def counted(run: Run) -> int:
        start, end = first(run), last(run)
        found = calendar.between(start, end)
        if found is None:
            raise unknown_workdays(calendar.name, start, end, run.clause)
        return found

    return counted


def month_of(node: MonthOf, compiled: Compile) -> Closure:
    """Give the number of a day's month in the year."""
    day = compiled(node.day)
    return lambda run: day(run).month


def between(node: Between, compiled: Compile) -> Closure:
    """Count the days, or the whole months, from one day to another."""
    first, last = compiled(node.first), compiled(node.last)
    if node.function == "days_between":
        return lambda run: -(first(run) - last(run)).days
    return lambda run: months_from(first(run), last(run))


def months_from(first: date, last: date) -> int:
    """Return the most whole months m with ``add_months(first, m) <= last``; 0 when it is earlier.

    >>> months_from(date(2025, 1, 31), date(2025, 2, 28)), months_from(date(2025, 2, 2), date.min)
    (1, 0)
    """
    if last < first:
        return 0
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if add_months(first, months) <= last else months - 1


def month_edge(node: MonthEdge, compiled: Compile) -> Closure:
    """Give the first or the last day of a day's month."""
    day = compiled(node.day)
    if node.function == "month_start":
        return lambda run: day(run).replace(day=1)
    return lambda run: Month.of(day(run)).last_day


def within(node: Within, compiled: Compile) -> Closure:
    """Tell whether a day lies in named days, and note in which and by which clause."""
    day, window = compiled(node.day), node.window

    def inside(run: Run) -> bool:
        found = day(run)
        span = window.holds(found)
        if span is None:
            return False
        run.notes.append(("window", window.name, found, span))
        return True

    return inside

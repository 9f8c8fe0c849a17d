"""Functions over single values in SQL; each says what its closure in the interpreter says."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import accumulate

from earnest.policy.bounds import SMALL_MAX, bound
from earnest.policy.nodes import (
    AddDays,
    AddMonths,
    AddWorkdays,
    Among,
    Between,
    Clamp,
    Contained,
    Limited,
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
from earnest.policy.rounding import NEAREST, UP
from earnest.policy.sql_tables import first, quoted
from earnest.policy.sql_writer import Pair, Writer, bounded
from earnest.policy.workdays import WorkCalendar

_FIRST_MONTH = 12
_LAST_MONTH = date.max.year * 12 + 11
_LAST_DAY = (date.max - date.min).days
_DAY_ONE = f"DATE '{date.min}'"


def clamp(writer: Writer, node: Clamp) -> Pair:
    """``max(low, min(x, high))``."""
    operand, low, high = writer.pairs([node.operand, node.low, node.high])
    value = f"greatest({low.value}, least({operand.value}, {high.value}))"
    return Pair(value, first(operand.refusal, low.refusal, high.refusal))


def together(writer: Writer, node: Together) -> Pair:
    """Every operand is needed, so that any refusal counts."""
    pairs = writer.pairs(node.operands)
    word = " AND " if node.function == "all_of" else " OR "
    return Pair(f"({word.join(each.value for each in pairs)})", _refusals(pairs))


def among(writer: Writer, node: Among) -> Pair:
    """``x in (a, b)``."""
    operand, *options = writer.pairs([node.operand, *node.options])
    said = ", ".join(each.value for each in options)
    word = "NOT IN" if node.negated else "IN"
    return Pair(f"({operand.value} {word} ({said}))", _refusals([operand, *options]))


def contained(writer: Writer, node: Contained) -> Pair:
    """``x in services``."""
    operand = writer.pair(node.operand)
    found = f"list_contains({quoted(node.collection.name)}, {operand.value})"
    return Pair(f"(NOT {found})" if node.negated else found, operand.refusal)


def under(writer: Writer, node: Under) -> Pair:
    """The node of the tree itself, or what lies below it."""
    path, above = writer.pairs([node.path, node.above])
    value = f"({path.value} = {above.value} OR starts_with({path.value}, {above.value} || '/'))"
    return Pair(value, first(path.refusal, above.refusal))


def limited(writer: Writer, node: Limited) -> Pair:
    """A number on the way that is held to a limit."""
    operand = writer.pair(node.operand)
    value = writer.once(operand.value)
    inside = bounded(value, node.limit)
    wrong = f"CASE WHEN NOT ({inside}) THEN 'out_of_range:{node.step}' END"
    return Pair(f"CASE WHEN {inside} THEN {value} END", first(operand.refusal, wrong))


def wide(node: Node, value: str) -> str:
    """Return a value computed with 128 bits where 64 could be too few."""
    return f"CAST({value} AS HUGEINT)" if bound(node) > SMALL_MAX else value


def narrow(node: Node, value: str) -> str:
    """Return a value that fits 64 bits as one of 64 bits."""
    return f"CAST({value} AS BIGINT)" if bound(node) <= SMALL_MAX else value


def divided(writer: Writer, node: Quotient) -> Pair:
    """``amount * part / whole``, rounded once."""
    amount, part, whole = writer.pairs([node.amount, node.part, node.whole])
    by = whole.value
    by_zero = None
    if not (isinstance(node.whole, Literal) and bound(node.whole) > 0):
        by = writer.once(by)
        by_zero = f"CASE WHEN {by} <= 0 THEN 'division_by_zero:{node.step}' END"
        by = f"nullif({by}, 0)"
    large = bound(node.amount) * bound(node.part) * 2 + bound(node.whole) > SMALL_MAX
    left = f"CAST({amount.value} AS HUGEINT)" if large else amount.value
    number = writer.once(f"({left} * {part.value})")
    value = _rounded(writer, number, by, node.rounding)
    if node.times is not None:
        value = f"({value} * {whole.value})"
    return Pair(narrow(node, value), first(amount.refusal, part.refusal, whole.refusal, by_zero))


def _rounded(writer: Writer, number: str, by: str, rounding: str) -> str:
    if rounding == UP:
        return f"(-{_floor(f'(-{number})', by)})"
    if rounding == NEAREST:
        return _floor(writer.once(f"({number} * 2 + {by})"), f"({by} * 2)")
    return _floor(number, by)


def _floor(number: str, by: str) -> str:
    """Divide towards minus infinity; DuckDB's own division cuts off towards zero."""
    return f"({number} // {by} - CAST({number} % {by} < 0 AS INTEGER))"


def month_later(writer: Writer, node: AddMonths) -> Pair:
    """A day so many months later, as long as the calendar reaches."""
    day, months = writer.pairs([node.day, node.months])
    start, count = writer.once(day.value), writer.once(months.value)
    index = f"(year({start}) * 12 + month({start}) - 1 + {count})"
    inside = f"{index} BETWEEN {_FIRST_MONTH} AND {_LAST_MONTH}"
    shifted = f"CAST({start} + to_months(CAST({count} AS INTEGER)) AS DATE)"
    return _shifted(day, months, inside, (shifted, "add_months"))


def day_later(writer: Writer, node: AddDays) -> Pair:
    """A day so many calendar days later, as long as the calendar reaches."""
    day, days = writer.pairs([node.day, node.days])
    start, count = writer.once(day.value), writer.once(days.value)
    index = f"(date_diff('day', {_DAY_ONE}, {start}) + {count})"
    inside = f"{index} BETWEEN 0 AND {_LAST_DAY}"
    return _shifted(day, days, inside, (f"{start} + CAST({count} AS INTEGER)", "add_days"))


def _shifted(day: Pair, count: Pair, inside: str, said: tuple[str, str]) -> Pair:
    shifted, function = said
    wrong = f"CASE WHEN NOT ({inside}) THEN 'out_of_range:{function}' END"
    value = f"CASE WHEN {inside} THEN {shifted} END"
    return Pair(value, first(day.refusal, count.refusal, wrong))


def workday_later(writer: Writer, node: AddWorkdays) -> Pair:
    """The n-th working day after a day: found by its place among the calendar's working days."""
    day, days = writer.pairs([node.day, node.days])
    start, count = writer.once(day.value), writer.once(days.value)
    calendar = node.calendar
    inside = f"{start} BETWEEN DATE '{calendar.first}' AND DATE '{calendar.last}' AND {count} >= 0"
    before, offsets = _workday_lists(calendar)
    place = f"{before}[date_diff('day', DATE '{calendar.first}', {start}) + 1]"
    place = f"{place} + CAST(least({count}, {_LAST_DAY}) AS BIGINT)"
    later = f"DATE '{calendar.first}' + {offsets}[{place}]"
    value = writer.once(
        f"CASE WHEN {inside} THEN CASE WHEN {count} = 0 THEN {start} ELSE {later} END END"
    )
    wrong = f"CASE WHEN {value} IS NULL THEN 'out_of_calendar:{calendar.name}' END"
    return Pair(value, first(day.refusal, days.refusal, wrong))


def _workday_lists(calendar: WorkCalendar) -> tuple[str, str]:
    """Return how many working days lie before and on each day, and each one's distance in days."""
    length = (calendar.last - calendar.first).days + 1
    worked = set(calendar.days)
    each_day = (calendar.first + timedelta(days=index) for index in range(length))
    before = accumulate(int(each in worked) for each in each_day)
    offsets = ((each - calendar.first).days for each in calendar.days)
    return _list_of(before), _list_of(offsets)


def _list_of(numbers: Iterable[int]) -> str:
    return f"([{', '.join(str(each) for each in numbers)}]::INTEGER[])"


def between(writer: Writer, node: Between) -> Pair:
    """The days, or the whole months, from one day to another."""
    pairs = writer.pairs([node.first, node.last])
    if node.function == "days_between":
        value = f"date_diff('day', {pairs[0].value}, {pairs[1].value})"
        return Pair(value, _refusals(pairs))
    start, end = (writer.once(each.value) for each in pairs)
    months = f"((year({end}) - year({start})) * 12 + month({end}) - month({start}))"
    short = f"CAST(least(day({start}), day(last_day({end}))) > day({end}) AS INTEGER)"
    value = f"CASE WHEN {end} < {start} THEN 0 ELSE {months} - {short} END"
    return Pair(value, _refusals(pairs))


def workdays_between(writer: Writer, node: WorkdaysBetween) -> Pair:
    """The working days after a day: how many lie before one day, less those before the other."""
    pairs = writer.pairs([node.first, node.last])
    calendar = node.calendar
    known = f"BETWEEN DATE '{calendar.first}' AND DATE '{calendar.last}'"
    start, end = (writer.once(each.value) for each in pairs)
    inside = f"({start} {known} AND {end} {known})"
    before, _ = _workday_lists(calendar)
    counts = [
        f"{before}[date_diff('day', DATE '{calendar.first}', {day}) + 1]" for day in (start, end)
    ]
    value = f"CAST(greatest(0, {counts[1]} - {counts[0]}) AS BIGINT)"
    wrong = f"CASE WHEN NOT {inside} THEN 'out_of_calendar:{calendar.name}' END"
    return Pair(f"CASE WHEN {inside} THEN {value} END", first(_refusals(pairs), wrong))


def month_of(writer: Writer, node: MonthOf) -> Pair:
    """The number of the month."""
    day = writer.pair(node.day)
    return Pair(f"month({day.value})", day.refusal)


def month_edge(writer: Writer, node: MonthEdge) -> Pair:
    """The first or the last day of a day's month."""
    day = writer.pair(node.day)
    if node.function == "month_start":
        return Pair(f"CAST(date_trunc('month', {day.value}) AS DATE)", day.refusal)
    return Pair(f"last_day({day.value})", day.refusal)


def within(writer: Writer, node: Within) -> Pair:
    """Whether a day lies in one of the spans."""
    day = writer.pair(node.day)
    value = writer.once(day.value)
    tests = [
        f"{value} BETWEEN DATE '{span.first}' AND DATE '{span.last}'" for span in node.window.spans
    ]
    return Pair(f"({' OR '.join(tests) or 'FALSE'})", day.refusal)


def _refusals(pairs: list[Pair]) -> str | None:
    return first(*(each.refusal for each in pairs))

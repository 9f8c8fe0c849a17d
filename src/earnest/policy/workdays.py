"""Which days are working days."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from earnest.policy.document import Document, Path
from earnest.policy.shape import Words
from earnest.policy.shape import WorkCalendar as WorkCalendarShape

_DAYS_MAX = 36_600
"""A calendar may know a hundred years: each of its days is listed."""
_WEEK = range(1, 8)


@dataclass(frozen=True)
class WorkCalendar:
    """The working days from the first to the last known day, in order."""

    name: str
    first: date
    last: date
    days: tuple[date, ...]
    title: Words | None = None

    def after(self, day: date, n: int) -> date | None:
        """Return the n-th working day after a day (the day itself for 0); None when unknown."""
        if n < 0 or not self.first <= day <= self.last:
            return None
        if n == 0:
            return day
        index = bisect_right(self.days, day) + n - 1
        return self.days[index] if index < len(self.days) else None

    def between(self, day: date, last: date) -> int | None:
        """Return how many working days come after a day up to another; None when unknown."""
        if not (self.first <= day <= self.last and self.first <= last <= self.last):
            return None
        return max(0, bisect_right(self.days, last) - bisect_right(self.days, day))


def compile_calendars(
    document: Document, shapes: Mapping[str, WorkCalendarShape]
) -> dict[str, WorkCalendar]:
    """Check the days of every calendar and list its working days."""
    return {name: _calendar(document, name, shape) for name, shape in shapes.items()}


def _calendar(document: Document, name: str, shape: WorkCalendarShape) -> WorkCalendar:
    path: Path = ("calendars", name)
    if not 0 <= (shape.last - shape.first).days < _DAYS_MAX:
        document.add(
            (*path, "last"),
            "date_order",
            f"{name}：末日 {shape.last} 不应早于首日 {shape.first}，也不应晚于一百年之后",
            f"{name}: the last day {shape.last} must not come before the first, {shape.first}, "
            "nor more than a hundred years after it",
        )
        return WorkCalendar(name, shape.first, shape.last, (), shape.title)
    for index, number in enumerate(shape.weekend):
        if number not in _WEEK:
            document.add(
                (*path, "weekend", index),
                "weekday",
                f"{name}：{number} 不是星期几；请写 1（星期一）到 7（星期日）",
                f"{name}: {number} is no day of the week; write 1 for Monday to 7 for Sunday",
            )
    _check_days(document, path, shape)
    closed, opened, weekend = set(shape.closed), set(shape.opened), set(shape.weekend)
    every = (shape.first + timedelta(n) for n in range((shape.last - shape.first).days + 1))
    worked = (
        day
        for day in every
        if day in opened or (day.isoweekday() not in weekend and day not in closed)
    )
    return WorkCalendar(name, shape.first, shape.last, tuple(worked), shape.title)


def _check_days(document: Document, path: Path, shape: WorkCalendarShape) -> None:
    """Note a day that is closed or opened outside the calendar, or that is named twice."""
    name = path[-1]
    seen: set[date] = set()
    for key, days in (("closed", shape.closed), ("opened", shape.opened)):
        for index, day in enumerate(days):
            if not shape.first <= day <= shape.last:
                document.add(
                    (*path, key, index),
                    "out_of_calendar",
                    f"{name}：{day} 不在 {shape.first} 到 {shape.last} 之间",
                    f"{name}: {day} does not lie between {shape.first} and {shape.last}",
                )
            if day in seen:
                document.add(
                    (*path, key, index),
                    "duplicate_day",
                    f"{name}：{day} 写了两次；一天要么休息要么上班，只写一处",
                    f"{name}: {day} is given twice; a day is closed or opened, once",
                )
            seen.add(day)

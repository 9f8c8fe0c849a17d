"""The market's calendar: days and months of Asia/Shanghai, instants as UTC microseconds.

An *instant* is an aware ``datetime`` or an integer of microseconds since 1970 (``_us``); a *day*
is a ``date`` of the market's calendar, or its integer key ``yyyymmdd``; a *month* is a
:class:`Month`. Windows are half-open, ``[from, to)``, in microseconds.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MARKET_ZONE = ZoneInfo("Asia/Shanghai")
US_PER_SECOND = 1_000_000
US_PER_HOUR = 3600 * US_PER_SECOND
US_PER_DAY = 24 * US_PER_HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class Month:
    """A natural month (自然月) of the market's calendar.

    >>> Month.parse("2025-08").last_day
    datetime.date(2025, 8, 31)
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read ``YYYY-MM``.

        Raises:
            ValueError: when the text is not a month.
        """
        match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
        if match is None or int(match[1]) < 1 or not 1 <= int(match[2]) <= 12:
            raise ValueError(f"{text!r} is not a month written YYYY-MM")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month that a day lies in."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """Its last day."""
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    def plus(self, months: int) -> "Month":
        """Return the month so many months later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


def months_between(first: Month, last: Month) -> Iterator[Month]:
    """Yield every month from first to last, both included."""
    month = first
    while month <= last:
        yield month
        month = month.plus(1)


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, clipped to the month's end.

    >>> add_months(date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    month = Month.of(day).plus(months)
    return month.first_day.replace(day=min(day.day, month.last_day.day))


def micros_of(instant: datetime) -> int:
    """Return an aware instant as microseconds since 1970, exactly.

    Raises:
        ValueError: when the instant has no zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no zone")
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(micros: int) -> datetime:
    """Return microseconds since 1970 as an aware instant in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def day_of(instant: datetime) -> date:
    """Return the market's day that an instant lies in."""
    return instant.astimezone(MARKET_ZONE).date()


def day_start(day: date) -> datetime:
    """Return the instant at which a market day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=MARKET_ZONE).astimezone(UTC)


def day_start_us(day: date) -> int:
    """Return the instant at which a market day begins, in microseconds."""
    return micros_of(day_start(day))


def day_key(day: date) -> int:
    """Return a day as the integer yyyymmdd.

    >>> day_key(date(2025, 8, 1))
    20250801
    """
    return day.year * 10_000 + day.month * 100 + day.day


def day_of_key(key: int) -> date:
    """Return the day of an integer yyyymmdd."""
    return date(key // 10_000, key // 100 % 100, key % 100)


def window_us(first: date, last: date) -> tuple[int, int]:
    """Return the half-open window of two days, both included, in microseconds."""
    return day_start_us(first), day_start_us(last + timedelta(days=1))

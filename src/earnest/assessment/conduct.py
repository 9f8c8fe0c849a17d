"""Which days of a month are conduct under a rule: never a day before it was in force."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from earnest.kernel.calendar import Month, day_start


@dataclass(frozen=True)
class Window:
    """Days of conduct, both included."""

    first: date
    last: date


def month_window(month: Month, in_force_from: date) -> Window | None:
    """Return the days of a month under a rule; none when the rule came later.

    Clauses: S3-7.1a, S3-7.1b, S0-4.
    """
    if month.last_day < in_force_from:
        return None
    return Window(max(month.first_day, in_force_from), month.last_day)


def trailing_window(month: Month, days: int, in_force_from: date) -> Window | None:
    """Return the last so many days up to a month's end, as far as the rule was in force."""
    if month.last_day < in_force_from:
        return None
    return Window(max(month.last_day - timedelta(days=days - 1), in_force_from), month.last_day)


def settled_at(month: Month, settling_days: int) -> datetime:
    """Return the instant from which on a month's figures are final."""
    return day_start(month.last_day + timedelta(days=1 + settling_days))

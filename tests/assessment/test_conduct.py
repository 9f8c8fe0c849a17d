"""Conduct is judged by the rule that was in force when it happened."""

from datetime import date

import pytest

from earnest.assessment.conduct import Window, month_window, settled_at, trailing_window
from earnest.kernel.calendar import MARKET_ZONE, Month

IN_FORCE = date(2025, 7, 19)


@pytest.mark.clause("S0-4", "S3-7.1a", "S3-7.1b")
@pytest.mark.parametrize(
    ("month", "window"),
    [
        ("2025-06", None),
        ("2025-07", Window(date(2025, 7, 19), date(2025, 7, 31))),
        ("2025-08", Window(date(2025, 8, 1), date(2025, 8, 31))),
    ],
)
def test_days_before_the_rule_are_not_conduct_under_it(month: str, window: Window | None) -> None:
    """A month is clipped to the days on which the rule was in force."""
    assert month_window(Month.parse(month), IN_FORCE) == window


@pytest.mark.clause("S0-2.2.1e")
def test_the_quality_window_is_thirty_days_and_never_reaches_behind_the_rule() -> None:
    """Thirty days up to the month's end, both included; in the first month only the ruled ones."""
    assert trailing_window(Month(2025, 8), 30, IN_FORCE) == Window(
        date(2025, 8, 2), date(2025, 8, 31)
    )
    assert trailing_window(Month(2025, 7), 30, IN_FORCE) == Window(IN_FORCE, date(2025, 7, 31))
    assert trailing_window(Month(2025, 6), 30, IN_FORCE) is None


def test_a_month_is_final_some_days_after_its_end() -> None:
    """Three settling days after August is midnight of 4 September in Shanghai."""
    at = settled_at(Month(2025, 8), 3).astimezone(MARKET_ZONE)
    assert (at.month, at.day, at.hour) == (9, 4, 0)

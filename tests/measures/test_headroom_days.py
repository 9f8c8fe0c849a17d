"""Days to a breach and back are exact counts at a stated pace, and move the right way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.measures.headroom import (
    MILLION,
    Against,
    Pace,
    against,
    days_to_breach,
    days_to_recover,
    projected,
)

counts = st.integers(0, 5_000).flatmap(lambda all_: st.tuples(st.integers(0, all_), st.just(all_)))
allowances = st.integers(0, MILLION)
paces = st.tuples(st.integers(1, 14), counts).map(lambda it: Pace(it[0], *it[1]))
rates = st.tuples(counts, allowances).map(lambda it: Against(*it[0], it[1]))


def _holds_after(rate: Against, pace: Pace, days: int) -> bool:
    return projected(rate, pace, days).slack >= 0


@pytest.mark.clause("S0-2.1-ship48", "S0-2.2.1e")
@given(rates, paces)
def test_the_line_breaks_on_that_day_and_on_none_before(rate: Against, pace: Pace) -> None:
    """The day before the line still holds, on the day it does not; never means never."""
    days = days_to_breach(rate, pace)
    if days is None:
        assert _holds_after(rate, pace, 0)
        assert _holds_after(rate, pace, 10_000)
    elif days == 0:
        assert rate.slack < 0
    else:
        assert not _holds_after(rate, pace, days)
        assert _holds_after(rate, pace, days - 1)


@pytest.mark.clause("S0-2.1-ship48", "S0-2.2.1e")
@given(rates, paces, st.integers(1, 50))
def test_more_bad_cases_never_give_more_days(rate: Against, pace: Pace, more: int) -> None:
    """A worse rate, or a worse pace of the same volume, breaks the line no later."""
    never = 10**30

    def days(one: Against, at: Pace) -> int:
        found = days_to_breach(one, at)
        return never if found is None else found

    worse_rate = Against(rate.bad + more, rate.total + more, rate.allowed_ppm)
    worse_pace = Pace(pace.days, min(pace.bad + more, pace.total), pace.total)
    assert days(worse_rate, pace) <= days(rate, pace)
    assert days(rate, worse_pace) <= days(rate, pace)


@given(st.integers(0, 100_000), paces)
def test_the_missing_cases_have_come_on_that_day_and_not_before(missing: int, pace: Pace) -> None:
    """So many days at the volume bring at least what is missing; a day less does not."""
    days = days_to_recover(missing, pace)
    if days is None:
        assert pace.total == 0
        return
    assert pace.total * days >= missing * pace.days
    assert days == 0 or pace.total * (days - 1) < missing * pace.days


def test_nothing_brings_back_what_no_case_can() -> None:
    """Where each request binds there are no days to wait for, and without cases neither."""
    assert days_to_recover(None, Pace(7, 0, 100)) is None
    assert days_to_recover(5, Pace(7, 0, 0)) is None


@given(counts, st.integers(0, MILLION))
def test_both_directions_are_one_arithmetic(counted: tuple[int, int], target: int) -> None:
    """A rate meets its line exactly when what speaks against the party is within the allowance."""
    numerator, denominator = counted
    at_least = numerator * MILLION >= target * denominator
    assert (against(numerator, denominator, target, "at_least").slack >= 0) is at_least
    at_most = numerator * MILLION <= target * denominator
    assert (against(numerator, denominator, target, "at_most").slack >= 0) is at_most

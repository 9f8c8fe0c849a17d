"""Headroom is an exact count of orders; a rate is never written so that a breach looks met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.measures.headroom import MILLION, Headroom, headroom, line_text, rate_text

counts = st.integers(0, 10_000).flatmap(lambda paid: st.tuples(st.integers(0, paid), st.just(paid)))
targets = st.integers(1, MILLION - 1)


def _met(numerator: int, denominator: int, target: int) -> bool:
    return numerator * MILLION >= target * denominator


@pytest.mark.clause("S0-2.1-ship48")
@given(counts, targets)
def test_late_orders_to_spare_are_exact(rate: tuple[int, int], target: int) -> None:
    """With the spare late orders the rate still holds, and with one more it does not."""
    picked, paid = rate
    left = headroom(picked, paid, target, "at_least")
    if _met(picked, paid, target):
        assert _met(picked, paid + left.spare, target)
        assert not _met(picked, paid + left.spare + 1, target)
    else:
        assert left.spare == 0
        assert left.missing is not None
        assert _met(picked + left.missing, paid + left.missing, target)
        assert not _met(picked + left.missing - 1, paid + left.missing - 1, target)


@pytest.mark.clause("S0-2.2.1e")
@given(counts, targets)
def test_quality_refunds_to_spare_are_exact(rate: tuple[int, int], target: int) -> None:
    """With the spare refunds the rate still holds, and with one more it does not."""
    quality, signed = rate
    left = headroom(quality, signed, target, "at_most")
    if quality * MILLION <= target * signed:
        assert (quality + left.spare) * MILLION <= target * signed
        assert (quality + left.spare + 1) * MILLION > target * signed
    else:
        assert left.missing is not None
        assert quality * MILLION <= target * (signed + left.missing)
        assert quality * MILLION > target * (signed + left.missing - 1)


@pytest.mark.clause("S0-2.1-ship48")
def test_the_rule_s_own_line() -> None:
    """97 of 100 has nothing to spare, 98 of 100 one order, 969 of 1000 lacks 34."""
    assert headroom(97, 100, 970_000, "at_least") == Headroom(0, 0)
    assert headroom(98, 100, 970_000, "at_least") == Headroom(1, 0)
    assert headroom(969, 1000, 970_000, "at_least") == Headroom(0, 34)


@pytest.mark.clause("S0-2.1-as1", "S0-2.1-as2", "S0-2.1-as3", "S0-2.1-as4")
def test_where_each_request_binds_nothing_makes_good() -> None:
    """At a line of 100 % a missed request cannot be made good within the period."""
    assert headroom(9, 10, MILLION, "at_least") == Headroom(0, None)
    assert headroom(10, 10, MILLION, "at_least") == Headroom(0, 0)


def test_a_line_of_nothing_at_all() -> None:
    """At a line of 0 % of bad orders one bad order cannot be made good."""
    assert headroom(1, 10, 0, "at_most") == Headroom(0, None)


@given(counts, targets)
def test_a_written_rate_never_hides_a_breach(rate: tuple[int, int], target: int) -> None:
    """A breached rate is written on the wrong side of a line of whole hundredths of a percent."""
    numerator, denominator = rate
    line = target // 100 * 100
    if denominator and not _met(numerator, denominator, line):
        written = rate_text(numerator, denominator, "at_least")
        assert int(written[:-1].replace(".", "")) * 100 < line
    if denominator and numerator * MILLION > line * denominator:
        written = rate_text(numerator, denominator, "at_most")
        assert int(written[:-1].replace(".", "")) * 100 > line


def test_lines_are_written_short() -> None:
    """Whole percents have no decimals, parts of them only what is needed."""
    assert line_text(970_000, "at_least") == "≥ 97%"
    assert line_text(5_000, "at_most") == "≤ 0.5%"
    assert rate_text(0, 0, "at_least") == "–"

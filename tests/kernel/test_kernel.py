"""Money, calendar, ids and hashing: the small things everything rests on."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.kernel.calendar import (
    MARKET_ZONE,
    Month,
    add_months,
    day_of,
    day_start,
    instant_of,
    micros_of,
    months_between,
    window_us,
)
from earnest.kernel.hashing import canonical_json, digest
from earnest.kernel.ids import event_id, uuid7_for
from earnest.kernel.money import fen_of_yuan, percent, yuan

instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_money_is_read_as_it_is_written(fen: int) -> None:
    """An amount written in yuan and read again is the same number of fen."""
    assert fen_of_yuan(yuan(fen).replace(",", "")) == fen


@pytest.mark.parametrize("text", ["1.234", "1e3", "", "abc", "￥5", "1,000", "٣"])
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    """Three decimals, exponents, signs of currency and separators are no amounts."""
    with pytest.raises(ValueError, match="not an amount"):
        fen_of_yuan(text)


def test_a_percentage_is_never_rounded_up_to_a_threshold() -> None:
    """A rate just below 97 % shows as less than 97 %."""
    assert percent(96_999_999, 100_000_000) == "96.99%"
    assert percent(97, 100) == "97.00%"


@given(instants)
def test_an_instant_survives_the_way_through_microseconds(instant: datetime) -> None:
    """Microseconds since 1970 are exact both ways, also far from 1970."""
    assert instant_of(micros_of(instant)) == instant


def test_an_instant_without_a_zone_is_refused() -> None:
    """A time without a zone has no place in the market's calendar."""
    with pytest.raises(ValueError, match="has no zone"):
        micros_of(datetime(2025, 8, 1))  # noqa: DTZ001 - that is the case


@given(instants)
def test_a_day_begins_at_midnight_in_shanghai(instant: datetime) -> None:
    """Every instant lies between the start of its day and the start of the next."""
    day = day_of(instant)
    assert day_start(day) <= instant < day_start(day + timedelta(days=1))
    assert day_start(day).astimezone(MARKET_ZONE).hour == 0


def test_the_last_instant_of_a_month_lies_in_it() -> None:
    """23:59:59.6 on the last of the month is still that month; the window is half-open."""
    last = datetime(2025, 8, 31, 23, 59, 59, 600_000, tzinfo=MARKET_ZONE)
    first_us, end_us = window_us(date(2025, 8, 1), date(2025, 8, 31))
    assert first_us <= micros_of(last) < end_us
    assert end_us == micros_of(last) + 400_000


@pytest.mark.clause("S0-3.4")
def test_six_months_later_is_clipped_to_the_months_end() -> None:
    """The same day six months later does not run over into the next month."""
    assert add_months(date(2025, 8, 31), 6) == date(2026, 2, 28)
    assert add_months(date(2023, 8, 31), 6) == date(2024, 2, 29)


def test_months_follow_each_other_over_the_year() -> None:
    """A run of months has no gap at New Year, and what is no month is refused."""
    run = [str(month) for month in months_between(Month(2025, 11), Month(2026, 2))]
    assert run == ["2025-11", "2025-12", "2026-01", "2026-02"]
    for written in ("2025-13", "0000-01", "2025-1", "٢٠٢٥-01"):
        with pytest.raises(ValueError, match="is not a month"):
            Month.parse(written)


def test_ids_are_the_same_however_often_they_are_made() -> None:
    """Event ids and UUIDv7 of the same natural key are equal; another key gives another id."""
    at = datetime(2025, 9, 4, tzinfo=UTC)
    assert event_id("urn:a", "k") == event_id("urn:a", "k") != event_id("urn:b", "k")
    made = uuid7_for(at, "shop", "S1")
    assert made == uuid7_for(at, "shop", "S1")
    assert made != uuid7_for(at, "sho", "pS1")
    assert made.version == 7
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_later_uuid7_sort_behind_earlier_ones() -> None:
    """Ids sort by the time they stand for."""
    at = datetime(2025, 9, 4, tzinfo=UTC)
    assert uuid7_for(at, "z") < uuid7_for(at + timedelta(milliseconds=1), "a")


def test_a_float_has_no_place_in_a_receipt() -> None:
    """Canonical JSON refuses floats wherever they stand."""
    with pytest.raises(TypeError, match="float"):
        canonical_json({"rate": [0.97]})


def test_the_canonical_form_does_not_depend_on_the_order_of_keys() -> None:
    """The same facts have the same hash in whatever order they were gathered."""
    assert digest({"b": 1, "a": date(2025, 8, 1)}) == digest({"a": "2025-08-01", "b": 1})
    assert canonical_json({"店": "甲"}) == '{"店":"甲"}'

"""Slots: every instant lies in exactly one, and they follow one another without a gap."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.kernel.calendar import day_of
from earnest.work.jobs import JOBS
from earnest.work.schedule import DailyAt, Every
from earnest.work.worker import next_due

SCHEDULES = (Every(15), Every(60), Every(7), DailyAt(0), DailyAt(2), DailyAt(23))
INSTANTS = st.datetimes(datetime(2024, 12, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is the strategy's


@given(st.sampled_from(SCHEDULES), INSTANTS)
def test_an_instant_lies_in_one_slot(schedule: Every | DailyAt, now: datetime) -> None:
    """The slot begins at or before the instant, the next one after it, and each names itself."""
    slot = schedule.slot(now)
    following = schedule.after(slot)
    assert slot <= now < following
    assert schedule.slot(slot) == slot == schedule.slot(following - timedelta(microseconds=1))
    assert schedule.slot(following) == following


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        (Every(15), "2025-09-01T15:59", "2025-09-01T15:45"),
        (Every(60), "2025-09-01T16:00", "2025-09-01T16:00"),
        (DailyAt(2), "2025-09-01T18:00", "2025-09-01T18:00"),
        (DailyAt(2), "2025-09-01T17:59", "2025-08-31T18:00"),
    ],
)
def test_slots_follow_the_market_day(schedule: Every | DailyAt, now: str, slot: str) -> None:
    """Two o'clock in Shanghai is 18:00 UTC of the day before."""
    read = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, slot)]
    assert schedule.slot(read[0]) == read[1]


def test_an_odd_step_begins_anew_with_each_day() -> None:
    """Seven minutes do not divide a day: the last slot is cut short, and midnight begins one."""
    last = datetime(2025, 9, 1, 15, 59, tzinfo=UTC)
    after = Every(7).after(Every(7).slot(last))
    assert after == datetime(2025, 9, 1, 16, tzinfo=UTC)
    assert day_of(after) > day_of(last)


def test_the_table_of_jobs() -> None:
    """Each name stands once; the look at the invariants comes behind what puts things right."""
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    assert {"quick_verify", "day", "holds_expire", "seal"} <= set(names)
    assert names[-1] == "quick_verify"
    now = datetime(2025, 9, 1, 4, 29, tzinfo=UTC)
    assert next_due(now) <= now + timedelta(minutes=15)

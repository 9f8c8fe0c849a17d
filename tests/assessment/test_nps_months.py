"""What of a month counts on the ladder, and by which mark."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earnest.assessment.nps_months import Delistings, delistings, month_counts, month_values
from earnest.authoring.amending import NewValue, value_added
from earnest.kernel.calendar import Month
from earnest.policy import load_pack_text
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import SUPPLY_MARKET, packs_shipped

TENANT = "nps-months"
OCTOBER = Month(2025, 10)
NOBODY = Delistings()


@dataclass(frozen=True)
class Score:
    """A month's composite, as the ladder reads it."""

    window_to: date
    points: int
    answers: int
    sample: int


def pack() -> Any:
    """Return the supply-market pack."""
    return packs_shipped()[SUPPLY_MARKET]


def delisted(starts: str, ends: str | None, measure: str = "delist", capability: str = "a") -> None:
    """Restrict P1 from one Shanghai noon to another."""
    Restriction.objects.create(
        id=uuid4(),
        tenant_id=TENANT,
        subject_kind="provider",
        subject_id="P1",
        measure=measure,
        capability=capability,
        rulebook=SUPPLY_MARKET,
        clause="S0-2.2.5-5b",
        decision_id=uuid4(),
        starts_at=datetime.fromisoformat(f"{starts}T12:00:00+08:00"),
        release=[],
        released_at=datetime.fromisoformat(f"{ends}T12:00:00+08:00") if ends else None,
    )


@pytest.mark.clause("S0-2.2.5-2")
@pytest.mark.parametrize(
    ("sample", "answers", "why"),
    [(5, 25, ""), (4, 20, "too_few_answers"), (5, 0, "too_few_answers")],
)
def test_a_month_needs_enough_answers(sample: int, answers: int, why: str) -> None:
    """Five respondents, and something to divide by."""
    score = Score(OCTOBER.last_day, 100, answers, sample)
    (value,) = month_values(pack(), "P1", [score], NOBODY)
    assert value.why == why
    assert value.entry == [OCTOBER.last_day, None if why else {"points": 100, "answers": answers}]


@pytest.mark.clause("S0-2.2.5-1", "S0-2.2.5-5b")
def test_a_month_delisted_throughout_does_not_count(db: None) -> None:
    """31 of 31 days pause the ladder, 30 do not; the day of listing again is not off."""
    delisted("2025-10-01", "2025-11-01")
    delisted("2025-10-01", "2025-11-01", capability="b")
    off = delistings(TENANT, OCTOBER.last_day)
    assert off.days("P1", OCTOBER) == 31
    score = Score(OCTOBER.last_day, 100, 50, 10)
    assert [each.why for each in month_values(pack(), "P1", [score], off)] == ["delisted"]
    assert [each.why for each in month_values(pack(), "P2", [score], off)] == [""]
    assert month_counts(pack(), OCTOBER.last_day, 10, 30) == ""


def test_only_delisting_counts_and_overlaps_count_once(db: None) -> None:
    """Hidden is not delisted; two causes on one day are one day; an open end lasts to the day."""
    delisted("2025-09-20", "2025-10-06")
    delisted("2025-10-04", "2025-10-08")
    delisted("2025-10-10", None, measure="hide")
    delisted("2025-10-30", None)
    off = delistings(TENANT, OCTOBER.last_day)
    assert off.days("P1", OCTOBER) == 5 + 2 + 2
    assert off.days("P1", Month(2025, 9)) == 11
    assert delistings(TENANT, OCTOBER.last_day, ["P2"]).spans == {}


DAYS = st.integers(0, 91).map(lambda day: date.fromordinal(date(2025, 9, 1).toordinal() + day))


@given(st.lists(st.tuples(DAYS, DAYS), max_size=5))
def test_days_off_are_counted_as_days(spans: list[tuple[date, date]]) -> None:
    """The count is that of the days that lie in any span."""
    days = {
        ordinal
        for first, until in spans
        for ordinal in range(first.toordinal(), until.toordinal())
        if Month.of(date.fromordinal(ordinal)) == OCTOBER
    }
    assert Delistings({"P1": spans}).days("P1", OCTOBER) == len(days)


def moved(floor_tenths: int) -> Any:
    """Return the pack with another mark from 1 January 2026 on."""
    new = NewValue(date(2026, 1, 1), floor_tenths, "S0-2.2.5-5a", "S0")
    return load_pack_text(value_added(pack().text, "nps_floor", new))


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-scope")
@pytest.mark.parametrize(
    ("floor", "december", "january", "streak"),
    [
        (60, 65, None, 1),
        (60, 65, 65, 0),
        (60, 65, 59, 2),
        (60, 70, 60, 0),
        (80, 75, 75, 1),
        (80, 69, 79, 2),
    ],
)
def test_each_month_is_judged_by_its_own_mark(
    floor: int, december: int, january: int | None, streak: int
) -> None:
    """The mark moves on 1 January: December is held against 7.0 whenever it is looked at."""
    months = [[date(2025, 12, 31), {"points": december, "answers": 1}]]
    if january is not None:
        months.append([date(2026, 1, 31), {"points": january, "answers": 1}])
    facts = {"assessed_on": months[-1][0], "months": months}
    assert moved(floor).evaluate("nps_ladder", facts).result["streak"] == streak


def test_an_instant_in_another_zone_is_a_market_day(db: None) -> None:
    """Half past four in the afternoon of UTC is the next day in Shanghai."""
    delisted("2025-10-01", "2025-10-02")
    Restriction.objects.filter(tenant_id=TENANT).update(
        released_at=datetime(2025, 10, 3, 16, 30, tzinfo=UTC)
    )
    assert delistings(TENANT, OCTOBER.last_day).days("P1", OCTOBER) == 3

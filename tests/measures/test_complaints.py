"""Complaints: answered within two days, handled within five, and how many came up."""

from pathlib import Path

import pytest

from earnest.kernel.calendar import US_PER_DAY
from tests.measures.asking import Asked
from tests.measures.scene import instant
from tests.measures.service import Service

pytestmark = pytest.mark.clause("S0-2.2.3b")
NAME = "complaints"
AT = "2025-08-05 10:00:00"


@pytest.mark.parametrize(
    ("answered", "handled", "why"),
    [
        ("2025-08-07 09:59:59", "2025-08-10 09:59:59", "handled_in_time"),
        ("2025-08-07 10:00:00", "2025-08-09 10:00:00", "answered_late"),
        ("2025-08-06 10:00:00", "2025-08-10 10:00:00", "handled_late"),
        ("2025-08-06 10:00:00", None, "not_handled"),
        (None, None, "answered_late"),
        (None, "2025-08-06 10:00:00", "handled_in_time"),
    ],
)
def test_less_than_two_days_to_answer_and_five_to_handle(
    tmp_path: Path, answered: str | None, handled: str | None, why: str
) -> None:
    """Waiting the days in full is late; a decision is an answer as well."""
    scene = Service()
    scene.case("C1", "opened", AT)
    if answered:
        scene.case("C1", "responded", answered)
    if handled:
        scene.case("C1", "decided", handled)
    asked = Asked(scene, tmp_path)
    assert asked.why(NAME, "P1") == {"C1": why}
    assert asked.counts(NAME) == {"P1": (int(why != "handled_in_time"), 1, 1, 0)}


def test_interventions_are_counted_in_the_month_they_come_up(tmp_path: Path) -> None:
    """One opened in July counts in August only by its wait; a reopened one is another."""
    scene = Service()
    scene.case("old", "opened", "2025-07-30 10:00:00")
    scene.case("late", "opened", "2025-08-31 23:59:59")
    scene.case("again", "opened", AT)
    scene.case("again", "closed", "2025-08-06 10:00:00")
    scene.case("again", "reopened", "2025-08-07 10:00:00")
    scene.case("appeal", "opened", AT, case_kind="appeal")
    [figure] = Asked(scene, tmp_path).figures(NAME, as_of=instant("2025-09-08 00:00:00"))
    assert figure.dimensions["interventions"] == 3
    assert (figure.numerator, figure.denominator) == (2, 3)  # "late" falls due in September
    assert figure.dimensions["still_open"] == 3


def test_the_longest_wait_is_told_as_of_the_months_end(tmp_path: Path) -> None:
    """An open complaint waits until the end of the window, not until the day of looking."""
    scene = Service()
    scene.case("C1", "opened", "2025-08-22 00:00:00")
    scene.case("C1", "responded", "2025-08-25 00:00:00")
    scene.case("C2", "opened", "2025-08-30 12:00:00")
    [figure] = Asked(scene, tmp_path).figures(NAME)
    assert figure.dimensions["longest_unanswered_us"] == 3 * US_PER_DAY
    assert figure.dimensions["longest_unhandled_us"] == 10 * US_PER_DAY


def test_a_complaint_names_whom_it_is_against(tmp_path: Path) -> None:
    """Without a provider in the envelope the one it was opened against answers for it."""
    scene = Service()
    scene.case("C1", "opened", AT, provider_id=None, opened_against="P9")
    assert set(Asked(scene, tmp_path).counts(NAME)) == {"P9"}

"""The share of merchants' questions answered by a person within three minutes."""

from pathlib import Path

import pytest

from tests.measures.asking import Asked
from tests.measures.scene import instant
from tests.measures.service import Service

pytestmark = pytest.mark.clause("S0-2.1-cs3", "S0-2.2.3a")
NAME = "reply3min"


def test_three_minutes_are_in_time_and_one_second_more_is_late(tmp_path: Path) -> None:
    """The third minute still counts; a second after it does not."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "provider_agent", "2025-08-05 10:03:00")
    scene.says("B", "merchant", "2025-08-05 10:00:00")
    scene.says("B", "supplier_agent", "2025-08-05 10:03:01")
    scene.says("C", "merchant", "2025-08-05 10:00:00")
    asked = Asked(scene, tmp_path)
    assert asked.counts(NAME) == {"P1": (1, 3, 3, 0)}
    assert asked.why(NAME, "P1") == {
        "A": "answered_in_time",
        "B": "answered_late",
        "C": "not_answered",
    }


def test_a_question_ends_with_its_answer(tmp_path: Path) -> None:
    """What a merchant says before an answer is one question; what comes after it is another."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "merchant", "2025-08-05 10:02:59")
    scene.says("A", "system", "2025-08-05 10:02:59")
    scene.says("A", "provider_agent", "2025-08-05 10:03:00.000001")
    scene.says("A", "provider_agent", "2025-08-05 10:03:30")
    scene.says("A", "merchant", "2025-08-05 10:10:00")
    scene.says("A", "provider_agent", "2025-08-05 10:13:00", provider=None)
    rows = Asked(scene, tmp_path).contributions(NAME, "provider", "P1")
    assert [(row["why"], row["numerator"]) for row in rows] == [
        ("answered_late", 0),
        ("answered_in_time", 1),
    ]


@pytest.mark.parametrize(("robots", "numerator"), [(0, 0), (1, 1)])
def test_a_robots_answer_counts_only_where_the_rule_lets_it(
    tmp_path: Path, robots: int, numerator: int
) -> None:
    """A robot, or an agent's automatic greeting, is no answer unless robots count."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "provider_agent", "2025-08-05 10:00:01", is_auto=True)
    scene.says("A", "provider_bot", "2025-08-05 10:00:02")
    asked = Asked(scene, tmp_path)
    [figure] = asked.figures(NAME, robots=robots)
    assert (figure.numerator, figure.denominator) == (numerator, 1)
    assert figure.dimensions["only_a_robot"] == 1 - robots


@pytest.mark.parametrize(
    ("asked_at", "answered_at", "why"),
    [
        ("2025-08-05 08:00:00", "2025-08-05 08:03:00", "answered_in_time"),
        ("2025-08-05 07:59:59.999999", "2025-08-05 08:03:00", "answered_in_time"),
        ("2025-08-05 00:00:00", "2025-08-05 08:03:00.000001", "answered_late"),
        ("2025-08-05 23:59:59.999999", "2025-08-06 00:02:59.999999", "answered_in_time"),
        ("2025-08-05 23:59:59.999999", "2025-08-06 00:03:00", "answered_late"),
    ],
)
def test_a_question_at_night_waits_for_the_opening(
    tmp_path: Path, asked_at: str, answered_at: str, why: str
) -> None:
    """Service is from 8 to 24: at night the clock starts at eight, and late at night it runs on."""
    scene = Service()
    scene.says("A", "merchant", asked_at)
    scene.says("A", "provider_agent", answered_at)
    assert Asked(scene, tmp_path).why(NAME, "P1") == {"A": why}


def test_a_question_after_closing_waits_for_the_next_day(tmp_path: Path) -> None:
    """With hours from 9 to 18 the clock of 18:00 starts at nine; or it does not count at all."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 18:00:00")
    scene.says("A", "provider_agent", "2025-08-06 09:03:00")
    asked = Asked(scene, tmp_path)
    [row] = asked.contributions(NAME, "provider", "P1", opens=9, closes=18)
    assert (row["numerator"], row["outside_hours"]) == (1, 1)
    assert row["started_at"] == instant("2025-08-06 09:00:00")
    [left] = asked.figures(NAME, opens=9, closes=18, left_out=1)
    assert (left.denominator, left.state, left.dimensions["outside_hours"]) == (
        0,
        "not_assessable",
        1,
    )


def test_a_young_question_is_pending(tmp_path: Path) -> None:
    """Before its three minutes are over a question is neither hit nor miss."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "provider_agent", "2025-08-05 10:01:00")
    asked = Asked(scene, tmp_path)
    early = instant("2025-08-05 10:02:59.999999")
    assert asked.counts(NAME, as_of=early) == {"P1": (0, 0, 0, 1)}
    assert asked.counts(NAME, as_of=instant("2025-08-05 10:03:00")) == {"P1": (1, 1, 1, 0)}


def test_a_session_counts_from_one_source(tmp_path: Path) -> None:
    """Where its messages are there the sum of a session does not count; without them it does."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "provider_agent", "2025-08-05 10:09:00")
    scene.session("A", "2025-08-05 10:00:00", "2025-08-05 10:01:00")
    scene.session("B", "2025-08-05 10:00:00", "2025-08-05 10:03:00")
    scene.session("C", "2025-08-05 10:00:00", "2025-08-05 10:03:00.000001")
    scene.session("D", "2025-08-05 10:00:00", None)
    asked = Asked(scene, tmp_path)
    assert asked.counts(NAME) == {"P1": (1, 4, 4, 0)}
    assert asked.why(NAME, "P1") == {
        "A": "answered_late",
        "B": "answered_in_time",
        "C": "answered_late",
        "D": "not_answered",
    }


def test_a_summed_session_counts_as_far_as_it_is_told(tmp_path: Path) -> None:
    """`answered` of the `inquiries` within a time that is short enough; else the first alone."""
    scene = Service()
    at, reply = "2025-08-05 10:00:00", "2025-08-05 10:01:00"
    scene.session("A", at, reply, inquiries=10, answered=8, answered_within_s=180)
    scene.session("B", at, reply, inquiries=10, answered=9, answered_within_s=181)
    scene.session("C", at, reply, inquiries=0)
    scene.session("D", at, None, version="1")
    scene.session("D", at, reply, version="2")
    [figure] = Asked(scene, tmp_path).figures(NAME)
    assert (figure.numerator, figure.denominator) == (8 + 1 + 1, 10 + 1 + 1)
    assert figure.dimensions["not_told"] == 9


def test_words_after_the_end_of_a_session_are_no_question(tmp_path: Path) -> None:
    """What a merchant says once the session is resolved is shown, and asks for no answer."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.says("A", "provider_agent", "2025-08-05 10:01:00", resolved_us="2025-08-05 10:05:00")
    scene.says("A", "merchant", "2025-08-05 10:05:00")
    [figure] = Asked(scene, tmp_path).figures(NAME)
    assert (figure.numerator, figure.denominator) == (1, 1)
    assert figure.dimensions["after_resolution"] == 1


def test_the_95th_percentile_is_over_the_answered_questions(tmp_path: Path) -> None:
    """Nearest rank: of twenty answers the nineteenth; one never answered is not among them."""
    scene = Service()
    for number in range(1, 21):
        scene.says(f"S{number}", "merchant", "2025-08-05 10:00:00")
        scene.says(f"S{number}", "provider_agent", f"2025-08-05 10:00:{number:02d}")
    scene.says("never", "merchant", "2025-08-05 10:00:00")
    [figure] = Asked(scene, tmp_path).figures(NAME)
    assert figure.dimensions["p95_us"] == 19_000_000


def test_a_retracted_answer_is_gone(tmp_path: Path) -> None:
    """An answer that did not happen answers nothing."""
    scene = Service()
    scene.says("A", "merchant", "2025-08-05 10:00:00")
    scene.retract("service_message", scene.says("A", "provider_agent", "2025-08-05 10:01:00"))
    assert Asked(scene, tmp_path).why(NAME, "P1") == {"A": "not_answered"}

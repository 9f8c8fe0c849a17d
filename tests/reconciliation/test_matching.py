"""What shares a number belongs together, and agrees or not by amount and day."""

from datetime import date
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.reconciliation.matching import Booked, Told, grouped

DAYS = st.integers(1, 3).map(lambda day: date(2025, 9, day))
NUMBERS = st.frozensets(st.sampled_from("abcdef"), min_size=1, max_size=3)
SIDE = st.lists(st.tuples(DAYS, st.integers(-3, 3), NUMBERS), max_size=6)


def _sides(
    told: list[tuple[date, int, frozenset[str]]], booked: list[tuple[date, int, frozenset[str]]]
) -> tuple[list[Told], list[Booked]]:
    return (
        [
            Told(line_id=at, on=on, amount_fen=fen, numbers=names, our_no="", institution_no="")
            for at, (on, fen, names) in enumerate(told)
        ],
        [
            Booked(
                transfer_id=UUID(int=at), on=on, amount_fen=fen, numbers=names, our_no="",
                institution_no="",
            )
            for at, (on, fen, names) in enumerate(booked)
        ],
    )  # fmt: skip


# A busy machine draws slowly; what is drawn is small.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(told=SIDE, booked=SIDE)
def test_every_movement_is_in_one_group_and_groups_share_no_number(
    told: list[tuple[date, int, frozenset[str]]], booked: list[tuple[date, int, frozenset[str]]]
) -> None:
    """Nothing is lost or counted twice, and an agreeing group has equal sums."""
    lines, entries = _sides(told, booked)
    groups = grouped(lines, entries)
    assert sorted(each.line_id for group in groups for each in group.told) == list(
        range(len(lines))
    )
    assert sum(len(group.booked) for group in groups) == len(entries)
    names = [number for group in groups for number in group.numbers]
    assert len(names) == len(set(names))
    for group in groups:
        if group.outcome in {"matched", "day_differs"}:
            assert group.institution_fen == group.books_fen or not group.told
        else:
            assert (group.institution_fen != group.books_fen) or not group.booked


def test_the_outcomes() -> None:
    """One of each: agrees, another day, another amount, one side alone."""
    first, second = date(2025, 9, 1), date(2025, 9, 2)
    lines, entries = _sides(
        [
            (first, 5, frozenset("a")),
            (first, 5, frozenset("b")),
            (first, 5, frozenset("c")),
            (first, 5, frozenset("d")),
            (first, 6, frozenset("f")),
            (first, -1, frozenset("f")),
        ],
        [
            (first, 5, frozenset("a")),
            (second, 5, frozenset("b")),
            (first, 4, frozenset("c")),
            (first, 5, frozenset("e")),
            (first, 5, frozenset("fg")),
            (first, 3, frozenset("h")),
            (second, -3, frozenset("h")),
        ],
    )
    outcomes = {min(group.numbers): group.outcome for group in grouped(lines, entries)}
    assert outcomes == {
        "a": "matched",
        "b": "day_differs",
        "c": "amount_differs",
        "d": "only_institution",
        "e": "only_books",
        "f": "matched",
        "h": "matched",
    }

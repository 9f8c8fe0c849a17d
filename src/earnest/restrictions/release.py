"""When a restriction ends: conditions joined by all-of, each either met or still open.

A condition may itself be a choice of several, ``any_of``: it is met as soon as one of them is.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal, NotRequired, Protocol, TypedDict

from earnest.kernel.calendar import day_of
from earnest.market.queries import Subject


class Condition(TypedDict):
    """A day to reach, a deposit topped up, nothing owed, an application made, or any one of such.

    ``time`` has ``on``; ``any_of`` has ``conditions``.
    """

    kind: Literal["time", "topped_up", "nothing_owed", "application", "any_of"]
    on: NotRequired[str]
    conditions: NotRequired[list["Condition"]]


class Releasable(Protocol):
    """What a condition is held against."""

    subject_kind: str
    subject_id: str
    release: list[Condition]
    applied_at: datetime | None


def is_met(
    condition: Condition,
    row: Releasable,
    short: set[Subject],
    now: datetime,
    *,
    owing: set[Subject] | None = None,
) -> bool:
    """Tell whether one condition of a restriction holds at an instant.

    Takes:
        short: the subjects whose deposit is below what they must hold.
        owing: the subjects with a claim on them; None where that was not looked up, and then
            ``nothing_owed`` does not hold.
    """
    subject = (row.subject_kind, row.subject_id)
    match condition["kind"]:
        case "any_of":
            choices = condition["conditions"]
            return any(is_met(each, row, short, now, owing=owing) for each in choices)
        case "time":
            return day_of(now) >= date.fromisoformat(condition["on"])
        case "topped_up":
            return subject not in short
        case "nothing_owed":
            return owing is not None and subject not in owing
        case "application":
            return row.applied_at is not None


def open_conditions(
    row: Releasable, short: set[Subject], now: datetime, *, owing: set[Subject] | None = None
) -> list[Condition]:
    """Return the conditions that do not hold yet; empty when the restriction ends."""
    return [each for each in row.release if not is_met(each, row, short, now, owing=owing)]


def single_conditions(condition: Condition) -> Iterator[Condition]:
    """Yield what a condition is made of: itself, or the parts of an ``any_of``, however deep."""
    if condition["kind"] != "any_of":
        yield condition
        return
    for each in condition["conditions"]:
        yield from single_conditions(each)


def awaits(condition: Condition, kind: str) -> bool:
    """Tell whether a condition is of a kind, or is a choice with one of that kind."""
    return any(each["kind"] == kind for each in single_conditions(condition))


def condition_code(condition: Condition) -> str:
    """Write a condition in codes: ``time 2025-10-04``, ``any_of(topped_up, application)``."""
    if condition["kind"] == "any_of":
        return f"any_of({', '.join(condition_code(each) for each in condition['conditions'])})"
    return f"{condition['kind']} {condition.get('on', '')}".strip()

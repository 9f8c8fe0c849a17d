"""When a restriction ends: conditions joined by all-of, each either met or still open."""

from datetime import date, datetime
from typing import Literal, NotRequired, Protocol, TypedDict

from earnest.kernel.calendar import day_of


class Condition(TypedDict):
    """One condition of a release: a day to reach, a deposit topped up, or an application made."""

    kind: Literal["time", "topped_up", "application"]
    on: NotRequired[str]


class Releasable(Protocol):
    """What a condition is held against."""

    subject_kind: str
    subject_id: str
    release: list[Condition]
    applied_at: datetime | None


def is_met(
    condition: Condition, row: Releasable, short: set[tuple[str, str]], now: datetime
) -> bool:
    """Tell whether one condition of a restriction holds at an instant."""
    if condition["kind"] == "time":
        return day_of(now) >= date.fromisoformat(condition["on"])
    if condition["kind"] == "topped_up":
        return (row.subject_kind, row.subject_id) not in short
    return row.applied_at is not None


def open_conditions(row: Releasable, short: set[tuple[str, str]], now: datetime) -> list[Condition]:
    """Return the conditions that do not hold yet; empty when the restriction ends."""
    return [condition for condition in row.release if not is_met(condition, row, short, now)]

"""Charts as plain data: what is drawn, in whole numbers; ``charts.js`` turns it into pictures.

Amounts go out in fen, rates in parts per million; the page divides when it draws.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Unit = Literal["yuan", "ppm", "count", "hundredths"]
Shape = Literal["bar", "line", "step"]


@dataclass(frozen=True)
class Series:
    """One row of values; ``None`` is a gap.

    ``stack`` piles bars of the same name; ``right`` gives the row a scale of its own on the right.
    """

    name: str
    values: Sequence[int | None]
    shape: Shape = "bar"
    tone: str = "blue"
    stack: str = ""
    right: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart over months: labels below, series above, and a target line where one counts."""

    title: str
    unit: Unit
    labels: Sequence[str]
    series: Sequence[Series]
    target: int | None = None
    target_name: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return asdict(self)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value is not None for one in self.series for value in one.values)


def ppm(numerator: int, denominator: int) -> int | None:
    """Return a rate in parts per million for drawing only; no verdict rests on it."""
    return numerator * 1_000_000 // denominator if denominator else None

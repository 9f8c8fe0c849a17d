"""A figure of a duty held against its line, its alert level and its fewest cases."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from earnest.assessment.conduct import Window
from earnest.measures.definition import Figure
from earnest.measures.headroom import (
    MILLION,
    Against,
    Headroom,
    against,
    direction_of,
    headroom,
)
from earnest.measures.models import MeasureResult
from earnest.policy import Pack

ALERT: Final = "duty_alert"
COUNTS: Final = {"complaints": ("interventions", "complaints_max")}
"""Duties that limit a count: which dimension of the figure, and the pack's parameter."""

_CLOCKS: Final = "after_sales_"
_LEVELS: Final = {"met": "ample", "breached": "breached"}


@dataclass(frozen=True)
class Counted:
    """What was counted of a duty in a window, as known at an instant.

    Attributes:
        pending: too young to be judged, and in neither number.
        state: final, provisional or not_assessable.
    """

    measure: str
    numerator: int
    denominator: int
    sample: int
    pending: int
    window: Window
    as_of: datetime
    state: str
    dimensions: dict[str, int]

    @property
    def rate(self) -> tuple[int, int]:
        """Numerator and denominator."""
        return self.numerator, self.denominator


def counted(figure: Figure | MeasureResult) -> Counted:
    """Return what a figure says."""
    return Counted(
        measure=figure.measure,
        numerator=figure.numerator,
        denominator=figure.denominator,
        sample=figure.sample,
        pending=figure.pending,
        window=Window(figure.window_from, figure.window_to),
        as_of=figure.cutoff_at,
        state=figure.state,
        dimensions={
            name: value for name, value in figure.dimensions.items() if isinstance(value, int)
        },
    )


@dataclass(frozen=True)
class Lines:
    """Where a figure stands between its alert level and its line.

    Attributes:
        level: ample, alert, breached or not_assessable.
        target_ppm: the line on the rate's own scale; None where the duty has none.
        alert_ppm: the alert level on the same scale; None where the pack has none.
        fewest: with fewer cases the figure is not assessable.
        left: bad cases to spare and faultless ones missing; None without a line or a case.
        limit: how many cases a month may bring, for a duty that limits a count and no rate.
    """

    level: str
    target_ppm: int | None = None
    alert_ppm: int | None = None
    fewest: int = 1
    left: Headroom | None = None
    limit: int | None = None

    def against(self, what: Counted) -> Against | None:
        """Return the figure as what speaks against the party; None without a line."""
        if self.limit is not None:
            return Against(counted_cases(what), 1, self.limit * MILLION)
        if self.target_ppm is None:
            return None
        return against(*what.rate, self.target_ppm, direction_of(what.measure))


def counted_cases(what: Counted) -> int:
    """Return how many cases a duty counts that limits a count; see :data:`COUNTS`."""
    return what.dimensions.get(COUNTS[what.measure][0], 0)


@dataclass(frozen=True)
class Line:
    """The line that a figure is held against, and what its own decision said.

    Attributes:
        target_ppm: the line; None where the duty's decision names none.
        status: met, breached, not_assessable or refused.
        on: the day whose edition counts.
    """

    target_ppm: int | None
    status: str
    on: date


def lines_of(pack: Pack, what: Counted, line: Line) -> Lines:
    """Hold a figure against its line and its alert level, by the pack's decision ``duty_alert``.

    What the duty's own decision did not assess has no level. Clause: S0-2.2.1a; the clause of the
    duty stands in the table ``duty_limits``.
    """
    if what.measure in COUNTS and COUNTS[what.measure][1] in pack.parameters:
        return _of_count(pack, what, line)
    if line.target_ppm is None:
        return Lines(_LEVELS.get(line.status, "not_assessable"))
    direction = direction_of(what.measure)
    at = against(*what.rate, line.target_ppm, direction)
    level, alert_ppm, fewest = _alert(pack, what.measure, at, line)
    if alert_ppm is not None and direction == "at_least":
        alert_ppm = MILLION - alert_ppm
    left = headroom(*what.rate, line.target_ppm, direction) if what.denominator else None
    return Lines(level, line.target_ppm, alert_ppm, fewest, left)


def _of_count(pack: Pack, what: Counted, line: Line) -> Lines:
    """Hold a count against what a month may bring of it; a breach cannot be made good."""
    limit = int(pack.parameter(COUNTS[what.measure][1], on=line.on))
    at = Against(counted_cases(what), 1, limit * MILLION)
    level, _, _ = _alert(pack, what.measure, at, line)
    left = Headroom(limit - at.bad, 0) if at.slack >= 0 else Headroom(0, None)
    if line.status == "breached" and at.slack >= 0:  # by another condition, as a complaint too old
        return Lines("breached", limit=limit)
    return Lines(level, left=left if line.status in _LEVELS else None, limit=limit)


def _alert(pack: Pack, measure: str, at: Against, line: Line) -> tuple[str, int | None, int]:
    """Return the level, the alert level in ppm of the allowance, and the fewest cases."""
    evaluation = None
    if ALERT in pack.decisions:
        facts = {
            "assessed_on": line.on,
            "duty": measure.removeprefix(_CLOCKS),
            "bad": at.bad,
            "total": at.total,
            "allowed_ppm": at.allowed_ppm,
        }
        evaluation = pack.evaluate(ALERT, facts)
    if evaluation is None or evaluation.refusal:
        level, alert_ppm, fewest = _plain_level(at), None, 1
    else:
        level = str(evaluation.result["level"])
        alert_ppm = int(str(evaluation.result["alert_ppm"]))
        fewest = int(str(evaluation.result["fewest"]))
    return (level if line.status in _LEVELS else "not_assessable"), alert_ppm, fewest


def _plain_level(at: Against) -> str:
    """Return the level by the line alone, where the pack has no alert level for the duty."""
    if at.total == 0:
        return "not_assessable"
    return "breached" if at.slack < 0 else "ample"

"""What of a provider's months counts on the ladder: enough answers, and not delisted throughout.

A month that does not count is given to the ladder as a gap, so that the run pauses or ends as the
pack's switch ``ladder_gap`` says. Each month's points are held against the mark of that month's own
last day: the pack looks its parameters up on the day of each element of the series.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, Protocol

from earnest.kernel.calendar import Month, day_of
from earnest.policy import Pack
from earnest.restrictions.models import Restriction

PROVIDER: Final = "provider"
DELISTED: Final = "delist"
COUNTS, TOO_FEW, DELISTED_TOO_LONG = "", "too_few_answers", "delisted"


class Scored(Protocol):
    """A month's composite: points in tenths times weight, of so many answers, by a sample."""

    @property
    def window_to(self) -> date:
        """The last day that was measured."""

    @property
    def points(self) -> int:
        """The sum of the scores, in tenths."""

    @property
    def answers(self) -> int:
        """How many scores the sum is of."""

    @property
    def sample(self) -> int:
        """How many respondents answered."""


@dataclass(frozen=True)
class MonthValue:
    """What the ladder is given of one month.

    Attributes:
        at: the last day of the month.
        value: its points and answers; None where the month does not count.
        why: why it does not: ``too_few_answers`` or ``delisted``; empty where it counts.
    """

    at: date
    value: dict[str, int] | None
    why: str

    @property
    def entry(self) -> list[Any]:
        """The element of the series that ``nps_ladder`` takes."""
        return [self.at, self.value]


@dataclass(frozen=True)
class Delistings:
    """The spans for which providers were delisted: each from a day to the day before another."""

    spans: Mapping[str, Sequence[tuple[date, date]]] = field(default_factory=dict)

    def days(self, provider_id: str, month: Month) -> int:
        """Count the days of a month for which a provider was delisted.

        The day on which it is delisted counts, the day on which it is listed again does not; two
        causes on one day count once.
        """
        spans = self.spans.get(provider_id, ())
        end = month.last_day + timedelta(days=1)
        off = [(max(first, month.first_day), min(until, end)) for first, until in spans]
        counted, reached = 0, month.first_day
        for first, until in sorted(off):
            counted += max(0, (until - max(first, reached)).days)
            reached = max(reached, until)
        return counted


def delistings(tenant_id: str, last: date, subjects: Iterable[str] | None = None) -> Delistings:
    """Return for which days providers were delisted, up to a day; in one query.

    Takes:
        last: who is still delisted was so up to the end of this day.
        subjects: only these providers, where given.
    """
    rows = Restriction.objects.filter(tenant_id=tenant_id, subject_kind=PROVIDER, measure=DELISTED)
    if subjects is not None:
        rows = rows.filter(subject_id__in=list(subjects))
    spans: dict[str, set[tuple[date, date]]] = defaultdict(set)
    for subject, starts_at, released_at in rows.values_list(
        "subject_id", "starts_at", "released_at"
    ):
        until = day_of(released_at) if released_at else last + timedelta(days=1)
        spans[subject].add((day_of(starts_at), until))
    return Delistings({subject: sorted(each) for subject, each in spans.items()})


def month_values(
    pack: Pack, provider_id: str, scores: Iterable[Scored], off: Delistings
) -> list[MonthValue]:
    """Return what of a provider's months counts, in the order given (S0-2.2.5-1, -2).

    Takes:
        pack: the pack that judges this provider; its ``month_assessed`` decides.
        off: see :func:`delistings`.
    """
    return [_value(pack, provider_id, each, off) for each in scores]


def _value(pack: Pack, provider_id: str, score: Scored, off: Delistings) -> MonthValue:
    month = Month.of(score.window_to)
    answers = score.sample if score.answers > 0 else 0
    why = month_counts(pack, score.window_to, answers, off.days(provider_id, month))
    value = {"points": score.points, "answers": score.answers}
    return MonthValue(score.window_to, None if why else value, why)


@lru_cache(maxsize=4096)
def month_counts(pack: Pack, on: date, answers: int, delisted_days: int) -> str:
    """Say why a month that ends on a day is not assessed; nothing where it is.

    A day on which the pack says nothing of this yet is left to the ladder, which passes over it.
    Thousands of providers have months alike, so what was asked once is remembered.
    """
    facts = {
        "assessed_on": on,
        "answers_given": answers,
        "delisted_days": delisted_days,
        "month_days": Month.of(on).last_day.day,
    }
    evaluation = pack.evaluate("month_assessed", facts)
    if evaluation.refusal or evaluation.result["assessed"]:
        return COUNTS
    return DELISTED_TOO_LONG if evaluation.result["enough_answers"] else TOO_FEW

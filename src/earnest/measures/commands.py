"""Verbs that change things: recording the figures that a cycle judged by."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction

from earnest.measures.definition import Figure
from earnest.measures.models import MeasureResult
from earnest.measures.splits import split_of

_BATCH: Final = 2000
_COMPARED: Final = ("numerator", "denominator", "sample", "pending", "state")

_Key = tuple[str, str, str, str, date, date]


@dataclass(frozen=True)
class Difference:
    """A figure that is not what was recorded under its natural key before.

    Attributes:
        measure: the measure.
        subject_kind: kind of subject.
        subject: its id.
        dimension: value of the split; empty for the figure itself.
        window_from: first market day.
        window_to: last market day.
        recorded: what stands: numerator, denominator, sample, pending, state.
        found: what was counted now.
    """

    measure: str
    subject_kind: str
    subject: str
    dimension: str
    window_from: date
    window_to: date
    recorded: dict[str, int | str]
    found: dict[str, int | str]


@dataclass(frozen=True)
class Recorded:
    """What became of the figures.

    Attributes:
        new: how many were recorded now.
        same: how many stood there already with the same content.
        differs: those that stand with another content; they are left as they are.
    """

    new: int
    same: int
    differs: list[Difference]


@transaction.atomic
def results_record(tenant_id: str, figures: Sequence[Figure], now: datetime) -> Recorded:
    """Record figures once; recording the same again changes nothing.

    A figure with a split is recorded with one more row per value of it. What stands is never
    overwritten: a figure that comes out otherwise later is reported as a difference.

    Args:
        tenant_id: whose figures.
        figures: what was counted.
        now: the instant of recording.
    """
    given = {_key(row): row for figure in figures for row in _rows_of(tenant_id, figure, now)}
    before = _standing(tenant_id, given.values())
    MeasureResult.objects.bulk_create(
        [row for key, row in given.items() if key not in before],
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    standing = _standing(tenant_id, given.values())
    differs = [
        _difference(standing[key], row)
        for key, row in given.items()
        if _content(standing[key]) != _content(row)
    ]
    known = len(before.keys() & given.keys())
    new = len(given) - known
    return Recorded(new=new, same=known - len(differs), differs=differs)


def _rows_of(tenant_id: str, figure: Figure, now: datetime) -> Iterator[MeasureResult]:
    yield _row(tenant_id, figure, now, "", figure.numerator)
    for value, numerator in split_of(figure).items():
        if value:
            yield _row(tenant_id, figure, now, value, numerator)


def _row(
    tenant_id: str, figure: Figure, now: datetime, dimension: str, numerator: int
) -> MeasureResult:
    return MeasureResult(
        tenant_id=tenant_id,
        measure=figure.measure,
        subject_kind=figure.subject_kind,
        subject=figure.subject,
        dimension=dimension,
        window_from=figure.window_from,
        window_to=figure.window_to,
        cutoff_at=figure.cutoff_at,
        numerator=numerator,
        denominator=figure.denominator,
        sample=figure.sample,
        pending=figure.pending,
        state=figure.state,
        dimensions={} if dimension else figure.dimensions,
        formula_hash=figure.formula_hash,
        recorded_at=now,
    )


def _standing(tenant_id: str, rows: Iterable[MeasureResult]) -> dict[_Key, MeasureResult]:
    """Return what is recorded of the same measures and windows."""
    windows = {(row.measure, row.subject_kind, row.window_from, row.window_to) for row in rows}
    return {
        _key(row): row
        for measure, subject_kind, window_from, window_to in windows
        for row in MeasureResult.objects.filter(
            tenant_id=tenant_id,
            measure=measure,
            subject_kind=subject_kind,
            window_from=window_from,
            window_to=window_to,
        )
    }


def _key(row: MeasureResult) -> _Key:
    return (
        row.measure,
        row.subject_kind,
        row.subject,
        row.dimension,
        row.window_from,
        row.window_to,
    )


def _content(row: MeasureResult) -> dict[str, int | str]:
    return {name: getattr(row, name) for name in _COMPARED}


def _difference(recorded: MeasureResult, found: MeasureResult) -> Difference:
    return Difference(
        measure=found.measure,
        subject_kind=found.subject_kind,
        subject=found.subject,
        dimension=found.dimension,
        window_from=found.window_from,
        window_to=found.window_to,
        recorded=_content(recorded),
        found=_content(found),
    )

"""Verbs that change things: recording the figures that a cycle judged by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from earnest.measures.bulk import figure_rows
from earnest.measures.definition import Figure
from earnest.measures.models import MeasureResult
from earnest.postgres.bulk import rows_insert

_COMPARED: Final = ("numerator", "denominator", "sample", "pending", "state")
_WINDOW: Final = ("measure", "subject_kind", "window_from", "window_to")
_NATURAL: Final = (*_WINDOW, "subject", "dimension")

_Row = Mapping[str, Any]
_Key = tuple[Any, ...]


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
    given = {_key(row): row for figure in figures for row in figure_rows(tenant_id, figure, now)}
    new = rows_insert(MeasureResult, given.values(), ignore_conflicts=True)
    known = len(given) - new
    standing = _standing(tenant_id, given.values()) if known else {}
    differs = [
        _difference(standing[key], row)
        for key, row in given.items()
        if key in standing and _content(standing[key]) != _content(row)
    ]
    return Recorded(new=new, same=known - len(differs), differs=differs)


def _standing(tenant_id: str, rows: Iterable[_Row]) -> dict[_Key, _Row]:
    """Return what is recorded of the same measures and windows."""
    windows = {tuple(row[name] for name in _WINDOW) for row in rows}
    return {
        _key(row): row
        for window in windows
        for row in MeasureResult.objects.filter(
            tenant_id=tenant_id, **dict(zip(_WINDOW, window, strict=True))
        ).values(*_NATURAL, *_COMPARED)
    }


def _key(row: _Row) -> _Key:
    return tuple(row[name] for name in _NATURAL)


def _content(row: _Row) -> dict[str, int | str]:
    return {name: row[name] for name in _COMPARED}


def _difference(recorded: _Row, found: _Row) -> Difference:
    natural = {name: found[name] for name in _NATURAL}
    return Difference(**natural, recorded=_content(recorded), found=_content(found))

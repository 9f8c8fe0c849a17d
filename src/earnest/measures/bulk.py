"""Recording the figures of very many subjects."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from earnest.measures.definition import Figure
from earnest.measures.models import MeasureResult
from earnest.measures.splits import split_of
from earnest.postgres.bulk import rows_insert


def figures_keep(tenant_id: str, figures: Sequence[Figure], now: datetime) -> None:
    """Record figures that are not recorded yet, each with a row per value of its split.

    The same rows as :func:`earnest.measures.commands.results_record` makes, without a look at
    what stands: a caller that wants to know asks for it before.
    """
    rows = (row for figure in figures for row in figure_rows(tenant_id, figure, now))
    rows_insert(MeasureResult, rows, ignore_conflicts=True)


def figure_rows(tenant_id: str, figure: Figure, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the row of a figure and one row per value of its split, by names of columns."""
    own = {
        "tenant_id": tenant_id,
        "measure": figure.measure,
        "subject_kind": figure.subject_kind,
        "subject": figure.subject,
        "dimension": "",
        "window_from": figure.window_from,
        "window_to": figure.window_to,
        "cutoff_at": figure.cutoff_at,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "sample": figure.sample,
        "pending": figure.pending,
        "state": figure.state,
        "dimensions": figure.dimensions,
        "formula_hash": figure.formula_hash,
        "recorded_at": now,
    }
    yield own
    for value, part in split_of(figure).items():
        if value:
            yield own | {"dimension": value, "numerator": part, "dimensions": {}}

"""Counts a measure over explicit files: figures, and the contributions they are the sums of.

Pure: what is read is given as lists of Parquet files, and no clock is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import duckdb

from earnest.kernel.calendar import day_key, day_of, instant_of, micros_of, window_us
from earnest.measures.definition import BY_CODES, Figure, Measure, Percentile, State
from earnest.measures.engine import Bound, opened, rows

Files = Mapping[str, Sequence[Path]]
"""The Parquet files of each table that a measure reads."""

_SUMS: Final = ("numerator", "denominator", "sample", "pending")


@dataclass(frozen=True)
class Question:
    """One measure over one window by one kind of subject, as known by one instant.

    Attributes:
        measure: the measure.
        first: first market day.
        last: last market day, included.
        by: kind of subject: provider, shop, category or all.
        as_of: what happened later is not seen.
        parameters: every parameter of the measure.
    """

    measure: Measure
    first: date
    last: date
    by: str
    as_of: datetime
    parameters: Mapping[str, int]

    def bound(self) -> dict[str, int]:
        """Return every integer that the SQL text may name."""
        first_us, end_us = window_us(self.first, self.last)
        return {
            **self.parameters,
            **self.measure.constants,
            "by": BY_CODES[self.by],
            "first_us": first_us,
            "end_us": end_us,
            "first_day": day_key(self.first),
            "last_day": day_key(self.last),
            "as_of_us": micros_of(self.as_of),
        }

    def state(self, denominator: int) -> State:
        """Return whether there is a figure, and whether time alone can still change it."""
        if denominator == 0:
            return "not_assessable"
        _, end_us = window_us(self.first, self.last)
        ripe_us = end_us + self.measure.maturation_us(self.parameters)
        return "final" if micros_of(self.as_of) >= ripe_us else "provisional"


def figures_counted(
    question: Question, files: Files, subjects: Sequence[str] | None = None
) -> list[Figure]:
    """Return the figures of the subjects that have any contribution, sorted by subject."""
    definition = question.measure
    wanted = "" if subjects is None else "AND subject IN (SELECT UNNEST($subjects))"
    keys = ", ".join(["subject", *filter(None, (definition.split, definition.parts))])
    kept = [
        *(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in (*_SUMS, *definition.dimensions)),
        *(f"CAST(MAX({name}) AS BIGINT) AS {name}" for name in definition.largest),
    ]
    counted = f"(\n{definition.sql}\n) WHERE subject <> '' {wanted}"
    sql = f"SELECT {keys}, {', '.join(kept)} FROM {counted} GROUP BY {keys} ORDER BY {keys}"  # noqa: S608 - our own texts
    bound: dict[str, Bound] = {**question.bound(), "subjects": list(subjects or ())}
    with opened(files) as engine:
        found = rows(engine, sql, bound)
        at = _percentiles(engine, definition.percentile, counted, bound)
    return [
        _figure(question, subject, list(parts), at.get(subject))
        for subject, parts in groupby(found, key=lambda row: str(row["subject"]))
    ]


def _percentiles(
    engine: duckdb.DuckDBPyConnection,
    wanted: Percentile | None,
    counted: str,
    bound: Mapping[str, Bound],
) -> dict[str, int]:
    """Return the percentile of each subject that has any weight, by nearest rank."""
    if wanted is None:
        return {}
    sql = (
        "WITH held AS ("  # noqa: S608 - our own texts
        f"SELECT subject, {wanted.value} AS value, SUM({wanted.weight}) AS weight"
        f" FROM {counted} AND {wanted.weight} > 0 GROUP BY subject, value),"
        " ranked AS (SELECT subject, value,"
        " SUM(weight) OVER (PARTITION BY subject ORDER BY value"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto FROM held),"
        " totals AS (SELECT subject, SUM(weight) AS total FROM held GROUP BY subject)"
        " SELECT r.subject, CAST(MIN(r.value) AS BIGINT) AS value FROM ranked r"
        " JOIN totals t ON t.subject = r.subject"
        f" WHERE r.upto * 100 >= t.total * {wanted.per_hundred} GROUP BY r.subject"
    )
    return {str(row["subject"]): int(row["value"]) for row in rows(engine, sql, bound)}


def contributions_counted(
    question: Question, files: Files, subject: str, limit: int
) -> list[dict[str, Any]]:
    """Return the rows that one subject's figure is the sum of, earliest first."""
    own = (question.measure.split, question.measure.parts)
    order = ", ".join(["started_us", "entity", "why", *filter(None, own)])
    sql = (
        f"SELECT * FROM (\n{question.measure.sql}\n) WHERE subject = $subject"  # noqa: S608
        f" ORDER BY {order} LIMIT $rows"
    )
    bound: dict[str, Bound] = {**question.bound(), "subject": subject, "rows": limit}
    with opened(files) as engine:
        return [_contribution(question.measure, row) for row in rows(engine, sql, bound)]


def _figure(
    question: Question, subject: str, parts: Sequence[Mapping[str, Any]], at: int | None
) -> Figure:
    definition = question.measure
    total = {column: sum(part[column] for part in parts) for column in _SUMS}
    dimensions: dict[str, int | dict[str, int]] = {
        column: sum(part[column] for part in parts) for column in definition.dimensions
    }
    dimensions |= {name: max(part[name] for part in parts) for name in definition.largest}
    if definition.percentile and at is not None:
        dimensions[definition.percentile.name] = at
    if definition.parts:
        dimensions |= _parts(definition.parts, parts)
    if definition.split:
        dimensions[definition.split] = {part[definition.split]: part["numerator"] for part in parts}
    if definition.unit == "fen":
        total["denominator"] = 1
    return Figure(
        subject_kind=question.by,
        subject=subject,
        measure=definition.name,
        **total,
        window_from=question.first,
        window_to=question.last,
        cutoff_at=question.as_of,
        state=question.state(total["denominator"]),
        dimensions=dimensions,
        formula_hash=definition.formula_hash,
    )


def _parts(column: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return numerator and denominator by the values of a column."""
    name = column.removesuffix("_us")
    said = [str(day_of(instant_of(row[column]))) if name != column else row[column] for row in rows]
    return {
        f"{name}_{ending}": {key: row[sums] for key, row in zip(said, rows, strict=True)}
        for ending, sums in (("met", "numerator"), ("of", "denominator"))
    }


def _contribution(definition: Measure, row: Mapping[str, Any]) -> dict[str, Any]:
    own = (
        *definition.dimensions,
        *definition.largest,
        *filter(None, (definition.split, definition.parts)),
    )
    in_figure = definition.unit == "fen" or row["denominator"] > 0
    return {
        definition.entity: row["entity"],
        "counted": int(in_figure),
        **{column: int(row[column]) for column in _SUMS},
        "why": row["why"],
        **{
            f"{moment}_at": None if row[f"{moment}_us"] is None else instant_of(row[f"{moment}_us"])
            for moment in ("started", "due", "done")
        },
        **{column: row[column] for column in own},
    }

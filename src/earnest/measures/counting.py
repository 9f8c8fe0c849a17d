"""Counts a measure over explicit files: figures, and the contributions they are the sums of.

Pure: what is read is given as lists of Parquet files, and no clock is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from earnest.kernel.calendar import day_key, instant_of, micros_of, window_us
from earnest.measures.definition import BY_CODES, Figure, Measure, State
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
    keys = ", ".join(["subject", *([definition.split] if definition.split else [])])
    sums = ", ".join(
        f"CAST(SUM({column}) AS BIGINT) AS {column}" for column in (*_SUMS, *definition.dimensions)
    )
    sql = (
        f"SELECT {keys}, {sums} FROM (\n{definition.sql}\n)"  # noqa: S608 - our own texts
        f" WHERE subject <> '' {wanted} GROUP BY {keys} ORDER BY {keys}"
    )
    bound: dict[str, Bound] = {**question.bound(), "subjects": list(subjects or ())}
    with opened(files) as engine:
        found = rows(engine, sql, bound)
    return [
        _figure(question, subject, list(parts))
        for subject, parts in groupby(found, key=lambda row: str(row["subject"]))
    ]


def contributions_counted(
    question: Question, files: Files, subject: str, limit: int
) -> list[dict[str, Any]]:
    """Return the rows that one subject's figure is the sum of, earliest first."""
    order = ", ".join(["started_us", "entity", *filter(None, [question.measure.split])])
    sql = (
        f"SELECT * FROM (\n{question.measure.sql}\n) WHERE subject = $subject"  # noqa: S608
        f" ORDER BY {order} LIMIT $rows"
    )
    bound: dict[str, Bound] = {**question.bound(), "subject": subject, "rows": limit}
    with opened(files) as engine:
        return [_contribution(question.measure, row) for row in rows(engine, sql, bound)]


def _figure(question: Question, subject: str, parts: Sequence[Mapping[str, Any]]) -> Figure:
    definition = question.measure
    total = {column: sum(part[column] for part in parts) for column in _SUMS}
    dimensions: dict[str, int | dict[str, int]] = {
        column: sum(part[column] for part in parts) for column in definition.dimensions
    }
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


def _contribution(definition: Measure, row: Mapping[str, Any]) -> dict[str, Any]:
    own = (*definition.dimensions, *([definition.split] if definition.split else []))
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

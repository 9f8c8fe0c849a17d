"""Asks a measure of a hand-made scene, and the oracle the same."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from earnest.kernel.calendar import micros_of, window_us
from earnest.measures import MEASURES, Figure
from earnest.measures.counting import Question, contributions_counted, figures_counted
from tests.measures.oracle import Counts, Oracle
from tests.measures.scene import Scene, instant

AUGUST = (date(2025, 8, 1), date(2025, 8, 31))
LATER = instant("2025-10-01 00:00:00")
HOURS = {
    "shipping48h": 48,
    "after_sales_refund_unshipped": 24,
    "after_sales_refund_shipped": 36,
    "after_sales_return_stage1": 36,
    "after_sales_return_stage2": 48,
}


class Asked:
    """A scene written to files once, to be asked many things."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.files = scene.files(folder)

    def question(self, name: str, by: str, as_of: datetime, window: tuple[date, date]) -> Question:
        """Return the question with the parameters of the rule."""
        measure = MEASURES[name]
        parameters = {"hours": HOURS[name]} if name in HOURS else {}
        parameters |= {p.name: 0 for p in measure.parameters if p.default is not None}
        return Question(measure, *window, by, as_of, parameters)

    def figures(
        self,
        name: str,
        by: str = "provider",
        *,
        as_of: datetime = LATER,
        window: tuple[date, date] = AUGUST,
        subjects: Sequence[str] | None = None,
    ) -> list[Figure]:
        """Return the figures of a measure."""
        question = self.question(name, by, as_of, window)
        files = {table: self.files[table] for table in question.measure.tables}
        return figures_counted(question, files, subjects)

    def counts(self, name: str, by: str = "provider", **more: Any) -> Counts:
        """Return the figures as the oracle writes them."""
        return {
            each.subject: (each.numerator, each.denominator, each.sample, each.pending)
            for each in self.figures(name, by, **more)
        }

    def contributions(
        self,
        name: str,
        by: str,
        subject: str,
        *,
        as_of: datetime = LATER,
        window: tuple[date, date] = AUGUST,
    ) -> list[dict[str, Any]]:
        """Return the rows behind one figure."""
        question = self.question(name, by, as_of, window)
        files = {table: self.files[table] for table in question.measure.tables}
        return contributions_counted(question, files, subject, 10_000)

    def why(self, name: str, subject: str, **more: Any) -> dict[str, str]:
        """Return the reason of each contribution of a provider."""
        rows = self.contributions(name, "provider", subject, **more)
        entity = MEASURES[name].entity
        return {row[entity]: row["why"] for row in rows}

    def oracle(
        self,
        name: str,
        by: str = "provider",
        *,
        as_of: datetime = LATER,
        window: tuple[date, date] = AUGUST,
    ) -> Counts:
        """Return what the oracle counts."""
        oracle = Oracle(self.scene.rows)
        bounds = (*window_us(*window), micros_of(as_of), by)
        if name == "shipping48h":
            return oracle.shipping48h(*bounds, HOURS[name])
        if name.startswith("after_sales"):
            clock = list(HOURS).index(name)
            return oracle.after_sales(clock, *bounds, HOURS[name])
        return {
            "quality_refund30d": oracle.quality_refund30d,
            "nps_composite": oracle.nps_composite,
        }[name](*bounds)

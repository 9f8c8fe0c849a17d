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

DUTIES: dict[str, dict[str, int]] = {
    "reply3min": {"minutes": 3, "opens": 8, "closes": 24, "left_out": 0, "robots": 0},
    "interface_success": {},
    "interface_latency": {"limit_ms": 3000},
    "interface_availability": {},
    "catalogue_sync": {"within": 1440},
    "catalogue_report24h": {"within": 24},
    "complaints": {"answer_days": 2, "handle_days": 5},
}
"""The measures of duties besides orders, with the parameters of the rulebook."""


class Asked:
    """A scene written to files once, to be asked many things."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene = scene
        self.files = scene.files(folder)

    def question(
        self,
        name: str,
        by: str,
        as_of: datetime,
        window: tuple[date, date],
        **changed: int,
    ) -> Question:
        """Return the question with the parameters of the rule, some of them changed."""
        measure = MEASURES[name]
        parameters = {"hours": HOURS[name]} if name in HOURS else {}
        parameters |= DUTIES.get(name, {}) | changed
        parameters |= {
            each.name: 0
            for each in measure.parameters
            if each.default is not None and each.name not in changed
        }
        return Question(measure, *window, by, as_of, parameters)

    def figures(
        self,
        name: str,
        by: str = "provider",
        *,
        as_of: datetime = LATER,
        window: tuple[date, date] = AUGUST,
        subjects: Sequence[str] | None = None,
        **changed: int,
    ) -> list[Figure]:
        """Return the figures of a measure."""
        question = self.question(name, by, as_of, window, **changed)
        return figures_counted(question, self._read(question), subjects)

    def _read(self, question: Question) -> dict[str, list[Path]]:
        return {table: self.files[table] for table in question.measure.tables}

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
        **changed: int,
    ) -> list[dict[str, Any]]:
        """Return the rows behind one figure."""
        question = self.question(name, by, as_of, window, **changed)
        return contributions_counted(question, self._read(question), subject, 10_000)

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

"""The orders behind a finding: measured again over its window, as known at its instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earnest.console.health import score_text
from earnest.console.texts import word
from earnest.decisions.models import Finding
from earnest.kernel.calendar import MARKET_ZONE
from earnest.measures.headroom import direction_of
from earnest.measures.queries import contributions, figures_recorded, measure_named
from earnest.rulebooks.packs import pack_of

ORDERS_MAX = 5000
COLUMNS = ("entity", "verdict", "why", "started_at", "due_at", "done_at")
SURVEY = "nps_composite"
SURVEY_COLUMNS = ("respondent", "verdict", "score", "answers", "done_at")
VERDICTS = ("against", "for", "pending", "outside")
SURVEY_VERDICTS = ("counted", "outside")


@dataclass(frozen=True)
class Cell:
    """One cell: what it shows, and how."""

    kind: str
    value: str


def verdict_of(measure: str, row: dict[str, Any]) -> str:
    """Say whether an order counts for the party, against it, or not at all."""
    if not row["counted"]:
        return "pending" if row["pending"] else "outside"
    if measure == SURVEY:
        return "counted"
    for_party = bool(row["numerator"]) is (direction_of(measure) == "at_least")
    return "for" if for_party else "against"


def orders_behind(
    tenant_id: str, finding: Finding, limit: int = ORDERS_MAX
) -> list[dict[str, Any]]:
    """Return the contributions to a finding, those against the party first, then by time.

    Each row has ``entity`` (the id of the order, request or respondent), ``verdict``, ``why`` and
    the instants ``started_at``, ``due_at`` and ``done_at``.
    """
    definition = measure_named(finding.measure)
    pack = pack_of(finding.rulebook)
    rows = contributions(
        tenant_id,
        finding.measure,
        finding.window_from,
        finding.window_to,
        subject_kind=finding.subject_kind,
        subject=finding.subject_id,
        as_of=as_of(tenant_id, finding),
        params={
            each.name: pack.parameter(each.pack_parameter, on=finding.window_to)
            for each in definition.parameters
            if each.default is None
        },
        limit=limit,
    )
    for row in rows:
        row["entity"] = row[definition.entity]
        row["verdict"] = verdict_of(finding.measure, row)
    return sorted(rows, key=lambda row: row["verdict"] != "against")


def as_of(tenant_id: str, finding: Finding) -> datetime:
    """Return the instant as known at which the finding's figure was taken."""
    figures = figures_recorded(
        tenant_id,
        finding.measure,
        subject_kind=finding.subject_kind,
        subject=finding.subject_id,
        first=finding.window_to,
        last=finding.window_to,
    )
    return figures[-1].cutoff_at if figures else finding.made_at


def columns_of(measure: str) -> tuple[str, ...]:
    """Return the columns that a measure's contributions are shown in."""
    return SURVEY_COLUMNS if measure == SURVEY else COLUMNS


def verdicts_of(measure: str) -> tuple[str, ...]:
    """Return the verdicts that a measure's contributions can have."""
    return SURVEY_VERDICTS if measure == SURVEY else VERDICTS


def cells(measure: str, row: dict[str, Any]) -> list[Cell]:
    """Return the cells of one contribution for the page."""
    return [_cell(column, row) for column in columns_of(measure)]


def _cell(column: str, row: dict[str, Any]) -> Cell:
    if column.endswith("_at"):
        return Cell("time", _local(row[column]))
    if column == "score":
        return Cell(column, score_text(row["numerator"], row["denominator"]))
    if column in {"entity", "respondent"}:
        return Cell("entity", str(row["entity"]))
    return Cell(column, str(row[column]))


def _local(instant: datetime | None) -> str:
    return f"{instant.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if instant else "–"


def export_row(measure: str, row: dict[str, Any]) -> list[str]:
    """Return one contribution as a line of the export, in the reader's words."""
    kinds = {"verdict": "verdict_of", "why": "why"}
    return [
        word(kinds[cell.kind], cell.value) if cell.kind in kinds else cell.value
        for cell in cells(measure, row)
    ]

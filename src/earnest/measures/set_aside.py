"""Figures that an upheld appeal set aside or corrected: later judgement reads through them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from earnest.kernel.ids import uuid7_for
from earnest.measures.models import SetAside


@dataclass(frozen=True)
class Correction:
    """What a figure counts as instead: its parts, or nothing at all (``None``: not assessed)."""

    numerator: int
    denominator: int
    sample: int


@dataclass(frozen=True)
class FigureName:
    """Which recorded figure: of what measure, about whom, of the window that ends on a day."""

    measure: str
    subject_kind: str
    subject: str
    window_to: date


def figure_set_aside(
    tenant_id: str,
    figure: FigureName,
    *,
    reference: str,
    note: str,
    now: datetime,
    correction: Correction | None = None,
) -> SetAside:
    """Set a figure aside, or replace it by a correction; the same reference again does nothing.

    Takes:
        reference: number of the appeal that found so.
        correction: what the figure should have been; None where the window is not assessed at all.
    """
    key = (figure.measure, figure.subject_kind, figure.subject, figure.window_to.isoformat())
    row, _ = SetAside.objects.get_or_create(
        tenant_id=tenant_id,
        measure=figure.measure,
        subject_kind=figure.subject_kind,
        subject=figure.subject,
        window_to=figure.window_to,
        reference=reference,
        defaults={
            "id": uuid7_for(now, tenant_id, "set-aside", reference, *key),
            "numerator": correction.numerator if correction else None,
            "denominator": correction.denominator if correction else None,
            "sample": correction.sample if correction else None,
            "note": note,
            "at": now,
        },
    )
    return row


def set_asides(
    tenant_id: str, measure: str, subjects: Iterable[str] | None = None
) -> dict[tuple[str, date], Correction | None]:
    """Return what figures of a measure count as instead, by subject and the window's last day."""
    rows = SetAside.objects.filter(tenant_id=tenant_id, measure=measure).order_by("at", "id")
    if subjects is not None:
        rows = rows.filter(subject__in=list(subjects))
    return {(row.subject, row.window_to): _correction(row) for row in rows}


def _correction(row: SetAside) -> Correction | None:
    if row.numerator is None or row.denominator is None or row.sample is None:
        return None
    return Correction(row.numerator, row.denominator, row.sample)

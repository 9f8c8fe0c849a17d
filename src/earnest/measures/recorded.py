"""Reads of what cycles recorded: the figures that were judged by."""

from datetime import date

from django.db.models import QuerySet

from earnest.measures.models import MeasureResult


def figures_recorded(
    tenant_id: str,
    measure: str,
    *,
    subject_kind: str,
    first: date,
    last: date,
    subject: str | None = None,
) -> list[MeasureResult]:
    """Return the recorded figures whose window ends between two days, the oldest first."""
    rows = MeasureResult.objects.filter(
        tenant_id=tenant_id,
        measure=measure,
        subject_kind=subject_kind,
        dimension="",
        window_to__gte=first,
        window_to__lte=last,
    )
    if subject is not None:
        rows = rows.filter(subject=subject)
    return list(rows.order_by("window_to", "subject"))


def results(
    tenant_id: str,
    *,
    measure: str = "",
    subject_kind: str = "",
    subject: str = "",
    first: date | None = None,
    last: date | None = None,
) -> QuerySet[MeasureResult]:
    """Return recorded figures, the latest recorded first; an empty argument narrows nothing.

    Args:
        tenant_id: whose figures.
        measure: name of the measure.
        subject_kind: kind of subject.
        subject: id of the subject.
        first: the window ends on this market day or later.
        last: the window ends on this market day or earlier.
    """
    wanted = {
        "measure": measure,
        "subject_kind": subject_kind,
        "subject": subject,
        "window_to__gte": first,
        "window_to__lte": last,
    }
    given = {name: value for name, value in wanted.items() if value}
    return MeasureResult.objects.filter(tenant_id=tenant_id, dimension="", **given).order_by("-id")

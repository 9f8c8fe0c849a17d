"""Which months were assessed, and with what result."""

from earnest.assessment.models import Cycle


def cycles(tenant_id: str) -> list[Cycle]:
    """Return the cycles that were run, oldest month first."""
    return list(Cycle.objects.filter(tenant_id=tenant_id).order_by("month"))


def month_latest(tenant_id: str) -> str:
    """Return the newest month that was assessed; empty when none was."""
    return (
        Cycle.objects.filter(tenant_id=tenant_id)
        .order_by("-month")
        .values_list("month", flat=True)
        .first()
        or ""
    )

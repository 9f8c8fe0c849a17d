"""Which months were assessed, and with what result."""

from earnest.assessment.models import Cycle


def cycles(tenant_id: str) -> list[Cycle]:
    """Return the cycles that were run, oldest month first."""
    return list(Cycle.objects.filter(tenant_id=tenant_id).order_by("month"))

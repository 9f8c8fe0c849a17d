"""Which months were assessed, and who was warned of a duty."""

from django.db.models import Count

from earnest.assessment.models import Cycle, DutyAlert


def cycles(tenant_id: str) -> list[Cycle]:
    """Return the cycles that were run, oldest month first."""
    return list(Cycle.objects.filter(tenant_id=tenant_id).order_by("month"))


def alerts_of_month(tenant_id: str, month: str) -> dict[str, int]:
    """Count the duties that each provider was warned of in a month, written YYYY-MM."""
    rows = DutyAlert.objects.filter(tenant_id=tenant_id, month=month).values_list("provider_id")
    return dict(rows.annotate(count=Count("id")))

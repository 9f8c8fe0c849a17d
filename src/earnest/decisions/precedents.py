"""What was decided about a subject before, for the rooms that must not propose a thing twice."""

from datetime import datetime

from earnest.decisions.commands import WAITING
from earnest.decisions.models import Decision


def subjects_waiting(tenant_id: str, decision: str, *outcomes: str) -> set[str]:
    """Return the ids of subjects for whom a decision (with such an outcome) waits for people."""
    rows = Decision.objects.filter(tenant_id=tenant_id, decision=decision, state=WAITING)
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    return set(rows.values_list("subject_id", flat=True))


def outcomes_since(
    tenant_id: str, subject: tuple[str, str], decision: str, since: datetime
) -> list[tuple[str, str]]:
    """Return (outcome, state) of each decision about a subject since an instant."""
    return list(
        Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            decision=decision,
            made_at__gte=since,
        ).values_list("outcome", "state")
    )

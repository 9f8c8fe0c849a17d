"""What changes about alerts: raised by what does not hold, resolved when it holds again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.ledger.records import Check
from earnest.work.invariants import IDS_MAX, invariants_check
from earnest.work.models import Alert


@dataclass(frozen=True)
class AlertReview:
    """The names of the alerts that a look raised and resolved, and of those that stay open."""

    raised: tuple[str, ...]
    open: tuple[str, ...]
    resolved: tuple[str, ...]


def quick_verify(tenant_id: str, now: datetime) -> list[Check]:
    """Look at every invariant of the quick list; raise and resolve alerts; return what was seen."""
    checks = invariants_check(tenant_id, now)
    alerts_review(tenant_id, checks, now)
    return checks


@transaction.atomic
def alerts_review(tenant_id: str, checks: Sequence[Check], now: datetime) -> AlertReview:
    """Raise an alert for each check that does not hold, once; resolve those that hold again.

    An open alert whose check does not hold learns when it was last seen and what breaks it now.
    Alerts of other names are left alone.
    """
    names = [each.name for each in checks]
    Alert.objects.bulk_create(
        [
            Alert(
                tenant_id=tenant_id,
                name=each.name,
                ids=[],
                found=0,
                first_seen_at=now,
                last_seen_at=now,
            )
            for each in checks
            if not each.ok
        ],
        ignore_conflicts=True,
    )
    rows = Alert.objects.select_for_update().filter(
        tenant_id=tenant_id, name__in=names, resolved_at=None
    )
    alerts = {row.name: row for row in rows.order_by("name")}
    raised = tuple(name for name, row in alerts.items() if row.found == 0)
    resolved = []
    for check in checks:
        alert = alerts.get(check.name)
        if alert is None:
            continue
        if check.ok:
            alert.resolved_at = now
            resolved.append(check.name)
        else:
            alert.ids = list(check.ids[:IDS_MAX])
            alert.found = max(1, len(check.ids))
            alert.last_seen_at = max(now, alert.last_seen_at)
        alert.save(update_fields=["ids", "found", "last_seen_at", "resolved_at"])
    still = tuple(name for name in alerts if name not in resolved and name not in raised)
    return AlertReview(raised, still, tuple(resolved))

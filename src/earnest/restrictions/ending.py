"""Restrictions that end because something else took their place, or a person said so."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.restrictions.models import Restriction


@transaction.atomic
def restrictions_end(
    tenant_id: str, decision_ids: Iterable[UUID], because: str, now: datetime
) -> list[Restriction]:
    """End what some decisions restrict, and return those rows; nothing else is touched.

    Takes:
        because: why, in a few words; it is kept with each row.
    """
    rows = list(
        Restriction.objects.select_for_update()
        .filter(tenant_id=tenant_id, decision_id__in=list(decision_ids), released_at=None)
        .order_by("decision_id", "capability")
    )
    for row in rows:
        row.released_at, row.released_because = now, because[:200]
        row.save(update_fields=["released_at", "released_because"])
    return rows

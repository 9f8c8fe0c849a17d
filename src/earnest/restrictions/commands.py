"""What changes about restrictions: granted by a decision, applied against, released."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.kernel.errors import Conflict
from earnest.kernel.ids import uuid7_for
from earnest.restrictions.models import Restriction
from earnest.restrictions.release import (
    Condition,
    awaits,
    is_met,
    open_conditions,
    single_conditions,
)


@dataclass(frozen=True)
class Grant:
    """A sanction's restriction of several capabilities of one subject, for one cause.

    ``object_ref`` names the one item, brand or category that it is about; empty for all.
    """

    subject_kind: str
    subject_id: str
    measure: str
    capabilities: Sequence[str]
    rulebook: str
    clause: str
    decision_id: UUID
    release: Sequence[Condition]
    object_ref: str = ""


@transaction.atomic
def restrictions_grant(tenant_id: str, grants: Iterable[Grant], now: datetime) -> list[UUID]:
    """Restrict each capability of each grant from now on; a repeat changes nothing."""
    rows = [
        Restriction(
            id=uuid7_for(now, tenant_id, "restriction", *_key(grant, capability)),
            tenant_id=tenant_id,
            subject_kind=grant.subject_kind,
            subject_id=grant.subject_id,
            measure=grant.measure,
            capability=capability,
            object_ref=grant.object_ref,
            rulebook=grant.rulebook,
            clause=grant.clause,
            decision_id=grant.decision_id,
            starts_at=now,
            release=list(grant.release),
        )
        for grant in grants
        for capability in grant.capabilities
    ]
    Restriction.objects.bulk_create(rows, ignore_conflicts=True)
    return [row.id for row in rows]


def _key(grant: Grant, capability: str) -> tuple[str, ...]:
    named = (grant.measure, grant.object_ref) if grant.object_ref else ()
    return (str(grant.decision_id), capability, *named)


@transaction.atomic
def relisting_apply(tenant_id: str, subject_kind: str, subject_id: str, now: datetime) -> int:
    """Apply for what a delisted service may apply for (S0-2.2.5-5b); return the rows it touches.

    Raises:
        Conflict: when nothing of this subject waits for an application.
    """
    waiting = [
        row
        for row in Restriction.objects.select_for_update().filter(
            tenant_id=tenant_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            released_at=None,
            applied_at=None,
        )
        if any(awaits(condition, "application") for condition in row.release)
    ]
    if not waiting:
        raise Conflict(
            "nothing_to_apply_for",
            where=f"{subject_kind}:{subject_id}",
            zh="目前没有等待您申请恢复的限制。",
            en="no restriction of yours waits for an application",
        )
    for row in waiting:
        row.applied_at = now
        row.save(update_fields=["applied_at"])
    return len(waiting)


@transaction.atomic
def restrictions_release(
    tenant_id: str,
    short: set[tuple[str, str]],
    now: datetime,
    *,
    owing: set[tuple[str, str]] | None = None,
) -> list[Restriction]:
    """Release every restriction whose conditions all hold, and return those rows.

    Each row releases only what it took: another cause on the same capability stays.

    Takes:
        short: the subjects (kind, id) whose deposit is below what they must hold.
        owing: the subjects with a claim on them; None where that was not looked up, and then
            nothing ends that waits for a claim to be paid.
    """
    released: list[Restriction] = []
    for row in Restriction.objects.select_for_update(skip_locked=True).filter(
        tenant_id=tenant_id, released_at=None
    ):
        if not row.release or open_conditions(row, short, now, owing=owing):
            continue
        row.released_at = now
        row.released_because = ", ".join(
            single["kind"]
            for condition in row.release
            for single in single_conditions(condition)
            if is_met(single, row, short, now, owing=owing)
        )
        row.save(update_fields=["released_at", "released_because"])
        released.append(row)
    return released

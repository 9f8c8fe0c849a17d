"""What is restricted now, and what is still missing for it to end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from earnest.restrictions.models import Restriction
from earnest.restrictions.release import Condition, is_met


@dataclass(frozen=True)
class ActiveRestriction:
    """A sanction in force on one subject: what it restricts and each condition of its end."""

    restriction_ids: tuple[str, ...]
    subject_kind: str
    subject_id: str
    measure: str
    capabilities: tuple[str, ...]
    rulebook: str
    clause: str
    decision_id: str
    starts_at: datetime
    conditions: tuple[tuple[Condition, bool], ...]
    object_ref: str = ""


def restrictions_active(
    tenant_id: str,
    short: set[tuple[str, str]],
    now: datetime,
    *,
    subject: tuple[str, str] | None = None,
    owing: set[tuple[str, str]] | None = None,
) -> list[ActiveRestriction]:
    """Return the sanctions in force at an instant, of one subject or of all, oldest first.

    Without ``owing``, the subjects with a claim on them, ``nothing_owed`` is shown as open.
    """
    rows = Restriction.objects.filter(tenant_id=tenant_id, released_at=None)
    if subject is not None:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    by_decision: dict[tuple[object, str, str], list[Restriction]] = {}
    for row in rows.order_by("starts_at", "capability"):
        by_decision.setdefault((row.decision_id, row.measure, row.object_ref), []).append(row)
    return [_active(group, short, now, owing) for group in by_decision.values()]


def _active(
    group: list[Restriction],
    short: set[tuple[str, str]],
    now: datetime,
    owing: set[tuple[str, str]] | None,
) -> ActiveRestriction:
    first = group[0]
    return ActiveRestriction(
        restriction_ids=tuple(str(row.id) for row in group),
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        measure=first.measure,
        capabilities=tuple(row.capability for row in group),
        rulebook=first.rulebook,
        clause=first.clause,
        decision_id=str(first.decision_id),
        starts_at=first.starts_at,
        conditions=tuple(
            (condition, is_met(condition, first, short, now, owing=owing))
            for condition in first.release
        ),
        object_ref=first.object_ref,
    )


def capabilities_restricted(tenant_id: str, subject_kind: str, subject_id: str) -> set[str]:
    """Return the capabilities of a subject that an active restriction takes away as a whole."""
    return set(
        Restriction.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            object_ref="",
            released_at=None,
        ).values_list("capability", flat=True)
    )


def objects_restricted(
    tenant_id: str, subject_kind: str, subject_id: str, capability: str
) -> set[str]:
    """Return the items, brands or categories for which a capability is taken away now."""
    return set(
        Restriction.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            capability=capability,
            released_at=None,
        )
        .exclude(object_ref="")
        .values_list("object_ref", flat=True)
    )


def restrictions_of_decisions(tenant_id: str, decision_ids: Iterable[object]) -> list[Restriction]:
    """Return the rows that some decisions granted, active or not, in order of capability."""
    return list(
        Restriction.objects.filter(
            tenant_id=tenant_id, decision_id__in=list(decision_ids)
        ).order_by("decision_id", "capability")
    )


def restrictions_past(tenant_id: str, subject_kind: str, subject_id: str) -> list[Restriction]:
    """Return the released restrictions of a subject, newest first."""
    return list(
        Restriction.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            released_at__isnull=False,
        ).order_by("-released_at", "capability")
    )

"""Quality review: a share of the reviews goes to a second person, who does not see the first.

Which ones is told by a hash of the number: nobody can choose it, and it can be worked out again.
Disagreement changes no sanction; it is put before the admin.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.violations.kinds import review_number
from earnest.violations.models import QualityReview, Violation
from earnest.violations.reports import entry_add

PPM: Final = 1_000_000
VERDICTS: Final = ("found", "not_found")


@dataclass(frozen=True)
class Agreement:
    """How often a second person found the same as a reviewer."""

    reviewed_by: str
    checked: int
    agreed: int
    open: int


def is_chosen(tenant_id: str, number: str, share_ppm: int) -> bool:
    """Tell whether the review of a violation is looked at again.

    >>> is_chosen("t", "V000001", 0), is_chosen("t", "V000001", PPM)
    (False, True)
    """
    digest = hashlib.sha256(f"quality:{tenant_id}:{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % PPM < share_ppm


def quality_choose(violation: Violation, now: datetime) -> QualityReview | None:
    """Note that a review is looked at again, when its number says so; None when not."""
    tenant_id, number = violation.tenant_id, violation.number
    if not is_chosen(tenant_id, number, review_number("quality_share", day_of(now))):
        return None
    row, _ = QualityReview.objects.get_or_create(
        violation=violation,
        defaults={
            "id": uuid7_for(now, tenant_id, "quality-review", number),
            "tenant_id": tenant_id,
            "reviewed_by": violation.reviewed_by,
            "chosen_at": now,
        },
    )
    return row


@transaction.atomic
def quality_check(
    tenant_id: str, number: str, verdicts: dict[int, str], actor: str, reason: str, now: datetime
) -> QualityReview:
    """Take a second person's own verdict on every item, given without seeing the first.

    Raises:
        BadInput: an item without verdict, or no reason.
        Conflict: it was checked before.
        NotAllowed: the person who reviewed it.
        NotFound: it was not chosen.
    """
    locked = QualityReview.objects.select_for_update(of=("self",))
    row = _may_be_checked(locked, tenant_id, number, actor)
    items = list(row.violation.items.order_by("position"))
    given = {each.position: verdicts.get(each.position, "") for each in items}
    if any(each not in VERDICTS for each in given.values()) or not reason.strip():
        raise BadInput(
            "verdict_missing",
            where=number,
            zh="每一项都须选择成立或不成立，并写明理由。",
            en="every item needs found or not_found, and the check needs a reason",
        )
    row.checked_by, row.checked_at, row.reason = actor, now, reason.strip()
    row.verdicts = {str(position): verdict for position, verdict in given.items()}
    row.agrees = all(each.verdict == given[each.position] for each in items)
    row.save(update_fields=["checked_by", "checked_at", "reason", "verdicts", "agrees"])
    what = "quality_agreed" if row.agrees else "quality_disagreed"
    entry_add(row.violation, what, now, actor=actor, note=row.reason)
    return row


def quality_of(tenant_id: str, number: str, actor: str) -> QualityReview:
    """Return the quality review of a violation that this person may make.

    Raises:
        Conflict, NotAllowed, NotFound: see :func:`quality_check`.
    """
    return _may_be_checked(QualityReview.objects.all(), tenant_id, number, actor)


def _may_be_checked(
    rows: QuerySet[QualityReview], tenant_id: str, number: str, actor: str
) -> QualityReview:
    found = rows.filter(tenant_id=tenant_id, violation__number=number)
    row = found.select_related("violation").first()
    if row is None:
        raise NotFound(
            "not_chosen",
            where=number,
            zh=f"{number} 未被抽中复审。",
            en=f"{number} was not chosen for a second look",
        )
    if row.checked_at is not None:
        raise Conflict(
            "checked_already", where=number, zh="该件已复审。", en="it was looked at again already"
        )
    if row.reviewed_by == actor:
        raise NotAllowed(
            "own_review",
            where=number,
            zh="这是您本人的审核，须由他人复审。",
            en="you reviewed this yourself; another person looks at it again",
        )
    return row


def quality_waiting(tenant_id: str, actor: str) -> QuerySet[QualityReview]:
    """Return what a person may look at again, the oldest first."""
    rows = QualityReview.objects.filter(tenant_id=tenant_id, checked_at=None)
    return rows.exclude(reviewed_by=actor).select_related("violation").order_by("chosen_at")


def disagreements(tenant_id: str) -> QuerySet[QualityReview]:
    """Return the reviews on which two people disagree, the newest first: the admin's list."""
    rows = QualityReview.objects.filter(tenant_id=tenant_id, agrees=False)
    return rows.select_related("violation").order_by("-checked_at")


def agreement(tenant_id: str) -> Sequence[Agreement]:
    """Return how often each reviewer was agreed with, by name."""
    rows = (
        QualityReview.objects.filter(tenant_id=tenant_id)
        .values("reviewed_by")
        .annotate(
            checked=Count("id", filter=Q(checked_at__isnull=False)),
            agreed=Count("id", filter=Q(agrees=True)),
            waiting=Count("id", filter=Q(checked_at=None)),
        )
        .order_by("reviewed_by")
    )
    return [
        Agreement(row["reviewed_by"], row["checked"], row["agreed"], row["waiting"]) for row in rows
    ]

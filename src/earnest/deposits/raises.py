"""Raises: amounts on top of what a shop must hold otherwise, each for a cause (S3-3.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.deposits.models import Raise, Requirement
from earnest.deposits.notifications import raise_reminder
from earnest.deposits.queries import requirements_on
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send
from earnest.notices.models import Notice


@dataclass(frozen=True)
class NewRaise:
    """A raise that a decision makes: its cause, amount, reason, and when to look at it again."""

    subject: Subject
    ground: str
    amount_fen: int
    reason: str
    clause: str
    decision_id: UUID
    review_on: date


def _in_force(tenant_id: str, on: date) -> Q:
    still = Q(released_on=None) | Q(released_on__gt=on)
    return still & Q(tenant_id=tenant_id, from_on__lte=on)


def raises_fen(tenant_id: str, subjects: Iterable[Subject], on: date) -> dict[Subject, int]:
    """Return what the raises in force on a day add for each subject, in fen; 0 for none.

    This is the fact ``raises_fen`` of the decision ``required_deposit`` (S3-3.3x). A raise that is
    released on a day does not count on that day any more.
    """
    found = dict.fromkeys(subjects, 0)
    rows = (
        Raise.objects.filter(_in_force(tenant_id, on))
        .values_list("subject_kind", "subject_id")
        .annotate(total=Sum("amount_fen"))
    )
    for kind, subject_id, total in rows:
        if (kind, subject_id) in found:
            found[kind, subject_id] = int(total)
    return found


def raises_of(tenant_id: str, subject: Subject) -> list[Raise]:
    """Return every raise that a subject ever had, the newest first."""
    return list(
        Raise.objects.filter(
            tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
        ).order_by("-from_on", "-id")
    )


def raises_in_force(tenant_id: str) -> list[Raise]:
    """Return the raises that are not released, the one to be looked at first in front."""
    return list(
        Raise.objects.filter(tenant_id=tenant_id, released_on=None).order_by("review_on", "id")
    )


def raises_due_review(tenant_id: str, on: date) -> list[Raise]:
    """Return the raises in force whose review day has come, the longest due first."""
    return [each for each in raises_in_force(tenant_id) if each.review_on <= on]


def raise_get(tenant_id: str, raise_id: UUID) -> Raise:
    """Return one raise.

    Raises:
        NotFound: there is none with this id.
    """
    found = Raise.objects.filter(tenant_id=tenant_id, id=raise_id).first()
    if found is None:
        raise NotFound(
            "unknown_raise",
            where=str(raise_id),
            zh="没有这项提高；请用 earnest raise list 核对编号。",
            en="there is no such raise; earnest raise list shows their ids",
        )
    return found


def raise_of_decision(tenant_id: str, decision_id: UUID) -> Raise | None:
    """Return the raise that a decision made; None where it made none."""
    return Raise.objects.filter(tenant_id=tenant_id, decision_id=decision_id).first()


@transaction.atomic
def raise_set(tenant_id: str, new: NewRaise, now: datetime) -> tuple[Raise, Requirement]:
    """Put a raise in force, and the requirement up by it at once (S3-3.3x)."""
    on = day_of(now)
    row = Raise.objects.create(
        id=uuid7_for(now, tenant_id, "raise", str(new.decision_id)),
        tenant_id=tenant_id,
        subject_kind=new.subject[0],
        subject_id=new.subject[1],
        ground=new.ground,
        amount_fen=new.amount_fen,
        reason=new.reason,
        clause=new.clause,
        decision_id=new.decision_id,
        from_on=on,
        review_on=new.review_on,
    )
    return row, _moved(tenant_id, row, new.amount_fen, new.decision_id, now)


@transaction.atomic
def raise_end(
    tenant_id: str, raise_id: UUID, decision_id: UUID, now: datetime, *, actor: str, reason: str
) -> tuple[Raise, Requirement]:
    """Release a raise, and put the requirement down by it at once.

    Raises:
        Conflict: it is released already.
        NotFound: there is none with this id.
    """
    row = raise_get(tenant_id, raise_id)
    ended = Raise.objects.filter(id=row.id, released_on=None).update(
        released_on=day_of(now), released_by=actor, release_reason=reason
    )
    if not ended:
        raise raise_over(row)
    row.refresh_from_db()
    return row, _moved(tenant_id, row, -row.amount_fen, decision_id, now)


@transaction.atomic
def raise_keep(tenant_id: str, raise_id: UUID, review_on: date) -> Raise:
    """Let a raise stay and look at it again on a later day.

    Raises:
        Conflict: it is released already.
        NotFound: there is none with this id.
    """
    row = raise_get(tenant_id, raise_id)
    if not Raise.objects.filter(id=row.id, released_on=None).update(review_on=review_on):
        raise raise_over(row)
    row.refresh_from_db()
    return row


@transaction.atomic
def raises_look(tenant_id: str, now: datetime) -> int:
    """Tell each shop once on its review day that its raise is being looked at; return how many.

    The people of the platform find the same raises with ``raises_due_review``.
    """
    due = raises_due_review(tenant_id, day_of(now))
    told = set(
        Notice.objects.filter(
            tenant_id=tenant_id, decision_id__in=[each.decision_id for each in due]
        ).values_list("decision_id", "due_on")
    )
    new = [raise_reminder(each) for each in due if (each.decision_id, each.review_on) not in told]
    return len(notices_send(tenant_id, new, now))


def raise_over(row: Raise) -> Conflict:
    """Return the error that a raise is released already."""
    return Conflict(
        "raise_released",
        where=str(row.id),
        zh=f"这项提高已于 {row.released_on} 解除，不能再处理。",
        en=f"this raise was released on {row.released_on}; there is nothing left to do with it",
    )


def _moved(
    tenant_id: str, row: Raise, change_fen: int, decision_id: UUID, now: datetime
) -> Requirement:
    """Move the requirement of a raise's subject by an amount, never below zero."""
    subject = (row.subject_kind, row.subject_id)
    before = requirements_on(tenant_id, day_of(now), subject[0], {subject[1]}).get(subject)
    required = max(0, (before.required_fen if before else 0) + change_fen)
    wanted = NewRequirement(*subject, required, row.clause, decision_id)
    made = requirements_set(tenant_id, [wanted], now)
    if made:
        return made[0]
    if before is None:
        raise ValueError(f"{subject} has no requirement to move")
    return before

"""What can be asked about violations."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from earnest.decisions.models import Decision
from earnest.market.queries import Subject
from earnest.violations.models import (
    ASKED,
    IN_REVIEW,
    OPEN_STATES,
    REPORTED,
    STATES,
    Violation,
)
from earnest.violations.queue import unknown
from earnest.violations.sanctions import decisions_of_violation


@dataclass(frozen=True)
class ViolationFilter:
    """What narrows a list of violations; an empty field does not narrow.

    ``subject_id`` finds parts of an id; ``state`` is one of STATES, or ``open`` for all open ones.
    """

    state: str = ""
    source: str = ""
    kind: str = ""
    subject_id: str = ""

    def conditions(self) -> Q:
        """Return the filter for the database."""
        found = Q()
        if self.state == "open":
            found &= Q(state__in=OPEN_STATES)
        elif self.state in STATES:
            found &= Q(state=self.state)
        if self.source:
            found &= Q(source=self.source)
        if self.kind:
            found &= Q(items__kind=self.kind)
        if self.subject_id:
            found &= Q(subject_id__contains=self.subject_id)
        return found


def violation_get(tenant_id: str, number: str) -> Violation:
    """Return a violation with its items.

    Raises:
        NotFound: there is none.
    """
    found = (
        Violation.objects.filter(tenant_id=tenant_id, number=number)
        .prefetch_related("items", "turns", "entries", "corrections", "protections")
        .first()
    )
    if found is None:
        raise unknown(number)
    return found


def violations_found(
    tenant_id: str, narrowed: ViolationFilter | None = None
) -> QuerySet[Violation]:
    """Return violations with their items, the newest first."""
    chosen = narrowed or ViolationFilter()
    rows = Violation.objects.filter(chosen.conditions(), tenant_id=tenant_id).distinct()
    return rows.prefetch_related("items").order_by("-number")


def violations_told(tenant_id: str, subject: Subject) -> QuerySet[Violation]:
    """Return what a party may see of its own: it was asked, protected against, or sanctioned."""
    return (
        Violation.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            told_at__isnull=False,
        )
        .prefetch_related("items", "turns")
        .order_by("-number")
    )


def violation_told(tenant_id: str, subject: Subject, number: str) -> Violation:
    """Return one violation as its party may see it.

    Raises:
        NotFound: there is none, it is another's, or the party has not been told of it.
    """
    violation = violation_get(tenant_id, number)
    if violation.subject != subject or violation.told_at is None:
        raise unknown(number)
    return violation


def decisions_shown(violation: Violation) -> list[Decision]:
    """Return the decisions of a violation, the first in front, with the words said on them."""
    return list(decisions_of_violation(violation))


def document_ids(violation: Violation) -> list[UUID]:
    """Return the ids of every document that a violation names, as proof for either side."""
    several = [each.documents for each in violation.items.all()]
    several += [each.documents for each in violation.turns.all()]
    several += [each.documents for each in violation.corrections.all()]
    several += [each.documents for each in violation.protections.all()]
    return list(dict.fromkeys(UUID(each) for ids in several for each in ids))


def open_counts(tenant_id: str) -> dict[str, int]:
    """Count the open violations by state."""
    rows = (
        Violation.objects.filter(tenant_id=tenant_id, state__in=OPEN_STATES)
        .values_list("state")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def violations_open(tenant_id: str) -> int:
    """Count what waits for a reviewer or is in a reviewer's hands."""
    counts = open_counts(tenant_id)
    return counts.get(REPORTED, 0) + counts.get(IN_REVIEW, 0)


def matters_open(tenant_id: str, subject: Subject) -> int:
    """Count the violations of a party that nobody has settled yet."""
    return Violation.objects.filter(
        tenant_id=tenant_id,
        subject_kind=subject[0],
        subject_id=subject[1],
        state__in=[REPORTED, IN_REVIEW, ASKED],
    ).count()


def answers_due(tenant_id: str, subject: Subject) -> int:
    """Count the questions that wait for a party's answer."""
    return Violation.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], state=ASKED
    ).count()


def escalated(tenant_id: str) -> QuerySet[Violation]:
    """Return what nobody settled in time and is still open: the admin's list, oldest first."""
    return Violation.objects.filter(
        tenant_id=tenant_id, state__in=OPEN_STATES, escalated_at__isnull=False
    ).order_by("escalated_at")

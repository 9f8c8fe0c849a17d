"""What can be asked about cases."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from earnest.cases.models import Case
from earnest.decisions.models import Decision
from earnest.deposits.holds import holds
from earnest.deposits.models import DepositHold, HoldReview
from earnest.market.queries import Subject

KINDS = ("deduction", "hold", "raise", "category", "withdrawal", "exit", "discretion", "harm")
STATES = ("open", "done", "refused", "withdrawn")


@dataclass(frozen=True)
class CaseFilter:
    """What narrows a list of cases; an empty field does not narrow.

    ``subject_id`` finds parts of an id, unless ``subject_kind`` is given too.
    """

    kind: str = ""
    state: str = ""
    subject_kind: str = ""
    subject_id: str = ""

    def conditions(self) -> Q:
        """Return the filter for the database."""
        found = Q()
        if self.kind:
            found &= Q(kind=self.kind)
        if self.state == "open":
            found &= Q(closed_at=None)
        elif self.state:
            found &= Q(closed_as=self.state)
        if self.subject_kind:
            found &= Q(subject_kind=self.subject_kind)
        if self.subject_id and self.subject_kind:
            found &= Q(subject_id=self.subject_id)
        elif self.subject_id:
            found &= Q(subject_id__contains=self.subject_id)
        return found


def cases_found(tenant_id: str, narrowed: CaseFilter | None = None) -> QuerySet[Case]:
    """Return cases, the newest first."""
    chosen = narrowed or CaseFilter()
    return Case.objects.filter(chosen.conditions(), tenant_id=tenant_id).order_by("-number")


def case_state(case: Case) -> str:
    """Return the state of a case in one word: open, or what it was closed as."""
    return case.closed_as if case.closed_at else "open"


def decisions_of_case(case: Case) -> list[Decision]:
    """Return the decisions that a case led to, the first in front, with the words said on them.

    What was asked for again after a refusal carries the number with a point, as in ``C000012.2``.
    """
    rows = Decision.objects.filter(
        Q(period=case.number) | Q(period__startswith=f"{case.number}."),
        tenant_id=case.tenant_id,
        subject_kind=case.subject_kind,
        subject_id=case.subject_id,
    )
    return list(rows.prefetch_related("approvals").select_related("standing_order").order_by("seq"))


def open_counts(tenant_id: str) -> dict[str, int]:
    """Count the open cases by kind."""
    rows = (
        Case.objects.filter(tenant_id=tenant_id, closed_at=None)
        .values_list("kind")
        .annotate(count=Count("id"))
    )
    return dict(rows)


@dataclass(frozen=True)
class HoldListed:
    """A hold with what of it remains in the ledger, in fen, and the looks at it, newest first."""

    hold: DepositHold
    remaining_fen: int
    reviews: tuple[HoldReview, ...]

    @property
    def subject(self) -> Subject:
        """Whose deposit it lies on."""
        return (self.hold.subject_kind, self.hold.subject_id)

    @property
    def estimate_fen(self) -> int | None:
        """The loss as it was estimated last; None while nobody can tell."""
        return self.reviews[0].estimate_fen if self.reviews else None


def holds_listed(
    tenant_id: str, subject: Subject | None = None, *, closed: bool = False
) -> list[HoldListed]:
    """Return holds (of one subject), open ones unless asked otherwise, by their review day."""
    return [
        HoldListed(
            row,
            remaining_fen,
            tuple(sorted(row.reviews.all(), key=lambda each: (each.at, each.pk), reverse=True)),
        )
        for row, remaining_fen in holds(tenant_id, subject=subject, is_open=not closed)
    ]

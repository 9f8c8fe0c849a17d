"""What can be asked about findings, decisions and the words of the people who settled them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Left

from earnest.decisions.models import Decision, Finding, StandingOrder
from earnest.kernel.calendar import Month
from earnest.kernel.errors import NotFound
from earnest.rulebooks.assumptions import AssumedValue
from earnest.rulebooks.queries import confirmed_keys, unconfirmed_in


@dataclass(frozen=True)
class DecisionFilter:
    """What narrows a list of decisions or findings; an empty field does not narrow.

    ``month`` also finds what was decided for a day of that month.
    """

    clause: str = ""
    outcome: str = ""
    state: str = ""
    month: str = ""
    decision: str = ""
    subject_kind: str = ""
    subject_id: str = ""

    def conditions(self, **columns: str) -> Q:
        """Return the fields in use as a condition, with columns named otherwise where given."""
        used = {
            columns.get(name, name): value
            for name, value in (
                ("clause", self.clause),
                ("outcome", self.outcome),
                ("state", self.state),
                ("period__startswith", self.month),
                ("decision", self.decision),
                ("subject_kind", self.subject_kind),
                ("subject_id", self.subject_id),
            )
            if value
        }
        return Q(**used)


@dataclass(frozen=True)
class Waiting:
    """What waits for people: how many, of these how many need two persons, since when."""

    count: int
    second_person: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class MonthRate:
    """A measure over all subjects in one month, as a fraction, with the verdicts counted."""

    month: str
    numerator: int
    denominator: int
    breached: int
    subjects: int


@dataclass(frozen=True)
class MonthOutcome:
    """How often decisions of a month had one outcome, and the money they take or move."""

    month: str
    outcome: str
    count: int
    money_fen: int


@dataclass(frozen=True)
class Choices:
    """The values that a list can be narrowed by."""

    clauses: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    months: list[str] = field(default_factory=list)


def decisions(tenant_id: str, narrowed: DecisionFilter | None = None) -> QuerySet[Decision]:
    """Return decisions, newest first, without their receipts' weight."""
    chosen = narrowed or DecisionFilter()
    return (
        Decision.objects.filter(chosen.conditions(), tenant_id=tenant_id)
        .defer("receipt", "trace", "effect")
        .order_by("-seq")
    )


def decision_get(tenant_id: str, decision_id: UUID) -> Decision:
    """Return one decision with the approvals on it.

    Raises:
        NotFound: no decision of this tenant has this id.
    """
    found = Decision.objects.filter(tenant_id=tenant_id, id=decision_id)
    decision = found.select_related("standing_order").prefetch_related("approvals").first()
    if decision is None:
        raise NotFound(
            "unknown_decision",
            where=str(decision_id),
            zh="没有这个决定，或您无权查看。请检查编号。",
            en="there is no such decision, or it is not yours to see; check the id",
        )
    return decision


def unconfirmed_of(decision: Decision) -> list[AssumedValue]:
    """Return the assumed values that a decision rests on and that nobody has confirmed."""
    return unconfirmed_in(decision.receipt, decision.trace, confirmed_keys(decision.tenant_id))


def decisions_waiting(tenant_id: str) -> QuerySet[Decision]:
    """Return the decisions that wait for people, oldest first, with the words said so far."""
    return (
        Decision.objects.filter(tenant_id=tenant_id, state="waiting")
        .prefetch_related("approvals")
        .order_by("made_at", "seq")
    )


def waiting_counts(tenant_id: str) -> Waiting:
    """Count what waits, in one query."""
    row = Decision.objects.filter(tenant_id=tenant_id, state="waiting").aggregate(
        count=Count("id"),
        second_person=Count("id", filter=Q(approvals_needed__gte=2)),
        oldest_at=Min("made_at"),
    )
    return Waiting(row["count"], row["second_person"], row["oldest_at"])


def decisions_of(tenant_id: str, kind: str, subject_id: str) -> QuerySet[Decision]:
    """Return the decisions about one subject, newest first."""
    return Decision.objects.filter(
        tenant_id=tenant_id, subject_kind=kind, subject_id=subject_id
    ).order_by("-made_at", "-seq")


def decision_choices(tenant_id: str) -> Choices:
    """Return the clauses, outcomes and months that decisions of this tenant have."""
    own = Decision.objects.filter(tenant_id=tenant_id)
    return Choices(
        clauses=list(own.order_by("clause").values_list("clause", flat=True).distinct()),
        outcomes=list(own.order_by("outcome").values_list("outcome", flat=True).distinct()),
        months=list(
            own.annotate(month=Left("period", 7))
            .order_by("-month")
            .values_list("month", flat=True)
            .distinct()
        ),
    )


def outcomes_by_month(tenant_id: str, first: Month, last: Month) -> list[MonthOutcome]:
    """Count decisions per month and outcome, oldest month first."""
    rows = (
        Decision.objects.filter(tenant_id=tenant_id)
        .annotate(month=Left("period", 7))
        .filter(month__gte=str(first), month__lte=str(last))
        .values("month", "outcome")
        .annotate(count=Count("id"), money_fen=Sum("money_fen"))
        .order_by("month", "outcome")
    )
    return [
        MonthOutcome(row["month"], row["outcome"], row["count"], row["money_fen"]) for row in rows
    ]


def money_taken_fen(tenant_id: str, decision: str, month: str = "") -> int:
    """Return what decisions of one kind in effect take, of one month's assessment or of all."""
    found = Decision.objects.filter(tenant_id=tenant_id, decision=decision, state="in_effect")
    if month:
        found = found.filter(period=month)
    return found.aggregate(total=Sum("money_fen"))["total"] or 0


def findings(
    tenant_id: str, narrowed: DecisionFilter | None = None, *, measure: str = ""
) -> QuerySet[Finding]:
    """Return findings, newest period first; the filter's outcome narrows by status."""
    chosen = narrowed or DecisionFilter()
    found = Finding.objects.filter(chosen.conditions(outcome="status"), tenant_id=tenant_id)
    if measure:
        found = found.filter(measure=measure)
    return found.defer("receipt").order_by("-period", "subject_id", "measure")


def finding_choices(tenant_id: str) -> Choices:
    """Return the clauses, statuses and months that findings of this tenant have."""
    own = Finding.objects.filter(tenant_id=tenant_id)
    return Choices(
        clauses=list(own.order_by("clause").values_list("clause", flat=True).distinct()),
        outcomes=list(own.order_by("status").values_list("status", flat=True).distinct()),
        months=list(own.order_by("-period").values_list("period", flat=True).distinct()),
    )


def findings_of(tenant_id: str, kind: str, subject_id: str) -> list[Finding]:
    """Return all findings about one subject with their receipts, oldest period first."""
    return list(
        Finding.objects.filter(
            tenant_id=tenant_id, subject_kind=kind, subject_id=subject_id
        ).order_by("period", "measure", "clause")
    )


def findings_count(tenant_id: str, *, month: str, status: str) -> int:
    """Count the findings of a month with one status."""
    return Finding.objects.filter(tenant_id=tenant_id, period=month, status=status).count()


def breached_counts(tenant_id: str, month: str, kind: str) -> dict[str, int]:
    """Count the breached findings of a month per subject of one kind."""
    rows = (
        Finding.objects.filter(
            tenant_id=tenant_id, period=month, status="breached", subject_kind=kind
        )
        .values_list("subject_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def latest_month(tenant_id: str) -> str:
    """Return the newest month that has findings, as YYYY-MM; empty when there is none."""
    newest = Finding.objects.filter(tenant_id=tenant_id).order_by("-period").first()
    return newest.period if newest else ""


def rates_by_month(tenant_id: str, measure: str, first: Month, last: Month) -> list[MonthRate]:
    """Return a measure summed over all subjects per month, oldest first."""
    rows = (
        Finding.objects.filter(
            tenant_id=tenant_id,
            measure=measure,
            period__gte=str(first),
            period__lte=str(last),
        )
        .values("period")
        .annotate(
            numerators=Sum("numerator"),
            denominators=Sum("denominator"),
            breached=Count("id", filter=Q(status="breached")),
            subjects=Count("id"),
        )
        .order_by("period")
    )
    return [
        MonthRate(
            row["period"],
            int(row["numerators"]),
            int(row["denominators"]),
            row["breached"],
            row["subjects"],
        )
        for row in rows
    ]


def line_of(tenant_id: str, measure: str) -> int | None:
    """Return the line, in parts per million, that a measure was last judged by."""
    newest = (
        Finding.objects.filter(tenant_id=tenant_id, measure=measure)
        .exclude(status="refused")
        .order_by("-period")
        .first()
    )
    target = newest.receipt.get("result", {}).get("target_ppm") if newest else None
    return int(target) if target is not None else None


def finding_get(tenant_id: str, subject: tuple[str, str], measure: str, period: str) -> Finding:
    """Return the finding about one subject, measure and period.

    Raises:
        NotFound: nothing was found about them.
    """
    finding = (
        Finding.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            measure=measure,
            period=period,
        )
        .order_by("clause")
        .first()
    )
    if finding is None:
        raise NotFound(
            "unknown_finding",
            where=f"{subject[1]} {measure} {period}",
            zh="没有这条考核认定，或您无权查看。",
            en="there is no such finding, or it is not yours to see",
        )
    return finding


def finding_counts(tenant_id: str) -> dict[str, int]:
    """Return how many findings there are by status, the most frequent first."""
    rows = (
        Finding.objects.filter(tenant_id=tenant_id)
        .values_list("status")
        .annotate(count=Count("id"))
        .order_by("-count")
    )
    return dict(rows)


def standing_orders(tenant_id: str) -> list[StandingOrder]:
    """Return the standing orders, the oldest first."""
    return list(StandingOrder.objects.filter(tenant_id=tenant_id).order_by("from_on", "id"))

"""What can be asked about charging plans, offers and differences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from earnest.charging.models import ChargeLine, ChargingPlan, Difference, OfferSeen
from earnest.charging.offers import offers_newest
from earnest.kernel.errors import NotFound

WITH_REVIEWERS = ("filed", "in_review", "reviewed")
WITH_PROVIDER = ("draft", "sent_back")


@dataclass(frozen=True)
class PlanFilter:
    """What narrows a list of plans; an empty field does not narrow.

    ``state`` is one of ``models.STATES``, or ``to_do`` for all that the platform has to look at.
    """

    state: str = ""
    provider_id: str = ""
    plan_code: str = ""


@dataclass(frozen=True)
class OfferPair:
    """The newest offer of a function on each side; one of them may not have been seen."""

    provider_id: str
    app: str
    plan_code: str
    here: OfferSeen | None
    there: OfferSeen | None


def plans_found(tenant_id: str, narrowed: PlanFilter | None = None) -> QuerySet[ChargingPlan]:
    """Return plans, the newest first; drafts of others are no concern of the platform's queue."""
    chosen = narrowed or PlanFilter()
    rows = ChargingPlan.objects.filter(tenant_id=tenant_id)
    if chosen.state == "to_do":
        rows = rows.filter(state__in=WITH_REVIEWERS)
    elif chosen.state:
        rows = rows.filter(state=chosen.state)
    if chosen.provider_id:
        rows = rows.filter(provider_id=chosen.provider_id)
    if chosen.plan_code:
        rows = rows.filter(plan_code__contains=chosen.plan_code)
    return rows.order_by("-number")


def ball_with(plan: ChargingPlan) -> str:
    """Return who has the next step: provider, reviewer, second_person, or nobody."""
    if plan.state in WITH_PROVIDER:
        return "provider"
    if plan.state in {"filed", "in_review"}:
        return "reviewer"
    return "second_person" if plan.state == "reviewed" else "nobody"


def plan_standing(plan: ChargingPlan, on: date) -> str:
    """Return the state in a word that knows the day: approved is coming, in_force or ended."""
    if plan.state not in {"approved", "withdrawn"} or plan.effective_on is None:
        return plan.state
    if plan.ended_on is not None and plan.ended_on <= on:
        return "ended" if plan.state == "approved" else "withdrawn"
    return "in_force" if plan.effective_on <= on else "coming"


def plans_waiting(tenant_id: str) -> int:
    """Count the plans that the platform has to look at."""
    return ChargingPlan.objects.filter(tenant_id=tenant_id, state__in=WITH_REVIEWERS).count()


def versions_of(plan: ChargingPlan) -> QuerySet[ChargingPlan]:
    """Return the other versions of a plan, the newest first."""
    return (
        ChargingPlan.objects.filter(
            tenant_id=plan.tenant_id, provider_id=plan.provider_id, plan_code=plan.plan_code
        )
        .exclude(id=plan.id)
        .order_by("-number")
    )


def differences_found(
    tenant_id: str, *, provider_id: str = "", kind: str = "", month: str = ""
) -> QuerySet[Difference]:
    """Return differences, the newest first."""
    narrowed = Q(tenant_id=tenant_id)
    for name, value in (("provider_id", provider_id), ("kind", kind), ("month", month)):
        if value:
            narrowed &= Q(**{name: value})
    return Difference.objects.filter(narrowed).order_by("-found_at", "-id")


def charges_of(rows: Iterable[Difference]) -> dict[UUID, tuple[int, int]]:
    """Return for each difference of charges how many there are, and what they paid in fen."""
    counted = (
        ChargeLine.objects.filter(difference__in=[row.id for row in rows])
        .values_list("difference_id")
        .annotate(Count("id"), Sum("paid_fen"))
    )
    return {found: (count, paid or 0) for found, count, paid in counted}


def difference_get(tenant_id: str, difference_id: UUID) -> Difference:
    """Return one difference.

    Raises:
        NotFound: there is none.
    """
    row = differences_found(tenant_id).filter(id=difference_id).first()
    if row is None:
        raise NotFound(
            "unknown_difference",
            where=str(difference_id),
            zh="没有这条差异，或您无权查看。",
            en="there is no such difference, or it is not yours to see",
        )
    return row


def offer_pairs(tenant_id: str, provider_id: str = "") -> list[OfferPair]:
    """Return the functions of which an offer was seen, with the newest of each side."""
    rows = OfferSeen.objects.filter(tenant_id=tenant_id)
    if provider_id:
        rows = rows.filter(provider_id=provider_id)
    keys = rows.order_by("provider_id", "app", "plan_code").values_list(
        "provider_id", "app", "plan_code"
    )
    return [OfferPair(*key, *offers_newest(tenant_id, *key)) for key in keys.distinct()]

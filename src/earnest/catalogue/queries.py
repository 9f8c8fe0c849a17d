"""What can be asked about inspections, notices of goods and findings."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q, QuerySet

from earnest.catalogue.models import (
    FOUND,
    RETEST,
    GoodsFinding,
    GoodsNotice,
    NoticeGoods,
    Sample,
    SamplingRound,
)

NOTICE_STATES = ("open", "overdue", "done")


@dataclass(frozen=True)
class NoticeStanding:
    """Where a notice stands: goods in all, how many are off, how many came off too late or are."""

    goods: int
    off: int
    late: int

    def state(self) -> str:
        """Return it in one word: open, overdue or done."""
        if self.off == self.goods:
            return "done"
        return "overdue" if self.late else "open"


def samplings_found(tenant_id: str, provider_id: str = "") -> QuerySet[SamplingRound]:
    """Return rounds of sampling, the newest first."""
    rows = SamplingRound.objects.filter(tenant_id=tenant_id)
    if provider_id:
        rows = rows.filter(provider_id=provider_id)
    return rows.order_by("-number")


def sample_counts(rows: list[SamplingRound]) -> dict[str, dict[str, int]]:
    """Return how many samples of each round are in which state, by the round's number."""
    counted: dict[str, dict[str, int]] = {row.number: {} for row in rows}
    found = Sample.objects.filter(round__in=rows).values_list("round__number", "state")
    for number, state, count in found.annotate(Count("id")):
        counted[number][state] = count
    return counted


def samples_open(tenant_id: str, provider_id: str) -> QuerySet[Sample]:
    """Return a provider's samples whose finding does not stand yet, the first due in front."""
    return (
        Sample.objects.filter(
            tenant_id=tenant_id, round__provider_id=provider_id, state__in=[FOUND, RETEST]
        )
        .select_related("round")
        .order_by("retest_until", "place")
    )


def goods_notices_found(
    tenant_id: str, *, provider_id: str = "", state: str = "", on: date | None = None
) -> QuerySet[GoodsNotice]:
    """Return notices of goods, the newest first; ``state`` (of ``NOTICE_STATES``) needs a day."""
    rows = GoodsNotice.objects.filter(tenant_id=tenant_id)
    if provider_id:
        rows = rows.filter(provider_id=provider_id)
    still_up = NoticeGoods.objects.filter(tenant_id=tenant_id, off_on=None).values("notice")
    if state == "done":
        rows = rows.exclude(id__in=still_up)
    elif state and on is not None:
        due = Q(due_on__lt=on) if state == "overdue" else Q(due_on__gte=on)
        rows = rows.filter(due, id__in=still_up)
    return rows.order_by("-number")


def notice_standings(rows: list[GoodsNotice], on: date) -> dict[str, NoticeStanding]:
    """Return where notices stand on a day, by their number."""
    late = Q(off_on=None, notice__due_on__lt=on) | Q(off_on__gt=F("notice__due_on"))
    counted = (
        NoticeGoods.objects.filter(notice__in=rows)
        .values_list("notice__number")
        .annotate(goods_count=Count("id"), off=Count("off_on"), late=Count("id", filter=late))
    )
    return {number: NoticeStanding(*numbers) for number, *numbers in counted}


def goods_findings_found(
    tenant_id: str, *, provider_id: str = "", kind: str = "", origin: str = ""
) -> QuerySet[GoodsFinding]:
    """Return what screening found, the newest first."""
    narrowed = Q(tenant_id=tenant_id)
    for name, value in (("provider_id", provider_id), ("kind", kind), ("origin", origin)):
        if value:
            narrowed &= Q(**{name: value})
    return GoodsFinding.objects.filter(narrowed).order_by("-found_at", "-id")


def goods_waiting(tenant_id: str, on: date) -> int:
    """Count what waits for the platform: notices that are overdue, and re-tests asked for."""
    overdue = NoticeGoods.objects.filter(
        tenant_id=tenant_id, off_on=None, notice__due_on__lt=on
    ).count()
    return overdue + Sample.objects.filter(tenant_id=tenant_id, state=RETEST).count()

"""What was judged in the past, with the facts it was judged by.

Receipts of findings and decisions keep their facts. Where only some cases left a receipt, the
facts of the others are put together again from what was recorded, just as the assessment puts them
together; a receipt's own facts always come first. Everything here reads, and nothing writes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Count, Min, Q, QuerySet

from earnest.assessment.adjustment_reading import schedule_of
from earnest.assessment.providers import NPS, PROVIDER
from earnest.assessment.shops import SALES, SHOP, Days, ShopMonth
from earnest.decisions.models import Decision, Finding
from earnest.deposits.models import Requirement
from earnest.deposits.raises import raises_fen
from earnest.kernel.calendar import Month, day_of
from earnest.ledger.free_deposits import free_deposits
from earnest.market.models import Provider
from earnest.market.queries import Subject
from earnest.market.taking_part import categories_open, shops_taking_part
from earnest.measures.recorded import figures_recorded
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from earnest.whatif.facts import Judged

STORED: Final = "stored"
REBUILT: Final = "rebuilt"
LADDER: Final = "nps_ladder"
REQUIRED: Final = "required_deposit"
NOTIFY: Final = "notify_provider"
AT_ONCE: Final = 2_000


@dataclass(frozen=True)
class Past:
    """What is asked of the past.

    Attributes:
        assessed: the months of the period that were assessed, oldest first, each with the instant
            of its cycle.
        first, last: the days that the period spans, both included.
        subject: one party only; None for all.
    """

    tenant_id: str
    rulebook: str
    assessed: tuple[tuple[Month, datetime], ...]
    first: date
    last: date
    subject: Subject | None = None

    @property
    def span(self) -> str:
        """Return the first and the last month that were assessed, as ``2025-01..2025-12``."""
        return f"{self.assessed[0][0]}..{self.assessed[-1][0]}"

    def rows(self, model: type[Finding] | type[Decision]) -> QuerySet[Any]:
        """Return the findings or decisions of the period: of its months, or governed on its days.

        A decision that belongs to no month (of a day, or of an admission) belongs to the month of
        its governing day.
        """
        of_days = Q(governing_on__range=(self.first, self.last)) & ~Q(period__regex=r"^\d{4}-\d\d$")
        of_months = Q(period__in=[str(month) for month, _ in self.assessed])
        found: QuerySet[Any] = model.objects.filter(
            of_months | of_days, tenant_id=self.tenant_id, rulebook=self.rulebook
        )
        if self.subject is not None:
            found = found.filter(subject_kind=self.subject[0], subject_id=self.subject[1])
        return found

    def concerns(self, kind: str, subject_id: str) -> bool:
        """Tell whether a party is asked about."""
        return self.subject in (None, (kind, subject_id))


def decisions_judged(past: Past) -> set[str]:
    """Return the names of the decisions that were taken in the period."""
    found = {
        name
        for model in (Finding, Decision)
        for name in past.rows(model).order_by().values_list("decision", flat=True).distinct()
    }
    if past.rulebook == SHOP_DEPOSIT and past.assessed:
        found.add(REQUIRED)
    return found


def judged(past: Past, decision: str) -> Iterator[Judged]:
    """Yield every judgement of the period under one decision."""
    known: set[tuple[str, str]] = set()
    for each in _stored(past, decision):
        known.add((each.party, each.period))
        yield each
    if decision in _REBUILDERS:
        for each in _REBUILDERS[decision](past):
            if (each.party, each.period) not in known:
                yield each


def _stored(past: Past, decision: str) -> Iterator[Judged]:
    categories = _service_categories(past.tenant_id)
    for rows in _receipts(past, decision):
        fields = ("subject_kind", "subject_id", "period", "governing_on", "receipt__facts")
        ordered = rows.order_by("id").values_list(*fields)
        for kind, subject_id, period, governing_on, facts in ordered.iterator(AT_ONCE):
            category = categories.get(subject_id, "") if kind == PROVIDER else ""
            month = _month(period, governing_on)
            yield Judged(kind, subject_id, month, facts, STORED, category)


def _receipts(past: Past, decision: str) -> list[QuerySet[Any]]:
    """Return the rows whose receipts hold a decision's facts, each judgement once."""
    findings = past.rows(Finding).filter(decision=decision)
    if decision == LADDER:
        # The findings hold the months without a decision too. A month with too few answers led to
        # nothing, whatever the months before it say.
        return [findings.exclude(status="not_assessable")]
    return [findings, past.rows(Decision).filter(decision=decision)]


def _month(period: str, governing_on: date | None) -> str:
    """Return the month of a period: a month, a day of one, or a word such as ``admission``."""
    if period[:4].isdigit():
        return period[:7]
    return str(Month.of(governing_on)) if governing_on else ""


def _service_categories(tenant_id: str) -> dict[str, str]:
    rows = Provider.objects.filter(tenant_id=tenant_id)
    return dict(rows.values_list("provider_id", "service_category"))


def shop_months(past: Past) -> Iterator[Judged]:
    """Put together what each shop's requirement was computed from, month by month (S3-3.1a)."""
    pack = pack_of(SHOP_DEPOSIT)
    first_on = _first_required_on(past.tenant_id)
    for month, at in past.assessed:
        on = day_of(at)
        days = Days(on, schedule_of(pack, month, on).applies_on)
        sales = {
            figure.subject: figure.numerator
            for figure in figures_recorded(
                past.tenant_id, SALES, subject_kind=SHOP, first=month.first_day, last=month.last_day
            )
        }
        categories = categories_open(past.tenant_id, on)
        balances = free_deposits(past.tenant_id, SHOP, at)
        ids = [each.shop_id for each in shops_taking_part(past.tenant_id, on)]
        raised = raises_fen(past.tenant_id, [(SHOP, each) for each in ids], on)
        for shop_id in ids:
            if past.concerns(SHOP, shop_id):
                row = ShopMonth(
                    shop_id=shop_id,
                    sales_fen=sales.get(shop_id, 0),
                    categories=tuple(categories.get(shop_id, ())),
                    balance_fen=balances.get(shop_id, 0),
                    required_fen=0 if first_on.get(shop_id, on) < on else None,
                    raises_fen=raised[SHOP, shop_id],
                )
                yield Judged(SHOP, shop_id, str(month), row.facts(days.of(row)), REBUILT)


def _first_required_on(tenant_id: str) -> dict[str, date]:
    """Return the day from which on each shop had to hold anything at all."""
    rows = Requirement.objects.filter(tenant_id=tenant_id, subject_kind=SHOP)
    found = rows.values("subject_id").annotate(first_on=Min("from_on"))
    return dict(found.values_list("subject_id", "first_on"))


def provider_notices(past: Past) -> Iterator[Judged]:
    """Count the duties that each provider did not meet in a month (S0-2.2.1b)."""
    categories = _service_categories(past.tenant_id)
    counted = (
        past.rows(Finding)
        .filter(subject_kind=PROVIDER)
        .exclude(measure=NPS)
        .values("subject_id", "period")
        .annotate(breached=Count("id", filter=Q(status="breached")))
        .order_by("period", "subject_id")
    )
    for row in counted:
        facts = {
            "assessed_on": Month.parse(row["period"]).last_day,
            "breached": row["breached"],
        }
        category = categories.get(row["subject_id"], "")
        yield Judged(PROVIDER, row["subject_id"], row["period"], facts, REBUILT, category)


_REBUILDERS: Final[dict[str, Callable[[Past], Iterator[Judged]]]] = {
    REQUIRED: shop_months,
    NOTIFY: provider_notices,
}

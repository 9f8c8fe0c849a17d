"""Four providers and three shops over three months, judged as a cycle judges, for hand-made sums.

Composite scores by month, on a floor of 7.0; sales in yuan, deposits of 10,000 yuan each::

         Aug   Sep   Oct                    Aug      Sep      Oct
    P1   6.9   6.9   6.9               S1   40,000   550,000  550,000
    P2   7.2   7.2   7.2               S2   30,000   30,000   30,000
    P3   9.0   9.0   9.0               S3   (of a category that no table knows)
    P4   9.0   7.2   9.0
"""

from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID, uuid5

from earnest.assessment import providers, shops
from earnest.assessment.models import Cycle
from earnest.assessment.nps_ladder import nps_judgement
from earnest.assessment.shortages import shortage_decisions
from earnest.consequences.commands import decide
from earnest.decisions.commands import findings_record
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position
from earnest.kernel.calendar import MARKET_ZONE, Month, day_of
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import marketplace_open
from earnest.market.models import Provider, Shop, ShopCategory
from earnest.measures.commands import results_record
from earnest.measures.definition import Figure
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, party_packs

TENANT: Final = "whatif"
AUGUST, SEPTEMBER, OCTOBER = Month(2025, 8), Month(2025, 9), Month(2025, 10)
MONTHS: Final = (AUGUST, SEPTEMBER, OCTOBER)
SCORES: Final = {
    "P1": (69, 69, 69),
    "P2": (72, 72, 72),
    "P3": (90, 90, 90),
    "P4": (90, 72, 90),
}
ANSWERS: Final = 10
DEPOSIT_FEN: Final = 1_000_000
SALES_FEN: Final = {
    "S1": (4_000_000, 55_000_000, 55_000_000),
    "S2": (3_000_000, 3_000_000, 3_000_000),
    "S3": (0, 0, 0),
}
CATEGORIES: Final = {"S1": "apparel", "S2": "apparel", "S3": "moonstone"}
ORDERS, PICKED = 1_000, 975
OPENED_ON: Final = date(2025, 7, 1)


def settled(month: Month) -> datetime:
    """Return the instant of a month's cycle."""
    first = month.plus(1).first_day
    return datetime(first.year, first.month, 8, tzinfo=MARKET_ZONE).astimezone(UTC)


def seed() -> None:
    """Fill the database: parties, money, three cycles, and a shortage that was acted on."""
    _parties()
    _money()
    for place, month in enumerate(MONTHS):
        _providers(month, place)
        _shops(month, place)
        Cycle.objects.create(tenant_id=TENANT, month=str(month), as_of=settled(month), counts={})
    _shortage()


def _parties() -> None:
    marketplace_open(TENANT, name_zh="试算市场", name_en="What-if market")
    for provider_id in SCORES:
        Provider.objects.create(
            tenant_id=TENANT, provider_id=provider_id, name=f"货源 {provider_id}",
            service_category="supply_tool", admitted_on=OPENED_ON,
        )  # fmt: skip
    for shop_id, category in CATEGORIES.items():
        Shop.objects.create(
            tenant_id=TENANT, shop_id=shop_id, name=f"店铺 {shop_id}", opened_on=OPENED_ON
        )
        ShopCategory.objects.create(
            tenant_id=TENANT, shop_id=shop_id, category_id=category, opened_on=OPENED_ON
        )


def _money() -> None:
    at = datetime(2025, 7, 2, tzinfo=UTC)
    subjects = [("shop", each) for each in SALES_FEN] + [("provider", each) for each in SCORES]
    platform_accounts_open(TENANT, at)
    subject_accounts_open(TENANT, subjects, at)
    pay_ins = [
        Transfer(
            id=uuid5(UUID(int=0), f"{TENANT} {kind} {subject_id}"),
            debit=clearing_of("bank"),
            credit=deposit_of((kind, subject_id)),
            amount_fen=DEPOSIT_FEN,
            effective_at=at,
            reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, f"receipt {subject_id}"),
        )
        for kind, subject_id in subjects
    ]
    assert {each.status for each in transfers_post(TENANT, pay_ins, at)} == {"posted"}


def _figure(month: Month, subject: str, measure: str, counts: tuple[int, int]) -> Figure:
    numerator, denominator = counts
    return Figure(
        subject_kind="shop" if measure == "sales_month" else "provider",
        subject=subject,
        measure=measure,
        numerator=numerator,
        denominator=denominator,
        sample=ANSWERS,
        pending=0,
        window_from=month.first_day,
        window_to=month.last_day,
        cutoff_at=settled(month),
        state="final",
        dimensions={},
        formula_hash="0" * 64,
    )


def _providers(month: Month, place: int) -> None:
    at, packs = settled(month), party_packs(TENANT, SUPPLY_MARKET)
    figures = [
        each
        for provider_id, scores in SCORES.items()
        for each in (
            _figure(month, provider_id, "nps_composite", (scores[place] * ANSWERS, ANSWERS)),
            _figure(month, provider_id, "shipping48h", (PICKED, ORDERS)),
        )
    ]
    results_record(TENANT, figures, at)
    duties = providers.duty_findings(month, figures, packs)
    scored, ladder = nps_judgement(TENANT, month, figures, set())
    findings_record(TENANT, duties + scored, at)
    decide(TENANT, ladder + providers.notify_decisions(month, duties, packs), at)


def _shops(month: Month, place: int) -> None:
    at = settled(month)
    results_record(
        TENANT,
        [
            _figure(month, shop_id, "sales_month", (sales[place], 1))
            for shop_id, sales in SALES_FEN.items()
        ],
        at,
    )
    rows = [
        shops.ShopMonth(
            shop_id=shop_id,
            sales_fen=sales[place],
            categories=(CATEGORIES[shop_id],),
            balance_fen=DEPOSIT_FEN,
            required_fen=None if place == 0 else DEPOSIT_FEN,
        )
        for shop_id, sales in SALES_FEN.items()
    ]
    packs = party_packs(TENANT, SHOP_DEPOSIT)
    adjustment = shops.adjustment_decide(rows, str(month), day_of(at), packs)
    decide(TENANT, adjustment.decisions, at)
    findings_record(TENANT, shops.refused_findings(month, adjustment.refused), at)


def _shortage() -> None:
    """S1 is short by 20,000 yuan from 8 October; on the 25th, 10 days late, sales are limited."""
    at = datetime(2025, 10, 25, 2, tzinfo=UTC)
    shortage = Shortage(
        tenant_id=TENANT, subject_kind="shop", subject_id="S1", opened_at=settled(SEPTEMBER)
    )
    position = Position("shop", "S1", 3_000_000, DEPOSIT_FEN, 0, 0, 0)
    packs = party_packs(TENANT, SHOP_DEPOSIT)
    decisions = shortage_decisions([shortage], {("shop", "S1"): position}, day_of(at), packs)
    assert [each.outcome for each in decisions] == ["limit_sales"]
    decide(TENANT, decisions, at)

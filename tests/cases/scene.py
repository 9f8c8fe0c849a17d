"""A market with shops, their deposits and people who approve, for the tests of cases."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from earnest.cases.models import Case
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decision_settle
from earnest.decisions.models import Decision
from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    settlement_of,
    subject_accounts_open,
)
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.deposits.queries import Position, position
from earnest.feed.commands import events_take
from earnest.kernel.calendar import day_of
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.market.models import Provider, Shop, ShopCategory
from earnest.payouts.commands import payee_verify
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET
from tests.rulebooks.samples import samples_confirmed

NOW = datetime(2025, 9, 5, 4, tzinfo=UTC)
ENTITY = "杭州某某有限公司"
OPENED = date(2025, 1, 1)
Subject = tuple[str, str]
S1: Subject = ("shop", "S1")
P1: Subject = ("provider", "P1")


def tenant_new() -> str:
    """Open a fresh tenant's platform accounts and confirm every sample value of the rules."""
    tenant = f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, NOW)
    samples_confirmed(tenant, (SHOP_DEPOSIT, SUPPLY_MARKET), NOW)
    return tenant


def shop_open(
    tenant: str,
    *,
    categories: Iterable[str] = ("apparel",),
    deposit_fen: int = 0,
    required_fen: int = 0,
    proceeds_fen: int = 0,
    subject: Subject = S1,
) -> Subject:
    """Open a shop with its categories, what it must hold, its deposit and its proceeds."""
    Shop.objects.create(
        tenant_id=tenant, shop_id=subject[1], name="店铺", entity_name=ENTITY, opened_on=OPENED
    )
    for category in categories:
        ShopCategory.objects.create(
            tenant_id=tenant, shop_id=subject[1], category_id=category, opened_on=OPENED
        )
    _money(tenant, subject, deposit_fen, required_fen, proceeds_fen)
    return subject


def provider_open(
    tenant: str, *, deposit_fen: int = 0, required_fen: int = 0, left_on: date | None = None
) -> Subject:
    """Open a provider with its deposit."""
    Provider.objects.create(
        tenant_id=tenant, provider_id=P1[1], name="服务商", entity_name=ENTITY,
        service_category="supply_tool", admitted_on=OPENED, left_on=left_on,
    )  # fmt: skip
    _money(tenant, P1, deposit_fen, required_fen, 0)
    return P1


def _money(tenant: str, subject: Subject, deposit: int, required: int, proceeds: int) -> None:
    subject_accounts_open(tenant, [subject], NOW)
    if required:
        wanted = NewRequirement(*subject, required, "S3-3.1a", uuid4())
        requirements_set(tenant, [wanted], NOW)
    paid_in(tenant, subject, deposit)
    paid_in(tenant, subject, proceeds, account=settlement_of(subject))


def paid_in(
    tenant: str, subject: Subject, fen: int, *, at: datetime = NOW, account: str = ""
) -> None:
    """Book cash into a deposit, or into another account."""
    if not fen:
        return
    transfer = Transfer(
        id=uuid4(),
        debit=clearing_of("bank"),
        credit=account or deposit_of(subject),
        amount_fen=fen,
        effective_at=at,
        reason=Reason("S3-2.1a", SHOP_DEPOSIT, None, "test"),
    )
    (outcome,) = transfers_post(tenant, [transfer], at)
    assert outcome.status == "posted"


def taken(tenant: str, subject: Subject, fen: int, *, credit: str = "penalty_income") -> None:
    """Take money out of a deposit as another case would."""
    transfer = Transfer(
        id=uuid4(),
        debit=deposit_of(subject),
        credit=credit,
        amount_fen=fen,
        effective_at=NOW,
        reason=Reason("S3-4.2a", SHOP_DEPOSIT, uuid4(), "test"),
    )
    (outcome,) = transfers_post(tenant, [transfer], NOW)
    assert outcome.status == "posted"


def verified(tenant: str, subject: Subject = S1) -> None:
    """Verify an account in the entity's name."""
    payee_verify(
        tenant, subject, rail="alipay_transfer", identity="2088000000000001", name=ENTITY,
        by="finance", now=NOW,
    )  # fmt: skip


def settle(
    tenant: str, decision_id: UUID, now: datetime, *, verdict: str = "approve", persons: int = 2
) -> Decision:
    """Let so many persons say the same on a decision."""
    decision = Decision.objects.get(id=decision_id)
    for number in range(persons):
        decision = decision_settle(
            tenant, decision_id, verdict=verdict, actor=f"person{number}", reason="seen", now=now
        )
    return decision


def approved(tenant: str, case: Case, now: datetime = NOW) -> Decision:
    """Let as many persons approve a case's last decision as it needs."""
    decision = decisions_of_case(case)[-1]
    return settle(tenant, decision.id, now, persons=decision.approvals_needed)


def stands(tenant: str, subject: Subject = S1, now: datetime = NOW) -> Position:
    """Return where a subject stands."""
    return position(tenant, subject, day_of(now))


def fed(tenant: str, stream: str, *rows: dict[str, object], now: datetime = NOW) -> None:
    """Let the feed tell something."""
    intake = events_take(
        tenant, stream, list(rows), source="urn:earnest:src:test:cases", now=now, origin="test"
    )
    assert not intake.rejected


def sold(tenant: str, category: str, day: str, fen: int, *, shop: str = "S1") -> None:
    """Let the feed tell what a shop sold of a category on a day."""
    fed(
        tenant,
        "sales_fact",
        {
            "day": day, "shop_id": shop, "category_id": category, "basis": "paid",
            "gross_fen": fen, "orders": 1,
        },
    )  # fmt: skip

"""A small market for tests of cash: a shop and a provider with accounts, and what they pay."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from earnest.deposits.accounts import (
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, balances_of, verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.commands import clock_set, marketplace_open
from earnest.market.models import Provider, Shop
from earnest.payins.models import PayOrder
from earnest.payins.payments import SANDBOX, Payment
from earnest.payins.sheet import SheetRow

AT = datetime(2025, 9, 8, 2, tzinfo=UTC)
SHOP = ("shop", "S0001")
OTHER = ("shop", "S0002")
PROVIDER = ("provider", "P0001")
ENTITY = "杭州晨光商贸有限公司"


@dataclass
class Scene:
    """One fresh tenant."""

    tenant: str = field(default_factory=lambda: f"t{uuid4().hex[:12]}")

    def open(self) -> "Scene":
        """Register two shops and a provider, with their accounts."""
        marketplace_open(self.tenant, name_zh="市场", name_en="Market")
        clock_set(self.tenant, AT)  # simulated time: sandbox orders are allowed
        for subject, entity in ((SHOP, ENTITY), (OTHER, "上海远山贸易有限公司")):
            Shop.objects.create(
                tenant_id=self.tenant,
                shop_id=subject[1],
                name=f"{entity[2:4]}旗舰店",
                entity_name=entity,
                opened_on=date(2025, 1, 1),
            )
        Provider.objects.create(
            tenant_id=self.tenant,
            provider_id=PROVIDER[1],
            name="货通",
            entity_name="苏州货通科技有限公司",
            service_category="erp",
            admitted_on=date(2025, 7, 19),
        )
        platform_accounts_open(self.tenant, AT)
        subject_accounts_open(self.tenant, [SHOP, OTHER, PROVIDER], AT)
        return self

    def owes(self, subject: tuple[str, str], fen: int) -> None:
        """Make a party owe an amount."""
        owed = Transfer(
            id=uuid4(),
            debit=f"claim:{subject[0]}:{subject[1]}",
            credit="penalty_income",
            amount_fen=fen,
            effective_at=AT,
            reason=Reason("S3-5.3c", "kuaishou-shop-deposit", uuid4(), "test"),
        )
        assert transfers_post(self.tenant, [owed], AT)[0].status == "posted"

    def spends(self, subject: tuple[str, str], fen: int) -> None:
        """Take an amount out of a deposit."""
        spent = Transfer(
            id=uuid4(),
            debit=deposit_of(subject),
            credit="penalty_income",
            amount_fen=fen,
            effective_at=AT,
            reason=Reason("S3-4.2a", "kuaishou-shop-deposit", uuid4(), "test"),
        )
        assert transfers_post(self.tenant, [spent], AT)[0].status == "posted"

    def holds(self, code: str) -> int:
        """Return what is posted in an account; 0 while it is not open."""
        found = balances_of(self.tenant, [code]).get(code)
        return found.posted_fen if found else 0

    def deposit(self, subject: tuple[str, str] = SHOP) -> int:
        """Return a party's deposit."""
        return self.holds(deposit_of(subject))

    def cash(self, rail: str) -> int:
        """Return the cash at an institution: what its clearing account was debited."""
        return -self.holds(clearing_of(rail))

    @property
    def suspense(self) -> int:
        """What is free in suspense."""
        return balance_of(self.tenant, "suspense").free_fen

    def books_hold(self) -> bool:
        """Whether every check of the books holds."""
        return all(check.ok for check in verify(self.tenant))


def payment_of(order: PayOrder, **changes: object) -> Payment:
    """Return the institution's word that an order was paid, with some of it changed."""
    said = {
        "number": order.number,
        "trade_no": "2025090822001",
        "total_fen": order.total_fen,
        "status": "TRADE_SUCCESS",
        "app_id": SANDBOX.app_id,
        "seller_id": SANDBOX.seller_id,
        "paid_at": AT + timedelta(minutes=5),
    }
    return Payment(**said | changes)  # type: ignore[arg-type]


def bank_row(number: str = "B0001", yuan: str = "20000.00", **cells: str) -> SheetRow:
    """Return a row of a bank's sheet."""
    told = {
        "receipt_no": number,
        "amount": yuan,
        "received_at": "2025-09-08 09:30:00",
        "payer_name": ENTITY,
        "memo": "保证金",
    }
    return SheetRow(2, told | cells)

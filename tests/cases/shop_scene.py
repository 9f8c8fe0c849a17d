"""One shop in a fresh market: only the sample values of deductions and holds are confirmed."""

from uuid import uuid4

from earnest.deposits.accounts import platform_accounts_open
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.cases.scene import NOW, shop_open

CONFIRMED = (
    "deduction_grounds",
    "compensation_rates",
    "fake_goods_multiple",
    "hold_review_days",
)


def shop_market(deposit_fen: int) -> str:
    """Return a tenant with the shop S1 and its deposit."""
    tenant = f"t{uuid4().hex[:12]}"
    platform_accounts_open(tenant, NOW)
    for name in CONFIRMED:
        value_confirm(
            tenant, rulebook=SHOP_DEPOSIT, element=name, confirmed_by="risk", note="ours", now=NOW
        )
    shop_open(tenant, deposit_fen=deposit_fen)
    return tenant

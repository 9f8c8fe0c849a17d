"""A market with a shop, its deposit and an institution that pays, for the tests of payouts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID, uuid4

import httpx

from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.rails import AlipayRail, AlipayRefundRail
from earnest.connectors.alipay.signing import certificate_sn, public_key_of, root_sn
from earnest.deposits.accounts import platform_accounts_open, subject_accounts_open
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, holds_open, verify
from earnest.ledger.records import Reason, Transfer
from earnest.market.models import Shop
from earnest.payouts.commands import payee_verify
from earnest.payouts.models import SETTLED, PayoutPart
from earnest.payouts.queries import destination_of
from earnest.payouts.rails import Rail
from earnest.payouts.records import NewPayout
from earnest.simulator.institution import APP_ID, SELLER_ID, Institution, Play
from earnest.simulator.institution_seals import Seals

NOW = datetime(2025, 9, 1, 4, tzinfo=UTC)
SHOP = ("shop", "S0001")
DEPOSIT = "deposit:shop:S0001"
ENTITY = "杭州某某（中国）有限公司"
IDENTITY = "2088000000000001"
PAID_IN_FEN = 1_000_000
TRANSFER_CASH = "clearing/alipay_transfer"


@cache
def seals() -> Seals:
    """Make the keys of both sides once for all tests."""
    return Seals.made()


def config(**changes: object) -> AlipayConfig:
    """Return a configuration that fits the simulated institution."""
    made = seals()
    content = {
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "private_key": made.application_key,
        "app_cert_sn": certificate_sn(made.application),
        "root_cert_sn": root_sn([made.root]),
        "alipay_keys": {certificate_sn(made.institution): public_key_of(made.institution)},
        "clock": lambda: NOW,
        "gateway": "https://institution.test/gateway.do",
    }
    return AlipayConfig(**{**content, **changes})


def institution(plays: Sequence[Play] = ()) -> Institution:
    """Return an institution at which the shop's entity has an account."""
    made = Institution(seals(), {IDENTITY: ENTITY})
    made.plays.extend(plays)
    return made


def rails_of(tenant_id: str, of: Institution) -> dict[str, Rail]:
    """Return both Alipay rails, leading to a simulated institution."""
    client = AlipayClient(config(), httpx.Client(transport=of.transport()))
    return {
        "alipay_transfer": AlipayRail(client),
        "alipay_trade": AlipayRefundRail(client, lambda no: destination_of(tenant_id, no)),
    }


def market_open(tenant_id: str) -> str:
    """Open a shop with a paid deposit."""
    Shop.objects.create(
        tenant_id=tenant_id,
        shop_id=SHOP[1],
        name="某某旗舰店",
        entity_name=ENTITY,
        opened_on=date(2025, 1, 1),
    )
    platform_accounts_open(tenant_id, NOW)
    subject_accounts_open(tenant_id, [SHOP], NOW)
    paid = Transfer(
        id=uuid4(),
        debit="clearing/alipay_trade",
        credit=DEPOSIT,
        amount_fen=PAID_IN_FEN,
        effective_at=NOW,
        reason=Reason("S3-2.1a", "kuaishou-shop-deposit", None, "paid in"),
    )
    (outcome,) = transfers_post(tenant_id, [paid], NOW)
    assert outcome.status == "posted"
    return tenant_id


def account_verified(tenant_id: str, rail: str = "alipay_transfer") -> None:
    """Verify the shop's account at a rail."""
    payee_verify(tenant_id, SHOP, rail=rail, identity=IDENTITY, name=ENTITY, by="fin", now=NOW)


def wanted(amount_fen: int = 250_000, **content: object) -> NewPayout:
    """Return an exit refund by a fresh decision."""
    return NewPayout(
        **{
            "subject": SHOP,
            "purpose": "exit_refund",
            "from_account": DEPOSIT,
            "amount_fen": amount_fen,
            "route": "verified_account",
            "clause": "S3-6.2x",
            "rulebook": "kuaishou-shop-deposit",
            "decision_id": uuid4(),
            "actor": "fin",
            **content,
        }
    )


def later(hours: int = 7) -> datetime:
    """Return an instant after every lease and every wait."""
    return NOW + timedelta(hours=hours)


def cash_out_fen(tenant_id: str, account: str = TRANSFER_CASH) -> int:
    """Return what our books say has left through a rail."""
    return balance_of(tenant_id, account).posted_fen


def books_agree(tenant_id: str, of: Institution) -> None:
    """Prove that the books hold, that holds are what is open, and that both sides say the same."""
    assert [check for check in verify(tenant_id) if not check.ok] == []
    parts = list(PayoutPart.objects.filter(tenant_id=tenant_id).select_related("payout"))
    open_holds: dict[UUID, int] = {
        hold.id: hold.remaining_fen for hold in holds_open(tenant_id, DEPOSIT)
    }
    for payout in {part.payout for part in parts}:
        mine = [part for part in parts if part.payout_id == payout.pk]
        # While one part is open the failed ones stay held; then nothing does.
        still = [part for part in mine if part.state not in ("succeeded", "returned")]
        held = sum(part.amount_fen for part in still)
        if all(part.state in SETTLED for part in mine):
            held = 0
        assert open_holds.get(payout.hold_id, 0) == held, payout
    settled = all(part.state in SETTLED for part in parts)
    paid = sum(part.amount_fen for part in parts if part.state == "succeeded")
    assert paid == cash_out_fen(tenant_id) + cash_in_refunded(tenant_id)
    if settled:
        assert paid == of.paid_out_fen
    else:
        assert paid <= of.paid_out_fen


def cash_in_refunded(tenant_id: str) -> int:
    """Return what has left through the rail of payments in."""
    return balance_of(tenant_id, "clearing/alipay_trade").posted_fen + PAID_IN_FEN

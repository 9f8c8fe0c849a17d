"""What an institution says of payments, whose account is paid, and what of it is believed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earnest.kernel.errors import BadInput, Conflict
from earnest.market.queries import marketplace_get
from earnest.payins.models import PayNotice, PayOrder

PAID: Final = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
CLOSED: Final = "TRADE_CLOSED"


@dataclass(frozen=True)
class Collector:
    """Our own account at the institution: the application and who is paid."""

    app_id: str
    seller_id: str


SANDBOX: Final = Collector("sandbox", "sandbox")
"""No institution: a person completes the payment, in a market whose time is simulated only."""


@dataclass(frozen=True)
class Payment:
    """What the institution says of a payment order, proven by its signature or asked by us."""

    number: str
    trade_no: str
    total_fen: int | None
    status: str
    app_id: str
    seller_id: str
    paid_at: datetime | None


def sandbox_payment(order: PayOrder, now: datetime) -> Payment:
    """Return the payment that a person in a demo makes; only an order without institution has one.

    Raises:
        Conflict: ``not_a_sandbox_order``, ``institution_not_configured``.
    """
    sandbox_check(order.tenant_id)
    if order.app_id != SANDBOX.app_id:
        raise order_conflict(
            "not_a_sandbox_order",
            order.number,
            "这是真实收款订单，只能由支付机构确认付款。",
            "this is a real order: only the institution can tell that it was paid",
        )
    trade_no = f"SANDBOX{order.number}"
    return Payment(
        order.number, trade_no, order.total_fen, "TRADE_SUCCESS", order.app_id, order.seller_id, now
    )


def sandbox_check(tenant_id: str) -> None:
    """Let payments be completed by hand only where time is simulated too: money is not real there.

    Raises:
        Conflict: ``institution_not_configured``.
    """
    marketplace = marketplace_get(tenant_id)
    if marketplace is None or marketplace.clock_at is None:
        raise order_conflict(
            "institution_not_configured",
            tenant_id,
            "还没有配置支付机构，不能在线缴款；请改用银行转账，或联系平台。",
            "no institution is configured, so nothing can be paid online; pay by bank transfer",
        )


def payment_check(order: PayOrder, payment: Payment) -> None:
    """Let only a payment be booked that was made, is ours, and has the order's amount.

    Raises:
        Conflict: ``payment_not_made``, ``payment_not_ours``, ``payment_amount_differs``.
        BadInput: ``trade_no_missing``.
    """
    if payment.status not in PAID:
        raise order_conflict(
            "payment_not_made",
            f"{order.number}: {payment.status}",
            "支付机构没有说这笔款已付，没有入账。",
            "the institution does not say that it was paid; nothing was booked",
        )
    if not payment.trade_no:
        raise BadInput(
            "trade_no_missing",
            where=order.number,
            zh="缺少支付机构的交易号；没有回单号不能入账。",
            en="the institution's number is missing; without it no cash is booked",
        )
    if (payment.app_id, payment.seller_id) != (order.app_id, order.seller_id):
        raise order_conflict(
            "payment_not_ours",
            order.number,
            "收款应用或收款账户与本订单不符，没有入账。",
            "another application or payee than the order's; nothing was booked",
        )
    if payment.total_fen != order.total_fen:
        raise order_conflict(
            "payment_amount_differs",
            f"{order.number}: {payment.total_fen} / {order.total_fen}",
            "实付金额与订单金额不一致，没有入账；请到支付机构核对。",
            "another amount was paid than was asked for; nothing was booked, check it there",
        )


def payment_heard(
    tenant_id: str, payment: Payment, source: str, outcome: str, now: datetime
) -> None:
    """Write down what was heard of an order, and what was made of it."""
    PayNotice.objects.create(
        tenant_id=tenant_id,
        number=payment.number,
        trade_no=payment.trade_no,
        total_fen=payment.total_fen,
        status=payment.status,
        source=source,
        outcome=outcome,
        at=now,
    )


def order_conflict(code: str, where: str, zh: str, en: str) -> Conflict:
    """Return a conflict of a payment order."""
    return Conflict(code, where=where, zh=zh, en=en)

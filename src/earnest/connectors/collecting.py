"""Payments at an institution: where a party pays, and what the institution says of itself.

Where none is configured, orders are sandbox orders: a person in the demo completes them.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.config import PREFIX, config_read
from earnest.connectors.alipay.notify import notification_read, transfer_notice_read
from earnest.connectors.alipay.trade import TradeOrder, page_pay_url
from earnest.kernel.errors import BadInput, NotFound
from earnest.payins.models import PayOrder
from earnest.payins.orders import payment_noticed
from earnest.payins.payments import SANDBOX, Collector, Payment
from earnest.payouts.commands import payout_notified

log = logging.getLogger(__name__)

TAKEN: Final = frozenset({"booked", "repeated", "closed", "ignored"})
"""What can come of a notice that the institution need not send again."""

TITLES: Final = {
    "deposit": "保证金缴存",
    "category": "新增类目保证金缴存",
    "recovery": "欠款偿还",
}


def client_configured(
    environment: Mapping[str, str], clock: Callable[[], datetime]
) -> AlipayClient | None:
    """Return the institution's client; nothing where none is configured.

    Raises:
        BadInput: ``alipay_not_configured`` when it is configured in part.
    """
    if not any(environment.get(f"{PREFIX}{name}") for name in ("CONFIG", "APP_ID")):
        return None
    return AlipayClient(config_read(environment, clock))


def collector_of(client: AlipayClient | None) -> Collector:
    """Return the account that new orders are to be paid to."""
    if client is None:
        return SANDBOX
    return Collector(client.config.app_id, client.config.seller_id)


def pay_address(
    client: AlipayClient, order: PayOrder, *, notify_url: str, return_url: str, now: datetime
) -> str:
    """Return the signed address of the cashier's page for an order."""
    asked = TradeOrder(
        out_trade_no=order.number,
        amount_fen=order.total_fen,
        subject_text=f"{TITLES[order.purpose]} {order.subject_id}",
        notify_url=notify_url,
        return_url=return_url,
    )
    return page_pay_url(client.config, asked, now)


def notice_take(
    client: AlipayClient, tenant_id: str, body: bytes, content_type: str, now: datetime
) -> bool:
    """Take a notice in: prove it, ask the institution itself, book what it says.

    Tells whether it is done with; if not, the institution sends it again. Nothing is booked on a
    notice alone.
    """
    try:
        notice = notification_read(client.config, body, content_type)
    except BadInput as error:
        log.warning("a payment notice was refused: %s", error.problem.code)
        return False
    outcome = payment_ask(
        client, tenant_id, notice.out_trade_no, now, source="notice", payee=notice.seller_id
    )
    if outcome not in TAKEN:
        log.error("a payment notice was not booked: %s %s", notice.out_trade_no, outcome)
    return outcome in TAKEN


def transfer_message_take(
    client: AlipayClient, tenant_id: str, body: bytes, content_type: str, now: datetime
) -> bool:
    """Take in a message that a transfer changed: proven, it makes our part due for a query.

    Tells whether it is done with. A message about a number that is not ours is: nobody could do
    anything with it when it is sent again.
    """
    try:
        message = transfer_notice_read(client.config, body, content_type)
        payout_notified(tenant_id, message.business_no, message.answer, now)
    except BadInput as error:
        log.warning("a transfer message was refused: %s", error.problem.code)
        return False
    except NotFound as error:
        log.warning("a transfer message is not about us: %s", error.problem.where)
    return True


def payment_ask(
    client: AlipayClient,
    tenant_id: str,
    number: str,
    now: datetime,
    *,
    source: str = "query",
    payee: str = "",
) -> str:
    """Ask the institution what became of an order and book it; give what came of it.

    Besides the outcomes of :func:`earnest.payins.orders.payment_noticed`: ``unknown`` when no
    trusted answer came, ``not_found`` when the institution or we have no such order.
    """
    answer = client.trade_query(number)
    if answer.state in {"unknown", "not_found"}:
        return answer.state
    payment = Payment(
        number=number,
        trade_no=answer.trade_no,
        total_fen=answer.total_fen,
        status=answer.status,
        app_id=client.config.app_id,
        seller_id=payee or client.config.seller_id,
        paid_at=answer.paid_at,
    )
    try:
        return payment_noticed(tenant_id, payment, now, source=source)
    except NotFound:
        return "not_found"

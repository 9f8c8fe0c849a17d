"""Payments in: the signed address of the cashier's page, and what the institution says of a trade.

The address is made without asking anybody; the payer's browser takes it to the institution.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.envelope import compact_json, request_fields
from earnest.connectors.alipay.yuan import yuan_of

PAGE_PAY = "alipay.trade.page.pay"
TradeState = Literal["paid", "waiting", "closed", "not_found", "unknown"]


@dataclass(frozen=True)
class TradeOrder:
    """A payment that somebody is asked for.

    Attributes:
        out_trade_no: our own number for it, used once.
        amount_fen: more than 0.
        subject_text: what the payer reads.
        notify_url: where the institution tells us of the payment.
        return_url: where the payer's browser goes afterwards; proves nothing.
    """

    out_trade_no: str
    amount_fen: int
    subject_text: str
    notify_url: str
    return_url: str = ""


@dataclass(frozen=True)
class TradeAnswer:
    """What the institution says of a trade when asked.

    ``unknown`` means that no trusted answer came; ``words`` then says why. Amounts and times are
    None where the answer has none.
    """

    state: TradeState
    out_trade_no: str
    trade_no: str = ""
    status: str = ""
    total_fen: int | None = None
    paid_at: datetime | None = None
    code: str = ""
    zh: str = ""
    en: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


def page_pay_url(config: AlipayConfig, order: TradeOrder, now: datetime) -> str:
    """Return the signed address of the cashier's page for an order.

    Raises:
        BadInput: ``alipay_amount_not_positive``.
    """
    content = compact_json(
        {
            "out_trade_no": order.out_trade_no,
            "total_amount": yuan_of(order.amount_fen),
            "subject": order.subject_text,
            "product_code": "FAST_INSTANT_TRADE_PAY",
        }
    )
    places = {"notify_url": order.notify_url, "return_url": order.return_url}
    return f"{config.gateway}?{urlencode(request_fields(config, PAGE_PAY, content, now, places))}"

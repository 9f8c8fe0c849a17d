"""The contents of our requests, as compact JSON. The same input gives the same bytes."""

from datetime import date

from earnest.connectors.alipay.envelope import compact_json
from earnest.connectors.alipay.trade import TradeOrder
from earnest.connectors.alipay.yuan import yuan_of
from earnest.kernel.errors import BadInput
from earnest.payouts.rails import PartRequest

TRANSFER_PRODUCT = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
TRANSFER_FEN_MIN = 10
_REMARK_MAX = 200


def transfer_body(request: PartRequest) -> str:
    """Return the content of a transfer to a user id, checked by the payee's name.

    Raises:
        BadInput: below 0.1 yuan, or without the payee's name.
    """
    if request.amount_fen < TRANSFER_FEN_MIN:
        raise BadInput(
            "alipay_transfer_too_small",
            where=request.business_no,
            zh="支付宝单笔转账不得少于 0.10 元。",
            en="Alipay transfers 0.10 yuan at least",
        )
    if not request.payee_name:
        raise BadInput(
            "alipay_payee_name_missing",
            where=request.business_no,
            zh="转账必须写明收款方名称，以便核对实名。",
            en="a transfer must carry the payee's name, which is checked",
        )
    return compact_json(
        {
            "out_biz_no": request.business_no,
            "trans_amount": yuan_of(request.amount_fen),
            **TRANSFER_PRODUCT,
            "order_title": request.title,
            "remark": request.remark[:_REMARK_MAX],
            "payee_info": {
                "identity": request.destination,
                "identity_type": "ALIPAY_USER_ID",
                "name": request.payee_name,
            },
        }
    )


def transfer_query_body(business_no: str) -> str:
    """Return the content of a query of a transfer by our own number."""
    return compact_json({"out_biz_no": business_no, **TRANSFER_PRODUCT})


def refund_body(request: PartRequest) -> str:
    """Return the content of a refund by the original route; partial ones have distinct numbers."""
    return compact_json(
        {
            "out_trade_no": request.destination,
            "refund_amount": yuan_of(request.amount_fen),
            "out_request_no": request.business_no,
            "refund_reason": request.title,
        }
    )


def refund_query_body(out_trade_no: str, business_no: str) -> str:
    """Return the content of a query of a refund."""
    return compact_json({"out_trade_no": out_trade_no, "out_request_no": business_no})


def trade_query_body(out_trade_no: str) -> str:
    """Return the content of a query of a payment in."""
    return compact_json({"out_trade_no": out_trade_no})


def precreate_body(order: TradeOrder) -> str:
    """Return the content of an order that is paid by scanning a code."""
    return compact_json(
        {
            "out_trade_no": order.out_trade_no,
            "total_amount": yuan_of(order.amount_fen),
            "subject": order.subject_text,
        }
    )


def bill_body(on: date, kind: str) -> str:
    """Return the content that asks for a day's bill: ``trade`` or ``signcustomer`` (all money)."""
    return compact_json({"bill_type": kind, "bill_date": on.isoformat()})

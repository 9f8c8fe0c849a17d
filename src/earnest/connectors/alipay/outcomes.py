"""What the institution's words mean for a payout.

Only words that are known to be final are final. Every other one is ``unknown``: it is asked about
again, and never paid a second time under another number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from earnest.connectors.alipay.envelope import OK, Reply
from earnest.connectors.alipay.yuan import fen_given
from earnest.payouts.rails import RailAnswer, RailState

US, PAYEE = "us", "payee"


@dataclass(frozen=True)
class FinalNo:
    """A final no: who has to mend it, and the words for people."""

    blame: str
    zh: str
    en: str


_PAYER_LIMIT = FinalNo(
    US, "超出我方账户的转账限额；请调整拆分限额后重新发起。",
    "beyond a limit of our account; change the limits of parts and issue it anew",
)  # fmt: skip
FINAL_NO: Final = {
    "PAYER_BALANCE_NOT_ENOUGH": FinalNo(
        US, "我方支付宝账户余额不足；请充值后重新发起。",
        "our account at Alipay holds too little; fund it and issue the payout anew",
    ),
    "PAYEE_NOT_EXIST": FinalNo(
        PAYEE, "收款账户不存在；请收款方核对并重新验证账户。",
        "there is no such account; let the payee check and verify it again",
    ),
    "PAYEE_USER_INFO_ERROR": FinalNo(
        PAYEE, "收款账户的实名与认证主体名称不一致；请重新验证收款账户。",
        "the account's real name differs from the certified entity; verify the account again",
    ),
    "PERM_AML_NOT_REALNAME_REV": FinalNo(
        PAYEE, "收款账户未完成实名认证；请收款方先完成认证。",
        "the payee's account is not certified by real name; let the payee complete it",
    ),
    "PERMIT_NON_BANK_LIMIT_PAYEE": FinalNo(
        PAYEE, "收款账户收款额度受限；请收款方提升认证等级或更换账户。",
        "the payee's account may receive no more; let the payee lift its limit or change it",
    ),
    "PAYEE_ACC_OCUPIED": FinalNo(
        PAYEE, "收款登录名对应多个账户；请改用支付宝用户号重新验证。",
        "the login name is of several accounts; verify the payee by its user id",
    ),
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": FinalNo(
        US, "我方账户余额不足以退款；请充值后重新发起。",
        "our account holds too little to refund; fund it and issue the payout anew",
    ),
    "ACQ.TRADE_HAS_FINISHED": FinalNo(
        US, "原交易已超过可退款的期限；请改为向实名账户转账。",
        "the time for refunds of this payment is over; pay to the verified account instead",
    ),
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": FinalNo(
        US, "退款金额超过原交易可退的金额；请核对后重新发起。",
        "the refund is more than remains of the payment; check it and issue it anew",
    ),
}  # fmt: skip
_NEVER_HEARD = frozenset({"ORDER_NOT_EXIST", "ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"})
_OURS_DIFFERS = "PAYMENT_INFO_INCONSISTENCY"
_STATUS: Final[Mapping[str, RailState]] = {
    "SUCCESS": "succeeded",
    "FAIL": "failed",
    "DEALING": "processing",
    "PROCESSING": "processing",
    "REFUND": "returned",
}


def transfer_submitted(reply: Reply, business_no: str) -> RailAnswer:
    """Say what an answer to a transfer means."""
    if not reply.trusted or reply.code != OK:
        return refused(reply)
    return _of_number(reply, business_no)


def transfer_queried(reply: Reply, business_no: str) -> RailAnswer:
    """Say what an answer to a query of a transfer means."""
    if reply.trusted and reply.code != OK and reply.sub_code in _NEVER_HEARD:
        return RailAnswer("not_found", code=reply.sub_code, raw=reply.content)
    if not reply.trusted or reply.code != OK:
        # A query that is refused says nothing of the transfer, whatever the reason.
        return _unknown(reply.sub_code or reply.code or reply.problem, reply.content)
    return _of_number(reply, business_no)


def refund_submitted(reply: Reply, out_trade_no: str, amount_fen: int) -> RailAnswer:
    """Say what an answer to a refund means; ``fund_change`` N says that a repeat changed nothing.

    The answer does not carry the number of the refund itself, so a yes is confirmed by a query.
    """
    if not reply.trusted or reply.code != OK:
        return refused(reply)
    if reply.content.get("out_trade_no") != out_trade_no:
        return _unknown("answer_of_another", reply.content)
    return RailAnswer(
        "processing",
        institution_ref=str(reply.content.get("trade_no", "")),
        amount_fen=amount_fen,
        raw=reply.content,
    )


def refund_queried(reply: Reply, business_no: str) -> RailAnswer:
    """Say what an answer to a query of a refund means; without a status there was no refund."""
    if reply.trusted and reply.code != OK and reply.sub_code in _NEVER_HEARD:
        return RailAnswer("not_found", code=reply.sub_code, raw=reply.content)
    if not reply.trusted or reply.code != OK:
        return _unknown(reply.sub_code or reply.code or reply.problem, reply.content)
    status = reply.content.get("refund_status", "")
    if not status:
        return RailAnswer("not_found", code="refund_status_missing", raw=reply.content)
    if status != "REFUND_SUCCESS":
        return RailAnswer("processing", code=str(status), raw=reply.content)
    if reply.content.get("out_request_no") != business_no:
        return _unknown("answer_of_another", reply.content)
    return RailAnswer(
        "succeeded",
        institution_ref=str(reply.content.get("trade_no", "")),
        amount_fen=fen_given(reply.content.get("refund_amount")),
        raw=reply.content,
    )


def refused(reply: Reply) -> RailAnswer:
    """Say what a no means: final when its reason is known to be, else unknown."""
    if not reply.trusted:
        return _unknown(reply.problem, reply.content)
    final = final_no(reply.sub_code)
    if final is None:
        return _unknown(reply.sub_code or reply.code, reply.content)
    return RailAnswer(
        "failed",
        code=reply.sub_code,
        blame=final.blame,
        zh=final.zh,
        en=final.en,
        raw=reply.content,
    )


def final_no(code: str) -> FinalNo | None:
    """Return what is known of a final no; None when the code is not one."""
    return _PAYER_LIMIT if code.startswith("EXCEED_LIMIT") else FINAL_NO.get(code)


def transfer_answer(content: Mapping[str, Any]) -> RailAnswer:
    """Say what a content with ``status`` means: of a transfer, a query or a message."""
    status = str(content.get("status", ""))
    state = _STATUS.get(status, "unknown")
    code = str(content.get("error_code", "")) if state == "failed" else ""
    words = final_no(code)
    if state == "failed" and words is None:
        words = FinalNo(
            PAYEE,
            f"支付宝报告转账失败（{code or status}）；请核对收款账户后重新发起。",
            f"Alipay says that the transfer failed ({code or status}); check the payee's account",
        )
    return RailAnswer(
        state,
        institution_ref=str(content.get("order_id", "")),
        code=code or ("" if state == "succeeded" else status),
        blame=words.blame if words else "",
        zh=words.zh if words else "",
        en=words.en if words else "",
        amount_fen=fen_given(content.get("trans_amount")),
        raw=content,
    )


def _of_number(reply: Reply, business_no: str) -> RailAnswer:
    """Read a status, unless the answer is about another number than the one asked for."""
    if reply.content.get("out_biz_no") != business_no:
        return _unknown("answer_of_another", reply.content)
    return transfer_answer(reply.content)


def _unknown(code: str, raw: Mapping[str, Any]) -> RailAnswer:
    if code == _OURS_DIFFERS:
        zh = "支付宝已有同一编号、内容不同的请求；以首次请求为准，正在查询结果。"
        en = "Alipay has this number with other content; the first request counts, we ask for it"
    else:
        zh = "未得到可信的结果，将以同一编号查询；款项不会另行再付。"
        en = "no answer that can be trusted; we ask again by the same number and pay nothing else"
    return RailAnswer("unknown", code=code, zh=zh, en=en, raw=raw)

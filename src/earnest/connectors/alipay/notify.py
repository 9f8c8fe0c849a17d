"""Notices that the institution pushes to us, proven and read.

A notice is signed over its values as they came, in their own bytes: some come in GBK. Two forms
exist: of a trade (to its ``notify_url``), and a message of the application's gateway
(``msg_method`` and ``biz_content``). After a notice is read and kept, answer the text ``success``.
Nothing is booked on a notice alone: ask by a query.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.envelope import values_read
from earnest.connectors.alipay.outcomes import transfer_answer
from earnest.connectors.alipay.signing import signature_holds
from earnest.connectors.alipay.yuan import fen_given, instant_given
from earnest.kernel.errors import BadInput
from earnest.payouts.rails import RailAnswer

TRANSFER_CHANGED = "alipay.fund.trans.order.changed"
ANSWER_TAKEN = "success"
ANSWER_AGAIN = "fail"
FORM = "application/x-www-form-urlencoded"
_CHARSETS = frozenset({"utf-8", "utf8", "gbk", "gb2312", "gb18030"})
# With or without sign_type in the signed text: the institution's kits know both ways.
_UNSIGNED = (frozenset({"sign", "sign_type"}), frozenset({"sign"}))


@dataclass(frozen=True)
class Notification:
    """A notice of a trade that the institution has signed and that is meant for us.

    Attributes:
        fields: every field as text.
        out_trade_no: our number of the payment.
        trade_no: theirs.
        total_fen: what the payer pays; None where the notice names no amount.
        status: their word, such as ``TRADE_SUCCESS``.
        app_id: whose application it is for: ours.
        seller_id: who is paid; empty where the notice does not say.
        gmt_payment: when it was paid; None where the notice does not say.
    """

    fields: Mapping[str, str]
    out_trade_no: str
    trade_no: str
    total_fen: int | None
    status: str
    app_id: str
    seller_id: str
    gmt_payment: datetime | None


@dataclass(frozen=True)
class TransferNotice:
    """A message that a transfer changed: our number, and what it says of it."""

    business_no: str
    answer: RailAnswer


def notification_read(config: AlipayConfig, body: bytes, content_type: str) -> Notification:
    """Prove and read a notice of a trade.

    Raises:
        BadInput: ``alipay_notice_unreadable``, ``alipay_notice_unsigned`` (the signature does not
            hold), ``alipay_notice_not_ours`` (for another application or another payee).
    """
    fields = notice_fields(config, body, content_type)
    if not fields.get("out_trade_no"):
        raise _unreadable("out_trade_no")
    return Notification(
        fields=fields,
        out_trade_no=fields["out_trade_no"],
        trade_no=fields.get("trade_no", ""),
        total_fen=fen_given(fields.get("total_amount")),
        status=fields.get("trade_status", ""),
        app_id=fields["app_id"],
        seller_id=fields.get("seller_id", ""),
        gmt_payment=instant_given(fields.get("gmt_payment")),
    )


def transfer_notice_read(config: AlipayConfig, body: bytes, content_type: str) -> TransferNotice:
    """Prove and read a message that a transfer changed.

    Raises:
        BadInput: as for a trade, and when the message is of another kind.
    """
    fields = notice_fields(config, body, content_type)
    if fields.get("msg_method") != TRANSFER_CHANGED:
        raise _unreadable("msg_method")
    try:
        content = values_read(fields.get("biz_content", "").encode())
    except ValueError as error:
        raise _unreadable("biz_content") from error
    if not content.get("out_biz_no"):
        raise _unreadable("out_biz_no")
    return TransferNotice(str(content["out_biz_no"]), transfer_answer(content))


def notice_fields(config: AlipayConfig, body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a notice of either form once its signature holds and it is for us.

    Raises:
        BadInput: ``alipay_notice_unreadable``, ``alipay_notice_unsigned``,
            ``alipay_notice_not_ours``.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise _unreadable(content_type[:80])
    raw = _raw_fields(body)
    _signature_check(config, raw)
    charset = raw.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:
        raise _unreadable("charset")
    try:
        fields = {name: value.encode("latin-1").decode(charset) for name, value in raw.items()}
    except UnicodeDecodeError as error:
        raise _unreadable(charset) from error
    seller = fields.get("seller_id", "")
    if fields.get("app_id") != config.app_id or seller not in ("", config.seller_id):
        raise BadInput(
            "alipay_notice_not_ours",
            where=f"app_id {fields.get('app_id', '')} seller_id {seller}",
            zh="这条通知不是发给本应用或本商户的，未予处理；请核对支付宝应用的通知地址。",
            en="this notice is for another application or payee; check the address at Alipay",
        )
    return fields


def _raw_fields(body: bytes) -> dict[str, str]:
    """Return the fields, decoded once; each character stands for one byte of what came."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="latin-1",
            max_num_fields=200,
        )
    except ValueError as error:
        raise _unreadable("body") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise _unreadable("body")  # the same field twice: nobody could say which one is signed
    return dict(pairs)


def _signature_check(config: AlipayConfig, raw: Mapping[str, str]) -> None:
    signature = raw.get("sign", "")
    named = raw.get("alipay_cert_sn")
    # Notices mostly name no certificate: then it is one of those that we know.
    keys = [key for sn, key in config.alipay_keys.items() if named in (None, sn)]
    for left_out in _UNSIGNED:
        text = "&".join(f"{name}={raw[name]}" for name in sorted(raw) if name not in left_out)
        if any(signature_holds(key, text.encode("latin-1"), signature) for key in keys):
            return
    raise BadInput(
        "alipay_notice_unsigned",
        zh="通知的签名不成立，未予处理；它可能不是支付宝发出的。",
        en="the signature of this notice does not hold; it may not be from Alipay",
    )


def _unreadable(where: str) -> BadInput:
    return BadInput(
        "alipay_notice_unreadable",
        where=where,
        zh="通知无法读取：格式或字段不对。",
        en="the notice cannot be read: its form or a field is wrong",
    )

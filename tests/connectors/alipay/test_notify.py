"""Notices: proven by their own bytes, in either charset and form, and for us only."""

from urllib.parse import parse_qsl, urlencode

import pytest

from earnest.connectors.alipay.notify import (
    FORM,
    notice_fields,
    notification_read,
    transfer_notice_read,
)
from earnest.connectors.alipay.rails import AlipayRail
from earnest.connectors.alipay.trade import TradeOrder, page_pay_url
from earnest.kernel.errors import BadInput
from earnest.payouts.rails import PartRequest
from earnest.simulator.institution import APP_ID, SELLER_ID, Notice
from earnest.simulator.institution_seals import serial_of
from tests.payouts.scene import ENTITY, IDENTITY, NOW, seals
from tests.payouts.scene import config as config_of

ORDER = TradeOrder("PAYIN-1", 250_000, "保证金 & 续缴=补足", "https://earnest.test/notify")


def _signed(
    fields: dict[str, str], charset: str = "utf-8", left_out: tuple[str, ...] = ()
) -> bytes:
    """Sign fields as the institution does; some may be left out of the signed text."""
    text = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if k not in left_out)
    sign = seals().signed(text.encode(charset))
    return urlencode({**fields, "sign": sign}, encoding=charset).encode()


@pytest.fixture(params=["gbk", "utf-8"])
def notice(request, house, config) -> Notice:
    """Return the notice of a payment in either charset."""
    house.notice_charset = request.param
    house.pay(page_pay_url(config, ORDER, NOW), NOW)
    (told,) = house.notices
    return told


def test_a_notice_of_a_trade_is_read_in_its_charset(config, notice):
    """Fields, amount and time come out the same from GBK and UTF-8; empty fields are signed too."""
    read = notification_read(config, notice.body, notice.content_type)
    assert (read.out_trade_no, read.status) == ("PAYIN-1", "TRADE_SUCCESS")
    assert (read.total_fen, read.gmt_payment) == (250_000, NOW)
    assert (read.app_id, read.seller_id) == (APP_ID, SELLER_ID)
    assert read.fields["subject"] == ORDER.subject_text
    assert read.fields["body"] == ""
    assert notice.url == ORDER.notify_url


def _changed(raw: bytes, **changes: str | None) -> bytes:
    fields = dict(parse_qsl(raw.decode(), keep_blank_values=True, encoding="latin-1"))
    changed = {k: v for k, v in {**fields, **changes}.items() if v is not None}
    return urlencode(changed, encoding="latin-1").encode()


@pytest.mark.parametrize(
    "change",
    [
        {"total_amount": "25000.00"},
        {"trade_status": "TRADE_FINISHED"},
        {"body": None},
        {"more": "1"},
        {"sign": "AAAA"},
        {"sign": None},
        {"alipay_cert_sn": "0" * 32},
    ],
)
def test_a_changed_notice_is_not_believed(config, notice, change):
    """One field other, missing or added, or no good signature: refused."""
    with pytest.raises(BadInput, match="alipay_notice_unsigned"):
        notification_read(config, _changed(notice.body, **change), notice.content_type)


@pytest.mark.parametrize("change", [{"app_id": "another"}, {"seller_id": "another"}])
def test_a_notice_for_somebody_else_is_refused(notice, change):
    """Rightly signed, but for another application or payee."""
    with pytest.raises(BadInput, match="alipay_notice_not_ours"):
        notification_read(config_of(**change), notice.body, notice.content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=1&a=2&sign=x", FORM),
        (b"a", FORM),
        (b"\xff=1", FORM),
        (b"a=1", "application/json"),
        (_signed({"app_id": APP_ID, "charset": "utf-7", "out_trade_no": "1"}), FORM),
        (_signed({"app_id": APP_ID, "charset": "utf-8", "x": "\u20ac"}, "cp1252"), FORM),
        (_signed({"app_id": APP_ID}), FORM),
    ],
    ids=["doubled", "no form", "no text", "json", "charset", "bytes", "no number"],
)
def test_what_is_no_notice_is_refused(config, body, content_type):
    """A doubled field, a broken form, an unknown charset or a missing number."""
    with pytest.raises(BadInput, match="alipay_notice_unreadable"):
        notification_read(config, body, content_type)


@pytest.mark.parametrize("left_out", [(), ("sign_type",)])
def test_both_ways_to_sign_are_known(config, left_out):
    """The signature type may be in the signed text or not; a named certificate must be ours."""
    named = serial_of(seals().institution)
    fields = {"app_id": APP_ID, "sign_type": "RSA2", "alipay_cert_sn": named}
    assert notice_fields(config, _signed(fields, left_out=left_out), f"{FORM}; charset=utf-8")


@pytest.mark.parametrize("charset", ["gbk", "utf-8"])
def test_a_message_of_the_gateway_tells_of_a_transfer(config, client, house, charset):
    """The other form: a method and a content, with our number and what became of it."""
    house.notice_charset = charset
    rail = AlipayRail(client)
    request = PartRequest("N1", 100, IDENTITY, ENTITY, "保证金退回", "保证金退回")
    rail.submit(rail.prepare(request))
    house.bounce("N1")
    told = [transfer_notice_read(config, each.body, each.content_type) for each in house.notices]
    assert [each.business_no for each in told] == ["N1", "N1"]
    assert [each.answer.state for each in told] == ["succeeded", "returned"]


@pytest.mark.parametrize(
    "fields",
    [
        {"msg_method": "another"},
        {"msg_method": "alipay.fund.trans.order.changed"},
        {"msg_method": "alipay.fund.trans.order.changed", "biz_content": "{"},
        {"msg_method": "alipay.fund.trans.order.changed", "biz_content": "{}"},
    ],
)
def test_a_message_of_another_kind_is_refused(config, fields):
    """Rightly signed, but not about a transfer of ours."""
    with pytest.raises(BadInput, match="alipay_notice_unreadable"):
        transfer_notice_read(config, _signed({"app_id": APP_ID, **fields}), FORM)

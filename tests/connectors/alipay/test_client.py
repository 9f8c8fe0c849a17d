"""The client against the simulated institution: what is proven counts, all else is unknown."""

import json
import logging
from datetime import date
from urllib.parse import parse_qsl

import httpx
import pytest

from earnest.connectors.alipay import bodies, outcomes
from earnest.connectors.alipay.client import TRANSFER, AlipayClient
from earnest.connectors.alipay.envelope import Reply
from earnest.connectors.alipay.rails import AlipayRail, AlipayRefundRail
from earnest.connectors.alipay.trade import TradeOrder, page_pay_url
from earnest.kernel.errors import BadInput, WorldFailed
from earnest.payouts.rails import PartRequest
from earnest.simulator.institution_seals import serial_of
from tests.payouts.scene import ENTITY, IDENTITY, NOW, seals

ORDER = TradeOrder("PAYIN-1", 250_000, "保证金", "https://earnest.test/n", "https://earnest.test/r")


def _request(**changes: object) -> PartRequest:
    content = {
        "business_no": "N1",
        "amount_fen": 250_000,
        "destination": IDENTITY,
        "payee_name": ENTITY,
        "title": "保证金退回",
        "remark": "保证金退回 P000001-1",
    }
    return PartRequest(**{**content, **changes})


def _answering(config, told: dict[str, object], method: str = TRANSFER) -> AlipayClient:
    """Return a client that hears one signed answer, whatever it asks."""
    content = json.dumps(told).encode()
    name, sn = method.replace(".", "_"), serial_of(seals().institution)
    body = b'{"%b_response":%b,"alipay_cert_sn":"%b","sign":"%b"}' % (
        name.encode(), content, sn.encode(), seals().signed(content).encode(),
    )  # fmt: skip
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    return AlipayClient(config, httpx.Client(transport=transport))


def test_a_transfer_names_everything_that_is_checked(client):
    """Amount in yuan, our number, the user id and the name that it must have."""
    content = json.loads(AlipayRail(client).prepare(_request()))
    assert content["trans_amount"] == "2500.00"
    assert content["out_biz_no"] == "N1"
    assert content["product_code"] == "TRANS_ACCOUNT_NO_PWD"
    assert content["biz_scene"] == "DIRECT_TRANSFER"
    assert content["remark"], "mandatory from 50,000 yuan on"
    assert content["payee_info"] == {
        "identity": IDENTITY,
        "identity_type": "ALIPAY_USER_ID",
        "name": ENTITY,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_fen": 9}, "alipay_transfer_too_small"),
        ({"payee_name": ""}, "alipay_payee_name_missing"),
    ],
)
def test_what_could_never_be_taken_is_not_sent(client, changes, code):
    """Below the smallest amount, or without a name to check."""
    with pytest.raises(BadInput, match=code):
        AlipayRail(client).prepare(_request(**changes))


def test_the_same_number_twice_pays_once(client, house):
    """A repeat gives the first result again; other content under the number is refused there."""
    rail = AlipayRail(client)
    first = rail.submit(rail.prepare(_request()))
    again = rail.submit(rail.prepare(_request()))
    assert first.state == again.state == "succeeded"
    assert first.institution_ref == again.institution_ref
    other = rail.submit(rail.prepare(_request(amount_fen=1_000)))
    assert (other.state, other.code) == ("unknown", "PAYMENT_INFO_INCONSISTENCY")
    assert house.paid_out_fen == 250_000


@pytest.mark.parametrize(
    ("play", "state", "code"),
    [
        ("succeed", "succeeded", ""),
        ("twice", "succeeded", ""),
        ("deal", "processing", "DEALING"),
        ("time_out_before", "unknown", "timed_out"),
        ("time_out_after", "unknown", "timed_out"),
        ("system_error_before", "unknown", "SYSTEM_ERROR"),
        ("system_error_after", "unknown", "SYSTEM_ERROR"),
        ("gateway_error", "unknown", "isp.unknow-error"),
        ("bad_gateway", "unknown", "http_502"),
        ("garble", "unknown", "signature_wrong"),
        ("nonsense", "unknown", "garbled"),
        ("no_funds", "failed", "PAYER_BALANCE_NOT_ENOUGH"),
    ],
)
def test_each_answer_has_one_meaning(client, house, play, state, code):
    """Only a proven yes is a yes and only a known final no is a no."""
    house.plays.append(play)
    rail = AlipayRail(client)
    answer = rail.submit(rail.prepare(_request()))
    assert (answer.state, answer.code) == (state, code)
    if state in ("failed", "unknown"):
        assert answer.zh
        assert answer.en


def test_a_connection_that_breaks_is_unknown(config):
    """Refused, cut off or unreachable: it may have arrived."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("cut off", request=request)

    client = AlipayClient(config, httpx.Client(transport=httpx.MockTransport(broken)))
    answer = client.transfer_query("N1")
    assert (answer.state, answer.code) == ("unknown", "not_reached")


@pytest.mark.parametrize("code", [*outcomes.FINAL_NO, "EXCEED_LIMIT_DM_MAX_AMOUNT"])
def test_every_final_no_says_who_mends_it_and_how(code):
    """Each final code has words in both languages and one to blame."""
    answer = outcomes.refused(Reply(trusted=True, code="40004", sub_code=code))
    assert (answer.state, answer.code) == ("failed", code)
    assert answer.blame in ("us", "payee")
    assert answer.zh
    assert answer.en


@pytest.mark.parametrize("sub_code", ["SYSTEM_ERROR", "A_CODE_OF_TOMORROW", ""])
def test_a_code_that_is_not_known_to_be_final_is_unknown(sub_code):
    """A new or unsure code never frees the money."""
    reply = Reply(trusted=True, code="40004", sub_code=sub_code, content={"sub_msg": "失败"})
    assert outcomes.refused(reply).state == "unknown"


@pytest.mark.parametrize(
    ("told", "state", "code"),
    [
        ({"out_biz_no": "N1", "status": "SUCCESS", "trans_amount": "2500.00"}, "succeeded", ""),
        ({"out_biz_no": "N1", "status": "FAIL", "error_code": "PAYEE_NOT_EXIST"}, "failed",
         "PAYEE_NOT_EXIST"),
        ({"out_biz_no": "N1", "status": "FAIL"}, "failed", "FAIL"),
        ({"out_biz_no": "N1", "status": "REFUND"}, "returned", "REFUND"),
        ({"out_biz_no": "N1", "status": "PROCESSING"}, "processing", "PROCESSING"),
        ({"out_biz_no": "N1", "status": "A_WORD_OF_TOMORROW"}, "unknown", "A_WORD_OF_TOMORROW"),
        ({"out_biz_no": "N2", "status": "SUCCESS"}, "unknown", "answer_of_another"),
        ({"status": "SUCCESS"}, "unknown", "answer_of_another"),
    ],
)  # fmt: skip
def test_a_query_is_read_by_its_status_and_number(config, told, state, code):
    """A status of another number, or an unknown one, is no answer."""
    method = "alipay.fund.trans.common.query"
    answer = _answering(config, {"code": "10000", **told}, method).transfer_query("N1")
    assert (answer.state, answer.code) == (state, code)
    if "trans_amount" in told:
        assert answer.amount_fen == 250_000


def test_a_query_that_is_refused_says_nothing_of_the_transfer(config):
    """A final code of a payment, given to a query, does not make the payment fail."""
    told = {"code": "40004", "sub_code": "PAYEE_NOT_EXIST"}
    client = _answering(config, told, "alipay.fund.trans.common.query")
    assert client.transfer_query("N1").state == "unknown"


def test_what_was_never_sent_is_not_found(client):
    """A query of a number that they never heard of says so, for transfers and refunds."""
    assert client.transfer_query("N1").state == "not_found"
    assert client.refund_query("PAYIN-1", "N1").state == "not_found"


def test_a_refund_is_confirmed_by_its_own_number(client, house, config):
    """Parts of a payment are refunded by distinct numbers; a yes is proven by a query."""
    house.pay(page_pay_url(config, ORDER, NOW), NOW)
    rail = AlipayRefundRail(client, lambda _: "PAYIN-1")
    for number in ("N1", "N2", "N2"):
        request = _request(business_no=number, destination="PAYIN-1", amount_fen=100_000)
        assert rail.submit(rail.prepare(request)).state == "processing"
        answer = rail.query(number)
        assert (answer.state, answer.amount_fen) == ("succeeded", 100_000)
    assert house.paid_out_fen == 200_000
    too_much = _request(business_no="N3", destination="PAYIN-1", amount_fen=100_000)
    answer = rail.submit(rail.prepare(too_much))
    assert (answer.state, answer.code) == ("failed", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    assert rail.query("N3").state == "not_found"


def test_a_page_address_carries_a_signed_order(config, house):
    """The payer's page asks for our amount under our number; a changed address is refused."""
    url = page_pay_url(config, ORDER, NOW)
    fields = dict(parse_qsl(url.partition("?")[2]))
    content = json.loads(fields["biz_content"])
    assert (content["total_amount"], content["out_trade_no"]) == ("2500.00", "PAYIN-1")
    assert fields["timestamp"] == "2025-09-01 12:00:00"
    assert fields["return_url"] == ORDER.return_url
    with pytest.raises(ValueError, match="not signed"):
        house.pay(url.replace("2500.00", "0.01"), NOW)
    with pytest.raises(BadInput, match="alipay_amount_not_positive"):
        page_pay_url(config, TradeOrder("X", 0, "", ""), NOW)


def test_a_trade_is_asked_about(client, house, config):
    """Not found before it is paid; then paid, with amount and time."""
    assert client.trade_query("PAYIN-1").state == "not_found"
    trade = house.pay(page_pay_url(config, ORDER, NOW), NOW)
    answer = client.trade_query("PAYIN-1")
    assert (answer.state, answer.status) == ("paid", "TRADE_SUCCESS")
    assert (answer.total_fen, answer.trade_no) == (250_000, trade.trade_no)
    assert answer.paid_at == NOW


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"out_trade_no": "T1", "trade_status": "WAIT_BUYER_PAY"}, "waiting"),
        ({"out_trade_no": "T1", "trade_status": "TRADE_FINISHED"}, "paid"),
        ({"out_trade_no": "T1", "trade_status": "TRADE_CLOSED"}, "closed"),
        ({"out_trade_no": "T1", "trade_status": "NEW_WORD"}, "unknown"),
        ({"out_trade_no": "T2", "trade_status": "TRADE_SUCCESS"}, "unknown"),
    ],
)
def test_a_trade_is_read_by_its_status_and_number(config, told, state):
    """A word that is not known, or an answer about another trade, is no payment."""
    client = _answering(config, {"code": "10000", **told}, "alipay.trade.query")
    assert client.trade_query("T1").state == state


def test_codes_and_bills_are_asked_for(config):
    """A code to scan and a day's bill are given by the institution, or its code is told."""
    qr = {"code": "10000", "qr_code": "https://qr.test/1"}
    client = _answering(config, qr, "alipay.trade.precreate")
    assert client.trade_precreate(ORDER) == "https://qr.test/1"
    method = "alipay.data.dataservice.bill.downloadurl.query"
    bill = {"code": "10000", "bill_download_url": "https://bill.test/1"}
    assert _answering(config, bill, method).bill_url(date(2025, 9, 1)) == "https://bill.test/1"
    none = {"code": "40004", "sub_code": "isp.bill_not_exist"}
    with pytest.raises(WorldFailed, match="bill_not_exist"):
        _answering(config, none, method).bill_url(date(2025, 9, 1))
    assert json.loads(bodies.bill_body(date(2025, 9, 1), "trade"))["bill_date"] == "2025-09-01"


def test_nothing_secret_is_logged(config, client, caplog):
    """Even at the finest level no log line carries a signature, a key or a content."""
    caplog.set_level(logging.DEBUG)
    rail = AlipayRail(client)
    rail.submit(rail.prepare(_request()))
    assert caplog.text
    for secret in ("sign=", "biz_content", IDENTITY, "PRIVATE"):
        assert secret not in caplog.text

"""Sends requests to the institution and reads its answers.

Nothing here raises because of the network: a request that got no trusted answer gives one whose
state is ``unknown``, since it may have been carried out. Nothing is tried twice here.
"""

from datetime import date

import httpx

from earnest.connectors.alipay import bodies, outcomes
from earnest.connectors.alipay.config import AlipayConfig
from earnest.connectors.alipay.envelope import OK, Reply, reply_read, request_fields
from earnest.connectors.alipay.trade import TradeAnswer, TradeOrder, TradeState
from earnest.connectors.alipay.yuan import fen_given, instant_given
from earnest.kernel.errors import WorldFailed
from earnest.payouts.rails import RailAnswer

TRANSFER = "alipay.fund.trans.uni.transfer"
TRANSFER_QUERY = "alipay.fund.trans.common.query"
REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
TRADE_QUERY = "alipay.trade.query"
PRECREATE = "alipay.trade.precreate"
BILL = "alipay.data.dataservice.bill.downloadurl.query"

_TRADE_STATES: dict[str, TradeState] = {
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "WAIT_BUYER_PAY": "waiting",
    "TRADE_CLOSED": "closed",
}


class AlipayClient:
    """The institution's gateway.

    Takes:
        http: how requests travel; its own client with the configured time-out where none is given.
    """

    def __init__(self, config: AlipayConfig, http: httpx.Client | None = None) -> None:
        self.config = config
        self._http = http or httpx.Client(timeout=config.timeout_seconds)

    def call(self, method: str, content: str, notify_url: str = "") -> Reply:
        """Send one request; give its answer, or why there is none that can be trusted.

        All fields travel in the body, so that no address in a log carries a signature.
        """
        config = self.config
        places = {"notify_url": notify_url}
        fields = request_fields(config, method, content, config.clock(), places)
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        try:
            answer = self._http.post(config.gateway, data=fields, headers=headers)
        except httpx.TimeoutException:
            return Reply(trusted=False, problem="timed_out")
        except httpx.HTTPError:
            return Reply(trusted=False, problem="not_reached")
        if answer.status_code != httpx.codes.OK:
            return Reply(trusted=False, problem=f"http_{answer.status_code}")
        return reply_read(config, method, answer.content)

    def transfer_submit(self, content: str, business_no: str) -> RailAnswer:
        """Send a transfer, for the first time or again."""
        return outcomes.transfer_submitted(self.call(TRANSFER, content), business_no)

    def transfer_query(self, business_no: str) -> RailAnswer:
        """Ask what became of a transfer."""
        reply = self.call(TRANSFER_QUERY, bodies.transfer_query_body(business_no))
        return outcomes.transfer_queried(reply, business_no)

    def refund_submit(self, content: str, out_trade_no: str, amount_fen: int) -> RailAnswer:
        """Send a refund by the original route, for the first time or again."""
        return outcomes.refund_submitted(self.call(REFUND, content), out_trade_no, amount_fen)

    def refund_query(self, out_trade_no: str, business_no: str) -> RailAnswer:
        """Ask what became of a refund."""
        reply = self.call(REFUND_QUERY, bodies.refund_query_body(out_trade_no, business_no))
        return outcomes.refund_queried(reply, business_no)

    def trade_query(self, out_trade_no: str) -> TradeAnswer:
        """Ask what became of a payment in."""
        reply = self.call(TRADE_QUERY, bodies.trade_query_body(out_trade_no))
        if reply.trusted and reply.sub_code == "ACQ.TRADE_NOT_EXIST":
            return TradeAnswer(
                "not_found",
                out_trade_no,
                code=reply.sub_code,
                zh="支付宝没有这笔交易；付款人可能还没有打开付款页。",
                en="Alipay has no such trade; the payer may not have opened the page yet",
            )
        content = reply.content
        if not reply.trusted or reply.code != OK or content.get("out_trade_no") != out_trade_no:
            return _trade_unknown(out_trade_no, reply)
        status = str(content.get("trade_status", ""))
        return TradeAnswer(
            _TRADE_STATES.get(status, "unknown"),
            out_trade_no,
            trade_no=str(content.get("trade_no", "")),
            status=status,
            total_fen=fen_given(content.get("total_amount")),
            paid_at=instant_given(content.get("send_pay_date")),
            raw=dict(content),
        )

    def trade_precreate(self, order: TradeOrder) -> str:
        """Ask for the text of a code that the payer scans.

        Raises:
            WorldFailed: ``alipay_refused`` when there is none.
        """
        reply = self.call(PRECREATE, bodies.precreate_body(order), order.notify_url)
        return _given(reply, "qr_code", order.out_trade_no)

    def bill_url(self, on: date, kind: str = "signcustomer") -> str:
        """Ask where a day's bill can be fetched; the address holds for half a minute.

        Raises:
            WorldFailed: ``alipay_refused`` when there is none, such as before the next morning.
        """
        return _given(self.call(BILL, bodies.bill_body(on, kind)), "bill_download_url", str(on))


def _trade_unknown(out_trade_no: str, reply: Reply) -> TradeAnswer:
    return TradeAnswer(
        "unknown",
        out_trade_no,
        code=reply.sub_code or reply.problem or "answer_of_another",
        zh="未得到可信的结果，请稍后再查询。",
        en="no answer that can be trusted; ask again later",
        raw=dict(reply.content),
    )


def _given(reply: Reply, name: str, where: str) -> str:
    value = reply.content.get(name) if reply.trusted and reply.code == OK else None
    if not value:
        raise WorldFailed(
            "alipay_refused",
            where=f"{where}: {reply.sub_code or reply.problem or reply.code}",
            zh="支付宝没有给出所需的内容；请按其原因码处理，或稍后再试。",
            en="Alipay did not give what was asked for; see its code, or try again later",
        )
    return str(value)

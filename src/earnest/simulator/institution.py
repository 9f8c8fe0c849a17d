"""A payment institution in memory, for tests and for the demo: it speaks Alipay's words.

It keeps what was done per number, signs its answers, and misbehaves as it is told: ``plays`` gives
what happens to the next transfers and refunds, one each; afterwards everything succeeds. Queries
are answered by what is. Money leaves once per number, whatever happens on the way.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from earnest.simulator.institution_seals import Seals, serial_of

Play = Literal[
    "succeed",  # does it and says so
    "deal",  # takes it, says that it is at it; ends with settle()
    "time_out_before",  # never hears of it
    "time_out_after",  # does it, and the answer is lost
    "system_error_before",  # does nothing and is not sure
    "system_error_after",  # does it and is not sure
    "gateway_error",  # code 20000, does nothing
    "bad_gateway",  # HTTP 502, does it
    "garble",  # does it, and the signature is wrong
    "nonsense",  # does it, and answers no JSON
    "twice",  # the request arrives twice
    "no_funds",  # a final no
]
PLAYS: tuple[Play, ...] = Play.__args__  # type: ignore[attr-defined]
SHANGHAI = timezone(timedelta(hours=8))
TRANSFER = "alipay.fund.trans.uni.transfer"
TRANSFER_QUERY = "alipay.fund.trans.common.query"
REFUND = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
TRADE_QUERY = "alipay.trade.query"
PAGE_PAY = "alipay.trade.page.pay"
APP_ID, SELLER_ID = "2021000000000001", "2088000000000099"
_BEFORE = ("time_out_before", "system_error_before", "gateway_error")
_NO = {"code": "40004", "msg": "Business Failed"}
_DONE = {"code": "10000", "msg": "Success"}


@dataclass
class Done:
    """A transfer or refund as the institution has it."""

    content: Mapping[str, Any]
    status: str
    order_id: str
    amount_fen: int
    error_code: str = ""


@dataclass
class Trade:
    """A payment in as the institution has it."""

    trade_no: str
    total_fen: int
    paid_at: datetime
    status: str = "TRADE_SUCCESS"
    refunds: dict[str, Done] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """What the institution pushes: whom it tells, and the form's bytes."""

    url: str
    body: bytes
    content_type: str = "application/x-www-form-urlencoded; charset=utf-8"


class Institution:
    """The institution. ``accounts`` gives the real name behind each user id.

    Attributes:
        plays: what happens to the next transfers and refunds, one each.
        transfers: what was done, by the asker's number.
        trades: payments in, by the asker's number.
        notices: what it has to tell; whoever plays takes them out, when and as often as he likes.
        notice_charset: ``gbk`` or ``utf-8``.
    """

    def __init__(self, seals: Seals, accounts: Mapping[str, str] | None = None) -> None:
        self.seals = seals
        self.accounts = dict(accounts or {})
        self.plays: deque[Play] = deque()
        self.transfers: dict[str, Done] = {}
        self.trades: dict[str, Trade] = {}
        self.notices: list[Notice] = []
        self.notice_charset = "gbk"

    @property
    def paid_out_fen(self) -> int:
        """What has left it by transfers and refunds and has not come back."""
        refunds = [each for trade in self.trades.values() for each in trade.refunds.values()]
        all_ = [*self.transfers.values(), *refunds]
        return sum(each.amount_fen for each in all_ if each.status == "SUCCESS")

    def transport(self) -> httpx.MockTransport:
        """Return a transport that brings requests here without any network."""

        def brought(request: httpx.Request) -> httpx.Response:
            answered = self.answer(request.content)
            if answered is None:
                raise httpx.ReadTimeout("played", request=request)
            return httpx.Response(answered[0], content=answered[1])

        return httpx.MockTransport(brought)

    def answer(self, body: bytes) -> tuple[int, bytes] | None:
        """Answer a request's form by status and bytes; None when no answer comes."""
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if not self.seals.request_holds(fields) or fields["app_id"] != APP_ID:
            return 200, self._signed("error", {**_NO, "sub_code": "isv.invalid-signature"})
        method, content = fields["method"], json.loads(fields["biz_content"])
        asked: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            TRANSFER_QUERY: self._transfer_told,
            REFUND_QUERY: self._refund_told,
            TRADE_QUERY: self._trade_told,
        }
        if method in asked:
            return 200, self._signed(method, asked[method](content))
        act = {TRANSFER: self._transfer_done, REFUND: self._refund_done}[method]
        return self._played(method, content, act)

    def settle(self, out_biz_no: str, status: str = "SUCCESS", error_code: str = "") -> None:
        """End a transfer that was being dealt with, or let one that was paid come back."""
        done = self.transfers[out_biz_no]
        done.status, done.error_code = status, error_code
        self._tell_transfer(out_biz_no)

    def bounce(self, out_biz_no: str) -> None:
        """Let a transfer that was paid come back."""
        self.settle(out_biz_no, "REFUND")

    def pay(self, page_url: str, at: datetime) -> Trade:
        """Be the payer: open the signed page and pay what it asks for."""
        fields = dict(parse_qsl(urlsplit(page_url).query, keep_blank_values=True))
        if not self.seals.request_holds(fields) or fields["method"] != PAGE_PAY:
            raise ValueError("the page's address is not signed by the application")
        content = json.loads(fields["biz_content"])
        number = content["out_trade_no"]
        trade = Trade(f"2025{len(self.trades) + 1:024d}", _fen(content["total_amount"]), at)
        trade = self.trades.setdefault(number, trade)
        told = {
            "app_id": APP_ID,
            "seller_id": SELLER_ID,
            "notify_type": "trade_status_sync",
            "out_trade_no": number,
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": _yuan(trade.total_fen),
            "subject": content["subject"],
            "gmt_payment": _stamp(at),
            "body": "",
        }
        self._tell(fields.get("notify_url", ""), told)
        return trade

    def _played(
        self, method: str, content: dict[str, Any], act: Callable[..., dict[str, Any]]
    ) -> tuple[int, bytes] | None:
        play = self.plays.popleft() if self.plays else "succeed"
        unsure = {**_NO, "sub_code": "SYSTEM_ERROR"}
        if play not in _BEFORE:
            told = act(content, play)
            told = act(content, play) if play == "twice" else told
        if play.startswith("time_out"):
            return None
        if play == "bad_gateway":
            return 502, b"<html>Bad Gateway</html>"
        if play == "nonsense":
            return 200, b'{"alipay'
        if play == "gateway_error":
            return 200, self._signed(method, {"code": "20000", "sub_code": "isp.unknow-error"})
        if play.startswith("system_error"):
            return 200, self._signed(method, unsure)
        return 200, self._signed(method, told, wrong=play == "garble")

    def _transfer_done(self, content: dict[str, Any], play: Play) -> dict[str, Any]:
        number, payee = content["out_biz_no"], content["payee_info"]
        known = self.transfers.get(number)
        if known is not None and known.content != content:
            return {**_NO, "sub_code": "PAYMENT_INFO_INCONSISTENCY"}
        if known is None:
            if play == "no_funds":
                return {**_NO, "sub_code": "PAYER_BALANCE_NOT_ENOUGH"}
            if payee["identity"] not in self.accounts:
                return {**_NO, "sub_code": "PAYEE_NOT_EXIST"}
            if self.accounts[payee["identity"]] != payee["name"]:
                return {**_NO, "sub_code": "PAYEE_USER_INFO_ERROR"}
            status = "DEALING" if play == "deal" else "SUCCESS"
            order_id = f"2025{len(self.transfers) + 1:028d}"
            known = Done(content, status, order_id, _fen(content["trans_amount"]))
            self.transfers[number] = known
            self._tell_transfer(number)
        return {**_DONE, "out_biz_no": number, "order_id": known.order_id, "status": known.status}

    def _transfer_told(self, content: dict[str, Any]) -> dict[str, Any]:
        number = content["out_biz_no"]
        done = self.transfers.get(number)
        if done is None:
            return {**_NO, "sub_code": "ORDER_NOT_EXIST"}
        told = {
            **_DONE,
            "out_biz_no": number,
            "order_id": done.order_id,
            "status": done.status,
            "trans_amount": _yuan(done.amount_fen),
        }
        return {**told, "error_code": done.error_code} if done.error_code else told

    def _refund_done(self, content: dict[str, Any], play: Play) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {**_NO, "sub_code": "ACQ.TRADE_NOT_EXIST"}
        number, amount = content["out_request_no"], _fen(content["refund_amount"])
        changed = number not in trade.refunds
        if changed and play == "no_funds":
            return {**_NO, "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
        if changed and amount > trade.total_fen - sum(
            each.amount_fen for each in trade.refunds.values()
        ):
            return {**_NO, "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}
        trade.refunds.setdefault(number, Done(content, "SUCCESS", trade.trade_no, amount))
        return {
            **_DONE,
            "out_trade_no": content["out_trade_no"],
            "trade_no": trade.trade_no,
            "fund_change": "Y" if changed else "N",
        }

    def _refund_told(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {**_NO, "sub_code": "ACQ.TRADE_NOT_EXIST"}
        done = trade.refunds.get(content["out_request_no"])
        if done is None:
            return dict(_DONE)
        return {
            **_DONE,
            "out_trade_no": content["out_trade_no"],
            "out_request_no": content["out_request_no"],
            "trade_no": trade.trade_no,
            "refund_amount": _yuan(done.amount_fen),
            "refund_status": "REFUND_SUCCESS",
        }

    def _trade_told(self, content: dict[str, Any]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {**_NO, "sub_code": "ACQ.TRADE_NOT_EXIST"}
        return {
            **_DONE,
            "out_trade_no": content["out_trade_no"],
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": _yuan(trade.total_fen),
            "send_pay_date": _stamp(trade.paid_at),
        }

    def _signed(self, method: str, told: Mapping[str, Any], *, wrong: bool = False) -> bytes:
        # Braces and quotes in the words: a reader that looks for the last brace stumbles here.
        content = json.dumps({**told, "sub_msg": '{"} 说明 \\'}, ensure_ascii=False).encode()
        sign = self.seals.signed(content + b" " if wrong else content)
        name = method.replace(".", "_").encode()
        sn = serial_of(self.seals.institution).encode()
        return b'{"%b_response":%b,"alipay_cert_sn":"%b","sign":"%b"}' % (
            name, content, sn, sign.encode(),
        )  # fmt: skip

    def _tell_transfer(self, number: str) -> None:
        done = self.transfers[number]
        told = {
            "msg_method": "alipay.fund.trans.order.changed",
            "app_id": APP_ID,
            "biz_content": json.dumps(
                {
                    "out_biz_no": number,
                    "order_id": done.order_id,
                    "status": done.status,
                    "trans_amount": _yuan(done.amount_fen),
                    "title": done.content["order_title"],
                },
                ensure_ascii=False,
            ),
        }
        self._tell("", told)

    def _tell(self, url: str, told: Mapping[str, str]) -> None:
        """Sign a notice in its own charset: the bytes as they stand there are what is signed."""
        charset = self.notice_charset
        fields = {**told, "charset": charset, "notify_id": f"{len(self.notices) + 1:032d}"}
        text = "&".join(f"{key}={value}" for key, value in sorted(fields.items()))
        sign = self.seals.signed(text.encode(charset))
        body = urlencode({**fields, "sign": sign, "sign_type": "RSA2"}, encoding=charset)
        self.notices.append(Notice(url, body.encode()))


def _fen(yuan: str) -> int:
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int(cents)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _stamp(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")

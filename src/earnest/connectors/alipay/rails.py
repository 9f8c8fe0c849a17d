"""Ways out of the room ``payouts`` that lead through Alipay."""

import json
from collections.abc import Callable

from earnest.connectors.alipay import bodies
from earnest.connectors.alipay.client import AlipayClient
from earnest.kernel.money import fen_of_yuan
from earnest.payouts.rails import PartRequest, RailAnswer


class AlipayRail:
    """Transfers to a verified account (rail ``alipay_transfer``)."""

    def __init__(self, client: AlipayClient) -> None:
        self._client = client

    def prepare(self, request: PartRequest) -> bytes:
        """Return the transfer's content."""
        return bodies.transfer_body(request).encode()

    def submit(self, request: bytes) -> RailAnswer:
        """Send the content."""
        content = request.decode()
        return self._client.transfer_submit(content, json.loads(content)["out_biz_no"])

    def query(self, business_no: str) -> RailAnswer:
        """Ask what became of the transfer."""
        return self._client.transfer_query(business_no)


class AlipayRefundRail:
    """Refunds by the original route (rail ``alipay_trade``).

    Takes:
        trade_of: gives the payment in that one of our numbers refunds, since the institution wants
            both; ``payouts.queries.destination_of`` does.
    """

    def __init__(self, client: AlipayClient, trade_of: Callable[[str], str]) -> None:
        self._client = client
        self._trade_of = trade_of

    def prepare(self, request: PartRequest) -> bytes:
        """Return the refund's content."""
        return bodies.refund_body(request).encode()

    def submit(self, request: bytes) -> RailAnswer:
        """Send the content."""
        content = json.loads(request)
        return self._client.refund_submit(
            request.decode(), content["out_trade_no"], fen_of_yuan(content["refund_amount"])
        )

    def query(self, business_no: str) -> RailAnswer:
        """Ask what became of the refund."""
        return self._client.refund_query(self._trade_of(business_no), business_no)

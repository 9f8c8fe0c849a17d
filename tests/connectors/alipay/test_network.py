"""Over a real socket: what the network does to an answer never makes a no of it."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx
import pytest

from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.rails import AlipayRail
from earnest.payouts.rails import PartRequest
from earnest.simulator.institution import Institution
from tests.payouts.scene import ENTITY, IDENTITY
from tests.payouts.scene import config as config_of

REQUEST = PartRequest("N1", 250_000, IDENTITY, ENTITY, "保证金退回", "保证金退回 P000001-1")


@pytest.fixture
def gateway(house: Institution) -> Iterator[str]:
    """Serve the institution on a thread; what it does not answer hangs until the test is over."""
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answered = house.answer(self.rfile.read(int(self.headers["Content-Length"])))
            if answered is None:
                over.wait(timeout=30)
                return
            status, body = answered
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/gateway.do"
    over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("play", "state", "paid_fen"),
    [
        ("succeed", "succeeded", 250_000),
        ("bad_gateway", "unknown", 250_000),
        ("garble", "unknown", 250_000),
        ("time_out_before", "unknown", 0),
        ("time_out_after", "unknown", 250_000),
    ],
)
def test_a_transfer_over_the_network(gateway, house, play, state, paid_fen):
    """The answer is the institution's own or unknown, and comes back within the time-out."""
    house.plays.append(play)
    began = time.monotonic()
    with httpx.Client(timeout=0.5, trust_env=False) as http:
        rail = AlipayRail(AlipayClient(config_of(gateway=gateway), http))
        assert rail.submit(rail.prepare(REQUEST)).state == state
        assert rail.query("N1").state == ("succeeded" if paid_fen else "not_found")
    assert house.paid_out_fen == paid_fen
    assert time.monotonic() - began < 20


def test_a_gateway_that_is_not_there_is_unknown(gateway):
    """Nobody listens: nothing is raised."""
    with httpx.Client(trust_env=False) as http:
        rail = AlipayRail(AlipayClient(config_of(gateway="http://127.0.0.1:9/"), http))
        answer = rail.query("N1")
    assert (answer.state, answer.code) == ("unknown", "not_reached")

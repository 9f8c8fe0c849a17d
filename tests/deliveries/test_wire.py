"""One try by HTTP: short, not led away, and honest about what came of it."""

import time
from http.server import BaseHTTPRequestHandler
from threading import Event

from earnest.deliveries.wire import ANSWER_BYTES_MAX, Http
from tests.deliveries.receiver import Receiver

LOCAL = Http(loopback=True, whole_seconds=0.4)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """The answer 302 is an answer like any other: nobody chooses another machine for us."""
    receiver.replies.append((302, {"Location": "http://169.254.169.254/"}, b""))
    answer = LOCAL.post(receiver.url, {}, b"{}")
    assert (answer.outcome, answer.status, len(receiver.requests)) == ("answered", 302, 1)


def test_the_request_is_what_was_given(receiver: Receiver) -> None:
    """Path, query, headers and the very bytes of the body arrive."""
    body = '{"name":"青禾"}'.encode()
    answer = LOCAL.post(receiver.url, {"webhook-id": "1"}, body)
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/hooks?from=earnest", body)
    assert request.headers["webhook-id"] == "1"
    assert f"127.0.0.1:{receiver.url.split(':')[2].split('/')[0]}" == request.headers["Host"]
    assert (answer.status, answer.said) == (200, "thanks")


def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    """Of a long answer only the beginning is read and kept, without control characters."""
    receiver.replies.append((500, {}, b"\x1b[31m" + b"x" * 1_000_000))
    answer = LOCAL.post(receiver.url, {}, b"{}")
    assert answer.said.startswith("[31mxxx")
    assert len(answer.said) <= ANSWER_BYTES_MAX


def test_a_receiver_that_drips_does_not_hold_us(receiver: Receiver) -> None:
    """A receiver that sends a byte now and then is left when the whole time is over."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        end, pause = time.monotonic() + 2, Event()
        while time.monotonic() < end:
            try:
                handler.wfile.write(b"X-More: 1\r\n")
                handler.wfile.flush()
            except OSError:
                return
            pause.wait(0.05)

    receiver.replies.append(drip)
    answer = LOCAL.post(receiver.url, {}, b"{}")
    assert answer.outcome == "no_answer"
    assert 300 <= answer.milliseconds < 1_500


def test_nobody_there(receiver: Receiver) -> None:
    """A refused connection is no answer; nothing is raised."""
    answer = LOCAL.post("http://127.0.0.1:9/", {}, b"{}")
    assert (answer.outcome, answer.status) == ("no_answer", None)


def test_an_environment_proxy_is_not_used(receiver: Receiver, monkeypatch: object) -> None:
    """A proxy of the environment would choose the machine: it is not asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert LOCAL.post(receiver.url, {}, b"{}").status == 200

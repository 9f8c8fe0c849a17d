"""Sending one message by HTTP: to a checked number, within seconds, and following nobody.

No proxy of the environment is used and no redirect is followed: both would let somebody else choose
the machine that is spoken to.
"""

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore

from earnest.deliveries.addresses import (
    AddressRefused,
    Numbers,
    Target,
    number_checked,
    numbers_of,
    url_checked,
)
from earnest.kernel.errors import BadInput

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 15.0, 20.0
ANSWER_BYTES_MAX = 2_000
Options = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Answer:
    """What came of a try.

    Attributes:
        outcome: ``answered``, ``no_answer``, or ``not_allowed`` (nothing was sent).
        status: the HTTP status of an answer.
        retry_after: the header of that name; empty where there was none.
        said: the beginning of the answer, or what went wrong.
    """

    outcome: str
    milliseconds: int
    status: int | None = None
    retry_after: str = ""
    said: str = ""


@dataclass(frozen=True)
class Http:
    """How webhooks go out.

    Attributes:
        loopback: the development switch: plain http to this machine.
        numbers: who tells the numbers behind a name.
        whole_seconds: after which a try is given up, however slowly something still comes.
    """

    loopback: bool = False
    numbers: Numbers = numbers_of
    whole_seconds: float = WHOLE_SECONDS

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body once and return what came of it; nothing is raised for what others do."""
        began = time.monotonic()
        try:
            target = url_checked(url, loopback=self.loopback)
            backend = _Pinned(number_checked(target, self.numbers), began + self.whole_seconds)
            return self._sent(backend, target, headers, body)
        except (BadInput, AddressRefused) as refusal:
            return Answer("not_allowed", _since(began), said=str(refusal)[:ANSWER_BYTES_MAX])
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            said = f"{type(error).__name__}: {error}"
            return Answer("no_answer", _since(began), said=said[:ANSWER_BYTES_MAX])

    def _sent(
        self, backend: "_Pinned", target: Target, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        began = time.monotonic()
        timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS}
        sent = [("Host", _authority(target)), *headers.items(), ("Content-Length", str(len(body)))]
        with (
            httpcore.ConnectionPool(network_backend=backend, http2=False) as pool,
            pool.stream(
                "POST",
                _address(target),
                headers=sent,
                content=body,
                extensions={"timeout": timeouts},
            ) as response,
        ):
            given = {name.lower(): value for name, value in response.headers}
            said = b""
            for part in response.iter_stream():
                said += part
                if len(said) >= ANSWER_BYTES_MAX:
                    break
            return Answer(
                "answered",
                _since(began),
                status=response.status,
                retry_after=given.get(b"retry-after", b"").decode("latin-1")[:40],
                said=_readable(said),
            )


def _address(target: Target) -> httpcore.URL:
    return httpcore.URL(
        scheme=target.scheme, host=target.host, port=target.port, target=target.path
    )


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _readable(said: bytes) -> str:
    text = said[:ANSWER_BYTES_MAX].decode("utf-8", "replace")
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n")


def _authority(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = {"http": 80, "https": 443}[target.scheme]
    return host if target.port == usual else f"{host}:{target.port}"


class _Pinned(httpcore.NetworkBackend):
    """Connects to one number, whatever host is asked for, and to nothing after the end."""

    def __init__(self, number: str, ends: float) -> None:
        self._number, self._ends = number, ends

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - what is connected to was chosen before
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the number that was checked."""
        plain = httpcore.SyncBackend().connect_tcp(
            self._number, port, _left(self._ends, timeout), local_address, socket_options
        )
        return _Ending(plain, self._ends)


class _Ending(httpcore.NetworkStream):
    """A stream on which nothing lasts beyond an instant, even if each part is in time."""

    def __init__(self, plain: httpcore.NetworkStream, ends: float) -> None:
        self._plain, self._ends = plain, ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within the time that is left."""
        return self._plain.read(max_bytes, _left(self._ends, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within the time that is left."""
        self._plain.write(buffer, _left(self._ends, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._plain.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted; the certificate is held against the name, not the number."""
        secured = self._plain.start_tls(ssl_context, server_hostname, _left(self._ends, timeout))
        return _Ending(secured, self._ends)

    def get_extra_info(self, info: str) -> Any:
        """Tell what the plain stream tells."""
        return self._plain.get_extra_info(info)


def _left(
    ends: float,
    timeout: float | None,
    error: type[httpcore.TimeoutException] = httpcore.ConnectTimeout,
) -> float:
    """Return how long a step may take."""
    left = ends - time.monotonic()
    if left <= 0:
        raise error("it took too long altogether")
    return left if timeout is None else min(left, timeout)

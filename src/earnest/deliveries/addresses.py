"""Where messages may go: which addresses are taken, and which machines are spoken to.

An address comes from a party, so it could name a machine that only we can reach. It is checked
twice: its form when it is given, and the numbers behind its name at every try. The connection then
goes to the number that was checked, so that a name cannot mean another machine a moment later.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import httpx

from earnest.kernel.errors import BadInput

URL_LENGTH_MAX = 500
PORTS = frozenset({443, 8443})
Numbers = Callable[[str, int], list[str]]
"""Returns the numeric addresses of a host."""

_CLOSED = tuple(
    ip_network(each)
    for each in (
        # Special-purpose numbers by IANA's lists; what Python knows of them varies by its version.
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "100::/64", "100:0:0:1::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
        # IPv6 numbers that stand for an IPv4 number, which may be any.
        "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23",
        "2002::/16",
        # A cloud's machine agent, on a public number.
        "168.63.129.16/32",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """An address that was taken, in parts.

    Attributes:
        host: as it stands in the certificate and in the header ``Host``.
        path: with the query, as it is asked for.
        local: whether it is this machine, which only the development switch permits.
    """

    scheme: str
    host: str
    port: int
    path: str
    local: bool


class AddressRefused(Exception):
    """Nothing is sent there; the message says why, in English for operators."""


def url_checked(url: str, *, loopback: bool = False) -> Target:
    """Return the parts of an address that may be written to.

    Takes:
        loopback: the development switch: also ``http`` to this machine, on any port.

    Raises:
        BadInput: no https address, a port or a part that is not taken, too long.
    """
    if len(url) > URL_LENGTH_MAX or not url.isprintable() or " " in url:
        raise _refused(url[:80], "地址过长或含有空格。", "the address is too long or has spaces")
    try:
        parts = httpx.URL(url)
        host, path = parts.raw_host.decode("ascii").lower(), parts.raw_path.decode("ascii")
        port = parts.port
        host.encode("idna")  # the resolver refuses an empty or overlong part as this does
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _refused(url, "这不是一个网址。", "this is no address of the web") from error
    if parts.userinfo or parts.fragment or not host:
        raise _refused(
            url, "网址不得含用户名、密码或 # 部分。", "no user name, password or #part, please"
        )
    if loopback and host in {"localhost", "127.0.0.1", "::1"} and parts.scheme == "http":
        return Target("http", host, port or 80, path, local=True)
    if parts.scheme != "https":
        raise _refused(url, "只接受 https 网址。", "only https is sent to")
    if (port or 443) not in PORTS:
        allowed = ", ".join(map(str, sorted(PORTS)))
        raise _refused(url, f"只接受端口 {allowed}。", f"only these ports are sent to: {allowed}")
    return Target("https", host, port or 443, path, local=False)


def _refused(url: str, zh: str, en: str) -> BadInput:
    return BadInput("endpoint_address", where=url, zh=zh, en=en)


def numbers_of(host: str, port: int) -> list[str]:
    """Return the numeric addresses that this machine's resolver gives for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def number_checked(target: Target, numbers: Numbers = numbers_of) -> str:
    """Return the numeric address to connect to.

    Every number behind a name must be one that anyone may reach: a name with one good and one
    private number is not given the benefit of the doubt.

    Raises:
        AddressRefused: the name is unknown, or stands for a machine that nothing is sent to.
    """
    try:
        found = numbers(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"{target.host} has no address: {error}") from error
    if not found:
        raise AddressRefused(f"{target.host} has no address")
    for each in found:
        if not (target.local and ip_address(each).is_loopback) and not is_public(each):
            raise AddressRefused(f"{target.host} is {each}, which is not a public address")
    return found[0]


def is_public(number: str) -> bool:
    """Tell whether a numeric address is one of the open internet.

    >>> is_public("93.184.215.14"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    if "%" in number:  # an interface of this machine
        return False
    try:
        address = ip_address(number)
    except ValueError:
        return False
    return address.is_global and not any(address in each for each in _CLOSED)

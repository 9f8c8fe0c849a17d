"""Nothing is ever sent to a machine that only we can reach, however its address is written."""

import socket

import pytest

from earnest.deliveries.addresses import (
    AddressRefused,
    Target,
    is_public,
    number_checked,
    url_checked,
)
from earnest.deliveries.wire import Http
from earnest.kernel.errors import BadInput

PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "1.1.1.1"]
PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "169.254.0.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "100.127.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1",
    "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:7f00:1::1", "2001:db8::1", "100::1", "100:0:0:1::1", "not a number", "",
]  # fmt: skip
NOT_TAKEN = [
    "http://example.com/hook", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
    "//example.com/hook", "example.com/hook", "https://", "https:///hook", "https://user@a.com/",
    "https://user:word@example.com/", "https://example.com:22/", "https://example.com:80/",
    "https://example.com:5432/", "https://example.com/#part", "http://localhost/", "http://127.0.0.1/",
    "http://[::1]/", "javascript:alert(1)", "https://exa mple.com/", "https://example.com/\n",
    "https://example.com/\x00", "https://example.com:99999/", "https://" + "a" * 600 + ".com/", "",
    "https://a..example/", "https://./", f"https://{'a' * 64}.example/",
]  # fmt: skip
SLY = [
    "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/",
    "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://localhost/",
    "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://0/",
    "https://10.0.0.1:8443/", "https://192.168.0.1/", "https://[fe80::1]/",
]  # fmt: skip


@pytest.mark.parametrize("number", PUBLIC)
def test_public_numbers_are_spoken_to(number: str) -> None:
    """A number of the open internet is one that may be sent to."""
    assert is_public(number)


@pytest.mark.parametrize("number", PRIVATE)
def test_all_other_numbers_are_not(number: str) -> None:
    """This machine, its network, carriers' networks, metadata services and groups are refused."""
    assert not is_public(number)


@pytest.mark.parametrize("url", NOT_TAKEN)
def test_addresses_that_are_not_taken(url: str) -> None:
    """Only https on known ports, without credentials; the refusal is one for people to read."""
    with pytest.raises(BadInput) as refused:
        url_checked(url)
    assert refused.value.problem.code == "endpoint_address"


@pytest.mark.parametrize("url", SLY)
def test_private_numbers_in_any_writing_are_found_when_it_is_sent(url: str) -> None:
    """What is written as a decimal, octal or mapped number is judged by what it stands for."""
    answer = Http().post(url, {}, b"{}")
    assert (answer.outcome, answer.status) == ("not_allowed", None)


def test_a_name_with_one_private_number_is_refused_whole() -> None:
    """A resolver that mixes a public and a private number does not get the public one used."""
    target = url_checked("https://hooks.example.com/a?b=c")
    assert (target.host, target.port, target.path) == ("hooks.example.com", 443, "/a?b=c")
    assert number_checked(target, lambda *_: ["8.8.8.8"]) == "8.8.8.8"
    for found in (["8.8.8.8", "10.0.0.1"], ["::1"], []):
        with pytest.raises(AddressRefused):
            number_checked(target, lambda *_, found=found: found)


def test_a_name_that_no_resolver_takes_is_refused() -> None:
    """A name with an empty part makes the resolver fail in its own way; the round goes on."""
    target = Target("https", "a..example", 443, "/", local=False)
    with pytest.raises(AddressRefused):
        number_checked(target)


def test_a_name_that_changes_its_mind_cannot_be_used() -> None:
    """The name is asked once, and the connection goes to the answer: no second look-up.

    The answer is a number that the machine's own resolver does not give for that name.
    """
    asked = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    with socket.create_server(("127.0.0.2", 0)) as listening:
        port = listening.getsockname()[1]
        http = Http(loopback=True, numbers=rebinding, whole_seconds=0.3)
        answer = http.post(f"http://localhost:{port}/", {}, b"{}")
        listening.settimeout(1)
        peer, _ = listening.accept()
        peer.close()
    assert (answer.outcome, asked) == ("no_answer", ["localhost"])


def test_the_development_switch_reaches_only_this_machine() -> None:
    """With the switch on, http goes to loopback; a name that resolves elsewhere is refused."""
    target = url_checked("http://localhost:9/", loopback=True)
    assert number_checked(target, lambda *_: ["127.0.0.1"]) == "127.0.0.1"
    with pytest.raises(AddressRefused):
        number_checked(target, lambda *_: ["10.0.0.1"])
    with pytest.raises(BadInput):
        url_checked("http://10.0.0.1/", loopback=True)

"""Who guesses has to wait; who is at home does not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings

from earnest.market.models import SignInTries
from earnest.market.sign_in_tries import (
    Counted,
    Limits,
    address_of,
    counted_for,
    counted_for_address,
    device_cookie,
    tries_forget,
    try_begin,
    try_succeeded,
)

AT = datetime(2025, 9, 5, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOME, STRANGER = "198.51.100.1", "203.0.113.7"
FREE = Limits().tries


def _fail(counted: list[Counted], times: int, at: datetime = AT) -> None:
    for _ in range(times):
        assert try_begin(counted, at) is None


@pytest.mark.django_db
def test_the_wait_grows_and_ends() -> None:
    """Five tries are free; then each failure doubles the wait, up to the longest."""
    guesses, at = counted_for("risk", STRANGER), AT
    _fail(guesses, FREE)
    waits = []
    for _ in range(7):
        wait = try_begin(guesses, at)
        assert wait is not None
        waits.append(wait.total_seconds())
        at += wait
        _fail(guesses, 1, at)
    assert waits == [30, 60, 120, 240, 480, 900, 900]


@pytest.mark.django_db
def test_trying_during_a_wait_does_not_lengthen_it() -> None:
    """A stranger who never stops cannot keep a name closed: the wait ends when it was said to."""
    guesses = counted_for("risk", STRANGER)
    _fail(guesses, FREE)
    for second in range(30):
        assert try_begin(guesses, AT + second * SECOND) == (30 - second) * SECOND
    own = counted_for("risk", HOME)
    _fail(own, 1, AT + 30 * SECOND)
    try_succeeded(own, AT + 30 * SECOND)
    _fail(own, FREE, AT + 31 * SECOND)


@pytest.mark.django_db
def test_a_known_browser_does_not_wait_for_strangers() -> None:
    """Whatever others do to the name or from the same address, its own browser goes on."""
    cookie = device_cookie("Risk")
    _fail(counted_for("risk", HOME), FREE)
    assert try_begin(counted_for("risk", HOME), AT) is not None
    known = counted_for("risk", HOME, cookie)
    _fail(known, FREE)
    assert try_begin(known, AT) == 30 * SECOND, "a stolen cookie is no free pass"
    assert counted_for("finance", HOME, cookie) == counted_for("finance", HOME)
    assert counted_for("risk", HOME, cookie + "x") == counted_for("risk", HOME)


@pytest.mark.django_db
def test_an_address_cannot_try_many_names() -> None:
    """One password tried at many names makes the address wait; its own sign-in washes nothing."""
    for number in range(Limits().tries_of_address):
        _fail(counted_for(f"name{number}", STRANGER), 1)
    assert try_begin(counted_for("another", STRANGER), AT) == 30 * SECOND
    assert try_begin(counted_for("another", HOME), AT) is None
    later = AT + 30 * SECOND
    own = counted_for("accomplice", STRANGER)
    _fail(own, 1, later)
    try_succeeded(own, later)
    row = SignInTries.objects.get(key=counted_for_address(STRANGER)[0].key)
    assert row.failures == Limits().tries_of_address


@pytest.mark.django_db
def test_old_failures_are_forgotten() -> None:
    """After an hour without one it begins anew, and rows that nobody needs are removed."""
    guesses = counted_for("risk", STRANGER)
    _fail(guesses, FREE)
    later = AT + timedelta(hours=1, seconds=1)
    _fail(guesses, FREE, later)
    assert try_begin(guesses, later) is not None
    _fail(counted_for("else", HOME), 1, later + timedelta(hours=2))
    assert SignInTries.objects.count() == 2
    _fail(guesses, FREE, later + timedelta(hours=2))
    tries_forget("RISK")
    assert try_begin(guesses, later + timedelta(hours=2)) is None


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_no_more_than_one_after_another() -> None:
    """Web processes share the count: of twenty tries at the same moment five are looked at."""
    allowed: list[bool] = []

    def guess() -> None:
        try:
            allowed.append(try_begin(counted_for("risk", STRANGER), AT) is None)
        finally:
            connection.close()

    with _threads([threading.Thread(target=guess) for _ in range(20)]):
        pass
    assert (len(allowed), sum(allowed)) == (20, FREE)


@contextmanager
def _threads(threads: list[threading.Thread]) -> Iterator[None]:
    for each in threads:
        each.start()
    yield
    for each in threads:
        each.join()


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "expected"),
    [
        (0, STRANGER, "1.2.3.4", STRANGER),
        (0, "127.0.0.1", "1.2.3.4", ""),
        (0, "::1", "", ""),
        (1, "127.0.0.1", f"1.2.3.4, {STRANGER}", STRANGER),
        (2, "127.0.0.1", f"1.2.3.4,{STRANGER}, 10.0.0.1", STRANGER),
        (2, "127.0.0.1", STRANGER, ""),
        (1, "127.0.0.1", "nonsense", ""),
        (0, "2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        (0, f"::ffff:{STRANGER}", "", STRANGER),
    ],
)
def test_the_address_is_what_our_own_proxies_say(
    proxies: int, remote: str, forwarded: str, expected: str
) -> None:
    """A header that the caller wrote himself changes nothing."""
    with override_settings(PROXIES=proxies):
        request = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded}
        assert address_of(request) == expected

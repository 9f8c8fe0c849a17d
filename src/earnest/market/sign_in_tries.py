"""Slowing down whoever guesses at passwords and tokens, without locking anybody out.

Failed tries are counted for the name that was typed and for the address that they come from; after
some of them each further one has to wait, twice as long as the one before, up to a longest wait. A
browser in which somebody has signed in before is counted by itself (a device cookie): strangers who
guess at a name never make its owner's own browser wait, and no try during a wait lengthens it. What
is answered does not depend on whether the name exists.

The numbers are the operator's (``settings.SIGN_IN``), and the clock is the real one.
"""

import hashlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.crypto import salted_hmac

from earnest.market.models import SignInTries

DEVICE_DAYS: Final = 180
"""How long a browser is known after a sign-in."""
NAME_LENGTH_MAX: Final = 150
FORGOTTEN_AT_ONCE: Final = 100
_NETWORK_BITS: Final = 64
"""One customer of an IPv6 network has as many addresses as he likes, within these bits."""
_SALT: Final = "earnest.market.sign_in"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """After how many failures a wait begins, and how long it is.

    Attributes:
        tries, tries_of_address: the failure that brings the first wait, for one name or browser,
            and from one address.
        window: after so long without a failure it is begun anew.
        wait_first, wait_longest: the first wait, which doubles, and what it never exceeds.
    """

    tries: int = 5
    tries_of_address: int = 50
    window: timedelta = timedelta(hours=1)
    wait_first: timedelta = timedelta(seconds=30)
    wait_longest: timedelta = timedelta(minutes=15)

    def wait(self, failures: int, free: int) -> timedelta:
        """Return the wait after so many failures, of which the ``free``-th brings the first.

        >>> [str(Limits().wait(each, 5)) for each in (4, 5, 6, 7, 1_000_000)]
        ['0:00:00', '0:00:30', '0:01:00', '0:02:00', '0:15:00']
        """
        if failures < free:
            return timedelta(0)
        doublings = min(failures - free, 20)
        return min(self.wait_first * (1 << doublings), self.wait_longest)


@dataclass(frozen=True)
class Counted:
    """A thing that tries are counted for: its hash, its limit, and what it is in the log.

    Attributes:
        owned: whether a success proves that the failures were its owner's, so that they are over.
    """

    key: str
    free: int
    said: str
    owned: bool


def limits() -> Limits:
    """Return the numbers of this installation."""
    given: Mapping[str, int] = settings.SIGN_IN
    return Limits(
        given["tries"],
        given["tries_of_address"],
        timedelta(seconds=given["window_seconds"]),
        timedelta(seconds=given["wait_first_seconds"]),
        timedelta(seconds=given["wait_longest_seconds"]),
    )


def address_of(request: Mapping[str, object]) -> str:
    """Return the network that a request comes from, by its WSGI environment; empty for unknown.

    Behind proxies of one's own (``settings.PROXIES`` of them) the header that they write counts,
    and of it only what they wrote. This machine itself is no address: it is a proxy that nobody
    told us of.

    >>> address_of({"REMOTE_ADDR": "203.0.113.9"}), address_of({"REMOTE_ADDR": "127.0.0.1"})
    ('203.0.113.9', '')
    """
    said = str(request.get("REMOTE_ADDR", ""))
    if settings.PROXIES:
        hops = str(request.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        said = hops[-settings.PROXIES] if len(hops) >= settings.PROXIES else ""
    try:
        address = ip_address(said.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None and not address.is_loopback:
            network = int(address) >> _NETWORK_BITS << _NETWORK_BITS
            return f"{IPv6Address(network)}/{_NETWORK_BITS}"
        address = address.ipv4_mapped or address
    return "" if address.is_loopback else str(address)


def device_cookie(username: str) -> str:
    """Return what a browser keeps after a sign-in, so that it is known the next time."""
    return signing.dumps([_name(username), secrets.token_hex(8)], salt=_SALT)


def _device(cookie: str, username: str) -> str:
    """Return the number of a browser that this name has signed in from; empty for any other."""
    try:
        name, number = signing.loads(cookie, salt=_SALT, max_age=timedelta(days=DEVICE_DAYS))
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(number) if name == _name(username) else ""


def _name(username: str) -> str:
    kept = username[:NAME_LENGTH_MAX].casefold()
    return hashlib.sha256(kept.encode("utf-8", "backslashreplace")).hexdigest()


def counted_for(username: str, address: str, cookie: str = "") -> list[Counted]:
    """Return what a try to sign in is counted for: the known browser alone, or name and address."""
    name, number = _name(username), _device(cookie, username)
    free = limits().tries
    if number:
        said = f"a known browser from {address or 'an unknown address'}"
        return [Counted(_key("device", name, number), free, said, owned=True)]
    return [
        Counted(_key("name", name), free, f"one name, last from {address or '?'}", owned=True),
        *counted_for_address(address),
    ]


def counted_for_address(address: str) -> list[Counted]:
    """Return what a call with a secret that nobody has is counted for; nothing when unknown."""
    if not address:
        return []
    free = limits().tries_of_address
    return [Counted(_key("address", address), free, f"the address {address}", owned=False)]


def _key(*parts: str) -> str:
    return salted_hmac(_SALT, "\x1f".join(parts), algorithm="sha256").hexdigest()


@transaction.atomic
def try_begin(counted: Sequence[Counted], at: datetime) -> timedelta | None:
    """Count a try as failed before it is looked at; or return how long it has to wait instead.

    Counting first makes a thousand tries at once no better than one after another. What is in a
    wait is not counted: a wait ends when it was said to end.
    """
    rows = _locked(counted, at)
    waits = [row.waits_until - at for row in rows if row.waits_until and row.waits_until > at]
    if waits:
        return max(waits)
    allowed = limits()
    for row, each in zip(rows, sorted(counted, key=lambda one: one.key), strict=True):
        begun_anew = at - row.failed_at > allowed.window
        row.failures = 1 if begun_anew else row.failures + 1
        row.failed_at = at
        wait = allowed.wait(row.failures, each.free)
        row.waits_until = at + wait if wait else None
        row.save(update_fields=["failures", "failed_at", "waits_until"])
        if wait:
            _log.warning(
                "%d tries to sign in failed: %s; the next one waits %d s",
                row.failures, each.said, wait.total_seconds(),
            )  # fmt: skip
    return None


def _locked(counted: Sequence[Counted], at: datetime) -> list[SignInTries]:
    """Return the rows of what is counted, made where there are none, locked in order of key."""
    keys = sorted(each.key for each in counted)
    old = SignInTries.objects.filter(failed_at__lt=at - limits().window - limits().wait_longest)
    stale = old.exclude(key__in=keys).select_for_update(skip_locked=True)[:FORGOTTEN_AT_ONCE]
    SignInTries.objects.filter(key__in=[row.key for row in stale]).delete()
    SignInTries.objects.bulk_create(
        [SignInTries(key=key, failures=0, failed_at=at) for key in keys], ignore_conflicts=True
    )
    return list(SignInTries.objects.select_for_update().filter(key__in=keys).order_by("key"))


@transaction.atomic
def try_succeeded(counted: Sequence[Counted], at: datetime) -> None:
    """Take back the try that turned out right, and all failures of a name or browser before it.

    An address keeps its failures: who has a sign-in of his own must not wash them off with it.
    """
    free = {each.key: each.free for each in counted}
    owned = {each.key for each in counted if each.owned}
    for row in _locked(counted, at):
        row.failures = 0 if row.key in owned else max(0, row.failures - 1)
        wait = limits().wait(row.failures, free[row.key])
        row.waits_until = row.failed_at + wait if wait else None
        row.save(update_fields=["failures", "waits_until"])


@transaction.atomic
def tries_forget(username: str) -> None:
    """Let a name begin anew, after an administrator has given it another password."""
    SignInTries.objects.filter(key=_key("name", _name(username))).delete()

"""When a try is repeated, and when it is given up: as data."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

RETRY_WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first, second, ... failed try; after the last one a delivery is given up."""

REST_MAX: Final = timedelta(minutes=30)
"""An endpoint that fails rests as long as its failures say, but others' waiting is not hours."""

ASKED_WAIT_MAX: Final = timedelta(hours=24)
"""How long a receiver may ask us to wait (``Retry-After``)."""

DISABLED_AFTER: Final = timedelta(days=5)
"""An endpoint that has failed for so long, without one success, is disabled."""

ROTATION_OVERLAP: Final = timedelta(hours=24)
"""How long a secret that was rotated away signs along with the new one."""


def wait_after(tries: int) -> timedelta | None:
    """Return how long to wait after so many failed tries; None when it is given up.

    >>> wait_after(1), wait_after(10)
    (datetime.timedelta(seconds=5), None)
    """
    return RETRY_WAITS[tries - 1] if tries <= len(RETRY_WAITS) else None


def rest_after(failures: int) -> timedelta:
    """Return how long an endpoint is left alone after so many failures in a row."""
    return min(RETRY_WAITS[min(failures, len(RETRY_WAITS)) - 1], REST_MAX)


def asked_wait(retry_after: str, at: datetime) -> timedelta:
    """Return how long a receiver asks to wait, within bounds; nothing where it asks for nothing.

    >>> from datetime import UTC
    >>> asked_wait("120", datetime(2025, 9, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    nothing = timedelta(0)
    if retry_after.isascii() and retry_after.isdigit():
        seconds = int(retry_after) if len(retry_after) <= len("86400") else 86_400
        return min(timedelta(seconds=seconds), ASKED_WAIT_MAX)
    try:
        until = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return nothing
    if until.tzinfo is None:
        return nothing
    return max(nothing, min(until - at, ASKED_WAIT_MAX))

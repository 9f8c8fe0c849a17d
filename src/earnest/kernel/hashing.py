"""One canonical form for facts, results and traces, and its SHA-256.

Two runs that agree produce the same bytes: keys sorted, no spaces, UTF-8, integers exact, dates as
ISO text. Floats are refused, since no fact or amount may be one.
"""

import hashlib
import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def _plain(value: object) -> object:
    if type(value) in _AS_THEY_ARE:  # asked first, for it is nearly always so
        return value
    if isinstance(value, float):
        raise TypeError(f"a float ({value}) has no place in a fact or a result")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def canonical_json(value: Any) -> str:
    """Return the one text form of a value.

    Raises:
        TypeError: when a float or a foreign type stands in it.
    """
    return json.dumps(
        _plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def sha256_hex(content: str | bytes) -> str:
    """Return the SHA-256 of a text (as UTF-8) or of bytes, in hexadecimal."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical form."""
    return sha256_hex(canonical_json(value))

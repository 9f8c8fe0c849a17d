"""Ids that are the same however often a step is run."""

import hashlib
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from earnest.kernel.calendar import micros_of

EVENT_NAMESPACE = uuid5(NAMESPACE_URL, "urn:earnest:event")


def event_id(source: str, dedupe_key: str) -> UUID:
    """Return the deterministic id of an event: reading it again gives the same id."""
    return uuid5(EVENT_NAMESPACE, f"{source}\n{dedupe_key}")


def uuid7_for(instant: datetime, *natural_key: str) -> UUID:
    """Return the UUIDv7 of a thing that has a natural key: time in front, the key's hash behind.

    The same instant and key always give the same id, so a step that is run twice names the same
    thing twice and the second run is recognised as a repeat.
    """
    millis = micros_of(instant) // 1000
    tail = int.from_bytes(hashlib.sha256("\x1f".join(natural_key).encode()).digest()[:10], "big")
    value = (millis & ((1 << 48) - 1)) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)

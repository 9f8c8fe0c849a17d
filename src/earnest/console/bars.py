"""Amounts beside each other as one bar, in thousandths of it: the page draws it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 1000
"""The width of a whole bar, in the units of its drawing."""


@dataclass(frozen=True)
class Bar:
    """One part of a bar: what it is, how much, where it begins and how wide it is."""

    name: str
    amount_fen: int
    tone: str
    left: int
    width: int


def bars_of(parts: Sequence[tuple[str, int, str]]) -> list[Bar]:
    """Return parts, each a name, an amount and a tone, side by side.

    Law: the widths are together a whole, or all nothing.

    >>> [(each.left, each.width) for each in bars_of([("a", 1, "good"), ("b", 3, "bad")])]
    [(0, 250), (250, 750)]
    """
    total = sum(amount for _, amount, _ in parts)
    bars: list[Bar] = []
    done = 0
    for name, amount, tone in parts:
        left = done * WHOLE // total if total else 0
        done += amount
        right = done * WHOLE // total if total else 0
        bars.append(Bar(name, amount, tone, left, right - left))
    return bars

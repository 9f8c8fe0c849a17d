"""How a rate compares with others of the same month: quartiles and a band, never a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Final

from earnest.measures.headroom import Direction

Rate = tuple[int, int]
"""Numerator and denominator, the latter above zero."""

FEWEST_PEERS: Final = 5
"""With fewer others a quartile would tell what one of them did."""


@dataclass(frozen=True)
class Peers:
    """What others reached, the best first, and in which quarter of all the subject stands.

    Attributes:
        others: how many others were assessed.
        best: reached or bettered by the best quarter of them.
        median: by the better half.
        worst: by all but the worst quarter.
        band: 1 for the best quarter to 4 for the last; 0 when the subject was not assessed.
    """

    others: int
    best: Rate
    median: Rate
    worst: Rate
    band: int


def peers_of(own: Rate, others: Sequence[Rate], direction: Direction) -> Peers | None:
    """Compare a rate with those of others; None where they are too few to stay unknown.

    >>> peers_of((96, 100), [(n, 100) for n in (90, 95, 97, 98, 99)], "at_least")
    Peers(others=5, best=(98, 100), median=(97, 100), worst=(95, 100), band=3)
    """
    if len(others) < FEWEST_PEERS:
        return None
    sign = -1 if direction == "at_least" else 1

    def order(left: Rate, right: Rate) -> int:
        return sign * (left[0] * right[1] - right[0] * left[1])

    ranked = sorted(others, key=cmp_to_key(order))
    best, median, worst = (ranked[-(-quarter * len(ranked) // 4) - 1] for quarter in (1, 2, 3))
    band = 0
    if own[1]:
        better = sum(order(each, own) < 0 for each in ranked)
        band = better * 4 // (len(ranked) + 1) + 1
    return Peers(len(ranked), best, median, worst, band)

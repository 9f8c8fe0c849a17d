"""How far a measure is from its line, as an exact count of orders; and rates written honestly."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal["at_least", "at_most"]
MILLION = 1_000_000

AT_MOST = frozenset({"quality_refund", "quality_refund30d"})


def direction_of(measure: str) -> Direction:
    """Tell whether a measure must reach its line or stay under it."""
    return "at_most" if measure in AT_MOST else "at_least"


@dataclass(frozen=True)
class Headroom:
    """What is left before a breach (``spare``) or missing to be back (``missing``), in orders."""

    spare: int
    missing: int | None


def headroom(numerator: int, denominator: int, target_ppm: int, direction: Direction) -> Headroom:
    """Return how many more bad orders a measure can take, or how many good ones it lacks.

    At least (shipping): one more late order adds one to the denominator only. At most (quality
    refunds): one more refund among the same orders adds one to the numerator. ``missing`` counts
    further faultless orders; it is None where no number of them would do.

    >>> headroom(98, 100, 970_000, "at_least")
    Headroom(spare=1, missing=0)
    >>> headroom(969, 1000, 970_000, "at_least")
    Headroom(spare=0, missing=34)
    >>> headroom(5, 1000, 5_000, "at_most"), headroom(6, 1000, 5_000, "at_most")
    (Headroom(spare=0, missing=0), Headroom(spare=0, missing=200))
    """
    if direction == "at_most":
        spare = target_ppm * denominator // MILLION - numerator
        if spare >= 0:
            return Headroom(spare, 0)
        if target_ppm == 0:
            return Headroom(0, None)
        return Headroom(0, -(-numerator * MILLION // target_ppm) - denominator)
    short = target_ppm * denominator - numerator * MILLION
    if short <= 0:
        spare = numerator * MILLION // target_ppm - denominator if target_ppm else 0
        return Headroom(spare, 0)
    if target_ppm >= MILLION:
        return Headroom(0, None)
    return Headroom(0, -(-short // (MILLION - target_ppm)))


def rate_text(numerator: int, denominator: int, direction: Direction) -> str:
    """Write a rate with two decimals, rounded away from its line so that no breach looks met.

    >>> rate_text(969, 1000, "at_least"), rate_text(5001, 1_000_000, "at_most")
    ('96.90%', '0.51%')
    """
    if denominator == 0:
        return "–"
    scaled = numerator * 10_000
    units = -(-scaled // denominator) if direction == "at_most" else scaled // denominator
    return f"{units // 100}.{units % 100:02d}%"


def line_text(target_ppm: int, direction: Direction) -> str:
    """Write a target line.

    >>> line_text(970_000, "at_least"), line_text(5_000, "at_most")
    ('≥ 97%', '≤ 0.5%')
    """
    whole, rest = divmod(target_ppm, 10_000)
    decimals = f".{rest:04d}".rstrip("0") if rest else ""
    return f"{'≤' if direction == 'at_most' else '≥'} {whole}{decimals}%"

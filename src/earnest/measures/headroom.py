"""How far a measure is from its line, counted exactly in cases and in days; and rates as text.

A duty allows a share of cases to go against the party: 3 % of the orders late, say, or 0.5 % of
them refunded for quality. What is against the party is ``bad``, out of ``total``, and
``allowed_ppm`` of it is allowed; the line holds as long as ``bad * 1,000,000`` is not more than
``allowed_ppm * total``. All of it is integer arithmetic.
"""

from dataclasses import dataclass
from typing import Final, Literal

Direction = Literal["at_least", "at_most"]
MILLION: Final = 1_000_000

AT_MOST: Final = frozenset({"quality_refund", "quality_refund30d", "complaints"})


def direction_of(measure: str) -> Direction:
    """Tell whether a measure must reach its line or stay under it."""
    return "at_most" if measure in AT_MOST else "at_least"


@dataclass(frozen=True)
class Headroom:
    """What is left before a breach (``spare``) or missing to be back (``missing``), in cases."""

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


@dataclass(frozen=True)
class Against:
    """A rate as what speaks against the party: so many bad cases of all, and the share allowed."""

    bad: int
    total: int
    allowed_ppm: int

    @property
    def slack(self) -> int:
        """What is left of the allowance, in millionths of a case; below zero the line is broken."""
        return self.allowed_ppm * self.total - self.bad * MILLION


def against(numerator: int, denominator: int, target_ppm: int, direction: Direction) -> Against:
    """Return a rate as what speaks against the party.

    >>> against(969, 1000, 970_000, "at_least")
    Against(bad=31, total=1000, allowed_ppm=30000)
    """
    if direction == "at_most":
        return Against(numerator, denominator, target_ppm)
    return Against(denominator - numerator, denominator, MILLION - target_ppm)


@dataclass(frozen=True)
class Pace:
    """What came in of late: in so many days so many cases, so many of them bad."""

    days: int
    bad: int
    total: int


def days_to_breach(rate: Against, pace: Pace) -> int | None:
    """Return after how many days at a pace the line is broken; None where it never is.

    0 means that it is broken already. Each day adds a ``days``-th of the pace's cases, good and
    bad: a pace no worse than what the line allows never breaks it.

    >>> days_to_breach(Against(20, 1000, 30_000), Pace(days=7, bad=14, total=140))
    8
    """
    if rate.slack < 0:
        return 0
    loss = pace.bad * MILLION - rate.allowed_ppm * pace.total
    return rate.slack * pace.days // loss + 1 if loss > 0 else None


def days_to_recover(missing: int | None, pace: Pace) -> int | None:
    """Return how many days bring so many cases at a pace's volume, all of them faultless.

    None where no number of cases makes good, or where none come in.

    >>> days_to_recover(34, Pace(days=7, bad=14, total=140))
    2
    """
    if missing is None or pace.total == 0:
        return None
    return -(-missing * pace.days // pace.total)


def projected(rate: Against, pace: Pace, days: int) -> Against:
    """Return a rate as it stands after so many more days at a pace.

    Both counts come back multiplied by the days of the pace, so that they stay whole.

    >>> projected(Against(2, 100, 30_000), Pace(days=7, bad=7, total=70), 10)
    Against(bad=84, total=1400, allowed_ppm=30000)
    """
    return Against(
        rate.bad * pace.days + pace.bad * days,
        rate.total * pace.days + pace.total * days,
        rate.allowed_ppm,
    )


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

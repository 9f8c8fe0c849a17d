"""What becomes of the order lines: picked up or not, when, and signed for when."""

from dataclasses import dataclass

import numpy as np

from earnest.kernel.calendar import US_PER_HOUR
from earnest.simulator.behaviours import Conduct
from earnest.simulator.dice import Dice, Flags, Ints, by_quota
from earnest.simulator.trade import US_PER_MILLISECOND, Lines

NEVER = -1
"""Stands for an instant that never comes."""

MINUTES_PER_HOUR = 60
JOURNEY_DRAWS = ["late", "delay", "delay again", "lost", "transit", "early", "carrier", "declared"]

_NEVER_SHIPPED_OF_LATE_PPM = 220_000
_NEVER_SIGNED_PPM = 8_000


@dataclass(frozen=True)
class Journeys:
    """The parcels of the lines, row by row; ``NEVER`` where something does not happen.

    Attributes:
        declared_us: when the seller said it had shipped.
        early_scan_us: a faked pick-up scan before the payment.
        picked_us: the real pick-up.
        signed_us: the sign-for.
        carrier: index into the carriers.
        late: picked up too late, or never.
    """

    declared_us: Ints
    early_scan_us: Ints
    picked_us: Ints
    signed_us: Ints
    carrier: Ints
    late: Flags

    @property
    def shipped(self) -> Flags:
        """True where a parcel left at all."""
        return np.asarray(self.picked_us != NEVER)

    @property
    def signed(self) -> Flags:
        """True where the parcel arrived."""
        return np.asarray(self.signed_us != NEVER)


def minutes_us(minutes: Ints, dice: Dice, purpose: str) -> Ints:
    """Return minutes as microseconds, with odd milliseconds so that no two look alike."""
    return minutes * (US_PER_HOUR // MINUTES_PER_HOUR) + (
        dice.below(purpose, 60_000) * US_PER_MILLISECOND
    )


def rates(conducts: dict[int, Conduct], name: str, numbers: Ints) -> Ints:
    """Return one rate of each row's provider, in parts per million."""
    table = np.zeros(max(conducts) + 1, dtype=np.int64)
    for number, conduct in conducts.items():
        table[number] = getattr(conduct, name)
    return table[numbers]


def journeys_of(lines: Lines, conducts: dict[int, Conduct], dice: Dice) -> Journeys:
    """Send the lines on their way, each provider as its conduct of the month says."""
    usual = rates(conducts, "late_ppm", lines.provider)
    spike = rates(conducts, "spike_late_ppm", lines.provider)
    late = by_quota(lines.provider, lines.paid_us, np.where(lines.festival, spike, usual))
    early = by_quota(
        lines.provider, lines.paid_us, rates(conducts, "early_scan_ppm", lines.provider)
    )
    never = late & dice.chance("lost", _NEVER_SHIPPED_OF_LATE_PPM) & ~early
    # Two draws averaged: most parcels leave within a day, few just after the payment or late.
    in_time = (dice.between("delay", 60, 43 * 60) + dice.between("delay again", 40, 35 * 60)) // 2
    too_late = dice.between("late", 49 * 60, 110 * 60)
    wait = minutes_us(np.where(late | early, too_late, in_time), dice, "delay again")
    picked_us = np.where(never, NEVER, lines.paid_us + wait)
    unsigned = never | dice.chance("lost", _NEVER_SIGNED_PPM)
    transit = minutes_us(dice.between("transit", 26 * 60, 118 * 60), dice, "transit")
    before = minutes_us(dice.between("early", 60, 30 * 60), dice, "early")
    # A late seller says "shipped" within the day and hands the parcel over days later.
    said = minutes_us(dice.between("declared", 10, 18 * 60), dice, "declared")
    soon_before = np.maximum(lines.paid_us + US_PER_HOUR // 4, picked_us - said // 20)
    declared_us = np.where(late | early, lines.paid_us + said, soon_before)
    return Journeys(
        declared_us=np.where(never, NEVER, declared_us),
        early_scan_us=np.where(early, lines.paid_us - before, NEVER),
        picked_us=picked_us,
        signed_us=np.where(unsigned, NEVER, picked_us + transit),
        carrier=dice.below("carrier", 3),
        late=late | early,
    )

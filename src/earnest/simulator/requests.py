"""After-sales: who asks for a refund, why, and how fast and in what way it is handled."""

from dataclasses import dataclass

import numpy as np

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR
from earnest.simulator.behaviours import Conduct
from earnest.simulator.dice import Dice, Flags, Ints, by_quota, evenly
from earnest.simulator.journey import MINUTES_PER_HOUR, NEVER, Journeys, minutes_us, rates
from earnest.simulator.trade import Lines

TYPES = ("refund_only", "return_refund")
REFUND_ONLY, RETURN_REFUND = 0, 1

REASONS = (
    ("quality", "Q01", "质量问题"),
    ("no_reason", "N01", "不想要了"),
    ("description", "D01", "与描述不符"),
    ("logistics", "L01", "一直未发货"),
    ("logistics", "L02", "物流停滞"),
    ("price", "P01", "降价补差"),
    ("other", "X01", "其他"),
)
"""Class, code and text of the reasons that buyers give."""

_QUALITY, _NO_REASON, _DESCRIPTION, _NOT_SHIPPED, _STUCK, _PRICE, _OTHER = range(len(REASONS))

OUTCOMES = ("refunded", "agreed", "refused")
REFUNDED, AGREED, REFUSED = range(3)

REQUEST_DRAWS = [
    "asks", "type", "reason", "applied", "handled", "outcome", "actor", "modified", "slow part",
    "sends back", "way back", "inspected", "again", "again at",
]  # fmt: skip

_CANCELS_PPM = 3_000
_CANCELS_WHEN_LATE_PPM = 250_000
_REFUND_UNDERWAY_PPM = 9_000
_RETURN_PPM = 22_000
_QUALITY_CAREFUL_PPM = 4_700
_IN_TIME_MINUTES = (30, 20 * MINUTES_PER_HOUR)
_SLOW_MINUTES = (60 * MINUTES_PER_HOUR, 90 * MINUTES_PER_HOUR)


@dataclass(frozen=True)
class Requests:
    """After-sales requests, row by row; ``NEVER`` where a step does not happen.

    Attributes:
        line: row of the order line.
        number: 1 for a line's first request, 2 for one made after a refusal.
        type: index into ``TYPES``.
        reason: index into ``REASONS``.
        shipped: the parcel had been picked up when the buyer asked.
        outcome: index into ``OUTCOMES``: the first handling.
        applied_us: when the buyer asked.
        modified_us: when the buyer changed the reason to quality.
        handled_us: first handling.
        return_declared_us: when the buyer sent the goods back.
        return_signed_us: when they arrived.
        inspected_us: when they were unpacked and inspected.
        actor: index into ``ACTORS``: who handled it.
    """

    line: Ints
    number: Ints
    type: Ints
    reason: Ints
    shipped: Flags
    outcome: Ints
    applied_us: Ints
    modified_us: Ints
    handled_us: Ints
    return_declared_us: Ints
    return_signed_us: Ints
    inspected_us: Ints
    actor: Ints

    def __len__(self) -> int:
        return len(self.line)


ACTORS = ("buyer", "merchant", "provider", "system")


@dataclass(frozen=True)
class _Asked:
    """Which lines ask, for what, why and when, before anybody has handled it."""

    line: Ints
    type: Ints
    reason: Ints
    shipped: Flags
    applied_us: Ints
    dice: Dice


def _quality(lines: Lines, journeys: Journeys, conducts: dict[int, Conduct]) -> Flags:
    """Deal out the first requests because of quality among the signed lines.

    A provider of good quality stays below its careful share even when it has few orders.
    """
    rows = np.flatnonzero(journeys.signed)
    provider = lines.provider[rows]
    ppm = rates(conducts, "quality_ppm", provider)
    most_ppm = np.maximum(ppm, _QUALITY_CAREFUL_PPM)
    marks = np.zeros(len(lines), dtype=np.bool_)
    marks[rows] = evenly(provider, journeys.signed_us[rows], ppm, most_ppm)
    return marks


def _reason(why: dict[str, Flags], dice: Dice) -> Ints:
    """Choose the reason: what happened to the parcel gives it, else the buyer's mood."""
    lot = dice.below("reason", 100)
    usual = np.select(
        [lot < 62, lot < 78, lot < 88], [_NO_REASON, _DESCRIPTION, _PRICE], default=_OTHER
    )
    waited = why["unsent"] | why["tired"]
    return np.select(
        [waited, why["quality"], why["cancels"], why["underway"]],
        [_NOT_SHIPPED, _QUALITY, _NO_REASON, _STUCK],
        default=usual,
    )


def _applied_us(lines: Lines, journeys: Journeys, why: dict[str, Flags], dice: Dice) -> Ints:
    """Choose the instant: while waiting, on the parcel's way, or after it was signed for."""
    delay = minutes_us(dice.between("applied", 30, 110 * MINUTES_PER_HOUR), dice, "applied")
    lot = dice.between("applied", 100, 900)
    wait_us = journeys.picked_us - lines.paid_us
    return np.select(
        [why["unsent"], why["tired"], why["cancels"], why["underway"]],
        [
            lines.paid_us + US_PER_DAY + delay,
            # After two days of waiting, but before the parcel leaves at last.
            lines.paid_us + 2 * US_PER_DAY + (wait_us - 2 * US_PER_DAY) * lot // 1000,
            lines.paid_us + wait_us * lot // 1000,
            journeys.picked_us + delay // 2,
        ],
        default=journeys.signed_us + delay,
    )


def _asked(lines: Lines, journeys: Journeys, conducts: dict[int, Conduct], dice: Dice) -> _Asked:
    """Decide who asks: the first cause that applies, and quality before chance."""
    quality = _quality(lines, journeys, conducts)
    other = journeys.shipped & ~quality
    asks = dice.below("asks", 1_000_000)
    cancels_ppm = np.where(journeys.late, _CANCELS_WHEN_LATE_PPM, _CANCELS_PPM)
    underway_ppm = cancels_ppm + _REFUND_UNDERWAY_PPM
    returns_ppm = underway_ppm + _RETURN_PPM
    why = {
        "unsent": ~journeys.shipped,
        "quality": quality,
        "tired": other & journeys.late & (asks < cancels_ppm),
        "cancels": other & ~journeys.late & (asks < cancels_ppm),
        "underway": other & (asks >= cancels_ppm) & (asks < underway_ppm),
        "returns": other & journeys.signed & (asks >= underway_ppm) & (asks < returns_ppm),
    }
    sends_back = why["returns"] | (quality & dice.chance("type", 750_000))
    rows = np.flatnonzero(np.logical_or.reduce(list(why.values())))
    return _Asked(
        line=rows,
        type=np.where(sends_back, RETURN_REFUND, REFUND_ONLY)[rows],
        reason=_reason(why, dice)[rows],
        shipped=(journeys.shipped & ~why["tired"] & ~why["cancels"])[rows],
        applied_us=_applied_us(lines, journeys, why, dice)[rows],
        dice=dice.rows(rows),
    )


def _handled(asked: _Asked, provider: Ints, conducts: dict[int, Conduct]) -> Requests:
    """Handle the requests: in time as a rule, days late as the provider's conduct says."""
    dice, goes_back = asked.dice, asked.type == RETURN_REFUND
    slow = by_quota(provider, asked.applied_us, rates(conducts, "slow_service_ppm", provider))
    # A slow return is slow in one of its two stages.
    slow_inspection = slow & goes_back & dice.chance("slow part", 500_000)
    in_time = dice.between("handled", *_IN_TIME_MINUTES)
    too_late = dice.between("handled", *_SLOW_MINUTES)
    minutes = np.where(slow & ~slow_inspection, too_late, in_time)
    handled_us = asked.applied_us + minutes_us(minutes, dice, "handled")
    # Whoever cancels at once hears that the parcel is packed already.
    cancelled = ~asked.shipped & (asked.reason == _NO_REASON)
    disputed = asked.shipped & (asked.reason != _QUALITY) & dice.chance("outcome", 90_000)
    refused = cancelled | disputed
    outcome = np.where(refused, REFUSED, np.where(goes_back, AGREED, REFUNDED))
    sent_back = (outcome == AGREED) & dice.chance("sends back", 900_000)
    way = minutes_us(dice.between("way back", 30 * 60, 120 * 60), dice, "way back")
    return_signed_us = handled_us + 20 * US_PER_HOUR + way
    inspection = np.where(
        slow_inspection,
        dice.between("inspected", *_SLOW_MINUTES),
        dice.between("inspected", 20, 26 * MINUTES_PER_HOUR),
    )
    inspected_us = return_signed_us + minutes_us(inspection, dice, "inspected")
    changes = goes_back & (asked.reason != _QUALITY) & dice.chance("modified", 40_000)
    return Requests(
        line=asked.line,
        number=np.ones(len(asked.line), dtype=np.int64),
        type=asked.type,
        reason=asked.reason,
        shipped=asked.shipped,
        outcome=outcome,
        applied_us=asked.applied_us,
        modified_us=np.where(changes, asked.applied_us + US_PER_HOUR // 6, NEVER),
        handled_us=handled_us,
        return_declared_us=np.where(sent_back, handled_us + 8 * US_PER_HOUR, NEVER),
        return_signed_us=np.where(sent_back, return_signed_us, NEVER),
        inspected_us=np.where(sent_back, inspected_us, NEVER),
        actor=1 + (dice.below("actor", 100) >= 55) + (dice.below("actor", 100) >= 95),
    )


def _asked_again(first: Requests, dice: Dice) -> Requests:
    """Return the second requests of buyers who were refused: now they name quality."""
    refused = (first.outcome == REFUSED) & first.shipped
    rows = np.flatnonzero(refused & dice.chance("again", 500_000))
    dice = dice.rows(rows)
    later = minutes_us(dice.between("again at", 12 * 60, 60 * 60), dice, "again at")
    applied_us = first.handled_us[rows] + later
    in_time = dice.between("handled", *_IN_TIME_MINUTES)
    never = np.full(len(rows), NEVER, dtype=np.int64)
    return Requests(
        line=first.line[rows],
        number=np.full(len(rows), 2, dtype=np.int64),
        type=np.full(len(rows), REFUND_ONLY, dtype=np.int64),
        reason=np.full(len(rows), _QUALITY, dtype=np.int64),
        shipped=np.ones(len(rows), dtype=np.bool_),
        outcome=np.full(len(rows), REFUNDED, dtype=np.int64),
        applied_us=applied_us,
        modified_us=never,
        handled_us=applied_us + minutes_us(in_time, dice, "handled"),
        return_declared_us=never,
        return_signed_us=never,
        inspected_us=never,
        actor=first.actor[rows],
    )


def requests_of(
    lines: Lines, journeys: Journeys, conducts: dict[int, Conduct], dice: Dice
) -> Requests:
    """Return the after-sales requests of a month's lines, second ones at the end."""
    asked = _asked(lines, journeys, conducts, dice)
    first = _handled(asked, lines.provider[asked.line], conducts)
    again = _asked_again(first, asked.dice)
    return Requests(
        **{
            name: np.concatenate([getattr(first, name), getattr(again, name)])
            for name in Requests.__dataclass_fields__
        }
    )

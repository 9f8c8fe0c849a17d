"""How much may go out in one act and in one day, and how a payout is split by it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Limits:
    """What an institution lets through; None is no limit.

    Attributes:
        per_part_fen: one act at most.
        per_day_fen: all first sendings of one day of the market's calendar at most.
    """

    per_part_fen: int | None = None
    per_day_fen: int | None = None

    @property
    def largest_part_fen(self) -> int | None:
        """What one part may be at most, so that it can ever be sent."""
        given = [each for each in (self.per_part_fen, self.per_day_fen) if each is not None]
        return min(given, default=None)


def limits_of(rail: str) -> Limits:
    """Return the limits that the setting ``PAYOUT_LIMITS`` gives for a rail; else none.

    The setting maps a rail to :class:`Limits`, or to a mapping with the same names.
    """
    given: Mapping[str, Limits | Mapping[str, int]] = getattr(settings, "PAYOUT_LIMITS", {})
    found = given.get(rail, {})
    return found if isinstance(found, Limits) else Limits(**found)


def split(amount_fen: int, largest_fen: int | None) -> list[int]:
    """Split an amount into as few parts as may be, as even as may be: none is a tiny rest.

    >>> split(250, 100), split(250, None)
    ([84, 83, 83], [250])
    """
    if largest_fen is None:
        return [amount_fen]
    count = -(-amount_fen // largest_fen)
    base, more = divmod(amount_fen, count)
    return [base + 1] * more + [base] * (count - more)

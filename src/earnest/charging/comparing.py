"""A charge held against what is filed: pure, given the plans and the list of base functions.

A charge may be wrong in two ways at once: in what it takes, and in where it takes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from earnest.charging.charges import Charge

KINDS: Final[dict[str, str]] = {
    "base_charged": "S0-2.2.4b",
    "unfiled_charge": "S0-2.2.4d",
    "other_price": "S0-2.2.4d",
    "charged_elsewhere": "S0-2.2.4e",
    "other_wording": "S0-2.2.4f",
    "free_here_charged_there": "S0-2.2.4f",
}
"""The kinds of difference with the clause that each is against."""

ELSEWHERE: Final = ("1688_side", "offline_reported")


@dataclass(frozen=True)
class PlanInForce:
    """An approved version of a plan and the days on which it counts; ``until_on`` is past it."""

    number: str
    provider_id: str
    plan_code: str
    version: str
    price_fen: int
    price_there_fen: int | None
    from_on: date
    until_on: date | None

    def counts_on(self, day: date) -> bool:
        """Tell whether it may be charged on a day."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)


@dataclass(frozen=True)
class BaseDays:
    """A base function and the days on which it is one; no provider stands for all of them."""

    provider_id: str
    plan_code: str
    from_on: date
    until_on: date | None

    def covers(self, charge: Charge) -> bool:
        """Tell whether a charge is for it."""
        return (
            self.plan_code == charge.plan_code
            and self.provider_id in {"", charge.provider_id}
            and self.from_on <= charge.charged_on
            and (self.until_on is None or charge.charged_on < self.until_on)
        )


@dataclass(frozen=True)
class Compared:
    """What is wrong with a charge, and what it was held against.

    Attributes:
        kinds: names of ``KINDS``; empty where nothing is wrong.
        plan: the version in force that it rests on, if there is one.
        expected_fen: the filed price on the side where it was charged.
    """

    charge: Charge
    kinds: tuple[str, ...]
    plan: PlanInForce | None
    expected_fen: int | None


def charge_compared(
    charge: Charge, plans: Iterable[PlanInForce], bases: Sequence[BaseDays]
) -> Compared:
    """Hold one charge against the plans and base functions of the day on which it was made."""
    plan = next((each for each in plans if _rests_on(charge, each)), None)
    expected = _expected(charge, plan)
    kinds: list[str] = []
    if any(base.covers(charge) for base in bases):
        kinds.append("base_charged")
    elif plan is None:
        kinds.append("unfiled_charge")
    elif expected is not None and charge.price_fen != expected:
        kinds.append("other_price")
    if charge.channel in ELSEWHERE and expected is None:
        kinds.append("charged_elsewhere")
    return Compared(charge, tuple(kinds), plan, expected)


def _rests_on(charge: Charge, plan: PlanInForce) -> bool:
    return (
        plan.provider_id == charge.provider_id
        and plan.plan_code == charge.plan_code
        and (not charge.version or charge.version == plan.version)
        and plan.counts_on(charge.charged_on)
    )


def _expected(charge: Charge, plan: PlanInForce | None) -> int | None:
    """Return the filed price of the side; what was filed for 1688 was reviewed, offline nothing."""
    if plan is None or charge.channel == "offline_reported":
        return None
    return plan.price_there_fen if charge.channel == "1688_side" else plan.price_fen

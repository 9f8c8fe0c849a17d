"""The open choices of the rulebooks that the program itself carries out, asked of the pack.

A text that can be read in several ways has an interpretation in its pack, and the choice made there
counts here too. Ask the pack that judged, not the newest one. An edition from before an
interpretation was written goes by the first option: what the program did then.
"""

from datetime import date, datetime, timedelta
from typing import Final

from earnest.kernel.calendar import Month, add_months, day_start
from earnest.kernel.errors import RuleRefused
from earnest.policy import Pack

OPTIONS: Final[dict[str, tuple[str, str]]] = {
    "measure_maturity": ("after_settling", "at_once"),
    "shipping_event": ("carrier_pickup", "seller_mark"),
    "shipping_denominator": ("all_paid", "declared_exclusions"),
    "hide_release": ("later_of_both", "earlier_of_both"),
    "month_length": ("calendar_month", "package_month"),
    "short_balance": ("take_and_claim", "take_only"),
    "tier_direction": ("both_ways", "up_only"),
}
"""What the program can do for each interpretation, the default first."""


def chosen(pack: Pack, interpretation: str) -> str:
    """Return the option in use of an interpretation in :data:`OPTIONS`.

    Raises:
        RuleRefused: the pack chose an option that the program does not know.
    """
    known = OPTIONS[interpretation]
    found = pack.interpretations.get(interpretation)
    if found is None:
        return known[0]
    if found.choice not in known:
        raise RuleRefused(
            "unknown_choice",
            where=f"{pack.rulebook}:{interpretation}",
            zh=f"规则包在 {interpretation} 中选用了 {found.choice}，程序只会 {'、'.join(known)}；"
            "请改选其一，或先为程序补上这一做法。",
            en=f"the rulebook chooses {found.choice!r} for {interpretation}, the program can do "
            f"{' or '.join(known)}: choose one of these, or teach the program the other first",
        )
    return found.choice


def settling_days(pack: Pack, on: date) -> int:
    """Return the days from a month's end until its figures are final (S0-2.1-ship48-def)."""
    if chosen(pack, "measure_maturity") == "at_once":
        return 0
    days: int = pack.parameter("settling_days", on=on)
    return days


def month_final_at(pack: Pack, month: Month) -> datetime:
    """Return the instant from which on a month's figures are final."""
    on = max(month.last_day, pack.in_force_from())
    return day_start(month.last_day + timedelta(days=1 + settling_days(pack, on)))


def measure_parameter(pack: Pack, name: str, on: date) -> int:
    """Return a parameter of the pack as a measure takes it, by what is chosen about it."""
    if name == "settling_days":
        return settling_days(pack, on)
    value: int = pack.parameter(name, on=on)
    return value


def hidden_until(pack: Pack, hidden_on: date, months: int, *, on: date) -> date:
    """Return the day on which so many months of hiding are over (S0-2.2.5-5a).

    Takes:
        on: the day that the decision is governed by.
    """
    if chosen(pack, "month_length") == "calendar_month":
        return add_months(hidden_on, months)
    return hidden_on + timedelta(days=months * pack.parameter("package_month_days", on=on))


def hiding_waits_for_both(pack: Pack) -> bool:
    """Tell whether hiding ends with month and top-up together, not with the first (S0-2.2.5-5a)."""
    return chosen(pack, "hide_release") == "later_of_both"


def rest_is_claimed(pack: Pack) -> bool:
    """Tell whether what a deposit does not cover of a fine stays owed (S0-2.2.5-5a to 5c)."""
    return chosen(pack, "short_balance") == "take_and_claim"


def requirement_falls(pack: Pack) -> bool:
    """Tell whether a shop's required deposit may become less than it was (S3-3.1a)."""
    return chosen(pack, "tier_direction") == "both_ways"

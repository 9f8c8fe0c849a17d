"""Whose turn it is in a departure, for what, and until when."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from earnest.departure.models import (
    APPLIED,
    APPROVING,
    CHECKED,
    WINDING_DOWN,
    Departure,
)
from earnest.departure.winding_down import ACCEPTED, FILED, plan_judged_by

PROVIDER: Final = "provider"
REVIEWER: Final = "reviewer"
APPROVERS: Final = "approvers"
NOBODY: Final = "nobody"


@dataclass(frozen=True)
class Turn:
    """The next step of a departure that is under way.

    Attributes:
        who: ``provider``, ``reviewer``, ``approvers``; ``nobody`` where only days have to pass.
        what: ``check``, ``conditions``, ``approve``, ``plan``, ``plan_again``, ``judge_plan``,
            ``hand_over`` or ``serve``.
        due_on: the last day for it, or the day until which merchants are served; None without one.
        late: whether that day has passed and somebody should have acted.
    """

    who: str
    what: str
    due_on: date | None = None
    late: bool = False


def turn_of(departure: Departure, on: date) -> Turn | None:
    """Return whose turn it is on a day; None once the departure has ended (S0-3.2a, S0-3.3)."""
    if departure.ended_at is not None:
        return None
    if departure.state == APPLIED:
        return _due(REVIEWER, "check", departure.check_by, on)
    if departure.state == APPROVING:
        return Turn(APPROVERS, "approve")
    if departure.state == CHECKED:
        until, told = departure.serve_until, departure.on_sale + departure.running
        served = until is not None and on <= until and not told
        return Turn(NOBODY, "serve", until) if served else Turn(PROVIDER, "conditions")
    return _winding_down(departure, on) if departure.state == WINDING_DOWN else None


def _winding_down(departure: Departure, on: date) -> Turn:
    if departure.plan_state == FILED:
        return _due(REVIEWER, "judge_plan", plan_judged_by(departure), on)
    if departure.plan_state != ACCEPTED:
        what = "plan_again" if departure.plan_state else "plan"
        return _due(PROVIDER, what, departure.plan_due_on, on)
    until = departure.serve_until
    if until is not None and on <= until:
        return Turn(NOBODY, "serve", until)
    if any(each.settled_at is None for each in departure.handovers.all()):
        return Turn(REVIEWER, "hand_over", until, late=True)
    return Turn(PROVIDER, "conditions")


def _due(who: str, what: str, due_on: date | None, on: date) -> Turn:
    return Turn(who, what, due_on, late=due_on is not None and on > due_on)

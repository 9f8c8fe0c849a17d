"""Who has the ball at a step of an application, since when, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from earnest.admission.filing import DEPOSIT, OPEN_STATES
from earnest.admission.models import Application
from earnest.cases.filing import accepted
from earnest.deposits.queries import Position, positions
from earnest.kernel.calendar import day_of
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, party_packs

OPENING = "opening"
APPLICANT = "applicant"


@dataclass(frozen=True)
class Clock:
    """Where an application stands.

    Attributes:
        step: its state; ``opening`` once the deposit is there.
        ball: whose turn it is: applicant, first_reviewer, second_approver or finance.
        since_on: from when the step counts.
        waited_days: days since then.
        due_on: last day of the step, a sample of the pack.
        remind_on: when whoever has the ball is reminded.
        overdue: whether the last day is over.
    """

    step: str
    ball: str
    since_on: date
    waited_days: int
    due_on: date
    remind_on: date
    overdue: bool


def covered(at: Position) -> bool:
    """Tell whether a required deposit is there, free of holds (S0-1.1-basis)."""
    return at.required_fen > 0 and at.free_fen >= at.required_fen


def clocks_of(
    tenant_id: str, applications: Iterable[Application], now: datetime
) -> dict[str, Clock]:
    """Return where applications stand at an instant, by number; without those that have ended."""
    rows = [each for each in applications if each.state in OPEN_STATES]
    on, packs = day_of(now), party_packs(tenant_id, SUPPLY_MARKET)
    paying = [each.subject for each in rows if each.state == DEPOSIT]
    paid = {
        subject for subject, at in positions(tenant_id, paying, on).items() if covered(at)
    } if paying else set()  # fmt: skip
    return {
        each.number: step_clock(
            packs.of(*each.subject),
            OPENING if each.subject in paid else each.state,
            day_of(each.since_at),
            on,
        )
        for each in rows
    }


def clock_of(application: Application, now: datetime) -> Clock | None:
    """Return where an application stands at an instant; None once it has ended."""
    return clocks_of(application.tenant_id, [application], now).get(application.number)


def step_clock(pack: Pack, step: str, since_on: date, on: date) -> Clock:
    """Return the clock of a step that began on a day."""
    counted_from = max(since_on, pack.in_force_from())
    found = accepted(
        pack.evaluate("admission_deadline", {"since_on": counted_from, "step": step}), step
    ).result
    due_on, remind_on = found["due_on"], found["remind_on"]
    if not isinstance(due_on, date) or not isinstance(remind_on, date):
        raise TypeError("the pack's deadlines are days")
    return Clock(
        step=step,
        ball=str(found["ball"]),
        since_on=since_on,
        waited_days=(on - since_on).days,
        due_on=due_on,
        remind_on=remind_on,
        overdue=on > due_on,
    )

"""The demo's governance: who comes in, is asked about, inspected, reported, heard, and leaves.

Every chapter is a list of steps with their instants. A step is one transaction and does nothing
when it was done before, so that a demo which was stopped goes on where it was.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.admission.models import Application
from earnest.appeals.models import Appeal
from earnest.cli.demo_charging import Charging
from earnest.cli.demo_disputes import Disputes
from earnest.cli.demo_goods import Goods
from earnest.cli.demo_newcomers import COMES_IN, IN_REVIEW, Newcomers, Timed
from earnest.cli.demo_violations import Violations
from earnest.departure.models import Departure
from earnest.simulator import Market
from earnest.tickets.models import Ticket
from earnest.violations.models import Violation
from earnest.work.jobs import JOBS

MONTHS: Final = 6
PARTIES: Final = frozenset({COMES_IN.provider_id, IN_REVIEW.provider_id})
"""The parties whose decisions the story's own people settle."""
SLOW_JOBS: Final = frozenset({"duty_alerts"})
"""Jobs that take seconds over a whole market; the demo runs them once, at its end."""


@dataclass
class GovernanceStory:
    """The story in one marketplace, over the last months of those that are played.

    Attributes:
        password: of the sign-ins that the newcomers choose.
    """

    tenant_id: str
    market: Market
    password: str
    _steps: list[Timed] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out the steps whose instants stand from the start."""
        months = self.market.months[-MONTHS:]
        self._disputes = Disputes(self.tenant_id, self.market, months)
        self._violations = Violations(self.tenant_id, months)
        steps = [
            *Newcomers(self.tenant_id, months, self.password).steps(),
            *Charging(self.tenant_id, months).steps(),
            *Goods(self.tenant_id, months).steps(),
            *self._violations.steps(),
            *self._disputes.steps(),
        ]
        self._steps = sorted(steps, key=lambda step: step[0])

    def play(self, until: datetime) -> None:
        """Do every step up to an instant that was not done yet."""
        due = [step for step in self._steps if step[0] <= until]
        self._steps = self._steps[len(due) :]
        answers = self._disputes.answers(until)
        for now, step in sorted([*due, *answers], key=lambda each: each[0]):
            with transaction.atomic():
                step(now)
        self._violations.complaints_review(until)


def jobs_run(tenant_id: str, now: datetime, *, slow: bool = False) -> None:
    """Do what the worker does every day; whatever goes wrong ends the demo.

    Takes:
        slow: also the jobs that take seconds.

    Raises:
        RuntimeError: an invariant of the marketplace is broken.
    """
    for job in JOBS:
        if slow or job.name not in SLOW_JOBS:
            summary = job.work(tenant_id, now)
            if summary.get("broken"):
                raise RuntimeError(f"{job.name} at {now}: {', '.join(summary['broken'])}")


def governance_figures(tenant_id: str) -> Iterator[tuple[str, str]]:
    """Return what governance has to show, each with a line of counts by state."""
    lines = (
        ("applications", Application, "state"),
        ("violations", Violation, "state"),
        ("tickets", Ticket, "state"),
        ("appeals", Appeal, "state"),
        ("departures", Departure, "state"),
    )
    for name, model, column in lines:
        rows = model.objects.filter(tenant_id=tenant_id)
        yield name, _counted(rows.order_by().values_list(column, flat=True))


def _counted(states: Iterable[str]) -> str:
    counts = sorted(Counter(states).items())
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts) or "none"

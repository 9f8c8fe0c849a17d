"""The daily look at departures: removals opened, exits moved on, plans that are late."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.departure.exits import exit_advance, exit_follow
from earnest.departure.models import APPROVING, CHECKED, EXIT, REMOVAL, WINDING_DOWN, Departure
from earnest.departure.queries import departure_locked
from earnest.departure.removals import (
    group_removal_undo,
    group_removals_unfounded,
    removal_follow,
    removal_open,
    removals_unopened,
)
from earnest.departure.steps import step_add
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, Problem


@dataclass(frozen=True)
class DeparturesLook:
    """How many departures were opened, moved on, and found late with their plan.

    What was decided about other accounts and fell with its origin counts as moved on.

    Attributes:
        problems: why some could not be moved; the next look tries them again.
    """

    opened: int
    moved: int
    late: int
    problems: tuple[Problem, ...] = ()

    def counts(self) -> dict[str, int]:
        """Return the numbers by name, for a row of a table."""
        return {
            "opened": self.opened,
            "moved": self.moved,
            "late": self.late,
            "problems": len(self.problems),
        }


@dataclass
class _Trying:
    """What goes wrong with one row is kept, and the others go on."""

    problems: list[Problem] = field(default_factory=list)

    def tried(self, act: Callable[..., bool], *about: object) -> bool:
        """Do something in a transaction of its own; tell whether it was done."""
        try:
            with transaction.atomic():
                return act(*about)
        except EarnestError as refused:
            self.problems.append(refused.problem)
            return False


def departures_look(tenant_id: str, now: datetime) -> DeparturesLook:
    """Look at every departure under way; doing it again at once does nothing new.

    What cannot be done about one keeps none of the others from going on.
    """
    trying = _Trying()
    moved = _unfounded_undone(tenant_id, trying, now)
    opened = sum(
        trying.tried(removal_open, tenant_id, each, now) for each in removals_unopened(tenant_id)
    )
    rows = Departure.objects.filter(tenant_id=tenant_id, ended_at=None).order_by("number")
    for row in list(rows.filter(way=EXIT, state=CHECKED)):
        moved += trying.tried(_advanced, row, now)
    for row in list(rows.filter(way=EXIT, state=APPROVING)):
        moved += trying.tried(exit_follow, row, now)
    for row in list(rows.filter(way=REMOVAL)):
        moved += trying.tried(removal_follow, row, now)
    return DeparturesLook(opened, moved, _late(tenant_id, now), tuple(trying.problems))


def _unfounded_undone(tenant_id: str, trying: _Trying, now: datetime) -> int:
    """Undo the removals of other accounts whose origin fell; one of them may be an origin too."""
    seen: set[UUID] = set()
    undone = 0
    while rows := [each for each in group_removals_unfounded(tenant_id) if each[1].id not in seen]:
        for departure, decision in rows:
            seen.add(decision.id)
            undone += trying.tried(group_removal_undo, departure, decision, now)
    return undone


def _advanced(row: Departure, now: datetime) -> bool:
    return exit_advance(departure_locked(row.tenant_id, row.number), now)


def _late(tenant_id: str, now: datetime) -> int:
    """Note once of each plan that was due and has not been filed."""
    rows = Departure.objects.filter(
        tenant_id=tenant_id,
        state=WINDING_DOWN,
        plan_due_on__lt=day_of(now),
        plan_state__in=["", "sent_back"],
    )
    count = 0
    for row in rows:
        what = f"plan_late {row.plan_due_on}"
        if not row.steps.filter(what=what).exists():
            step_add(row, what, now, actor="system")
            count += 1
    return count

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
    removals_come_back,
    removals_unopened,
    return_note,
)
from earnest.departure.steps import step_add, tell
from earnest.departure.winding_down import SENT_BACK
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, Problem
from earnest.kernel.words import Words


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
    for row, reversal in removals_come_back(tenant_id):
        moved += trying.tried(return_note, row, reversal, now)
    late = sum(trying.tried(_late_told, tenant_id, each, now) for each in _late(tenant_id, now))
    return DeparturesLook(opened, moved, late, tuple(trying.problems))


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


def _late(tenant_id: str, now: datetime) -> list[str]:
    """Return the numbers of departures whose plan was due and has not been filed."""
    rows = Departure.objects.filter(
        tenant_id=tenant_id,
        state=WINDING_DOWN,
        plan_due_on__lt=day_of(now),
        plan_state__in=["", SENT_BACK],
    )
    return list(rows.order_by("number").values_list("number", flat=True))


def _late_told(tenant_id: str, number: str, now: datetime) -> bool:
    """Tell a provider that its plan is late, once for each day it was due; tell if that is new."""
    row = departure_locked(tenant_id, number)
    due_on = row.plan_due_on
    what = f"plan_late {due_on}"
    filed = row.plan_state not in ("", SENT_BACK)
    if due_on is None or filed or row.steps.filter(what=what).exists():
        return False
    step_add(row, what, now, actor="system")
    tell(
        row,
        what,
        Words(f"收尾方案逾期未提交（{number}）", f"Your plan is late ({number})"),
        Words(
            f"收尾方案应于 {due_on} 前提交，至今未收到，逾期已记录。请立即提交，逐家说明在用商家"
            "如何交接。审核通过前不退还保证金余额；侵害他人权益的，平台可以扣除全部保证金并要求"
            "赔偿。",
            f"It was due by {due_on} and none was filed; that is on record. File it now, with what "
            "is arranged for each merchant. What is left of the deposit is not paid back before a "
            "plan is accepted; where somebody is harmed the whole deposit may be taken, and "
            "damages are owed.",
        ),
        now,
        due_on=due_on,
        severity="serious",
    )
    return True

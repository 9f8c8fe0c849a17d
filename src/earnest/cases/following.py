"""Cases that follow their decisions: done when in effect, refused when people refused."""

from datetime import datetime

from django.db import transaction

from earnest.cases.filing import case_close
from earnest.cases.models import Case
from earnest.cases.queries import decisions_of_case
from earnest.decisions.commands import IN_EFFECT, WAITING
from earnest.restrictions.queries import restrictions_of_decisions

FOLLOWED = ("raise", "withdrawal", "exit", "discretion", "harm")
STAYS_OPEN = "discretion"


def cases_follow(tenant_id: str, now: datetime) -> int:
    """Close every open case of these kinds whose decisions are all settled; return how many.

    A discretion in effect stays open until what it restricts has ended.
    """
    rows = Case.objects.filter(tenant_id=tenant_id, closed_at=None, kind__in=FOLLOWED)
    return sum(_follow(tenant_id, case, now) for case in rows.order_by("number"))


@transaction.atomic
def _follow(tenant_id: str, case: Case, now: datetime) -> bool:
    decisions = decisions_of_case(case)
    if not decisions or any(each.state == WAITING for each in decisions):
        return False
    last = decisions[-1]
    if case.kind == STAYS_OPEN and last.state == IN_EFFECT:
        granted = restrictions_of_decisions(tenant_id, [last.id])
        if any(row.released_at is None for row in granted):
            return False
    case_close(case, "done" if last.state == IN_EFFECT else "refused", now, actor="system")
    return True

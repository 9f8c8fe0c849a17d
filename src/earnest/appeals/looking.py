"""What time alone does to appeals: questions lapse, and what is late is escalated, once each."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.appeals.course import appeal_step
from earnest.appeals.hearing import turn_lapse
from earnest.appeals.models import OPEN_STATES, Appeal, AppealTurn
from earnest.appeals.queries import appeal_locked
from earnest.appeals.telling import late_notice
from earnest.kernel.calendar import day_of
from earnest.notices.commands import notices_send


@dataclass(frozen=True)
class AppealsLook:
    """How many questions lapsed, and the numbers of the appeals that were found to be late."""

    lapsed: int
    late: tuple[str, ...]


def appeals_look(tenant_id: str, now: datetime) -> AppealsLook:
    """Let questions lapse and escalate what is late, each in its own transaction, exactly once."""
    on = day_of(now)
    turns = AppealTurn.objects.filter(
        tenant_id=tenant_id, due_on__lt=on, answered_at=None, lapsed_at=None
    )
    lapsed = sum(
        turn_lapse(tenant_id, each, now)
        for each in turns.order_by("due_on", "id").values_list("id", flat=True)
    )
    late = Appeal.objects.filter(
        tenant_id=tenant_id, state__in=OPEN_STATES, expected_on__lt=on, late_at=None
    )
    numbers = list(late.order_by("number").values_list("number", flat=True))
    return AppealsLook(lapsed, tuple(each for each in numbers if _escalated(tenant_id, each, now)))


@transaction.atomic
def _escalated(tenant_id: str, number: str, now: datetime) -> bool:
    appeal = appeal_locked(tenant_id, number)
    if appeal.late_at is not None or appeal.state not in OPEN_STATES:
        return False
    appeal.late_at = now
    appeal.save(update_fields=["late_at"])
    appeal_step(appeal, "late", now, actor="system")
    notices_send(tenant_id, [late_notice(appeal)], now)
    return True

"""Closing cases whose matter has ended by itself: settled, released, expired, or refused."""

from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.cases import deductions, holds
from earnest.cases.filing import case_close
from earnest.cases.models import Case
from earnest.deposits import holds as deposit_holds

SYSTEM: Final = "system"
DEDUCTION_ENDS: Final = {
    deductions.SETTLED: "done",
    deductions.REFUSED: "refused",
    deductions.STOPPED: "withdrawn",
    deductions.REVERSED: "withdrawn",
}
HOLD_ENDS: Final = {
    deposit_holds.SETTLED: "done",
    deposit_holds.RELEASED: "done",
    deposit_holds.EXPIRED: "done",
    "refused": "refused",
}


@transaction.atomic
def cases_close_ended(tenant_id: str, now: datetime) -> int:
    """Close the deductions and holds whose matter has ended; return how many."""
    closed = 0
    for case in Case.objects.select_for_update(skip_locked=True).filter(
        tenant_id=tenant_id, kind__in=(deductions.DEDUCTION, holds.HOLD), closed_at=None
    ):
        if case.kind == deductions.DEDUCTION:
            state = deductions.deduction_get(tenant_id, case.number).state
            closed_as = DEDUCTION_ENDS.get(state)
        else:
            state = holds.hold_standing(tenant_id, case.number).state
            closed_as = HOLD_ENDS.get(state)
        if closed_as is not None:
            case_close(case, closed_as, now, actor=SYSTEM, note=state)
            closed += 1
    return closed

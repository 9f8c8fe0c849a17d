"""What a reviewer adds to a violation while holding it: an item that the report did not name."""

from datetime import datetime

from django.db import transaction

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.violations.kinds import pack_of_subject
from earnest.violations.models import ViolationItem
from earnest.violations.queue import held
from earnest.violations.reports import ITEMS_MAX, ReportItem, entry_add, item_checked, item_row


@transaction.atomic
def item_add(
    tenant_id: str, number: str, item: ReportItem, actor: str, now: datetime
) -> ViolationItem:
    """Add an item: what the report calls a complaint may be a breach of another clause.

    What was reported stays as it was; the reviewer judges it as well.

    Raises:
        BadInput: the item is wrong, or there are as many as one violation holds.
        Conflict: this person does not hold the violation.
        NotFound: no such kind or document.
    """
    violation = held(tenant_id, number, actor, now)
    position = violation.items.count() + 1
    if position > ITEMS_MAX:
        raise BadInput(
            "items_wrong",
            where="items",
            zh=f"最多 {ITEMS_MAX} 项违规。",
            en=f"a violation has at most {ITEMS_MAX} items",
        )
    pack = pack_of_subject(tenant_id, violation.subject)
    kind = item_checked(tenant_id, pack, violation.subject, (position, item), day_of(now))
    row = item_row(violation, position, item, kind)
    row.save()
    entry_add(violation, "item_added", now, actor=actor, note=kind.name)
    return row

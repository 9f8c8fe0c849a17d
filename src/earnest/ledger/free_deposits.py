"""Free deposits as a cycle of the past saw them, from the entries of the ledger."""

from datetime import datetime
from typing import Final

from django.db import connection

_FREE: Final = """
    SELECT a.subject_id, SUM(e.amount_fen - e.held_delta_fen)
    FROM ledger_account a
    JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
    JOIN ledger_transfer t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
    JOIN ledger_batch b ON b.tenant_id = t.tenant_id AND b.id = t.batch_id
    JOIN ledger_reason r ON r.tenant_id = t.tenant_id AND r.id = t.reason_id
    WHERE a.tenant_id = %(tenant_id)s AND a.kind = 'deposit' AND a.subject_kind = %(kind)s
      AND e.effective_at <= %(at)s
      AND (b.stated_at < %(at)s OR (b.stated_at = %(at)s AND r.decision_id IS NULL))
    GROUP BY a.subject_id
"""


def free_deposits(tenant_id: str, subject_kind: str, at: datetime) -> dict[str, int]:
    """Return the free deposit in fen of each subject that has one, as a cycle at ``at`` saw it.

    Counted is what was effective and booked by then. Of what was booked at that very instant only
    cash counts: a cycle books cash in first, judges, and lets its own decisions move money last.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FREE, {"tenant_id": tenant_id, "kind": subject_kind, "at": at})
        return {subject_id: int(free_fen) for subject_id, free_fen in cursor.fetchall()}

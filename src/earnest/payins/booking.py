"""How cash that came in is booked: from when it counts, for which clause, to which account."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import connection, transaction

from earnest.deposits.accounts import SUSPENSE, claim_of, clearing_of, deposit_of
from earnest.deposits.recoveries import recoveries_continue_of
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for
from earnest.ledger.queries import months_closed
from earnest.ledger.records import Reason, Transfer
from earnest.market.queries import Subject
from earnest.rulebooks.packs import RULEBOOKS

PURPOSES = ("deposit", "category", "recovery")
CLAUSES = {
    ("shop", "deposit"): "S3-2.1a",
    ("shop", "category"): "S3-2.2c",
    ("shop", "recovery"): "S3-5.3a",
    ("provider", "deposit"): "S0-1.1-basis",
    ("provider", "category"): "S0-1.1-basis",
    ("provider", "recovery"): "S0-1.1-basis",
}


def recoveries_follow(tenant_id: str, subject: Subject, now: datetime) -> None:
    """Let what is still to be recovered of a subject take from what came in, once it is booked.

    When that fails the cash stays booked all the same, and the next daily look tries again.
    """
    transaction.on_commit(partial(recoveries_continue_of, tenant_id, subject, now), robust=True)


def receipts_locked(tenant_id: str) -> None:
    """Let nobody else book cash of this tenant until the transaction ends.

    So that two that hear of one receipt at once do not both find it new.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"cash-receipts {tenant_id}"])


def open_from(tenant_id: str) -> datetime | None:
    """Return the instant from which the books are open: the end of the last closed month."""
    closed = months_closed(tenant_id)
    return closed[0].ends_at if closed else None


def counts_from(
    received_at: datetime, open_since: datetime | None, now: datetime
) -> tuple[datetime, str]:
    """Return from when a receipt counts, and what its note has to say of that.

    A receipt of a closed month counts from the day it is booked, and says so.
    """
    if open_since is not None and received_at < open_since:
        return now, f", received {day_of(received_at)} in a closed month, counts from {day_of(now)}"
    return min(received_at, now), ""


def reason_for(subject: Subject, purpose: str, note: str, actor: str) -> Reason:
    """Return why cash is credited to a party.

    Raises:
        BadInput: when there is no such purpose or kind of party.
    """
    clause = CLAUSES.get((subject[0], purpose))
    if clause is None:
        raise BadInput(
            "unknown_purpose",
            where=f"{subject[0]} {purpose}",
            zh=f"没有这种缴款用途；可用：{'、'.join(PURPOSES)}。",
            en=f"there is no such purpose; choose one of {', '.join(PURPOSES)}",
        )
    return Reason(clause, RULEBOOKS[subject[0]], None, note, actor=actor)


def receipt_transfer(
    id_: UUID,
    *,
    rail: str,
    credit: str,
    amount_fen: int,
    effective_at: datetime,
    reason: Reason,
    group_id: UUID | None = None,
) -> Transfer:
    """Return the transfer that books cash: from the rail's clearing account to another."""
    return Transfer(
        id=id_,
        debit=clearing_of(rail),
        credit=credit,
        amount_fen=amount_fen,
        effective_at=effective_at,
        reason=reason,
        group_id=group_id,
    )


def owner_transfers(
    key: Sequence[str],
    subject: Subject,
    purpose: str,
    amount_fen: int,
    *,
    at: datetime,
    effective_at: datetime,
    reason: Reason,
    group_id: UUID | None = None,
) -> list[Transfer]:
    """Return the transfers that take cash out of ``suspense`` to its owner, as one group.

    What is paid for a debt goes to the debt as far as it reaches, the rest into the deposit.

    Takes:
        key: the natural key of the booking; with ``at`` it makes the transfers' ids.
    """
    group = group_id or uuid7_for(at, *key, "group")
    first = uuid7_for(at, *key, "first")
    owing = purpose == "recovery"
    transfers = [
        Transfer(
            id=first,
            kind="up_to" if owing else "post",
            debit=SUSPENSE,
            credit=claim_of(subject) if owing else deposit_of(subject),
            amount_fen=amount_fen,
            effective_at=effective_at,
            reason=reason,
            group_id=group,
        )
    ]
    if owing:
        transfers.append(
            Transfer(
                id=uuid7_for(at, *key, "rest"),
                kind="remainder",
                pending_id=first,
                debit=SUSPENSE,
                credit=deposit_of(subject),
                effective_at=effective_at,
                reason=reason,
                group_id=group,
            )
        )
    return transfers

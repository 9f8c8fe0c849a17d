"""What changes about deposits: cash booked in, requirements set, shortages, deductions, top-ups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import duckdb
from django.db import transaction

from earnest.deposits.accounts import (
    PENALTY_INCOME,
    SUSPENSE,
    claim_of,
    clearing_of,
    deposit_of,
    settlement_of,
)
from earnest.deposits.models import Requirement, Shortage
from earnest.deposits.queries import Position, positions, requirements_on
from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of
from earnest.kernel.errors import Conflict
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import BATCH_MAX, transfers_post
from earnest.ledger.queries import balance_of, transfers_known
from earnest.ledger.records import Outcome, Reason, Transfer

MONEY_IN = """
SELECT CAST(event_id AS VARCHAR) AS event_id, rail, rail_ref, amount_fen, obligation_ref,
       rail_occurred_us
FROM read_parquet($files)
WHERE phase = 'succeeded' AND direction = 'in' AND rail_occurred_us <= $until_us
ORDER BY rail_occurred_us, event_id
"""
PAY_IN_CLAUSES = {
    ("deposit", "shop"): ("S3-2.1a", "kuaishou-shop-deposit"),
    ("deposit", "provider"): ("S0-1.1-basis", "kuaishou-supply-market"),
    ("settlement", "shop"): ("S3-1.3a", "kuaishou-shop-deposit"),
    ("settlement", "provider"): ("S0-1.1-basis", "kuaishou-supply-market"),
}
DEDUCTION_TRIES = 3


@dataclass
class PayIns:
    """What came of booking cash in: counts, and the events whose owner is not known."""

    posted: int = 0
    repeated: int = 0
    unmatched: list[str] = field(default_factory=list)


def _pay_in_id(tenant_id: str, event: dict[str, Any], credit: str) -> UUID:
    at = instant_of(event["rail_occurred_us"])
    return uuid7_for(at, tenant_id, "pay-in", event["event_id"], credit)


def _pay_in(tenant_id: str, event: dict[str, Any], credit: str) -> Transfer:
    kind, _, rest = (event["obligation_ref"] or "").partition(":")
    clause, rulebook = PAY_IN_CLAUSES.get(
        (kind, rest.partition(":")[0]), ("S3-2.1a", "kuaishou-shop-deposit")
    )
    return Transfer(
        id=_pay_in_id(tenant_id, event, credit),
        debit=clearing_of(event["rail"]),
        credit=credit,
        amount_fen=event["amount_fen"],
        effective_at=instant_of(event["rail_occurred_us"]),
        reason=Reason(clause, rulebook, None, f"receipt {event['rail_ref']}"),
    )


def _owner_of(event: dict[str, Any]) -> str:
    return event["obligation_ref"] or SUSPENSE


def pay_ins_post(tenant_id: str, until: datetime, now: datetime) -> PayIns:
    """Book every receipt of cash that the feed tells of up to an instant; a repeat books nothing.

    Cash for an account that is not open goes to ``suspense`` and is reported: nothing is lost.
    """
    events = _receipts(tenant_id, until)
    ids = {_pay_in_id(tenant_id, event, _owner_of(event)): event for event in events}
    known = transfers_known(tenant_id, list(ids))
    fresh = [event for id_, event in ids.items() if id_ not in known]
    done = PayIns(repeated=len(known))
    outcomes = _posted(
        tenant_id, [_pay_in(tenant_id, event, _owner_of(event)) for event in fresh], now
    )
    lost = [
        event for event, outcome in zip(fresh, outcomes, strict=True) if outcome.status == "refused"
    ]
    outcomes += _posted(tenant_id, [_pay_in(tenant_id, event, SUSPENSE) for event in lost], now)
    done.posted = sum(outcome.status == "posted" for outcome in outcomes)
    done.unmatched = [str(event["rail_ref"]) for event in lost]
    return done


def _receipts(tenant_id: str, until: datetime) -> list[dict[str, Any]]:
    files = event_files(tenant_id, "money_event")
    if not files:
        return []
    with duckdb.connect() as connection:
        result = connection.execute(MONEY_IN, {"files": files, "until_us": micros_of(until)})
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _posted(tenant_id: str, transfers: Sequence[Transfer], now: datetime) -> list[Outcome]:
    return [
        outcome
        for start in range(0, len(transfers), BATCH_MAX)
        for outcome in transfers_post(tenant_id, transfers[start : start + BATCH_MAX], now)
    ]


@dataclass(frozen=True)
class NewRequirement:
    """A deposit that a decision sets for a subject from a day on."""

    subject_kind: str
    subject_id: str
    required_fen: int
    clause: str
    decision_id: UUID


@transaction.atomic
def requirements_set(
    tenant_id: str, wanted: Sequence[NewRequirement], now: datetime
) -> list[Requirement]:
    """Set requirements that differ from those in force, and return the new ones."""
    on = day_of(now)
    current = requirements_on(tenant_id, on)
    rows: list[Requirement] = []
    for each in wanted:
        before = current.get((each.subject_kind, each.subject_id))
        if before is not None and before.required_fen == each.required_fen:
            continue
        rows.append(
            Requirement(
                id=uuid7_for(now, tenant_id, "requirement", str(each.decision_id)),
                tenant_id=tenant_id,
                subject_kind=each.subject_kind,
                subject_id=each.subject_id,
                required_fen=each.required_fen,
                previous_fen=before.required_fen if before else 0,
                from_on=on,
                clause=each.clause,
                decision_id=each.decision_id,
            )
        )
    Requirement.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return rows


@dataclass(frozen=True)
class ShortageReview:
    """The shortages that a look at all subjects opened and closed."""

    opened: list[tuple[Shortage, Position]]
    closed: list[Shortage]


@transaction.atomic
def shortages_review(
    tenant_id: str, subjects: Sequence[tuple[str, str]], grace_days: dict[str, int], now: datetime
) -> ShortageReview:
    """Open a shortage where a free deposit is below its requirement, close where it is not.

    Takes:
        grace_days: natural days to pay in, from the day after the notice, by subject kind.

    Clause: S3-5.1.
    """
    on = day_of(now)
    required = requirements_on(tenant_id, on)
    standing = positions(tenant_id, subjects, on)
    open_rows = {
        (row.subject_kind, row.subject_id): row
        for row in Shortage.objects.select_for_update().filter(tenant_id=tenant_id, closed_at=None)
    }
    opened: list[tuple[Shortage, Position]] = []
    closed: list[Shortage] = []
    for subject, at in standing.items():
        row = open_rows.get(subject)
        if at.shortage_fen and row is None:
            cause = required[subject]
            new = Shortage(
                id=uuid7_for(now, tenant_id, "shortage", *subject),
                tenant_id=tenant_id,
                subject_kind=subject[0],
                subject_id=subject[1],
                opened_at=now,
                due_on=on + timedelta(days=grace_days[subject[0]]),
                clause=cause.clause,
                decision_id=cause.decision_id,
            )
            opened.append((new, at))
        elif row is not None and not at.shortage_fen:
            row.closed_at = now
            closed.append(row)
    Shortage.objects.bulk_create([row for row, _ in opened])
    Shortage.objects.bulk_update(closed, ["closed_at"])
    return ShortageReview(opened, closed)


@dataclass(frozen=True)
class Deduction:
    """What a deduction took from the deposit, and what it left as a claim, in fen."""

    taken_fen: int
    claim_fen: int
    transfer_ids: tuple[UUID, ...]


def deduction_post(
    tenant_id: str,
    subject: tuple[str, str],
    amount_fen: int,
    reason: Reason,
    now: datetime,
    *,
    claim_rest: bool = True,
) -> Deduction:
    """Take an amount from a deposit as a penalty; what is not there becomes a claim.

    Both legs post together or not at all. When another movement takes the balance in between,
    the split is computed again.

    Clauses: S3-4.2a, S3-4.2b (for S0's ladders by analogy).

    Takes:
        claim_rest: False where the rulebook takes what is there and no more.

    Raises:
        Conflict: when the balance keeps changing under us.
    """
    for attempt in range(DEDUCTION_TRIES):
        free = balance_of(tenant_id, deposit_of(subject)).free_fen
        taken = max(0, min(free, amount_fen))
        claim = amount_fen - taken if claim_rest else 0
        legs = [(deposit_of(subject), taken), (claim_of(subject), claim)]
        key = (tenant_id, "deduction", str(reason.decision_id), str(attempt))
        group = uuid7_for(now, *key)
        transfers = [
            Transfer(
                id=uuid7_for(now, *key, debit),
                group_id=group,
                debit=debit,
                credit=PENALTY_INCOME,
                amount_fen=amount,
                effective_at=now,
                reason=reason,
            )
            for debit, amount in legs
            if amount
        ]
        outcomes = transfers_post(tenant_id, transfers, now)
        if _went_through(outcomes, subject):
            ids = tuple(each.id for each in transfers)
            return Deduction(taken, claim, ids)
    raise _kept_changing(subject)


def _went_through(outcomes: Iterable[Outcome], subject: tuple[str, str]) -> bool:
    """Tell whether all transfers stand; an id used for other content is never tried again.

    Raises:
        Conflict: when an id stands in the ledger with other content.
    """
    statuses = {outcome.status for outcome in outcomes}
    if "conflict" in statuses:
        raise Conflict(
            "transfer_conflict",
            where=":".join(subject),
            zh="这笔划转的编号已用于另一内容的划转，本次没有划扣；请核对该主体的账目。",
            en="the id of this transfer stands for another one; nothing was moved, check the books",
        )
    return statuses <= {"posted", "exists"}


def top_up_from_proceeds(
    tenant_id: str, subject: tuple[str, str], wanted_fen: int, reason: Reason, now: datetime
) -> Deduction:
    """Move proceeds into the deposit, as far as they go, to fill a shortage (S3-5.1e).

    Raises:
        Conflict: when the proceeds keep changing under us.
    """
    for attempt in range(DEDUCTION_TRIES):
        free = balance_of(tenant_id, settlement_of(subject)).free_fen
        amount = max(0, min(free, wanted_fen))
        if not amount:
            return Deduction(0, 0, ())
        transfer = Transfer(
            id=uuid7_for(now, tenant_id, "top-up", str(reason.decision_id), str(attempt)),
            group_id=None,
            debit=settlement_of(subject),
            credit=deposit_of(subject),
            amount_fen=amount,
            effective_at=now,
            reason=reason,
        )
        if _went_through(transfers_post(tenant_id, [transfer], now), subject):
            return Deduction(amount, 0, (transfer.id,))
    raise _kept_changing(subject)


def _kept_changing(subject: tuple[str, str]) -> Conflict:
    return Conflict(
        "balance_kept_changing",
        where=":".join(subject),
        zh="余额在处理期间不断变化，本次没有划扣；请稍后重试。",
        en="the balance kept changing while we worked; nothing was moved, try again",
    )

"""What changes about deposits: requirements set, shortages, deductions, top-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from earnest.deposits.accounts import (
    PENALTY_INCOME,
    claim_of,
    deposit_of,
    settlement_of,
)
from earnest.deposits.models import Requirement, Shortage
from earnest.deposits.queries import Position
from earnest.deposits.waterfall import Leg, Waterfall, posted_check, taken_of
from earnest.kernel.calendar import day_of, instant_of
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balances_of
from earnest.ledger.records import Reason

REVIEWED_AT_ONCE = 5_000


@dataclass(frozen=True)
class NewRequirement:
    """A deposit that a decision sets for a subject from a day on; without a day from today.

    ``later_fen`` is what then must be held from later days on for which something was announced
    before; for a day that it does not name, the announced amount moves by the same difference.
    """

    subject_kind: str
    subject_id: str
    required_fen: int
    clause: str
    decision_id: UUID
    from_on: date | None = None
    later_fen: Mapping[date, int] = field(default_factory=dict)


@transaction.atomic
def requirements_set(
    tenant_id: str, wanted: Sequence[NewRequirement], now: datetime
) -> list[Requirement]:
    """Set requirements that differ from those in force on their day, and return the new ones.

    Law: what was announced for a later day and what is set meanwhile both count. What is set is
    carried into the later day by one more row of that day (not returned).
    """
    on = day_of(now)
    standing = _requirements_from(tenant_id, wanted, on)
    rows: list[Requirement] = []
    carried: list[Requirement] = []
    for each in wanted:
        subject = (each.subject_kind, each.subject_id)
        from_on = max(each.from_on or on, on)
        known = standing.get(subject, [])
        before = next((row for row in reversed(known) if row.from_on <= from_on), None)
        if before is not None and before.required_fen == each.required_fen:
            continue
        row = _requirement(tenant_id, each, before, from_on, now)
        rows.append(row)
        later = [row for row in known if row.from_on > from_on]
        carried += _carried(tenant_id, each, row, later, now)
    Requirement.objects.bulk_create([*rows, *carried], ignore_conflicts=True, batch_size=2000)
    return rows


def _requirements_from(
    tenant_id: str, wanted: Sequence[NewRequirement], on: date
) -> dict[tuple[str, str], list[Requirement]]:
    """Return of each subject the row in force on a day and the newest of each later day, in order.

    One look by subject: what other subjects must hold is not read.
    """
    ids: dict[str, list[str]] = {}
    for each in wanted:
        ids.setdefault(each.subject_kind, []).append(each.subject_id)
    found: dict[tuple[str, str], list[Requirement]] = {}
    for kind, of_kind in ids.items():
        rows = (
            Requirement.objects.filter(
                tenant_id=tenant_id, subject_kind=kind, subject_id__in=of_kind
            )
            .annotate(counts_on=Greatest("from_on", Value(on)))
            .order_by("subject_id", "counts_on", "-from_on", "-id")
            .distinct("subject_id", "counts_on")
        )
        for row in rows:
            found.setdefault((kind, row.subject_id), []).append(row)
    return found


def _requirement(
    tenant_id: str,
    wanted: NewRequirement,
    before: Requirement | None,
    from_on: date,
    now: datetime,
) -> Requirement:
    key = (tenant_id, "requirement", str(wanted.decision_id))
    return Requirement(
        id=uuid7_for(_after(before, from_on, now), *key),
        tenant_id=tenant_id,
        subject_kind=wanted.subject_kind,
        subject_id=wanted.subject_id,
        required_fen=wanted.required_fen,
        previous_fen=before.required_fen if before else 0,
        from_on=from_on,
        clause=wanted.clause,
        decision_id=wanted.decision_id,
    )


def _carried(
    tenant_id: str,
    wanted: NewRequirement,
    row: Requirement,
    later: Sequence[Requirement],
    now: datetime,
) -> list[Requirement]:
    """Return one row for each later day, with what ``row`` changes counted in.

    What such a row says of before has the difference in it already, so that the sum of all rows'
    differences stays what must be held.
    """
    difference = row.required_fen - row.previous_fen
    return [
        Requirement(
            id=uuid7_for(
                _after(each, each.from_on, now),
                tenant_id, "requirement", str(wanted.decision_id), each.from_on.isoformat(),
            ),
            tenant_id=tenant_id,
            subject_kind=each.subject_kind,
            subject_id=each.subject_id,
            required_fen=max(0, wanted.later_fen.get(each.from_on, each.required_fen + difference)),
            previous_fen=each.required_fen + difference,
            from_on=each.from_on,
            clause=wanted.clause,
            decision_id=wanted.decision_id,
        )
        for each in later
    ]  # fmt: skip


def _after(before: Requirement | None, from_on: date, now: datetime) -> datetime:
    """Return an instant for the id of a row that has to come after another of the same day."""
    if before is None or before.from_on != from_on:
        return now
    return max(now, instant_of(((before.id.int >> 80) + 1) * 1000))


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

    Subjects are looked at some thousand at a time, so that the memory it takes does not grow with
    them, but only with what is opened and closed.

    Takes:
        grace_days: natural days to pay in, from the day after the notice, by subject kind.

    Clause: S3-5.1.
    """
    review = ShortageReview([], [])
    by_kind: dict[str, list[str]] = {}
    for kind, subject_id in subjects:
        by_kind.setdefault(kind, []).append(subject_id)
    for kind, ids in by_kind.items():
        due_on = day_of(now) + timedelta(days=grace_days[kind])
        for start in range(0, len(ids), REVIEWED_AT_ONCE):
            some = ids[start : start + REVIEWED_AT_ONCE]
            _shortages_of(tenant_id, kind, some, (now, due_on), review)
    return review


def _shortages_of(
    tenant_id: str,
    kind: str,
    ids: Sequence[str],
    at: tuple[datetime, date],
    review: ShortageReview,
) -> None:
    """Review some subjects of one kind; ``at`` is the instant and the day that is then due."""
    now, due_on = at
    mine = {"tenant_id": tenant_id, "subject_kind": kind, "subject_id__in": ids}
    latest = Requirement.objects.filter(**mine, from_on__lte=day_of(now))
    required = {
        row.subject_id: row
        for row in latest.order_by("subject_id", "-from_on", "-id").distinct("subject_id")
    }
    deposits = {subject_id: deposit_of((kind, subject_id)) for subject_id in required}
    held = balances_of(tenant_id, list(deposits.values()))
    missing = {
        subject_id: row
        for subject_id, row in required.items()
        if row.required_fen > (own.free_fen if (own := held.get(deposits[subject_id])) else 0)
    }
    open_ids: set[str] = set()
    closed: list[Shortage] = []
    for row in Shortage.objects.select_for_update().filter(**mine, closed_at=None):
        open_ids.add(row.subject_id)
        if row.subject_id not in missing:
            row.closed_at = now
            closed.append(row)
    opened = [
        Shortage(
            id=uuid7_for(now, tenant_id, "shortage", kind, subject_id),
            tenant_id=tenant_id,
            subject_kind=kind,
            subject_id=subject_id,
            opened_at=now,
            due_on=due_on,
            clause=cause.clause,
            decision_id=cause.decision_id,
        )
        for subject_id, cause in missing.items()
        if subject_id not in open_ids
    ]
    standing = _standing(tenant_id, kind, [missing[row.subject_id] for row in opened])
    Shortage.objects.bulk_create(opened, batch_size=2000)
    Shortage.objects.filter(id__in=[row.id for row in closed]).update(closed_at=now)
    review.opened.extend((row, standing[row.subject_id]) for row in opened)
    review.closed.extend(closed)


def _standing(tenant_id: str, kind: str, rows: Sequence[Requirement]) -> dict[str, Position]:
    """Return where the subjects of some requirements stand, without a look at any other."""
    subjects = [(kind, row.subject_id) for row in rows]
    codes = [
        code
        for each in subjects
        for code in (deposit_of(each), settlement_of(each), claim_of(each))
    ]
    held = balances_of(tenant_id, codes)
    found: dict[str, Position] = {}
    for row, each in zip(rows, subjects, strict=True):
        deposit, proceeds = held.get(deposit_of(each)), held.get(settlement_of(each))
        claim = held.get(claim_of(each))
        found[row.subject_id] = Position(
            subject_kind=kind,
            subject_id=row.subject_id,
            required_fen=row.required_fen,
            posted_fen=deposit.posted_fen if deposit else 0,
            held_fen=deposit.held_fen if deposit else 0,
            proceeds_fen=proceeds.free_fen if proceeds else 0,
            claim_fen=-claim.posted_fen if claim else 0,
        )
    return found


@dataclass(frozen=True)
class Deduction:
    """What a deduction took from the deposit, and what it left as a claim, in fen.

    ``transfer_ids`` are those that moved something.
    """

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

    Both legs are one group: the ledger takes what is there, and the claim bears exactly the rest.

    Clauses: S3-4.2a, S3-4.2b (for S0's ladders by analogy).

    Takes:
        claim_rest: False where the rulebook takes what is there and no more.

    Raises:
        Conflict: when the ledger refuses, as for a frozen deposit.
    """
    if amount_fen <= 0:
        return Deduction(0, 0, ())
    legs = [Leg("deposit", deposit_of(subject), reason.clause)]
    if claim_rest:
        legs.append(Leg("claim", claim_of(subject), reason.clause, all_of_it=True))
    key = (tenant_id, "deduction", str(reason.decision_id))
    wanted = Waterfall(key, PENALTY_INCOME, amount_fen, now, reason)
    return _deducted(tenant_id, subject, wanted, legs)


def top_up_from_proceeds(
    tenant_id: str, subject: tuple[str, str], wanted_fen: int, reason: Reason, now: datetime
) -> Deduction:
    """Move proceeds into the deposit, as far as they go, to fill a shortage (S3-5.1e).

    Raises:
        Conflict: when the ledger refuses, as for frozen proceeds.
    """
    if wanted_fen <= 0:
        return Deduction(0, 0, ())
    legs = [Leg("proceeds", settlement_of(subject), reason.clause)]
    key = (tenant_id, "top-up", str(reason.decision_id))
    wanted = Waterfall(key, deposit_of(subject), wanted_fen, now, reason)
    return _deducted(tenant_id, subject, wanted, legs)


def _deducted(
    tenant_id: str, subject: tuple[str, str], wanted: Waterfall, legs: Sequence[Leg]
) -> Deduction:
    outcomes = transfers_post(tenant_id, wanted.transfers(legs), wanted.effective_at)
    posted_check(outcomes, ":".join(subject))
    taken = taken_of(legs, outcomes)
    return Deduction(
        taken_fen=taken[0].amount_fen,
        claim_fen=sum(each.amount_fen for each in taken[1:]),
        transfer_ids=tuple(each.transfer_id for each in taken if each.amount_fen),
    )

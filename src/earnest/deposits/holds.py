"""Holds: a part of a deposit kept back while a loss is not known (S3-4.2c).

The ledger's hold and the row beside it have one id. A hold has an owner and a day on which somebody
looks at it again; each look keeps the estimate of that day. It is settled to what the loss turned
out to be, released, or ends by itself where the rulebook sets it a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from earnest.deposits.accounts import PENALTY_INCOME, claim_of, deposit_of
from earnest.deposits.claims import settlement_withhold
from earnest.deposits.models import DepositHold, HoldReview
from earnest.deposits.notifications import OWNER, hold_ended_notice, hold_reminder
from earnest.deposits.recoveries import CLAIM_CLAUSE, PAID_TO
from earnest.deposits.waterfall import posted_check
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import holds_expire, transfers_post
from earnest.ledger.queries import balance_of, holds_open
from earnest.ledger.records import Reason, Transfer
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send
from earnest.notices.models import Notice

SETTLED, RELEASED, EXPIRED = "settled", "released", "expired"
HOLD_CLAUSE: Final = "S3-4.2c"


@dataclass(frozen=True)
class NewHold:
    """A hold that a decision in effect lets the platform place; see :class:`DepositHold`.

    Attributes:
        held_fen: the most that is held; less where less is free by now.
        estimate_fen: the loss as it is estimated; None while nobody can tell.
        ends_at: when it ends by itself; None for never.
    """

    subject: Subject
    case_number: str
    reason: str
    owner: str
    held_fen: int
    estimate_fen: int | None
    review_on: date
    ends_at: datetime | None
    rulebook: str
    decision_id: UUID


@dataclass(frozen=True)
class HoldLook:
    """A person's look at a hold: the loss as estimated now, and who looks again, and when."""

    estimate_fen: int | None
    note: str
    actor: str
    owner: str
    next_on: date


@dataclass(frozen=True)
class Settlement:
    """What a hold is settled to, in fen: what is deducted of it, and what becomes a claim.

    Attributes:
        held_fen: what remained of the hold when that was decided.
        beneficiary: consumer, right_holder or platform.
    """

    held_fen: int
    deducted_fen: int
    claim_fen: int
    beneficiary: str
    decision_id: UUID
    rulebook: str


@dataclass(frozen=True)
class HoldSettled:
    """What settling a hold moved, in fen, and the restrictions that it granted."""

    hold: DepositHold
    deducted_fen: int
    released_fen: int
    claim_fen: int
    transfer_ids: tuple[UUID, ...]
    restriction_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class HoldsLook:
    """The holds that a look found to have ended by themselves, and those that it reminded of."""

    expired: tuple[DepositHold, ...]
    reminded: tuple[DepositHold, ...]


def hold_get(tenant_id: str, case_number: str) -> DepositHold:
    """Return the hold of a case.

    Raises:
        NotFound: the case placed none.
    """
    found = DepositHold.objects.filter(tenant_id=tenant_id, case_number=case_number).first()
    if found is None:
        raise NotFound(
            "unknown_hold",
            where=case_number,
            zh=f"事项 {case_number} 没有扣留保证金。",
            en=f"case {case_number!r} holds no deposit",
        )
    return found


def holds(
    tenant_id: str, *, subject: Subject | None = None, is_open: bool | None = None
) -> list[tuple[DepositHold, int]]:
    """Return holds with what remains of each, open ones in front, with their reviews."""
    rows = DepositHold.objects.filter(tenant_id=tenant_id)
    if subject is not None:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    if is_open is not None:
        rows = rows.filter(closed_at__isnull=is_open)
    account = deposit_of(subject) if subject is not None else None
    remaining = {each.id: each.remaining_fen for each in holds_open(tenant_id, account)}
    found = rows.order_by(F("closed_at").asc(nulls_first=True), "review_on", "id")
    return [(each, remaining.get(each.id, 0)) for each in found.prefetch_related("reviews")]


def hold_remaining(hold: DepositHold) -> int:
    """Return what of a hold is still set aside, in fen."""
    account = deposit_of(hold.subject)
    found = {each.id: each.remaining_fen for each in holds_open(hold.tenant_id, account)}
    return found.get(hold.id, 0)


def holds_due_review(tenant_id: str, on: date) -> list[DepositHold]:
    """Return the open holds whose review day has come, the longest overdue first."""
    return list(
        DepositHold.objects.filter(tenant_id=tenant_id, closed_at=None, review_on__lte=on).order_by(
            "review_on", "id"
        )
    )


@transaction.atomic
def hold_place(tenant_id: str, new: NewHold, now: datetime) -> DepositHold:
    """Set a part of a deposit aside, with the first estimate; a repeat changes nothing.

    No more is held than is free. Raising the amount later takes another hold.

    Raises:
        Conflict: nothing is free, or the ledger refuses.
    """
    before = DepositHold.objects.filter(decision_id=new.decision_id).first()
    if before is not None:
        return before
    code = deposit_of(new.subject)
    held_fen = min(new.held_fen, balance_of(tenant_id, code).free_fen)
    if held_fen <= 0:
        raise nothing_to_hold(new.subject)
    hold = DepositHold.objects.create(
        id=uuid7_for(now, tenant_id, "hold", str(new.decision_id)),
        tenant_id=tenant_id,
        subject_kind=new.subject[0],
        subject_id=new.subject[1],
        case_number=new.case_number,
        reason=new.reason,
        owner=new.owner,
        placed_fen=held_fen,
        clause=HOLD_CLAUSE,
        decision_id=new.decision_id,
        opened_at=now,
        review_on=new.review_on,
        ends_at=new.ends_at,
    )
    first = HoldLook(new.estimate_fen, new.reason, new.owner, new.owner, new.review_on)
    _review_write(hold, first, now)
    transfer = Transfer(
        id=hold.id,
        kind="hold",
        debit=code,
        credit=PENALTY_INCOME,
        amount_fen=held_fen,
        effective_at=now,
        expires_at=new.ends_at,
        reason=Reason(HOLD_CLAUSE, new.rulebook, new.decision_id, f"hold {new.case_number}"),
    )
    posted_check(transfers_post(tenant_id, [transfer], now), new.case_number)
    return hold


def nothing_to_hold(subject: Subject) -> Conflict:
    """Say that a deposit has nothing free that could be held."""
    return Conflict(
        "nothing_to_hold",
        where=":".join(subject),
        zh="该主体的保证金没有可用余额，无可扣留；有可用余额后再提出。",
        en="nothing of this deposit is free, so there is nothing to hold; ask again when there is",
    )


def _review_write(hold: DepositHold, look: HoldLook, now: datetime) -> HoldReview:
    return HoldReview.objects.create(
        hold=hold,
        tenant_id=hold.tenant_id,
        estimate_fen=look.estimate_fen,
        note=look.note,
        actor=look.actor,
        owner=look.owner,
        next_on=look.next_on,
        at=now,
    )


def hold_locked(tenant_id: str, case_number: str) -> DepositHold:
    """Return the open hold of a case with its row locked for this transaction.

    Raises:
        NotFound: the case placed none.
        Conflict: it has ended.
    """
    hold = DepositHold.objects.select_for_update().get(id=hold_get(tenant_id, case_number).id)
    if hold.closed_at is not None:
        raise Conflict(
            "hold_closed",
            where=case_number,
            zh="这笔扣留已经了结，不能再处理。",
            en="this hold has ended; nothing more can be done with it",
        )
    return hold


@transaction.atomic
def hold_review_write(
    tenant_id: str, case_number: str, look: HoldLook, now: datetime
) -> HoldReview:
    """Keep a look at a hold: estimate, owner and the next day. What is held stays the same.

    Raises:
        BadInput: no note, or a negative estimate.
        NotFound, Conflict: there is no such hold, or it has ended.
    """
    if not look.note.strip() or (look.estimate_fen or 0) < 0:
        raise BadInput(
            "review_wrong",
            where=case_number,
            zh="请写明复核情况；估计损失不能为负。",
            en="write what the review found; an estimate is not negative",
        )
    hold = hold_locked(tenant_id, case_number)
    hold.owner, hold.review_on = look.owner, look.next_on
    hold.save(update_fields=["owner", "review_on"])
    return _review_write(hold, look, now)


@transaction.atomic
def hold_settle(
    tenant_id: str, case_number: str, settlement: Settlement, now: datetime
) -> HoldSettled:
    """Settle a hold: deduct what is due, release the rest, claim what exceeds it, all in one group.

    Without a loss the hold is released. Restricts withdrawal while a claim is left.

    Raises:
        NotFound, Conflict: there is no such hold, it has ended or changed, or the ledger refuses.
    """
    hold = hold_locked(tenant_id, case_number)
    if hold_remaining(hold) != settlement.held_fen:
        raise Conflict(
            "hold_changed",
            where=case_number,
            zh="扣留余额与提出结算时不同，本次没有动账；请重新提出结算。",
            en="what remains of the hold is not what the settlement was asked for; nothing was "
            "moved, ask for the settlement again",
        )
    transfers = _settling(hold, settlement, now)
    posted_check(transfers_post(tenant_id, transfers, now), case_number)
    hold.closed_at = now
    hold.closed_by = SETTLED if settlement.deducted_fen else RELEASED
    hold.save(update_fields=["closed_at", "closed_by"])
    restrictions: Sequence[UUID] = ()
    if settlement.claim_fen:
        restrictions = settlement_withhold(
            tenant_id, hold.subject, settlement.rulebook, settlement.decision_id, now
        )
    return HoldSettled(
        hold=hold,
        deducted_fen=settlement.deducted_fen,
        released_fen=settlement.held_fen - settlement.deducted_fen,
        claim_fen=settlement.claim_fen,
        transfer_ids=tuple(each.id for each in transfers),
        restriction_ids=tuple(restrictions),
    )


def _settling(hold: DepositHold, settlement: Settlement, now: datetime) -> list[Transfer]:
    key = (hold.tenant_id, "hold-settled", str(settlement.decision_id))
    note = f"hold {hold.case_number} settled"
    reason = Reason(HOLD_CLAUSE, settlement.rulebook, settlement.decision_id, note)
    subject, paid_to = hold.subject, PAID_TO[settlement.beneficiary]
    end = Transfer(
        id=uuid7_for(now, *key),
        group_id=uuid7_for(now, *key, "group"),
        kind="capture" if settlement.deducted_fen else "void",
        pending_id=hold.id,
        final=bool(settlement.deducted_fen),
        debit=deposit_of(subject),
        credit=paid_to if settlement.deducted_fen else "",
        amount_fen=settlement.deducted_fen,
        effective_at=now,
        reason=reason,
    )
    if not settlement.claim_fen:
        return [end]
    claim = Transfer(
        id=uuid7_for(now, *key, "claim"),
        group_id=end.group_id,
        debit=claim_of(subject),
        credit=paid_to,
        amount_fen=settlement.claim_fen,
        effective_at=now,
        reason=Reason(CLAIM_CLAUSE, settlement.rulebook, settlement.decision_id, note),
    )
    return [end, claim]


@transaction.atomic
def holds_look(tenant_id: str, now: datetime) -> HoldsLook:
    """End the holds whose time is over, and remind of those whose review day has come, once each.

    The reminder goes to the owner; the party is told of a hold that has ended.
    """
    holds_expire(tenant_id, now)
    remaining = {each.id for each in holds_open(tenant_id)}
    ended = [
        row
        for row in DepositHold.objects.select_for_update().filter(
            tenant_id=tenant_id, closed_at=None, ends_at__lte=now
        )
        if row.id not in remaining
    ]
    for row in ended:
        row.closed_at, row.closed_by = now, EXPIRED
        row.save(update_fields=["closed_at", "closed_by"])
    due = [row for row in holds_due_review(tenant_id, day_of(now)) if not _is_reminded(row)]
    notices_send(
        tenant_id,
        [hold_ended_notice(row) for row in ended] + [hold_reminder(row) for row in due],
        now,
    )
    return HoldsLook(tuple(ended), tuple(due))


def _is_reminded(hold: DepositHold) -> bool:
    return Notice.objects.filter(
        tenant_id=hold.tenant_id,
        subject_kind=OWNER,
        subject_id=hold.owner,
        decision_id=hold.decision_id,
        due_on=hold.review_on,
    ).exists()

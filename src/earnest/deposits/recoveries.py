"""Recoveries: an amount taken from a subject for a reviewed finding, step by step until all is.

A try is one group in the ledger: what the deposit has, then proceeds and a claim for the rest where
the platform pays first, or a claim alone where the money is the platform's. Otherwise the rest
stays open for the merchant to pay, and is tried again every day and with each payment in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from earnest.deposits.accounts import PENALTY_INCOME, claim_of, deposit_of, settlement_of
from earnest.deposits.claims import settlement_withhold
from earnest.deposits.models import Recovery, RecoveryStep
from earnest.deposits.notifications import stopped_notice, taken_notice
from earnest.deposits.waterfall import (
    COMPENSATION_PAYABLE,
    Leg,
    Taken,
    Waterfall,
    posted_check,
    taken_of,
)
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.errors import BadInput, Conflict, NotFound, Problem
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Reason
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send

OPEN, SETTLED, STOPPED, REVERSED = "open", "settled", "stopped", "reversed"
PARTIAL, UNSPLIT = "partial", "unsplit"
MODES: Final = (PARTIAL, UNSPLIT)
PLATFORM: Final = "platform"
PAID_TO: Final = {
    "consumer": COMPENSATION_PAYABLE,
    "right_holder": COMPENSATION_PAYABLE,
    PLATFORM: PENALTY_INCOME,
}
RETRY_DAYS: Final = 1
PROCEEDS_CLAUSE, ADVANCE_CLAUSE, CLAIM_CLAUSE = "S3-5.3d", "S3-5.3c", "S3-4.2b"
CLAIMED: Final = ("advance", "claim")


@dataclass(frozen=True)
class NewRecovery:
    """An amount that a decision in effect lets the platform take; see :class:`Recovery`.

    Attributes:
        beneficiary: consumer, right_holder or platform.
        mode: ``partial`` or ``unsplit``.
        advances: whether the platform pays at once what the deposit does not cover, and takes it
            from proceeds as far as they go (S3-5.3b to S3-5.3d).
    """

    subject: Subject
    case_number: str
    ground: str
    beneficiary: str
    amount_fen: int
    mode: str
    advances: bool
    clause: str
    rulebook: str
    decision_id: UUID


@dataclass(frozen=True)
class Progress:
    """What a try did: its steps, what is still to come, in fen, and the restrictions it granted.

    Law: all steps of a recovery and its rest are together its amount.
    """

    recovery: Recovery
    steps: tuple[RecoveryStep, ...]
    rest_fen: int
    restriction_ids: tuple[UUID, ...] = ()

    @property
    def taken_fen(self) -> int:
        """What came from the subject's own money in this try."""
        return sum(each.amount_fen for each in self.steps if each.source not in CLAIMED)

    @property
    def claim_fen(self) -> int:
        """What the subject owes the platform since this try."""
        return sum(each.amount_fen for each in self.steps if each.source in CLAIMED)


@dataclass(frozen=True)
class RecoveriesLook:
    """What the tries of a day moved, and those that the ledger refused, and why."""

    moved: tuple[Progress, ...]
    problems: tuple[Problem, ...]


def recovery_rest(recovery: Recovery) -> int:
    """Return what of a recovery is still to come, in fen."""
    total = recovery.steps.aggregate(total=Sum("amount_fen"))["total"]
    return recovery.amount_fen - int(total or 0)


def recovery_get(tenant_id: str, case_number: str) -> Recovery:
    """Return the recovery of a case.

    Raises:
        NotFound: nothing is recovered for it.
    """
    found = Recovery.objects.filter(tenant_id=tenant_id, case_number=case_number).first()
    if found is None:
        raise NotFound(
            "unknown_recovery",
            where=case_number,
            zh=f"事项 {case_number} 没有正在或曾经进行的扣划。",
            en=f"nothing is or was recovered for case {case_number!r}",
        )
    return found


def recoveries(
    tenant_id: str, *, subject: Subject | None = None, state: str = ""
) -> list[tuple[Recovery, int]]:
    """Return recoveries with what of each is still to come, the newest first, with their steps."""
    rows = Recovery.objects.filter(tenant_id=tenant_id)
    if subject is not None:
        rows = rows.filter(subject_kind=subject[0], subject_id=subject[1])
    if state:
        rows = rows.filter(state=state)
    found = rows.order_by("-opened_at", "-id").prefetch_related("steps")
    return [(each, _still_to_come(each)) for each in found]


def _still_to_come(recovery: Recovery) -> int:
    """Return the rest of a recovery by its steps at hand; nothing of what is reversed."""
    if recovery.state == REVERSED:
        return 0
    return recovery.amount_fen - sum(step.amount_fen for step in recovery.steps.all())


def recoveries_due(tenant_id: str, now: datetime) -> list[Recovery]:
    """Return the open recoveries to be tried now, the oldest first.

    Those whose day has come, and those for which something has come in since the last try.
    """
    open_rows = Recovery.objects.filter(tenant_id=tenant_id, state=OPEN).order_by("opened_at", "id")
    return [
        row
        for row in open_rows
        if (row.next_try_at is not None and row.next_try_at <= now)
        or _legs(row, recovery_rest(row))
    ]


@transaction.atomic
def recovery_begin(tenant_id: str, new: NewRecovery, now: datetime) -> Progress:
    """Begin a recovery and take at once what may be taken; a repeat changes nothing.

    Raises:
        BadInput: no amount, or an unknown beneficiary or mode.
        Conflict: the ledger refuses.
    """
    if new.amount_fen <= 0 or new.beneficiary not in PAID_TO or new.mode not in MODES:
        raise BadInput(
            "recovery_wrong",
            where=new.case_number,
            zh="扣划须有大于零的金额、已知的赔付对象（consumer、right_holder、platform）"
            "和方式（partial、unsplit）。",
            en="a recovery needs an amount above 0, a beneficiary (consumer, right_holder, "
            "platform) and a mode (partial, unsplit)",
        )
    recovery, fresh = Recovery.objects.get_or_create(
        decision_id=new.decision_id,
        defaults={
            "id": uuid7_for(now, tenant_id, "recovery", str(new.decision_id)),
            "tenant_id": tenant_id,
            "subject_kind": new.subject[0],
            "subject_id": new.subject[1],
            "case_number": new.case_number,
            "ground": new.ground,
            "beneficiary": new.beneficiary,
            "amount_fen": new.amount_fen,
            "mode": new.mode,
            "advances": new.advances,
            "clause": new.clause,
            "rulebook": new.rulebook,
            "opened_at": now,
        },
    )
    if not fresh:
        return Progress(recovery, (), recovery_rest(recovery))
    return _try(recovery, now)


@transaction.atomic
def recovery_continue(tenant_id: str, recovery_id: UUID, now: datetime) -> Progress:
    """Try again to take what is still to come; the subject is told of what was taken.

    A recovery that is settled or stopped stays as it is.

    Raises:
        Conflict: the ledger refuses.
    """
    recovery = recovery_locked(tenant_id, recovery_id)
    if recovery.state != OPEN:
        return Progress(recovery, (), recovery_rest(recovery))
    progress = _try(recovery, now)
    if progress.steps:
        notices_send(tenant_id, [taken_notice(recovery, progress.steps, progress.rest_fen)], now)
    return progress


def recoveries_continue_of(tenant_id: str, subject: Subject, now: datetime) -> list[Progress]:
    """Try every open recovery of a subject, the oldest first: money has come in for it.

    Each try is a transaction of its own; call it outside one.

    Raises:
        Conflict: the ledger refuses.
    """
    open_rows = Recovery.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], state=OPEN
    ).order_by("opened_at", "id")
    return [recovery_continue(tenant_id, row.id, now) for row in open_rows]


def recoveries_look(tenant_id: str, now: datetime) -> RecoveriesLook:
    """Try every recovery that is due, each in a transaction of its own, the oldest first.

    Call it outside a transaction: the ledger is locked until each try is committed.
    """
    moved: list[Progress] = []
    problems: list[Problem] = []
    for recovery in recoveries_due(tenant_id, now):
        try:
            progress = recovery_continue(tenant_id, recovery.id, now)
        except Conflict as refused:
            problems.append(refused.problem)
            continue
        if progress.steps:
            moved.append(progress)
    return RecoveriesLook(tuple(moved), tuple(problems))


@transaction.atomic
def recovery_stop(tenant_id: str, recovery_id: UUID, reason: str, now: datetime) -> Recovery:
    """Take no more of what is still to come; what was taken stays taken. The subject is told why.

    Who stops it is written in the story of its case.

    Raises:
        BadInput: no reason.
        Conflict: it is settled or stopped already.
    """
    recovery = recovery_locked(tenant_id, recovery_id)
    if not reason.strip():
        raise BadInput(
            "reason_missing",
            where=recovery.case_number,
            zh="请写明停止扣划的理由。",
            en="write why nothing more is taken",
        )
    if recovery.state != OPEN:
        raise Conflict(
            "recovery_closed",
            where=recovery.case_number,
            zh="这笔扣划已经结束，不能停止。",
            en="this recovery has ended already and cannot be stopped",
        )
    rest_fen = recovery_rest(recovery)
    recovery.state, recovery.closed_at, recovery.next_try_at = STOPPED, now, None
    recovery.save(update_fields=["state", "closed_at", "next_try_at"])
    notices_send(tenant_id, [stopped_notice(recovery, rest_fen, reason)], now)
    return recovery


def recovery_reverse(tenant_id: str, decision_id: UUID, now: datetime) -> Recovery | None:
    """Note that a recovery is reversed with its decision, and take no more; None without one.

    Its steps stay as they are: who reverses the decision moves the money back.
    """
    known = Recovery.objects.filter(tenant_id=tenant_id, decision_id=decision_id).first()
    if known is None:
        return None
    recovery = recovery_locked(tenant_id, known.id)
    recovery.state, recovery.next_try_at = REVERSED, None
    recovery.closed_at = recovery.closed_at or now
    recovery.save(update_fields=["state", "closed_at", "next_try_at"])
    return recovery


def recovery_steps(tenant_id: str, decision_id: UUID) -> list[RecoveryStep]:
    """Return what a decision's recovery took so far, step by step, the first in front."""
    rows = RecoveryStep.objects.filter(tenant_id=tenant_id, recovery__decision_id=decision_id)
    return list(rows.order_by("at", "id"))


def recovery_locked(tenant_id: str, recovery_id: UUID) -> Recovery:
    """Return a recovery with its row locked for this transaction.

    Raises:
        NotFound: there is none.
    """
    found = Recovery.objects.select_for_update().filter(tenant_id=tenant_id, id=recovery_id).first()
    if found is None:
        raise NotFound(
            "unknown_recovery",
            where=str(recovery_id),
            zh="没有这笔扣划。",
            en="there is no such recovery",
        )
    return found


def _try(recovery: Recovery, now: datetime) -> Progress:
    """Take what may be taken, and write down what came from where; the row must be locked."""
    rest_fen = recovery_rest(recovery)
    legs = _legs(recovery, rest_fen)
    taken: list[Taken] = []
    if legs:
        # Tries are numbered, so that the next one is no repeat of this one.
        key = (recovery.tenant_id, "recovery", str(recovery.id), str(recovery.tries))
        note = f"recovery {recovery.case_number}: {recovery.ground}"
        reason = Reason(recovery.clause, recovery.rulebook, recovery.decision_id, note)
        whole = recovery.mode == UNSPLIT and len(legs) == 1
        wanted = Waterfall(key, PAID_TO[recovery.beneficiary], rest_fen, now, reason, whole)
        outcomes = transfers_post(recovery.tenant_id, wanted.transfers(legs), now)
        posted_check(outcomes, recovery.case_number)
        taken = taken_of(legs, outcomes)
    progress = steps_write(recovery, taken, now)
    if not progress.claim_fen:
        return progress
    withheld = settlement_withhold(
        recovery.tenant_id, recovery.subject, recovery.rulebook, recovery.decision_id, now
    )
    return replace(progress, restriction_ids=tuple(withheld))


def _legs(recovery: Recovery, rest_fen: int) -> list[Leg]:
    """Return the accounts that bear the rest now, in order; none when nothing may be taken.

    A frozen deposit gives nothing, and then nothing is claimed either: it is tried again.
    """
    subject, for_platform = recovery.subject, recovery.beneficiary == PLATFORM
    deposit = balance_of(recovery.tenant_id, deposit_of(subject))
    if deposit.frozen:
        return []
    legs = [Leg("deposit", deposit_of(subject), recovery.clause)]
    if not recovery.advances and not for_platform:
        least_fen = rest_fen if recovery.mode == UNSPLIT else 1
        return legs if deposit.free_fen >= least_fen else []
    if recovery.advances and not balance_of(recovery.tenant_id, settlement_of(subject)).frozen:
        legs.append(Leg("proceeds", settlement_of(subject), PROCEEDS_CLAUSE))
    source, clause = ("claim", CLAIM_CLAUSE) if for_platform else ("advance", ADVANCE_CLAUSE)
    return [*legs, Leg(source, claim_of(subject), clause, all_of_it=True)]


def steps_write(recovery: Recovery, taken: Sequence[Taken], now: datetime) -> Progress:
    """Write the steps of a try, and where the recovery stands after it; the row must be locked."""
    steps = RecoveryStep.objects.bulk_create(
        RecoveryStep(
            recovery=recovery,
            tenant_id=recovery.tenant_id,
            source=each.source,
            amount_fen=each.amount_fen,
            transfer_id=each.transfer_id,
            at=now,
        )
        for each in taken
        if each.amount_fen
    )
    rest_fen = recovery_rest(recovery)
    recovery.tries += 1
    if rest_fen:
        recovery.next_try_at = day_start(day_of(now) + timedelta(days=RETRY_DAYS))
    else:
        recovery.state, recovery.closed_at, recovery.next_try_at = SETTLED, now, None
    recovery.save(update_fields=["state", "tries", "next_try_at", "closed_at"])
    return Progress(recovery, tuple(steps), rest_fen)

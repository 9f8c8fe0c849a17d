"""What subjects owe beyond their deposit: open claims, their age, proceeds set off against them.

A claim's balance is what is owed. What comes in for it pays the oldest part first (FIFO), and that
gives each part that is still open its age and its origin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from earnest.decisions.models import Decision
from earnest.deposits.accounts import claim_of, settlement_of
from earnest.deposits.waterfall import posted_check
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.errors import Conflict, Problem
from earnest.kernel.ids import uuid7_for
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.ledger.commands import transfers_post
from earnest.ledger.models import (
    LedgerAccount,
    LedgerBalance,
    LedgerEntry,
    LedgerReason,
    LedgerTransfer,
)
from earnest.ledger.queries import balance_of, balances_of
from earnest.ledger.records import Reason, Transfer
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of

SET_OFF_CLAUSE: Final = "S3-5.3d"
WITHHELD: Final = "limit_withdrawal"
NOTHING_OWED: Condition = {"kind": "nothing_owed"}
ORIGINS: Final = {"recovery": "recovery", "nps_ladder": "ladder_fine", "hold_settled": "hold"}
OTHER: Final = "other"
AGES: Final = (30, 60, 90)  # the last day of each bucket but the last, which is open


@dataclass(frozen=True)
class OpenClaim:
    """A part of what a subject owes that is not paid yet.

    Attributes:
        since_on: the day it counts from.
        owed_fen: what of it is still open; ``claimed_fen`` is what it was.
        origin: recovery, ladder_fine, hold or other.
        period: what its decision is about: the number of a case, or a month; empty without one.
    """

    subject: Subject
    since_on: date
    claimed_fen: int
    owed_fen: int
    origin: str
    clause: str
    decision_id: UUID | None
    period: str
    transfer_id: UUID


@dataclass(frozen=True)
class ClaimAge:
    """What a subject owes on a day, by the days since: all in fen."""

    subject: Subject
    owed_fen: int
    to_30_days_fen: int
    to_60_days_fen: int
    to_90_days_fen: int
    over_90_days_fen: int
    oldest_on: date


@dataclass(frozen=True)
class SetOff:
    """Proceeds that paid a claim, in fen, and what of the claim they left."""

    subject: Subject
    taken_fen: int
    owed_fen: int
    transfer_id: UUID


@dataclass(frozen=True)
class ClaimsLook:
    """What a look at all claims did, and the subjects that it could not settle with, and why."""

    set_off: tuple[SetOff, ...]
    problems: tuple[Problem, ...]


def owing_subjects(tenant_id: str) -> set[Subject]:
    """Return the subjects with a claim on them."""
    return set(_claim_accounts(tenant_id, LedgerBalance.objects.filter(posted_fen__lt=0)).values())


def claims_open(
    tenant_id: str, *, subject: Subject | None = None, on: date | None = None
) -> list[OpenClaim]:
    """Return the parts of claims that are open (on a day), of one subject or of all.

    By subject, the oldest first. What came in paid the oldest part first.
    """
    used = LedgerBalance.objects.filter(seq__gt=0)
    accounts = _claim_accounts(tenant_id, used, subject)
    entries = LedgerEntry.objects.filter(tenant_id=tenant_id, account_id__in=list(accounts))
    if on is not None:
        entries = entries.filter(effective_at__lt=day_start(on + timedelta(days=1)))
    by_account: dict[int, list[LedgerEntry]] = {}
    for entry in entries.order_by("account_id", "effective_at", "seq"):
        by_account.setdefault(entry.account_id, []).append(entry)
    open_parts = [
        (accounts[account_id], entry, owed_fen)
        for account_id, several in by_account.items()
        for entry, owed_fen in _unpaid(several)
    ]
    reasons = _reasons(tenant_id, [entry.transfer_id for _, entry, _ in open_parts])
    decided = _decisions(tenant_id, reasons.values())
    parts: list[OpenClaim] = []
    for whose, entry, owed_fen in open_parts:
        reason = reasons[entry.transfer_id]
        decision = decided.get(reason.decision_id) if reason.decision_id else None
        parts.append(
            OpenClaim(
                subject=whose,
                since_on=day_of(entry.effective_at),
                claimed_fen=-entry.amount_fen,
                owed_fen=owed_fen,
                origin=ORIGINS.get(decision.decision, OTHER) if decision else OTHER,
                clause=reason.clause,
                decision_id=reason.decision_id,
                period=decision.period if decision else "",
                transfer_id=entry.transfer_id,
            )
        )
    return sorted(parts, key=lambda each: (each.subject, each.since_on))


def claims_ageing(tenant_id: str, on: date) -> list[ClaimAge]:
    """Return what each subject owes on a day by its age in days, the oldest claim in front."""
    by_subject: dict[Subject, list[OpenClaim]] = {}
    for part in claims_open(tenant_id, on=on):
        by_subject.setdefault(part.subject, []).append(part)
    aged = [_age(subject, parts, on) for subject, parts in by_subject.items()]
    return sorted(aged, key=lambda each: (each.oldest_on, each.subject))


def _age(subject: Subject, parts: Sequence[OpenClaim], on: date) -> ClaimAge:
    buckets = [0] * (len(AGES) + 1)
    for part in parts:
        days = (on - part.since_on).days
        buckets[sum(days > last for last in AGES)] += part.owed_fen
    to_30, to_60, to_90, over_90 = buckets
    oldest_on = min(part.since_on for part in parts)
    return ClaimAge(subject, sum(buckets), to_30, to_60, to_90, over_90, oldest_on)


def _claim_accounts(
    tenant_id: str, balances: QuerySet[LedgerBalance], subject: Subject | None = None
) -> dict[int, Subject]:
    """Return whose each claim account with such a balance is, by the account's id."""
    rows = LedgerAccount.objects.filter(
        tenant_id=tenant_id,
        kind="claim",
        id__in=balances.filter(tenant_id=tenant_id).values("account_id"),
    )
    if subject is not None:
        rows = rows.filter(code=claim_of(subject))
    return {row.id: (row.subject_kind, row.subject_id) for row in rows}


def _unpaid(entries: Sequence[LedgerEntry]) -> list[tuple[LedgerEntry, int]]:
    """Return the claims among an account's entries that are open, with what of each is.

    Law: what is open is together what the entries leave owed.
    """
    paid = sum(entry.amount_fen for entry in entries if entry.amount_fen > 0)
    found: list[tuple[LedgerEntry, int]] = []
    for entry in entries:
        if entry.amount_fen < 0:
            settled = min(paid, -entry.amount_fen)
            paid -= settled
            if settled < -entry.amount_fen:
                found.append((entry, -entry.amount_fen - settled))
    return found


def _reasons(tenant_id: str, transfer_ids: Sequence[UUID]) -> dict[UUID, LedgerReason]:
    named = dict(
        LedgerTransfer.objects.filter(tenant_id=tenant_id, id__in=transfer_ids).values_list(
            "id", "reason_id"
        )
    )
    reasons = {
        row.id: row
        for row in LedgerReason.objects.filter(tenant_id=tenant_id, id__in=set(named.values()))
    }
    return {transfer_id: reasons[reason_id] for transfer_id, reason_id in named.items()}


def _decisions(tenant_id: str, reasons: Iterable[LedgerReason]) -> dict[UUID, Decision]:
    ids = {reason.decision_id for reason in reasons if reason.decision_id}
    rows = Decision.objects.filter(tenant_id=tenant_id, id__in=ids).only("decision", "period")
    return {row.id: row for row in rows}


@transaction.atomic
def claims_set_off(tenant_id: str, subject: Subject, now: datetime) -> SetOff | None:
    """Take what a subject owes from its sales proceeds, as far as they go (S3-5.3d).

    None where nothing is owed, or no proceeds are free. The claim is paid to 0 at most: the ledger
    keeps its ceiling. The subject is told with a statement of reasons.

    Raises:
        Conflict: the ledger refuses.
    """
    claim_code, proceeds_code = claim_of(subject), settlement_of(subject)
    found = balances_of(tenant_id, [claim_code, proceeds_code])
    claim, proceeds = found.get(claim_code), found.get(proceeds_code)
    if claim is None or proceeds is None or claim.posted_fen >= 0:
        return None
    if proceeds.frozen or proceeds.free_fen <= 0:
        return None
    oldest = claims_open(tenant_id, subject=subject)[0]
    # The numbers of entries tell one set-off from the next; a repeat of this one has the same.
    key = (tenant_id, "set-off", claim_code, str(claim.seq), str(proceeds.seq))
    transfer = Transfer(
        id=uuid7_for(now, *key),
        kind="up_to",
        debit=proceeds_code,
        credit=claim_code,
        amount_fen=-claim.posted_fen,
        effective_at=now,
        reason=Reason(SET_OFF_CLAUSE, SHOP_DEPOSIT, oldest.decision_id, "proceeds set off"),
    )
    outcomes = transfers_post(tenant_id, [transfer], now)
    posted_check(outcomes, ":".join(subject))
    taken_fen = outcomes[0].moved_fen
    if not taken_fen:
        return None
    left_fen = -balance_of(tenant_id, claim_code).posted_fen
    done = SetOff(subject, taken_fen, left_fen, transfer.id)
    notices_send(tenant_id, [reasoned_notice(_told(done, oldest))], now)
    return done


def _told(done: SetOff, oldest: OpenClaim) -> Told:
    before, taken, left = (
        yuan(each) for each in (done.owed_fen + done.taken_fen, done.taken_fen, done.owed_fen)
    )
    return Told(
        subject=done.subject,
        about=f"set-off {done.transfer_id}",
        pack=pack_of(SHOP_DEPOSIT),
        clause=SET_OFF_CLAUSE,
        decision_id=oldest.decision_id,
        title=Words(
            f"自货款抵扣应追偿款 {taken} 元",
            f"{taken} yuan of sales proceeds set off against the claim",
        ),
        facts=Words(
            f"欠付平台的应追偿款合计 {before} 元，最早一笔自 {oldest.since_on} 起未付"
            f"（{oldest.clause}）",
            f"{before} yuan are owed to the platform, the oldest part since {oldest.since_on} "
            f"({oldest.clause})",
        ),
        calculation=Words(
            f"应追偿款 {before} 元 − 自货款抵扣 {taken} 元 = 尚欠 {left} 元",
            f"owed {before} yuan - set off {taken} yuan = still owed {left} yuan",
        ),
        effect=Words(
            f"从货款中划转 {taken} 元偿还应追偿款",
            f"{taken} yuan went from the sales proceeds to pay the claim",
        ),
        release=Words(
            "付清后货款提现自动恢复", "withdrawal of proceeds opens by itself once it is paid"
        )
        if done.owed_fen
        else Words(
            "已付清，货款提现自动恢复", "all is paid: withdrawal of proceeds opens by itself"
        ),
        kind="payment",
    )


def claims_look(tenant_id: str, now: datetime) -> ClaimsLook:
    """Set off for every subject that owes and has proceeds, each in a transaction of its own.

    Call it outside a transaction: the ledger is locked until each set-off is committed.
    """
    done: list[SetOff] = []
    problems: list[Problem] = []
    for subject in sorted(owing_subjects(tenant_id)):
        try:
            set_off = claims_set_off(tenant_id, subject, now)
        except Conflict as refused:
            problems.append(refused.problem)
            continue
        if set_off is not None:
            done.append(set_off)
    return ClaimsLook(tuple(done), tuple(problems))


def settlement_withhold(
    tenant_id: str, subject: Subject, rulebook: str, decision_id: UUID, now: datetime
) -> list[UUID]:
    """Withhold a subject's proceeds while it owes what a decision left as a claim (S3-5.3d).

    The restriction ends by itself when nothing is owed any more.
    """
    grant = Grant(
        subject_kind=subject[0],
        subject_id=subject[1],
        measure=WITHHELD,
        capabilities=("withdrawal",),
        rulebook=rulebook,
        clause=SET_OFF_CLAUSE,
        decision_id=decision_id,
        release=[NOTHING_OWED],
    )
    return restrictions_grant(tenant_id, [grant], now)

"""Receipts without a number of ours: matched to their owner by a person, undone, sent back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.deposits.accounts import SUSPENSE, subject_accounts_open
from earnest.deposits.waterfall import posted_check
from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.models import LedgerAccount, LedgerTransfer
from earnest.ledger.records import Reason, Transfer
from earnest.market.entity_names import certified_name, name_normal
from earnest.market.queries import Subject
from earnest.payins.booking import (
    counts_from,
    open_from,
    owner_transfers,
    reason_for,
    recoveries_follow,
)
from earnest.payins.models import BankReceipt, BankReceiptStep
from earnest.payins.queries import BANK, bank_receipt_get


@transaction.atomic
def bank_receipt_match(
    tenant_id: str,
    receipt_no: str,
    subject: Subject,
    *,
    purpose: str,
    actor: str,
    now: datetime,
    note: str = "",
    rail: str = BANK,
) -> BankReceipt:
    """Give the cash of a receipt to its owner; it counts from the day that it came.

    Clauses: S3-2.1a, S3-2.2c, S3-5.3a (S0-1.1-basis for a provider).

    Raises:
        NotFound: ``unknown_bank_receipt``, or no such party.
        BadInput: ``unknown_purpose``; ``note_needed`` when the payer is not named like the
            certified entity and nobody says why.
        Conflict: ``receipt_not_unmatched``, or the ledger's refusal. Then nothing is booked.
    """
    receipt = bank_receipt_get(tenant_id, receipt_no, rail=rail, locked=True)
    _state_check(receipt, "unmatched")
    entity = certified_name(tenant_id, subject)
    if name_normal(receipt.payer_name) != name_normal(entity) and not note.strip():
        raise BadInput(
            "note_needed",
            where=f"{receipt_no}: note",
            zh=f"付款人“{receipt.payer_name or '未知'}”与认证主体“{entity or '未登记'}”不同；"
            "请写明为何记给该主体。",
            en=f"the payer {receipt.payer_name or 'is not known'!r} is not the certified entity "
            f"{entity or 'not registered'!r}; say why it is this party's",
        )
    subject_accounts_open(tenant_id, [subject], now)
    effective_at, remark = counts_from(receipt.received_at, open_from(tenant_id), now)
    said = f", {note.strip()}" if note.strip() else ""
    reason = reason_for(subject, purpose, f"receipt {receipt_no}{said}{remark}", actor)
    transfers = owner_transfers(
        (tenant_id, "bank-receipt-match", rail, receipt_no, str(receipt.turn)),
        subject,
        purpose,
        receipt.amount_fen,
        at=receipt.received_at,
        effective_at=effective_at,
        reason=reason,
    )
    receipt.state = "matched"
    receipt.turn += 1
    receipt.subject_kind, receipt.subject_id = subject
    receipt.purpose = purpose
    receipt.match_ids = [each.id for each in transfers]
    receipt.matched_by = actor
    receipt.matched_at = now
    receipt.save(update_fields=_MATCH_FIELDS)
    _step(receipt, "matched", actor, now, note=note, transfer_ids=receipt.match_ids).save()
    posted_check(transfers_post(tenant_id, transfers, now), receipt_no)
    recoveries_follow(tenant_id, subject, now)
    return receipt


@transaction.atomic
def bank_receipt_unmatch(
    tenant_id: str, receipt_no: str, *, actor: str, note: str, now: datetime, rail: str = BANK
) -> BankReceipt:
    """Take a match back by entries that name the original; the cash is in suspense again.

    Raises:
        BadInput: ``note_needed``.
        Conflict: ``receipt_not_matched``; the ledger's refusal when the money was used since.
    """
    receipt = bank_receipt_get(tenant_id, receipt_no, rail=rail, locked=True)
    _state_check(receipt, "matched")
    _note_check(receipt_no, note)
    subject = (receipt.subject_kind, receipt.subject_id)
    reason = reason_for(subject, receipt.purpose, f"receipt {receipt_no} unmatched, {note}", actor)
    transfers = _reversals(receipt, reason, now)
    receipt.state = "unmatched"
    receipt.match_ids = []
    receipt.subject_kind = receipt.subject_id = receipt.purpose = receipt.matched_by = ""
    receipt.matched_at = None
    step = _step(receipt, "unmatched", actor, now, note=note)
    step.subject_kind, step.subject_id = subject
    step.transfer_ids = [each.id for each in transfers]
    receipt.save(update_fields=_MATCH_FIELDS)
    step.save()
    posted_check(transfers_post(tenant_id, transfers, now), receipt_no)
    return receipt


@transaction.atomic
def bank_receipt_return_ask(
    tenant_id: str, receipt_no: str, *, actor: str, note: str, now: datetime, rail: str = BANK
) -> BankReceipt:
    """Ask that cash goes back to where it came from; a second person has to agree.

    Raises:
        BadInput: ``note_needed``.
        Conflict: ``receipt_not_unmatched``.
    """
    receipt = bank_receipt_get(tenant_id, receipt_no, rail=rail, locked=True)
    _state_check(receipt, "unmatched")
    _note_check(receipt_no, note)
    receipt.state = "return_asked"
    receipt.save(update_fields=["state"])
    _step(receipt, "return_asked", actor, now, note=note).save()
    return receipt


@transaction.atomic
def bank_receipt_return_settle(
    tenant_id: str,
    receipt_no: str,
    *,
    payout_number: str,
    actor: str,
    now: datetime,
    note: str = "",
    rail: str = BANK,
) -> BankReceipt:
    """Write down a second person's word on a return: the payout that does it, or empty for no.

    Raises:
        Conflict: ``receipt_not_return_asked``.
        NotAllowed: ``second_person_needed`` when the same person asked for it.
    """
    receipt = bank_receipt_get(tenant_id, receipt_no, rail=rail, locked=True)
    return_settle_check(receipt, actor, agreeing=bool(payout_number))
    receipt.state = "returned" if payout_number else "unmatched"
    receipt.payout_number = payout_number
    receipt.save(update_fields=["state", "payout_number"])
    action = "returned" if payout_number else "return_refused"
    _step(receipt, action, actor, now, note=note or payout_number).save()
    return receipt


def return_settle_check(receipt: BankReceipt, actor: str, *, agreeing: bool) -> None:
    """Let only a second person agree to a return; who asked may withdraw it.

    Raises:
        Conflict: ``receipt_not_return_asked``.
        NotAllowed: ``second_person_needed``.
    """
    _state_check(receipt, "return_asked")
    asked = receipt.steps.filter(action="return_asked").order_by("-id").first()
    if agreeing and asked is not None and asked.actor == actor:
        raise NotAllowed(
            "second_person_needed",
            where=receipt.receipt_no,
            zh="退款须由另一人同意；您是提出退款的人。",
            en="a second person has to agree to a return; it was you who asked for it",
        )


_MATCH_FIELDS = [
    "state", "turn", "subject_kind", "subject_id", "purpose", "match_ids", "matched_by",
    "matched_at",
]  # fmt: skip


def _reversals(receipt: BankReceipt, reason: Reason, now: datetime) -> list[Transfer]:
    """Return the mirror of each transfer of the match that moved anything, as one group."""
    rows = LedgerTransfer.objects.filter(
        tenant_id=receipt.tenant_id, id__in=receipt.match_ids, amount_fen__gt=0
    ).order_by("ord")
    originals = list(rows)
    accounts = [each.credit_account_id or 0 for each in originals]
    codes = dict(
        LedgerAccount.objects.filter(tenant_id=receipt.tenant_id, id__in=accounts).values_list(
            "id", "code"
        )
    )
    key = (receipt.tenant_id, "bank-receipt-unmatch")
    group = uuid7_for(now, *key, str(receipt.match_ids[0]))
    return [
        Transfer(
            id=uuid7_for(now, *key, str(each.id), "reverse"),
            kind="reverse",
            pending_id=each.id,
            debit=codes[each.credit_account_id or 0],
            credit=SUSPENSE,
            amount_fen=each.amount_fen,
            effective_at=now,
            reason=reason,
            group_id=group,
        )
        for each in originals
    ]


def _state_check(receipt: BankReceipt, wanted: str) -> None:
    if receipt.state != wanted:
        raise Conflict(
            f"receipt_not_{wanted}",
            where=f"{receipt.receipt_no}: {receipt.state}",
            zh="这张回单的状态不允许这样做；请刷新后再看。",
            en="the receipt's state does not allow this; look at it again",
        )


def _note_check(receipt_no: str, note: str) -> None:
    if not note.strip():
        raise BadInput("note_needed", where=f"{receipt_no}: note", zh="请写明原因。", en="say why")


def _step(
    receipt: BankReceipt,
    action: str,
    actor: str,
    now: datetime,
    *,
    note: str = "",
    transfer_ids: Sequence[UUID] = (),
) -> BankReceiptStep:
    return BankReceiptStep(
        receipt=receipt,
        tenant_id=receipt.tenant_id,
        action=action,
        actor=actor,
        note=note.strip(),
        subject_kind=receipt.subject_kind,
        subject_id=receipt.subject_id,
        transfer_ids=list(transfer_ids),
        at=now,
    )

"""Cash that a merchant paid for a deduction itself, matched to it by a person (S3-5.3a)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.cases.filing import case_get, entry_add
from earnest.deposits.accounts import RAILS
from earnest.deposits.recovery_payments import (
    MerchantPaid,
    MerchantPayment,
    recovery_paid_by_merchant,
)
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.money import yuan
from earnest.payins.booking import counts_from, open_from, receipts_locked
from earnest.payins.models import CashReceipt

SOURCE = "case"


@dataclass(frozen=True)
class DeductionPayment:
    """A receipt of cash that is for a deduction.

    Attributes:
        rail: the rail that it came in by.
        receipt_no: the institution's own number; no receipt books cash twice.
        received_at: when the institution says it came.
        actor: who matched it.
    """

    rail: str
    receipt_no: str
    amount_fen: int
    received_at: datetime
    actor: str


@transaction.atomic
def deduction_paid(
    tenant_id: str, number: str, paid: DeductionPayment, now: datetime
) -> MerchantPaid:
    """Book a receipt for a deduction: its rest first, then the claim, then the deposit.

    Clauses: S3-5.3a, S3-5.3c.

    Raises:
        BadInput: an unknown rail, no number, or no amount.
        Conflict: the receipt is booked already, or the ledger refuses.
        NotFound: there is no such case, or nothing is recovered for it.
    """
    if paid.rail not in RAILS or not paid.receipt_no.strip():
        raise BadInput(
            "receipt_wrong",
            where=paid.rail,
            zh=f"须写明收据编号，渠道只能是 {'、'.join(RAILS)}。",
            en=f"give the number of the receipt, and one of the rails {', '.join(RAILS)}",
        )
    case = case_get(tenant_id, number)
    receipts_locked(tenant_id)
    row = {"tenant_id": tenant_id, "rail": paid.rail, "receipt_no": paid.receipt_no.strip()}
    if CashReceipt.objects.filter(**row).exists():
        raise Conflict(
            "receipt_booked",
            where=paid.receipt_no,
            zh="这张收据已经入账，不能再次入账；请核对编号。",
            en="this receipt is booked already; check its number",
        )
    effective_at, _ = counts_from(paid.received_at, open_from(tenant_id), now)
    key = f"{paid.rail} {row['receipt_no']}"
    payment = MerchantPayment(key, paid.rail, paid.amount_fen, effective_at)
    done = recovery_paid_by_merchant(tenant_id, number, payment, now)
    CashReceipt.objects.create(
        **row,
        source=SOURCE,
        amount_fen=paid.amount_fen,
        transfer_id=done.receipt_transfer_id,
        received_at=paid.received_at,
        recorded_at=now,
    )
    entry_add(case, "paid", now, actor=paid.actor, note=f"{key}: {yuan(paid.amount_fen)}")
    return done

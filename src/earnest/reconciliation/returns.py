"""Cash that is nobody's here goes back to where it came from: two persons, then a payout."""

from datetime import datetime

from django.db import transaction

from earnest.deposits.accounts import SUSPENSE
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for
from earnest.payins.bank_receipts import (
    bank_receipt_return_ask,
    bank_receipt_return_settle,
    return_settle_check,
)
from earnest.payins.models import BankReceipt
from earnest.payins.queries import BANK, bank_receipt_get
from earnest.payouts.commands import payout_request
from earnest.payouts.records import NewPayout
from earnest.rulebooks.packs import SHOP_DEPOSIT


@transaction.atomic
def bank_receipt_return(
    tenant_id: str,
    receipt_no: str,
    *,
    actor: str,
    note: str,
    now: datetime,
    account: str = "",
    rail: str = BANK,
) -> BankReceipt:
    """Give a person's word that a receipt goes back; the second person's word starts the payout.

    The payout takes the cash out of suspense and goes by bank, carried out by hand, to the account
    that the receipt came from.

    Takes:
        account: where it goes when the receipt does not name its payer's account.

    Clause: S3-2.1a, for what was paid in without being due.

    Raises:
        NotFound: ``unknown_bank_receipt``.
        BadInput: ``note_needed``, ``payer_account_missing``.
        Conflict: ``receipt_not_unmatched`` when it was matched or returned.
        NotAllowed: ``second_person_needed``.
    """
    receipt = bank_receipt_get(tenant_id, receipt_no, rail=rail, locked=True)
    if receipt.state != "return_asked":
        return bank_receipt_return_ask(
            tenant_id, receipt_no, actor=actor, note=note, now=now, rail=rail
        )
    return_settle_check(receipt, actor, agreeing=True)
    destination = receipt.payer_account or account.strip()
    if not destination:
        raise BadInput(
            "payer_account_missing",
            where=f"{receipt_no}: account",
            zh="回单没有付款人账号；请写明退回的银行账号。",
            en="the receipt names no payer's account; give the bank account that it goes back to",
        )
    payout = payout_request(
        tenant_id,
        NewPayout(
            subject=("platform", receipt_no[:64]),
            purpose="overpayment",
            from_account=SUSPENSE,
            amount_fen=receipt.amount_fen,
            route="original_route",
            clause="S3-2.1a",
            rulebook=SHOP_DEPOSIT,
            decision_id=uuid7_for(
                receipt.received_at, tenant_id, "bank-receipt-return", rail, receipt_no
            ),
            actor=actor,
            destination=destination,
            rail=BANK,
        ),
        now,
    )
    return bank_receipt_return_settle(
        tenant_id,
        receipt_no,
        payout_number=payout.number,
        actor=actor,
        now=now,
        note=note,
        rail=rail,
    )

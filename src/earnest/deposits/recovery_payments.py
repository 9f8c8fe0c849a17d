"""What a merchant pays for a recovery itself, instead of having it taken."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from earnest.deposits.accounts import SUSPENSE, claim_of, clearing_of, deposit_of
from earnest.deposits.models import Recovery
from earnest.deposits.notifications import taken_notice
from earnest.deposits.recoveries import (
    OPEN,
    PAID_TO,
    Progress,
    recovery_get,
    recovery_locked,
    recovery_rest,
    steps_write,
)
from earnest.deposits.waterfall import Taken, posted_check
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import transfers_known
from earnest.ledger.records import Reason, Transfer
from earnest.notices.commands import notices_send

OWN_PAYMENT_CLAUSE = "S3-5.3a"
REPAID_CLAUSE = "S3-5.3c"
PAY_IN_CLAUSE = "S3-2.1a"


@dataclass(frozen=True)
class MerchantPayment:
    """Money that a merchant paid for a recovery.

    Attributes:
        key: the receipt's own id, by which a repeat is recognised.
        rail: the rail that it came in by.
        effective_at: the date that it counts from.
    """

    key: str
    rail: str
    amount_fen: int
    effective_at: datetime


@dataclass(frozen=True)
class MerchantPaid:
    """What became of a payment, in fen: for the beneficiary, against the claim, the deposit.

    All are 0 when the payment was booked before.

    Attributes:
        receipt_transfer_id: the transfer that debits the clearing account of the rail.
    """

    for_recovery_fen: int
    for_claim_fen: int
    to_deposit_fen: int
    receipt_transfer_id: UUID
    progress: Progress


@transaction.atomic
def recovery_paid_by_merchant(
    tenant_id: str, case_number: str, paid: MerchantPayment, now: datetime
) -> MerchantPaid:
    """Book what a merchant paid for a recovery (S3-5.3a); a repeat books nothing.

    First the rest of the recovery, then what the subject owes the platform (S3-5.3c); what is left
    goes into its deposit.

    Raises:
        BadInput: no amount.
        NotFound: there is no such recovery.
        Conflict: the ledger refuses.
    """
    if paid.amount_fen <= 0:
        raise BadInput(
            "amount_not_positive",
            where=paid.key,
            zh="付款金额必须大于零。",
            en="the amount paid must be more than 0",
        )
    recovery = recovery_locked(tenant_id, recovery_get(tenant_id, case_number).id)
    rest_fen = recovery_rest(recovery) if recovery.state == OPEN else 0
    group = _Group(recovery, paid)
    if transfers_known(tenant_id, list(group.ids)):
        return MerchantPaid(0, 0, 0, group.received, Progress(recovery, (), rest_fen))
    own_fen = min(rest_fen, paid.amount_fen)
    transfers = group.transfers(own_fen)
    outcomes = transfers_post(tenant_id, transfers, now)
    posted_check(outcomes, case_number)
    moved = {outcome.id: outcome.moved_fen for outcome in outcomes}
    progress = Progress(recovery, (), rest_fen)
    if own_fen:
        progress = steps_write(recovery, [Taken("merchant", group.own, own_fen)], now)
        notices_send(tenant_id, [taken_notice(recovery, progress.steps, progress.rest_fen)], now)
    return MerchantPaid(
        for_recovery_fen=own_fen,
        for_claim_fen=moved.get(group.claim, 0),
        to_deposit_fen=moved.get(group.deposit, 0),
        receipt_transfer_id=group.received,
        progress=progress,
    )


class _Group:
    """The transfers of one payment. The ids do not depend on how it is split.

    The receipt is booked whole, to ``suspense``, so that the clearing account shows it as the
    institution does; from there it is split.
    """

    def __init__(self, recovery: Recovery, paid: MerchantPayment) -> None:
        self._recovery, self._paid = recovery, paid
        self._key = (recovery.tenant_id, "recovery-paid", recovery.case_number, paid.key)
        self.received, self.own, self.claim, self.deposit = self.ids = tuple(
            self._id(part) for part in ("received", "recovery", "claim", "deposit")
        )

    def _id(self, *part: str) -> UUID:
        return uuid7_for(self._recovery.opened_at, *self._key, *part)

    def _transfer(self, id_: UUID, credit: str, clause: str) -> Transfer:
        recovery, paid = self._recovery, self._paid
        note = f"receipt {paid.key}, paid for {recovery.case_number}"
        return Transfer(
            id=id_,
            group_id=self._id(),
            debit=SUSPENSE,
            credit=credit,
            effective_at=paid.effective_at,
            reason=Reason(clause, recovery.rulebook, recovery.decision_id, note),
        )

    def transfers(self, own_fen: int) -> list[Transfer]:
        """Return the receipt, what goes to the beneficiary, and what then to claim and deposit."""
        recovery, paid, subject = self._recovery, self._paid, self._recovery.subject
        received = self._transfer(self.received, SUSPENSE, OWN_PAYMENT_CLAUSE)
        made = [replace(received, debit=clearing_of(paid.rail), amount_fen=paid.amount_fen)]
        if own_fen:
            own = self._transfer(self.own, PAID_TO[recovery.beneficiary], OWN_PAYMENT_CLAUSE)
            made.append(replace(own, amount_fen=own_fen))
        left_fen = paid.amount_fen - own_fen
        if left_fen:
            claim = self._transfer(self.claim, claim_of(subject), REPAID_CLAUSE)
            made.append(replace(claim, kind="up_to", amount_fen=left_fen))
            deposit = self._transfer(self.deposit, deposit_of(subject), PAY_IN_CLAUSE)
            made.append(replace(deposit, kind="remainder", pending_id=self.claim))
        return made

"""Tables of cash that comes in: receipts, payment orders and their notices, transfers by hand.

The money itself is in the ledger; every row names the transfers that booked it.
"""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class CashReceipt(models.Model):
    """The institution's receipt behind one booking of cash: no receipt books cash twice.

    Attributes:
        receipt_no: the institution's own number.
        our_no: our number of it, such as that of a payment order; empty where there is none.
        source: ``feed``, ``order`` or ``bank``: how we came to know of it.
        transfer_id: the transfer that debits the clearing account of the rail.
        received_at: when the institution says it came; the transfer may count from later.
    """

    tenant_id = models.CharField(max_length=40)
    rail = models.CharField(max_length=40)
    receipt_no = models.CharField(max_length=128)
    our_no = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=10)
    amount_fen = models.BigIntegerField()
    transfer_id = models.UUIDField()
    received_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """History: one row for each receipt and for each transfer."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "rail", "receipt_no"], name="cash_receipt_once"
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "transfer_id"], name="cash_receipt_of_transfer"
            ),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0), name="cash_receipt_positive"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "rail", "our_no"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rail} {self.receipt_no} {self.amount_fen}"


class PayOrder(models.Model):
    """A payment that a party is asked to make online.

    Attributes:
        number: our number at the institution, such as ``T202509081234567890``.
        client_key: the caller's own key: the same key gives the same order.
        purpose: ``deposit``, ``category`` (a top-up before one is added) or ``recovery``.
        amount_fen: what will be credited.
        fee_fen: the institution's fee on top: neither credited nor returned.
        total_fen: what the party pays.
        app_id, seller_id: our own account at the institution that has to be paid.
        state: ``open``, then ``paid``; ``expired`` or ``closed`` when it was not paid. A payment
            that comes later all the same makes it ``paid``.
        trade_no: the institution's receipt number.
        transfer_id: the transfer that booked the cash.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=32)
    client_key = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    purpose = models.CharField(max_length=20)
    rail = models.CharField(max_length=40)
    amount_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField()
    total_fen = models.BigIntegerField()
    fee_receipt = models.JSONField()
    app_id = models.CharField(max_length=64)
    seller_id = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    trade_no = models.CharField(max_length=128, blank=True)
    paid_at = models.DateTimeField(null=True)
    booked_at = models.DateTimeField(null=True)
    transfer_id = models.UUIDField(null=True)

    class Meta:
        """What is asked never changes; what is paid names its transfer."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="pay_order_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "client_key"],
                name="pay_order_once",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0, fee_fen__gte=0)
                & models.Q(total_fen=models.F("amount_fen") + models.F("fee_fen")),
                name="pay_order_sum",
            ),
            models.CheckConstraint(
                condition=models.Q(state="paid", transfer_id__isnull=False)
                | ~models.Q(state="paid") & models.Q(transfer_id=None),
                name="pay_order_booked",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "expires_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="payment_fields_only",
                exclude=["state", "trade_no", "paid_at", "booked_at", "transfer_id"],
            ),
            pgtrigger.FSM(
                name="pay_order_moves",
                field="state",
                transitions=[
                    ("open", "paid"),
                    ("open", "closed"),
                    ("open", "expired"),
                    ("closed", "paid"),
                    ("expired", "paid"),
                    ("expired", "closed"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject_id} {self.total_fen} {self.state}"


class PayNotice(models.Model):
    """What was heard of a payment order once, and what was made of it.

    Attributes:
        source: ``notice`` of the institution, ``query`` by us, ``sandbox`` or ``person``.
        outcome: ``booked``, ``repeated``, ``ignored``, ``closed`` or the code of a problem.
    """

    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=64)
    trade_no = models.CharField(max_length=128, blank=True)
    total_fen = models.BigIntegerField(null=True)
    status = models.CharField(max_length=40)
    source = models.CharField(max_length=10)
    outcome = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        """History."""

        indexes: ClassVar = [models.Index(fields=["tenant_id", "number"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.number} {self.status} {self.outcome}"


class BankReceipt(models.Model):
    """Cash that came in without a number of ours: its owner is found by a person.

    Mostly bank transfers; also receipts of the feed whose owner was not known. The cash stands in
    ``suspense`` from the start, and goes from there to its owner, or back.

    Attributes:
        receipt_no: the institution's receipt number.
        content_sha256: of payer, amount, time and memo: the number with other content is refused.
        state: ``unmatched``, ``matched``, ``return_asked`` (a second person has to agree) or
            ``returned``.
        transfer_id: the booking into ``suspense``.
        turn: how often it was matched; makes the ids of the next match.
        match_ids: the transfers of the match that holds.
        payout_number: the payout that sends it back.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    rail = models.CharField(max_length=40)
    receipt_no = models.CharField(max_length=128)
    payer_name = models.CharField(max_length=200, blank=True)
    payer_account = models.CharField(max_length=64, blank=True)
    amount_fen = models.BigIntegerField()
    received_at = models.DateTimeField()
    memo = models.CharField(max_length=500, blank=True)
    content_sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=150)
    transfer_id = models.UUIDField()
    state = models.CharField(max_length=15, default="unmatched")
    turn = models.IntegerField(default=0)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    purpose = models.CharField(max_length=20, blank=True)
    match_ids = ArrayField(models.UUIDField(), default=list)
    matched_by = models.CharField(max_length=150, blank=True)
    matched_at = models.DateTimeField(null=True)
    payout_number = models.CharField(max_length=20, blank=True)

    class Meta:
        """What came in never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "rail", "receipt_no"], name="bank_receipt_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0), name="bank_receipt_positive"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "received_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="match_fields_only",
                exclude=[
                    "state",
                    "turn",
                    "subject_kind",
                    "subject_id",
                    "purpose",
                    "match_ids",
                    "matched_by",
                    "matched_at",
                    "payout_number",
                ],
            ),
            pgtrigger.FSM(
                name="bank_receipt_moves",
                field="state",
                transitions=[
                    ("unmatched", "matched"),
                    ("matched", "unmatched"),
                    ("unmatched", "return_asked"),
                    ("return_asked", "unmatched"),
                    ("return_asked", "returned"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_no} {self.amount_fen} {self.state}"


class BankReceiptStep(models.Model):
    """What a person did with a receipt: imported, matched, unmatched, return_asked, returned."""

    receipt = models.ForeignKey(BankReceipt, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    action = models.CharField(max_length=20)
    actor = models.CharField(max_length=150)
    note = models.TextField(blank=True)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    transfer_ids = ArrayField(models.UUIDField(), default=list)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.action} {self.actor}"

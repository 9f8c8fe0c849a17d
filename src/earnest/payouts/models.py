"""Tables of money that goes out: whose account was verified, payouts, their parts, every attempt.

The money itself is in the ledger: a payout holds its amount, each paid part is a capture of it.
"""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

SETTLED = ("succeeded", "failed", "returned")


class PayeeAccount(models.Model):
    """An account at an institution that was verified to be the certified entity's own.

    Attributes:
        identity: the institution's user id (of a bank: the account number), never a login name.
        name: the account's real name, as it was verified.
        entity_name: the certified entity's name at that time; when the entity's name changes the
            account has to be verified again.
        revoked_at: set when the account may no longer be paid to.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    rail = models.CharField(max_length=40)
    identity = models.CharField(max_length=128)
    name = models.CharField(max_length=200)
    entity_name = models.CharField(max_length=200)
    verified_at = models.DateTimeField()
    verified_by = models.CharField(max_length=150)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=150, default="")

    class Meta:
        """One account of a subject at a rail is good at a time."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "rail"],
                condition=models.Q(revoked_at=None),
                name="payee_account_once",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="revocation_only", exclude=["revoked_at", "revoked_by"]),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.rail} {self.identity}"


class Payout(models.Model):
    """Money that a decision sends out, as a whole.

    Attributes:
        number: for people, such as ``P000012``; counted within the tenant.
        purpose: ``excess_withdrawal``, ``exit_refund``, ``compensation`` or ``overpayment``.
        from_account: code of the ledger account that pays.
        route: ``verified_account`` or ``original_route``.
        hold_id: the ledger transfer that set the amount aside.
        state: ``open`` until every part is settled; then ``paid``, ``partly_paid`` or ``failed``.
            ``returned`` when money was paid, came back, and none of it is with the payee.
        reissue_of: the payout whose unpaid rest this one takes over.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    purpose = models.CharField(max_length=20)
    from_account = models.CharField(max_length=120)
    amount_fen = models.BigIntegerField()
    route = models.CharField(max_length=20)
    clause = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    decision_id = models.UUIDField()
    payee = models.ForeignKey(
        PayeeAccount, null=True, on_delete=models.PROTECT, related_name="payouts"
    )
    reissue_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="reissues"
    )
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=150)
    hold_id = models.UUIDField()
    state = models.CharField(max_length=20)

    class Meta:
        """One payout per decision; another one only for what it left unpaid."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="payout_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "decision_id"],
                condition=models.Q(reissue_of=None),
                name="payout_once_per_decision",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0), name="payout_amount_positive"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "state", "requested_at"]),
            models.Index(fields=["tenant_id", "subject_kind", "subject_id"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="state_only", exclude=["state"]),
            pgtrigger.FSM(
                name="payout_moves",
                field="state",
                transitions=[
                    ("open", "paid"),
                    ("open", "partly_paid"),
                    ("open", "failed"),
                    ("open", "returned"),
                    ("paid", "partly_paid"),
                    ("paid", "returned"),
                    ("partly_paid", "returned"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.subject_id} {self.amount_fen} {self.state}"


class PayoutPart(models.Model):
    """What goes out in one act of the institution, under one number of ours.

    Attributes:
        business_no: our number at the institution; it does one thing per number.
        request: the content as it is sent, every time; kept before it is sent first.
        state: see docs/payouts.md; ``unknown`` is a state of its own, never a failure.
        submitted_at: when it was first sent; null before.
        turn: how often a worker took it up. An answer of an earlier turn moves nothing.
        next_try_at: when a worker takes it up; null when there is nothing to do but wait for
            people, or when it is settled.
        transfer_id: the ledger's capture that booked it as paid.
        return_id: the ledger's reversal of that, when the money came back.
        blame: of a failure, who has to mend it: ``us`` or ``payee``.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="parts")
    ordinal = models.SmallIntegerField()
    amount_fen = models.BigIntegerField()
    rail = models.CharField(max_length=40)
    destination = models.CharField(max_length=128)
    payee_name = models.CharField(max_length=200, blank=True)
    business_no = models.CharField(max_length=32, unique=True)
    request = models.BinaryField(null=True)
    state = models.CharField(max_length=20)
    submitted_at = models.DateTimeField(null=True)
    turn = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    institution_ref = models.CharField(max_length=128, default="")
    transfer_id = models.UUIDField(null=True)
    return_id = models.UUIDField(null=True)
    failure_code = models.CharField(max_length=80, default="")
    blame = models.CharField(max_length=10, default="")
    failure_zh = models.TextField(default="")
    failure_en = models.TextField(default="")

    class Meta:
        """What it is for never changes; a part that is paid names its transfer."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payout", "ordinal"], name="payout_part_once"),
            models.CheckConstraint(
                condition=models.Q(amount_fen__gt=0), name="payout_part_amount_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["succeeded", "returned"], transfer_id__isnull=False)
                | ~models.Q(state__in=["succeeded", "returned"])
                & models.Q(transfer_id__isnull=True),
                name="payout_part_booked",
            ),
            models.CheckConstraint(
                condition=models.Q(state="returned", return_id__isnull=False)
                | ~models.Q(state="returned") & models.Q(return_id__isnull=True),
                name="payout_part_return_booked",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["planned", "reserved", "failed"])
                | models.Q(request__isnull=False, submitted_at__isnull=False),
                name="payout_part_request_kept",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "next_try_at"],
                name="payout_part_due",
                condition=models.Q(next_try_at__isnull=False),
            ),
            models.Index(fields=["tenant_id", "rail", "submitted_at"], name="payout_part_sent"),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="content_stays",
                fields=[
                    "tenant_id",
                    "payout",
                    "ordinal",
                    "amount_fen",
                    "rail",
                    "destination",
                    "payee_name",
                    "business_no",
                ],
            ),
            pgtrigger.Protect(
                name="written_once",
                operation=pgtrigger.Update,
                condition=(
                    pgtrigger.Q(old__request__isnull=False)
                    & pgtrigger.Q(old__request__df=pgtrigger.F("new__request"))
                )
                | (
                    pgtrigger.Q(old__submitted_at__isnull=False)
                    & pgtrigger.Q(old__submitted_at__df=pgtrigger.F("new__submitted_at"))
                )
                | (
                    pgtrigger.Q(old__transfer_id__isnull=False)
                    & pgtrigger.Q(old__transfer_id__df=pgtrigger.F("new__transfer_id"))
                ),
            ),
            pgtrigger.FSM(
                name="part_moves",
                field="state",
                transitions=[
                    ("planned", "reserved"),
                    ("reserved", "submitted"),
                    ("reserved", "failed"),
                    ("submitted", "unknown"),
                    ("submitted", "querying"),
                    ("submitted", "succeeded"),
                    ("submitted", "failed"),
                    ("unknown", "querying"),
                    ("unknown", "succeeded"),
                    ("unknown", "failed"),
                    ("querying", "unknown"),
                    ("querying", "reserved"),
                    ("querying", "succeeded"),
                    ("querying", "failed"),
                    ("succeeded", "returned"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_no} {self.amount_fen} {self.state}"


class PayoutAttempt(models.Model):
    """What was heard of a part once, and what was made of it.

    Attributes:
        n: counts the attempts of a part.
        kind: ``submit`` and ``query`` by a worker, ``notify`` by the institution, ``hand`` by a
            person.
        outcome: the answer's state; or ``late`` (of an earlier turn), ``contradicts`` (says
            otherwise than what is settled), ``not_booked`` (paid, but the ledger said no),
            ``held_back`` (not sent, for a reason of ours).
        answer: what was said, as evidence.
    """

    part = models.ForeignKey(PayoutPart, on_delete=models.PROTECT, related_name="attempts")
    tenant_id = models.CharField(max_length=40)
    n = models.IntegerField()
    kind = models.CharField(max_length=10)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    answer = models.JSONField()

    class Meta:
        """History."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "n"], name="payout_attempt_once")
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.part_id} {self.n} {self.kind} {self.outcome}"

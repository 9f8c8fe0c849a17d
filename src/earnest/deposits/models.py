"""Tables of what a subject must hold, of shortages, raises, holds and recoveries.

The money itself is in the ledger; a shortage is the requirement less the free balance, a hold's
row stands beside the ledger's hold of the same id, a recovery's steps name their transfers.
"""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class Requirement(models.Model):
    """The deposit that a subject must hold from a day on, and the decision that set it."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    required_fen = models.BigIntegerField()
    previous_fen = models.BigIntegerField()
    from_on = models.DateField()
    clause = models.CharField(max_length=40)
    decision_id = models.UUIDField()

    class Meta:
        """History: the newest ``from_on`` holds."""

        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-from_on"])
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(required_fen__gte=0), name="requirement_not_negative"
            )
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.required_fen} from {self.from_on}"


class Shortage(models.Model):
    """A time during which a subject's free deposit was below what it must hold."""

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    clause = models.CharField(max_length=40)
    decision_id = models.UUIDField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """At most one open shortage per subject."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id"],
                condition=models.Q(closed_at=None),
                name="shortage_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} short since {self.opened_at:%Y-%m-%d}"


class Raise(models.Model):
    """An amount on top of what a shop must hold otherwise, for a cause (S3-3.3a to S3-3.3x).

    ``ground`` is violation, reopened, investigation or dispute. It counts from ``from_on`` until it
    is released; on ``review_on`` a person looks whether its cause is still there.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    ground = models.CharField(max_length=40)
    amount_fen = models.BigIntegerField()
    reason = models.TextField()
    clause = models.CharField(max_length=40)
    decision_id = models.UUIDField(unique=True)
    from_on = models.DateField()
    review_on = models.DateField()
    released_on = models.DateField(null=True)
    released_by = models.CharField(max_length=150, blank=True)
    release_reason = models.TextField(blank=True)

    class Meta:
        """Only its review day and its release ever change."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount_fen__gt=0), name="raise_positive")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "subject_kind", "subject_id"],
                condition=models.Q(released_on=None),
                name="raise_in_force",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="release_fields_only",
                exclude=["review_on", "released_on", "released_by", "release_reason"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} +{self.amount_fen} for {self.ground}"


class DepositHold(models.Model):
    """A part of a deposit that is kept back while a loss is not known (S3-4.2c).

    The id is that of the ledger's transfer ``hold``; how much remains stands in the ledger.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    case_number = models.CharField(max_length=20)
    reason = models.TextField()
    owner = models.CharField(max_length=150)
    placed_fen = models.BigIntegerField()
    clause = models.CharField(max_length=40)
    decision_id = models.UUIDField(unique=True)
    opened_at = models.DateTimeField()
    review_on = models.DateField()
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=40, blank=True)

    class Meta:
        """Owner, review and closing change; ``closed_by`` is settled, released or expired."""

        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "review_on"],
                condition=models.Q(closed_at=None),
                name="deposit_hold_open",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="review_fields_only",
                exclude=["owner", "review_on", "closed_at", "closed_by"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.placed_fen} held"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class HoldReview(models.Model):
    """One look at a hold: the loss as estimated then, by whom, and when to look again."""

    hold = models.ForeignKey(DepositHold, on_delete=models.PROTECT, related_name="reviews")
    tenant_id = models.CharField(max_length=40)
    estimate_fen = models.BigIntegerField(null=True)
    note = models.TextField()
    actor = models.CharField(max_length=150)
    owner = models.CharField(max_length=150)
    next_on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        """History: the newest look holds; ``estimate_fen`` is null while nobody can tell."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hold_id} reviewed {self.at:%Y-%m-%d}"


class Recovery(models.Model):
    """An amount to be taken from a subject for a reviewed finding, and how far it has come.

    Attributes:
        beneficiary: whom it is for: consumer, right_holder or platform.
        mode: ``partial`` takes what is there and tries again; ``unsplit`` waits for all of it.
        advances: whether the platform pays at once what is missing, as a claim (S3-5.3b, 5.3c).
        state: open while something is still to come, settled, stopped by a person, or reversed
            when an appeal against it succeeded.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    case_number = models.CharField(max_length=20)
    ground = models.CharField(max_length=40)
    beneficiary = models.CharField(max_length=20)
    amount_fen = models.BigIntegerField()
    mode = models.CharField(max_length=10)
    advances = models.BooleanField()
    clause = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    decision_id = models.UUIDField(unique=True)
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Only how far it has come ever changes."""

        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "next_try_at"],
                condition=models.Q(state="open"),
                name="recovery_open",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="progress_fields_only",
                exclude=["state", "tries", "next_try_at", "closed_at"],
            ),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    ("open", "settled"),
                    ("open", "stopped"),
                    ("open", "reversed"),
                    ("settled", "reversed"),
                    ("stopped", "reversed"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.amount_fen} for {self.beneficiary}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class RecoveryStep(models.Model):
    """What one try took from one source: deposit, proceeds, merchant, advance or claim."""

    recovery = models.ForeignKey(Recovery, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    source = models.CharField(max_length=20)
    amount_fen = models.BigIntegerField()
    transfer_id = models.UUIDField(unique=True)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.recovery_id} {self.source} {self.amount_fen}"

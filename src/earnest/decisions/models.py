"""Tables of findings, decisions and the people who settled them."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class Finding(models.Model):
    """A measure held against one clause in force on the day of the conduct.

    ``status`` is met, breached, not_assessable or refused (no edition in force, missing fact).
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    decision = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    period = models.CharField(max_length=10)
    clause = models.CharField(max_length=40)
    measure = models.CharField(max_length=60)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    sample = models.BigIntegerField()
    window_from = models.DateField()
    window_to = models.DateField()
    status = models.CharField(max_length=20)
    governing_on = models.DateField(null=True)
    receipt = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        """One finding per subject, clause, measure and period."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "period", "clause", "measure"],
                name="finding_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "period", "status"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.period} {self.clause} {self.status}"


class StandingOrder(models.Model):
    """A recorded choice to let decisions of one kind take effect without a person each time.

    ``outcomes`` lists the outcomes it covers (the rungs of a ladder, say); an outcome that is not
    listed waits for people. ``ordered_by`` and ``approved_by`` are two different persons.
    An outcome that rests on an assumed value that nobody has confirmed waits for people all the
    same.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    decision = models.CharField(max_length=80)
    outcomes = models.JSONField()
    note = models.TextField()
    ordered_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150)
    from_on = models.DateField()
    until_on = models.DateField(null=True)

    class Meta:
        """Two persons, and unique by what it orders."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(ordered_by=models.F("approved_by")),
                name="standing_order_two_persons",
            )
        ]

    def __str__(self) -> str:
        return f"{self.decision} from {self.from_on}"


class Decision(models.Model):
    """The outcome of a policy decision for one subject and period, with its receipt.

    Only ``state``, ``settled_at`` and ``effect`` ever change, and ``state`` only as the trigger
    allows: waiting -> in_effect or refused, in_effect -> reversed.

    Attributes:
        period: what it is about: a month, a day, or the number of a case.
        outcome: the choice in one word (hide, delist, remove, notify, adjust, limit_sales ...).
        money_fen: what the outcome takes or moves; 0 where none.
        approvals_needed: persons who must agree before it takes effect; 0 under a standing order.
        effect: what took effect, with the ids of grants, transfers and notices.
        chain_hash: hash over the receipt and the previous decision's chain_hash.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    rulebook = models.CharField(max_length=80)
    decision = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    period = models.CharField(max_length=40)
    clause = models.CharField(max_length=40)
    modality = models.CharField(max_length=10)
    outcome = models.CharField(max_length=40)
    money_fen = models.BigIntegerField(default=0)
    governing_on = models.DateField(null=True)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=20)
    settled_at = models.DateTimeField(null=True)
    approvals_needed = models.SmallIntegerField()
    standing_order = models.ForeignKey(
        StandingOrder, null=True, on_delete=models.PROTECT, related_name="decisions"
    )
    receipt = models.JSONField()
    trace = models.JSONField()
    effect = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    chain_hash = models.CharField(max_length=64)

    class Meta:
        """One decision per subject, decision and period; one chain per tenant."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tenant_id",
                    "rulebook",
                    "decision",
                    "subject_kind",
                    "subject_id",
                    "period",
                ],
                name="decision_once",
            ),
            models.UniqueConstraint(fields=["tenant_id", "seq"], name="decision_seq_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "state", "made_at"]),
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "made_at"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="settled_fields_only", exclude=["state", "settled_at", "effect"]
            ),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    ("waiting", "in_effect"),
                    ("waiting", "refused"),
                    ("in_effect", "reversed"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.subject_id} {self.period}: {self.outcome}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class Approval(models.Model):
    """One person's word on a waiting decision; never changed.

    Attributes:
        verdict: ``approve``, ``refuse``, or ``proposed``: of who proposed it without a right to
            decide; it counts for nothing.
    """

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="approvals")
    tenant_id = models.CharField(max_length=40)
    actor = models.CharField(max_length=150)
    verdict = models.CharField(max_length=10)
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """A person speaks once on a decision."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["decision", "actor"], name="approval_once_per_person"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="approval_reason_given"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.actor} {self.verdict}"


class Reversal(models.Model):
    """Why a decision in effect was reversed, by whom, and what that undid; never changed.

    Attributes:
        because: ``appeal`` when an appeal against it was upheld; ``rested_on`` when what it rested
            on was reversed.
        reference: number of the appeal behind it.
        effect: what was undone, with the ids of transfers, releases and notices.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="reversal")
    tenant_id = models.CharField(max_length=40)
    because = models.CharField(max_length=20)
    reference = models.CharField(max_length=40)
    actor = models.CharField(max_length=150)
    note = models.TextField()
    effect = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """History, with a reason."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(note=""), name="reversal_reason_given")
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.decision_id} reversed by {self.reference}"

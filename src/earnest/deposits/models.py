"""Tables of what a subject must hold and of the times it held too little.

The money itself is in the ledger; a shortage is the requirement less the free balance.
"""

from typing import ClassVar

from django.db import models

from earnest.postgres.guards import append_only


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

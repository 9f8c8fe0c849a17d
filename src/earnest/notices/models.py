"""The table of notices sent to parties."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import kept_for_ever


class Notice(models.Model):
    """A message in a party's inbox, kept with the words that were sent, in both languages.

    Attributes:
        kind: finding, sanction, requirement, shortage, release or payment.
        severity: info, warning or serious.
        due_on: the day by which the party has to act; empty where nothing is due.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    severity = models.CharField(max_length=10)
    clause = models.CharField(max_length=40, blank=True)
    decision_id = models.UUIDField(null=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    body_zh = models.TextField()
    body_en = models.TextField()
    due_on = models.DateField(null=True)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first in an inbox."""

        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-sent_at"])
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="read_mark_only", exclude=["read_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.title_en}"

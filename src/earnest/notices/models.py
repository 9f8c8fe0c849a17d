"""The tables of notices sent to parties and of the statements of reasons behind them."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


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


class Statement(models.Model):
    """A statement of reasons as it was sent; page, PDF and JSON are made from this row alone.

    Attributes:
        number: what people call it by, ``R`` and eight digits.
        about: what it is about, in the words of its notice: one statement for each.
        decision_id: the recorded decision; empty where a duty follows from the rule itself.
        edition: SHA-256 of the edition of the rulebook.
        appeal_until: the last day to appeal; empty where no such day is set.
        content: the whole statement as docs/statements.md describes it.
        content_hash: SHA-256 of the content's canonical form.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    about = models.CharField(max_length=200)
    notice_id = models.UUIDField()
    decision_id = models.UUIDField(null=True)
    ticket_number = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=20)
    severity = models.CharField(max_length=10)
    rulebook = models.CharField(max_length=80)
    edition = models.CharField(max_length=64)
    clause = models.CharField(max_length=40)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    appeal_until = models.DateField(null=True)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()

    class Meta:
        """One per decision, subject and matter; never changed."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="reasons_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "subject_kind", "subject_id", "about", "decision_id"],
                nulls_distinct=False,
                name="reasons_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-sent_at"]),
            models.Index(fields=["tenant_id", "decision_id"]),
            models.Index(fields=["tenant_id", "notice_id"]),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.number} {self.subject_id} {self.title_en}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)

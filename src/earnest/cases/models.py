"""The table of cases: what was asked about one deposit, by whom, with which facts."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class Case(models.Model):
    """Something asked for about one deposit. Its decisions carry its number as their period.

    ``kind`` is deduction, hold, raise, category, withdrawal, exit, discretion or harm. ``facts``
    are what was filed; what the pack made of them stands in the decisions.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    facts = models.JSONField()
    note = models.TextField(blank=True)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_as = models.CharField(max_length=20, blank=True)

    class Meta:
        """Numbered without gaps within a marketplace; only the closing ever changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="case_number_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-opened_at"]),
            models.Index(fields=["tenant_id", "kind", "closed_at"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="closing_fields_only", exclude=["closed_at", "closed_as"]),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.subject_id}"


class CaseEntry(models.Model):
    """One step in the story of a case: what was done or added, by whom, with what proof."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    evidence = models.JSONField(default=list)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.case_id} {self.what}"

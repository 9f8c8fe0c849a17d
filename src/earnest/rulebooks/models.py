"""Tables of rulebooks: texts, drafts on their way, publications, confirmed values, objections.

All are append-only: nothing that was written about a rule is ever edited or deleted.
"""

from typing import ClassVar

from django.db import models

from earnest.postgres.guards import append_only


class PackEdition(models.Model):
    """A pack's text that counts or once counted, by its hash, so that replay finds it."""

    hash = models.CharField(max_length=64, primary_key=True)
    rulebook = models.CharField(max_length=80)
    text = models.TextField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Never changed."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rulebook} {self.hash[:12]}"


class Draft(models.Model):
    """A changed pack text on its way, by its hash: the base's text with new acts in state draft.

    Attributes:
        base_hash: the edition that it changes; empty for a new book.
        instruments: the ids of the new acts.
        change: amendment (the law changes from a day on) or erratum (it was encoded wrongly).
        in_force_on: the first day of the earliest new act.
    """

    hash = models.CharField(max_length=64, primary_key=True)
    rulebook = models.CharField(max_length=80)
    text = models.TextField()
    base_hash = models.CharField(max_length=64, blank=True)
    instruments = models.JSONField()
    change = models.CharField(max_length=10)
    importance = models.CharField(max_length=10)
    in_force_on = models.DateField()
    note = models.TextField()
    submitted_by = models.CharField(max_length=150)
    submitted_at = models.DateTimeField()

    class Meta:
        """Never changed."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rulebook} {', '.join(self.instruments)}"


class DraftStep(models.Model):
    """What somebody did with a draft: draft, consultation, approved, announced or withdrawn.

    ``until_on`` is the last day of a consultation.
    """

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=12)
    actor = models.CharField(max_length=150)
    note = models.TextField(blank=True)
    until_on = models.DateField(null=True)
    at = models.DateTimeField()

    class Meta:
        """A person approves once; a draft is announced once and withdrawn once."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "actor"],
                condition=models.Q(state="approved"),
                name="draft_approved_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["draft", "state"],
                condition=models.Q(state__in=["draft", "announced", "withdrawn"]),
                name="draft_state_once",
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.draft_id[:12]} {self.state} by {self.actor}"


class WhatIfReport(models.Model):
    """What a draft would change over past months, kept before it may be announced."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="reports")
    report = models.JSONField()
    made_by = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        """Never changed."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.draft_id[:12]} at {self.made_at}"


class Publication(models.Model):
    """An edition of a rulebook that counts from now on; the newest of a rulebook is the one.

    ``change`` is amendment, erratum or withdrawal; a withdrawal goes back to the edition before
    (``edition_hash`` is empty when there was none). The values of an edition start only on their
    own dates, whenever it was published.
    """

    rulebook = models.CharField(max_length=80)
    edition_hash = models.CharField(max_length=64, blank=True)
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="publications")
    change = models.CharField(max_length=10)
    published_on = models.DateField()
    in_force_on = models.DateField()
    announced_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """Two persons; found by rulebook, newest first."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(announced_by=models.F("approved_by")),
                name="publication_two_persons",
            ),
            models.UniqueConstraint(fields=["draft", "change"], name="publication_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["rulebook", "-id"], name="publication_newest")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rulebook} {self.published_on} {self.change}"


class Confirmation(models.Model):
    """A person's word that an assumed value is right for a tenant, or that it no longer is.

    It binds to the value: ``value_digest`` is the hash of what the element says from
    ``edition_from`` on, so a changed value has to be confirmed again. The newest record counts.
    """

    tenant_id = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    element = models.CharField(max_length=80)
    edition_from = models.DateField()
    value_digest = models.CharField(max_length=64)
    confirmed = models.BooleanField()
    confirmed_by = models.CharField(max_length=150)
    approved_by = models.CharField(max_length=150, blank=True)
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """A second person, where there is one, is another person."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(confirmed_by=models.F("approved_by")),
                name="confirmation_other_person",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "rulebook", "element"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rulebook}/{self.element} {'' if self.confirmed else 'not '}confirmed"


class Objection(models.Model):
    """A party's word, before an act is in force, that it does not accept it and leaves.

    Such a party is judged as if the act had not come (S3-3.2b).
    """

    tenant_id = models.CharField(max_length=40)
    rulebook = models.CharField(max_length=80)
    instrument = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    objected_on = models.DateField()
    note = models.TextField(blank=True)
    filed_by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        """A party objects once to an act."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "rulebook", "instrument", "subject_kind", "subject_id"],
                name="objection_once",
            )
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.subject_kind}:{self.subject_id} {self.instrument}"

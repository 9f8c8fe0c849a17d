"""Tables of admission: invitations, applications, and the evidence for each requirement."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

MOVING = ["state", "since_at", "round", "reviewer", "decision_id", "reminded_at"]


class Invitation(models.Model):
    """An invitation to come in (S0-1.3-invite): by whom, for whom, why, and until when.

    Of its secret link only the hash is kept. ``state`` is open, accepted, revoked or expired;
    ``life_from`` tells who set its last day: the pack or the inviter.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    entity_name = models.CharField(max_length=200)
    contact = models.CharField(max_length=200)
    controller_ref = models.CharField(max_length=64, blank=True)
    service_category = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    criteria = models.TextField()
    reasons = models.JSONField()
    ends_on = models.DateField()
    life_from = models.CharField(max_length=10)
    invited_by = models.CharField(max_length=150)
    invited_at = models.DateTimeField()
    state = models.CharField(max_length=20, default="open")
    secret_sha256 = models.CharField(max_length=64)
    settled_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered without gaps; what was said when inviting never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="invitation_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "secret_sha256"], name="invitation_secret_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "ends_on"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="settling_fields_only",
                exclude=["state", "secret_sha256", "settled_at", "reminded_at"],
            ),
            pgtrigger.FSM(
                name="state_forward",
                field="state",
                transitions=[("open", "accepted"), ("open", "revoked"), ("open", "expired")],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.entity_name}"


class InvitationEntry(models.Model):
    """One step in the story of an invitation."""

    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.what}"


class Application(models.Model):
    """What became of an invitation that was accepted, until the provider is open or not.

    ``state`` is preparing, review, approval, deposit, opened, refused or withdrawn; ``since_at``
    when it got there. ``round`` counts the looks at it: each gives a decision of its own.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    invitation = models.OneToOneField(
        Invitation, on_delete=models.PROTECT, related_name="application"
    )
    provider_id = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    entity_name = models.CharField(max_length=200)
    controller_ref = models.CharField(max_length=64, blank=True)
    service_category = models.CharField(max_length=40)
    applicant = models.CharField(max_length=150)
    applied_at = models.DateTimeField()
    state = models.CharField(max_length=20, default="preparing")
    since_at = models.DateTimeField()
    round = models.IntegerField(default=1)
    reviewer = models.CharField(max_length=150, blank=True)
    decision_id = models.UUIDField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered without gaps; an end is an end."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="application_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id"], name="application_provider_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "since_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="moving_fields_only", exclude=MOVING),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    ("preparing", "review"),
                    ("review", "preparing"),
                    ("review", "approval"),
                    ("approval", "review"),
                    ("approval", "deposit"),
                    ("approval", "refused"),
                    ("deposit", "opened"),
                    ("preparing", "withdrawn"),
                    ("review", "withdrawn"),
                    ("approval", "withdrawn"),
                    ("deposit", "withdrawn"),
                ],
            ),
        ]

    @property
    def subject(self) -> tuple[str, str]:
        """The party it is about, as (kind, id)."""
        return ("provider", self.provider_id)

    def __str__(self) -> str:
        return f"{self.number} {self.entity_name} {self.state}"


class ApplicationEntry(models.Model):
    """One step in the story of an application: what was done, by whom, and why."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.application_id} {self.what}"


class Evidence(models.Model):
    """What was brought for one requirement, and what became of it.

    ``state`` is missing, submitted, accepted, sent_back or expired. ``numerator`` of
    ``denominator`` is the figure of a norm that is measured; ``figure_source`` tells whether the
    feed (measured) or a person (entered) said it. ``ends_on`` is the last day that it counts.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="evidence")
    tenant_id = models.CharField(max_length=40)
    requirement = models.CharField(max_length=40)
    state = models.CharField(max_length=20, default="missing")
    statement = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    numerator = models.BigIntegerField(null=True)
    denominator = models.BigIntegerField(null=True)
    figure_source = models.CharField(max_length=10, blank=True)
    window_from = models.DateField(null=True)
    window_to = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    reason = models.TextField(blank=True)
    changed_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        """One row for each requirement of an application."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "requirement"], name="evidence_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "ends_on"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    ("missing", "submitted"),
                    ("sent_back", "submitted"),
                    ("expired", "submitted"),
                    ("submitted", "accepted"),
                    ("submitted", "sent_back"),
                    ("accepted", "sent_back"),
                    ("submitted", "expired"),
                    ("accepted", "expired"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.requirement} {self.state}"


class EvidenceEntry(models.Model):
    """One step in the story of a requirement: brought, accepted, sent back or run out."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    figure = models.CharField(max_length=60, blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.what}"

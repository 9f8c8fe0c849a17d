"""The table of capability grants."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import kept_for_ever


class Restriction(models.Model):
    """One capability of one subject, restricted for one cause.

    A capability is free when no active row restricts it; hiding a service twice and lifting one
    cause leaves the other in place.

    Attributes:
        measure: the sanction it belongs to (hide, delist, remove, limit_sales ...).
        capability: what is restricted (visibility, new_order, renewal, running_use,
            interface_calls, publishing, sales, withdrawal, traffic, goods_listing, brand,
            category, reentry).
        object_ref: the one thing that is restricted, such as ``item_id G7``; empty where it is
            the capability as a whole.
        release: conditions that must all hold, as a list of ``{"kind": "topped_up"}``,
            ``{"kind": "time", "on": "2025-10-04"}``, ``{"kind": "application"}``,
            ``{"kind": "nothing_owed"}``, or
            ``{"kind": "any_of", "conditions": [...]}``; an empty list never releases.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    measure = models.CharField(max_length=40)
    capability = models.CharField(max_length=40)
    object_ref = models.CharField(max_length=120, blank=True, default="")
    rulebook = models.CharField(max_length=80)
    clause = models.CharField(max_length=40)
    decision_id = models.UUIDField()
    starts_at = models.DateTimeField()
    release = models.JSONField()
    applied_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    released_because = models.CharField(max_length=200, blank=True)

    class Meta:
        """Looked up by subject; active rows have no released_at."""

        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id"]),
            models.Index(
                fields=["tenant_id"],
                condition=models.Q(released_at=None),
                name="restriction_active",
            ),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="release_fields_only",
                exclude=["applied_at", "released_at", "released_because"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} {self.measure}/{self.capability}"

"""Tables of the worker: what ran when, and which invariants do not hold."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class WorkRun(models.Model):
    """One job's work of one slot.

    Attributes:
        slot: when it was due; a job works once per slot.
        started_at, finished_at: of the last try, by the marketplace's clock.
        outcome: ``running`` (or died), ``failed`` (tried again), ``done``, or ``superseded`` (it
            never ended, and a later slot came).
        tries: how often it was begun; a try that lost its lock may not write over a later one.
        summary: what it did, as the job tells.
    """

    tenant_id = models.CharField(max_length=40)
    job = models.CharField(max_length=40)
    slot = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20)
    tries = models.IntegerField(default=0)
    error = models.TextField(default="")
    summary = models.JSONField(default=dict)

    class Meta:
        """Once per job and slot."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "job", "slot"], name="work_run_once")
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="slot_stays", fields=["tenant_id", "job", "slot"]),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.slot:%Y-%m-%d %H:%M} {self.outcome}"


class Alert(models.Model):
    """A time during which something that must always hold did not.

    Attributes:
        name: the invariant, or ``job_`` and the name of a job that failed.
        ids: what broke it, when it was last seen; the first of them when there are many.
        found: how many broke it.
    """

    tenant_id = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    ids = ArrayField(models.TextField())
    found = models.IntegerField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        """At most one open alert per name: the next look adds to it, or resolves it."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "name"],
                condition=models.Q(resolved_at=None),
                name="alert_open_once",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="origin_stays", fields=["tenant_id", "name", "first_seen_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} since {self.first_seen_at:%Y-%m-%d %H:%M}"


class Reminder(models.Model):
    """That a party was reminded of a deadline, and by which notice.

    Attributes:
        key: the deadline's natural key, such as ``appeal:T00000012``.
    """

    tenant_id = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    due_on = models.DateField()
    notice_id = models.UUIDField()
    sent_at = models.DateTimeField()

    class Meta:
        """Once per deadline and last day."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "key", "due_on"], name="reminder_once")
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.key} {self.due_on}"

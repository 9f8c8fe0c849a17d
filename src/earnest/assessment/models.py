"""The tables of cycles that were run and of alerts that were sent."""

from typing import ClassVar

from django.db import models

from earnest.postgres.guards import append_only


class Cycle(models.Model):
    """One month's assessment of all subjects, as known at ``as_of``."""

    tenant_id = models.CharField(max_length=40)
    month = models.CharField(max_length=7)
    as_of = models.DateTimeField()
    counts = models.JSONField()

    class Meta:
        """A month is assessed once; later runs find it done."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "month"], name="cycle_once")
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.month}"


class DutyAlert(models.Model):
    """A provider was told that a duty is near its line, or over it, in the month to date.

    Attributes:
        level: alert or breached.
        numerator, denominator: what was counted when it was told.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    measure = models.CharField(max_length=60)
    month = models.CharField(max_length=7)
    level = models.CharField(max_length=10)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        """One per provider, duty and month."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id", "measure", "month"], name="duty_alert_once"
            )
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.measure} {self.month} {self.level}"

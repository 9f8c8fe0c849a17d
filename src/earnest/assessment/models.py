"""The table of cycles that were run."""

from typing import ClassVar

from django.db import models


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

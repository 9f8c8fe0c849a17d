"""Table of recorded figures: what a cycle judged by."""

from typing import ClassVar

from django.db import models

from earnest.postgres.guards import append_only


class MeasureResult(models.Model):
    """One figure as it stood at its cut-off; a later, other figure never takes its place.

    ``dimension`` is empty for the figure itself, else the value of the measure's split, such as a
    category of a shop's sales. ``dimensions`` are the figure's further sums.
    """

    id = models.BigAutoField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    measure = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=20)
    subject = models.TextField()
    dimension = models.TextField(default="")
    window_from = models.DateField()
    window_to = models.DateField()
    cutoff_at = models.DateTimeField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    sample = models.BigIntegerField()
    pending = models.BigIntegerField()
    state = models.CharField(max_length=20)
    dimensions = models.JSONField(default=dict)
    formula_hash = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        """One per natural key; found by measure and window; never changed."""

        db_table = "measure_result"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tenant_id",
                    "measure",
                    "subject_kind",
                    "subject",
                    "dimension",
                    "window_from",
                    "window_to",
                ],
                name="measure_result_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "measure", "window_to"], name="measure_result_window"
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.measure} {self.subject} {self.window_from}..{self.window_to}"


class SetAside(models.Model):
    """A recorded figure that an upheld appeal set aside, or replaced by a corrected one.

    The recorded figure stays; who judges later reads it through this. Without ``numerator`` the
    window counts as not assessed.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    measure = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=20)
    subject = models.TextField()
    window_to = models.DateField()
    numerator = models.BigIntegerField(null=True)
    denominator = models.BigIntegerField(null=True)
    sample = models.BigIntegerField(null=True)
    reference = models.CharField(max_length=40)
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """One per figure and appeal; the newest counts."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tenant_id", "measure", "subject_kind", "subject", "window_to", "reference"
                ],
                name="set_aside_once",
            ),
        ]  # fmt: skip
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.measure} {self.subject} {self.window_to} set aside by {self.reference}"

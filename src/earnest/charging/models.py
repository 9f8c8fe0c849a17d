"""Tables of paid functions: what is filed, what is offered, and what was really charged."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

WRITABLE = ("draft", "sent_back")
OPEN = ("draft", "filed", "in_review", "reviewed", "sent_back")
STATES = (*OPEN, "approved", "refused", "withdrawn")


class BaseFunction(models.Model):
    """A function that the platform built with its providers: nobody may charge for it.

    Clauses: S0-2.1-mr2, S0-2.2.4b. ``provider_id`` is empty where it binds every provider.
    ``until_on`` is the first day on which it is no base function any more.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64, blank=True)
    plan_code = models.CharField(max_length=64)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    marked_by = models.CharField(max_length=150)
    marked_at = models.DateTimeField()

    class Meta:
        """Marked once at a time; only its end is ever added."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id", "plan_code"],
                condition=models.Q(until_on=None),
                name="base_function_marked_once",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="base_end_only", exclude=["until_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id or '*'} {self.plan_code}"


class ChargingPlan(models.Model):
    """One version of a paid function as a provider files it (S0-2.2.4d).

    Attributes:
        number: ``F000001``; the feed's ``filed_plan_ref``.
        app: the app it belongs to, on both platforms.
        plan_code: the function or paid version, as charges name it.
        version: of the plan; a later one takes the place of the one before.
        adds: what it adds to the base version (S0-2.2.4c).
        base_keeps: what the base version still does without it (S0-2.2.4a).
        price_fen: for one ``period``.
        wording_here: how it is offered here; ``wording_there`` on 1688, empty where it is not.
        price_there_fen: its price there; None where it is not offered there.
        documents: ids of what was handed in with it.
        reviewed_by: who looked first; ``recommended`` what that person would have done.
        effective_on: first day on which it may be charged; ``ended_on`` the first on which it may
            not any more.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=64)
    app = models.CharField(max_length=64)
    plan_code = models.CharField(max_length=64)
    version = models.CharField(max_length=20)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    adds = models.TextField()
    base_keeps = models.TextField()
    price_fen = models.BigIntegerField()
    period = models.CharField(max_length=20)
    wording_here = models.TextField()
    wording_there = models.TextField(blank=True)
    price_there_fen = models.BigIntegerField(null=True)
    wanted_on = models.DateField()
    documents = models.JSONField(default=list)
    state = models.CharField(max_length=20)
    reviewed_by = models.CharField(max_length=150, blank=True)
    recommended = models.CharField(max_length=20, blank=True)
    effective_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    drafted_by = models.CharField(max_length=150)
    drafted_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered without gaps; one version is on its way or approved once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="charging_plan_number"),
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id", "plan_code", "version"],
                condition=~models.Q(state__in=["refused", "withdrawn"]),
                name="charging_plan_version_once",
            ),
            models.CheckConstraint(
                condition=models.Q(price_fen__gte=0), name="charging_plan_price_not_negative"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "state", "filed_at"]),
            models.Index(fields=["tenant_id", "provider_id", "plan_code"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="filed_by_whom_stays",
                fields=["tenant_id", "number", "provider_id", "drafted_by", "drafted_at"],
            ),
            pgtrigger.FSM(
                name="plan_state_moves",
                field="state",
                transitions=[
                    ("draft", "filed"),
                    ("sent_back", "filed"),
                    ("filed", "in_review"),
                    ("in_review", "reviewed"),
                    ("in_review", "sent_back"),
                    ("reviewed", "approved"),
                    ("reviewed", "refused"),
                    ("reviewed", "filed"),
                    *((each, "withdrawn") for each in OPEN),
                    ("approved", "withdrawn"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.provider_id} {self.plan_code} {self.version}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose plan it is (kind, id)."""
        return ("provider", self.provider_id)


class PlanStep(models.Model):
    """One step in the life of a plan, with the plan as it stood and the receipts of its checks."""

    plan = models.ForeignKey(ChargingPlan, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    filed = models.JSONField(default=dict)
    checks = models.JSONField(default=dict)
    receipts = models.JSONField(default=list)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.what}"


class OfferSeen(models.Model):
    """What merchants read and were asked to pay for one function, on one of the two platforms.

    ``side`` is kuaishou or 1688; ``price_fen`` is None where no price was shown.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    app = models.CharField(max_length=64)
    plan_code = models.CharField(max_length=64)
    side = models.CharField(max_length=10)
    wording = models.TextField()
    price_fen = models.BigIntegerField(null=True)
    seen_at = models.DateTimeField()
    seen_by = models.CharField(max_length=150)
    document_id = models.UUIDField(null=True)

    class Meta:
        """The newest of each side counts."""

        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "provider_id", "app", "plan_code", "side", "-seen_at"]
            )
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.plan_code} {self.side}"


class Difference(models.Model):
    """Where charges or offers differ from what was filed, or the two platforms from each other.

    Clauses: S0-2.1-mr2, S0-2.2.4b, S0-2.2.4d, S0-2.2.4e, S0-2.2.4f.

    Attributes:
        kind: unfiled_charge, other_price, base_charged, charged_elsewhere, other_wording or
            free_here_charged_there.
        month: of the charges, or of the day on which the offers were compared.
        key: what makes it unique: the charges of one kind in a month, or one pair of offers.
        one_side: what was filed, or what stands here; ``other_side`` what was charged, or what
            stands there.
        receipt: of the decision of the rulebook that says so.
        violation_id: the report that it became.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    plan_code = models.TextField()
    kind = models.CharField(max_length=30)
    clause = models.CharField(max_length=40)
    month = models.CharField(max_length=7)
    key = models.CharField(max_length=64)
    happened_on = models.DateField()
    one_side = models.JSONField()
    other_side = models.JSONField()
    receipt = models.JSONField()
    found_at = models.DateTimeField()
    violation_id = models.UUIDField(null=True)

    class Meta:
        """Found once; only the report that it became is added."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id", "plan_code", "kind", "key"],
                name="charging_difference_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-found_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="difference_report_only", exclude=["violation_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.plan_code} {self.month} {self.kind}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return ("provider", self.provider_id)


class ChargeLine(models.Model):
    """One charge of the feed that belongs to a difference, as it came in."""

    difference = models.ForeignKey(Difference, on_delete=models.PROTECT, related_name="lines")
    tenant_id = models.CharField(max_length=40)
    service_order_id = models.TextField()
    charged_on = models.DateField()
    version = models.TextField(blank=True)
    price_fen = models.BigIntegerField()
    paid_fen = models.BigIntegerField()
    channel = models.CharField(max_length=20, blank=True)
    filed_plan_ref = models.TextField(blank=True)
    event_id = models.CharField(max_length=40)
    plan_number = models.CharField(max_length=20, blank=True)
    expected_fen = models.BigIntegerField(null=True)

    class Meta:
        """A charge is in a difference once."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["difference", "service_order_id"], name="charge_line_once"
            )
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.service_order_id} {self.paid_fen}"

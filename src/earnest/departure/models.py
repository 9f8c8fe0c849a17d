"""Tables of departures: how a provider leaves, what it still serves, and the story of it."""

from typing import ClassVar, Final

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

EXIT: Final = "exit"
REMOVAL: Final = "removal"
APPLIED: Final = "applied"
CHECKED: Final = "checked"
APPROVING: Final = "approving"
WINDING_DOWN: Final = "winding_down"
COMPLETED: Final = "completed"
WITHDRAWN: Final = "withdrawn"
CANCELLED: Final = "cancelled"
ENDED: Final = frozenset({COMPLETED, WITHDRAWN, CANCELLED})


class Departure(models.Model):
    """A provider's way out, by its own wish or by removal.

    Attributes:
        number: ``D000001`` and on, within a marketplace.
        way: ``exit`` or ``removal``.
        removal_decision_id: the decision that removed it; empty for an exit.
        state: ``applied`` (the provider has to meet the conditions, a reviewer to check),
            ``checked`` (a person has checked what no data tells), ``approving`` (two persons
            decide), ``winding_down`` (merchants are still served), ``completed``, ``withdrawn``,
            or ``cancelled`` (the removal was reversed).
        on_sale: services on sale, as last told or checked.
        running: subscriptions that run, as last told or checked.
        subscription_ends_on: when the longest of them ends or ended; empty where there was none.
        serve_until: until when merchants are served (S0-3.2a); empty where that is over.
        plan: the plan for winding down in the provider's words; ``plan_state`` is empty, ``filed``,
            ``accepted`` or ``sent_back``.
        case_number: the case of its refund, once two persons are asked.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=64)
    way = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    removal_decision_id = models.UUIDField(null=True)
    begun_by = models.CharField(max_length=150)
    begun_at = models.DateTimeField()
    begun_on = models.DateField()
    state = models.CharField(max_length=20)
    on_sale = models.IntegerField(default=0)
    running = models.IntegerField(default=0)
    subscription_ends_on = models.DateField(null=True)
    serve_until = models.DateField(null=True)
    check_by = models.DateField(null=True)
    checked_by = models.CharField(max_length=150, blank=True)
    plan = models.TextField(blank=True)
    plan_state = models.CharField(max_length=20, blank=True)
    plan_due_on = models.DateField(null=True)
    case_number = models.CharField(max_length=20, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """One open departure of a provider; how it began never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="departure_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id"],
                condition=models.Q(ended_at=None),
                name="departure_one_open",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "removal_decision_id"], name="departure_of_a_removal_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "begun_on"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="departure_beginning_stays",
                fields=[
                    "tenant_id", "number", "provider_id", "way", "removal_decision_id",
                    "begun_by", "begun_at", "begun_on",
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.way} {self.provider_id}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return ("provider", self.provider_id)


class DepartureStep(models.Model):
    """One step in the story of a departure; never changed."""

    departure = models.ForeignKey(Departure, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History, in order."""

        ordering: ClassVar = ["at", "id"]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.departure_id} {self.what}"


class Handover(models.Model):
    """A merchant that a leaving provider still serves, until when, and when it was settled.

    ``serve_until`` and ``arrangement`` are those of the newest plan: a plan that was sent back is
    filed again, and the story keeps what each filing said.
    """

    departure = models.ForeignKey(Departure, on_delete=models.PROTECT, related_name="handovers")
    tenant_id = models.CharField(max_length=40)
    shop_id = models.CharField(max_length=64)
    serve_until = models.DateField()
    arrangement = models.TextField()
    settled_at = models.DateTimeField(null=True)
    settled_note = models.TextField(blank=True)

    class Meta:
        """One line for each merchant."""

        ordering: ClassVar = ["serve_until", "shop_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["departure", "shop_id"], name="handover_once")
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="handover_stays", fields=["departure", "tenant_id", "shop_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.departure_id} {self.shop_id}"

"""Tables of tickets: one per sanction, with the items that can each be appealed against."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class Ticket(models.Model):
    """A sanction as its party sees it, from the first word to its end.

    Attributes:
        decision: name of the pack's decision; ``decision_id`` is the recorded one.
        source: what brought it about: measure, report, inspection, complaint, screening, regulator.
        money_fen: what it takes in fen once it is in force; 0 where it takes nothing.
        appeal_until: the last day on which an appeal may be filed.
        chances: how often each item may be appealed against.
        correct_until: the last day to put it right instead; empty where that does not help.
        course: receipt of the pack's decision on what acts at once and what waits.
        state: ``pending`` (told; what waits has not happened yet), ``appealed``, ``in_force``,
            ``reversed`` or ``corrected``.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    decision_id = models.UUIDField()
    decision = models.CharField(max_length=80)
    rulebook = models.CharField(max_length=80)
    period = models.CharField(max_length=40)
    clause = models.CharField(max_length=40)
    outcome = models.CharField(max_length=40)
    source = models.CharField(max_length=20)
    money_fen = models.BigIntegerField()
    told_at = models.DateTimeField()
    appeal_until = models.DateField()
    chances = models.SmallIntegerField()
    correct_until = models.DateField(null=True)
    course = models.JSONField()
    state = models.CharField(max_length=20)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        """One per decision; only its state changes, and only forward."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="ticket_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "decision_id"], name="ticket_decision_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-told_at"]),
            models.Index(fields=["tenant_id", "state", "appeal_until"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="ticket_state_only", exclude=["state", "settled_at"]),
            pgtrigger.FSM(
                name="ticket_moves",
                field="state",
                transitions=[
                    ("pending", "appealed"),
                    ("pending", "in_force"),
                    ("pending", "corrected"),
                    ("pending", "reversed"),
                    ("appealed", "pending"),
                    ("appealed", "in_force"),
                    ("appealed", "reversed"),
                    ("in_force", "appealed"),
                    ("in_force", "reversed"),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.outcome} {self.subject_id}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class TicketItem(models.Model):
    """One violated item of a ticket, such as a month below the mark; each has its own appeal.

    Attributes:
        kind: what it is: ``figure`` (a recorded figure), ``violation``, ``finding`` or ``other``.
        about: its name within the kind: ``nps_composite 2025-10-31``, a violation's number.
        facts: what it rests on, as plain data.
        zh: what it says, in Chinese.
        en: the same in English.
        standing: false once an appeal against it was upheld.
        under_appeal: the figure is disputed now, on this ticket or on another one that names it.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="items")
    tenant_id = models.CharField(max_length=40)
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=20)
    about = models.CharField(max_length=120)
    clause = models.CharField(max_length=40)
    facts = models.JSONField()
    zh = models.TextField()
    en = models.TextField()
    standing = models.BooleanField(default=True)
    under_appeal = models.BooleanField(default=False)

    class Meta:
        """Numbered within its ticket."""

        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "position"], name="ticket_item_once")
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="ticket_item_standing_only", exclude=["standing", "under_appeal"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.position} {self.about}"


class TicketStep(models.Model):
    """One step in the story of a ticket; never changed."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.what}"

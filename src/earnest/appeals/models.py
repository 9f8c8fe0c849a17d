"""Tables of appeals: what is disputed of a ticket, its hearing in turns, and what came of it."""

from typing import ClassVar, Final

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever, written_once
from earnest.tickets.models import Ticket

FILED: Final = "filed"
HEARING: Final = "hearing"
ASKED: Final = "asked"
PROPOSED: Final = "proposed"
DECIDED: Final = "decided"
WITHDRAWN: Final = "withdrawn"
MOOT: Final = "moot"
STATES: Final = (FILED, HEARING, ASKED, PROPOSED, DECIDED, WITHDRAWN, MOOT)
OPEN_STATES: Final = frozenset({FILED, HEARING, ASKED, PROPOSED})

OPEN: Final = "open"
UPHELD: Final = "upheld"
OVERTURNED: Final = "overturned"
CORRECTED: Final = "corrected"
VERDICTS: Final = (UPHELD, OVERTURNED, CORRECTED)


class Appeal(models.Model):
    """An appeal against items of one ticket.

    Attributes:
        number: ``A000001`` and on, within a marketplace.
        by_person: the party wants to be heard by a person; always so here.
        automatic: nobody decided the sanction by hand, so that a person's hearing is its right.
        expected_on: the day by which the outcome is to be told.
        state: ``filed`` (nobody hears it yet), ``hearing``, ``asked`` (the party has the word),
            ``proposed`` (a second person confirms), ``decided``, ``withdrawn``, or ``moot`` (its
            sanction was reversed for another reason).
        hearer: who hears it; empty until somebody does, and again once it was handed back.
        suspended: restrictions of the sanction are suspended while it is heard.
        outcome: the table of what the decision changed, as it was when it was decided.
        confirmed_by: the second person; empty where nothing was undone.
        late_at: when it was found to be late, once.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="appeals")
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    filed_by = models.CharField(max_length=150)
    filed_at = models.DateTimeField()
    by_person = models.BooleanField(default=True)
    automatic = models.BooleanField()
    expected_on = models.DateField()
    state = models.CharField(max_length=20)
    hearer = models.CharField(max_length=150, blank=True)
    claimed_at = models.DateTimeField(null=True)
    suspended = models.BooleanField(default=False)
    proposed_at = models.DateTimeField(null=True)
    outcome = models.JSONField(default=dict)
    confirmed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True)
    late_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered within a marketplace; what was filed never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="appeal_number_once"),
            models.CheckConstraint(
                condition=models.Q(confirmed_by="") | ~models.Q(confirmed_by=models.F("hearer")),
                name="appeal_two_persons",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[FILED, WITHDRAWN, MOOT]) | ~models.Q(hearer=""),
                name="appeal_heard_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-filed_at"]),
            models.Index(fields=["tenant_id", "state", "expected_on"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="appeal_filing_stays",
                fields=[
                    "tenant_id", "number", "ticket", "subject_kind", "subject_id", "filed_by",
                    "filed_at", "by_person", "automatic", "expected_on",
                ],
            ),
            pgtrigger.FSM(
                name="appeal_moves",
                field="state",
                transitions=[
                    (FILED, HEARING),
                    (HEARING, FILED),
                    (HEARING, ASKED),
                    (ASKED, HEARING),
                    (HEARING, PROPOSED),
                    (PROPOSED, HEARING),
                    (HEARING, DECIDED),
                    (PROPOSED, DECIDED),
                    (FILED, WITHDRAWN),
                    (HEARING, WITHDRAWN),
                    (ASKED, WITHDRAWN),
                    (FILED, MOOT),
                    (HEARING, MOOT),
                    (ASKED, MOOT),
                    (PROPOSED, MOOT),
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.subject_id} {self.state}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class AppealItem(models.Model):
    """One disputed item of the ticket, with the party's ground and what was found of it.

    Attributes:
        position: the item's place on the ticket.
        ground: why the party disputes it, see :data:`earnest.appeals.filing.GROUNDS`.
        documents: ids of documents kept about the party.
        verdict: ``open`` until decided; then ``upheld``, ``overturned`` or ``corrected``. While a
            second person has to confirm it stands as proposed.
        correction: what the figure counts as instead: points, answers, sample; empty otherwise.
        open: whether the item is under appeal now; one appeal at a time.
    """

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="items")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="+")
    tenant_id = models.CharField(max_length=40)
    position = models.SmallIntegerField()
    ground = models.CharField(max_length=40)
    said = models.TextField()
    documents = models.JSONField(default=list)
    verdict = models.CharField(max_length=20, default=OPEN)
    reason = models.TextField(blank=True)
    correction = models.JSONField(default=dict)
    open = models.BooleanField(default=True)

    class Meta:
        """One open appeal for an item; what the party said never changes."""

        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["appeal", "position"], name="appeal_item_once"),
            models.UniqueConstraint(
                fields=["ticket", "position"],
                condition=models.Q(open=True),
                name="appeal_item_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict=OPEN) | ~models.Q(reason=""),
                name="appeal_verdict_has_a_reason",
            ),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="appeal_item_said_stays",
                fields=["appeal", "ticket", "tenant_id", "position", "ground", "said", "documents"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.position} {self.verdict}"


class AppealTurn(models.Model):
    """A question to the party with its day, and what it answered.

    Attributes:
        due_on: the last day to answer; the day after, the hearing goes on without it.
        answered_at, lapsed_at: one of them at most; both empty while the party has the word.
    """

    id = models.UUIDField(primary_key=True)
    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="turns")
    tenant_id = models.CharField(max_length=40)
    round = models.SmallIntegerField()
    question = models.TextField()
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    due_on = models.DateField()
    answer = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)

    class Meta:
        """The question and its day stay; the answer or the lapse is written once."""

        ordering: ClassVar = ["round"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["appeal", "round"], name="appeal_round_once"),
            models.CheckConstraint(
                condition=models.Q(answered_at=None) | models.Q(lapsed_at=None),
                name="appeal_turn_answered_or_lapsed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "due_on"],
                condition=models.Q(answered_at=None, lapsed_at=None),
                name="appeal_turn_open",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="appeal_question_stays",
                fields=[
                    "appeal", "tenant_id", "round", "question", "asked_by", "asked_at", "due_on",
                ],
            ),
            written_once("appeal_answer_once", "answered_at", "answer", "documents", "answered_by"),
            written_once("appeal_lapse_once", "lapsed_at", "answer", "documents", "answered_by"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.appeal_id} round {self.round}"


class AppealStep(models.Model):
    """One step in the story of an appeal; never changed."""

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.appeal_id} {self.what}"

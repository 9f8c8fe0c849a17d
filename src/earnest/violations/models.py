"""Tables of violations: what was reported, what was said about it, and what was found."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever, written_once

REPORTED, IN_REVIEW, ASKED, FOUND, DISMISSED = (
    "reported", "in_review", "asked", "found", "dismissed",
)  # fmt: skip
STATES = (REPORTED, IN_REVIEW, ASKED, FOUND, DISMISSED)
OPEN_STATES = (REPORTED, IN_REVIEW, ASKED)


class Violation(models.Model):
    """A report about one party and what became of it.

    ``state`` is reported (waits in the queue), in_review (claimed by a person), asked (the party
    has the word), found or dismissed. A finding that its approvers refuse goes back to reported.

    Attributes:
        source: measure, report, inspection, complaint, screening or regulator.
        about: what makes a report unique; empty for a person's own report.
        at_stake_fen: the money named in the report; 0 where none is known.
        severity: the highest of its items, 1 to 5, by the pack at the time of the report.
        claimed_until: when the claim runs out.
        attempt: how many times a finding was proposed; the second one's decisions carry ``.2``.
        reviewed_by: who proposed the finding, or dismissed it.
        settled_at: when it was dismissed, or when the last of its decisions was settled.
        told_at: from when the party sees it: it was asked, or a protective measure or a sanction
            took effect.
        correct_until: the day by which the party may put it right; None where it may not.
        escalated_at: when it came onto the admin's list, as nobody had settled it in time.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    source = models.CharField(max_length=20)
    about = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    severity = models.SmallIntegerField()
    at_stake_fen = models.BigIntegerField(default=0)
    reported_by = models.CharField(max_length=150)
    reported_at = models.DateTimeField()
    state = models.CharField(max_length=20)
    claimed_by = models.CharField(max_length=150, blank=True)
    claimed_until = models.DateTimeField(null=True)
    attempt = models.SmallIntegerField(default=0)
    reviewed_by = models.CharField(max_length=150, blank=True)
    settled_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    correct_until = models.DateField(null=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered without gaps; one violation per ``about``; what was reported never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="violation_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id", "about"],
                condition=~models.Q(about=""),
                name="violation_about_once",
            ),
            models.CheckConstraint(
                condition=models.Q(severity__gte=1, severity__lte=5),
                name="violation_severity_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=IN_REVIEW)
                | (~models.Q(claimed_by="") & models.Q(claimed_until__isnull=False)),
                name="violation_review_has_a_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "state", "reported_at"]),
            models.Index(fields=["tenant_id", "subject_kind", "subject_id", "-reported_at"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="course_fields_only",
                exclude=[
                    "state", "claimed_by", "claimed_until", "attempt", "reviewed_by",
                    "settled_at", "told_at", "correct_until", "escalated_at",
                ],
            ),
            pgtrigger.FSM(
                name="state_moves",
                field="state",
                transitions=[
                    (REPORTED, IN_REVIEW),
                    (IN_REVIEW, REPORTED),
                    (IN_REVIEW, ASKED),
                    (ASKED, REPORTED),
                    (IN_REVIEW, FOUND),
                    (IN_REVIEW, DISMISSED),
                    (FOUND, REPORTED),
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.subject_id} {self.state}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return (self.subject_kind, self.subject_id)


class ViolationItem(models.Model):
    """One accusation of a violation: a kind, its clause, the facts and the proof.

    Attributes:
        fact_key: what happened, as one fact: two items with the same key are not sanctioned twice.
        documents: ids of the documents that prove it.
        verdict: open, found or not_found; with ``reason`` once a reviewer has spoken.
        found_clause: the clause that the reviewer found broken; empty while the verdict is open.
    """

    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="items")
    tenant_id = models.CharField(max_length=40)
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=40)
    clause = models.CharField(max_length=40)
    happened_on = models.DateField()
    facts = models.JSONField()
    documents = models.JSONField(default=list)
    note = models.TextField(blank=True)
    fact_key = models.CharField(max_length=200)
    verdict = models.CharField(max_length=10, default="open")
    reason = models.TextField(blank=True)
    found_clause = models.CharField(max_length=40, blank=True)

    class Meta:
        """What was said stays; only the verdict and its reason change."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["violation", "position"], name="violation_item_once"),
            models.CheckConstraint(
                condition=models.Q(verdict="open") | ~models.Q(reason=""),
                name="violation_verdict_has_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "fact_key"]),
            models.Index(fields=["tenant_id", "kind", "verdict"]),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="verdict_fields_only", exclude=["verdict", "reason", "found_clause"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.clause} {self.verdict}"


class ViolationEntry(models.Model):
    """One step in the story of a violation: what was done, by whom, with what facts."""

    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.violation_id} {self.what}"


class EvidenceTurn(models.Model):
    """One round of evidence: a question to the party with its day, and what the party answered.

    Attributes:
        due_on: the last day to answer; the day after, the review goes on without it.
        answered_at, lapsed_at: one of them at most; both empty while the party has the word.
        reply: what the operator said to the answer.
    """

    id = models.UUIDField(primary_key=True)
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="turns")
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
    reply = models.TextField(blank=True)
    replied_by = models.CharField(max_length=150, blank=True)
    replied_at = models.DateTimeField(null=True)

    class Meta:
        """The question and its day stay; answer, lapse and reply are written once each."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["violation", "round"], name="evidence_round_once"),
            models.CheckConstraint(
                condition=models.Q(answered_at=None) | models.Q(lapsed_at=None),
                name="evidence_answered_or_lapsed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "due_on"],
                condition=models.Q(answered_at=None, lapsed_at=None),
                name="evidence_turn_open",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="question_stays",
                fields=[
                    "violation", "tenant_id", "round", "question", "asked_by", "asked_at", "due_on",
                ],
            ),
            written_once("answer_once", "answered_at", "answer", "documents", "answered_by"),
            written_once("lapse_once", "lapsed_at", "answer", "documents", "answered_by"),
            written_once("reply_once", "replied_at", "reply", "replied_by"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.violation_id} round {self.round}"


class Correction(models.Model):
    """A party says that it has put a violation right, and what a reviewer made of it.

    Attributes:
        verdict: open, accepted, sent_back, or too_late (put right, but the ticket stays in force).
    """

    id = models.UUIDField(primary_key=True)
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="corrections")
    tenant_id = models.CharField(max_length=40)
    said = models.TextField()
    documents = models.JSONField(default=list)
    said_by = models.CharField(max_length=150)
    said_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, default="open")
    reason = models.TextField(blank=True)
    judged_by = models.CharField(max_length=150, blank=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        """What the party said stays, and so does the judgement once there is one."""

        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="judgement_only",
                exclude=["verdict", "reason", "judged_by", "judged_at"],
            ),
            written_once("judgement_once", "judged_at", "verdict", "reason", "judged_by"),
        ]

    def __str__(self) -> str:
        return f"{self.violation_id} {self.verdict}"


class QualityReview(models.Model):
    """A settled review looked at again by another person, without seeing what was found.

    Attributes:
        reviewed_by: whose review it is.
        checked_by: who looked again; empty until then.
        verdicts: what the second person found per item position.
        agrees: whether both found the same; None until then.
    """

    id = models.UUIDField(primary_key=True)
    violation = models.ForeignKey(
        Violation, on_delete=models.PROTECT, related_name="quality_reviews"
    )
    tenant_id = models.CharField(max_length=40)
    reviewed_by = models.CharField(max_length=150)
    chosen_at = models.DateTimeField()
    checked_by = models.CharField(max_length=150, blank=True)
    checked_at = models.DateTimeField(null=True)
    verdicts = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    agrees = models.BooleanField(null=True)

    class Meta:
        """One per violation; looked at once, by another person than the first."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["violation"], name="quality_review_once"),
            models.CheckConstraint(
                condition=~models.Q(checked_by=models.F("reviewed_by")),
                name="quality_review_second_person",
            ),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="check_only",
                exclude=["checked_by", "checked_at", "verdicts", "reason", "agrees"],
            ),
            written_once("check_once", "checked_at", "checked_by", "verdicts", "reason", "agrees"),
        ]

    def __str__(self) -> str:
        return f"{self.violation_id} by {self.reviewed_by}: {self.agrees}"


class Protection(models.Model):
    """A protective measure put in force, or proposed, while a violation is looked into.

    Whether it is in force is told by its decision and by what that restricts; here stands who put
    it, for which item, and what the party said to it.

    Attributes:
        position: the item that it is about.
        decision_id: its own decision, made under the number of the violation.
        last_on: its last day; the day after, it is over by itself.
        began_at: when it was seen to be in force; empty while it waits for a second person.
        closed_at: when it was seen to be over, or refused; ``closed_because`` says why.
        said: what the party says to it; once.
    """

    id = models.UUIDField(primary_key=True)
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="protections")
    tenant_id = models.CharField(max_length=40)
    position = models.SmallIntegerField()
    measure = models.CharField(max_length=40)
    decision_id = models.UUIDField()
    reason = models.TextField()
    put_by = models.CharField(max_length=150)
    put_at = models.DateTimeField()
    last_on = models.DateField()
    began_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=20, blank=True)
    said = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    said_by = models.CharField(max_length=150, blank=True)
    said_at = models.DateTimeField(null=True)

    class Meta:
        """One at a time for an item, and each measure once for it: a lapse cannot be got round."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["violation", "position", "measure"], name="protection_once"
            ),
            models.UniqueConstraint(
                fields=["violation", "position"],
                condition=models.Q(closed_at=None),
                name="protection_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["tenant_id", "decision_id"], name="protection_decision_once"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="protection_has_a_reason"),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="protection_course_only",
                exclude=[
                    "began_at", "closed_at", "closed_because", "said", "documents", "said_by",
                    "said_at",
                ],
            ),
            written_once("protection_said_once", "said_at", "said", "documents", "said_by"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.violation_id}/{self.position} {self.measure}"

"""Tables of campaigns, the merchants asked, their answers, and plans of improvement."""

from typing import ClassVar, Final

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

DRAFT, SCHEDULED, OPEN, CLOSED, WITHDRAWN = "draft", "scheduled", "open", "closed", "withdrawn"
MARKET, LIST = "market", "list"
SHOP, NAMED = "shop", "named"
ASKED, FILED, ACCEPTED, SENT_BACK = "asked", "filed", "accepted", "sent_back"

WAITING, SENT, FAILED, DROPPED = "waiting", "sent", "failed", "dropped"
LINK, REMINDER = "link", "reminder"

INVITED, EXCLUDED, READMITTED = "invited", "excluded", "readmitted"
REMINDED, RENEWED = "reminded", "renewed"
CORRECTIONS: Final = 3
"""How often an answer may be corrected where nobody says otherwise: a sample, no rule."""
FED_STEPS: Final = (INVITED, EXCLUDED, READMITTED)
"""The steps of an invitation that the feed is told of."""


class Campaign(models.Model):
    """A survey of one natural month: who is asked about which providers, and when.

    ``state`` is draft -> scheduled -> open -> closed; a campaign that has not opened may be
    withdrawn.

    Attributes:
        month: the month that is assessed, as YYYY-MM; the campaign lies within it.
        asks: ``market`` asks the merchants that the feed knows to have dealt with a provider in the
            month, ``list`` only those that a person names.
        provider_ids: the providers asked about; an empty list means all that take part.
        remind_after_days: an invitation without an answer is reminded of so many days after the
            last word to it; 0 for never. The first reminder also goes by mail.
        corrections_max: how often an answer may be corrected.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120)
    month = models.CharField(max_length=7)
    asks = models.CharField(max_length=10)
    provider_ids = models.JSONField(default=list)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    remind_after_days = models.SmallIntegerField(default=0)
    corrections_max = models.SmallIntegerField(default=CORRECTIONS)
    state = models.CharField(max_length=12, default=DRAFT)
    drafted_by = models.CharField(max_length=150)
    drafted_at = models.DateTimeField()
    settled_by = models.CharField(max_length=150, blank=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Numbered without gaps within a marketplace; what is asked never changes."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "number"], name="survey_campaign_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(closes_at__gt=models.F("opens_at")), name="campaign_lasts"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="course_fields_only", exclude=["state", "settled_by", "opened_at", "closed_at"]
            ),
            pgtrigger.FSM(
                name="campaign_moves",
                field="state",
                transitions=[
                    (DRAFT, SCHEDULED),
                    (DRAFT, WITHDRAWN),
                    (SCHEDULED, OPEN),
                    (SCHEDULED, WITHDRAWN),
                    (OPEN, CLOSED),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.month} {self.state}"


class Invitation(models.Model):
    """One respondent asked about one provider.

    Attributes:
        respondent: the pseudonym under which events know the respondent, another in each campaign.
        who_kind: ``shop`` for a shop of the market, ``named`` for anybody else.
        who: id of the shop, or the name that the operator's list gave.
        link_no: counts the secret links that were made for it; the last one works.
        secret_sha256: SHA-256 of the link's secret, in hexadecimal; the secret is not kept.
        excluded: why the answer does not count; empty where it does.
        answered_at: when the first answer was given.
        address: where the link is mailed to, empty for nowhere; a person's, so it is shown to
            nobody who may not invite, and taken out some time after the campaign has closed.
    """

    id = models.UUIDField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="invitations")
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    respondent = models.CharField(max_length=40)
    who_kind = models.CharField(max_length=10)
    who = models.CharField(max_length=64)
    link_no = models.SmallIntegerField(default=1)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField()
    reminders = models.SmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True)
    excluded = models.CharField(max_length=20, blank=True)
    answered_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=254, blank=True)

    class Meta:
        """Nobody is asked twice about one provider in one campaign."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "provider_id", "who_kind", "who"], name="survey_invitation_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "who_kind", "who"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="invitation_course_only",
                exclude=[
                    "link_no", "secret_sha256", "reminders", "reminded_at", "excluded",
                    "answered_at", "address",
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.respondent} about {self.provider_id}"

    @property
    def who_pair(self) -> tuple[str, str]:
        """The respondent as (kind, id)."""
        return (self.who_kind, self.who)


class InvitationMail(models.Model):
    """A mail to a respondent, to be sent once; its words and its link are made when it is sent.

    Attributes:
        what: ``link`` for the link of this number, or ``reminder``.
        state: ``waiting``, then ``sent``, ``failed`` (given up) or ``dropped`` (needed no more).
        outcome: of the last try: ``sent``, ``refused``, ``bounced``, ``no_answer``, or the code of
            what kept it from being written.
        turn: how often a sender took it up; what comes of an earlier turn moves nothing.
        next_try_at: not before then, by the real clock like ``sent_at``.
    """

    id = models.UUIDField(primary_key=True)
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="mails")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=10)
    link_no = models.SmallIntegerField()
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=WAITING)
    outcome = models.CharField(max_length=40, blank=True)
    tries = models.SmallIntegerField(default=0)
    turn = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """One mail for each link of an invitation, and one reminder."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "link_no"],
                condition=models.Q(what=LINK),
                name="survey_link_mail_once",
            ),
            models.UniqueConstraint(
                fields=["invitation"],
                condition=models.Q(what=REMINDER),
                name="survey_reminder_mail_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "next_try_at"],
                condition=models.Q(state=WAITING),
                name="survey_mail_waiting",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="mail_course_only",
                exclude=["state", "outcome", "tries", "turn", "next_try_at", "sent_at"],
            ),
            pgtrigger.FSM(
                name="mail_moves",
                field="state",
                transitions=[(WAITING, SENT), (WAITING, FAILED), (WAITING, DROPPED)],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.what} {self.state}"


class InvitationStep(models.Model):
    """What happened to an invitation: invited, reminded, excluded, readmitted, link renewed.

    ``fed_at`` is when the feed was told, for the steps that it is told of.
    """

    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=12)
    reason = models.CharField(max_length=20, blank=True)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()
    fed_at = models.DateTimeField(null=True)

    class Meta:
        """History, but for the mark that the feed has it."""

        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id"],
                condition=models.Q(fed_at=None, what__in=FED_STEPS),
                name="survey_step_to_feed",
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="step_fed_only", exclude=["fed_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.what}"


class Answer(models.Model):
    """One version of a respondent's answer about one provider; the last version counts.

    Attributes:
        version: 1, 2, ...: a correction or an exclusion adds one.
        scores: by item, the score in tenths and its weight in millionths of the mean weight, as
            ``{"goods": [85, 1000000]}``.
        overall: 0 to 10, for the classic net promoter score only.
        answered_at: when the respondent gave these scores.
        channel: link, api or console; a version that only changes ``excluded`` keeps it.
        fed_at: when the feed was told.
    """

    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT, related_name="answers")
    tenant_id = models.CharField(max_length=40)
    version = models.SmallIntegerField()
    scores = models.JSONField()
    overall = models.SmallIntegerField()
    comment = models.TextField(blank=True)
    channel = models.CharField(max_length=10)
    excluded = models.CharField(max_length=20, blank=True)
    answered_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    fed_at = models.DateTimeField(null=True)

    class Meta:
        """Versions are added and never changed, but for the mark that the feed has them."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "version"], name="survey_answer_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(overall__gte=0, overall__lte=10), name="answer_overall_bounds"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id"], condition=models.Q(fed_at=None), name="survey_answer_to_feed"
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="answer_fed_only", exclude=["fed_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} version {self.version}"


class ImprovementPlan(models.Model):
    """What a provider means to do after a month below the mark (S0-2.2.5-6).

    ``state`` is asked -> filed -> accepted or sent_back; what was sent back may be filed again. A
    plan changes no penalty.

    Attributes:
        month: the month below the mark, as YYYY-MM.
        file_until_on: the last day to file it.
        items: what was filed last: ``[{"what": ..., "by_on": "2025-10-31"}, ...]``.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    month = models.CharField(max_length=7)
    told_on = models.DateField()
    file_until_on = models.DateField()
    state = models.CharField(max_length=12, default=ASKED)
    items = models.JSONField(default=list)

    class Meta:
        """One plan per provider and month."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "provider_id", "month"], name="improvement_plan_once"
            )
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="plan_course_only", exclude=["state", "items"]),
            pgtrigger.FSM(
                name="plan_moves",
                field="state",
                transitions=[
                    (ASKED, FILED),
                    (FILED, ACCEPTED),
                    (FILED, SENT_BACK),
                    (SENT_BACK, FILED),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.month} {self.state}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return ("provider", self.provider_id)


class PlanEntry(models.Model):
    """One step of a plan: filed with what, accepted, sent back with why, progress reported."""

    plan = models.ForeignKey(ImprovementPlan, on_delete=models.PROTECT, related_name="entries")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=12)
    items = models.JSONField(default=list)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.what}"

"""Tables of goods: sampling inspections, notices of goods that fail, and what screening found."""

from typing import ClassVar

import pgtrigger
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever

CHOSEN, TAKEN, AT_LAB, PASSED, FOUND = "chosen", "taken", "at_lab", "passed", "found"
RETEST, STANDS, WITHDRAWN, DROPPED = "retest_asked", "stands", "withdrawn", "dropped"
SAMPLE_STATES = (CHOSEN, TAKEN, AT_LAB, PASSED, FOUND, RETEST, STANDS, WITHDRAWN, DROPPED)


class SamplingRound(models.Model):
    """A sampling inspection of one provider: which of its goods were chosen, and by what.

    Clauses: S0-2.1-qual2, S0-2.2.1c. The choice follows from ``seed`` and the goods with sales, so
    that it can be shown and made again.

    Attributes:
        assessed_on: the day whose window of sales counts; ``since_on`` its first day.
        eligible: goods with sales in the window; ``eligible_hash`` over their sorted ids.
        receipt: of the rulebook's decision on how many are taken.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=64)
    assessed_on = models.DateField()
    since_on = models.DateField()
    seed = models.CharField(max_length=64)
    eligible = models.IntegerField()
    eligible_hash = models.CharField(max_length=64)
    receipt = models.JSONField()
    note = models.TextField(blank=True)
    planned_by = models.CharField(max_length=150)
    planned_at = models.DateTimeField()

    class Meta:
        """Numbered without gaps; never changed."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="sampling_number_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "provider_id", "-planned_at"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.number} {self.provider_id}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose goods are inspected (kind, id)."""
        return ("provider", self.provider_id)


class Sample(models.Model):
    """One of the goods of a round, from its choice to a finding that stands or falls.

    Attributes:
        place: in the order of the choice; ``rank`` the hash that put it there.
        result: ``passed``, or one of the seven findings of S0-2.1-qual2f; of the re-test where
            there was one.
        report_id: the lab's report, a document about the provider.
        retest_until: last day on which the provider may ask for a re-test.
        violation_id: the report that a standing finding became.
    """

    id = models.UUIDField(primary_key=True)
    round = models.ForeignKey(SamplingRound, on_delete=models.PROTECT, related_name="samples")
    tenant_id = models.CharField(max_length=40)
    place = models.IntegerField()
    item_id = models.TextField()
    sold = models.IntegerField()
    last_sold_on = models.DateField()
    rank = models.CharField(max_length=64)
    state = models.CharField(max_length=20)
    lab = models.CharField(max_length=120, blank=True)
    result = models.CharField(max_length=40, blank=True)
    found_on = models.DateField(null=True)
    report_id = models.UUIDField(null=True)
    retest_until = models.DateField(null=True)
    violation_id = models.UUIDField(null=True)

    class Meta:
        """One of each goods in a round."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "item_id"], name="sample_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "state", "retest_until"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="sample_choice_stays",
                fields=["round", "tenant_id", "place", "item_id", "sold", "last_sold_on", "rank"],
            ),
            pgtrigger.FSM(
                name="sample_moves",
                field="state",
                transitions=[
                    (CHOSEN, TAKEN),
                    (CHOSEN, DROPPED),
                    (TAKEN, DROPPED),
                    (TAKEN, AT_LAB),
                    (AT_LAB, PASSED),
                    (AT_LAB, FOUND),
                    (FOUND, RETEST),
                    (FOUND, STANDS),
                    (RETEST, STANDS),
                    (RETEST, WITHDRAWN),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.state}"


class SampleStep(models.Model):
    """One step of a sample: what was done, by whom, with which documents."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    what = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    receipt = models.JSONField(default=dict)
    actor = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.sample_id} {self.what}"


class GoodsNotice(models.Model):
    """A notice to a provider: these goods fail, take them down by that day (S0-2.2.1b).

    ``reason`` is quality_refund, inspection or screening; ``clause`` the one that the goods fail.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=64)
    reason = models.CharField(max_length=20)
    clause = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    told_on = models.DateField()
    told_at = models.DateTimeField()
    due_on = models.DateField()
    receipt = models.JSONField()
    sent_by = models.CharField(max_length=150)

    class Meta:
        """Numbered without gaps; never changed."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="goods_notice_number")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "provider_id", "-told_at"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.number} {self.provider_id}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose goods they are (kind, id)."""
        return ("provider", self.provider_id)


class NoticeGoods(models.Model):
    """One of the goods of a notice, and how it came off the shelf.

    Attributes:
        facts: why it fails, as figures or words.
        off_on: the day on which it was off; None while it is not.
        off_by: feed, or the person of the provider who said so with ``proof``.
        overdue_on: the day on which it was found to be late; ``violation_id`` what that became.
    """

    id = models.UUIDField(primary_key=True)
    notice = models.ForeignKey(GoodsNotice, on_delete=models.PROTECT, related_name="goods")
    tenant_id = models.CharField(max_length=40)
    item_id = models.TextField()
    facts = models.JSONField(default=dict)
    off_on = models.DateField(null=True)
    off_by = models.CharField(max_length=150, blank=True)
    proof = models.JSONField(default=list)
    off_note = models.TextField(blank=True)
    overdue_on = models.DateField(null=True)
    violation_id = models.UUIDField(null=True)

    class Meta:
        """One of each goods in a notice."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "item_id"], name="notice_goods_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "off_on"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(
                name="goods_told_stay", fields=["notice", "tenant_id", "item_id", "facts"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.off_on or '-'}"


class GoodsFinding(models.Model):
    """Something wrong with a listing, a parcel or a message, with its evidence.

    Clauses: S0-2.1-info1 to S0-2.1-info2d, S0-2.1-qual3a, S0-2.1-qual3b.

    Attributes:
        thing: listing, parcel or message; ``thing_id`` its id or waybill.
        kind: of the rulebook's table ``violation_kinds``.
        origin: feed, person or text_screen.
        key: what makes it unique: the feed's finding, or the text and its match.
        excerpt: the words around a match; ``marked`` the match itself.
        violation_id: the report that it became.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=64)
    thing = models.CharField(max_length=20)
    thing_id = models.TextField()
    kind = models.CharField(max_length=40)
    clause = models.CharField(max_length=40)
    origin = models.CharField(max_length=20)
    key = models.CharField(max_length=80)
    happened_on = models.DateField()
    note = models.TextField(blank=True)
    excerpt = models.TextField(blank=True)
    marked = models.TextField(blank=True)
    evidence_ref = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    found_by = models.CharField(max_length=150)
    found_at = models.DateTimeField()
    violation_id = models.UUIDField(null=True)

    class Meta:
        """Found once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "key"], name="goods_finding_once")
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "provider_id", "-found_at"])]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="finding_report_only", exclude=["violation_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.thing_id} {self.kind}"

    @property
    def subject(self) -> tuple[str, str]:
        """Whose it is (kind, id)."""
        return ("provider", self.provider_id)

"""Tables of the daily reconciliation: the institution's statements, and what was found."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from earnest.postgres.guards import append_only, kept_for_ever


class Statement(models.Model):
    """A file of the institution, taken in once.

    Attributes:
        day: the institution's day that it is about.
        form: ``fund`` or ``business`` (bills of Alipay), or ``neutral``.
        sha256: of the file as it came; the same file again is recognised.
        opening_fen, closing_fen: what the institution had of ours before and after the day; null
            where the file shows no balances.
        bad: the rows at fault, each with ``where``, ``code``, ``zh`` and ``en``.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    rail = models.CharField(max_length=40)
    day = models.DateField()
    form = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    lines_new = models.IntegerField()
    lines_repeated = models.IntegerField()
    bad = models.JSONField(default=list)
    opening_fen = models.BigIntegerField(null=True)
    closing_fen = models.BigIntegerField(null=True)
    imported_by = models.CharField(max_length=150)
    imported_at = models.DateTimeField()

    class Meta:
        """History."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "rail", "day", "sha256"], name="statement_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "rail", "day"])]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.rail} {self.day} {self.lines_new}"


class StatementLine(models.Model):
    """One movement as the institution tells it; what came in is +, what went out is -.

    Attributes:
        key: makes the line unique at its rail: the institution's own number of the movement, or
            its content where it has none.
        our_no, institution_no, request_no: the numbers by which it is matched; empty where none.
        amount_fen: what it did to our money there, the fee taken off.
        fee_fen: what of it was the institution's fee, mostly 0.
    """

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    tenant_id = models.CharField(max_length=40)
    rail = models.CharField(max_length=40)
    day = models.DateField()
    line = models.IntegerField()
    key = models.CharField(max_length=128)
    our_no = models.CharField(max_length=64, blank=True)
    institution_no = models.CharField(max_length=128, blank=True)
    request_no = models.CharField(max_length=64, blank=True)
    amount_fen = models.BigIntegerField()
    fee_fen = models.BigIntegerField(default=0)
    balance_fen = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    counterparty = models.CharField(max_length=200, blank=True)
    what = models.CharField(max_length=200, blank=True)

    class Meta:
        """History: a movement stands once, however many files tell of it."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "rail", "key"], name="statement_line_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "rail", "day"]),
            models.Index(fields=["tenant_id", "rail", "our_no"]),
            models.Index(fields=["tenant_id", "rail", "institution_no"]),
            models.Index(fields=["tenant_id", "rail", "request_no"]),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.key} {self.amount_fen}"


class Item(models.Model):
    """Everything under one number at a rail, on both sides, and whether they agree.

    Attributes:
        numbers: all numbers it goes by; two items that turn out to share one become one.
        days: the days on which either side shows something of it.
        outcome: ``matched``, ``day_differs`` (the cut-off), ``amount_differs``,
            ``only_institution``, ``only_books``, or ``joined`` (now part of another item).
        state: ``settled`` (both sides agree), ``open``, or ``explained`` by a person.
        owner: who looks after it, and ``owner_note`` what is being done.
    """

    id = models.UUIDField(primary_key=True)
    tenant_id = models.CharField(max_length=40)
    rail = models.CharField(max_length=40)
    numbers = ArrayField(models.CharField(max_length=128))
    our_no = models.CharField(max_length=64, blank=True)
    institution_no = models.CharField(max_length=128, blank=True)
    days = ArrayField(models.DateField())
    first_on = models.DateField()
    institution_fen = models.BigIntegerField()
    books_fen = models.BigIntegerField()
    line_ids = ArrayField(models.BigIntegerField(), default=list)
    transfer_ids = ArrayField(models.UUIDField(), default=list)
    outcome = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    owner = models.CharField(max_length=150, blank=True)
    owner_note = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    explained_by = models.CharField(max_length=150, blank=True)
    explained_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        """Kept for ever; what changes is written down step by step."""

        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "rail", "state", "first_on"]),
            GinIndex(fields=["numbers"], name="item_numbers"),
            GinIndex(fields=["days"], name="item_days"),
        ]
        triggers: ClassVar = [
            kept_for_ever(),
            pgtrigger.ReadOnly(name="identity_stays", fields=["tenant_id", "rail", "seen_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.our_no or self.institution_no} {self.outcome} {self.state}"


class ItemStep(models.Model):
    """What changed about an item: found, changed, assigned, explained, reopened, joined."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="steps")
    tenant_id = models.CharField(max_length=40)
    action = models.CharField(max_length=12)
    outcome = models.CharField(max_length=20)
    institution_fen = models.BigIntegerField()
    books_fen = models.BigIntegerField()
    actor = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        """History."""

        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.item_id} {self.action} {self.outcome}"

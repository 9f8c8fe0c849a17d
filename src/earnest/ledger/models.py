"""The ledger's tables, for reading. Nothing here may be saved: money moves by ``commands`` only.

The migrations create limits, functions and guards in SQL, beside them. Every key begins with the
tenant; amounts are whole fen; credit is +, debit is -.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class LedgerAccount(models.Model):
    """An account. Its content never changes; what it holds stands in its balance.

    Law: ``floor_fen <= posted - held`` and ``posted <= ceiling_fen`` after every single transfer;
    null is no limit.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.BigIntegerField()
    code = models.TextField()
    kind = models.TextField()
    subject_kind = models.TextField()
    subject_id = models.TextField()
    floor_fen = models.BigIntegerField(null=True)
    ceiling_fen = models.BigIntegerField(null=True)
    opened_at = models.DateTimeField()
    batch_id = models.BigIntegerField()
    ord = models.IntegerField()

    class Meta:
        """Opened once, by its code."""

        db_table = "ledger_account"


class LedgerBalance(models.Model):
    """What an account holds now; ``frozen`` counts the freezes that lie on it.

    It changes with every posting, by the functions only, and follows from the entries.
    """

    pk = models.CompositePrimaryKey("tenant_id", "account_id")
    tenant_id = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
    posted_fen = models.BigIntegerField()
    held_fen = models.BigIntegerField()
    floor_fen = models.BigIntegerField(null=True)
    ceiling_fen = models.BigIntegerField(null=True)
    seq = models.BigIntegerField()
    frozen = models.IntegerField(db_default=0)

    class Meta:
        """One row an account."""

        db_table = "ledger_balance"


class LedgerReason(models.Model):
    """Why money moved. The id is the content's SHA-256, cut to 16 bytes: many transfers share one.

    ``decision_id`` is null where no decision stands behind the movement, such as a payment in.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.UUIDField()
    clause = models.TextField()
    rulebook = models.TextField()
    decision_id = models.UUIDField(null=True)
    evidence = ArrayField(models.UUIDField())
    actor = models.TextField()
    note = models.TextField()

    class Meta:
        """Append-only."""

        db_table = "ledger_reason"


class LedgerTransfer(models.Model):
    """What was done to the debit account, and for whose credit; its id is given by the caller.

    ``amount_fen`` is what was moved, held or released. ``asked_fen`` is what there was to move,
    null for a post, where it is the amount. ``pending_id`` names the transfer acted on.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.UUIDField()
    batch_id = models.BigIntegerField()
    ord = models.IntegerField()
    group_id = models.UUIDField(null=True)
    kind = models.TextField()
    pending_id = models.UUIDField(null=True)
    debit_account_id = models.BigIntegerField()
    credit_account_id = models.BigIntegerField(null=True)
    amount_fen = models.BigIntegerField()
    reason_id = models.UUIDField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    asked_fen = models.BigIntegerField(null=True)
    final = models.BooleanField(db_default=False)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        """Append-only."""

        db_table = "ledger_transfer"


class LedgerHold(models.Model):
    """What remains of a hold; ``closed_at`` is set when nothing does. Its id is the transfer's.

    It changes by the functions only, and follows from the transfers.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.UUIDField()
    account_id = models.BigIntegerField()
    credit_account_id = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    remaining_fen = models.BigIntegerField()
    expires_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Law: the remaining amounts of an account's holds are what its balance holds."""

        db_table = "ledger_hold"


class LedgerEntry(models.Model):
    """One side of a transfer in one account, with the balance after it; ``seq`` has no gaps."""

    pk = models.CompositePrimaryKey("tenant_id", "account_id", "seq")
    tenant_id = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    transfer_id = models.UUIDField()
    amount_fen = models.BigIntegerField()
    held_delta_fen = models.BigIntegerField()
    balance_after_fen = models.BigIntegerField()
    held_after_fen = models.BigIntegerField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Append-only."""

        db_table = "ledger_entry"


class LedgerRefusal(models.Model):
    """A transfer that was refused, as it was asked for. Its id stays refused for ever."""

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.UUIDField()
    batch_id = models.BigIntegerField()
    ord = models.IntegerField()
    code = models.TextField()
    group_id = models.UUIDField(null=True)
    kind = models.TextField()
    debit_code = models.TextField()
    credit_code = models.TextField()
    amount_fen = models.BigIntegerField()
    reason_id = models.UUIDField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    pending_id = models.UUIDField(null=True)
    final = models.BooleanField(db_default=False)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        """Append-only."""

        db_table = "ledger_refusal"


class LedgerClosing(models.Model):
    """A month that is closed: nothing posted afterwards counts from before ``ends_at``."""

    pk = models.CompositePrimaryKey("tenant_id", "month")
    tenant_id = models.CharField(max_length=40)
    month = models.DateField()
    ends_at = models.DateTimeField()
    closed_by = models.TextField()
    closed_at = models.DateTimeField()
    batch_id = models.BigIntegerField()
    ord = models.IntegerField()

    class Meta:
        """Append-only."""

        db_table = "ledger_closing"


class LedgerBatch(models.Model):
    """What one call wrote: ``size`` rows of one kind, under one digest.

    ``stated_at`` is the caller's now, ``recorded_at`` the database's clock after the row locks,
    ``xid`` the transaction, by which sealing knows that it has ended.
    """

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.BigIntegerField()
    kind = models.TextField()
    size = models.IntegerField()
    stated_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    xid = models.BigIntegerField()
    digest = models.BinaryField()

    class Meta:
        """Append-only."""

        db_table = "ledger_batch"


class LedgerSeal(models.Model):
    """A link of the chain over all batches: ``hash`` covers the batch and the seal before it."""

    pk = models.CompositePrimaryKey("tenant_id", "number")
    tenant_id = models.CharField(max_length=40)
    number = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        """Append-only; a batch is sealed once."""

        db_table = "ledger_seal"

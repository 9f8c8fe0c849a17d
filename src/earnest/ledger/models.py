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
    """What an account holds now: the only row of the ledger that changes, by the functions only."""

    pk = models.CompositePrimaryKey("tenant_id", "account_id")
    tenant_id = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
    posted_fen = models.BigIntegerField()
    held_fen = models.BigIntegerField()
    floor_fen = models.BigIntegerField(null=True)
    ceiling_fen = models.BigIntegerField(null=True)
    seq = models.BigIntegerField()

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
    """One amount from the debit account to the credit account; its id is given by the caller."""

    pk = models.CompositePrimaryKey("tenant_id", "id")
    tenant_id = models.CharField(max_length=40)
    id = models.UUIDField()
    batch_id = models.BigIntegerField()
    ord = models.IntegerField()
    group_id = models.UUIDField(null=True)
    kind = models.TextField()
    pending_id = models.UUIDField(null=True)
    debit_account_id = models.BigIntegerField()
    credit_account_id = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    reason_id = models.UUIDField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        """Append-only."""

        db_table = "ledger_transfer"


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

    class Meta:
        """Append-only."""

        db_table = "ledger_refusal"


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

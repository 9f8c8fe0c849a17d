"""Holds, captures, freezes, reversals, months that are closed; the rest is in SQL beside this."""

from pathlib import Path

from django.db import migrations, models

_FILES = (
    "0003_tables.sql",
    "0003_digests.sql",
    "0003_rules.sql",
    "0003_deciding.sql",
    "0003_writing.sql",
    "0003_posting.sql",
    "0003_closing.sql",
    "0002_rights.sql",  # once more, for the new functions
)


def _key(*columns):
    return models.CompositePrimaryKey(
        *columns, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_database_rules")]

    operations = [
        migrations.AddField("LedgerBalance", "frozen", models.IntegerField(db_default=0)),
        migrations.AlterField(
            "LedgerTransfer", "credit_account_id", models.BigIntegerField(null=True)
        ),
        migrations.AddField("LedgerTransfer", "asked_fen", models.BigIntegerField(null=True)),
        migrations.AddField("LedgerTransfer", "final", models.BooleanField(db_default=False)),
        migrations.AddField("LedgerTransfer", "expires_at", models.DateTimeField(null=True)),
        migrations.AddField("LedgerRefusal", "pending_id", models.UUIDField(null=True)),
        migrations.AddField("LedgerRefusal", "final", models.BooleanField(db_default=False)),
        migrations.AddField("LedgerRefusal", "expires_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="LedgerHold",
            fields=[
                ("pk", _key("tenant_id", "id")),
                ("tenant_id", models.CharField(max_length=40)),
                ("id", models.UUIDField()),
                ("account_id", models.BigIntegerField()),
                ("credit_account_id", models.BigIntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("remaining_fen", models.BigIntegerField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "ledger_hold"},
        ),
        migrations.CreateModel(
            name="LedgerClosing",
            fields=[
                ("pk", _key("tenant_id", "month")),
                ("tenant_id", models.CharField(max_length=40)),
                ("month", models.DateField()),
                ("ends_at", models.DateTimeField()),
                ("closed_by", models.TextField()),
                ("closed_at", models.DateTimeField()),
                ("batch_id", models.BigIntegerField()),
                ("ord", models.IntegerField()),
            ],
            options={"db_table": "ledger_closing"},
        ),
        *(
            # One statement list per file, not one text: Django would cut a text at semicolons.
            migrations.RunSQL([Path(__file__).with_name(name).read_text(encoding="utf-8")])
            for name in _FILES
        ),
    ]

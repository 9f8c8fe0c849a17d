"""Limits, guards and functions of the ledger, in the SQL files beside this one."""

from pathlib import Path

from django.db import migrations

_FILES = (
    "0002_tables.sql",
    "0002_digests.sql",
    "0002_accounts.sql",
    "0002_writing.sql",
    "0002_posting.sql",
    "0002_sealing.sql",
    "0002_rights.sql",
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    # One statement list per file, not one text: Django would cut a text at semicolons.
    operations = [
        migrations.RunSQL([Path(__file__).with_name(name).read_text(encoding="utf-8")])
        for name in _FILES
    ]

"""Plans of posting that do not depend on statistics; the SQL is in the file beside this one."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_kinds")]

    operations = [
        migrations.RunSQL([Path(__file__).with_name(name).read_text(encoding="utf-8")])
        for name in ("0004_plans.sql", "0004_writing.sql")
    ]

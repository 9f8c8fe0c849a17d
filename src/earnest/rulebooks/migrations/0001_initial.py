"""The table of editions, which another room held until now: its rows stay where they are."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("decisions", "0002_editions_move")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="PackEdition",
                    fields=[
                        (
                            "hash",
                            models.CharField(max_length=64, primary_key=True, serialize=False),
                        ),
                        ("rulebook", models.CharField(max_length=80)),
                        ("text", models.TextField()),
                        ("recorded_at", models.DateTimeField()),
                    ],
                ),
            ]
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="packedition",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'earnest: rows of % are never touched by %', TG_TABLE_NAME, TG_OP;",
                    hash="c13acd7903fac01588725da41547497e71aaed08",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_d73ad",
                    table="rulebooks_packedition",
                    when="BEFORE",
                ),
            ),
        ),
    ]

"""The table of editions moves to the room of rulebooks with all its rows."""

import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="packedition", name="append_only"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE decisions_packedition RENAME TO rulebooks_packedition",
                    "ALTER TABLE rulebooks_packedition RENAME TO decisions_packedition",
                )
            ],
            state_operations=[migrations.DeleteModel(name="PackEdition")],
        ),
    ]

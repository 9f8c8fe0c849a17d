"""Assumed values are confirmed by themselves now, not by a standing order."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("decisions", "0002_editions_move")]

    operations = [migrations.RemoveField(model_name="standingorder", name="confirms")]

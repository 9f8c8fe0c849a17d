"""Mark the figures that open appeals dispute on every ticket that names them."""

from typing import ClassVar

from django.db import migrations

MARK = """
    UPDATE tickets_ticketitem i SET under_appeal = true
    FROM tickets_ticket t, appeals_appealitem a, tickets_ticketitem own, tickets_ticket o
    WHERE a.open AND own.ticket_id = a.ticket_id AND own.position = a.position
        AND own.kind = 'figure' AND o.id = own.ticket_id
        AND t.id = i.ticket_id AND t.tenant_id = o.tenant_id
        AND t.subject_kind = o.subject_kind AND t.subject_id = o.subject_id
        AND i.kind = own.kind AND i.about = own.about
"""


class Migration(migrations.Migration):
    """Appeals filed before figures were marked hold the money of other tickets from now on."""

    dependencies: ClassVar = [
        ("appeals", "0001_initial"),
        ("tickets", "0002_figures_disputed"),
    ]
    operations: ClassVar = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]

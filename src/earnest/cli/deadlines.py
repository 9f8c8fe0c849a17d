"""``earnest deadlines``: what is due by when, whom it binds, and what follows."""

import click

from earnest.cli.options import SUBJECT, edge_now, tenant
from earnest.cli.output import emit, reading
from earnest.kernel.calendar import day_of
from earnest.work.deadlines import KINDS, deadlines_of


@click.command()
@click.option("--subject", type=SUBJECT, help="Only of this party.")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@click.option("--overdue", is_flag=True, help="Only what should have been done.")
@reading
def deadlines(
    *, subject: tuple[str, str] | None, kind: str | None, overdue: bool, output_format: str
) -> None:
    """List what is due, what is overdue and nearest in front; a last day is included."""
    now = edge_now()
    rows = [
        {
            "due_on": each.due_on,
            "days_left": each.days_left(day_of(now)),
            "kind": each.kind,
            "subject": ":".join(each.subject),
            "bound": each.bound,
            "what": each.what.en,
            "after": each.after.en,
            "clause": each.clause,
            "path": each.path,
        }
        for each in deadlines_of(tenant(), subject, now)
        if kind in (None, each.kind) and (not overdue or each.days_left(day_of(now)) < 0)
    ]
    emit(rows, output_format)

"""Commands that assess: ``earnest cycle`` and ``earnest day``."""

from datetime import UTC, date, datetime

import click

from earnest.assessment.commands import CycleSummary, cycle_run
from earnest.cases.daily import deposits_look
from earnest.cli.options import DAY, MONTH, edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.kernel.calendar import Month, day_start


def summary_rows(summary: CycleSummary) -> list[dict[str, object]]:
    """Return a cycle's summary as one row."""
    return [
        {
            "month": str(summary.month),
            "as_of": summary.as_of,
            "changed": summary.changed,
            **summary.counts,
            "refused": len(summary.refused),
            "late_figures": len(summary.late),
            "seconds": f"{sum(summary.stations.values()):.2f}",
        }
    ]


@click.command()
@click.option("--month", type=MONTH, required=True, help="The month to assess.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Known until then.")
@reading
def cycle(month: Month, as_of: datetime | None, output_format: str) -> None:
    """Assess all providers and shops for a month: measures, findings, decisions, effects.

    A month that was assessed before is measured again and compared; nothing else changes.
    """
    with progress_console.status(f"{month}") as status:
        summary = cycle_run(
            tenant(),
            month,
            now=edge_now(),
            as_of=as_of.astimezone(UTC) if as_of else None,
            progress=lambda station: status.update(f"{month} · {station}"),
        )
    emit(summary_rows(summary), output_format)
    for problem in summary.refused:
        progress_console.print(f"not judged: {problem}\n            {problem.zh}")
    if not summary.changed:
        progress_console.print(f"{month}: nothing changed")
    if summary.late:
        progress_console.print(
            f"{month}: {len(summary.late)} figures differ from those that were judged (late or "
            "corrected events); the decisions stand as they were made"
        )


@click.command()
@click.option("--on", type=DAY, help="The day; today when left out.")
@reading
def day(on: date | None, output_format: str) -> None:
    """Look at a day: cash in, recoveries, set-offs, shortages, releases, cases that time moves."""
    now = day_start(on) if on else edge_now()
    look = deposits_look(tenant(), now)
    emit([{"at": now, **look.counts()}], output_format)
    for problem in look.problems:
        progress_console.print(f"not done: {problem}\n          {problem.zh}")

"""``earnest work``: the worker, its jobs and its alerts."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event

import click
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from earnest.cli.options import edge_now, tenant
from earnest.cli.output import emit, progress_console, reading
from earnest.cli.payouts import rails_configured
from earnest.deliveries.sending import Sender
from earnest.deliveries.wire import Http
from earnest.kernel.calendar import MARKET_ZONE
from earnest.payouts.advancing import payouts_advance
from earnest.work.jobs import JOBS, Job, Summary
from earnest.work.outgoing import outgoing_tell
from earnest.work.queries import DONE, alerts_listed, alerts_open, last_runs
from earnest.work.schedule import Every
from earnest.work.worker import Ran, due_run, next_due

SLEEP_SECONDS_MAX = 60  # a failed job is tried again, and a simulated clock may be set
ALERTS_MAX = 1_000


def _payouts(tenant_id: str, now: datetime) -> Summary:
    run = payouts_advance(tenant_id, rails_configured(os.environ), now)
    return {outcome: len(numbers) for outcome, numbers in vars(run).items() if numbers}


def _outgoing(tenant_id: str, now: datetime) -> Summary:
    sender = Sender(clock=_clock, http=Http(loopback=settings.WEBHOOKS_LOOPBACK))
    return outgoing_tell(tenant_id, sender, now)


def _clock() -> datetime:
    return datetime.now(UTC)


ALL_JOBS = (Job("payouts", Every(5), _payouts), *JOBS, Job("outgoing", Every(1), _outgoing))
"""With those that speak to the outside, which only an edge can reach."""


@click.group(invoke_without_command=True)
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.pass_context
def work(context: click.Context, *, once: bool) -> None:
    """Do what is due, each job once per slot, until SIGTERM or Ctrl-C.

    Any number of workers may run. The exit status of --once is 1 when a job failed.
    """
    if context.invoked_subcommand is not None:
        return
    if once:
        if not all(each.outcome == DONE for each in _round(edge_now())):
            context.exit(1)
        return
    with _stopped_by_signals() as stopped:
        while not stopped.is_set():
            now = _round_or_wait()
            left = (next_due(now, ALL_JOBS) - now).total_seconds()
            stopped.wait(min(left, SLEEP_SECONDS_MAX))
    progress_console.print("the worker has ended in order")


def _round_or_wait() -> datetime:
    """Do what is due now; a database that is away for a while is asked again later."""
    close_old_connections()
    now = datetime.now(UTC)
    try:
        now = edge_now()
        _round(now)
    except DatabaseError as error:
        progress_console.print(f"the database did not answer, trying again: {error}")
    return now


def _round(now: datetime) -> list[Ran]:
    ran = due_run(tenant(), now, ALL_JOBS)
    for each in ran:
        told = each.error or ", ".join(f"{key} {value}" for key, value in each.summary.items())
        slot = each.slot.astimezone(MARKET_ZONE)
        line = f"{slot:%Y-%m-%d %H:%M} {each.job}: {each.outcome} {told}".rstrip()
        progress_console.print(line, soft_wrap=True, markup=False)
    return ran


@contextmanager
def _stopped_by_signals() -> Iterator[Event]:
    """Let SIGTERM and Ctrl-C ask for an end; the job that runs is finished first."""
    stopped = Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@work.command("list")
@reading
def job_list(*, output_format: str) -> None:
    """List the jobs: when they are due, what came of their last slot, and open alerts."""
    now, runs = edge_now(), last_runs(tenant())
    rows = []
    for job in ALL_JOBS:
        run = runs.get(job.name)
        rows.append(
            {
                "job": job.name,
                "due": str(job.schedule),
                "last_slot": run.slot if run else None,
                "outcome": run.outcome if run else "",
                "tries": run.tries if run else 0,
                "error": run.error if run else "",
                "next_slot": job.schedule.after(job.schedule.slot(now)),
            }
        )
    emit(rows, output_format)
    for alert in alerts_open(tenant()):
        progress_console.print(f"ALERT {alert}: {alert.found} found: {', '.join(alert.ids[:5])}")


@work.command()
@click.option("--all", "with_resolved", is_flag=True, help="Resolved ones too, the newest first.")
@reading
def alerts(*, with_resolved: bool, output_format: str) -> None:
    """List what does not hold: open alerts with the ids of what breaks the rule."""
    found = alerts_listed(tenant(), ALERTS_MAX) if with_resolved else alerts_open(tenant())
    rows = [
        {
            "name": each.name,
            "found": each.found,
            "first_seen_at": each.first_seen_at,
            "last_seen_at": each.last_seen_at,
            "resolved_at": each.resolved_at,
            "ids": each.ids,
        }
        for each in found
    ]
    emit(rows, output_format)

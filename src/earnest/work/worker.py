"""Doing what is due, once per slot, by however many workers there are.

A job is claimed by a lock of the worker's session on its name, so that it ends with the session:
when a worker dies, the lock is free and the slot is not finished, and the next look runs it again.
The row of the slot says whether it was done; both are asked together, so no slot is done twice.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from earnest.kernel.errors import EarnestError
from earnest.ledger.records import Check
from earnest.work.commands import alerts_review
from earnest.work.jobs import JOBS, Job, Summary
from earnest.work.models import WorkRun
from earnest.work.queries import DONE, FAILED, RUNNING, SUPERSEDED

RETRY_AFTER = timedelta(minutes=5)
ERROR_LENGTH_MAX = 2_000
_LOCK = "hashtextextended('earnest-work:' || %s || ':' || %s, 0)"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ran:
    """What came of one job's slot, when this worker ran it."""

    job: str
    slot: datetime
    outcome: str
    summary: Summary = field(default_factory=dict)
    error: str = ""


def due_run(tenant_id: str, now: datetime, jobs: Sequence[Job] = JOBS) -> list[Ran]:
    """Run every job whose slot is not done yet; return what was run by us.

    Only the slot that now lies in is run: what was missed while no worker ran is not made up for.
    A job that fails raises an alert ``job_<name>``, is tried again after some minutes within its
    slot, and does not stop the others.
    """
    return [ran for job in jobs if (ran := job_run(tenant_id, job, now)) is not None]


def next_due(now: datetime, jobs: Sequence[Job] = JOBS) -> datetime:
    """Return when the next slot of any job begins."""
    return min(job.schedule.after(job.schedule.slot(now)) for job in jobs)


def job_run(tenant_id: str, job: Job, now: datetime) -> Ran | None:
    """Run a job's slot, unless it is done, or being done, or failed just now: then None."""
    with _claimed(tenant_id, job.name) as claimed:
        run = _begun(tenant_id, job, now) if claimed else None
        if run is None:
            return None
        try:
            summary = job.work(tenant_id, now)
        except Exception as error:  # whatever went wrong, the other jobs go on
            _log.exception("the job %s of slot %s failed", job.name, run.slot)
            if not connection.in_atomic_block:  # there the caller's roll-back comes first
                connection.close_if_unusable_or_obsolete()
            return _failed(run, error, now)
        _ended(run, now, DONE, summary=summary)
        _told(run, Check(f"job_{job.name}", ok=True, detail="", detail_zh=""), now)
        return Ran(job.name, run.slot, DONE, summary)


@contextmanager
def _claimed(tenant_id: str, job: str) -> Iterator[bool]:
    """Hold the job's lock for the length of a block; false when another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({_LOCK})", [tenant_id, job])
        (claimed,) = cursor.fetchone()
    try:
        yield claimed
    finally:
        if claimed:
            _let_go(tenant_id, job)


def _let_go(tenant_id: str, job: str) -> None:
    """Give the lock back; a session that cannot any more is ended, and its locks with it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({_LOCK})", [tenant_id, job])
    except DatabaseError:
        connection.close()


@transaction.atomic
def _begun(tenant_id: str, job: Job, now: datetime) -> WorkRun | None:
    """Note the beginning of a try; None when the slot needs none."""
    slot = job.schedule.slot(now)
    runs = WorkRun.objects.filter(tenant_id=tenant_id, job=job.name)
    WorkRun.objects.bulk_create(
        [WorkRun(tenant_id=tenant_id, job=job.name, slot=slot, started_at=now, outcome=RUNNING)],
        ignore_conflicts=True,
    )
    run = runs.select_for_update().get(slot=slot)
    if run.finished_at is not None:
        return None
    if run.outcome == FAILED and now < run.started_at + RETRY_AFTER:
        return None
    run.started_at, run.outcome, run.tries = now, RUNNING, run.tries + 1
    run.save(update_fields=["started_at", "outcome", "tries"])
    runs.filter(slot__lt=slot, finished_at=None).update(finished_at=now, outcome=SUPERSEDED)
    return run


def _failed(run: WorkRun, error: Exception, now: datetime) -> Ran:
    said = str(error) if isinstance(error, EarnestError) else f"{type(error).__name__}: {error}"
    said = said[:ERROR_LENGTH_MAX]
    _ended(run, now, FAILED, error=said)
    check = Check(f"job_{run.job}", ok=False, detail=said, detail_zh=said, ids=(said,))
    _told(run, check, now)
    return Ran(run.job, run.slot, FAILED, error=said)


def _ended(
    run: WorkRun, now: datetime, outcome: str, *, summary: Summary | None = None, error: str = ""
) -> None:
    """Note the end of a try, unless another worker has begun a later one."""
    WorkRun.objects.filter(pk=run.pk, tries=run.tries, finished_at=None).update(
        outcome=outcome,
        finished_at=now if outcome == DONE else None,
        summary=summary or {},
        error=error,
    )


def _told(run: WorkRun, check: Check, now: datetime) -> None:
    alerts_review(run.tenant_id, [check], now)

"""What-ifs that people start in the console: run beside the requests, one at a time per process.

What becomes of a run stands in a file, so every process of the web server can tell, and the file
of a run is locked while the run lives: a run whose process ended without a word is known by its
lock being free. Nothing here is needed to read a report: those are kept with their draft.
"""

import fcntl
import json
import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connections

from earnest.authoring.backdating import as_if_from
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.postgres.tenancy import tenant_scope
from earnest.rulebooks.commands import report_keep
from earnest.rulebooks.models import WhatIfReport
from earnest.rulebooks.queries import draft_get, draft_pack
from earnest.whatif.commands import run

RUNNING, DONE, FAILED, INTERRUPTED = "running", "done", "failed", "interrupted"
KEPT_MAX = 200
_log = logging.getLogger(__name__)
_runner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="what-if")


@dataclass(frozen=True)
class Job:
    """A what-if that somebody started: what it compares, how far it is, what came of it.

    Attributes:
        as_if_from: the day from which the draft is taken to hold; empty for its own day.
        state: running, done, failed, or interrupted (its process ended without a word).
        report_id: the number of the kept report, once it is done.
        zh, en: what went wrong.
    """

    id: str
    tenant_id: str
    draft_hash: str
    first: str
    last: str
    asked_by: str
    asked_at: str
    as_if_from: str = ""
    state: str = RUNNING
    report_id: int = 0
    zh: str = ""
    en: str = ""


def _folder(tenant_id: str) -> Path:
    folder = Path(settings.EARNEST_HOME) / "whatif" / tenant_id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(job: Job) -> None:
    path = _folder(job.tenant_id) / f"{job.id}.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(job), ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)


def job_start(
    tenant_id: str,
    draft_hash: str,
    period: tuple[Month, Month],
    *,
    as_if: bool,
    asked_by: str,
    now: datetime,
) -> Job:
    """Start a what-if of a draft over months, and return at once.

    Takes: ``as_if`` lets the draft hold from the first of these months on; otherwise it holds from
    its own day.

    Raises:
        NotFound: there is no such draft.
    """
    pack = draft_pack(draft_hash)
    first, last = period
    job = Job(
        id=str(uuid4()),
        tenant_id=tenant_id,
        draft_hash=pack.hash,
        first=str(first),
        last=str(last),
        asked_by=asked_by,
        asked_at=now.isoformat(),
        as_if_from=str(first.first_day) if as_if else "",
    )
    _write(job)
    lock = (_folder(tenant_id) / f"{job.id}.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    _tidy(tenant_id)
    _runner.submit(_run, job, lock, now).add_done_callback(_complain)
    return job


def _complain(ended: "Future[None]") -> None:
    """Log what nobody foresaw; the run then reads as interrupted."""
    error = ended.exception()
    if error is not None:
        _log.error("a what-if ended unforeseen", exc_info=error)


def _run(job: Job, lock: IO[str], now: datetime) -> None:
    """Run a what-if and write what came of it; the lock is let go whatever happens."""
    try:
        with tenant_scope(job.tenant_id):
            _write(_ran(job, now))
    finally:
        lock.close()
        connections.close_all()


def _ran(job: Job, now: datetime) -> Job:
    try:
        kept = report_made(job, now)
    except EarnestError as error:
        problem = error.problem
        return replace(job, state=FAILED, zh=problem.zh, en=problem.en)
    return replace(job, state=DONE, report_id=kept.pk)


def report_made(job: Job, now: datetime) -> WhatIfReport:
    """Judge history under a draft, keep the report with the draft, and return it.

    Raises:
        EarnestError: what the draft or the period lack.
    """
    row, pack = draft_get(job.draft_hash, day_of(now)), draft_pack(job.draft_hash)
    if job.as_if_from:
        pack = as_if_from(pack, row.instruments, date.fromisoformat(job.as_if_from))
    report = run(job.tenant_id, pack, Month.parse(job.first), Month.parse(job.last))
    told = report.as_dict() | {"as_if_from": job.as_if_from}
    return report_keep(job.draft_hash, told, now=now, made_by=job.asked_by)


def job_get(tenant_id: str, job_id: UUID) -> Job:
    """Return a what-if that somebody started.

    Raises:
        NotFound: there is no such run, or it was long ago.
    """
    path = _folder(tenant_id) / f"{job_id}.json"
    try:
        job = Job(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise NotFound(
            "unknown_whatif",
            where=str(job_id),
            zh="没有这次试算，或已被清理；报告保存在修订的页面上。",
            en="there is no such run, or it was tidied away; reports are on the draft's page",
        ) from error
    if job.state == RUNNING and not _alive(path):
        again = Job(**json.loads(path.read_text(encoding="utf-8")))  # it may just have ended
        return replace(again, state=INTERRUPTED) if again.state == RUNNING else again
    return job


def _alive(path: Path) -> bool:
    """Tell whether the process that runs it still holds its lock."""
    with path.with_suffix(".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _tidy(tenant_id: str) -> None:
    """Take away the files of the oldest runs."""
    kept = sorted(_folder(tenant_id).glob("*.json"), key=lambda each: each.stat().st_mtime)
    for path in kept[:-KEPT_MAX]:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)

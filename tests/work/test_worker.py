"""The worker does each slot once: with several workers, with failures, and after kill -9."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from earnest.cli.work import ALL_JOBS
from earnest.postgres.tenancy import tenant_scope
from earnest.work.jobs import JOBS, Job
from earnest.work.models import Alert, WorkRun
from earnest.work.queries import DONE, FAILED, RUNNING, SUPERSEDED, last_runs
from earnest.work.schedule import DailyAt, Every
from earnest.work.worker import RETRY_AFTER, due_run

NOW = datetime(2025, 9, 1, 4, tzinfo=UTC)
STEP = timedelta(minutes=15)
WORKERS = 4

DYING_WORKER = """
import sys
from datetime import datetime
import django
django.setup()
from earnest.work.jobs import Job
from earnest.work.schedule import Every
from earnest.work.worker import due_run

def work(tenant_id, now):
    print("in the middle", flush=True)
    sys.stdin.read()

due_run(sys.argv[1], datetime.fromisoformat(sys.argv[2]), [Job("probe", Every(15), work)])
"""

WORKING_WORKER = """
import django
django.setup()
from earnest.cli.work import work
work([], standalone_mode=False)
"""


def _job(work: Callable[[str, datetime], dict[str, Any]], name: str = "probe") -> Job:
    return Job(name, Every(15), work)


def _done(_tenant_id: str, _now: datetime) -> dict[str, Any]:
    return {"did": 1}


def _in_own_session(work: Callable[[], Any]) -> Any:
    """Do something in a thread with a database session of its own."""

    def session() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(session).result()


def test_a_slot_is_done_once(committed_tenant: str) -> None:
    """The first look runs the job; later looks of the slot run nothing; the next slot runs again.

    What was missed while no worker ran is not made up for.
    """
    jobs = [_job(_done), Job("daily", DailyAt(2), _done)]
    assert [ran.job for ran in due_run(committed_tenant, NOW, jobs)] == ["probe", "daily"]
    assert due_run(committed_tenant, NOW + timedelta(minutes=14), jobs) == []
    assert [ran.slot for ran in due_run(committed_tenant, NOW + 9 * STEP, jobs)] == [NOW + 9 * STEP]
    assert WorkRun.objects.filter(tenant_id=committed_tenant, job="probe").count() == 2
    run = last_runs(committed_tenant)["probe"]
    assert (run.outcome, run.summary, run.tries) == (DONE, {"did": 1}, 1)


def test_four_workers_do_each_slot_once(committed_tenant: str) -> None:
    """Of four sessions that look at the same time, exactly one works, slot by slot."""
    worked: list[datetime] = []
    start = Barrier(WORKERS)

    def work(_tenant_id: str, now: datetime) -> dict[str, Any]:
        worked.append(now)
        return {}

    def session(_number: int) -> int:
        try:
            ran = 0
            for turn in range(25):
                start.wait(timeout=30)
                ran += len(due_run(committed_tenant, NOW + turn * STEP, [_job(work)]))
            return ran
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        assert sum(pool.map(session, range(WORKERS))) == 25
    assert Counter(worked) == Counter(NOW + turn * STEP for turn in range(25))


def test_a_job_that_runs_is_left_to_its_worker(committed_tenant: str) -> None:
    """While one worker is in the middle of a job, another one does not begin it."""
    meanwhile: list[object] = []

    def work(tenant_id: str, now: datetime) -> dict[str, Any]:
        meanwhile.append(_in_own_session(lambda: due_run(tenant_id, now, [_job(_done)])))
        return {}

    assert len(due_run(committed_tenant, NOW, [_job(work)])) == 1
    assert meanwhile == [[]]


def test_a_killed_worker_s_slot_is_run_again(committed_tenant: str) -> None:
    """After kill -9 in the middle of a job its lock is free, its slot is not done: it runs."""
    command = [sys.executable, "-c", DYING_WORKER, committed_tenant, NOW.isoformat()]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(committed_tenant),
        text=True,
    ) as worker:
        assert worker.stdout.readline() == "in the middle\n"
        assert due_run(committed_tenant, NOW, [_job(_done)]) == []
        worker.kill()
    _wait_for_free_lock(committed_tenant)
    assert last_runs(committed_tenant)["probe"].outcome == RUNNING
    assert [ran.outcome for ran in due_run(committed_tenant, NOW, [_job(_done)])] == [DONE]
    run = last_runs(committed_tenant)["probe"]
    assert (run.outcome, run.tries) == (DONE, 2)


def _environment(tenant_id: str) -> dict[str, str]:
    """Return the environment in which another process works on the tests' database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return os.environ | {
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "earnest.settings",
        "EARNEST_TENANT": tenant_id,
    }


def test_sigterm_ends_the_worker_in_order(committed_tenant: str) -> None:
    """The command does what is due, waits for the next slot, and ends by itself when asked to."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKING_WORKER],
        stderr=subprocess.PIPE,
        env=_environment(committed_tenant),
        text=True,
    ) as worker:
        told = []
        for line in worker.stderr:
            told.append(line)
            if "quick_verify" in line:
                worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
    assert "ended in order" in told[-1]
    runs = last_runs(committed_tenant)
    assert {run.outcome for run in runs.values()} == {DONE}
    assert set(runs) == {job.name for job in ALL_JOBS}


def _wait_for_free_lock(tenant_id: str) -> None:
    """Wait until the server has noticed that the session's process is gone."""
    with connection.cursor() as cursor:
        key = f"hashtextextended('earnest-work:{tenant_id}:probe', 0)"
        cursor.execute(f"SELECT pg_advisory_lock({key}), pg_advisory_unlock({key})")


def test_a_slot_that_never_ended_is_superseded(committed_tenant: str) -> None:
    """When the next slot comes first, the one that died is closed, so that nothing looks alive."""
    WorkRun.objects.create(
        tenant_id=committed_tenant, job="probe", slot=NOW, started_at=NOW, outcome=RUNNING, tries=1
    )
    due_run(committed_tenant, NOW + STEP, [_job(_done)])
    outcomes = WorkRun.objects.filter(tenant_id=committed_tenant).order_by("slot")
    assert [run.outcome for run in outcomes] == [SUPERSEDED, DONE]


def test_a_failing_job_is_tried_again_and_told(committed_tenant: str) -> None:
    """It does not stop the others; after some minutes it is tried again; its alert is resolved."""
    broken = [True]

    def work(_tenant_id: str, _now: datetime) -> dict[str, Any]:
        if broken[0]:
            raise ValueError("the rail is away")
        return {}

    jobs = [_job(work), _job(_done, "other")]
    assert [ran.outcome for ran in due_run(committed_tenant, NOW, jobs)] == [FAILED, DONE]
    alert = Alert.objects.get(tenant_id=committed_tenant)
    assert (alert.name, alert.ids) == ("job_probe", ["ValueError: the rail is away"])
    assert due_run(committed_tenant, NOW + RETRY_AFTER / 2, jobs) == []
    broken[0] = False
    (ran,) = due_run(committed_tenant, NOW + RETRY_AFTER, jobs)
    assert (ran.slot, ran.outcome) == (NOW, DONE)
    alert.refresh_from_db()
    assert alert.resolved_at == NOW + RETRY_AFTER


def test_a_try_without_its_lock_writes_over_nothing(committed_tenant: str) -> None:
    """A worker whose session was lost lets the slot to the next one, whose word stands."""

    def work(tenant_id: str, now: datetime) -> dict[str, Any]:
        connection.close()  # as when the server is restarted in the middle
        _in_own_session(lambda: due_run(tenant_id, now, [_job(_done)]))
        return {"did": "too late"}

    due_run(committed_tenant, NOW, [_job(work)])
    run = last_runs(committed_tenant)["probe"]
    assert (run.tries, run.summary) == (2, {"did": 1})


def test_a_job_in_a_broken_session_is_noted(committed_tenant: str) -> None:
    """When the database ends the session in the middle, the failure is noted in a new one."""

    def work(_tenant_id: str, _now: datetime) -> dict[str, Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return {}

    (ran,) = due_run(committed_tenant, NOW, [_job(work)])
    assert ran.outcome == FAILED
    assert last_runs(committed_tenant)["probe"].outcome == FAILED
    assert due_run(committed_tenant, NOW + RETRY_AFTER, [_job(_done)])[0].outcome == DONE


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_each_job_of_the_table_runs(db: None, as_app_role: None, job: Job) -> None:
    """Every job works as the working role, on an empty market, and again without harm."""
    with tenant_scope("empty"):
        for turn in range(2):
            (ran,) = due_run("empty", NOW + turn * timedelta(days=1), [job])
            assert (ran.outcome, ran.error) == (DONE, "")

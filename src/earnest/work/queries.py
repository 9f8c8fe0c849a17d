"""What the worker did last, and which alerts are open."""

from datetime import datetime

from earnest.work.models import Alert, WorkRun

DONE, FAILED, RUNNING, SUPERSEDED = "done", "failed", "running", "superseded"


def alerts_open(tenant_id: str) -> list[Alert]:
    """Return the alerts that nobody and nothing has resolved, the oldest first."""
    rows = Alert.objects.filter(tenant_id=tenant_id, resolved_at=None)
    return list(rows.order_by("first_seen_at", "name"))


def alerts_listed(tenant_id: str, limit: int) -> list[Alert]:
    """Return the newest alerts, open and resolved."""
    rows = Alert.objects.filter(tenant_id=tenant_id).order_by("-first_seen_at", "name")
    return list(rows[:limit])


def last_runs(tenant_id: str) -> dict[str, WorkRun]:
    """Return the run of each job's last slot."""
    rows = WorkRun.objects.filter(tenant_id=tenant_id)
    return {row.job: row for row in rows.order_by("job", "-slot").distinct("job")}


def done_last_at(tenant_id: str, job: str) -> datetime | None:
    """Return when the last run of a job that was done to its end began; None for never."""
    rows = WorkRun.objects.filter(tenant_id=tenant_id, job=job, outcome=DONE)
    return rows.order_by("-slot").values_list("started_at", flat=True).first()

"""Complaints in the feed: each one against a provider becomes a report, once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb

from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of
from earnest.kernel.errors import EarnestError, Problem
from earnest.market.models import Provider
from earnest.violations.models import Violation
from earnest.violations.reports import Report, ReportItem, violation_report

INTAKE_DAYS: Final = 31
"""How far back openings are looked for; what came in late is still taken, what is older is not."""
SOURCE_OF: Final = {
    "complaint": "complaint",
    "violation_report": "report",
    "regulator_action": "regulator",
}
KIND_OF: Final = {
    "complaint": "slack_service",
    "violation_report": "other_violation",
    "regulator_action": "other_violation",
}
OPENED: Final = """
SELECT
  case_id,
  ANY_VALUE(case_kind) AS case_kind,
  ANY_VALUE(opened_against) FILTER (opened_against IS NOT NULL) AS opened_against,
  MIN(occurred_us) AS opened_us,
  MAX(loss_fen) AS loss_fen,
  ARG_MAX(outcome, ROW(occurred_us, seq)) FILTER (outcome IS NOT NULL) AS outcome
FROM read_parquet($files)
WHERE case_kind IN ('complaint', 'violation_report', 'regulator_action')
  AND occurred_us <= $until_us
GROUP BY case_id
HAVING MIN(occurred_us) > $from_us
ORDER BY opened_us, case_id
"""


def complaints_follow(tenant_id: str, now: datetime) -> tuple[list[str], list[Problem]]:
    """Report what was opened against providers lately; return the numbers and what went wrong.

    A case that was decided in the provider's favour accuses it of nothing.
    """
    files = event_files(tenant_id, "case_event")
    if not files:
        return [], []
    known = set(Provider.objects.filter(tenant_id=tenant_id).values_list("provider_id", flat=True))
    taken = set(
        Violation.objects.filter(tenant_id=tenant_id, source__in=SOURCE_OF.values())
        .exclude(about="")
        .values_list("about", flat=True)
    )
    numbers: list[str] = []
    problems: list[Problem] = []
    for row in _opened(files, now):
        provider_id = str(row[2] or "").removeprefix("provider:")
        if provider_id not in known or row[5] in ("rejected", "withdrawn") or _about(row) in taken:
            continue
        try:
            made = violation_report(tenant_id, _report(provider_id, row), now)
        except EarnestError as refused:
            problems.append(refused.problem)
            continue
        if made.reported_at == now:
            numbers.append(made.number)
    return numbers, problems


def _opened(files: Sequence[str], now: datetime) -> list[tuple[Any, ...]]:
    asked = {
        "files": list(files),
        "until_us": micros_of(now),
        "from_us": micros_of(now - timedelta(days=INTAKE_DAYS)),
    }
    with duckdb.connect() as connection:
        return connection.execute(OPENED, asked).fetchall()


def _report(provider_id: str, row: tuple[Any, ...]) -> Report:
    case_id, case_kind, _, opened_us, loss_fen, outcome = row
    facts: dict[str, Any] = {"case_id": case_id, "case_kind": case_kind}
    facts |= {"loss_fen": int(loss_fen)} if loss_fen else {}
    facts |= {"outcome": outcome} if outcome else {}
    item = ReportItem(KIND_OF[case_kind], "", day_of(instant_of(opened_us)), facts)
    return Report(
        subject=("provider", provider_id),
        source=SOURCE_OF[case_kind],
        items=(item,),
        actor="feed",
        note=f"{case_kind} {case_id}",
        about=_about(row),
    )


def _about(row: tuple[Any, ...]) -> str:
    return f"case_event {row[0]}"

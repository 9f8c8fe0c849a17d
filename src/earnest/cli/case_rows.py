"""How cases are listed and printed, whatever they are about."""

from collections.abc import Sequence
from typing import Any

from earnest.cases.models import Case
from earnest.cases.queries import CaseFilter, case_state, cases_found, decisions_of_case


def case_row(case: Case) -> dict[str, Any]:
    """Return a case and what it waits for, as a row to print."""
    decided = decisions_of_case(case)
    last = decided[-1] if decided else None
    return {
        "number": case.number,
        "kind": case.kind,
        "subject": f"{case.subject_kind}:{case.subject_id}",
        "state": case_state(case),
        "opened_at": case.opened_at,
        "outcome": last.outcome if last else None,
        "money_fen": last.money_fen if last else None,
        "decision": last.id if last else None,
        "decision_state": last.state if last else None,
        "approvals_needed": last.approvals_needed if last else None,
    }


def cases_listed(tenant_id: str, kind: str, *, only_open: bool) -> Sequence[Case]:
    """Return the cases of a kind, the newest first."""
    return list(cases_found(tenant_id, CaseFilter(kind=kind, state="open" if only_open else "")))

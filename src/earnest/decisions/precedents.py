"""What was decided about a subject before, for the rooms that must not propose a thing twice."""

from collections.abc import Mapping
from datetime import datetime

from earnest.decisions.commands import WAITING
from earnest.decisions.models import Decision


def subjects_waiting(tenant_id: str, decision: str, *outcomes: str) -> set[str]:
    """Return the ids of subjects for whom a decision (with such an outcome) waits for people."""
    rows = Decision.objects.filter(tenant_id=tenant_id, decision=decision, state=WAITING)
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    return set(rows.values_list("subject_id", flat=True))


def outcomes_since(
    tenant_id: str, kind: str, since: Mapping[str, datetime], *decisions: str
) -> dict[str, list[tuple[str, str]]]:
    """Return (outcome, state) of each such decision about subjects of a kind, in one query.

    Takes:
        since: the instant from which on decisions count, by the subject's id.
    """
    rows = Decision.objects.filter(
        tenant_id=tenant_id, subject_kind=kind, subject_id__in=list(since), decision__in=decisions
    ).order_by("seq")
    found: dict[str, list[tuple[str, str]]] = {}
    for subject_id, outcome, state, at in rows.values_list(
        "subject_id", "outcome", "state", "made_at"
    ):
        if at >= since[subject_id]:
            found.setdefault(subject_id, []).append((outcome, state))
    return found

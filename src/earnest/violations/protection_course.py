"""The course of a protective measure: it begins, and it ends with its cause, each told once."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from earnest.consequences.objects import WAITS as OBJECTS_WAIT
from earnest.consequences.protections import protection_end, protections_of
from earnest.decisions.commands import IN_EFFECT, REFUSED, WAITING, decision_locked, verdict_give
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.words import Words
from earnest.restrictions.queries import restrictions_of_decisions
from earnest.tickets.queries import OPEN_STATES as TICKET_OPEN
from earnest.tickets.queries import tickets_of_decisions
from earnest.violations.models import DISMISSED, FOUND, Protection, Violation
from earnest.violations.protection_queries import LAPSED, ended_because
from earnest.violations.queue import SYSTEM, violation_locked
from earnest.violations.reports import entry_add
from earnest.violations.sanctions import decisions_of_violation

LIFTED, NOT_FOUND, SETTLED = "lifted", "not_found", "settled"
WHY: Final = {
    LAPSED: Words(
        "保护措施期限届满，尚未作出认定，以下限制解除",
        "The last day of the protective measure is over and nothing is decided yet. What ended",
    ),
    LIFTED: Words(
        "审核人提前解除保护措施，以下限制解除",
        "A reviewer ended the protective measure early. What ended",
    ),
    DISMISSED: Words(
        "经审核不成立，保护措施解除，以下限制解除",
        "The report was not found, and the protective measure with it is over. What ended",
    ),
    NOT_FOUND: Words(
        "该项经审核不成立，保护措施解除，以下限制解除",
        "The item was not found, and the protective measure for it is over. What ended",
    ),
    SETTLED: Words(
        "审核已办结，后果以处罚决定为准，以下限制解除",
        "The review is over and the sanction says what follows. What ended",
    ),
}


def protections_follow(violation: Violation, now: datetime) -> bool:
    """Bring the protective measures of a violation up to what became of it; tell if any moved.

    Call it with the violation's row locked, whenever the violation or one of its decisions moved.
    """
    moved = False
    for row in violation.protections.filter(closed_at=None).order_by("put_at", "position"):
        decision = decision_locked(violation.tenant_id, row.decision_id)
        if decision.state == WAITING:
            moved |= _waiting_followed(violation, row, now)
        elif decision.state == IN_EFFECT:
            moved |= _in_force_followed(violation, row, decision, now)
        else:
            protection_close(row, violation, (REFUSED, SYSTEM, ""), now)
            moved = True
    return moved


def _waiting_followed(violation: Violation, row: Protection, now: datetime) -> bool:
    because = _over(violation, row, now)
    if not because:
        return False
    note = f"{WHY[because].zh.partition('，')[0]} / {WHY[because].en.partition('.')[0]}"
    verdict_give(
        violation.tenant_id, row.decision_id, verdict="refuse", actor=SYSTEM, reason=note, now=now
    )
    protection_close(row, violation, (because, SYSTEM, ""), now)
    return True


def _in_force_followed(
    violation: Violation, row: Protection, decision: Decision, now: datetime
) -> bool:
    begins = row.began_at is None
    if begins:
        _begun(row, violation, decision.settled_at or now)
    active = protections_of(violation.tenant_id, [decision.id])
    because = _over(violation, row, now) if active else _ended_elsewhere(decision)
    if because:
        if active:
            protection_end(decision, because, WHY[because], now)
        protection_close(row, violation, (because, SYSTEM, ""), now)
    return begins or bool(because)


def _begun(row: Protection, violation: Violation, at: datetime) -> None:
    row.began_at = at
    row.save(update_fields=["began_at"])
    if violation.told_at is None:
        violation.told_at = at
        violation.save(update_fields=["told_at"])
    protection_entry(row, violation, "protected", at, actor=row.put_by, note=row.reason)


def _over(violation: Violation, row: Protection, now: datetime) -> str:
    """Tell why a measure has to end by now; empty where its cause is still there."""
    if violation.state == DISMISSED:
        return DISMISSED
    if violation.state == FOUND:
        item = violation.items.get(position=row.position)
        if item.verdict == NOT_FOUND:
            return NOT_FOUND
        if violation.settled_at is not None and not _sanction_waits(violation, row.position):
            return SETTLED
    return LAPSED if day_of(now) > row.last_on else ""


def _sanction_waits(violation: Violation, position: int) -> bool:
    """Tell whether a sanction of the item restricts only once its ticket is in force."""
    waiting = [
        each.id
        for each in decisions_of_violation(violation).filter(state=IN_EFFECT)
        if (each.effect.get("waits") or each.effect.get(OBJECTS_WAIT))
        and any(int(one["position"]) == position for one in each.receipt["facts"]["items"])
    ]
    tickets = tickets_of_decisions(violation.tenant_id, waiting)
    return any(each.state in TICKET_OPEN for each in tickets.values())


def _ended_elsewhere(decision: Decision) -> str:
    return ended_because(restrictions_of_decisions(decision.tenant_id, [decision.id]))


def protection_close(
    row: Protection, violation: Violation, over: tuple[str, str, str], now: datetime
) -> None:
    """Note that a measure is over, or was never in force: why, by whom, and with what words."""
    because, actor, note = over
    row.closed_at, row.closed_because = now, because
    row.save(update_fields=["closed_at", "closed_because"])
    what = "protection_ended" if row.began_at is not None else "protection_dropped"
    protection_entry(row, violation, what, now, actor=actor, note=note)


def protection_entry(
    row: Protection, violation: Violation, what: str, at: datetime, *, actor: str, note: str = ""
) -> None:
    """Add a step about a measure to the story of its violation."""
    facts: dict[str, Any] = {"position": row.position, "measure": row.measure}
    facts |= {"because": row.closed_because} if row.closed_because else {}
    entry_add(violation, what, at, actor=actor, note=note, facts=facts)


def protections_look(tenant_id: str, now: datetime) -> list[str]:
    """Begin and end what is due, each violation in its own transaction; return their numbers."""
    rows = Protection.objects.filter(tenant_id=tenant_id, closed_at=None)
    moved: list[str] = []
    for number in sorted(set(rows.values_list("violation__number", flat=True))):
        with transaction.atomic():
            if protections_follow(violation_locked(tenant_id, number), now):
                moved.append(number)
    return moved

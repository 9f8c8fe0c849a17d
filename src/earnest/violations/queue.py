"""The review queue: what waits, in the order of its priority, and who has claimed what.

Two people never hold the same report: a claim locks its row, and the next report is looked for
among the rows that nobody else is holding at that moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from earnest.market.queries import decider_named
from earnest.violations.kinds import review_number
from earnest.violations.models import IN_REVIEW, OPEN_STATES, REPORTED, Violation, ViolationEntry
from earnest.violations.priority import Priority, priorities
from earnest.violations.reports import entry_add

SKIP_LASTS: Final = timedelta(hours=24)
SYSTEM: Final = "system"


@dataclass(frozen=True)
class Queued:
    """A report that waits or is being looked into.

    Attributes:
        due_on: the last day to settle it; after it the report is on the admin's list.
        turn_due_on: the party's last day to answer, while it has the word.
    """

    violation: Violation
    priority: Priority
    due_on: date
    turn_due_on: date | None
    overdue: bool


@dataclass(frozen=True)
class QueueFilter:
    """What narrows the queue; an empty field does not narrow.

    ``state`` is an open state, ``overdue`` shows only what should have been settled by now.
    """

    state: str = ""
    source: str = ""
    kind: str = ""
    subject_id: str = ""
    claimed_by: str = ""
    overdue: bool = False

    def conditions(self) -> Q:
        """Return the filter for the database."""
        found = Q(state=self.state) if self.state in OPEN_STATES else Q(state__in=OPEN_STATES)
        if self.source:
            found &= Q(source=self.source)
        if self.kind:
            found &= Q(items__kind=self.kind)
        if self.subject_id:
            found &= Q(subject_id__contains=self.subject_id)
        if self.claimed_by:
            found &= Q(claimed_by=self.claimed_by)
        return found


def queue(tenant_id: str, now: datetime, narrowed: QueueFilter | None = None) -> list[Queued]:
    """Return what is open, the most urgent first; of equals the oldest first."""
    chosen = narrowed or QueueFilter()
    rows = Violation.objects.filter(chosen.conditions(), tenant_id=tenant_id).distinct()
    found = _queued(tenant_id, rows, now)
    return [each for each in found if each.overdue] if chosen.overdue else found


def _queued(tenant_id: str, rows: QuerySet[Violation], now: datetime) -> list[Queued]:
    violations = list(rows.prefetch_related("items", "turns", "protections"))
    days, on = review_number("review_days", day_of(now)), day_of(now)
    found: list[Queued] = []
    for violation, priority in zip(violations, priorities(tenant_id, violations, now), strict=True):
        due_on = day_of(violation.reported_at) + timedelta(days=days)
        turn_due_on = next(
            (
                each.due_on
                for each in violation.turns.all()
                if each.answered_at is None and each.lapsed_at is None
            ),
            None,
        )
        late = on > due_on or (turn_due_on is not None and on > turn_due_on)
        found.append(Queued(violation, priority, due_on, turn_due_on, late))
    return sorted(found, key=lambda each: (-each.priority.score, each.violation.number))


def queued(tenant_id: str, violation: Violation, now: datetime) -> Queued:
    """Return one violation with its priority and clocks."""
    return _queued(tenant_id, Violation.objects.filter(id=violation.id), now)[0]


def may_decide(tenant_id: str, actor: str) -> bool:
    """Tell whether a person may decide, so that its own word counts as the first of two."""
    try:
        decider_named(tenant_id, actor)
    except NotAllowed:
        return False
    return True


def violation_locked(tenant_id: str, number: str) -> Violation:
    """Return a violation with its row locked for this transaction.

    Raises:
        NotFound: there is none.
    """
    row = Violation.objects.select_for_update().filter(tenant_id=tenant_id, number=number).first()
    if row is None:
        raise unknown(number)
    return row


def unknown(number: str) -> NotFound:
    """Return the error of a violation that is not there, or not yours to see."""
    return NotFound(
        "unknown_violation",
        where=number,
        zh=f"没有编号为 {number} 的违规记录，或您无权查看。",
        en=f"there is no violation {number!r}, or it is not yours to see",
    )


@transaction.atomic
def violation_claim(tenant_id: str, number: str, actor: str, now: datetime) -> Violation:
    """Take a report into review; the same person claims again to hold it longer.

    Raises:
        Conflict: another person holds it, or it is not open for review.
        NotAllowed: this person reported it.
        NotFound: there is none.
    """
    violation = violation_locked(tenant_id, number)
    if violation.reported_by == actor:
        raise NotAllowed(
            "own_report",
            where=number,
            zh="这是您本人提交的线索，须由他人审核。",
            en="you reported this yourself; another person reviews it",
        )
    if violation.state == IN_REVIEW and violation.claimed_by != actor and _holds(violation, now):
        raise Conflict(
            "claimed_by_another",
            where=number,
            zh=f"该线索已由 {violation.claimed_by} 领取；请领取下一件。",
            en=f"{violation.claimed_by} holds this one; take the next",
        )
    if violation.state not in (REPORTED, IN_REVIEW):
        raise _moved_on(violation)
    return _claimed(violation, actor, now)


def _holds(violation: Violation, now: datetime) -> bool:
    return violation.claimed_until is not None and violation.claimed_until > now


def _moved_on(violation: Violation) -> Conflict:
    return Conflict(
        "violation_moved_on",
        where=violation.number,
        zh="该违规记录的状态已变化，不能这样处理；请刷新页面。",
        en=f"the violation is {violation.state} by now; reload the page",
    )


def _claimed(violation: Violation, actor: str, now: datetime) -> Violation:
    minutes = review_number("claim_minutes", day_of(now))
    again = violation.state == IN_REVIEW and violation.claimed_by == actor
    violation.state, violation.claimed_by = IN_REVIEW, actor
    violation.claimed_until = now + timedelta(minutes=minutes)
    violation.save(update_fields=["state", "claimed_by", "claimed_until"])
    entry_add(violation, "held_longer" if again else "claimed", now, actor=actor)
    return violation


@transaction.atomic
def review_start(tenant_id: str, actor: str, now: datetime) -> Violation | None:
    """Take the most urgent report that nobody holds into review; None when nothing waits.

    One's own reports are left to others, and what one skipped within the last day.
    """
    skipped = ViolationEntry.objects.filter(
        tenant_id=tenant_id, what="skipped", actor=actor, at__gt=now - SKIP_LASTS
    )
    free = Violation.objects.filter(
        Q(state=REPORTED) | Q(state=IN_REVIEW, claimed_until__lte=now), tenant_id=tenant_id
    ).exclude(reported_by=actor)
    waiting = _queued(tenant_id, free.exclude(id__in=skipped.values("violation_id")), now)
    for each in waiting:
        row = free.filter(id=each.violation.id).select_for_update(skip_locked=True).first()
        if row is not None:
            return _claimed(row, actor, now)
    return None


@transaction.atomic
def violation_release(tenant_id: str, number: str, actor: str, now: datetime) -> Violation:
    """Give a report back to the queue.

    Raises:
        Conflict: this person does not hold it.
        NotFound: there is none.
    """
    violation = held(tenant_id, number, actor, now)
    return back_to_queue(violation, "released", now, actor=actor)


@transaction.atomic
def violation_skip(
    tenant_id: str, number: str, actor: str, reason: str, now: datetime
) -> Violation:
    """Give a report back and say why; it is not offered to this person again for a day.

    Raises:
        BadInput: no reason.
        Conflict: this person does not hold it.
        NotFound: there is none.
    """
    violation = held(tenant_id, number, actor, now)
    if not reason.strip():
        raise BadInput(
            "reason_missing", where=number, zh="请写明跳过的理由。", en="say why you skip it"
        )
    return back_to_queue(violation, "skipped", now, actor=actor, note=reason.strip())


def back_to_queue(
    violation: Violation, what: str, now: datetime, *, actor: str, note: str = ""
) -> Violation:
    """Let a violation wait in the queue again; call it with its row locked."""
    violation.state, violation.claimed_by, violation.claimed_until = REPORTED, "", None
    violation.save(update_fields=["state", "claimed_by", "claimed_until"])
    entry_add(violation, what, now, actor=actor, note=note)
    return violation


def held(tenant_id: str, number: str, actor: str, now: datetime) -> Violation:
    """Return a violation that this person holds, with its row locked.

    Raises:
        Conflict: this person does not hold it, or not any more.
        NotFound: there is none.
    """
    violation = violation_locked(tenant_id, number)
    if violation.state != IN_REVIEW or violation.claimed_by != actor or not _holds(violation, now):
        raise Conflict(
            "not_claimed",
            where=number,
            zh="请先领取该线索再处理；您的领取可能已超时。",
            en="claim it first; your claim may have run out",
        )
    return violation


def claims_run_out(tenant_id: str, now: datetime) -> Sequence[str]:
    """Give back what was claimed and not settled in time; return the numbers."""
    numbers: list[str] = []
    late = Violation.objects.filter(tenant_id=tenant_id, state=IN_REVIEW, claimed_until__lte=now)
    for number in late.order_by("number").values_list("number", flat=True):
        with transaction.atomic():
            row = late.filter(number=number).select_for_update(skip_locked=True).first()
            if row is not None:
                back_to_queue(row, "claim_ran_out", now, actor=SYSTEM, note=row.claimed_by)
                numbers.append(number)
    return numbers


def escalate(tenant_id: str, now: datetime) -> Sequence[str]:
    """Put what should have been settled by now on the admin's list, once; return the numbers."""
    days = review_number("review_days", day_of(now))
    numbers: list[str] = []
    rows = Violation.objects.filter(
        tenant_id=tenant_id, state__in=OPEN_STATES, escalated_at=None
    ).order_by("number")
    for number, reported_at in list(rows.values_list("number", "reported_at")):
        if day_of(now) <= day_of(reported_at) + timedelta(days=days):
            continue
        with transaction.atomic():
            row = rows.filter(number=number).select_for_update(skip_locked=True).first()
            if row is not None:
                row.escalated_at = now
                row.save(update_fields=["escalated_at"])
                entry_add(row, "escalated", now, actor=SYSTEM)
                numbers.append(number)
    return numbers

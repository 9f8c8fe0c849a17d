"""All deadlines of a marketplace in one list, and the word of warning before one ends.

Each room knows what is due in it; here they are put together. To add a kind, write a function that
reads it and put it into the table.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from earnest.kernel.calendar import day_of
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.notices.commands import Kind, Message, NewNotice, notices_send
from earnest.work.deadline import PARTY, Asked, Deadline, Reader
from earnest.work.deadlines_of_conduct import (
    appeal_answers_due,
    appeals_due,
    corrections_due,
    evidence_due,
    hearings_due,
    notices_due,
    plans_due,
)
from earnest.work.deadlines_of_money import (
    holds_due,
    pay_orders_due,
    raises_due,
    shortages_due,
)
from earnest.work.deadlines_of_service import (
    applications_due,
    campaigns_due,
    departures_due,
    takedowns_due,
)
from earnest.work.models import Reminder

READERS: Final[tuple[Reader, ...]] = (
    shortages_due,
    pay_orders_due,
    holds_due,
    raises_due,
    appeals_due,
    corrections_due,
    hearings_due,
    appeal_answers_due,
    evidence_due,
    plans_due,
    takedowns_due,
    departures_due,
    applications_due,
    campaigns_due,
)
"""What is read where it arises."""

KINDS: Final = (
    "shortage", "appeal", "correction", "evidence", "plan", "takedown", "departure", "serving",
    "admission", "notice", "pay_order", "hearing", "hold_review", "raise_review", "survey",
)  # fmt: skip
"""The kinds of deadlines, for those who ask for one."""

REMINDED: Final = (
    "shortage", "appeal", "correction", "evidence", "plan", "takedown", "departure", "notice",
)  # fmt: skip
"""What a party is reminded of; a payment that lapses can be begun again, and admission reminds of
its own steps."""

NOTICE_KINDS: Final[Mapping[str, Kind]] = {
    "shortage": "shortage", "appeal": "sanction", "correction": "sanction", "evidence": "sanction",
}  # fmt: skip
"""The kinds of the reminding notices; every other deadline is a requirement."""

TITLE_LENGTH_MAX: Final = 200

REMIND_DAYS: Final = 3
"""How many days before its last day a party is reminded."""


def deadlines_of(tenant_id: str, subject: Subject | None, now: datetime) -> list[Deadline]:
    """Return what is due of one party, or of everybody: what is overdue and nearest in front.

    Of one party only what binds the party; of everybody also what binds operators. A last day that
    a notice names counts where nothing else knows of it: same party, day and clause.
    """
    asked = Asked(tenant_id, subject, now, day_of(now))
    found = [each for read in READERS for each in read(asked)]
    known = {(each.subject, each.due_on, each.clause) for each in found if each.clause}
    found += [
        each for each in notices_due(asked) if (each.subject, each.due_on, each.clause) not in known
    ]
    if subject is not None:
        found = [each for each in found if each.bound == PARTY]
    return sorted(found, key=lambda each: (each.due_on, each.kind, each.key))


@transaction.atomic
def reminders_send(tenant_id: str, now: datetime) -> int:
    """Remind each party of what ends in a few days, once per deadline; return how many.

    What began today is not reminded of: it was told today. A day that was moved is another one.
    """
    today = day_of(now)
    near = [
        each
        for each in deadlines_of(tenant_id, None, now)
        if each.kind in REMINDED
        and each.bound == PARTY
        and 0 <= each.days_left(today) <= REMIND_DAYS
        and each.since_on < today
    ]
    rows = Reminder.objects.filter(tenant_id=tenant_id, due_on__gte=today)
    known = set(rows.values_list("key", "due_on"))
    new = [each for each in near if (each.key, each.due_on) not in known]
    ids = notices_send(tenant_id, [_reminder(each, today) for each in new], now)
    # Not told to look away on conflict: when another worker was faster, nothing of this stays.
    Reminder.objects.bulk_create(
        Reminder(tenant_id=tenant_id, key=each.key, due_on=each.due_on, notice_id=id_, sent_at=now)
        for each, id_ in zip(new, ids, strict=True)
    )
    return len(new)


def _reminder(deadline: Deadline, today: date) -> NewNotice:
    left = deadline.days_left(today)
    when = Words("今日到期", "today is the last day")
    if left:
        when = Words(f"还有 {left} 天", "1 day is left" if left == 1 else f"{left} days are left")
    due, what, after = deadline.due_on, deadline.what, deadline.after
    address = f"{settings.PUBLIC_URL}{deadline.path}"
    return NewNotice(
        subject_kind=deadline.subject[0],
        subject_id=deadline.subject[1],
        about=f"reminder {deadline.key} {due}",
        kind=NOTICE_KINDS.get(deadline.kind, "requirement"),
        severity="warning",
        clause=deadline.clause,
        decision_id=None,
        zh=Message(
            f"提醒：{when.zh}，{what.zh}"[:TITLE_LENGTH_MAX],
            f"{what.zh}，最迟 {due}（含当日）。{after.zh}。办理：{address}",
        ),
        en=Message(
            f"Reminder: {when.en} to {what.en}"[:TITLE_LENGTH_MAX],
            f"{_begun(what.en)} by {due}, that day included. {_begun(after.en)}. Where: {address}",
        ),
    )


def _begun(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]

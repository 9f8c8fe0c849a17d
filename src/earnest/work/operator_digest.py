"""One mail a day to each operator who wants it: what waits for this person, with links.

What is counted depends on the role: who reviews is told of reviews and appeals, who decides of
decisions and of second words, who runs things of alerts. Nothing waits, nothing is mailed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.db.models import Count, Q

from earnest.decisions.models import Decision
from earnest.deliveries.happenings import WORK_DIGEST, Happened
from earnest.deliveries.letters import work_letter
from earnest.deliveries.looking import deliveries_write, mail_delivery
from earnest.deliveries.models import MEMBER, Delivery, MailAddress
from earnest.kernel.calendar import day_of, day_start
from earnest.kernel.words import Words
from earnest.market.models import Membership
from earnest.market.roles import DECIDE, OPERATOR_ROLES, REVIEW, RUN_CYCLE, may
from earnest.work.deadline import OPERATOR, Deadline
from earnest.work.deadlines import REMIND_DAYS, deadlines_of
from earnest.work.queries import alerts_open

RESPONSIBLE: Final[Mapping[str, tuple[str, Words]]] = {
    "hearing": (REVIEW, Words("申诉答复", "appeals to be answered")),
    "admission": (REVIEW, Words("入驻审核", "steps of admission")),
    "departure": (REVIEW, Words("退出核查与收尾方案", "departures and plans to be checked")),
    "hold_review": (DECIDE, Words("冻结资金复核", "holds to be looked at")),
    "raise_review": (DECIDE, Words("保证金上调复核", "raised deposits to be looked at")),
}
"""Who is told of an operator's deadlines, by their kind, and what they are called."""

_TITLE: Final = Words("{day}：有 {count} 项工作待办", "{day}: {count} things wait for you")
_DUE: Final = Words(
    "{what}：{near} 项将于 {days} 日内到期，{late} 项已逾期",
    "{what}: {near} due within {days} days, {late} overdue",
)
_WAITING: Final = Words("待您审批的决定：{n} 项", "Decisions that wait for your word: {n}")
_SECOND: Final = Words("其中待第二人审批：{n} 项", "Of them, for a second person: {n}")
_ALERTS: Final = Words(
    "系统告警：{n} 项（{names}），详情请在服务器运行 earnest work alerts",
    "Alerts of the system: {n} ({names}); `earnest work alerts` on the server tells more",
)


@dataclass(frozen=True)
class Line:
    """Something that waits: in words, how many, and where it is done."""

    said: Words
    count: int
    path: str


def operators_digest(tenant_id: str, now: datetime) -> int:
    """Write the day's mail to every operator for whom something waits; return how many are new.

    A delivery's key is the day, so nobody gets two, however often and by whomever this is run.
    """
    today = day_of(now)
    boxes = MailAddress.objects.filter(
        tenant_id=tenant_id, subject_kind=MEMBER, digest=True, removed_at=None, bounced_at=None
    ).exclude(verified_at=None)
    roles = dict(
        Membership.objects.filter(tenant_id=tenant_id, role__in=OPERATOR_ROLES).values_list(
            "user__username", "role"
        )
    )
    wanted = [each for each in boxes.order_by("id") if each.subject_id in roles]
    if not wanted:
        return 0
    due = [each for each in deadlines_of(tenant_id, None, now) if each.bound == OPERATOR]
    written = []
    for box in wanted:
        lines = lines_for(tenant_id, box.subject_id, roles[box.subject_id], due, today)
        if lines:
            written.append(_mail(box, lines, today, now))
    return deliveries_write(written)


def lines_for(
    tenant_id: str, name: str, role: str, due: Sequence[Deadline], today: date
) -> list[Line]:
    """Return what waits for a person of a role; only what there is any of."""
    lines = [*_deadline_lines(role, due, today)]
    if may(role, DECIDE):
        lines += _decision_lines(tenant_id, name)
    if may(role, RUN_CYCLE) and (alerts := alerts_open(tenant_id)):
        names = ", ".join(sorted({each.name for each in alerts}))
        lines.append(Line(_filled(_ALERTS, n=len(alerts), names=names), len(alerts), "/workbench/"))
    return lines


def _deadline_lines(role: str, due: Sequence[Deadline], today: date) -> Iterator[Line]:
    for kind, (permission, what) in RESPONSIBLE.items():
        left = [each.days_left(today) for each in due if each.kind == kind]
        late, near = sum(days < 0 for days in left), sum(0 <= days <= REMIND_DAYS for days in left)
        if may(role, permission) and late + near:
            said = Words(
                _DUE.zh.format(what=what.zh, near=near, late=late, days=REMIND_DAYS),
                _DUE.en.format(what=what.en.capitalize(), near=near, late=late, days=REMIND_DAYS),
            )
            yield Line(said, late + near, f"/todo/?bound={OPERATOR}&kind={kind}")


def _decision_lines(tenant_id: str, name: str) -> Iterator[Line]:
    """Count the decisions on which this person has not given a word yet."""
    rows = Decision.objects.filter(tenant_id=tenant_id, state="waiting")
    agreed = Count("approvals", filter=Q(approvals__verdict="approve"))
    rows = rows.exclude(approvals__actor=name).annotate(words=agreed)
    if count := rows.count():
        yield Line(_filled(_WAITING, n=count), count, "/queue/")
    if second := rows.filter(approvals_needed__gte=2, words__gte=1).count():
        yield Line(_filled(_SECOND, n=second), 0, "/queue/?second=1")


def _filled(words: Words, **values: object) -> Words:
    return Words(words.zh.format(**values), words.en.format(**values))


def _mail(box: MailAddress, lines: Sequence[Line], today: date, now: datetime) -> Delivery:
    count = sum(each.count for each in lines)
    title = _filled(_TITLE, day=today, count=count).said(box.language)
    said = [
        f"- {each.said.said(box.language)}\n  {settings.PUBLIC_URL}{each.path}" for each in lines
    ]
    happened = Happened(WORK_DIGEST, f"work:{today}", box.subject, day_start(today), "", "")
    return mail_delivery(box, work_letter(title, said, box.language), happened, now)

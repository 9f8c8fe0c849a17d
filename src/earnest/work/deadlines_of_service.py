"""Deadlines of admission, goods, surveys and leaving."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from earnest.admission.clocks import APPLICANT, clocks_of
from earnest.admission.filing import OPEN_STATES
from earnest.admission.models import Application
from earnest.catalogue.models import GoodsNotice
from earnest.departure.models import Departure
from earnest.departure.winding_down import plan_judged_by
from earnest.kernel.calendar import day_of
from earnest.kernel.words import Words
from earnest.surveys.models import OPEN, Campaign
from earnest.work.deadline import OPERATOR, PARTY, Asked, Deadline

LEAVES: Final = "winding_down"
APPLIED: Final = "applied"
TO_BE_FILED: Final = ("", "sent_back")
STAYS_LISTED: Final = Words("会一直列为逾期", "it stays on the list as overdue")


def applications_due(asked: Asked) -> Iterator[Deadline]:
    """Read the steps of admission, each bound by its day."""
    rows = list(Application.objects.filter(**asked.provider_rows(), state__in=OPEN_STATES))
    clocks = clocks_of(asked.tenant_id, rows, asked.now)
    for row in rows:
        clock = clocks.get(row.number)
        if clock is None:
            continue
        yield Deadline(
            key=f"admission:{row.number}:{clock.step}:{row.round}",
            kind="admission",
            subject=row.subject,
            bound=PARTY if clock.ball == APPLICANT else OPERATOR,
            since_on=clock.since_on,
            due_on=clock.due_on,
            what=Words(
                f"办理入驻申请 {row.number} 的下一步",
                f"do the next step of application {row.number}",
            ),
            after=Words("逾期只作提示，不自动了结", "being late ends nothing by itself"),
            path=f"/admission/{row.number}/",
        )


def takedowns_due(asked: Asked) -> Iterator[Deadline]:
    """Read the notices of goods that have still to be taken down (S0-2.2.1b)."""
    rows = GoodsNotice.objects.filter(**asked.provider_rows(), goods__off_on=None).distinct()
    for row in rows.order_by("due_on", "number"):
        yield Deadline(
            key=f"takedown:{row.number}",
            kind="takedown",
            subject=row.subject,
            bound=PARTY,
            since_on=row.told_on,
            due_on=row.due_on,
            what=Words(
                f"下架通知 {row.number} 所列商品", f"take down the goods of notice {row.number}"
            ),
            after=Words("逾期按违规处理", "after it, it is a violation"),
            path=f"/goods/notices/{row.number}/",
            clause=row.clause,
        )


def departures_due(asked: Asked) -> Iterator[Deadline]:
    """Read what a leaving provider and its reviewer have to do by a day (S0-3.2a, S0-3.3)."""
    rows = Departure.objects.filter(**asked.provider_rows(), ended_at=None)
    for row in rows.order_by("number"):
        yield from _plan_due(row, asked)
        if row.serve_until and asked.today <= row.serve_until:
            yield _departure(
                row,
                "serve",
                (row.begun_on, row.serve_until),
                Words(
                    f"为在用商家服务至该日（{row.number}）",
                    f"go on serving your merchants ({row.number})",
                ),
                Words("期满前不退还保证金", "nothing is paid back before that day"),
            )
        if row.state == APPLIED and row.check_by:
            yield _departure(
                row,
                "check",
                (row.begun_on, row.check_by),
                Words(
                    f"核查退出 {row.number} 的条件",
                    f"check the conditions of departure {row.number}",
                ),
            )


def _plan_due(row: Departure, asked: Asked) -> Iterator[Deadline]:
    """Read what is due of a plan: to be filed, to be followed up when late, to be judged."""
    if row.state != LEAVES:
        return
    if row.plan_due_on and row.plan_state in TO_BE_FILED:
        yield _departure(
            row,
            "plan",
            (row.begun_on, row.plan_due_on),
            Words(f"提交退出 {row.number} 的收尾方案", f"file the plan of departure {row.number}"),
            Words("未提交会如实记录", "the record says that none was filed"),
        )
        if asked.today > row.plan_due_on:
            yield _departure(
                row,
                "late plan",
                (row.plan_due_on, row.plan_due_on),
                Words(
                    f"催交退出 {row.number} 逾期未提交的收尾方案",
                    f"see to the late plan of departure {row.number}",
                ),
            )
    judged_by = plan_judged_by(row)
    if judged_by:
        yield _departure(
            row,
            "plan review",
            (row.begun_on, judged_by),
            Words(f"审核退出 {row.number} 的收尾方案", f"judge the plan of departure {row.number}"),
        )


def _departure(
    row: Departure, duty: str, days: tuple[date, date], what: Words, after: Words | None = None
) -> Deadline:
    """Make a deadline of a departure; what binds the reviewer has no consequence to be said.

    Takes:
        days: from when it runs, and its last day.
    """
    return Deadline(
        key=f"departure {duty}:{row.number}",
        kind="serving" if duty == "serve" else "departure",
        subject=row.subject,
        bound=PARTY if after else OPERATOR,
        since_on=days[0],
        due_on=days[1],
        what=what,
        after=after or STAYS_LISTED,
        path=f"/departures/{row.number}/",
        clause="S0-3.3" if duty == "check" else "S0-3.2a",
    )


def campaigns_due(asked: Asked) -> Iterator[Deadline]:
    """Read the surveys that are open, for operators, until they close."""
    if asked.subject is not None:
        return
    rows = Campaign.objects.filter(tenant_id=asked.tenant_id, state=OPEN)
    for row in rows.order_by("closes_at", "number"):
        yield Deadline(
            key=f"survey:{row.number}",
            kind="survey",
            subject=("", ""),
            bound=OPERATOR,
            since_on=day_of(row.opens_at),
            due_on=day_of(row.closes_at),
            what=Words(
                f"收齐调查 {row.number} 的答卷", f"gather the answers of survey {row.number}"
            ),
            after=Words("到期自动结束", "it closes by itself"),
            path=f"/surveys/{row.number}/",
        )

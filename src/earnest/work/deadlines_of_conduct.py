"""Deadlines of sanctions and service: appeals, corrections, evidence, plans, and notices."""

from collections.abc import Iterator
from typing import Final

from django.db.models import Exists, OuterRef, Q

from earnest.appeals.models import Appeal, AppealTurn
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.models import Provider
from earnest.notices.models import Notice
from earnest.rulebooks.packs import SHOP_DEPOSIT
from earnest.surveys.models import ASKED, SENT_BACK, ImprovementPlan
from earnest.tickets.models import Ticket
from earnest.violations.models import EvidenceTurn
from earnest.work.deadline import OPERATOR, PARTY, Asked, Deadline

OWN_SOURCE: Final = ("shortage",)
"""Kinds of notices whose deadlines are read where they arise, and end there."""
STAYS: Final = Words("期满未申诉即维持，不再退回", "without one what was done stays as it is")


def appeals_due(asked: Asked) -> Iterator[Deadline]:
    """Read the tickets that may still be appealed against.

    Before they come into force; those of shops, which act at once, until somebody did.
    """
    done = Q(state="in_force", rulebook=SHOP_DEPOSIT, appeals=None)
    rows = Ticket.objects.filter(
        Q(state="pending") | done, **asked.rows, appeal_until__gte=asked.today
    )
    for row in rows.order_by("appeal_until", "number"):
        taken = f"，扣款 {yuan(row.money_fen)} 元" if row.money_fen else ""
        taken_en = f" and {yuan(row.money_fen)} yuan are taken" if row.money_fen else ""
        yield Deadline(
            key=f"appeal:{row.number}",
            kind="appeal",
            subject=row.subject,
            bound=PARTY,
            since_on=day_of(row.told_at),
            due_on=row.appeal_until,
            what=Words(
                f"对处罚单 {row.number} 有异议的，提出申诉",
                f"appeal against ticket {row.number}, if you disagree",
            ),
            after=STAYS
            if row.state == "in_force"
            else Words(f"期满未申诉即执行{taken}", f"without one it comes into force{taken_en}"),
            path=f"/tickets/{row.number}/",
            clause=row.clause,
        )


def hearings_due(asked: Asked) -> Iterator[Deadline]:
    """Read the appeals whose outcome is still to be told."""
    for row in Appeal.objects.filter(**asked.rows, closed_at=None).order_by(
        "expected_on", "number"
    ):
        yield Deadline(
            key=f"hearing:{row.number}",
            kind="hearing",
            subject=(row.subject_kind, row.subject_id),
            bound=OPERATOR,
            since_on=day_of(row.filed_at),
            due_on=row.expected_on,
            what=Words(f"对申诉 {row.number} 作出答复", f"tell the outcome of appeal {row.number}"),
            after=Words("会一直列为逾期", "it stays on the list as overdue"),
            path=f"/appeals/{row.number}/",
        )


def appeal_answers_due(asked: Asked) -> Iterator[Deadline]:
    """Read the questions in hearings that a party has not answered yet."""
    rows = AppealTurn.objects.filter(
        tenant_id=asked.tenant_id, answered_at=None, lapsed_at=None, appeal__closed_at=None
    ).select_related("appeal__ticket")
    if asked.subject is not None:
        kind, subject_id = asked.subject
        rows = rows.filter(appeal__subject_kind=kind, appeal__subject_id=subject_id)
    for row in rows.order_by("due_on", "id"):
        number = row.appeal.number
        yield Deadline(
            key=f"appeal answer:{row.id}",
            kind="evidence",
            subject=(row.appeal.subject_kind, row.appeal.subject_id),
            bound=PARTY,
            since_on=day_of(row.asked_at),
            due_on=row.due_on,
            what=Words(
                f"就申诉 {number} 的提问作出说明", f"answer the question in appeal {number}"
            ),
            after=Words("逾期不再等待，继续审理", "after it, the hearing goes on without it"),
            path=f"/appeals/{number}/",
            clause=row.appeal.ticket.clause,
        )


def corrections_due(asked: Asked) -> Iterator[Deadline]:
    """Read the tickets that end when what they blame is put right in time."""
    rows = Ticket.objects.filter(**asked.rows, state="pending")
    for row in rows.filter(correct_until__gte=asked.today).order_by("correct_until", "number"):
        if row.correct_until is None:
            continue
        yield Deadline(
            key=f"correction:{row.number}",
            kind="correction",
            subject=row.subject,
            bound=PARTY,
            since_on=day_of(row.told_at),
            due_on=row.correct_until,
            what=Words(
                f"按处罚单 {row.number} 完成整改并提交证明",
                f"put right what ticket {row.number} blames, and show it",
            ),
            after=Words("逾期未整改的，处罚照常执行", "after it the sanction takes its course"),
            path=f"/tickets/{row.number}/",
            clause=row.clause,
        )


def evidence_due(asked: Asked) -> Iterator[Deadline]:
    """Read the questions about a violation that a party has not answered yet."""
    rows = EvidenceTurn.objects.filter(
        tenant_id=asked.tenant_id, answered_at=None, lapsed_at=None
    ).select_related("violation")
    rows = rows.prefetch_related("violation__items")
    if asked.subject is not None:
        kind, subject_id = asked.subject
        rows = rows.filter(violation__subject_kind=kind, violation__subject_id=subject_id)
    for row in rows.order_by("due_on", "id"):
        number = row.violation.number
        yield Deadline(
            key=f"evidence:{row.id}",
            kind="evidence",
            subject=row.violation.subject,
            bound=PARTY,
            since_on=day_of(row.asked_at),
            due_on=row.due_on,
            what=Words(
                f"就违规 {number} 的提问作出说明并举证",
                f"answer the question about violation {number}, with evidence",
            ),
            after=Words("逾期按现有证据认定", "after it, it is judged by the evidence at hand"),
            path=f"/violations/{number}/",
            clause=next((each.clause for each in row.violation.items.all()), ""),
        )


def plans_due(asked: Asked) -> Iterator[Deadline]:
    """Read the improvement plans that a provider can still file (S0-2.2.5-6).

    After its day a plan is filed no more, and who has left the market is asked for none.
    """
    gone = Provider.objects.filter(tenant_id=asked.tenant_id).exclude(left_on=None)
    rows = ImprovementPlan.objects.filter(
        **asked.provider_rows(), state__in=(ASKED, SENT_BACK), file_until_on__gte=asked.today
    ).exclude(provider_id__in=gone.values("provider_id"))
    for row in rows.order_by("file_until_on", "id"):
        yield Deadline(
            key=f"plan:{row.id}",
            kind="plan",
            subject=("provider", row.provider_id),
            bound=PARTY,
            since_on=row.told_on,
            due_on=row.file_until_on,
            what=Words(
                f"提交 {row.month} 的改进计划", f"file the plan of improvement for {row.month}"
            ),
            after=Words("未提交会如实记录，不改变处罚", "the record says that none was filed"),
            path=f"/improvement-plans/{row.provider_id}/{row.month}/",
            clause="S0-2.2.5-6",
        )


def notices_due(asked: Asked) -> Iterator[Deadline]:
    """Read the days that notices name, until they are over; other sources know when one is met.

    What a notice of a sanction names is the day of its ticket, which is read there.
    """
    ticketed = Ticket.objects.filter(
        tenant_id=OuterRef("tenant_id"), decision_id=OuterRef("decision_id")
    )
    rows = Notice.objects.filter(**asked.rows, due_on__gte=asked.today).exclude(kind__in=OWN_SOURCE)
    for row in rows.exclude(Exists(ticketed)).order_by("due_on", "id"):
        if row.due_on is None:
            continue
        yield Deadline(
            key=f"notice:{row.id}",
            kind="notice",
            subject=(row.subject_kind, row.subject_id),
            bound=PARTY,
            since_on=day_of(row.sent_at),
            due_on=row.due_on,
            what=Words(row.title_zh, row.title_en),
            after=Words("见通知所述", "as the notice says"),
            path=f"/decisions/{row.decision_id}/" if row.decision_id else "/inbox/",
            clause=row.clause,
        )

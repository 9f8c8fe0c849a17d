"""Violations in the demo: reports of every kind of end, from the queue to the ticket."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from earnest.cli.demo_disputes import TOLD_ELSEWHERE
from earnest.cli.demo_newcomers import COMES_IN
from earnest.cli.demo_papers import pdf_keep
from earnest.decisions.commands import WAITING
from earnest.kernel.calendar import Month, day_of
from earnest.simulator.deposit_story import at
from earnest.violations.evidence import Answer, party_answer, party_ask
from earnest.violations.finding import Verdict, finding_propose, finding_settle
from earnest.violations.models import ASKED, IN_REVIEW, REPORTED, Violation
from earnest.violations.queue import violation_claim
from earnest.violations.reports import Report, ReportItem, violation_report
from earnest.violations.sanctions import decisions_of_violation

Step = Callable[[datetime], None]
REVIEWER, OTHER_REVIEWER = "service", "risk"
EXAGGERATES, CONTACTS, SLACK, UNFOUNDED = "P0003", "P0005", "P0007", "P0006"
WORDING: Final = ("provider", COMES_IN.provider_id)
LABELS: Final = ("provider", "P0005")
WORKED: Final = timedelta(minutes=40)
"""What a reviewer takes; a claim lasts longer."""
FEED: Final = "feed"
REVIEWED_AFTER: Final = timedelta(days=5)
FOUND_OF: Final = 4
"""One complaint in so many is found, against whom no other story is told."""


@dataclass(frozen=True)
class Violations:
    """What is reported, heard and found in one marketplace."""

    tenant_id: str
    months: Sequence[Month]

    def steps(self) -> list[tuple[datetime, Step]]:
        """Return the steps with their instants; each one does nothing when it was done before."""
        return [*self._settled(), *self._of_the_wording(), *self._still_open()]

    def _settled(self) -> list[tuple[datetime, Step]]:
        """Return the steps of what was found, or dismissed, before the last month."""
        *_, d, _, f = self.months
        told, unfounded = ("provider", EXAGGERATES), ("provider", UNFOUNDED)
        report, claim, find = self._report, self._claim, self._find
        return [
            (at(d, 8, 14), lambda now: report(told, "exaggeration", "宣传用语夸大功效", now)),
            (at(d, 9), lambda now: claim(told, "report", REVIEWER, now)),
            (at(d, 9) + WORKED, lambda now: find(told, "report", (True, REVIEWER), now)),
            (at(d, 11), lambda now: self._approve(told, "report", ("risk",), now)),
            (at(d, 9, 14), lambda now: report(unfounded, "service_missing", "客服无人应答", now)),
            (at(d, 10), lambda now: claim(unfounded, "report", REVIEWER, now)),
            (at(d, 10) + WORKED, lambda now: find(unfounded, "report", (False, REVIEWER), now)),
            (at(f, 2), lambda now: claim(LABELS, "inspection", OTHER_REVIEWER, now)),
            (
                at(f, 2) + WORKED,
                lambda now: find(LABELS, "inspection", (True, OTHER_REVIEWER), now),
            ),
            (at(f, 3), lambda now: self._approve(LABELS, "inspection", ("finance",), now)),
        ]

    def _of_the_wording(self) -> list[tuple[datetime, Step]]:
        """Return the steps of the offers that differ: requirement 4, found for the first time."""
        after = self.months[-1].plus(1)
        return [
            (at(after, 1), lambda now: self._claim(WORDING, "measure", REVIEWER, now)),
            (at(after, 1) + WORKED, lambda now: self._ask(WORDING, "measure", REVIEWER, now)),
            (at(after, 4), self._answer),
            (at(after, 9), lambda now: self._claim(WORDING, "measure", REVIEWER, now)),
            (
                at(after, 9) + WORKED,
                lambda now: self._find(WORDING, "measure", (True, REVIEWER), now),
            ),
            (at(after, 10), lambda now: self._approve(WORDING, "measure", ("risk",), now)),
            (at(after, 11), lambda now: self._approve(WORDING, "measure", ("finance",), now)),
        ]

    def _still_open(self) -> list[tuple[datetime, Step]]:
        """Return the steps of what is in the queue, claimed, or asked at the end."""
        after = self.months[-1].plus(1)
        report = self._report
        contacts, slack = ("provider", CONTACTS), ("provider", SLACK)
        asked, taken = at(after, 28) + WORKED, at(after, 29, 23) + WORKED
        return [
            (at(after, 26), lambda now: report(contacts, "outside_contacts", "详情页留微信", now)),
            (at(after, 27), lambda now: report(slack, "slack_service", "多次不答复商家", now)),
            (at(after, 28), lambda now: self._claim(contacts, "report", OTHER_REVIEWER, now)),
            (asked, lambda now: self._ask(contacts, "report", OTHER_REVIEWER, now)),
            (taken, lambda now: self._claim(slack, "report", OTHER_REVIEWER, now)),
        ]  # fmt: skip

    def _report(self, subject: tuple[str, str], kind: str, note: str, now: datetime) -> None:
        on = day_of(now) - timedelta(days=1)
        proof = pdf_keep(self.tenant_id, subject, f"截图 {on}", (note, f"{on}"), ("admin", now))
        facts = {"listing": f"{subject[1]}-{on:%m%d}"}
        item = ReportItem(kind, "", on, facts, (proof,), note)
        about = f"hotline {on} {subject[1]} {kind}"
        report = Report(subject, "report", (item,), "admin", f"商家来电：{note}", about)
        violation_report(self.tenant_id, report, now)

    def _of(self, subject: tuple[str, str], source: str, *states: str) -> Violation | None:
        """Return the newest violation of a party and source, where it is in one of some states."""
        row = (
            Violation.objects.filter(
                tenant_id=self.tenant_id, subject_kind=subject[0], subject_id=subject[1],
                source=source,
            )
            .exclude(reported_by=FEED)
            .order_by("-number")
            .first()
        )  # fmt: skip
        return row if row is not None and row.state in states else None

    def _claim(self, subject: tuple[str, str], source: str, actor: str, now: datetime) -> None:
        row = self._of(subject, source, REPORTED)
        if row and not row.entries.filter(at__gte=now).exists():
            violation_claim(self.tenant_id, row.number, actor, now)

    def _ask(self, subject: tuple[str, str], source: str, actor: str, now: datetime) -> None:
        if (row := self._of(subject, source, IN_REVIEW)) and not row.turns.exists():
            question = "请说明有关页面的情况，并提交整改前后的截图。"
            party_ask(self.tenant_id, row.number, question, actor, now)

    def _answer(self, now: datetime) -> None:
        """Let the newcomer say why its offers do not read alike."""
        if (row := self._of(WORDING, "measure", ASKED)) is None:
            return
        lines = ("1688 侧文案为促销期版本", "活动结束后未及时恢复")
        paper = pdf_keep(self.tenant_id, WORDING, "情况说明", lines, (COMES_IN.username, now))
        answer = Answer("两侧套餐相同，差异是促销文案未及时下线。", COMES_IN.username, (paper,))
        party_answer(self.tenant_id, WORDING, row.number, answer, now)

    def _find(
        self, subject: tuple[str, str], source: str, said: tuple[bool, str], now: datetime
    ) -> None:
        """Judge every item alike; what follows waits for others."""
        if row := self._of(subject, source, IN_REVIEW):
            self._judge(row, said, now)

    def _judge(self, row: Violation, said: tuple[bool, str], now: datetime) -> None:
        found, actor = said
        verdict, reason = (
            ("found", "事实清楚，与所附材料一致") if found else ("not_found", "核查后与事实不符")
        )
        verdicts = [
            Verdict(position, verdict, reason)
            for position in row.items.values_list("position", flat=True)
        ]
        finding_propose(self.tenant_id, row.number, verdicts, actor, now)

    def complaints_review(self, now: datetime) -> None:
        """Let the staff review what complaints of the feed have waited for some days."""
        waiting = Violation.objects.filter(
            tenant_id=self.tenant_id, reported_by=FEED, state=REPORTED,
            reported_at__lte=now - REVIEWED_AFTER,
        )  # fmt: skip
        for row in waiting.order_by("number"):
            with transaction.atomic():
                self._complaint_review(row, now)

    def _complaint_review(self, row: Violation, now: datetime) -> None:
        found = (
            row.subject_id not in TOLD_ELSEWHERE
            and Month.of(day_of(row.reported_at)) >= self.months[0]
            and int(row.number[1:]) % FOUND_OF == 0
        )
        violation_claim(self.tenant_id, row.number, REVIEWER, now)
        row.refresh_from_db()
        self._judge(row, (found, REVIEWER), now)
        for decision in decisions_of_violation(row).filter(state=WAITING):
            finding_settle(
                self.tenant_id, decision.id, verdict="approve", actor=OTHER_REVIEWER,
                reason="通话记录与工单可查", now=now,
            )  # fmt: skip

    def _approve(
        self, subject: tuple[str, str], source: str, actors: Sequence[str], now: datetime
    ) -> None:
        row = self._of(subject, source, "found")
        for decision in decisions_of_violation(row).filter(state=WAITING) if row else ():
            for actor in actors:
                if not decision.approvals.filter(actor=actor).exists():
                    finding_settle(
                        self.tenant_id, decision.id, verdict="approve", actor=actor,
                        reason="已核对事实与条款", now=now,
                    )  # fmt: skip

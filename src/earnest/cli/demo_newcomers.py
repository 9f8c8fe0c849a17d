"""Newcomers of the demo: one that comes in, one still in review, and an invitation that is open."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from earnest.admission.accepting import Accepting, invitation_accept
from earnest.admission.deposits import application_open, deposit_standing
from earnest.admission.evidence import Brought, evidence_accept, evidence_bring, evidence_send_back
from earnest.admission.figures import NORMS, asked_of
from earnest.admission.invitations import NewInvitation, invitation_make, invitation_renew_link
from earnest.admission.models import Application, Invitation
from earnest.admission.requirements import MEASURED, MISSING, SENT_BACK, SUBMITTED, Requirement
from earnest.admission.reviewing import (
    application_hand_in,
    application_recommend,
    application_return,
    application_settle,
)
from earnest.cli.demo_papers import pdf_keep, text_keep
from earnest.kernel.calendar import Month, day_of
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.payments import sandbox_payment
from earnest.simulator.deposit_story import at

Step = Callable[[datetime], None]
Timed = tuple[datetime, Step]

REVIEWER, APPROVER, CASHIER = "service", "risk", "finance"
OTHER_WAY: Final = "supply_platform"
"""Own supply shows the capability; a partnership would be another way to."""
SENT_BACK_ITEM: Final = "quality"
ACCEPTED_SO_FAR: Final = 8
INVITED_FOR_DAYS: Final = 30


@dataclass(frozen=True)
class Newcomer:
    """A provider that is invited, with the sign-in that it chooses."""

    provider_id: str
    name: str
    entity_name: str
    contact: str
    category: str
    criteria: str
    username: str = ""


COMES_IN: Final = Newcomer(
    "P9101", "云仓通", "杭州云仓通供应链科技有限公司（虚构）", "wang@yuncang.example",
    "supply_tool", "已为两家平台的商家提供铺货工具，服饰类目缺少此类服务", "provider-p9101",
)  # fmt: skip
IN_REVIEW: Final = Newcomer(
    "P9102", "易铺达", "广州易铺达信息技术有限公司（虚构）", "020-5550-9102",
    "goods_tool", "由三家在用商家联名推荐", "applicant",
)  # fmt: skip
INVITED: Final = Newcomer(
    "P9103", "选品社", "成都选品社科技有限公司（虚构）", "chen@xuanpin.example",
    "supply_tool", "食品类目货源稳定，拟引入",
)  # fmt: skip


@dataclass
class Newcomers:
    """What happens to the newcomers in one marketplace.

    Attributes:
        months: of the story: the first newcomer is invited in the second, the others after the
            last one.
        password: of every sign-in of the demo.
    """

    tenant_id: str
    months: Sequence[Month]
    password: str
    _secrets: dict[str, str] = field(default_factory=dict)

    def steps(self) -> list[Timed]:
        """Return the steps with their instants; each one does nothing when it was done before."""
        b, after = self.months[1], self.months[-1].plus(1)
        comes, waits = COMES_IN, IN_REVIEW
        return [
            (at(b, 2), lambda now: self._invite(comes, now)),
            (at(b, 3), lambda now: self._accept(comes, now)),
            (at(b, 6), lambda now: self._bring_and_hand_in(comes, now)),
            (at(b, 9), self._send_back),
            (at(b, 14), lambda now: self._bring_and_hand_in(comes, now)),
            (at(b, 15), self._recommend),
            (at(b, 17), self._approve),
            (at(b, 19), self._pay),
            (at(b, 21), self._open),
            (at(after, 16), lambda now: self._invite(waits, now)),
            (at(after, 17), lambda now: self._accept(waits, now)),
            (at(after, 20), lambda now: self._invite(INVITED, now)),
            (at(after, 24), lambda now: self._bring_and_hand_in(waits, now)),
            (at(after, 26), self._accept_some),
        ]

    def _invite(self, newcomer: Newcomer, now: datetime) -> None:
        if Invitation.objects.filter(
            tenant_id=self.tenant_id, provider_id=newcomer.provider_id
        ).exists():
            return
        new = NewInvitation(
            entity_name=newcomer.entity_name,
            contact=newcomer.contact,
            service_category=newcomer.category,
            criteria=newcomer.criteria,
            reasons=("integration", "category_gap"),
            actor=REVIEWER,
            provider_id=newcomer.provider_id,
            ends_on=day_of(now) + timedelta(days=INVITED_FOR_DAYS),
        )
        self._secrets[newcomer.provider_id] = invitation_make(self.tenant_id, new, now).secret

    def _accept(self, newcomer: Newcomer, now: datetime) -> None:
        """Accept by the link; a demo that was stopped in between takes a new one."""
        if self._application(newcomer):
            return
        row = Invitation.objects.get(tenant_id=self.tenant_id, provider_id=newcomer.provider_id)
        secret = self._secrets.get(newcomer.provider_id) or (
            invitation_renew_link(self.tenant_id, row.number, REVIEWER, now).secret
        )
        accepting = Accepting(newcomer.username, self.password, newcomer.name)
        invitation_accept(self.tenant_id, secret, accepting, now)

    def _application(self, newcomer: Newcomer, state: str = "") -> Application | None:
        """Return the application of a newcomer, where it is in a state."""
        rows = Application.objects.filter(
            tenant_id=self.tenant_id, provider_id=newcomer.provider_id
        )
        return (rows.filter(state=state) if state else rows).first()

    def _bring_and_hand_in(self, newcomer: Newcomer, now: datetime) -> None:
        """Bring whatever is missing or was sent back, and hand in."""
        application = self._application(newcomer, "preparing")
        if application is None or application.entries.filter(at=now).exists():
            return
        states = dict(application.evidence.values_list("requirement", "state"))
        for name, need in asked_of(application).items():
            if name != OTHER_WAY and states[name] in (MISSING, SENT_BACK):
                self._bring(application, need, now)
        application_hand_in(self.tenant_id, application.number, application.applicant, now)

    def _bring(self, application: Application, need: Requirement, now: datetime) -> None:
        brought = Brought(
            statement=f"{need.proof.zh}，见附件。" if need.document else "已自查，样例可随时抽看。",
            documents=(self._paper(application, need, now),) if need.document else (),
            figure=_figure(need),
        )
        evidence_bring(
            self.tenant_id, application.number, need.name, brought, application.applicant, now
        )

    def _paper(self, application: Application, need: Requirement, now: datetime) -> UUID:
        again = f"第 {application.round} 次提交"
        lines = (application.entity_name, f"条款 {need.clause}", f"{day_of(now)}，{again}")
        keep = text_keep if need.kind == MEASURED else pdf_keep
        by = (application.applicant, now)
        return keep(self.tenant_id, application.subject, need.title.zh, lines, by)

    def _send_back(self, now: datetime) -> None:
        """Accept all but one item as first reviewer, and give that one back."""
        application = self._application(COMES_IN, "review")
        if application is None or application.round > 1:
            return
        number = application.number
        for name in self._submitted(application):
            if name == SENT_BACK_ITEM:
                reason = "质检报告已满一年，请补充近一年内的报告"
                evidence_send_back(self.tenant_id, number, name, reason, REVIEWER, now)
            else:
                evidence_accept(self.tenant_id, number, name, REVIEWER, now, note="相符")
        application_return(self.tenant_id, number, "仅缺质检报告，其余相符", REVIEWER, now)

    @staticmethod
    def _submitted(application: Application) -> list[str]:
        rows = application.evidence.filter(state=SUBMITTED).order_by("id")
        return list(rows.values_list("requirement", flat=True))

    def _recommend(self, now: datetime) -> None:
        application = self._application(COMES_IN, "review")
        if application is None:
            return
        for name in self._submitted(application):
            evidence_accept(
                self.tenant_id, application.number, name, REVIEWER, now, note="新报告有效"
            )
        application_recommend(
            self.tenant_id, application.number, admit=True, reason="逐项核对，均已满足",
            actor=REVIEWER, now=now,
        )  # fmt: skip

    def _approve(self, now: datetime) -> None:
        if application := self._application(COMES_IN, "approval"):
            application_settle(
                self.tenant_id, application.number, verdict="approve", reason="同意准入",
                actor=APPROVER, now=now,
            )  # fmt: skip

    def _pay(self, now: datetime) -> None:
        application = self._application(COMES_IN, "deposit")
        if application is None or not (due := deposit_standing(application, now).shortage_fen):
            return
        new = NewPayOrder(
            application.subject, due, "deposit", "alipay_trade", application.applicant, "admission"
        )
        order = pay_order_open(self.tenant_id, new, now)
        pay_order_paid(self.tenant_id, sandbox_payment(order, now), now, source="sandbox")

    def _open(self, now: datetime) -> None:
        if application := self._application(COMES_IN, "deposit"):
            application_open(self.tenant_id, application.number, CASHIER, now)

    def _accept_some(self, now: datetime) -> None:
        """Leave the review of the second newcomer half done."""
        application = self._application(IN_REVIEW, "review")
        if application is None or application.evidence.filter(state="accepted").exists():
            return
        for name in self._submitted(application)[:ACCEPTED_SO_FAR]:
            evidence_accept(self.tenant_id, application.number, name, REVIEWER, now, note="相符")


def _figure(need: Requirement) -> tuple[int, int] | None:
    """Return how many of how many were in time in the trial, where that is asked for."""
    if need.name not in NORMS:
        return None
    return (98, 100) if need.name == "ship48" else (100, 100)


def people() -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Return the sign-ins that the newcomers choose, with their roles and parties."""
    yield COMES_IN.username, "provider", ("provider", COMES_IN.provider_id)
    yield IN_REVIEW.username, "applicant", ("provider", IN_REVIEW.provider_id)

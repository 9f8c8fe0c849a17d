"""Charging in the demo: plans filed and reviewed, and offers that differ from each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earnest.charging.base_functions import NewBaseFunction, base_function_mark
from earnest.charging.models import BaseFunction, ChargingPlan, OfferSeen
from earnest.charging.offers import NewOffer, offer_see
from earnest.charging.plans import PlanDraft, plan_draft, plan_file
from earnest.charging.review import (
    CHECKS,
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.cli.demo_newcomers import COMES_IN
from earnest.cli.demo_papers import text_keep
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.money import fen_of_yuan
from earnest.simulator.deposit_story import at

Step = Callable[[datetime], None]
REVIEWER, SECOND = "service", "risk"
PROVIDER: Final = COMES_IN.provider_id
APP: Final = "云仓通铺货"
WORDING: Final = "批量铺货：每天最多 500 件，价格随货源自动更新"
WORDING_THERE: Final = "批量铺货：每天最多 2000 件，价格随货源自动更新，赠送智能选品"
BASE_CODE: Final = "publish_one"
DIFFERS_TOO: Final = "P0001"


@dataclass(frozen=True)
class Charging:
    """What is filed, reviewed and seen of paid functions in one marketplace."""

    tenant_id: str
    months: Sequence[Month]

    def steps(self) -> list[tuple[datetime, Step]]:
        """Return the steps with their instants; each one does nothing when it was done before."""
        _, _, c, _, _, f = self.months
        after = f.plus(1)
        return [
            (at(c, 1), self._base_function),
            (at(c, 3), lambda now: self._file(self._plan("batch_publish", "批量铺货", now), now)),
            (at(c, 5), lambda now: self._take("batch_publish", now)),
            (at(c, 7), self._review),
            (at(c, 10), self._settle),
            (at(f, 22), lambda now: self._offers(PROVIDER, "batch_publish", now)),
            (at(after, 20), lambda now: self._file(self._plan("pricing", "智能定价", now), now)),
            (at(after, 25), lambda now: self._offers(DIFFERS_TOO, "pick_goods", now)),
            (at(after, 26), lambda now: self._take("pricing", now)),
        ]

    def _base_function(self, now: datetime) -> None:
        rows = BaseFunction.objects.filter(tenant_id=self.tenant_id, plan_code=BASE_CODE)
        if not rows.exists():
            new = NewBaseFunction(BASE_CODE, "单件铺货", SECOND, name_en="publishing one by one")
            base_function_mark(self.tenant_id, new, now)

    def _plan(self, code: str, name: str, now: datetime) -> PlanDraft:
        wording = WORDING if code == "batch_publish" else "智能定价：按同款价格给出建议价"
        return PlanDraft(
            app=APP,
            plan_code=code,
            version="1",
            name_zh=name,
            adds=f"{name}：比基础版多出的功能，逐项说明见附件",
            base_keeps="单件铺货、订单同步、库存同步仍免费",
            price_fen=fen_of_yuan(99),
            period="month",
            wording_here=wording,
            wording_there=wording,
            price_there_fen=fen_of_yuan(99),
            wanted_on=day_of(now).replace(day=28),
        )

    def _filed(self, code: str, state: str = "") -> ChargingPlan | None:
        rows = ChargingPlan.objects.filter(
            tenant_id=self.tenant_id, provider_id=PROVIDER, plan_code=code
        )
        return (rows.filter(state=state) if state else rows).first()

    def _file(self, draft: PlanDraft, now: datetime) -> None:
        if self._filed(draft.plan_code):
            return
        by, lines = (COMES_IN.username, now), (draft.adds, draft.base_keeps)
        paper = text_keep(
            self.tenant_id, ("provider", PROVIDER), f"{draft.name_zh}功能对照", lines, by
        )
        plan = plan_draft(
            self.tenant_id, PROVIDER, replace(draft, documents=(paper,)), COMES_IN.username, now
        )
        plan_file(self.tenant_id, plan.number, COMES_IN.username, now)

    def _take(self, code: str, now: datetime) -> None:
        if plan := self._filed(code, "filed"):
            plan_take(self.tenant_id, plan.number, REVIEWER, now)

    def _review(self, now: datetime) -> None:
        if plan := self._filed("batch_publish", "in_review"):
            checks = dict.fromkeys(CHECKS, True)
            review = PlanReview("approve", "两边文案、价格一致，基础版不变", REVIEWER, checks)
            plan_review(self.tenant_id, plan.number, review, now)

    def _settle(self, now: datetime) -> None:
        if plan := self._filed("batch_publish", "reviewed"):
            plan_settle(
                self.tenant_id,
                plan.number,
                PlanSettling(agrees=True, note="同意", actor=SECOND),
                now,
            )

    def _offers(self, provider_id: str, code: str, now: datetime) -> None:
        """See an offer on both sides that does not read alike; the daily look reports it."""
        if OfferSeen.objects.filter(
            tenant_id=self.tenant_id, provider_id=provider_id, plan_code=code
        ).exists():
            return
        app = APP if provider_id == PROVIDER else "选品助手"
        for side, wording in (("kuaishou", WORDING), ("1688", WORDING_THERE)):
            new = NewOffer(provider_id, app, code, side, wording, fen_of_yuan(99), now, REVIEWER)
            offer_see(self.tenant_id, new, now)

"""Goods in the demo: inspections with a finding, goods that have to go, and a merchants' survey."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from earnest.catalogue.goods import goods_with_sales
from earnest.catalogue.models import GoodsNotice, SamplingRound
from earnest.catalogue.results import LabResult, sample_result, sample_send, sample_take
from earnest.catalogue.sampling import SamplingAsked, sampling_plan
from earnest.catalogue.takedowns import (
    NewGoodsNotice,
    TakenDown,
    goods_notice_send,
    goods_taken_down,
)
from earnest.cli.demo_papers import pdf_keep
from earnest.cli.demo_surveys import campaign_play
from earnest.kernel.calendar import Month, day_of
from earnest.simulator.deposit_story import at
from earnest.surveys.models import Campaign

Step = Callable[[datetime], None]
ACTOR, LAB = "service", "华东商品检测中心（虚构）"
INSPECTED, INSPECTED_LATER, TOLD, TOLD_LATER = "P0005", "P0007", "P0003", "P0001"
ASKED_ABOUT: Final = ("P0001", "P0003", "P0005")
RETEST_DAYS, GOODS_TOLD, SURVEY_DAYS = 6, 2, 14


@dataclass(frozen=True)
class Goods:
    """What becomes of goods in one marketplace, and what merchants say of providers."""

    tenant_id: str
    months: Sequence[Month]

    def steps(self) -> list[tuple[datetime, Step]]:
        """Return the steps with their instants; each one does nothing when it was done before."""
        *_, e, f = self.months
        after, unlike = f.plus(1), "composition_mismatch"
        return [
            (at(e, 10), lambda now: self._plan(INSPECTED, now)),
            (at(e, 12), lambda now: self._send(INSPECTED, now)),
            (at(e, 20), lambda now: self._results(INSPECTED, "labels", now)),
            (at(f, 10), lambda now: self._tell(TOLD, now)),
            (at(f, 11), self._taken_down),
            (at(f, 12), self._survey),
            (at(after, 12), lambda now: self._plan(INSPECTED_LATER, now)),
            (at(after, 14), lambda now: self._send(INSPECTED_LATER, now)),
            (at(after, 26), lambda now: self._results(INSPECTED_LATER, unlike, now)),
            (at(after, 29, 9), lambda now: self._tell(TOLD_LATER, now)),
        ]  # fmt: skip

    def _round(self, provider_id: str) -> SamplingRound | None:
        rows = SamplingRound.objects.filter(tenant_id=self.tenant_id, provider_id=provider_id)
        return rows.first()

    def _plan(self, provider_id: str, now: datetime) -> None:
        sold = goods_with_sales(self.tenant_id, provider_id, day_of(now), now)
        if sold and not self._round(provider_id):
            asked = SamplingAsked(
                provider_id, f"{day_of(now)} 公布的种子", ACTOR, "季度例行抽检，费用由平台承担"
            )
            sampling_plan(self.tenant_id, asked, now)

    def _send(self, provider_id: str, now: datetime) -> None:
        row = self._round(provider_id)
        for sample in row.samples.filter(state="chosen").order_by("place") if row else ():
            sample_take(self.tenant_id, sample.round.number, sample.place, ACTOR, now)
            sample_send(self.tenant_id, sample.round.number, sample.place, LAB, ACTOR, now)

    def _results(self, provider_id: str, finding: str, now: datetime) -> None:
        """Hand in the lab's reports: the first of the goods fails, the others pass."""
        row = self._round(provider_id)
        for sample in row.samples.filter(state="at_lab").order_by("place") if row else ():
            result = finding if sample.place == 1 else "passed"
            lines = (f"样品 {sample.item_id}", f"结论：{'不合格' if sample.place == 1 else '合格'}")
            report = pdf_keep(
                self.tenant_id, ("provider", provider_id), f"检测报告 {sample.round.number}-"
                f"{sample.place}", lines, (ACTOR, now),
            )  # fmt: skip
            said = LabResult(
                result, ACTOR, report, "见检测报告", day_of(now) + timedelta(days=RETEST_DAYS)
            )
            sample_result(self.tenant_id, sample.round.number, sample.place, said, now)

    def _tell(self, provider_id: str, now: datetime) -> None:
        """Tell a provider which of its goods have to go, and by when."""
        rows = GoodsNotice.objects.filter(tenant_id=self.tenant_id, provider_id=provider_id)
        sold = goods_with_sales(self.tenant_id, provider_id, day_of(now), now)[:GOODS_TOLD]
        if not sold or rows.exists():
            return
        facts = {each.item_id: {"quality": each.quality, "signed": each.signed} for each in sold}
        note = "近期品质退款偏多，请先下架自查"
        new = NewGoodsNotice(provider_id, "quality_refund", facts, ACTOR, note)
        goods_notice_send(self.tenant_id, new, now)

    def _taken_down(self, now: datetime) -> None:
        row = GoodsNotice.objects.filter(
            tenant_id=self.tenant_id, provider_id=TOLD, told_at__lte=now
        ).first()
        if row is None or not (left := row.goods.filter(off_on=None)).exists():
            return
        items = sorted(left.values_list("item_id", flat=True))
        proof = pdf_keep(
            self.tenant_id, row.subject, f"下架截图 {row.number}", items, (TOLD.lower(), now)
        )
        said = TakenDown(items, TOLD.lower(), "已全部下架，排查后再上", (proof,))
        goods_taken_down(self.tenant_id, row.number, said, now)

    def _survey(self, now: datetime) -> None:
        if not Campaign.objects.filter(
            tenant_id=self.tenant_id, month=str(Month.of(day_of(now)))
        ).exists():
            closes_on = day_of(now) + timedelta(days=SURVEY_DAYS)
            campaign_play(self.tenant_id, now, provider_ids=ASKED_ABOUT, closes_on=closes_on)

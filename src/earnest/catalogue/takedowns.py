"""Goods that fail: told to their provider with a day, seen to be off, reported where they are not.

Clauses: S0-2.2.1b, S0-2.2.1c.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from earnest.catalogue.models import GoodsNotice, NoticeGoods
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import provider_get
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for
from earnest.violations.reports import Report, ReportItem, violation_report

REASONS: Final[dict[str, str]] = {
    "quality_refund": "S0-2.2.1e",
    "inspection": "S0-2.1-qual2f",
    "screening": "S0-2.1-info2",
}
"""Why goods fail, with the clause that they fail by."""

CLAUSE: Final = "S0-2.2.1b"
GOODS_MAX: Final = 200
NOT_TAKEN_DOWN: Final = "goods_not_taken_down"


@dataclass(frozen=True)
class NewGoodsNotice:
    """Goods that a provider has to take down.

    Attributes:
        reason: quality_refund, inspection or screening.
        goods: why each fails, by its id.
        note: for the provider to read.
    """

    provider_id: str
    reason: str
    goods: Mapping[str, Mapping[str, Any]]
    actor: str
    note: str = ""


@dataclass(frozen=True)
class TakenDown:
    """What a provider says of goods that it has taken down, with documents that prove it."""

    item_ids: Sequence[str]
    actor: str
    note: str = ""
    documents: Sequence[UUID] = field(default_factory=tuple)


@transaction.atomic
def goods_notice_send(tenant_id: str, new: NewGoodsNotice, now: datetime) -> GoodsNotice:
    """Tell a provider which goods fail, why, and by which day they have to be off the shelf.

    Goods that it was told of before and that are still up are not told again.

    Raises:
        BadInput: unknown reason, no goods, or too many.
        Conflict: it was told of all of them, and they are still up.
        NotFound: no such provider.
        RuleRefused: the rulebook has no rule for the day.
    """
    provider_get(tenant_id, new.provider_id)
    wanted = {item.strip(): facts for item, facts in new.goods.items() if item.strip()}
    if new.reason not in REASONS or not 1 <= len(wanted) <= GOODS_MAX:
        raise BadInput(
            "goods_notice_wrong",
            where="reason" if new.reason not in REASONS else "goods",
            zh=f"请选择原因，并列出 1 至 {GOODS_MAX} 件商品。",
            en=f"choose a reason and list 1 to {GOODS_MAX} goods",
        )
    number = number_next(GoodsNotice, tenant_id, "G")
    still_up = NoticeGoods.objects.filter(
        tenant_id=tenant_id, notice__provider_id=new.provider_id, off_on=None, item_id__in=wanted
    )
    known = set(still_up.values_list("item_id", flat=True))
    left = {item: facts for item, facts in wanted.items() if item not in known}
    if not left:
        raise Conflict(
            "goods_told_already",
            where=new.provider_id,
            zh="这些商品都已通知下架且尚未下架，不重复通知。",
            en="the provider was told of all these goods, and they are still up",
        )
    return _sent(tenant_id, number, new, left, now)


def _sent(
    tenant_id: str,
    number: str,
    new: NewGoodsNotice,
    goods: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> GoodsNotice:
    on = day_of(now)
    due_on, receipt = due_of(tenant_id, new.provider_id, on, now)
    row = GoodsNotice.objects.create(
        id=uuid7_for(now, tenant_id, "goods_notice", number),
        tenant_id=tenant_id,
        number=number,
        provider_id=new.provider_id,
        reason=new.reason,
        clause=REASONS[new.reason],
        note=new.note.strip(),
        told_on=on,
        told_at=now,
        due_on=due_on,
        receipt=receipt,
        sent_by=new.actor,
    )
    NoticeGoods.objects.bulk_create(
        NoticeGoods(
            id=uuid7_for(now, tenant_id, "notice_goods", number, item),
            notice=row,
            tenant_id=tenant_id,
            item_id=item,
            facts=dict(facts),
        )
        for item, facts in sorted(goods.items())
    )
    notices_send(tenant_id, [_notice(row, sorted(goods))], now)
    return row


@transaction.atomic
def goods_taken_down(
    tenant_id: str, number: str, said: TakenDown, now: datetime
) -> list[NoticeGoods]:
    """Note that a provider says its goods are off, with proof; it is late after the day.

    Raises:
        BadInput: none of the notice's goods is named.
        Conflict: one of them was off before.
        NotFound: no such notice, or a document is not the provider's own.
    """
    row = goods_notice_get(tenant_id, number)
    documents_owned(tenant_id, row.subject, said.documents)
    wanted = set(said.item_ids)
    rows = list(row.goods.select_for_update().filter(item_id__in=wanted).order_by("item_id"))
    if not rows or len(rows) != len(wanted):
        raise BadInput(
            "goods_not_in_notice",
            where=number,
            zh="请选择本通知所列的商品。",
            en="choose goods that the notice lists",
        )
    if any(each.off_on is not None for each in rows):
        raise Conflict(
            "goods_off_already",
            where=number,
            zh="所选商品中有已下架的；请刷新页面。",
            en="one of them is off already; look at the notice again",
        )
    for each in rows:
        each.off_on, each.off_by = day_of(now), said.actor
        each.off_note = said.note.strip()
        each.proof = [str(one) for one in said.documents]
        each.save()
        overdue_report(each, now)
    return rows


def goods_notice_get(tenant_id: str, number: str) -> GoodsNotice:
    """Return a notice by its number.

    Raises:
        NotFound: there is none.
    """
    row = GoodsNotice.objects.filter(tenant_id=tenant_id, number=number).first()
    if row is None:
        raise NotFound(
            "unknown_goods_notice",
            where=number,
            zh=f"没有编号为 {number} 的下架通知，或您无权查看。",
            en=f"there is no notice of goods {number!r}, or it is not yours to see",
        )
    return row


def due_of(
    tenant_id: str, provider_id: str, on: date, now: datetime
) -> tuple[date, dict[str, Any]]:
    """Return the day by which goods have to be off that a provider is told of on a day.

    Raises:
        RuleRefused: the rulebook has no rule for the day.
    """
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    facts = {"told_on": on, "looked_on": on, "taken_down": False}
    evaluation = pack.evaluate("goods_takedown", facts)
    if evaluation.refusal is not None:
        refusal = evaluation.refusal
        raise RuleRefused(refusal.code, where=provider_id, zh=refusal.zh, en=refusal.en)
    edition_keep(pack, now)
    due_on: date = evaluation.result["due_on"]
    return due_on, evaluation.receipt().as_dict()


def overdue_report(row: NoticeGoods, now: datetime) -> bool:
    """Report goods that are or were up past their day, once; tell whether they were late.

    Whether they are late is the rulebook's to say (``goods_takedown``): goods that came off are
    judged as they stood on that day.
    """
    notice, on = row.notice, day_of(now)
    if row.violation_id is not None:
        return False
    pack = pack_for(row.tenant_id, SUPPLY_MARKET, *notice.subject)
    facts = {"told_on": notice.told_on, "looked_on": row.off_on or on, "taken_down": False}
    evaluation = pack.evaluate("goods_takedown", facts)
    if evaluation.refusal is not None or evaluation.result["in_time"]:
        return False
    item = ReportItem(
        kind=NOT_TAKEN_DOWN,
        clause=CLAUSE,
        happened_on=notice.due_on,
        facts={
            "item_id": row.item_id[:80],
            "goods_notice": notice.number,
            "told_on": notice.told_on.isoformat(),
            "due_on": notice.due_on.isoformat(),
            "looked_on": on.isoformat(),
        },
    )
    report = Report(
        subject=notice.subject,
        source="measure",
        items=(item,),
        actor="system",
        note=f"{notice.number} {row.item_id}",
        about=f"takedown:{row.id}",
    )
    row.violation_id = violation_report(row.tenant_id, report, now).id
    row.overdue_on = on
    row.save(update_fields=["violation_id", "overdue_on"])
    return True


def _notice(row: GoodsNotice, items: Sequence[str]) -> NewNotice:
    pack = pack_for(row.tenant_id, SUPPLY_MARKET, *row.subject)
    clause = pack.clauses[row.clause]
    listed = "、".join(items)
    return NewNotice(
        subject_kind="provider",
        subject_id=row.provider_id,
        about=f"goods_notice:{row.number}",
        kind="finding",
        severity="warning",
        clause=CLAUSE,
        decision_id=None,
        zh=Message(
            f"商品下架通知 {row.number}：请于 {row.due_on} 前下架",
            f"下列商品不合格（{row.clause}：{clause.zh}），请在 {row.due_on} 前（含当日）下架，"
            f"并在通知页面确认或等待系统同步：{listed}。{row.note}（{CLAUSE}）",
        ),
        en=Message(
            f"Goods to be taken down, {row.number}: by {row.due_on}",
            f"These goods fail ({row.clause}: {clause.en}). Take them down by {row.due_on}, that "
            f"day included, and say so on the notice's page or let your feed tell it: "
            f"{listed.replace('、', ', ')}. {row.note} ({CLAUSE})",
        ),
        due_on=row.due_on,
    )

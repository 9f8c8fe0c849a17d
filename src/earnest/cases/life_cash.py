"""The rows of a deposit's life that are about cash at an institution: coming in and going out."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from earnest.cases.life import LifeRow
from earnest.cases.life_words import PART_OUTCOMES
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.payins.booking import CLAUSES
from earnest.payins.models import BankReceipt, PayOrder
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.records import PURPOSES
from earnest.rulebooks.packs import RULEBOOKS

STATES: Final = {
    "open": Words("待支付", "to be paid"),
    "paid": Words("已支付", "paid"),
    "expired": Words("已过期", "expired"),
    "closed": Words("已关闭", "closed"),
}


def receipts_told(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    """Tell what was to come in and came: payment orders, and transfers matched by people."""
    own = {"tenant_id": tenant_id, "subject_kind": subject[0], "subject_id": subject[1]}
    for order in PayOrder.objects.filter(**own).order_by("opened_at"):
        state = STATES.get(order.state, Words(order.state, order.state))
        yield LifeRow(
            kind="receipt",
            code=f"order.{order.state}",
            at=order.paid_at or order.opened_at,
            zh=f"在线缴款 {order.number}：{state.zh}",
            en=f"online payment {order.number}: {state.en}",
            detail_zh=order.trade_no,
            detail_en=order.trade_no,
            amount_fen=order.amount_fen,
            clause=CLAUSES[subject[0], order.purpose],
            rulebook=RULEBOOKS[subject[0]],
            id=str(order.id),
        )
    for receipt in BankReceipt.objects.filter(**own, matched_at__isnull=False):
        yield LifeRow(
            kind="receipt",
            code=f"bank.{receipt.state}",
            at=receipt.matched_at or receipt.received_at,
            zh=f"银行到账 {receipt.receipt_no} 已认领",
            en=f"bank transfer {receipt.receipt_no} matched",
            detail_zh=receipt.payer_name,
            detail_en=receipt.payer_name,
            amount_fen=receipt.amount_fen,
            clause=CLAUSES[subject[0], receipt.purpose],
            rulebook=RULEBOOKS[subject[0]],
            id=str(receipt.id),
        )


def payouts_told(tenant_id: str, subject: Subject) -> Iterator[LifeRow]:
    """Tell what went out: each payout, and what was heard of each of its parts."""
    rows = Payout.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1]
    ).prefetch_related("parts__attempts")
    for payout in rows:
        said = Words(*PURPOSES.get(payout.purpose, (payout.purpose, payout.purpose)))
        parts = list(payout.parts.all())
        row = _of_payout(payout)
        yield row(
            code=f"{payout.purpose}.requested",
            at=payout.requested_at,
            zh=f"{payout.number} 申请付款：{said.zh}",
            en=f"{payout.number} payout asked for: {said.en}",
            detail_zh=f"分 {len(parts)} 笔",
            detail_en=f"in {len(parts)} part(s)",
            amount_fen=payout.amount_fen,
            id=str(payout.id),
        )
        for part in parts:
            yield from _attempts(payout, part, row)


def _of_payout(payout: Payout) -> partial[LifeRow]:
    return partial(
        LifeRow,
        kind="payout",
        clause=payout.clause,
        rulebook=payout.rulebook,
        ref_kind="payout",
        ref=payout.number,
    )


def _attempts(payout: Payout, part: PayoutPart, row: partial[LifeRow]) -> Iterator[LifeRow]:
    for attempt in part.attempts.all():
        said = PART_OUTCOMES.get(attempt.outcome, Words(attempt.outcome, attempt.outcome))
        yield row(
            code=f"{payout.purpose}.{attempt.outcome}",
            at=attempt.at,
            zh=f"{payout.number} 第 {part.ordinal} 笔：{said.zh}",
            en=f"{payout.number}, part {part.ordinal}: {said.en}",
            amount_fen=part.amount_fen,
            id=str(part.id),
            seq=attempt.n,
        )

"""Holds in effect, and what becomes of them: settled to the loss, or released (S3-4.2c)."""

from datetime import date, datetime
from typing import Any

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.models import Decision
from earnest.deposits.holds import HoldSettled, NewHold, Settlement, hold_place, hold_settle
from earnest.deposits.notifications import BENEFICIARIES
from earnest.kernel.calendar import day_start
from earnest.kernel.money import yuan
from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import notices_send

SETTLE_FOR = {
    "settle_platform": "platform",
    "settle_consumer": "consumer",
    "settle_right_holder": "right_holder",
    "release_hold": "platform",  # nothing is deducted, so nobody is paid
}


def hold_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Place a hold and tell the shop of it, with the day on which it is looked at again.

    Raises:
        Conflict: nothing is free to hold, or the ledger refuses.
    """
    facts, result = decision.receipt["facts"], decision.receipt["result"]
    review_on = date.fromisoformat(facts["review_on"])
    estimate_fen = int(facts["estimate_fen"])
    ends_on = date.fromisoformat(result["next_on"]) if result["ends_by_itself"] else None
    new = NewHold(
        subject=decision.subject,
        case_number=decision.period,
        reason=facts["reason"],
        owner=facts["owner"],
        held_fen=int(result["held_fen"]),
        estimate_fen=estimate_fen or None,
        review_on=review_on,
        ends_at=day_start(ends_on) if ends_on else None,
        rulebook=decision.rulebook,
        decision_id=decision.id,
    )
    hold = hold_place(tenant_id, new, now)
    estimated = (
        Words(f"估计损失 {yuan(estimate_fen)} 元", f"loss estimated at {yuan(estimate_fen)} yuan")
        if estimate_fen
        else Words("损失尚无法估计", "nobody can tell the loss yet")
    )
    placed = yuan(hold.placed_fen)
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(f"{facts['reason']}；{estimated.zh}", f"{facts['reason']}; {estimated.en}"),
        effect=Words(
            f"扣留保证金 {placed} 元，扣留期间不可使用，也不计入可用余额",
            f"{placed} yuan of the deposit are held; they cannot be used and do not count as free",
        ),
        release=_hold_ends(review_on, ends_on),
        due_on=review_on,
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {
        "hold": str(hold.id),
        "held_fen": hold.placed_fen,
        "notices": [str(each) for each in sent],
    }


def _hold_ends(review_on: date, ends_on: date | None) -> Words:
    said = Words(
        f"损失确定后据实结算，余下部分解除；平台于 {review_on} 前复核",
        f"once the loss is known it is settled to it and the rest released; the platform looks at "
        f"it again by {review_on}",
    )
    if ends_on is None:
        return said
    return Words(
        f"{said.zh}；最迟于 {ends_on} 自动解除", f"{said.en}; it ends by itself on {ends_on}"
    )


def hold_settled_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Settle a hold to the loss, or release it, and tell the shop (S3-4.2b, S3-4.2c).

    The decision's period is the number of the hold's case, with what numbers a later settlement of
    the same case behind a point.

    Raises:
        NotFound, Conflict: the hold has ended or changed, or the ledger refuses.
    """
    result = decision.receipt["result"]
    settlement = Settlement(
        held_fen=int(decision.receipt["facts"]["held_fen"]),
        deducted_fen=int(result["deducted_fen"]),
        claim_fen=int(result["claim_fen"]),
        beneficiary=SETTLE_FOR[decision.outcome],
        decision_id=decision.id,
        rulebook=decision.rulebook,
    )
    number = decision.period.partition(".")[0]
    done = hold_settle(tenant_id, number, settlement, now)
    consequence = Consequence(
        kind="sanction" if decision.money_fen else "release",
        severity="serious" if decision.money_fen else "info",
        facts=_settled_facts(done, decision.money_fen),
        effect=_settled_effect(done, settlement),
        release=Words(
            "付清应追偿款后提现限制自动解除",
            "the restriction of withdrawals ends by itself when the claim is paid",
        )
        if done.claim_fen
        else NOTHING,
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {
        "hold": str(done.hold.id),
        "transfers": [str(each) for each in done.transfer_ids],
        "taken_fen": done.deducted_fen,
        "released_fen": done.released_fen,
        "claim_fen": done.claim_fen,
        "restrictions": [str(each) for each in done.restriction_ids],
        "notices": [str(each) for each in sent],
    }


def _settled_facts(done: HoldSettled, loss_fen: int) -> Words:
    placed, reason = yuan(done.hold.placed_fen), done.hold.reason
    return Words(
        f"扣留 {placed} 元（{reason}），损失确定为 {yuan(loss_fen)} 元",
        f"{placed} yuan were held ({reason}); the loss turned out to be {yuan(loss_fen)} yuan",
    )


def _settled_effect(done: HoldSettled, settlement: Settlement) -> Words:
    whom = BENEFICIARIES[settlement.beneficiary]
    zh, en = [], []
    if done.deducted_fen:
        zh.append(f"从扣留中扣除 {yuan(done.deducted_fen)} 元付{whom.zh}")
        en.append(f"{yuan(done.deducted_fen)} yuan of the hold go to {whom.en}")
    if done.released_fen:
        zh.append(f"解除 {yuan(done.released_fen)} 元")
        en.append(f"{yuan(done.released_fen)} yuan are released")
    if done.claim_fen:
        claim = yuan(done.claim_fen)
        zh.append(f"不足的 {claim} 元列为应追偿款，付清前暂停货款提现")
        en.append(
            f"the missing {claim} yuan are owed as a claim; withdrawal of proceeds stops until it "
            "is paid"
        )
    return Words("；".join(zh), "; ".join(en))

"""What a payment in costs: shown to a party before it pays."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earnest.deposits.queries import Position, position
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, RuleRefused
from earnest.market.queries import Subject
from earnest.payins.booking import PURPOSES
from earnest.policy import Evaluation
from earnest.rulebooks.packs import RULEBOOKS, SHOP_DEPOSIT, pack_for

ONLINE_RAILS = ("alipay_trade", "wechat")


@dataclass(frozen=True)
class Quote:
    """What a party would pay, and why; in fen.

    Attributes:
        position: what the party must hold, holds, lacks and owes now.
        amount_fen: what will be credited.
        fee_fen: the institution's fee: not credited, not returned.
        total_fen: both together.
        fee: the evaluation that the fee comes from.
        interest_fen: what the deposit bears: nothing (S3-1.2); None where no clause speaks of it.
    """

    subject: Subject
    purpose: str
    rail: str
    position: Position
    amount_fen: int
    fee_fen: int
    total_fen: int
    fee: Evaluation
    interest_fen: int | None

    @property
    def fee_receipt(self) -> dict[str, Any]:
        """The proof from which the fee can be computed again."""
        return self.fee.receipt().as_dict()


def pay_quote(
    tenant_id: str, subject: Subject, amount_fen: int, *, purpose: str, rail: str, now: datetime
) -> Quote:
    """Return what paying an amount in costs a party.

    Clauses: S3-2.1a (S0-1.1-basis for a provider), S3-1.2.

    Raises:
        BadInput: ``amount_not_positive``, ``unknown_purpose``, ``rail_not_online``,
            ``more_than_owed`` when a debt is to be paid that is smaller.
        RuleRefused: when the rulebook gives no fee.
    """
    at = position(tenant_id, subject, day_of(now))
    _asked_check(at, amount_fen, purpose, rail)
    pack = pack_for(tenant_id, RULEBOOKS[subject[0]], *subject)
    facts = {"paid_on": day_of(now), "pay_in_fen": amount_fen, "rail": rail}
    fee = pack.evaluate("pay_in_fee", facts)
    if fee.refusal is not None:
        raise RuleRefused(
            fee.refusal.code, where=fee.refusal.key, zh=fee.refusal.zh, en=fee.refusal.en
        )
    interest = None
    if RULEBOOKS[subject[0]] == SHOP_DEPOSIT:
        held = {"held_on": day_of(now), "balance_fen": at.posted_fen + amount_fen}
        interest = pack.evaluate("interest", held).result["interest_fen"]
    return Quote(
        subject=subject,
        purpose=purpose,
        rail=rail,
        position=at,
        amount_fen=amount_fen,
        fee_fen=fee.result["fee_fen"],
        total_fen=fee.result["total_fen"],
        fee=fee,
        interest_fen=interest,
    )


def _asked_check(at: Position, amount_fen: int, purpose: str, rail: str) -> None:
    if amount_fen <= 0:
        raise BadInput(
            "amount_not_positive",
            where="amount",
            zh="缴款金额须大于零。",
            en="the amount must be more than 0",
        )
    if purpose not in PURPOSES:
        raise BadInput(
            "unknown_purpose",
            where=purpose,
            zh=f"没有这种缴款用途；可用：{'、'.join(PURPOSES)}。",
            en=f"there is no such purpose; choose one of {', '.join(PURPOSES)}",
        )
    if rail not in ONLINE_RAILS:
        raise BadInput(
            "rail_not_online",
            where=rail,
            zh=f"该渠道不能在线支付；可用：{'、'.join(ONLINE_RAILS)}。银行转账无需下单。",
            en=f"nothing is paid online there; choose one of {', '.join(ONLINE_RAILS)}. "
            "A bank transfer needs no order",
        )
    if purpose == "recovery" and amount_fen > at.claim_fen:
        raise BadInput(
            "more_than_owed",
            where="amount",
            zh="还款金额超过当前欠款；请按欠款金额缴纳。",
            en="this is more than is owed; pay what is owed",
        )

"""Excess that a shop withdraws: its conditions, and the payout once it is approved (S3-6.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.models import Decision
from earnest.deposits.accounts import deposit_of
from earnest.deposits.queries import position
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.openings import categories_ever
from earnest.measures.queries import measure
from earnest.notices.commands import notices_send
from earnest.payouts.commands import payout_request
from earnest.payouts.models import Payout
from earnest.payouts.records import NewPayout
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import pack_of_receipt

PAYOUT_TRIES = 3


@dataclass(frozen=True)
class Excess:
    """What a shop's excess is judged by: its highest special category, and what that sold.

    Attributes:
        category: the highest special category that it ever opened; empty where there was none.
        is_closed: whether that is closed now; True where there was none.
        month: the last calendar month.
        sales_fen: what was sold of it in that month.
    """

    category: str
    is_closed: bool
    month: Month
    sales_fen: int


def excess_of(tenant_id: str, shop_id: str, pack: Pack, now: datetime) -> Excess:
    """Look up a shop's highest special category and its sales of last month (S3-6.1a, 6.1b)."""
    on = day_of(now)
    month = Month.of(on).plus(-1)
    ever = categories_ever(tenant_id, shop_id, on)
    special: list[tuple[int, str]] = []
    for category in ever:
        try:
            row = pack.table_row("category_standard", {"category": category}, on=on)
        except RuleRefused:  # a category without a standard has no special deposit
            continue
        if row["is_special"]:
            special.append((int(row["amount"]), category))
    if not special:
        return Excess("", is_closed=True, month=month, sales_fen=0)
    _, highest = max(special)
    figures = measure(
        tenant_id, "sales_month", month.first_day, month.last_day, by="shop", as_of=now,
        subjects=[shop_id],
    )  # fmt: skip
    parts = [figure.dimensions.get("category_id", {}) for figure in figures]
    sales = sum(part.get(highest, 0) for part in parts if isinstance(part, dict))
    return Excess(highest, is_closed=not ever[highest], month=month, sales_fen=sales)


def excess_judged(tenant_id: str, shop_id: str, pack: Pack, now: datetime) -> Evaluation:
    """Ask the pack what a shop may withdraw, by everything as it is now (S3-6.1x)."""
    on = day_of(now)
    excess = excess_of(tenant_id, shop_id, pack, now)
    at = position(tenant_id, ("shop", shop_id), on)
    return pack.evaluate(
        "excess_withdrawal",
        {
            "asked_on": on,
            "high_category_closed": excess.is_closed,
            "special_sales_fen": excess.sales_fen,
            "required_fen": at.required_fen,
            "balance_fen": at.free_fen,
        },
    )


def withdrawal_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Pay out what was approved, as far as it is still excess (S3-6.1x).

    The conditions are asked again: a deduction, a raise or a reopened category in between leaves
    less, or nothing, and the shop is told so.
    """
    payout = _paid_out(tenant_id, decision, now)
    asked, paid = decision.money_fen, payout.amount_fen if payout else 0
    less = paid < asked
    number = payout.number if payout else "-"
    effect = Words(
        f"退出 {yuan(paid)} 元至实名核验账户，付款编号 {number}",
        f"{yuan(paid)} yuan go to the verified account, payout {number}",
    )
    why = Words(
        f"；批准后余额、应缴或条件有变，{yuan(asked - paid)} 元已不再是超额",
        f"; balance, requirement or conditions changed since: {yuan(asked - paid)} yuan are no "
        "excess any more",
    )
    consequence = Consequence(
        kind="payment",
        severity="warning" if less else "info",
        facts=Words(f"申请提取 {yuan(asked)} 元", f"{yuan(asked)} yuan were asked for"),
        effect=Words(effect.zh + why.zh, effect.en + why.en) if less else effect,
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {
        "payout": number if payout else "",
        "asked_fen": asked,
        "paid_fen": paid,
        "notices": [str(each) for each in sent],
    }


def _paid_out(tenant_id: str, decision: Decision, now: datetime) -> Payout | None:
    """Reserve the payout so that the requirement stays covered, whatever moves meanwhile.

    After the reserve is posted the ledger holds the account for this transaction, so what is read
    then is what stands; where another movement came first, it is undone and computed again.

    Raises:
        Conflict: the balance kept changing.
    """
    subject, pack = decision.subject, pack_of_receipt(decision.receipt)
    for _ in range(PAYOUT_TRIES):
        evaluation = excess_judged(tenant_id, subject[1], pack, now)
        amount = min(decision.money_fen, int(str(evaluation.result["withdrawable_fen"])))
        if amount <= 0:
            return None
        point = transaction.savepoint()
        payout = _reserved(tenant_id, _new_payout(decision, amount), now)
        if payout and position(tenant_id, subject, day_of(now)).shortage_fen == 0:
            transaction.savepoint_commit(point)
            return payout
        transaction.savepoint_rollback(point)
    raise Conflict(
        "balance_kept_changing",
        where=":".join(subject),
        zh="余额在处理期间不断变化，本次没有付款；请稍后重试。",
        en="the balance kept changing while we worked; nothing was paid, try again",
    )


def _reserved(tenant_id: str, new: NewPayout, now: datetime) -> Payout | None:
    """Reserve a payout; None where the balance has gone below it since it was read."""
    try:
        return payout_request(tenant_id, new, now)
    except RuleRefused as refused:
        if refused.problem.code != "payout_not_reserved":
            raise
        return None


def _new_payout(decision: Decision, amount_fen: int) -> NewPayout:
    subject = decision.subject
    return NewPayout(
        subject=subject,
        purpose="excess_withdrawal",
        from_account=deposit_of(subject),
        amount_fen=amount_fen,
        route="verified_account",
        clause=decision.clause,
        rulebook=decision.rulebook,
        decision_id=decision.id,
    )

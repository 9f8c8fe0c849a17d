"""A party that leaves: what it owes is set off, the rest of its deposit goes back (S3-6.2, S0-3).

The conditions were judged before; what is asked again here is what money rests on: nothing held,
nothing on its way to be taken, and an account that the rest may go to.
"""

from datetime import datetime
from typing import Any

from earnest.consequences.basis import reason_of
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.commands import WAITING
from earnest.decisions.models import Decision
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.deposits.models import Recovery
from earnest.deposits.queries import Position, position, requirement_history
from earnest.deposits.waterfall import posted_check
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import Conflict, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Transfer
from earnest.market.commands import provider_leave
from earnest.market.openings import shop_shut
from earnest.market.queries import Subject
from earnest.notices.commands import notices_send
from earnest.payins.models import PayOrder
from earnest.payouts.commands import payout_request
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.rails import ORIGINAL_ROUTE as ORIGINAL_RAIL
from earnest.payouts.records import NewPayout
from earnest.policy import Pack
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.queries import charges_to_come_fen

ORIGINAL, VERIFIED = "original_route", "verified_account"
LEAVING = ("exit_conditions", "exit_refund")
"""The decisions by which a party leaves."""


def refund_route(pack: Pack) -> str:
    """Return the way a refund on leaving goes by the pack: to the verified account, or back."""
    chosen = pack.interpretations.get("refund_route")
    return chosen.choice if chosen else VERIFIED


def recoveries_open_fen(tenant_id: str, subject: Subject) -> int:
    """Return what recoveries that are still open may yet take of a subject, in fen."""
    rows = Recovery.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], state="open"
    ).prefetch_related("steps")
    return sum(
        max(0, row.amount_fen - sum(step.amount_fen for step in row.steps.all())) for row in rows
    )


def decisions_waiting(tenant_id: str, subject: Subject) -> int:
    """Count the decisions about a subject that wait for people, but for its own leaving."""
    rows = Decision.objects.filter(
        tenant_id=tenant_id, subject_kind=subject[0], subject_id=subject[1], state=WAITING
    )
    return rows.exclude(decision__in=LEAVING).count()


def exit_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Close the party, set off what it owes, and pay the rest of its deposit back.

    Clauses: S3-6.2a, S3-6.2x; S0-3.3 for providers.

    Raises:
        RuleRefused: a part of the deposit is held, a recovery is open, a ticket is still to take
            money, or there is no account that may be paid to. Then nothing is done and the
            decision goes on waiting.
        Conflict: the balance changed meanwhile.
    """
    subject, on = decision.subject, day_of(now)
    at = position(tenant_id, subject, on)
    _must_be_clear(tenant_id, subject, at)
    owed = min(at.claim_fen, at.free_fen)
    payout = _refund(tenant_id, decision, at.free_fen - owed, now)
    transfers = _set_off(tenant_id, decision, owed, now)
    if position(tenant_id, subject, on).free_fen:
        raise Conflict(
            "balance_kept_changing",
            where=":".join(subject),
            zh="余额在处理期间发生变化，本次没有退还；请重试。",
            en="the balance changed while we worked; nothing was paid back, try again",
        )
    _require_nothing(tenant_id, decision, now)
    if subject[0] == "shop":
        shop_shut(tenant_id, subject[1], on)
    else:
        provider_leave(tenant_id, subject[1], on)
    consequence = _told(at, owed, payout)
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {
        "payout": payout.number if payout else "",
        "refunded_fen": payout.amount_fen if payout else 0,
        "set_off_fen": owed,
        "still_owed_fen": at.claim_fen - owed,
        "transfers": transfers,
        "notices": [str(each) for each in sent],
    }


def _require_nothing(tenant_id: str, decision: Decision, now: datetime) -> None:
    """Let nothing be required from today on, also on days for which more was announced before."""
    subject, on = decision.subject, day_of(now)
    announced = [each.from_on for each in requirement_history(tenant_id, subject)]
    later = {from_on: 0 for from_on in announced if from_on > on}
    zero = NewRequirement(*subject, 0, decision.clause, decision.id, later_fen=later)
    requirements_set(tenant_id, [zero], now)


def _must_be_clear(tenant_id: str, subject: Subject, at: Position) -> None:
    """Let nothing be paid back while a part is held, or may still be taken by somebody."""
    if at.held_fen:
        raise RuleRefused(
            "deposit_held",
            where=":".join(subject),
            zh=f"有 {yuan(at.held_fen)} 元正被扣留或付款中，结清前不能退还；请先结算或解除。",
            en=f"{yuan(at.held_fen)} yuan are held or on their way out; settle or release them "
            "before the rest is paid back",
        )
    open_fen = recoveries_open_fen(tenant_id, subject)
    if open_fen:
        raise RuleRefused(
            "recovery_open",
            where=":".join(subject),
            zh=f"有 {yuan(open_fen)} 元扣划尚未完成，退还前请先完成或停止追偿。",
            en=f"{yuan(open_fen)} yuan are still being recovered; settle or stop that first",
        )
    coming_fen = charges_to_come_fen(tenant_id, subject)
    if coming_fen:
        raise RuleRefused(
            "ticket_open",
            where=":".join(subject),
            zh=f"有处罚单待扣 {yuan(coming_fen)} 元，退还前请等其执行或撤销。",
            en=f"tickets are still to take {yuan(coming_fen)} yuan; nothing is paid back before "
            "they are in force or reversed",
        )
    if subject[0] == "provider" and (waiting := decisions_waiting(tenant_id, subject)):
        raise RuleRefused(
            "decisions_wait",
            where=":".join(subject),
            zh=f"另有 {waiting} 项关于该服务商的决定待审批，退还前请先办结。",
            en=f"{waiting} other decision(s) about this provider wait for people; settle them "
            "before anything is paid back",
        )


def _refund(tenant_id: str, decision: Decision, amount_fen: int, now: datetime) -> Payout | None:
    """Reserve the refund. It comes before the set-off, so that locks are taken in one order."""
    if amount_fen <= 0:
        return None
    subject = decision.subject
    back = payment_back(tenant_id, subject, pack_of_receipt(decision.receipt), amount_fen)
    new = NewPayout(
        subject=subject,
        purpose="exit_refund",
        from_account=deposit_of(subject),
        amount_fen=amount_fen,
        route=ORIGINAL if back else VERIFIED,
        clause=decision.clause,
        rulebook=decision.rulebook,
        decision_id=decision.id,
        destination=back,
    )
    return payout_request(tenant_id, new, now)


def payment_back(tenant_id: str, subject: Subject, pack: Pack, amount_fen: int) -> str:
    """Return the payment in by which a refund on leaving goes back; empty where it does not.

    It is the last one that is large enough, where the pack wants the original route. One that was
    refunded before, even in part, is left alone.
    """
    if refund_route(pack) != ORIGINAL:
        return ""
    refunded = PayoutPart.objects.filter(tenant_id=tenant_id, rail=ORIGINAL_RAIL)
    found = (
        PayOrder.objects.filter(
            tenant_id=tenant_id,
            subject_kind=subject[0],
            subject_id=subject[1],
            state="paid",
            amount_fen__gte=amount_fen,
        )
        .exclude(number__in=refunded.values("destination"))
        .order_by("-id")
        .values_list("number", flat=True)
        .first()
    )
    return found or ""


def _set_off(tenant_id: str, decision: Decision, owed_fen: int, now: datetime) -> list[str]:
    if not owed_fen:
        return []
    subject = decision.subject
    transfer = Transfer(
        id=uuid7_for(now, tenant_id, "exit-set-off", str(decision.id)),
        debit=deposit_of(subject),
        credit=claim_of(subject),
        amount_fen=owed_fen,
        effective_at=now,
        reason=reason_of(decision),
    )
    posted_check(transfers_post(tenant_id, [transfer], now), ":".join(subject))
    return [str(transfer.id)]


def _told(at: Position, owed_fen: int, payout: Payout | None) -> Consequence:
    refunded = payout.amount_fen if payout else 0
    zh, en = f"退还 {yuan(refunded)} 元", f"{yuan(refunded)} yuan are paid back"
    if payout is not None:
        back = payout.route == ORIGINAL
        zh += f"（付款编号 {payout.number}，{'按原路' if back else '至实名核验账户'}）"
        en += f" ({payout.number}, {'by the original route' if back else 'verified account'})"
    if owed_fen:
        zh += f"，先抵扣欠款 {yuan(owed_fen)} 元"
        en += f" after {yuan(owed_fen)} yuan were set off"
    if at.claim_fen > owed_fen:
        rest = yuan(at.claim_fen - owed_fen)
        zh += f"，仍欠 {rest} 元"
        en += f", {rest} yuan stay owed"
    return Consequence(
        kind="payment",
        severity="info",
        facts=Words(
            f"可用余额 {yuan(at.free_fen)} 元，欠款 {yuan(at.claim_fen)} 元",
            f"free balance {yuan(at.free_fen)} yuan, owed {yuan(at.claim_fen)} yuan",
        ),
        effect=Words(f"{zh}；此后不再要求保证金", f"{en}; no deposit is required any more"),
    )

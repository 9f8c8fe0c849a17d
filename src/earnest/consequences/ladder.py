"""The rungs of the NPS ladder, and the word to a provider whose duties were not met."""

from datetime import date, datetime
from typing import Any

from earnest.consequences.basis import TOPPED_UP, reason_of, restrict
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.words import capabilities_words, conditions_words, fine_words
from earnest.decisions.models import Decision
from earnest.deposits.commands import deduction_post
from earnest.kernel.calendar import add_months, day_of
from earnest.kernel.words import Words
from earnest.market.commands import provider_leave
from earnest.notices.commands import notices_send
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt
from earnest.rulebooks.switches import hidden_until, hiding_waits_for_both, rest_is_claimed

APPLICATION: Condition = {"kind": "application"}


def _ladder_release(decision: Decision, now: datetime) -> list[Condition]:
    """Return how a rung of the NPS ladder ends: S0-2.2.5-5a and 5b by time and top-up, 5c never.

    Hiding goes by the choices of the pack that judged: how long its month is, and whether the
    month or the top-up alone is enough.
    """
    from_on, months = day_of(now), int(decision.receipt["result"]["months"])
    if decision.outcome == "hide":
        pack, on = pack_of_receipt(decision.receipt), decision.governing_on or from_on
        month_over = _reached(hidden_until(pack, from_on, months, on=on))
        both = [month_over, TOPPED_UP]
        return both if hiding_waits_for_both(pack) else [{"kind": "any_of", "conditions": both}]
    if decision.outcome == "delist":
        return [_reached(add_months(from_on, months)), TOPPED_UP, APPLICATION]
    return []


def _reached(on: date) -> Condition:
    return {"kind": "time", "on": on.isoformat()}


def ladder_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Fine and restrict a provider by its rung of the NPS ladder (S0-2.2.5-5a, 5b, 5c)."""
    subject = decision.subject
    release = _ladder_release(decision, now)
    claim_rest = rest_is_claimed(pack_of_receipt(decision.receipt))
    fine = deduction_post(
        tenant_id, subject, decision.money_fen, reason_of(decision), now, claim_rest=claim_rest
    )
    capabilities, grants = restrict(tenant_id, decision, release, now)
    if decision.outcome == "remove":
        provider_leave(tenant_id, decision.subject_id, day_of(now))
    fined = fine_words(decision.money_fen, fine.taken_fen, fine.claim_fen)
    limited = capabilities_words(capabilities)
    streak = decision.receipt["result"]["streak"]
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(
            f"截至 {decision.period}，综合得分连续 {streak} 个月低于标准",
            f"the composite score was below the mark for {streak} assessed month(s) in a row, "
            f"up to {decision.period}",
        ),
        effect=Words(f"{fined.zh}；{limited.zh}", f"{fined.en}; {limited.en}"),
        release=conditions_words(release),
    )
    notices = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {
        "transfers": [str(each) for each in fine.transfer_ids],
        "taken_fen": fine.taken_fen,
        "claim_fen": fine.claim_fen,
        "restrictions": grants,
        "notices": [str(each) for each in notices],
    }


def notify_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Tell a provider of the duties it did not meet in a month (S0-2.2.1b)."""
    breached = decision.receipt["facts"]["breached"]
    consequence = Consequence(
        kind="finding",
        severity="warning",
        facts=Words(
            f"{decision.period} 有 {breached} 项要求未达标，明细见“履约健康”页",
            f"{breached} duty(ies) not met in {decision.period}; the health page shows each",
        ),
        effect=Words("请尽快整改；不达标的货品请及时下架", "put it right; delist goods that fail"),
    )
    notices = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {"notices": [str(each) for each in notices]}

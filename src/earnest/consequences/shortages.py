"""What is done against a deposit that is short: filled up from proceeds, or rights taken away."""

from datetime import datetime
from typing import Any

from earnest.consequences.basis import TOPPED_UP, reason_of, restrict, subject_of
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.words import Words, capabilities_words, conditions_words
from earnest.decisions.models import Decision
from earnest.deposits.commands import top_up_from_proceeds
from earnest.kernel.money import yuan
from earnest.notices.commands import notices_send


def shortage_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Do what was approved against a shortage: fill up from proceeds, or restrict (S3-5.1, 5.2)."""
    result = decision.receipt["result"]
    effect: dict[str, Any] = {}
    if decision.outcome == "transfer_from_proceeds":
        moved = top_up_from_proceeds(
            tenant_id, subject_of(decision), decision.money_fen, reason_of(decision), now
        )
        effect["transfers"] = [str(each) for each in moved.transfer_ids]
        effect["taken_fen"] = moved.taken_fen
        done = Words(
            f"自货款划转 {yuan(moved.taken_fen)} 元补足保证金",
            f"{yuan(moved.taken_fen)} yuan moved from sales proceeds into the deposit",
        )
        release = Words("", "")
    else:
        conditions = [] if decision.outcome == "end_service" else [TOPPED_UP]
        capabilities, effect["restrictions"] = restrict(tenant_id, decision, conditions, now)
        done, release = capabilities_words(capabilities), conditions_words(conditions)
    facts = decision.receipt["facts"]
    short = int(facts["required_fen"]) - int(facts["balance_fen"])
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(
            f"保证金缺口 {yuan(short)} 元，自通知次日起已 {facts['days_short']} 个自然日",
            f"the deposit is {yuan(short)} yuan short, on natural day {facts['days_short']} from "
            "the day after the notice",
        ),
        effect=done,
        release=release,
    )
    notices = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {**effect, "asked_fen": result["transfer_fen"], "notices": [str(n) for n in notices]}

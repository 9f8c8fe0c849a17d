"""A category that passed its gate is opened, and the shop is told (S3-2.2c)."""

from datetime import datetime
from typing import Any

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.openings import category_open
from earnest.notices.commands import notices_send
from earnest.rulebooks.packs import pack_of_receipt


def category_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Open the category that the gate let through."""
    facts, result = decision.receipt["facts"], decision.receipt["result"]
    category, texts = facts["category"], pack_of_receipt(decision.receipt).texts
    category_open(tenant_id, decision.subject_id, category, day_of(now))
    zh = texts[category].zh if category in texts else category
    en = texts[category].en if category in texts else category
    standard, balance = yuan(int(result["standard"])), yuan(int(facts["balance_fen"]))
    consequence = Consequence(
        kind="requirement",
        severity="info",
        facts=Words(
            f"类目 {zh}，标准 {standard} 元，可用余额 {balance} 元",
            f"category {en}, standard {standard} yuan, free balance {balance} yuan",
        ),
        effect=Words(
            f"{zh} 已开通；应缴保证金重新核定，结果另行通知",
            f"{en} is open; what must be held is computed anew, a notice follows where it changes",
        ),
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {"category": category, "notices": [str(each) for each in sent]}

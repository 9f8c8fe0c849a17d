"""Harm done by a provider after its removal: the whole deposit, and damages (S0-3.2b)."""

from datetime import datetime
from typing import Any

from earnest.consequences.sanctions import Sanction, sanction_apply
from earnest.decisions.models import Decision
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.tickets.commands import NewItem


def harm_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Open the ticket of harm that two persons have found; its money waits as a fine does.

    What is taken is the whole deposit on the day that the ticket comes into force, see
    :func:`earnest.consequences.forfeiture.deposit_forfeit`.
    """
    damages = int(decision.receipt["result"]["damages_fen"])
    facts = Words(
        f"清退后侵害他人权益（{decision.period}），认定损失 {yuan(damages)} 元",
        f"harm done after removal ({decision.period}), losses found: {yuan(damages)} yuan",
    )
    how = Words(
        "以执行时的全部可用保证金为准：先赔付损失，余额作违约金，不足部分列为应追偿款",
        "it is the whole free deposit on the day it is taken: the losses are paid first, the rest "
        "is a penalty, and losses that are left are owed as a claim",
    )
    item = NewItem(
        "other", f"harm {decision.period}", decision.clause, facts, decision.receipt["facts"]
    )
    sanction = Sanction(items=[item], facts=facts, source="report", measure="none", also=how)
    return sanction_apply(tenant_id, decision, sanction, now)

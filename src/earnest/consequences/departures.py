"""The removal of another account in the same hands (S0-3.1): a sanction with its own ticket."""

from datetime import datetime
from typing import Any

from earnest.consequences.sanctions import Sanction, sanction_apply
from earnest.decisions.models import Decision
from earnest.kernel.words import Words
from earnest.tickets.commands import NewItem

BECAUSE = {
    "same_entity": Words("同一认证主体", "the same certified entity"),
    "same_controller": Words("同一实际控制人", "the same controller"),
}


def group_removal_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Remove a provider that is in the same hands as one that was removed."""
    facts = decision.receipt["facts"]
    because = BECAUSE[str(facts["because"])]
    words = Words(
        f"与已清退的服务商属于{because.zh}（退出事项 {decision.period}）",
        f"{because.en} as a provider that was removed (departure {decision.period})",
    )
    item = NewItem("other", f"group {decision.period}", decision.clause, words, dict(facts))
    return sanction_apply(tenant_id, decision, Sanction(items=[item], facts=words), now)

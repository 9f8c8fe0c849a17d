"""A restriction by a person's judgement: in force, and ended (S3-5.1f, S3-7.3a)."""

from datetime import datetime
from typing import Any

from earnest.consequences.basis import TOPPED_UP, restrict
from earnest.consequences.reasons import Consequence, decision_notice, ended_notice
from earnest.consequences.words import capabilities_words, conditions_words
from earnest.decisions.models import Decision
from earnest.kernel.words import Words
from earnest.notices.commands import notices_send
from earnest.restrictions.ending import restrictions_end
from earnest.restrictions.models import Restriction
from earnest.restrictions.release import Condition

SHORT_CLAUSE = "S3-5.1f"


def discretion_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Restrict what was judged necessary; while the deposit is short it ends with the top-up."""
    release: list[Condition] = [TOPPED_UP] if decision.clause == SHORT_CLAUSE else []
    capabilities, grants = restrict(tenant_id, decision, release, now)
    facts = decision.receipt["facts"]
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(
            f"由 {facts['decided_by']} 判断，理由：{facts['reason']}",
            f"judged by {facts['decided_by']}, reason: {facts['reason']}",
        ),
        effect=capabilities_words(capabilities),
        release=conditions_words(release)
        if release
        else Words("由平台复核后解除", "ended by the platform on review"),
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {"restrictions": grants, "notices": [str(each) for each in sent]}


def discretion_end(
    tenant_id: str, decision: Decision, reason: str, now: datetime
) -> list[Restriction]:
    """End what a decision by judgement restricts, and tell the shop why."""
    ended = restrictions_end(tenant_id, [decision.id], "by_person", now)
    if ended:
        why = Words(
            f"经复核解除，理由：{reason}。以下限制恢复正常",
            f"Ended on review, reason: {reason}. What ended",
        )
        notices_send(tenant_id, [ended_notice(ended, why)], now)
    return ended

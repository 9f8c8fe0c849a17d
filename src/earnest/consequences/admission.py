"""A provider admitted or refused: it is told, with the reasons (S0-1.2-scope).

What becomes of its application follows in the room ``admission``, which stands above this one.
"""

from datetime import datetime
from typing import Any

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.models import Decision
from earnest.kernel.words import Words
from earnest.notices.commands import notices_send
from earnest.rulebooks.packs import evaluation_of

ADMIT, REFUSE = "admit", "refuse_admission"


def admission_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Tell an applicant what two persons decided; what was not shown stands in the reasons."""
    consequence = _admitted() if decision.outcome == ADMIT else _refused(decision)
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return {"notices": [str(each) for each in sent]}


def _admitted() -> Consequence:
    return Consequence(
        kind="requirement",
        severity="info",
        facts=Words(
            "全部准入要求均已查实，并经两人审核", "every requirement was found met, by two persons"
        ),
        effect=Words(
            "缴足保证金后即可开通；应缴金额另行通知",
            "the service opens once the deposit is paid; another notice names the amount",
        ),
    )


def _refused(decision: Decision) -> Consequence:
    lacking = lacking_words(decision)
    said = [each.reason for each in decision.approvals.order_by("id")]
    return Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(
            f"理由：{'；'.join(said)}。{lacking.zh}", f"reasons: {'; '.join(said)}. {lacking.en}"
        ),
        effect=Words(
            "本次入驻申请不予通过；登录仍可查看材料与理由",
            "this application is refused; papers and reasons can still be read after signing in",
        ),
        release=Words(
            "补齐后可请平台重新邀请；对决定有异议的，可向平台申诉并要求另一人复核",
            "once it is put right the platform may invite again; who does not agree may appeal to "
            "the platform and have another person look at it",
        ),
    )


def lacking_words(decision: Decision) -> Words:
    """Say which requirements a decision did not find met, by its own receipt."""
    titles = [
        step["title"]
        for step in evaluation_of(decision.receipt).tests
        if step["value"] is False and step["step"] not in _SUMS_AND_WAYS
    ]
    if not titles:
        return Words("各项要求均已查实。", "Every requirement was found met.")
    return Words(
        "未查实：" + "、".join(each["zh"] for each in titles) + "。",
        "Not found met: " + ", ".join(each["en"] for each in titles) + ".",
    )


# Either way of showing supply capability is enough: only their sum is a requirement.
_SUMS_AND_WAYS = frozenset({"admitted", "own_fulfilment", "platform_partnership"})

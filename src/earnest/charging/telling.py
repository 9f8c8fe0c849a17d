"""What a provider is told of its plan; a refusal comes with its statement of reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earnest.charging.models import ChargingPlan, PlanStep
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, Severity, notices_send
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.policy import Pack
from earnest.rulebooks.packs import pack_of_receipt

CLAUSE: Final = "S0-2.2.4d"
_TITLES: Final[dict[str, tuple[Words, Severity]]] = {
    "sent_back": (Words("收费备案已退回", "Charging plan sent back"), "warning"),
    "approved": (Words("收费备案已获批准", "Charging plan approved"), "info"),
}


@dataclass(frozen=True)
class PlanRefusal:
    """Why two persons refused a plan.

    Attributes:
        advised: the step in which the first of them advised it; its note is the reason.
        unmet: clauses of the checks that did not hold.
        note: what the second person said; may be empty.
    """

    advised: PlanStep
    unmet: Sequence[str]
    note: str


def plan_told(plan: ChargingPlan, what: str, why: str, now: datetime) -> None:
    """Tell a provider that its plan was sent back or approved, and why."""
    title, severity = _TITLES[what]
    said = {
        "sent_back": Words("修改后可再次提交。", "Change it and file it again."),
        "approved": Words(
            f"自 {plan.effective_on} 起可按备案内容收费。",
            f"It may be charged as filed from {plan.effective_on} on.",
        ),
    }[what]
    name = f"{plan.number} {plan.name_zh} {plan.version}"
    why_zh, why_en = (f"理由：{why.strip()}", f"Why: {why.strip()}") if why.strip() else ("", "")
    notice = NewNotice(
        *plan.subject,
        about=_about(plan, what),
        kind="finding",
        severity=severity,
        clause=CLAUSE,
        decision_id=None,
        zh=Message(f"{title.zh}：{plan.number}", f"{name}。{said.zh}{why_zh}（{CLAUSE}）"),
        en=Message(f"{title.en}: {plan.number}", f"{name}. {said.en} {why_en} ({CLAUSE})"),
    )
    notices_send(plan.tenant_id, [notice], now)


def _about(plan: ChargingPlan, what: str) -> str:
    return f"charging_plan:{plan.number}:{what}:{plan.steps.count()}"


def plan_refusal_told(plan: ChargingPlan, refusal: PlanRefusal, now: datetime) -> None:
    """Tell a provider that its plan was refused, with the statement of reasons (S0-2.2.4d).

    It stands on the edition of the rulebook by which the plan was reviewed.
    """
    pack = pack_of_receipt(refusal.advised.receipts[0])
    told = Told(
        subject=plan.subject,
        about=_about(plan, "refused"),
        pack=pack,
        clause=CLAUSE,
        decision_id=None,
        title=Words(f"收费备案未获批准：{plan.number}", f"Charging plan refused: {plan.number}"),
        facts=_facts(plan, refusal),
        calculation=_checked(pack, refusal.unmet),
        effect=Words(
            "不得按该方案收费；已获批准的其他版本不受影响",
            "it may not be charged; other versions that were approved are not affected",
        ),
        release=Words(
            "可按上述理由修改后重新备案，版本号可以沿用",
            "change what the reason names and file it anew; the version number is free again",
        ),
        kind="finding",
        persons=2,
    )
    notices_send(plan.tenant_id, [reasoned_notice(told)], now)


def _facts(plan: ChargingPlan, refusal: PlanRefusal) -> Words:
    """Say which plan it is, and what the two persons said of it."""
    why, second = refusal.advised.note.strip(), refusal.note.strip()
    zh = f"{plan.name_zh}（{plan.plan_code}）{plan.version}，{yuan(plan.price_fen)} 元。理由：{why}"
    name = plan.name_en or plan.name_zh
    en = f"{name} ({plan.plan_code}) {plan.version}, {yuan(plan.price_fen)} yuan. Reason: {why}"
    if second:
        return Words(f"{zh}。复核意见：{second}", f"{en}. The second person: {second}")
    return Words(zh, en)


def _checked(pack: Pack, unmet: Sequence[str]) -> Words:
    """Say which checks did not hold, each by its clause."""
    if not unmet:
        return Words(
            "核对清单各项均通过；不予批准出于上述理由",
            "every check of the list holds; it is refused for the reason above",
        )
    clauses = [(each, pack.clauses[each]) for each in dict.fromkeys(unmet)]
    return Words(
        "核对未通过：" + "；".join(f"{each}（{clause.zh}）" for each, clause in clauses),
        "did not hold: " + "; ".join(f"{each} ({clause.en})" for each, clause in clauses),
    )

"""Required deposits that decisions computed, set and told."""

from collections.abc import Sequence
from datetime import datetime

from earnest.consequences.basis import subject_of
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.words import Words
from earnest.decisions.commands import effects_note
from earnest.decisions.models import Decision
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.deposits.models import Requirement
from earnest.kernel.money import yuan
from earnest.notices.commands import NewNotice, notices_send
from earnest.rulebooks.packs import pack_of_receipt


def requirements_apply(tenant_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Set the required deposits that decisions computed, and tell each subject (S3-3.1a)."""
    wanted = [
        NewRequirement(
            *subject_of(each), each.receipt["result"]["required_fen"], each.clause, each.id
        )
        for each in decisions
    ]
    set_now = {row.decision_id: row for row in requirements_set(tenant_id, wanted, now)}
    told = [each for each in decisions if each.id in set_now]
    notices = [_requirement_notice(each, set_now[each.id]) for each in told]
    sent = notices_send(tenant_id, notices, now)
    effects_note(
        [
            (each, {"requirement": str(set_now[each.id].id), "notices": [str(notice)]})
            for each, notice in zip(told, sent, strict=True)
        ]
    )


def _requirement_notice(decision: Decision, row: Requirement) -> NewNotice:
    before, after = yuan(row.previous_fen), yuan(row.required_fen)
    return decision_notice(
        decision,
        Consequence(
            kind="requirement",
            severity="warning" if decision.outcome == "raise" else "info",
            facts=_requirement_facts(decision),
            effect=Words(
                f"应缴保证金由 {before} 元变为 {after} 元",
                f"the required deposit goes from {before} to {after} yuan",
            ),
        ),
    )


def _requirement_facts(decision: Decision) -> Words:
    facts = decision.receipt["facts"]
    balance = yuan(int(facts["balance_fen"]))
    if "sales_fen" not in facts:
        category = _named(decision, [facts["category"]])
        return Words(
            f"服务类目 {category.zh}，当前余额 {balance} 元",
            f"service category {category.en}, balance {balance} yuan",
        )
    sales, categories = yuan(int(facts["sales_fen"])), _named(decision, facts["categories"])
    return Words(
        f"{decision.period} 销售额 {sales} 元，经营类目 {categories.zh}，当前余额 {balance} 元",
        f"sales of {sales} yuan in {decision.period}, categories {categories.en}, balance "
        f"{balance} yuan",
    )


def _named(decision: Decision, codes: Sequence[str]) -> Words:
    """Say codes of the rulebook by its own words for them."""
    texts = pack_of_receipt(decision.receipt).texts
    return Words(
        "、".join(texts[code].zh if code in texts else code for code in codes),
        ", ".join(texts[code].en if code in texts else code for code in codes),
    )

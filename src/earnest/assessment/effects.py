"""What a decision does once it is in effect: grants, transfers, requirements and notices.

Every effect points back at its decision and is named by it, so that doing it again does nothing.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from earnest.assessment.reasons import Consequence, decision_notice
from earnest.assessment.switches import hidden_until, hiding_waits_for_both, rest_is_claimed
from earnest.assessment.words import Words, capabilities_words, conditions_words, fine_words
from earnest.decisions.commands import effect_note, effects_note
from earnest.decisions.models import Decision
from earnest.deposits.commands import (
    NewRequirement,
    deduction_post,
    requirements_set,
    top_up_from_proceeds,
)
from earnest.deposits.models import Requirement
from earnest.kernel.calendar import add_months, day_of
from earnest.kernel.money import yuan
from earnest.ledger.records import Reason
from earnest.market.commands import provider_leave
from earnest.notices.commands import NewNotice, notices_send
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import pack_of_receipt

TOPPED_UP: Condition = {"kind": "topped_up"}
APPLICATION: Condition = {"kind": "application"}


def subject_of(decision: Decision) -> tuple[str, str]:
    """Return the subject (kind, id) of a decision."""
    return (decision.subject_kind, decision.subject_id)


def _reason(decision: Decision) -> Reason:
    note = f"{decision.decision} {decision.period}: {decision.outcome}"
    return Reason(decision.clause, decision.rulebook, decision.id, note)


def _capabilities(decision: Decision) -> list[str]:
    """Return what the outcome restricts, by the table of the pack that decided."""
    pack = pack_of_receipt(decision.receipt)
    on = decision.governing_on or day_of(decision.made_at)
    row = pack.table_row("restriction_effects", {"measure": decision.outcome}, on=on)
    return [capability for capability, restricted in row.items() if restricted is True]


def _grant(
    tenant_id: str, decision: Decision, release: Sequence[Condition], now: datetime
) -> tuple[list[str], list[str]]:
    """Restrict what the outcome says; return the capabilities and the ids of the grants."""
    capabilities = _capabilities(decision)
    grant = Grant(
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        measure=decision.outcome,
        capabilities=capabilities,
        rulebook=decision.rulebook,
        clause=decision.clause,
        decision_id=decision.id,
        release=release,
    )
    return capabilities, [str(each) for each in restrictions_grant(tenant_id, [grant], now)]


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
    subject = subject_of(decision)
    release = _ladder_release(decision, now)
    claim_rest = rest_is_claimed(pack_of_receipt(decision.receipt))
    fine = deduction_post(
        tenant_id, subject, decision.money_fen, _reason(decision), now, claim_rest=claim_rest
    )
    capabilities, grants = _grant(tenant_id, decision, release, now)
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


def shortage_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Do what was approved against a shortage: fill up from proceeds, or restrict (S3-5.1, 5.2)."""
    result = decision.receipt["result"]
    effect: dict[str, Any] = {}
    if decision.outcome == "transfer_from_proceeds":
        moved = top_up_from_proceeds(
            tenant_id, subject_of(decision), decision.money_fen, _reason(decision), now
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
        capabilities, effect["restrictions"] = _grant(tenant_id, decision, conditions, now)
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


APPLY: dict[str, Callable[[str, Decision, datetime], dict[str, Any]]] = {
    "nps_ladder": ladder_apply,
    "notify_provider": notify_apply,
    "shortage_measures": shortage_apply,
}
REQUIREMENTS = {"required_deposit", "provider_deposit"}


def decisions_apply(tenant_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Let decisions that are in effect have their effect."""
    requirements = [each for each in decisions if each.decision in REQUIREMENTS]
    if requirements:
        requirements_apply(tenant_id, requirements, now)
    for decision in decisions:
        if decision.decision in APPLY:
            effect_note(decision, APPLY[decision.decision](tenant_id, decision, now))

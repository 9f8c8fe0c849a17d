"""Required deposits that decisions computed, set and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.commands import IN_EFFECT, effects_note
from earnest.decisions.models import Decision
from earnest.deposits.commands import NewRequirement, requirements_set
from earnest.deposits.models import Requirement
from earnest.deposits.raises import raises_fen
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.market.queries import Subject, open_categories
from earnest.notices.commands import NewNotice, notices_send
from earnest.policy import Pack
from earnest.rulebooks.packs import pack_of_receipt

SHOP = "shop"
REQUIRED = "required_deposit"
GRACE_DAYS = "shortage_grace_days"


@dataclass(frozen=True)
class _Told:
    """A decision, the requirement it set, and what both rest on, looked up once."""

    decision: Decision
    row: Requirement
    pack: Pack
    due_on: date | None


def requirements_apply(tenant_id: str, decisions: Sequence[Decision], now: datetime) -> None:
    """Set the required deposits that decisions computed, and tell each subject (S3-3.1a).

    A requirement counts from the day that governs its decision, from today when that is past. A
    decision that waited for people is computed with the raises and categories of today, so that it
    takes away nothing that came meanwhile (S3-3.3x, S3-2.2c).
    """
    on = day_of(now)
    facts = _facts_now(tenant_id, decisions, now)
    later = _announced_anew(tenant_id, decisions, facts, on)
    wanted = [
        NewRequirement(
            *each.subject,
            _required_fen(each, facts.get(each.subject)),
            each.clause,
            each.id,
            each.governing_on,
            later.get(each.subject, {}),
        )
        for each in decisions
    ]
    set_now = {row.decision_id: row for row in requirements_set(tenant_id, wanted, now)}
    told = [_told(each, set_now[each.id]) for each in decisions if each.id in set_now]
    sent = notices_send(tenant_id, [_requirement_notice(each, on) for each in told], now)
    effects_note(
        [
            (each.decision, {"requirement": str(each.row.id), "notices": [str(notice)]})
            for each, notice in zip(told, sent, strict=True)
        ]
    )


def _facts_now(
    tenant_id: str, decisions: Sequence[Decision], now: datetime
) -> dict[Subject, dict[str, Any]]:
    """Return what each shop's requirement rests on: its decision's facts, brought up to today."""
    facts: dict[Subject, dict[str, Any]] = {
        each.subject: each.receipt["facts"] for each in decisions if each.decision == REQUIRED
    }
    waited = [each.subject for each in decisions if each.made_at != now]
    waited = [subject for subject in waited if subject in facts]
    if waited:
        raises = raises_fen(tenant_id, waited, day_of(now))
        categories = open_categories(tenant_id, [subject_id for _, subject_id in waited])
        for subject in waited:
            changed = {"categories": categories.get(subject[1], []), "raises_fen": raises[subject]}
            facts[subject] = facts[subject] | changed
    return facts


def _required_fen(decision: Decision, facts: dict[str, Any] | None) -> int:
    """Return what a decision asks for by these facts; by its own where the rule refuses these."""
    decided = int(decision.receipt["result"]["required_fen"])
    if facts is None or facts == decision.receipt["facts"]:
        return decided
    again = pack_of_receipt(decision.receipt).evaluate(REQUIRED, facts)
    if again.refusal is not None:
        return decided
    return int(str(again.result["required_fen"]))


def _announced_anew(
    tenant_id: str,
    decisions: Sequence[Decision],
    facts: Mapping[Subject, dict[str, Any]],
    on: date,
) -> dict[Subject, dict[date, int]]:
    """Compute again what is announced for later days, with raises and categories as they are now.

    A shop that opens a category between the run of a month's adjustment and its day must hold from
    that day on what the month's sales and the new categories ask for together (S3-2.2c, S3-3.1a).
    """
    taking_effect = {
        each.subject_id
        for each in decisions
        if each.subject in facts and (each.governing_on is None or each.governing_on <= on)
    }
    announced = Decision.objects.filter(
        tenant_id=tenant_id,
        subject_kind=SHOP,
        subject_id__in=taking_effect,
        decision=REQUIRED,
        state=IN_EFFECT,
        governing_on__gt=on,
    ).order_by("seq")
    found: dict[Subject, dict[date, int]] = {}
    for each in announced if taking_effect else ():
        subject = each.subject
        kept = {name: facts[subject][name] for name in ("categories", "raises_fen")}
        if each.governing_on is not None:
            required = _required_fen(each, each.receipt["facts"] | kept)
            found.setdefault(subject, {})[each.governing_on] = required
    return found


def _told(decision: Decision, row: Requirement) -> _Told:
    pack = pack_of_receipt(decision.receipt)
    due_on = None
    if decision.subject_kind == SHOP and row.required_fen > int(
        decision.receipt["facts"]["balance_fen"]
    ):
        grace = pack.parameter(GRACE_DAYS, on=max(row.from_on, pack.in_force_from()))
        due_on = row.from_on + timedelta(days=grace)
    return _Told(decision, row, pack, due_on)


def _requirement_notice(told: _Told, on: date) -> NewNotice:
    consequence = Consequence(
        kind="requirement",
        severity="warning" if told.decision.outcome == "raise" else "info",
        facts=_facts(told),
        effect=_effect(told, on),
        due_on=told.due_on,
    )
    return decision_notice(told.decision, consequence)


def _effect(told: _Told, on: date) -> Words:
    """Say before and after, from when it counts, and what is to be paid in or lies above it."""
    row = told.row
    before, after = yuan(row.previous_fen), yuan(row.required_fen)
    zh = f"应缴保证金由 {before} 元变为 {after} 元"
    en = f"the required deposit goes from {before} to {after} yuan"
    if row.from_on > on:
        zh, en = f"{zh}，自 {row.from_on} 起生效", f"{en}, from {row.from_on} on"
    since = row.required_fen - int(told.decision.receipt["result"]["required_fen"])
    if since:
        zh = f"{zh}（其中 {yuan(since)} 元来自决定作出之后的提高或类目变化）"
        en = f"{en} ({yuan(since)} yuan of it from raises or categories since the decision)"
    balance = int(told.decision.receipt["facts"]["balance_fen"])
    if told.due_on is not None:
        missing = yuan(row.required_fen - balance)
        zh = f"{zh}；须补缴 {missing} 元，最迟 {told.due_on}（含当日）"
        en = f"{en}; {missing} yuan are to be paid in by {told.due_on} (that day included)"
    elif told.decision.subject_kind == SHOP and balance > row.required_fen:
        excess = yuan(balance - row.required_fen)
        zh = f"{zh}；余额超出 {excess} 元，符合 S3-6.1 的条件后可以申请提取"
        en = f"{en}; {excess} yuan lie above it and may be withdrawn on the conditions of S3-6.1"
    return Words(zh, en)


def _facts(told: _Told) -> Words:
    decision = told.decision
    facts = decision.receipt["facts"]
    balance = yuan(int(facts["balance_fen"]))
    if "sales_fen" not in facts:
        category = _named(told.pack, [facts["category"]])
        return Words(
            f"服务类目 {category.zh}，当前余额 {balance} 元",
            f"service category {category.en}, balance {balance} yuan",
        )
    sales, categories = yuan(int(facts["sales_fen"])), _named(told.pack, facts["categories"])
    return Words(
        f"{decision.period} 销售额 {sales} 元，经营类目 {categories.zh}，当前余额 {balance} 元",
        f"sales of {sales} yuan in {decision.period}, categories {categories.en}, balance "
        f"{balance} yuan",
    )


def _named(pack: Pack, codes: Sequence[str]) -> Words:
    """Say codes of the rulebook by its own words for them."""
    texts = pack.texts
    return Words(
        "、".join(texts[code].zh if code in texts else code for code in codes),
        ", ".join(texts[code].en if code in texts else code for code in codes),
    )

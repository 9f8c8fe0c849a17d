"""The review of a plan: one person checks it against a list, another one settles it (S0-2.2.4d)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from earnest.charging.models import ChargingPlan
from earnest.charging.offers import offers_receipt
from earnest.charging.plans import base_refused, plan_locked, plan_not, reason_missing, step_add
from earnest.charging.telling import PlanRefusal, plan_refusal_told, plan_told
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, NotAllowed, RuleRefused
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for

CHECKS: Final[dict[str, str]] = {
    "base_free": "S0-2.1-mr2",
    "difference_told": "S0-2.2.4a",
    "free_told": "S0-2.2.4b",
    "gain_told": "S0-2.2.4c",
    "nothing_elsewhere": "S0-2.2.4e",
    "same_on_both_sides": "S0-2.2.4f",
}
"""What a reviewer ticks, with the clause that asks for it."""

RECOMMENDED: Final = ("approve", "refuse", "send_back")
_SEEN: Final = {"difference_told": "difference", "free_told": "free_functions", "gain_told": "gain"}
"""The checks that stand for something seen in the rulebook's ``charging_conduct``."""


@dataclass(frozen=True)
class PlanReview:
    """What the first person says of a plan.

    Attributes:
        verdict: approve or refuse (for a second person to settle), or send_back.
        note: why; the provider reads it where the plan is sent back or refused.
        checks: by the names of ``CHECKS``.
    """

    verdict: str
    note: str
    actor: str
    checks: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanSettling:
    """What the second person says.

    Attributes:
        agrees: with the first; False gives the plan back to the reviewers.
        note: why.
        effective_on: from when an approved plan counts; None for the day asked for, or today.
    """

    agrees: bool
    note: str
    actor: str
    effective_on: date | None = None


@transaction.atomic
def plan_take(tenant_id: str, number: str, actor: str, now: datetime) -> ChargingPlan:
    """Take a filed plan out of the queue: from now on this person reviews it.

    Raises:
        Conflict: somebody has it, or it is not filed.
        NotAllowed: this person wrote it.
    """
    plan = plan_locked(tenant_id, number)
    if plan.state != "filed":
        raise plan_not(plan, "只有待受理的备案可以受理。", "only a filed plan can be taken")
    if actor == plan.drafted_by:
        raise _other_person(plan)
    plan.state, plan.reviewed_by = "in_review", actor
    plan.save()
    step_add(plan, "taken", now, actor=actor)
    return plan


@transaction.atomic
def plan_review(tenant_id: str, number: str, review: PlanReview, now: datetime) -> ChargingPlan:
    """Say what should become of a plan; approval and refusal wait for another person.

    What the checks come to is the rulebook's to say; its receipts stay with the step.

    Clauses: S0-2.1-mr2, S0-2.2.4a, S0-2.2.4b, S0-2.2.4c, S0-2.2.4e, S0-2.2.4f.

    Raises:
        BadInput: unknown verdict, or no reason.
        Conflict: it is not in review.
        NotAllowed: another person has taken it.
        RuleRefused: approval is recommended and a check does not hold, or the rulebook says no.
    """
    plan = plan_locked(tenant_id, number)
    if plan.state != "in_review":
        raise plan_not(plan, "该备案不在审核中。", "the plan is not in review")
    if review.actor != plan.reviewed_by:
        raise NotAllowed(
            "review_of_another",
            where=plan.number,
            zh=f"该备案由 {plan.reviewed_by} 受理；请由其填写审核意见。",
            en=f"{plan.reviewed_by} has taken this plan and says what becomes of it",
        )
    if review.verdict not in RECOMMENDED:
        raise BadInput(
            "unknown_verdict",
            where=review.verdict,
            zh="请选择：建议通过、建议驳回或退回修改。",
            en=f"the verdict is one of {', '.join(RECOMMENDED)}",
        )
    if review.verdict != "approve" and not review.note.strip():
        raise reason_missing(plan.number)
    checks = {name: bool(review.checks.get(name)) for name in CHECKS}
    receipts = [_conduct_receipt(plan, checks, now), *offers_receipt(plan, day_of(now))]
    if review.verdict == "approve":
        _checks_hold(plan, checks, receipts)
        base_refused(plan, day_of(now))
    edition_keep(pack_for(tenant_id, SUPPLY_MARKET, *plan.subject), now)
    plan.recommended = review.verdict
    plan.state = "sent_back" if review.verdict == "send_back" else "reviewed"
    plan.save()
    what = "sent_back" if review.verdict == "send_back" else f"{review.verdict}_advised"
    step_add(
        plan, what, now, actor=review.actor, note=review.note, checks=checks, receipts=receipts
    )
    if review.verdict == "send_back":
        plan_told(plan, "sent_back", review.note, now)
    return plan


@transaction.atomic
def plan_settle(tenant_id: str, number: str, settling: PlanSettling, now: datetime) -> ChargingPlan:
    """Settle a reviewed plan as a second person.

    An approved plan counts from its day; the version in force until then ends on that day.

    Clause: S0-2.2.4d.

    Raises:
        BadInput: no reason for disagreeing, or a day that has passed.
        Conflict: it does not wait for a second person.
        NotAllowed: the same person, or the one who wrote it.
        RuleRefused: it prices a base function.
    """
    plan = plan_locked(tenant_id, number)
    if plan.state != "reviewed":
        raise plan_not(plan, "该备案不在复核中。", "the plan does not wait for a second person")
    if settling.actor in {plan.reviewed_by, plan.drafted_by}:
        raise _other_person(plan)
    if not settling.agrees:
        if not settling.note.strip():
            raise reason_missing(plan.number)
        plan.state, plan.reviewed_by, plan.recommended = "filed", "", ""
        plan.save()
        step_add(plan, "given_back", now, actor=settling.actor, note=settling.note)
        return plan
    if plan.recommended == "approve":
        _approve(plan, settling, now)
        step_add(plan, plan.state, now, actor=settling.actor, note=settling.note)
        plan_told(plan, plan.state, settling.note, now)
    else:
        _refuse(plan, settling, now)
    return plan


def _refuse(plan: ChargingPlan, settling: PlanSettling, now: datetime) -> None:
    plan.state, plan.settled_at = "refused", now
    plan.save()
    step_add(plan, plan.state, now, actor=settling.actor, note=settling.note)
    advised = plan.steps.filter(what="refuse_advised").latest("id")
    unmet = [clause for name, clause in CHECKS.items() if not advised.checks.get(name)]
    plan_refusal_told(plan, PlanRefusal(advised, unmet, settling.note), now)


def _approve(plan: ChargingPlan, settling: PlanSettling, now: datetime) -> None:
    today = day_of(now)
    effective_on = settling.effective_on or max(plan.wanted_on, today)
    if effective_on < today:
        raise BadInput(
            "effective_day_passed",
            where=plan.number,
            zh="生效日不得早于今天：收费须先获批准。",
            en="the day has passed: a charge is approved before it is made",
        )
    base_refused(plan, effective_on)
    same = ChargingPlan.objects.select_for_update().filter(
        tenant_id=plan.tenant_id,
        provider_id=plan.provider_id,
        plan_code=plan.plan_code,
        state="approved",
    )
    for other in same.order_by("effective_on"):
        _superseded(other, plan, effective_on, settling.actor, now)
    later = same.filter(effective_on__gt=effective_on).order_by("effective_on").first()
    plan.state, plan.settled_at, plan.effective_on = "approved", now, effective_on
    plan.ended_on = later.effective_on if later is not None else None
    plan.save()


def _superseded(
    other: ChargingPlan, plan: ChargingPlan, effective_on: date, actor: str, now: datetime
) -> None:
    """End the version that is in force on the day from which the new one counts."""
    starts, ends = other.effective_on or effective_on, other.ended_on
    if starts > effective_on or (ends is not None and ends <= effective_on):
        return
    other.ended_on = effective_on
    other.save(update_fields=["ended_on"])
    step_add(other, "superseded", now, actor=actor, note=f"{plan.number} {effective_on}")


def _conduct_receipt(
    plan: ChargingPlan, checks: Mapping[str, bool], now: datetime
) -> dict[str, Any]:
    seen = [_SEEN[name] for name in _SEEN if checks[name]]
    if not checks["nothing_elsewhere"]:
        seen.append("charge_elsewhere")
    pack = pack_for(plan.tenant_id, SUPPLY_MARKET, *plan.subject)
    facts = {"observed_on": day_of(now), "seen": seen}
    return pack.evaluate("charging_conduct", facts).receipt().as_dict()


def _checks_hold(
    plan: ChargingPlan, checks: Mapping[str, bool], receipts: list[dict[str, Any]]
) -> None:
    missing = [name for name, ticked in checks.items() if not ticked]
    refused = [each for each in receipts if False in (each.get("result") or {}).values()]
    if not missing and not refused:
        return
    clauses = "、".join(dict.fromkeys(CHECKS[name] for name in missing)) or "S0-2.2.4f"
    raise RuleRefused(
        "plan_checks_open",
        where=plan.number,
        zh=f"核对未全部通过，不能建议通过（{clauses}）；请退回修改或建议驳回。",
        en="a check does not hold, so approval cannot be recommended "
        f"({clauses.replace('、', ', ')}); send the plan back, or advise refusal",
    )


def _other_person(plan: ChargingPlan) -> NotAllowed:
    return NotAllowed(
        "second_person_needed",
        where=plan.number,
        zh="同一备案须由两人审核：提交人、初审人和复核人不得为同一人。",
        en="two persons look at a plan: who wrote it, who reviews and who settles it differ",
    )

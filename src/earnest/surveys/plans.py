"""Plans of improvement after a month below the mark: asked for, filed, accepted or sent back.

Clause S0-2.2.5-6 is a heading without a text. A plan changes no penalty: it is shown with the next
month's assessment, and the pack's decision ``improvement_plan`` says until when it may be filed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from earnest.decisions.models import Finding
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.models import Provider
from earnest.policy import Evaluation
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for
from earnest.surveys.models import (
    ACCEPTED,
    ASKED,
    FILED,
    SENT_BACK,
    ImprovementPlan,
    PlanEntry,
)
from earnest.surveys.queries import plans
from earnest.surveys.telling import plan_tell

MEASURE: Final = "nps_composite"
ITEMS_MAX: Final = 20
WORDS_MAX: Final = 500
REPORTED: Final = "reported"
LOOK_BACK: Final = timedelta(days=62)
"""How far back months below the mark are looked for: those before it were told in their time."""


@dataclass(frozen=True)
class PlanItem:
    """One thing that a provider means to do, and the day by which."""

    what: str
    by_on: date


def _judged(plan: ImprovementPlan, filed_on: date, last_by_on: date) -> Evaluation:
    return _deadline(plan.tenant_id, plan.provider_id, plan.told_on, (filed_on, last_by_on))


def _deadline(
    tenant_id: str, provider_id: str, told_on: date, days: tuple[date, date]
) -> Evaluation:
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    facts = {"told_on": told_on, "filed_on": days[0], "last_by_on": days[1]}
    return pack.evaluate("improvement_plan", facts)


def plans_ask(tenant_id: str, now: datetime) -> int:
    """Ask the providers whose month was found below the mark for a plan, once each; how many.

    Who has left the market since has nothing to improve here any more.
    """
    asked = 0
    below = Finding.objects.filter(
        tenant_id=tenant_id,
        subject_kind="provider",
        measure=MEASURE,
        status="breached",
        made_at__gte=now - LOOK_BACK,
        made_at__lte=now,
    ).order_by("id")
    gone = Provider.objects.filter(tenant_id=tenant_id).exclude(left_on=None)
    below = below.exclude(subject_id__in=gone.values("provider_id"))
    known = set(plans(tenant_id).values_list("provider_id", "month"))
    for provider_id, month, made_at in below.values_list("subject_id", "period", "made_at"):
        if (provider_id, month) not in known:
            asked += _ask(tenant_id, (provider_id, month), day_of(made_at), now)
    return asked


@transaction.atomic
def _ask(tenant_id: str, about: tuple[str, str], told_on: date, now: datetime) -> int:
    provider_id, month = about
    evaluation = _deadline(tenant_id, provider_id, told_on, (told_on, told_on))
    if evaluation.refusal:
        return 0
    until = date.fromisoformat(str(evaluation.result["file_until_on"]))
    if until < day_of(now):
        return 0
    plan, is_new = ImprovementPlan.objects.get_or_create(
        tenant_id=tenant_id,
        provider_id=provider_id,
        month=month,
        defaults={
            "id": uuid7_for(now, tenant_id, "plan", provider_id, month),
            "told_on": told_on,
            "file_until_on": until,
        },
    )
    if is_new:
        plan_tell(plan, ASKED, "", now)
    return int(is_new)


@transaction.atomic
def plan_file(
    plan: ImprovementPlan, items: Sequence[PlanItem], note: str, actor: str, now: datetime
) -> ImprovementPlan:
    """File a plan, or file it again after it was sent back.

    Raises:
        BadInput: no item, too many, or one without words.
        RuleRefused: the time to file is over, or a day promised is past.
        Conflict: it waits for the operator already, or was accepted.
    """
    _items_check(items)
    evaluation = _judged(plan, day_of(now), min(each.by_on for each in items))
    if evaluation.refusal or not evaluation.result["acceptable"]:
        raise _not_acceptable(plan, evaluation)
    stored = [{"what": each.what.strip(), "by_on": each.by_on.isoformat()} for each in items]
    _move(plan, (ASKED, SENT_BACK), state=FILED, items=stored)
    _entry(plan, FILED, note, actor, now, stored)
    return plan


def _items_check(items: Sequence[PlanItem]) -> None:
    if not 1 <= len(items) <= ITEMS_MAX or not all(each.what.strip() for each in items):
        raise BadInput(
            "plan_without_items",
            where="items",
            zh=f"请写明 1 到 {ITEMS_MAX} 项改进事项，每项写清要做什么、何时完成。",
            en=f"say 1 to {ITEMS_MAX} things that you will do, each with words and a day",
        )
    if any(len(each.what) > WORDS_MAX for each in items):
        raise BadInput(
            "plan_item_too_long",
            where="items",
            zh=f"每项最多 {WORDS_MAX} 个字。",
            en=f"an item has at most {WORDS_MAX} characters",
        )


def _not_acceptable(plan: ImprovementPlan, evaluation: Evaluation) -> RuleRefused:
    if evaluation.refusal:
        return RuleRefused(
            evaluation.refusal.code,
            where=plan.month,
            zh=evaluation.refusal.zh,
            en=evaluation.refusal.en,
        )
    if not evaluation.result["in_time"]:
        return RuleRefused(
            "plan_too_late",
            where=plan.month,
            zh=f"改进计划应于 {plan.file_until_on} 前提交，现已过期。",
            en=f"the plan could be filed until {plan.file_until_on}; that day is over",
        )
    return RuleRefused(
        "plan_in_the_past",
        where=plan.month,
        zh="完成日期不能早于今天；请改为今后的日期。",
        en="a day promised must not be before today; choose a later one",
    )


@transaction.atomic
def plan_accept(plan: ImprovementPlan, note: str, actor: str, now: datetime) -> ImprovementPlan:
    """Accept a filed plan.

    Raises:
        Conflict: it is not waiting.
    """
    _move(plan, (FILED,), state=ACCEPTED)
    _entry(plan, ACCEPTED, note, actor, now)
    plan_tell(plan, ACCEPTED, note, now)
    return plan


@transaction.atomic
def plan_send_back(plan: ImprovementPlan, note: str, actor: str, now: datetime) -> ImprovementPlan:
    """Send a filed plan back, with the reason.

    Raises:
        BadInput: no reason.
        Conflict: it is not waiting.
    """
    if not note.strip():
        raise BadInput(
            "note_missing", where="note", zh="请写明退回原因。", en="say why it is sent back"
        )
    _move(plan, (FILED,), state=SENT_BACK)
    _entry(plan, SENT_BACK, note, actor, now)
    plan_tell(plan, SENT_BACK, note, now)
    return plan


@transaction.atomic
def plan_report(plan: ImprovementPlan, note: str, actor: str, now: datetime) -> PlanEntry:
    """Report what was done of an accepted plan.

    Raises:
        BadInput: nothing is said.
        Conflict: the plan was not accepted.
    """
    if not note.strip():
        raise BadInput("note_missing", where="note", zh="请写明进展。", en="say what was done")
    held = ImprovementPlan.objects.select_for_update().get(id=plan.id)
    if held.state != ACCEPTED:
        raise _moved_on(plan)
    return _entry(plan, REPORTED, note, actor, now)


def _move(plan: ImprovementPlan, before: Sequence[str], **changes: object) -> None:
    if not ImprovementPlan.objects.filter(id=plan.id, state__in=before).update(**changes):
        raise _moved_on(plan)
    plan.refresh_from_db()


def _moved_on(plan: ImprovementPlan) -> Conflict:
    return Conflict(
        "plan_moved_on",
        where=f"{plan.provider_id} {plan.month}",
        zh="该改进计划已不在此状态；请刷新后再操作。",
        en="the plan is not in this state any more; load it again",
    )


def _entry(
    plan: ImprovementPlan,
    what: str,
    note: str,
    actor: str,
    now: datetime,
    items: Sequence[dict[str, str]] = (),
) -> PlanEntry:
    return PlanEntry.objects.create(
        plan=plan,
        tenant_id=plan.tenant_id,
        what=what,
        items=list(items),
        note=note.strip(),
        actor=actor,
        at=now,
    )


def plan_before(tenant_id: str, provider_id: str, month: Month) -> ImprovementPlan | None:
    """Return the plan that a provider filed for the month before one, to be shown with it."""
    found = plans(tenant_id, provider_id=provider_id, months=[str(month.plus(-1))])
    return found.exclude(state=ASKED).first()

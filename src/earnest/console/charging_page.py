"""Charging plans on a page: their form, and what people may do with one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from earnest.charging.models import OPEN, WRITABLE, ChargingPlan, PlanStep
from earnest.charging.plans import PERIODS, PlanDraft, plan_file, plan_withdraw
from earnest.charging.review import (
    CHECKS,
    RECOMMENDED,
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.console.access import Visitor
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.reading import explanation
from earnest.console.texts import language
from earnest.documents.commands import NewDocument, document_add
from earnest.documents.models import Document
from earnest.documents.queries import documents_by_id
from earnest.kernel.errors import EarnestError, NotFound
from earnest.kernel.money import yuan
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW

PLAN_FIELDS: Final = (
    Asked("plan_app", "text"),
    Asked("plan_code", "text"),
    Asked("plan_version", "text"),
    Asked("plan_name_zh", "text"),
    Asked("plan_name_en", "text", required=False),
    Asked("plan_adds", "long"),
    Asked("plan_base_keeps", "long"),
    Asked("plan_price", "yuan"),
    Asked("plan_period", "choice", choices=PERIODS, words="plan_period"),
    Asked("plan_wording_here", "long"),
    Asked("plan_wording_there", "long", required=False),
    Asked("plan_price_there", "yuan", required=False),
    Asked("plan_wanted_on", "day"),
)
PLAN_AT: Final = {
    "plan_app": "plan_app",
    "plan_plan_code": "plan_code",
    "plan_version": "plan_version",
    "plan_version_taken": "plan_version",
    "plan_name_zh": "plan_name_zh",
    "plan_name_en": "plan_name_en",
    "plan_adds": "plan_adds",
    "plan_base_keeps": "plan_base_keeps",
    "plan_price_fen": "plan_price",
    "plan_price_there_fen": "plan_price_there",
    "plan_period": "plan_period",
    "plan_wording_here": "plan_wording_here",
    "plan_wording_there": "plan_wording_there",
    "wanted_day_passed": "plan_wanted_on",
    "base_function_priced": "plan_price",
}


@dataclass(frozen=True)
class PlanAct:
    """Something that may be done with a plan: who may, when, what it asks, and what it calls."""

    permission: str
    states: tuple[str, ...]
    asked: Sequence[Asked]
    do: Callable[[ChargingPlan, Mapping[str, Any], str, datetime], object]
    at: Mapping[str, str]
    grave: bool = False


@dataclass(frozen=True)
class OfferedAct:
    """An act as the page offers it."""

    name: str
    form: Form
    grave: bool


@dataclass(frozen=True)
class StepShown:
    """A step of a plan's story; ``actor`` is empty for those who may not know who inside."""

    step: PlanStep
    actor: str
    checks: list[tuple[str, str, bool]]
    said: list[str]


def _file(plan: ChargingPlan, _values: Mapping[str, Any], actor: str, now: datetime) -> object:
    return plan_file(plan.tenant_id, plan.number, actor, now)


def _withdraw(plan: ChargingPlan, values: Mapping[str, Any], actor: str, now: datetime) -> object:
    return plan_withdraw(plan.tenant_id, plan.number, actor, values["reason"], now)


def _take(plan: ChargingPlan, _values: Mapping[str, Any], actor: str, now: datetime) -> object:
    return plan_take(plan.tenant_id, plan.number, actor, now)


def _review(plan: ChargingPlan, values: Mapping[str, Any], actor: str, now: datetime) -> object:
    checks = {name: values[f"check_{name}"] for name in CHECKS}
    said = PlanReview(values["plan_verdict"], values["note"], actor, checks)
    return plan_review(plan.tenant_id, plan.number, said, now)


def _settle(plan: ChargingPlan, values: Mapping[str, Any], actor: str, now: datetime) -> object:
    said = PlanSettling(
        values["plan_agrees"] == "agree", values["note"], actor, values["plan_effective_on"]
    )
    return plan_settle(plan.tenant_id, plan.number, said, now)


NOTE: Final = Asked("note", "long", required=False)
ACTS: Final[dict[str, PlanAct]] = {
    "file": PlanAct(ACT_FOR_PARTY, WRITABLE, (), _file, {}),
    "take": PlanAct(REVIEW, ("filed",), (), _take, {}),
    "review": PlanAct(
        REVIEW,
        ("in_review",),
        (
            *(Asked(f"check_{name}", "yes", required=False) for name in CHECKS),
            Asked("plan_verdict", "choice", choices=RECOMMENDED, words="plan_verdict"),
            NOTE,
        ),
        _review,
        {"reason_missing": "note", "plan_checks_open": "plan_verdict"},
    ),
    "settle": PlanAct(
        DECIDE,
        ("reviewed",),
        (
            Asked("plan_agrees", "choice", choices=("agree", "disagree"), words="plan_agrees"),
            Asked("plan_effective_on", "day", required=False),
            NOTE,
        ),
        _settle,
        {"reason_missing": "note", "effective_day_passed": "plan_effective_on"},
    ),
    "withdraw": PlanAct(
        ACT_FOR_PARTY,
        (*OPEN, "approved"),
        (Asked("reason", "long"),),
        _withdraw,
        {"reason_missing": "reason"},
        grave=True,
    ),
}


def may_do(act: PlanAct, plan: ChargingPlan, visitor: Visitor) -> bool:
    """Tell whether a person may do an act with a plan now."""
    return visitor.may(act.permission) and plan.state in act.states


def acts_of(plan: ChargingPlan, visitor: Visitor, tried: Form | None = None) -> list[OfferedAct]:
    """Return what a person may do with a plan now; a form that was refused as it was filled in."""
    return [
        OfferedAct(
            name, tried if tried and tried.name == name else form_blank(name, act.asked), act.grave
        )
        for name, act in ACTS.items()
        if may_do(act, plan, visitor)
    ]


def act_done(name: str, plan: ChargingPlan, posted: Any, actor: str, now: datetime) -> Form:
    """Do an act; the form that comes back says what is wrong, or nothing where it is done."""
    act = ACTS[name]
    form = form_read(name, act.asked, posted)
    if form.wrong:
        return form
    try:
        act.do(plan, form.values, actor, now)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, act.at)
    return form


def plan_form(plan: ChargingPlan | None) -> tuple[Asked, ...]:
    """Return the fields of the plan's form, filled in with what a plan says."""
    if plan is None:
        return PLAN_FIELDS
    there = plan.price_there_fen
    filled = {
        "plan_app": plan.app,
        "plan_code": plan.plan_code,
        "plan_version": plan.version,
        "plan_name_zh": plan.name_zh,
        "plan_name_en": plan.name_en,
        "plan_adds": plan.adds,
        "plan_base_keeps": plan.base_keeps,
        "plan_price": yuan(plan.price_fen).replace(",", ""),
        "plan_period": plan.period,
        "plan_wording_here": plan.wording_here,
        "plan_wording_there": plan.wording_there,
        "plan_price_there": "" if there is None else yuan(there).replace(",", ""),
        "plan_wanted_on": plan.wanted_on.isoformat(),
    }
    return tuple(replace(each, value=filled[each.name]) for each in PLAN_FIELDS)


def draft_read(values: Mapping[str, Any], documents: Sequence[UUID]) -> PlanDraft:
    """Return the plan that a form holds."""
    wanted_on: date = values["plan_wanted_on"]
    return PlanDraft(
        app=values["plan_app"],
        plan_code=values["plan_code"],
        version=values["plan_version"],
        name_zh=values["plan_name_zh"],
        name_en=values["plan_name_en"],
        adds=values["plan_adds"],
        base_keeps=values["plan_base_keeps"],
        price_fen=values["plan_price"],
        period=values["plan_period"],
        wording_here=values["plan_wording_here"],
        wording_there=values["plan_wording_there"],
        price_there_fen=values["plan_price_there"],
        wanted_on=wanted_on,
        documents=tuple(documents),
    )


def files_kept(
    visitor: Visitor, provider_id: str, files: Sequence[Any], now: datetime
) -> list[UUID]:
    """Keep what was handed in with a form, as documents of the provider."""
    return [
        document_add(
            visitor.tenant_id,
            NewDocument(("provider", provider_id), each.name or "", each.read(), visitor.name),
            now,
        ).id
        for each in files
    ]


def documents_shown(tenant_id: str, ids: Sequence[object]) -> list[Document]:
    """Return documents by the ids that a row keeps, in their order."""
    found = documents_by_id(tenant_id, [UUID(str(each)) for each in ids])
    return list(found.values())


def story(plan: ChargingPlan, *, inside: bool) -> list[StepShown]:
    """Return the steps of a plan, oldest first, with what the rulebook said at each."""
    return [
        StepShown(
            step,
            step.actor if inside or step.actor == plan.drafted_by else "",
            [(name, CHECKS[name], step.checks[name]) for name in CHECKS if name in step.checks],
            [explanation(each) for each in step.receipts] if inside else [],
        )
        for step in plan.steps.order_by("id")
        if inside or step.what not in {"taken", "approve_advised", "refuse_advised", "given_back"}
    ]


def plan_name(plan: ChargingPlan) -> str:
    """Return the plan's name in the reader's language."""
    return plan.name_zh if language() == "zh" or not plan.name_en else plan.name_en

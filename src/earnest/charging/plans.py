"""Plans for paid functions as their provider writes, files and withdraws them (S0-2.2.4d)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from earnest.charging.base_functions import base_function_on
from earnest.charging.models import OPEN, WRITABLE, ChargingPlan, PlanStep
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.kernel.money import FEN_MAX
from earnest.market.queries import provider_get
from earnest.postgres.numbering import number_next

PERIODS: Final = ("month", "quarter", "half_year", "year", "once", "per_use")
FILING_CLAUSE: Final = "S0-2.2.4d"
BASE_CLAUSE: Final = "S0-2.1-mr2"
LENGTHS_MAX: Final = {
    "app": 64,
    "plan_code": 64,
    "version": 20,
    "name_zh": 120,
    "name_en": 120,
    "adds": 4000,
    "base_keeps": 4000,
    "wording_here": 4000,
    "wording_there": 4000,
}


@dataclass(frozen=True)
class PlanDraft:
    """What a provider writes of one version of a paid function.

    Attributes:
        app: the app, named alike on both platforms.
        plan_code: function or paid version, as charges name it.
        version: such as ``1`` or ``2025-10``.
        adds: what it adds (S0-2.2.4c); base_keeps: what stays in the base version (S0-2.2.4a).
        price_fen: for one ``period`` (one of ``PERIODS``).
        wording_here: how it is offered here; ``wording_there`` on 1688, empty where it is not.
        price_there_fen: its price there; None where it is not offered there.
        wanted_on: from when it should count.
        documents: ids of documents of this provider.
    """

    app: str
    plan_code: str
    version: str
    name_zh: str
    adds: str
    base_keeps: str
    price_fen: int
    period: str
    wording_here: str
    wanted_on: date
    name_en: str = ""
    wording_there: str = ""
    price_there_fen: int | None = None
    documents: Sequence[UUID] = field(default_factory=tuple)

    def columns(self) -> dict[str, Any]:
        """Return what is kept of it, by column."""
        kept = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in asdict(self).items()
        }
        return {**kept, "documents": [str(each) for each in self.documents]}


@transaction.atomic
def plan_draft(
    tenant_id: str, provider_id: str, draft: PlanDraft, actor: str, now: datetime
) -> ChargingPlan:
    """Write a plan down; nobody but the provider's people and operators sees it before filing.

    Raises:
        BadInput: a text is missing or too long, a price is below nothing, the period is unknown.
        Conflict: this version is on its way or approved already.
        NotFound: no such provider, or a document is not its own.
    """
    provider_get(tenant_id, provider_id)
    _check(tenant_id, provider_id, draft)
    number = number_next(ChargingPlan, tenant_id, "F")
    try:
        with transaction.atomic():
            plan = ChargingPlan.objects.create(
                id=uuid7_for(now, tenant_id, "charging_plan", number),
                tenant_id=tenant_id,
                number=number,
                provider_id=provider_id,
                state="draft",
                drafted_by=actor,
                drafted_at=now,
                **draft.columns(),
            )
    except IntegrityError:
        raise _version_taken(draft) from None
    step_add(plan, "drafted", now, actor=actor)
    return plan


@transaction.atomic
def plan_amend(
    tenant_id: str, number: str, draft: PlanDraft, actor: str, now: datetime
) -> ChargingPlan:
    """Change a plan that is not filed, or was sent back; what was filed before stays readable.

    Raises:
        BadInput, NotFound: as for :func:`plan_draft`.
        Conflict: it is being reviewed or settled, or the version is taken.
    """
    plan = plan_locked(tenant_id, number)
    if plan.state not in WRITABLE:
        raise plan_not(
            plan, "只有草稿或被退回的备案可以修改。", "only a draft or what was sent back"
        )
    _check(tenant_id, plan.provider_id, draft)
    for name, value in draft.columns().items():
        setattr(plan, name, value)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError:
        raise _version_taken(draft) from None
    step_add(plan, "amended", now, actor=actor)
    return plan


@transaction.atomic
def plan_file(tenant_id: str, number: str, actor: str, now: datetime) -> ChargingPlan:
    """File a plan: from now on the ball is with the platform's reviewers.

    Clauses: S0-2.2.4d, S0-2.1-mr2.

    Raises:
        BadInput: the day from which it should count has passed.
        Conflict: it is filed already, or settled.
        RuleRefused: a base function is given a price.
    """
    plan = plan_locked(tenant_id, number)
    if plan.state not in WRITABLE:
        raise plan_not(
            plan, "只有草稿或被退回的备案可以提交。", "only a draft or what was sent back"
        )
    if plan.wanted_on < day_of(now):
        raise BadInput(
            "wanted_day_passed",
            where=plan.number,
            zh=f"希望生效日 {plan.wanted_on} 已过；请改为今天或以后的日期。",
            en=f"the day from which it should count, {plan.wanted_on}, has passed; give a later",
        )
    base_refused(plan, max(plan.wanted_on, day_of(now)))
    plan.state, plan.filed_at = "filed", now
    plan.reviewed_by, plan.recommended = "", ""
    plan.save()
    step_add(plan, "filed", now, actor=actor)
    return plan


@transaction.atomic
def plan_withdraw(
    tenant_id: str, number: str, actor: str, reason: str, now: datetime
) -> ChargingPlan:
    """Take a plan back; one that is approved may not be charged from tomorrow on.

    Raises:
        BadInput: no reason.
        Conflict: it is refused or withdrawn already.
    """
    plan = plan_locked(tenant_id, number)
    if not reason.strip():
        raise reason_missing(plan.number)
    if plan.state not in (*OPEN, "approved"):
        raise plan_not(plan, "该备案已经办结。", "it is settled")
    if plan.state == "approved":
        ends = max(day_of(now) + timedelta(days=1), plan.effective_on or day_of(now))
        plan.ended_on = min(ends, plan.ended_on or ends)
    plan.state, plan.settled_at = "withdrawn", now
    plan.save()
    step_add(plan, "withdrawn", now, actor=actor, note=reason)
    return plan


def plan_get(tenant_id: str, number: str) -> ChargingPlan:
    """Return a plan by its number.

    Raises:
        NotFound: there is none.
    """
    plan = ChargingPlan.objects.filter(tenant_id=tenant_id, number=number).first()
    if plan is None:
        raise _unknown(number)
    return plan


def plan_locked(tenant_id: str, number: str) -> ChargingPlan:
    """Return a plan that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
    """
    rows = ChargingPlan.objects.select_for_update()
    plan = rows.filter(tenant_id=tenant_id, number=number).first()
    if plan is None:
        raise _unknown(number)
    return plan


def base_refused(plan: ChargingPlan, on: date) -> None:
    """Let no base function have a price (S0-2.1-mr2).

    Raises:
        RuleRefused: the plan charges for one.
    """
    base = base_function_on(plan.tenant_id, plan.provider_id, plan.plan_code, on)
    if base is None or not (plan.price_fen or plan.price_there_fen):
        return
    raise RuleRefused(
        "base_function_priced",
        where=plan.plan_code,
        zh=f"“{base.name_zh}”是平台共建的基础功能，不得收费（{BASE_CLAUSE}、S0-2.2.4b）；"
        "请将价格改为 0，或为增值部分另设功能代码。",
        en=f"{base.plan_code!r} is a base function and stays free ({BASE_CLAUSE}, S0-2.2.4b); "
        "make the price 0, or give what is added a code of its own",
    )


def step_add(
    plan: ChargingPlan,
    what: str,
    now: datetime,
    *,
    actor: str,
    note: str = "",
    checks: dict[str, bool] | None = None,
    receipts: Sequence[dict[str, Any]] = (),
) -> PlanStep:
    """Add one step to the life of a plan, with the plan as it stands."""
    names = (*PlanDraft.__dataclass_fields__, "effective_on")
    filed = {
        name: value.isoformat() if isinstance(value, date) else value
        for name in names
        if (value := getattr(plan, name)) is not None
    }
    return PlanStep.objects.create(
        plan=plan,
        tenant_id=plan.tenant_id,
        what=what,
        note=note.strip(),
        filed=filed,
        checks=checks or {},
        receipts=list(receipts),
        actor=actor,
        at=now,
    )


def reason_missing(where: str) -> BadInput:
    """Return the error of a step that needs a reason."""
    return BadInput("reason_missing", where=where, zh="请写明理由。", en="say why")


def plan_not(plan: ChargingPlan, zh: str, en: str) -> Conflict:
    """Return the error of a step that a plan's state does not allow."""
    return Conflict(
        "plan_state",
        where=plan.number,
        zh=f"{zh}当前状态不允许；请刷新页面查看。",
        en=f"{en}; the plan is {plan.state}, look at it again",
    )


def _check(tenant_id: str, provider_id: str, draft: PlanDraft) -> None:
    needed = ("app", "plan_code", "version", "name_zh", "adds", "base_keeps", "wording_here")
    for name in needed:
        if not getattr(draft, name).strip():
            raise _wrong(name, "必填项为空。", "it must be given")
    for name, most in LENGTHS_MAX.items():
        given = getattr(draft, name).strip()
        if len(given) > most or not given.replace("\n", "").isprintable():
            raise _wrong(name, f"最多 {most} 个可见字符。", f"at most {most} printable characters")
    _check_price(draft)
    documents_owned(tenant_id, ("provider", provider_id), draft.documents)


def _check_price(draft: PlanDraft) -> None:
    if draft.period not in PERIODS:
        raise _wrong("period", "请选择计价周期。", f"the period is one of {', '.join(PERIODS)}")
    for name in ("price_fen", "price_there_fen"):
        fen = getattr(draft, name)
        if fen is not None and not 0 <= fen <= FEN_MAX:
            raise _wrong(name, "价格不得小于零。", "a price is 0 or more")
    if (draft.price_there_fen is None) != (not draft.wording_there.strip()):
        raise _wrong(
            "wording_there",
            "在 1688 上架的须同时填写说法与价格；未上架的两项均留空。",
            "give both wording and price of 1688, or neither where it is not offered there",
        )


def _wrong(name: str, zh: str, en: str) -> BadInput:
    return BadInput(f"plan_{name}", where=name, zh=zh, en=en)


def _unknown(number: str) -> NotFound:
    return NotFound(
        "unknown_plan",
        where=number,
        zh=f"没有编号为 {number} 的收费备案，或您无权查看。",
        en=f"there is no charging plan {number!r}, or it is not yours to see",
    )


def _version_taken(draft: PlanDraft) -> Conflict:
    return Conflict(
        "plan_version_taken",
        where=f"{draft.plan_code} {draft.version}",
        zh=f"功能 {draft.plan_code} 的版本 {draft.version} 已在备案中或已获批；请使用新的版本号。",
        en=f"version {draft.version} of {draft.plan_code} is on its way or approved; "
        "give the new one another version",
    )

"""The list of base functions: built with the platform, free for every merchant (S0-2.1-mr2)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from earnest.charging.models import BaseFunction, ChargingPlan
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import provider_get


@dataclass(frozen=True)
class NewBaseFunction:
    """A function to be marked as base.

    Attributes:
        plan_code: as charges and plans name it.
        provider_id: whose; empty where it is base for every provider.
        actor: who marks it.
    """

    plan_code: str
    name_zh: str
    actor: str
    name_en: str = ""
    provider_id: str = ""


@transaction.atomic
def base_function_mark(tenant_id: str, new: NewBaseFunction, now: datetime) -> BaseFunction:
    """Mark a function as base, from today on.

    Raises:
        BadInput: no code or no name.
        Conflict: it is marked already.
        NotFound: no such provider.
        RuleRefused: an approved plan charges for it; that plan has to end first.
    """
    if not new.plan_code.strip() or not new.name_zh.strip():
        raise BadInput(
            "base_function_unnamed",
            where=new.plan_code,
            zh="请填写功能代码和名称。",
            en="give the function's code and its name",
        )
    if new.provider_id:
        provider_get(tenant_id, new.provider_id)
    _priced_refused(tenant_id, new, day_of(now))
    try:
        with transaction.atomic():
            return BaseFunction.objects.create(
                id=uuid7_for(now, tenant_id, "base_function", new.provider_id, new.plan_code),
                tenant_id=tenant_id,
                provider_id=new.provider_id,
                plan_code=new.plan_code.strip(),
                name_zh=new.name_zh.strip(),
                name_en=new.name_en.strip(),
                from_on=day_of(now),
                marked_by=new.actor,
                marked_at=now,
            )
    except IntegrityError:
        raise Conflict(
            "base_function_marked",
            where=new.plan_code,
            zh="该功能已在基础功能清单中。",
            en="the function is on the list already",
        ) from None


@transaction.atomic
def base_function_end(tenant_id: str, function_id: UUID, now: datetime) -> BaseFunction:
    """Take a function off the list from tomorrow on; charges until then are judged by it.

    Raises:
        Conflict: it is off already.
        NotFound: there is none.
    """
    rows = BaseFunction.objects.select_for_update()
    row = rows.filter(tenant_id=tenant_id, id=function_id).first()
    if row is None:
        raise NotFound(
            "unknown_base_function",
            where=str(function_id),
            zh="没有这个基础功能。",
            en="there is no such base function",
        )
    if row.until_on is not None:
        raise Conflict(
            "base_function_ended",
            where=row.plan_code,
            zh="该功能已移出清单。",
            en="the function is off the list already",
        )
    row.until_on = day_of(now) + timedelta(days=1)
    row.save(update_fields=["until_on"])
    return row


def base_functions(tenant_id: str, provider_id: str = "") -> QuerySet[BaseFunction]:
    """Return the list; of one provider with those that bind everybody."""
    rows = BaseFunction.objects.filter(tenant_id=tenant_id)
    if provider_id:
        rows = rows.filter(provider_id__in=["", provider_id])
    return rows.order_by("plan_code", "provider_id", "-from_on")


def base_function_on(
    tenant_id: str, provider_id: str, plan_code: str, on: date
) -> BaseFunction | None:
    """Return the base function that a code names for a provider on a day, if it is one."""
    return (
        base_functions(tenant_id, provider_id)
        .filter(Q(until_on=None) | Q(until_on__gt=on), plan_code=plan_code, from_on__lte=on)
        .first()
    )


def _priced_refused(tenant_id: str, new: NewBaseFunction, on: date) -> None:
    plans = ChargingPlan.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=on),
        tenant_id=tenant_id,
        plan_code=new.plan_code.strip(),
        state="approved",
        price_fen__gt=0,
    )
    if new.provider_id:
        plans = plans.filter(provider_id=new.provider_id)
    plan = plans.first()
    if plan is not None:
        raise RuleRefused(
            "base_function_priced",
            where=plan.number,
            zh=f"已获批的备案 {plan.number} 对该功能收费；"
            "须先撤回该备案，再列为基础功能（S0-2.1-mr2）。",
            en=f"the approved plan {plan.number} charges for it; end that plan first (S0-2.1-mr2)",
        )

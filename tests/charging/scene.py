"""A market with one provider that files plans, is charged for, and offers on two platforms."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from earnest.charging.models import ChargingPlan
from earnest.charging.offers import NewOffer, offer_see
from earnest.charging.plans import PlanDraft, plan_draft, plan_file
from earnest.charging.review import (
    CHECKS,
    PlanReview,
    PlanSettling,
    plan_review,
    plan_settle,
    plan_take,
)
from earnest.feed.commands import events_take
from earnest.market.models import Provider

NOW = datetime(2025, 9, 5, 4, tzinfo=UTC)
TODAY = date(2025, 9, 5)
P1 = ("provider", "P1")
ALL_TICKED = dict.fromkeys(CHECKS, True)


def market_new() -> str:
    """Return a fresh tenant with the providers P1 and P2."""
    tenant = f"t{uuid4().hex[:12]}"
    for provider_id in ("P1", "P2"):
        Provider.objects.create(
            tenant_id=tenant,
            provider_id=provider_id,
            name="货源一号",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
    return tenant


def draft_of(**changes: Any) -> PlanDraft:
    """Return a plan for batch listing at 99 yuan a month, offered alike on both platforms."""
    given = {
        "app": "货源通",
        "plan_code": "batch_listing",
        "version": "1",
        "name_zh": "批量铺货",
        "name_en": "Batch listing",
        "adds": "一次最多铺货五百件，并自动改价。",
        "base_keeps": "逐件铺货、采购、售后均可免费使用。",
        "price_fen": 9_900,
        "period": "month",
        "wording_here": "批量铺货，每月 99 元",
        "wording_there": "批量铺货 每月99元",
        "price_there_fen": 9_900,
        "wanted_on": TODAY,
    }
    return PlanDraft(**{**given, **changes})


def filed(tenant: str, now: datetime = NOW, **changes: Any) -> ChargingPlan:
    """File a plan of P1 and return it."""
    plan = plan_draft(tenant, "P1", draft_of(**changes), "provider", now)
    return plan_file(tenant, plan.number, "provider", now)


def reviewed(
    tenant: str, number: str, now: datetime = NOW, *, verdict: str = "approve"
) -> ChargingPlan:
    """Let a first person take a plan and say what should become of it."""
    plan_take(tenant, number, "first", now)
    review = PlanReview(verdict, "looked at", "first", ALL_TICKED)
    return plan_review(tenant, number, review, now)


def approved(tenant: str, now: datetime = NOW, **changes: Any) -> ChargingPlan:
    """File a plan and let two persons approve it."""
    plan = reviewed(tenant, filed(tenant, now, **changes).number, now)
    return plan_settle(tenant, plan.number, PlanSettling(True, "", "second"), now)


def charged(tenant: str, order: str, now: datetime = NOW, **changes: Any) -> None:
    """Let the feed tell that a merchant was charged for batch listing, as filed."""
    row = {
        "service_order_id": order,
        "state": "paid",
        "provider_id": "P1",
        "plan_code": "batch_listing",
        "version": "1",
        "unit_price_fen": 9_900,
        "paid_fen": 9_900,
        "channel": "service_market",
        "occurred_at": "2025-09-05T10:00:00+08:00",
        **changes,
    }
    intake = events_take(
        tenant, "charge_event", [row], source="urn:earnest:src:test:charging", now=now,
        origin="test",
    )  # fmt: skip
    assert not intake.rejected


def seen(tenant: str, side: str, wording: str, price_fen: int | None, **changes: Any) -> Any:
    """See an offer of batch listing on one side."""
    given = {
        "provider_id": "P1", "app": "货源通", "plan_code": "batch_listing", "side": side,
        "wording": wording, "price_fen": price_fen, "seen_at": NOW, "actor": "service",
    }  # fmt: skip
    return offer_see(tenant, NewOffer(**{**given, **changes}), NOW)

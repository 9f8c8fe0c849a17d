"""A small market with two providers and two shops, and callers of every kind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from earnest.api.commands import token_create
from earnest.decisions.commands import NewDecision, decisions_record
from earnest.market.commands import clock_set, marketplace_open
from earnest.market.models import Provider, Shop
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of

NOW = datetime(2025, 9, 5, 2, 0, tzinfo=UTC)
"""The market's present in these tests: 2025-09-05, 10:00 in Shanghai."""

BASE = "/api/v1"
PARTY_OF = {"provider": ("provider", "P1"), "merchant": ("shop", "S1")}
"""The party that a party's token belongs to in these tests."""

# The web server's middleware looks for this folder when the application is loaded.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@dataclass
class Caller:
    """Sends requests as one caller, without cookies unless it signed in."""

    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str) -> Any:
        """Send GET."""
        return self.client.get(BASE + path, headers=self.headers)

    def post(self, path: str, body: object) -> Any:
        """Send POST with a JSON body."""
        return self.client.post(
            BASE + path, body, content_type="application/json", headers=self.headers
        )


@pytest.fixture
def market(db: None) -> str:
    """Open a market with providers P1 and P2 and shops S1 and S2, on a known day."""
    tenant_id = str(settings.TENANT)
    marketplace_open(tenant_id, name_zh="测试市场", name_en="Test market")
    clock_set(tenant_id, NOW)
    for number in (1, 2):
        Provider.objects.create(
            tenant_id=tenant_id,
            provider_id=f"P{number}",
            name=f"服务商 {number}",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
        Shop.objects.create(
            tenant_id=tenant_id, shop_id=f"S{number}", name="店铺", opened_on=date(2025, 1, 1)
        )
    return tenant_id


@pytest.fixture
def caller_as(market: str) -> Callable[..., Caller]:
    """Return a maker of callers with a token of a role; party roles are P1 and S1."""

    def make(role: str, name: str = "") -> Caller:
        made = token_create(
            market,
            name or f"{role}-script",
            role=role,
            subject=PARTY_OF.get(role, ("", "")),
            now=NOW,
        )
        return Caller({"Authorization": f"Bearer {made.secret}"})

    return make


def decision_for(
    tenant_id: str,
    subject: tuple[str, str],
    period: str = "2025-08",
    *,
    approvals_needed: int = 1,
) -> UUID:
    """Record a decision about a party that waits for people, and return its id."""
    evaluation = pack_of(SUPPLY_MARKET).evaluate(
        "notify_provider", {"assessed_on": date(2025, 8, 31), "breached": 1}
    )
    new = NewDecision(
        subject_kind=subject[0],
        subject_id=subject[1],
        period=period,
        clause="S0-2.2.1b",
        outcome="notify",
        money_fen=0,
        approvals_needed=approvals_needed,
        evaluation=evaluation,
    )
    [decision] = decisions_record(tenant_id, [new], NOW, date(2025, 9, 5))
    return decision.id

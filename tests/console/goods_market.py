"""A market for the pages of charges and goods: two providers, a shop, and people of every role."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.models import Provider, Shop

NOW = datetime(2025, 9, 25, 4, tzinfo=UTC)
TODAY = date(2025, 9, 25)
OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")

# The web server's middleware looks for this folder when the application is loaded.
Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


def market_open() -> str:
    """Return a fresh tenant; its people are called by their role, a dash and the tenant."""
    tenant = f"t{uuid4().hex[:12]}"
    marketplace_open(tenant, name_zh="测试市场", name_en="Test market")
    clock_set(tenant, NOW)
    for number in (1, 2):
        Provider.objects.create(
            tenant_id=tenant,
            provider_id=f"P{number}",
            name=f"货源{number}号",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
    Shop.objects.create(tenant_id=tenant, shop_id="S1", name="店铺", opened_on=date(2025, 1, 1))
    parties = {
        "provider": ("provider", ("provider", "P1")),
        "other": ("provider", ("provider", "P2")),
        "merchant": ("merchant", ("shop", "S1")),
    }
    people = {**{role: (role, ("", "")) for role in (*OPERATORS, "feed")}, **parties}
    for name, (role, subject) in people.items():
        person_add(tenant, f"{name}-{tenant}", "", role=role, subject=subject)
    return tenant


def browser_of(tenant: str, name: str, language: str = "zh-hans") -> Client:
    """Return a browser in which a person of a market has signed in."""
    client = Client()
    client.force_login(User.objects.get(username=f"{name}-{tenant}"))
    client.cookies["django_language"] = language
    return client

"""The only place in the console that reads the clock."""

from datetime import datetime

from django.utils import timezone

from earnest.market.queries import market_now


def present(tenant_id: str) -> datetime:
    """Return the marketplace's present, simulated or real."""
    return market_now(tenant_id, timezone.now())


def real_now() -> datetime:
    """Return the real time, for what is agreed with the outside, whatever a market simulates."""
    return timezone.now()

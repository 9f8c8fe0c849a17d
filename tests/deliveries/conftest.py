"""Parties, notices, a clock that is set by hand, and a receiver on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from earnest.deliveries.sending import Sender
from earnest.deliveries.wire import Http
from earnest.market.models import Provider, Shop
from earnest.notices.commands import Message, NewNotice, notices_send
from tests.deliveries.receiver import Receiver, receiving

TENANT = "deliveries"
NOW = datetime(2025, 9, 10, 4, tzinfo=UTC)
P1, P2, S1 = ("provider", "P1"), ("provider", "P2"), ("shop", "S1")
OPERATOR = ("", "")


@dataclass
class Clock:
    """The real time, as far as these tests are concerned."""

    at: datetime

    def __call__(self) -> datetime:
        """Return it."""
        return self.at

    def ahead(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@pytest.fixture
def parties(db: None, settings: object) -> str:
    """Return a tenant with two providers and a shop, where loopback may be sent to."""
    settings.WEBHOOKS_LOOPBACK = True
    settings.PUBLIC_URL = "https://market.example"
    for number in (1, 2):
        Provider.objects.create(
            tenant_id=TENANT,
            provider_id=f"P{number}",
            name=f"服务商 {number}",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
    Shop.objects.create(tenant_id=TENANT, shop_id="S1", name="店铺", opened_on=date(2025, 1, 1))
    return TENANT


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver for a test."""
    with receiving() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands at the present, which signatures are held against."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def sender(clock: Clock) -> Sender:
    """Return a sender that may send to this machine."""
    return Sender(clock=clock, http=Http(loopback=True, whole_seconds=2.0))


def notice(subject: tuple[str, str], about: str, *, severity: str = "warning") -> NewNotice:
    """Return a notice to a party."""
    return NewNotice(
        subject_kind=subject[0],
        subject_id=subject[1],
        about=about,
        kind="sanction",
        severity=severity,
        clause="S0-2.2.1b",
        decision_id=None,
        zh=Message(f"标题 {about}", "决定：……"),
        en=Message(f"Title {about}", "Decision: ..."),
    )


def tell(
    subject: tuple[str, str], about: str, at: datetime = NOW, severity: str = "warning"
) -> None:
    """Put a notice into a party's inbox."""
    notices_send(TENANT, [notice(subject, about, severity=severity)], at)

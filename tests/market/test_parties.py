"""Parties as the feed tells of them, and who may see and do what."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from earnest.feed.commands import batches_take
from earnest.kernel.errors import BadInput, NotAllowed
from earnest.market.commands import clock_set, marketplace_open, parties_follow, person_add
from earnest.market.models import Provider, Shop
from earnest.market.queries import decider_named, market_now
from earnest.market.roles import PERMISSIONS, may, sees
from earnest.market.taking_part import (
    categories_open,
    providers_taking_part,
    shops_taking_part,
    subjects_all,
)

NOW = datetime(2025, 9, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def _take(tenant: str, stream: str, *rows: dict[str, str]) -> None:
    """Take rows of one stream into the feed; every one must go in."""
    (intake,) = batches_take(
        tenant, {stream: list(rows)}, source="urn:test", now=NOW, origin="test"
    ).values()
    assert intake.rejected == []


def _provider(action: str, day: str) -> dict[str, str]:
    return {
        "provider_id": "P1",
        "action": action,
        "at": f"{day}T12:00:00+08:00",
        "name": "青禾货源",
        "service_category": "supply_tool",
    }


def _shop(action: str, day: str, category: str = "") -> dict[str, str]:
    row = {"shop_id": "S1", "action": action, "at": f"{day}T12:00:00+08:00", "name": "小店"}
    return {**row, "category_id": category} if category else row


@pytest.fixture
def tenant(earnest_home: object) -> str:
    """A tenant of its own."""
    return f"t{uuid4().hex[:10]}"


@pytest.mark.clause("S0-1.2-scope")
def test_a_provider_takes_part_from_admission_until_it_leaves(tenant: str) -> None:
    """Admitted on 1 August and gone on 20 August, both told by the feed."""
    _take(tenant, "provider_event", _provider("admitted", "2025-08-01"))
    assert parties_follow(tenant) == 1
    assert parties_follow(tenant) == 0
    _take(tenant, "provider_event", _provider("exited", "2025-08-20"))
    parties_follow(tenant)
    found = Provider.objects.get(tenant_id=tenant)
    assert (found.admitted_on, found.left_on) == (date(2025, 8, 1), date(2025, 8, 20))
    for day, there in ((date(2025, 7, 31), 0), (date(2025, 8, 19), 1), (date(2025, 8, 20), 0)):
        assert len(providers_taking_part(tenant, day)) == there


@pytest.mark.clause("S3-1.3a", "S3-2.1b", "S3-6.1a")
def test_categories_open_close_and_open_again(tenant: str) -> None:
    """A shop's categories on a day are those opened by then and not closed."""
    _take(
        tenant,
        "shop_event",
        _shop("opened", "2025-01-01"),
        _shop("category_opened", "2025-01-02", "apparel"),
        _shop("category_opened", "2025-02-01", "wine"),
        _shop("category_closed", "2025-03-01", "wine"),
        _shop("category_opened", "2025-04-01", "wine"),
    )
    parties_follow(tenant)
    assert categories_open(tenant, date(2025, 1, 15)) == {"S1": ["apparel"]}
    assert categories_open(tenant, date(2025, 2, 15)) == {"S1": ["apparel", "wine"]}
    assert categories_open(tenant, date(2025, 3, 1)) == {"S1": ["apparel"]}
    assert categories_open(tenant, date(2025, 5, 1)) == {"S1": ["apparel", "wine"]}
    assert parties_follow(tenant) == 0


def test_a_closed_shop_takes_no_part(tenant: str) -> None:
    """After its closing a shop is known but no longer assessed."""
    _take(tenant, "shop_event", _shop("opened", "2025-01-01"), _shop("closed", "2025-06-01"))
    parties_follow(tenant)
    assert Shop.objects.get(tenant_id=tenant).closed_on == date(2025, 6, 1)
    assert shops_taking_part(tenant, date(2025, 6, 1)) == []
    assert subjects_all(tenant) == [("shop", "S1")]


@pytest.mark.parametrize(
    ("role", "subject", "code"),
    [
        ("king", ("", ""), "unknown_role"),
        ("provider", ("", ""), "party_missing"),
        ("merchant", ("provider", "P1"), "party_missing"),
    ],
)
def test_a_person_without_a_proper_role_is_refused(
    role: str, subject: tuple[str, str], code: str
) -> None:
    """An unknown role, or a party's role without its party, gives no sign-in."""
    with pytest.raises(BadInput, match=code):
        person_add("main", "somebody", "a-long-password", role=role, subject=subject)


@pytest.mark.parametrize("username", ["nobody", "auditor", "elsewhere"])
def test_only_a_person_who_may_decide_is_taken_at_its_name(username: str) -> None:
    """A name that is unknown, of another role or of another market decides nothing."""
    person_add("main", "risk", "a-long-password", role="risk")
    person_add("main", "auditor", "a-long-password", role="auditor")
    person_add("other", "elsewhere", "a-long-password", role="risk")
    assert decider_named("main", "risk") == "risk"
    with pytest.raises(NotAllowed, match="not_a_decider"):
        decider_named("main", username)


def test_a_partys_people_see_their_own_party_only() -> None:
    """Operators see every party, a provider's person its own, and a feed token none."""
    own, other = ("provider", "P1"), ("provider", "P2")
    assert sees("auditor", ("", ""), own)
    assert sees("provider", own, own)
    assert not sees("provider", own, other)
    assert not sees("feed", own, own)
    assert not may("nobody", "see_all")
    assert [role for role in PERMISSIONS if may(role, "decide")] == ["risk", "finance", "admin"]


def test_the_simulated_clock_rules_where_it_is_set(tenant: str) -> None:
    """A marketplace with a clock of its own lives at that time, others at the real one."""
    marketplace_open(tenant, name_zh="市场", name_en="market")
    real = datetime(2026, 11, 21, tzinfo=UTC)
    assert market_now(tenant, real) == real
    clock_set(tenant, NOW)
    assert market_now(tenant, real) == NOW

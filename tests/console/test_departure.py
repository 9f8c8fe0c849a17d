"""Leaving the market in the console: the pre-check, the application, the check, the story."""

from collections.abc import Callable

import pytest
from django.test import Client

from earnest.departure.models import Departure
from earnest.departure.steps import step_add
from tests.console.market import TENANT, SeededMarket

SignIn = Callable[..., Client]
pytestmark = pytest.mark.usefixtures("market")
STANDING = {"on_sale": "0", "running": "1", "subscription_ends_on": "2025-12-31"}


@pytest.mark.clause("S0-3.3")
def test_a_provider_sees_what_is_missing_before_it_applies(signed_in: SignIn) -> None:
    """A running subscription is a red row; checking again keeps nothing."""
    provider = signed_in("provider")
    page = provider.post("/providers/P1/leaving/", {**STANDING, "step": "check"})
    assert page.status_code == 200
    text = page.content.decode()
    assert "condition-open" in text
    assert "未到期订购 1" in text
    assert not Departure.objects.filter(tenant_id=TENANT).exists()


@pytest.mark.clause("S0-3.3", "S0-3.2a")
def test_applied_checked_and_taken_back(signed_in: SignIn) -> None:
    """The provider applies, a reviewer checks what no data tells, the provider takes it back."""
    provider, service = signed_in("provider"), signed_in("service", "en")
    answer = provider.post("/providers/P1/leaving/", {**STANDING, "step": "apply"})
    assert answer.status_code == 302
    row = Departure.objects.get(tenant_id=TENANT)
    address = f"/departures/{row.number}/"
    page = service.get(address).content.decode()
    assert "Being approved" in page
    assert "A reviewer</b> checks what is on sale" in page
    listed = service.get("/departures/").content.decode()
    assert "checks what is on sale" in listed
    assert str(row.check_by) in listed
    checked = service.post(f"{address}act/departure_check/", {"on_sale": "0", "running": "1"})
    assert checked.status_code == 422, "the day that the longest subscription ends is missing"
    service.post(f"{address}act/departure_check/", STANDING)
    row.refresh_from_db()
    assert (row.state, row.checked_by) == ("checked", "service")
    assert provider.post(f"{address}act/departure_check/", STANDING).status_code == 403
    provider.post(f"{address}act/departure_withdraw/", {"reason": "继续经营"})
    row.refresh_from_db()
    assert row.state == "withdrawn"
    step_add(row, "plan_late 2025-11-27", row.begun_at, actor="system")
    story = provider.get(address).content.decode()
    assert "继续经营" in story
    assert "方案逾期 2025-11-27" in story


def test_others_find_nothing(signed_in: SignIn, market: SeededMarket) -> None:
    """Another provider's departure is answered like one that is not there."""
    signed_in("provider").post("/providers/P1/leaving/", {**STANDING, "step": "apply"})
    number = Departure.objects.get(tenant_id=market.tenant_id).number
    assert signed_in("merchant").get(f"/departures/{number}/").status_code == 404
    listed = signed_in("auditor").get("/departures/?way=exit&state=applied").content.decode()
    assert number in listed
    assert number in signed_in("auditor").get("/departures.csv").getvalue().decode()

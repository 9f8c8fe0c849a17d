"""Whose turn it is in a departure, and when its day has passed."""

from datetime import timedelta

import pytest

from earnest.departure.exits import Standing, exit_begin, exit_check_confirm
from earnest.departure.models import Departure
from earnest.departure.queries import departure_get
from earnest.departure.turns import Turn, turn_of
from earnest.departure.winding_down import Merchant, handover_settle, plan_file, plan_review
from earnest.kernel.calendar import day_of
from tests.cases.scene import NOW
from tests.departure.test_removals import _winding_down

pytestmark = pytest.mark.django_db
TODAY = day_of(NOW)
DAY = timedelta(days=1)


@pytest.mark.clause("S0-3.3")
def test_an_exit_is_checked_then_settled_then_approved(tenant: str) -> None:
    """A reviewer until the day of the check, the provider while something is red, two persons."""
    number = exit_begin(tenant, "P1", Standing(1, 0), actor="p1", reason="", now=NOW).number
    row = departure_get(tenant, number)
    assert row.check_by is not None
    assert turn_of(row, row.check_by) == Turn("reviewer", "check", row.check_by, late=False)
    assert turn_of(row, row.check_by + DAY) == Turn("reviewer", "check", row.check_by, late=True)
    row = exit_check_confirm(tenant, number, Standing(1, 0), actor="service", now=NOW)
    assert turn_of(row, TODAY) == Turn("provider", "conditions")
    row = exit_check_confirm(tenant, number, Standing(0, 0), actor="service", now=NOW)
    assert turn_of(row, TODAY) == Turn("approvers", "approve")


@pytest.mark.clause("S0-3.2a")
def test_winding_down_goes_from_the_plan_to_the_merchants(tenant: str) -> None:
    """Planned by a day, judged, served to a day, handed over, and then what is red."""
    row = _winding_down(tenant)
    number, due_on = row.number, row.plan_due_on
    assert due_on is not None
    assert turn_of(row, due_on + DAY) == Turn("provider", "plan", due_on, late=True)
    merchant = Merchant("S1", TODAY, "moves")
    row = plan_file(tenant, number, "we hand over", [merchant], actor="p1", now=NOW)
    judged_by = TODAY + 7 * DAY
    assert turn_of(row, judged_by) == Turn("reviewer", "judge_plan", judged_by)
    late = Turn("reviewer", "judge_plan", judged_by, late=True)
    assert turn_of(row, judged_by + DAY) == late
    row = plan_review(tenant, number, accepted=False, actor="service", note="whom?", now=NOW)
    assert turn_of(row, TODAY) == Turn("provider", "plan_again", row.plan_due_on)
    plan_file(tenant, number, "we hand over", [merchant], actor="p1", now=NOW)
    row = plan_review(tenant, number, accepted=True, actor="service", note="", now=NOW)
    until = row.serve_until
    assert until is not None
    assert turn_of(row, until) == Turn("nobody", "serve", until)
    assert turn_of(row, until + DAY) == Turn("reviewer", "hand_over", until, late=True)
    handover_settle(tenant, number, "S1", actor="service", note="", now=NOW)
    row = departure_get(tenant, number)
    assert turn_of(row, until + DAY) == Turn("provider", "conditions")
    Departure.objects.filter(number=number, tenant_id=tenant).update(ended_at=NOW)
    assert turn_of(departure_get(tenant, number), TODAY) is None

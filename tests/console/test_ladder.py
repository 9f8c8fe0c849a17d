"""The ladder on the health page: months held behind a removal, and months that appeals changed."""

import pytest

from earnest.assessment.held_months import months_held
from earnest.console.ladder import Ladder, Since, ladder_of
from earnest.decisions.models import Decision, Finding
from earnest.kernel.calendar import Month
from earnest.measures.set_aside import Correction, set_asides
from tests.appeals.scene import AUGUST, LOW, OCTOBER, SEPTEMBER, month_judge, tenant_new

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c"),
]
NOVEMBER = Month(2025, 11)


def _shown(tenant: str, since: Since) -> Ladder:
    history = Finding.objects.filter(tenant_id=tenant, measure="nps_composite").order_by("period")
    decisions = Decision.objects.filter(tenant_id=tenant).order_by("-seq")
    found = ladder_of(list(history), list(decisions), since)
    assert found is not None
    return found


def _here(ladder: Ladder) -> list[str]:
    return [each.name for each in ladder.rungs if each.here]


def test_a_month_behind_a_waiting_removal_says_so() -> None:
    """The third month waits for people; the fourth is judged once they have spoken."""
    tenant = tenant_new(order=False)
    for month in (AUGUST, SEPTEMBER, OCTOBER, NOVEMBER):
        month_judge(tenant, month, LOW, approve=False)
    held = {each.period for each in months_held(tenant, ["P1"])["P1"]}
    shown = _shown(tenant, Since(set_asides(tenant, "nps_composite", ["P1"]), held))
    assert [(each.period, each.held) for each in shown.months] == [
        ("2025-08", False), ("2025-09", False), ("2025-10", False), ("2025-11", True),
    ]  # fmt: skip
    assert (shown.waiting, _here(shown)) == (True, ["remove"])


def test_months_that_appeals_changed_are_shown_as_they_count_now() -> None:
    """August is set aside and September corrected above the mark: October is the first month."""
    tenant = tenant_new()
    for month in (AUGUST, SEPTEMBER, OCTOBER):
        month_judge(tenant, month, LOW, approve=False)
    instead = {
        ("P1", AUGUST.last_day): None,
        ("P1", SEPTEMBER.last_day): Correction(750, 10, 10),
    }
    shown = _shown(tenant, Since(instead))
    assert [(each.score, each.state) for each in shown.months] == [
        ("–", "set_aside"), ("7.50", "met"), ("6.90", "breached"),
    ]  # fmt: skip
    assert _here(shown) == ["hide"]
    assert _here(_shown(tenant, Since({("P1", OCTOBER.last_day): None, **instead}))) == ["none"]

"""From invitation to opening, as three persons and an applicant go through it."""

import pytest
from django.contrib.auth.models import User

from earnest.admission.clocks import clock_of
from earnest.assessment.commands import cycle_run
from earnest.decisions.models import Decision, Finding
from earnest.kernel.calendar import Month
from earnest.market.models import Provider
from earnest.notices.models import Notice
from tests.admission.scene import TENANT, TODAY, Scene


@pytest.mark.clause("S0-1.2-scope", "S0-1.3-cat", "S0-1.3-invite", "S0-1.1-basis")
def test_an_invitation_becomes_a_provider(scene: Scene) -> None:
    """Invited, evidence brought, reviewed, approved by another, paid, opened; each has the ball."""
    application = scene.accept(scene.invite())
    assert clock_of(application, scene.now).ball == "applicant"
    scene.bring_all(application)
    assert clock_of(scene.fresh(application), scene.now).ball == "first_reviewer"
    scene.accept_all(application)
    assert scene.recommend(application).state == "approval"
    assert clock_of(scene.fresh(application), scene.now).ball == "second_approver"
    assert scene.approve(application).state == "deposit"
    assert clock_of(scene.fresh(application), scene.now).ball == "applicant"
    scene.pay(application)
    clock = clock_of(scene.fresh(application), scene.now)
    assert (clock.ball, clock.step) == ("finance", "opening")
    assert scene.open(application).state == "opened"
    provider = Provider.objects.get(tenant_id=TENANT, provider_id=application.provider_id)
    assert (provider.admitted_on, provider.service_category) == (TODAY, "supply_tool")
    assert User.objects.get(username="applicant").membership.role == "provider"
    titles = Notice.objects.filter(subject_id=application.provider_id).values_list("title_zh")
    assert ("服务商已开通",) in titles


@pytest.mark.clause("S0-1.2-scope", "S0-2.2.1a")
def test_the_monthly_cycle_takes_a_new_provider_in(scene: Scene) -> None:
    """From its month on it is assessed like any other, and its deposit is not set a second time."""
    application = scene.approved()
    scene.pay(application)
    scene.open(application)
    scene.later(days=42)
    cycle_run(TENANT, Month(2026, 3), now=scene.now)
    findings = Finding.objects.filter(subject_id=application.provider_id, period="2026-03")
    assert {each.clause for each in findings} >= {"S0-2.1-ship48", "S0-2.1-as1"}
    deposits = Decision.objects.filter(
        subject_id=application.provider_id, decision="provider_deposit"
    )
    assert deposits.count() == 1

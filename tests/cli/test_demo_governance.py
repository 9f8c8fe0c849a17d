"""The demo's story of governance, played over six months of a very small market."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from earnest.admission.models import Application, Invitation
from earnest.appeals.models import Appeal
from earnest.catalogue.models import GoodsNotice, Sample
from earnest.charging.models import ChargingPlan
from earnest.cli.demo import SEED, Demo, demo_ends_at, demo_play, people_add
from earnest.cli.demo_deposits import DepositStory
from earnest.cli.demo_governance import GovernanceStory, governance_figures
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.departure.models import Departure
from earnest.kernel.calendar import Month, day_of
from earnest.ledger.queries import verify
from earnest.market.models import Membership, Provider
from earnest.notices.models import Notice
from earnest.simulator import Size, simulate
from earnest.surveys.models import Campaign
from earnest.tickets.models import Ticket
from earnest.violations.models import Violation

pytestmark = [pytest.mark.django_db, pytest.mark.long]

TENANT = "governed"
FIRST, MONTHS = Month(2025, 8), 6
TINY = Size("tiny", 8, 30, 1_500)
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Demo]:
    """August 2025 to January 2026 of a tiny market, played as the demo plays its own."""
    demo = Demo(TENANT, simulate(SEED, TINY, FIRST, MONTHS))
    with django_db_blocker.unblock():
        people_add(TENANT)
        demo_play(demo)
        yield demo
        # What was committed here must not be found by the tests of other folders.
        call_command("flush", interactive=False, verbosity=0)


@pytest.mark.clause("S0-1.2-scope", "S0-1.1-basis")
def test_one_newcomer_is_open_one_in_review_and_one_invited(played: Demo) -> None:
    """P9101 was sent back once, approved by another and opened; P9102 waits; P9103 may accept."""
    opened = Application.objects.get(tenant_id=TENANT, provider_id="P9101")
    assert (opened.state, opened.round) == ("opened", 2)
    assert [each.what for each in opened.entries.order_by("at", "id")] == [
        "applied", "handed_in", "returned", "handed_in", "recommended_admit", "approved", "opened",
    ]  # fmt: skip
    assert Provider.objects.get(tenant_id=TENANT, provider_id="P9101").left_on is None
    assert Application.objects.get(tenant_id=TENANT, provider_id="P9102").state == "review"
    assert Membership.objects.get(user__username="applicant").role == "applicant"
    assert Invitation.objects.get(tenant_id=TENANT, provider_id="P9103").state == "open"


@pytest.mark.clause("S0-2.2.4d", "S0-2.2.4f", "S0-2.2.7a", "S0-2.2.6")
def test_offers_that_differ_end_in_a_ticket_that_is_heard(played: Demo) -> None:
    """The difference is reported, answered and found by three people; its appeal is heard."""
    plans = ChargingPlan.objects.filter(tenant_id=TENANT).order_by("number")
    assert [plan.state for plan in plans] == ["approved", "in_review"]
    found = Violation.objects.get(tenant_id=TENANT, subject_id="P9101")
    assert (found.state, found.reviewed_by) == ("found", "service")
    ticket = Ticket.objects.get(tenant_id=TENANT, subject_id="P9101")
    assert (ticket.outcome, ticket.money_fen, ticket.state) == ("delist", 1_000_000, "appealed")
    decision = Decision.objects.get(id=ticket.decision_id)
    assert set(decision.approvals.values_list("actor", flat=True)) == {"risk", "finance"}
    appeal = Appeal.objects.get(ticket=ticket)
    assert (appeal.state, appeal.hearer) == ("hearing", "admin")
    waiting = Violation.objects.filter(tenant_id=TENANT, subject_id="P0001", source="measure")
    assert waiting.get().state == "reported"


@pytest.mark.clause("S0-2.2.6", "S0-2.2.5-5b")
def test_an_appeal_that_succeeds_undoes_what_rested_on_it(played: Demo) -> None:
    """P0004's first month falls: both rungs are reversed, the second comes back as a first."""
    decided = Appeal.objects.get(tenant_id=TENANT, state="decided")
    assert decided.ticket.subject_id == "P0004"
    rungs = Ticket.objects.filter(tenant_id=TENANT, subject_id="P0004").order_by("period")
    assert [(each.period, each.outcome, each.state) for each in rungs] == [
        ("2025-09", "hide", "reversed"),
        ("2025-10", "delist", "reversed"),
        ("2025-10/2", "hide", "in_force"),
    ]


@pytest.mark.clause("S0-2.1-qual2", "S0-2.2.1b", "S0-2.2.5-1", "S0-3.2a", "S0-3.3")
def test_goods_surveys_and_departures_have_something_to_show(played: Demo) -> None:
    """Findings of labs, goods off in time and goods due, a result, a plan and an exit."""
    assert {"stands", "found"} <= set(
        Sample.objects.filter(tenant_id=TENANT).values_list("state", flat=True)
    )
    first, second = GoodsNotice.objects.filter(tenant_id=TENANT).order_by("number")
    assert all(each.off_on and each.off_on <= first.due_on for each in first.goods.all())
    assert second.due_on >= day_of(demo_ends_at(played))
    campaign = Campaign.objects.get(tenant_id=TENANT)
    assert (campaign.state, campaign.month) == ("closed", "2026-01")
    assert campaign.invitations.exclude(answered_at=None).exists()
    ways = Departure.objects.filter(tenant_id=TENANT).values_list("way", "state", "plan_state")
    assert set(ways) == {("removal", "winding_down", "filed"), ("exit", "applied", "")}


def test_the_story_of_another_provider_is_left_alone(played: Demo) -> None:
    """P0002's run of the ladder is what the tutorial tells, with its money."""
    rows = Decision.objects.filter(tenant_id=TENANT, decision="nps_ladder", subject_id="P0002")
    assert [(row.period, row.outcome, row.money_fen) for row in rows.order_by("period")][:2] == [
        ("2025-08", "hide", 250_000),
        ("2025-09", "delist", 500_000),
    ]
    assert not Appeal.objects.filter(tenant_id=TENANT, subject_id="P0002").exists()


def test_a_demo_that_is_started_again_does_nothing_twice(played: Demo) -> None:
    """The stories told anew from their first step, and the demo started again, add nothing."""
    before = (dict(governance_figures(TENANT)), Notice.objects.count(), Decision.objects.count())
    DepositStory(TENANT, played.market.months).play(demo_ends_at(played))
    GovernanceStory(TENANT, played.market, PASSWORD).play(demo_ends_at(played))
    demo_play(played)
    after = (dict(governance_figures(TENANT)), Notice.objects.count(), Decision.objects.count())
    assert after == before


def test_the_whole_of_it_replays_and_the_books_hold(played: Demo) -> None:
    """Every finding and decision derives again, and every check of the books holds."""
    assert decisions_replay(TENANT).differences == []
    assert [check.name for check in verify(TENANT) if not check.ok] == []

"""Campaigns: within their month, asked of whom the feed knows, opened and closed in time."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from earnest.kernel.errors import BadInput, Conflict
from earnest.notices.models import Notice
from earnest.surveys.commands import (
    NewCampaign,
    campaign_close,
    campaign_draft,
    campaign_schedule,
    campaign_withdraw,
)
from earnest.surveys.due import surveys_due
from earnest.surveys.inviting import respondents_invite
from earnest.surveys.models import LIST, NAMED, SHOP, Campaign, Invitation, InvitationStep
from earnest.surveys.respondents import Respondent, respondents_found, respondents_read
from tests.surveys.scene import (
    BEFORE,
    CLOSES,
    MONTH,
    NOW,
    OPENS,
    OVER,
    TENANT,
    answered,
    asked_of,
    charge,
    listed,
    order,
    said,
)


@pytest.mark.clause("S0-2.2.5-1")
@pytest.mark.parametrize(
    ("opens", "closes"),
    [
        (date(2025, 9, 30), CLOSES),
        (OPENS, date(2025, 11, 1)),
        (date(2025, 10, 19), date(2025, 10, 18)),
    ],
)
def test_a_campaign_lies_within_the_month_that_it_assesses(
    market: str, opens: date, closes: date
) -> None:
    """A day outside the month, or days the wrong way round, are refused; whole months are taken."""
    with pytest.raises(BadInput) as refused:
        campaign_draft(market, NewCampaign(MONTH, opens, closes), "chen", BEFORE)
    assert refused.value.problem.code == "campaign_outside_month"
    whole = NewCampaign(MONTH, MONTH.first_day, MONTH.last_day)
    assert campaign_draft(market, whole, "chen", BEFORE).number == "N000001"


def test_a_draft_with_an_unknown_provider_asks_nobody(market: str) -> None:
    """What cannot be asked is said when the campaign is drafted, and nothing is left behind."""
    with pytest.raises(BadInput):
        campaign_draft(
            market, NewCampaign(MONTH, OPENS, CLOSES, provider_ids=("P9",)), "chen", BEFORE
        )
    assert not Campaign.objects.exists()


@pytest.mark.clause("S0-2.2.5-2")
def test_merchants_of_the_month_are_asked_and_no_others(market: str) -> None:
    """A paid order or a charge within the month counts; before it, after it, later than now not."""
    order(1, "S2", "P1", "2025-10-01T00:00:00+08:00")
    order(2, "S2", "P1", "2025-10-05T10:00:00+08:00")
    order(3, "S3", "P2", "2025-09-30T23:59:59+08:00")
    order(4, "S4", "P2", "2025-10-21T10:00:00+08:00")
    order(5, "S5", "P9", "2025-10-05T10:00:00+08:00")
    charge(1, "S6", "P2", "2025-10-02T10:00:00+08:00")
    charge(2, "S7", "P2", "2025-11-01T00:00:00+08:00")
    found = respondents_found(market, MONTH, (), NOW)
    assert [(each.provider_id, each.who) for each in found] == [("P1", "S2"), ("P2", "S6")]
    assert respondents_found(market, MONTH, ("P2",), NOW) == [Respondent("P2", SHOP, "S6")]


@pytest.mark.clause("S0-2.2.5-2")
def test_a_shop_of_the_provider_s_own_entity_is_left_out(market: str) -> None:
    """Brackets of another width do not hide that the same entity holds both."""
    order(1, "S1", "P1", "2025-10-05T10:00:00+08:00")
    order(2, "S1", "P2", "2025-10-05T10:00:00+08:00")
    found = respondents_found(market, MONTH, (), NOW)
    assert [(each.provider_id, each.excluded) for each in found] == [("P1", "related"), ("P2", "")]


def test_nobody_is_asked_twice(market: str) -> None:
    """The same respondent again, in the same list or a later one, adds no invitation."""
    campaign = listed(3)
    again = [Respondent("P1", NAMED, f"merchant-{number}") for number in (2, 3, 3)]
    assert len(respondents_invite(campaign, again, "chen", NOW)) == 1
    assert campaign.invitations.count() == 4
    assert len({each.respondent for each in campaign.invitations.all()}) == 4


def test_a_pseudonym_changes_from_campaign_to_campaign(market: str) -> None:
    """What events call a respondent does not follow it, and is not its name."""
    names = {asked_of(listed(1))[0].respondent for _ in range(2)}
    assert len(names) == 2
    assert not any("merchant" in each for each in names)


def test_what_is_due_happens_once(market: str) -> None:
    """Opening, newcomers, reminders and closing: a second look at the same instant does nothing."""
    order(1, "S2", "P1", "2025-10-05T10:00:00+08:00")
    new = NewCampaign(MONTH, OPENS, CLOSES, remind_after_days=3)
    campaign = campaign_schedule(campaign_draft(market, new, "chen", BEFORE), "chen", BEFORE)
    assert campaign.state == "scheduled"
    assert surveys_due(market, BEFORE) == {}
    assert surveys_due(market, NOW) == {"opened": 1, "fed_steps": 1}
    assert surveys_due(market, NOW) == {}
    order(2, "S3", "P1", "2025-10-20T11:00:00+08:00")
    assert surveys_due(market, NOW) == {"invited": 1, "fed_steps": 1}
    later = NOW + timedelta(days=3)
    assert surveys_due(market, later) == {"reminded": 2}
    assert surveys_due(market, later) == {}
    told = Notice.objects.filter(tenant_id=market, subject_kind="shop", subject_id="S2")
    assert [each.due_on for each in told] == [CLOSES, CLOSES]
    assert surveys_due(market, OVER) == {"closed": 1}
    assert surveys_due(market, OVER) == {}
    result = Notice.objects.get(tenant_id=market, subject_kind="provider", subject_id="P1")
    assert "不予考核" in result.title_zh


def test_no_more_than_two_reminders(market: str) -> None:
    """A merchant who does not want to answer is left in peace."""
    listed(2)
    looks = [surveys_due(market, NOW + timedelta(days=days)) for days in (3, 6, 9)]
    assert [each.get("reminded", 0) for each in looks] == [2, 2, 0]
    assert InvitationStep.objects.filter(what="reminded").count() == 4


def test_who_has_answered_is_not_reminded(market: str) -> None:
    """Only those without an answer hear again."""
    campaign = listed(2)
    answered(campaign, said("7"))
    assert surveys_due(market, NOW + timedelta(days=3))["reminded"] == 1


def test_a_campaign_that_nobody_opened_in_time_is_withdrawn(market: str) -> None:
    """A worker that slept through the whole campaign asks nobody afterwards."""
    new = NewCampaign(MONTH, OPENS, CLOSES, asks=LIST)
    campaign = campaign_schedule(campaign_draft(market, new, "chen", BEFORE), "chen", BEFORE)
    assert surveys_due(market, OVER) == {"missed": 1}
    campaign.refresh_from_db()
    assert campaign.state == "withdrawn"


def test_states_move_only_forward(market: str) -> None:
    """What has opened cannot be withdrawn, what is closed neither opened nor closed again."""
    campaign = listed(1)
    with pytest.raises(Conflict):
        campaign_withdraw(campaign, "chen", NOW)
    campaign_close(campaign, NOW, actor="chen")
    with pytest.raises(Conflict):
        campaign_close(campaign, NOW)
    with pytest.raises(Conflict):
        respondents_invite(campaign, [Respondent("P1", NAMED, "late")], "chen", NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(id=campaign.id).update(state="open")
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(id=campaign.id).update(month="2025-11")


def test_a_list_is_read_whole_or_not_at_all(market: str) -> None:
    """Ids of shops are recognised, pairs given twice are one, and a wrong line is named."""
    good = "受访人,服务商编号\nS2,P1\nS2,P1\n李老板,P2\n\n".encode()
    assert respondents_read(market, MONTH, good) == [
        Respondent("P1", SHOP, "S2"),
        Respondent("P2", NAMED, "李老板"),
    ]
    for content, line in (
        (b"who,provider\nS2,P1", "line 1"),
        (b"respondent,provider_id\nS2,P1\nS3,P9", "line 3"),
        (b"respondent,provider_id\nS2", "line 2"),
        (b"respondent,provider_id\n,P1", "line 2"),
        (b"\xff\xfe", "line 1"),
    ):
        with pytest.raises(BadInput) as refused:
            respondents_read(market, MONTH, content)
        assert refused.value.problem.where == line
    assert not Invitation.objects.filter(tenant_id=TENANT).exists()

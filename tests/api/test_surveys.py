"""Surveys over HTTP: a link answers without a token, systems send in bulk, sums come out."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from earnest.kernel.calendar import Month
from earnest.surveys.commands import (
    NewCampaign,
    campaign_close,
    campaign_draft,
    campaign_schedule,
)
from earnest.surveys.inviting import links_of, respondents_invite
from earnest.surveys.models import LIST, NAMED, Answer, Campaign
from earnest.surveys.respondents import Respondent
from tests.api.conftest import BASE, NOW, Caller

ITEMS = ("information", "goods", "shipping", "after_sales", "replies")
SEPTEMBER = Month(2025, 9)


@pytest.fixture
def campaign(market: str) -> Campaign:
    """Open a campaign that asks six merchants about P1 and one about P2."""
    new = NewCampaign(SEPTEMBER, date(2025, 9, 1), date(2025, 9, 30), asks=LIST)
    made = campaign_draft(market, new, "chen", NOW)
    asked = [Respondent("P1", NAMED, f"m{number}") for number in range(6)]
    respondents_invite(made, [*asked, Respondent("P2", NAMED, "m0")], "chen", NOW)
    return campaign_schedule(made, "chen", NOW)


def sheet(score: object = "7.5", **more: Any) -> dict[str, Any]:
    """Return a sheet with one score for all items."""
    return {"scores": dict.fromkeys(ITEMS, score), "overall": 8, **more}


def test_a_link_is_enough_to_answer(campaign: Campaign) -> None:
    """No token: the questions, an answer, the same again, a stale one, and after the end none."""
    secret = links_of(campaign)[0].secret
    caller = Caller(client=Client(raise_request_exception=False, enforce_csrf_checks=True))
    asked = caller.get(f"/survey-answers/{secret}").json()
    assert (asked["provider_id"], asked["items"], asked["version"]) == ("P1", list(ITEMS), 0)
    given = caller.post(f"/survey-answers/{secret}", sheet(version=0))
    assert (given.status_code, given.json()["version"]) == (200, 1)
    assert caller.post(f"/survey-answers/{secret}", sheet(7.5)).json()["version"] == 1
    stale = caller.post(f"/survey-answers/{secret}", sheet("8", version=0))
    assert (stale.status_code, stale.json()["code"]) == (409, "answered_meanwhile")
    campaign_close(campaign, NOW)
    over = caller.post(f"/survey-answers/{secret}", sheet("8"))
    assert (over.status_code, over.json()["code"]) == (409, "campaign_not_open")
    assert Answer.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        sheet("10.5"),
        sheet("7.55"),
        sheet(-1),
        sheet(overall=7.5),
        sheet(overall=11),
        {"scores": {"goods": 7}, "overall": 8},
        sheet(more="x"),
        {},
    ],
)
def test_a_wrong_sheet_is_refused_whole(campaign: Campaign, wrong: dict[str, Any]) -> None:
    """What is no score, too much or too little is 422, and nothing is kept."""
    secret = links_of(campaign)[0].secret
    assert Caller().post(f"/survey-answers/{secret}", wrong).status_code == 422
    assert not Answer.objects.exists()


def test_a_guessed_link_is_not_found(campaign: Campaign) -> None:
    """The answer is that of an address that never was."""
    for method in ("get", "post"):
        answer = getattr(Caller(), method)(
            f"/survey-answers/{'x' * 43}", *([sheet()] if method == "post" else [])
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_link")


def test_systems_send_in_bulk(campaign: Campaign, caller_as: Callable[..., Caller]) -> None:
    """Each is taken by itself; the same batch again is known."""
    feed = caller_as("feed")
    rows = [sheet(respondent=f"m{number}", provider_id="P1") for number in range(5)]
    body = {"answers": [*rows, sheet(respondent="nobody", provider_id="P1")]}
    first = feed.post(f"/surveys/{campaign.number}/answers", body).json()
    assert (first["taken"], first["repeated"]) == (5, 0)
    assert [(each["row"], each["code"]) for each in first["wrong"]] == [(6, "not_invited")]
    again = feed.post(f"/surveys/{campaign.number}/answers", body).json()
    assert (again["taken"], again["repeated"]) == (0, 5)
    assert feed.get(f"{BASE}/surveys").status_code == 404


def test_a_provider_gets_its_sums_after_the_end(
    campaign: Campaign, caller_as: Callable[..., Caller]
) -> None:
    """While it is open nothing; closed, its own and nobody else's; a shop sees no campaign."""
    rows = [sheet(respondent=f"m{number}", provider_id="P1") for number in range(5)]
    caller_as("feed").post(f"/surveys/{campaign.number}/answers", {"answers": rows})
    provider, address = caller_as("provider"), f"/surveys/{campaign.number}/results"
    assert provider.get("/surveys").json() == {"items": []}
    assert provider.get(address).status_code == 404
    campaign_close(campaign, NOW)
    (listed,) = provider.get("/surveys").json()["items"]
    assert (listed["number"], listed["last_day"]) == (campaign.number, "2025-09-30")
    (own,) = provider.get(address).json()["items"]
    assert own["provider_id"] == "P1"
    assert own["points"] * 10 == own["weights"] * 750
    assert (own["enough"], own["below"], own["passives"]) == (True, False, 5)
    assert provider.get(f"{address}/P1").json() == own
    assert provider.get(f"{address}/P2").status_code == 404
    assert caller_as("merchant").get("/surveys").json() == {"items": []}
    assert caller_as("merchant").get(address).status_code == 404
    everybody = caller_as("auditor").get(address).json()["items"]
    assert [each["provider_id"] for each in everybody] == ["P1", "P2"]


def test_too_few_answers_show_a_provider_no_sums(
    campaign: Campaign, caller_as: Callable[..., Caller]
) -> None:
    """One answer is one person: how many there are is told, and nothing else."""
    body = {"answers": [sheet(respondent="m0", provider_id="P1")]}
    caller_as("feed").post(f"/surveys/{campaign.number}/answers", body)
    campaign_close(campaign, NOW)
    address = f"/surveys/{campaign.number}/results/P1"
    own = caller_as("provider").get(address).json()
    assert (own["answers"], own["enough"], own["points"], own["items"]) == (1, False, None, [])
    assert own["promoters"] is own["detractors"] is None
    assert caller_as("auditor").get(address).json()["weights"] == 5_000_000

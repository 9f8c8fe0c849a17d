"""``earnest survey``: a campaign from draft to result on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings

from earnest.cli.demo_surveys import campaign_play
from earnest.cli.surveys import survey
from earnest.market.commands import clock_set, marketplace_open
from earnest.postgres.tenancy import stranger_scope
from earnest.surveys.answering import answer_give
from earnest.surveys.feeding import Fed, answers_feed
from earnest.surveys.links import invitation_of_link
from earnest.surveys.plans import plans_ask
from tests.surveys.scene import NOW, OVER, order, parties, said


@pytest.fixture
def told(db: None) -> Any:
    """Return what runs a command and reads its JSON, in a market whose clock stands still."""
    tenant = str(settings.TENANT)
    marketplace_open(tenant, name_zh="测试市场", name_en="Test market")
    clock_set(tenant, NOW)
    parties(tenant)

    def run(*words: str) -> list[dict[str, Any]]:
        done = CliRunner().invoke(survey, [*words, "--format", "json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return run


def test_a_campaign_on_the_command_line(told: Any, tmp_path: Path) -> None:
    """Drafted, filled from a file, confirmed, links printed, somebody left out, closed, shown."""
    days = ("--month", "2025-10", "--opens", "2025-10-18", "--closes", "2025-10-31")
    (made,) = told("draft", *days, "--asks", "list", "--as", "chen")
    assert (made["number"], made["state"], made["last_day"]) == ("N000001", "draft", "2025-10-31")
    names = tmp_path / "names.csv"
    names.write_text("respondent,provider_id\nS2,P1\nli,P1\nwang,P1\n", encoding="utf-8")
    (invited,) = told("invite", "N000001", str(names), "--as", "chen")
    assert (invited["given"], invited["invited"]) == (3, 3)
    assert told("confirm", "N000001", "--as", "chen")[0]["state"] == "open"
    links = told("links", "N000001", "--base", "https://earnest.example/")
    assert [each["respondent"] for each in links] == ["li", "wang", "S2"]
    secret = links[0]["link"].removeprefix("https://earnest.example/survey/").rstrip("/")
    with stranger_scope():
        answer_give(invitation_of_link(secret), said("8"), NOW)
    out = told("leave-out", links[1]["invitation"], "--reason", "own_staff", "--as", "chen")
    assert out[0]["excluded"] == "own_staff"
    assert len(told("links", "N000001", "--base", "https://earnest.example")) == 1
    assert told("close", "N000001", "--as", "chen")[0]["state"] == "closed"
    (result,) = told("show", "N000001")
    assert (result["asked"], result["excluded"], result["answers"]) == (2, 1, 1)
    assert (result["composite"], result["enough"]) == ("8.00", False)
    assert [each["number"] for each in told("list")] == ["N000001"]
    assert plans_ask(str(settings.TENANT), OVER) == 0
    assert told("plans") == []


def test_a_draft_is_withdrawn(told: Any) -> None:
    """And is listed as what it is."""
    days = ("--month", "2025-10", "--opens", "2025-10-18", "--closes", "2025-10-31")
    told("draft", *days, "--provider", "P2", "--as", "chen")
    assert told("withdraw", "N000001", "--as", "chen")[0]["state"] == "withdrawn"


def test_the_demo_s_campaign_stays_open_with_answers(told: Any) -> None:
    """It asks the merchants of the month, most have answered, and nobody is below the mark."""
    tenant = str(settings.TENANT)
    for number in range(2, 9):
        order(number, f"S{number}", "P1", "2025-10-05T10:00:00+08:00", tenant)
    campaign = campaign_play(tenant, NOW)
    assert campaign.state == "open"
    (result,) = told("show", campaign.number)
    assert result["asked"] == 7
    assert 0 < result["answers"] < 7
    assert not result["below"]
    assert answers_feed(tenant, NOW) == Fed()

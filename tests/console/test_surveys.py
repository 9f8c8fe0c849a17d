"""Surveys in the console: a campaign from draft to results, the public page, who sees what."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from earnest.decisions.commands import NewFinding, findings_record
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.models import Provider, Shop
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.surveys.commands import campaign_close
from earnest.surveys.inviting import links_of
from earnest.surveys.mailing import mails_look
from earnest.surveys.models import Answer, Campaign, ImprovementPlan, Invitation
from earnest.surveys.plans import plans_ask
from tests.console.market import NOW, OCTOBER, PASSWORD, PEOPLE, TENANT, settled

SignIn = Callable[..., Client]
DRAFT = {
    "survey_month": "2025-11",
    "survey_opens": "2025-11-18",
    "survey_closes": "2025-11-30",
    "survey_asks": "list",
    "survey_remind": "3",
    "survey_corrections": "1",
}
ITEMS = ("information", "goods", "shipping", "after_sales", "replies")
LIST = "受访人,服务商编号\n" + "".join(f"merchant-{number},P1\n" for number in range(5)) + "S1,P2\n"


def said(points: str, overall: str = "9", version: str = "0", **more: str) -> dict[str, str]:
    """Return a filled-in sheet."""
    return {**dict.fromkeys(ITEMS, points), "overall": overall, "version": version, **more}


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """Open a market with two providers, two shops, and people of every role."""
    with django_db_blocker.unblock(), transaction.atomic():
        marketplace_open(TENANT, name_zh="测试市场", name_en="Test market")
        clock_set(TENANT, NOW)
        for number, name in ((1, "青禾货源"), (2, "北岸云仓")):
            Provider.objects.create(
                tenant_id=TENANT,
                provider_id=f"P{number}",
                name=name,
                service_category="supply_tool",
                admitted_on=date(2025, 1, 6),
            )
            Shop.objects.create(
                tenant_id=TENANT, shop_id=f"S{number}", name="店铺", opened_on=date(2025, 2, 1)
            )
        for username, (role, subject) in PEOPLE.items():
            person_add(TENANT, username, PASSWORD, role=role, subject=subject)
        yield TENANT
        transaction.set_rollback(True)


@pytest.fixture
def market(seeded: str, db: None) -> str:
    """Return the market; each test works in a savepoint of its own."""
    return seeded


@pytest.fixture
def signed_in(market: str) -> SignIn:
    """Return a maker of browsers in which a person has signed in."""

    def sign_in(username: str) -> Client:
        client = Client()
        client.force_login(User.objects.get(username=username))
        return client

    return sign_in


def low_month() -> None:
    """Find P1 below the mark in October."""
    score = {"points": 300, "answers": 50}
    facts = {"assessed_on": OCTOBER.last_day, "months": [[OCTOBER.last_day, score]]}
    finding = NewFinding(
        "provider", "P1", str(OCTOBER), "S0-2.2.5-5a", "nps_composite", 300, 50, 10,
        OCTOBER.first_day, OCTOBER.last_day, "breached",
        pack_of(SUPPLY_MARKET).evaluate("nps_ladder", facts),
    )  # fmt: skip
    findings_record(TENANT, [finding], settled(OCTOBER))


@pytest.fixture
def campaign(market: str, signed_in: SignIn) -> Campaign:
    """Draft, fill and confirm a campaign as a person of the service team does."""
    client = signed_in("service")
    made = client.post("/surveys/new/", DRAFT)
    assert made.status_code == 302
    address = made.headers["Location"]
    upload = SimpleUploadedFile("list.csv", LIST.encode(), content_type="text/csv")
    assert client.post(f"{address}act/invite/", {"list": upload}).status_code == 302
    assert client.post(f"{address}act/schedule/").status_code == 302
    found = Campaign.objects.get(tenant_id=TENANT)
    assert (found.state, found.invitations.count()) == ("open", 6)
    return found


def addresses(signed_in: SignIn, campaign: Campaign) -> dict[str, str]:
    """Return the path of each respondent's link, as the export gives them."""
    answer = signed_in("risk").get(f"/surveys/{campaign.number}/links.csv")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(content)))[1:]
    return {row[0]: row[-1].removeprefix("http://testserver") for row in rows}


def test_a_campaign_from_its_draft_to_a_provider_s_result(
    campaign: Campaign, signed_in: SignIn, client: Client
) -> None:
    """Links go out, merchants answer without a sign-in, the provider sees sums after the end."""
    links = addresses(signed_in, campaign)
    for number in range(5):
        path = links[f"merchant-{number}"]
        assert "客服响应" in client.get(path).content.decode()
        sent = client.post(path, said("6", comment=f"意见{number}"))
        assert (sent.status_code, sent.headers["Location"]) == (302, f"{path}?thanks")
    thanks = client.get(f"{links['merchant-0']}?thanks").content.decode()
    assert "感谢您的评价" in thanks
    assert "您已评价过" in client.get(links["merchant-0"]).content.decode()
    provider = signed_in("provider")
    address = f"/surveys/{campaign.number}/providers/P1/"
    assert provider.get(address).status_code == 404
    assert "6.00" in signed_in("auditor").get(address).content.decode()
    assert signed_in("risk").post(f"/surveys/{campaign.number}/act/close/").status_code == 302
    page = provider.get(address).content.decode()
    assert "低于标准" in page
    assert "6.00" in page
    assert "意见3" in page
    assert "merchant-" not in page
    assert "6.00" in provider.get("/surveys/").content.decode()
    assert provider.get(f"/surveys/{campaign.number}/providers/P2/").status_code == 404
    over = client.post(links["merchant-0"], said("10", version="1"))
    assert over.status_code == 409
    assert "已截止" in over.content.decode()
    assert Answer.objects.count() == 5


def test_a_provider_cannot_read_single_answers(campaign: Campaign, signed_in: SignIn) -> None:
    """With too few answers a provider sees neither score nor comment, nor who was asked."""
    path = addresses(signed_in, campaign)["merchant-0"]
    Client().post(path, said("3", comment="单独一条"))
    campaign_close(campaign, NOW)
    provider = signed_in("provider")
    page = provider.get(f"/surveys/{campaign.number}/providers/P1/").content.decode()
    assert "答卷不足" in page
    assert "3.00" not in page
    assert "单独一条" not in page
    for address in ("respondents/", "links.csv", "results.csv", ""):
        assert provider.get(f"/surveys/{campaign.number}/{address}").status_code == 403
    listed = provider.get("/surveys/").content.decode()
    assert "3.00" not in listed


def test_an_answer_is_corrected_on_the_page(
    campaign: Campaign, signed_in: SignIn, client: Client
) -> None:
    """The sheet comes back filled in; a stale one is refused and says why."""
    path = addresses(signed_in, campaign)["merchant-0"]
    client.post(path, said("3", comment="旧"))
    sheet = client.get(f"{path}?correct").content.decode()
    assert 'name="goods" value="3" checked' in sheet
    assert 'name="version" value="1"' in sheet
    assert client.post(path, said("8", version="0")).status_code == 409
    assert client.post(path, said("8", version="1")).status_code == 302
    assert Answer.objects.order_by("-version")[0].scores["goods"][0] == 80


def test_what_is_missing_is_said_and_what_was_filled_in_stays(
    campaign: Campaign, signed_in: SignIn, client: Client
) -> None:
    """A sheet with a gap is shown again as it was."""
    path = addresses(signed_in, campaign)["merchant-0"]
    answer = client.post(path, said("7", overall="", comment="先写到这"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "0 到 10 的整数" in page
    assert 'name="goods" value="7" checked' in page
    assert "先写到这" in page
    assert not Answer.objects.exists()


@pytest.mark.parametrize("secret", ["x" * 43, "a", "'; drop table", "%00"])
def test_a_guessed_link_leads_nowhere(campaign: Campaign, client: Client, secret: str) -> None:
    """Any other address looks like one that never was."""
    assert client.get(f"/survey/{secret}/").status_code == 404
    assert client.post(f"/survey/{secret}/", said("1")).status_code == 404


def test_the_page_fits_its_moment(campaign: Campaign, signed_in: SignIn, client: Client) -> None:
    """Excluded, or over by the clock: the page says so in both languages and takes nothing."""
    paths = addresses(signed_in, campaign)
    one = Invitation.objects.get(who="merchant-1")
    risk = signed_in("risk")
    act = f"/survey-invitations/{one.id}/act"
    assert risk.post(f"{act}/exclude/", {"reason": "pressure"}).status_code == 302
    assert "已取消" in client.get(paths["merchant-1"]).content.decode()
    assert client.post(paths["merchant-1"], said("9")).status_code == 409
    assert risk.post(f"{act}/readmit/", {"note": "误判"}).status_code == 302
    assert "客服响应" in client.get(paths["merchant-1"]).content.decode()
    assert risk.post(f"{act}/renew/").status_code == 302
    assert client.get(paths["merchant-1"]).status_code == 404
    clock_set(TENANT, datetime.fromisoformat("2025-12-01T00:00:00+08:00"))
    client.cookies["django_language"] = "en"
    assert "This survey is over" in client.get(paths["merchant-2"]).content.decode()


def test_a_shop_answers_from_its_own_list(campaign: Campaign, signed_in: SignIn) -> None:
    """A signed-in merchant finds what it is asked, and nobody else's invitation."""
    merchant = signed_in("merchant")
    page = merchant.get("/surveys/").content.decode()
    own = Invitation.objects.get(who="S1")
    other = Invitation.objects.get(who="merchant-0")
    assert reverse("survey_open", args=[own.id]) in page
    opened = merchant.get(f"/survey-invitations/{own.id}/")
    assert opened.status_code == 302
    assert "北岸云仓" in merchant.get(opened.headers["Location"]).content.decode()
    assert merchant.get(f"/survey-invitations/{other.id}/").status_code == 404
    assert merchant.get(f"/survey-invitations/{UUID(int=0)}/").status_code == 404


def test_a_wrong_draft_is_said_at_its_field(market: str, signed_in: SignIn) -> None:
    """A day outside the month, a month that is none, an unknown provider."""
    client = signed_in("service")
    for wrong, name in (
        ({"survey_closes": "2025-12-01"}, "survey_opens"),
        ({"survey_month": "2025-13"}, "survey_month"),
        ({"survey_providers": "P404"}, "survey_providers"),
    ):
        answer: Any = client.post("/surveys/new/", DRAFT | wrong)
        assert answer.status_code == 422
        assert [each.name for each in answer.context["form"].fields if each.problem] == [name]
    assert not Campaign.objects.exists()


def test_a_wrong_list_invites_nobody(campaign: Campaign, signed_in: SignIn) -> None:
    """The page names the line."""
    upload = SimpleUploadedFile("list.csv", b"respondent,provider_id\nx,P1\ny,P9\n")
    answer = signed_in("risk").post(f"/surveys/{campaign.number}/act/invite/", {"list": upload})
    assert answer.status_code == 422
    assert "第 3 行" in answer.content.decode()
    assert campaign.invitations.count() == 6


@pytest.mark.clause("S0-2.2.5-6")
def test_a_plan_is_filed_sent_back_filed_again_and_accepted(market: str, signed_in: SignIn) -> None:
    """The provider writes lines, the operator answers, and the next month's page shows it."""
    low_month()
    clock_set(TENANT, settled(OCTOBER))
    assert plans_ask(TENANT, settled(OCTOBER)) == 1
    address = f"/improvement-plans/P1/{OCTOBER}/"
    provider, risk = signed_in("provider"), signed_in("risk")
    assert "待提交" in provider.get(address).content.decode()
    wrong = provider.post(f"{address}file/", {"cure_items": "soon more staff"})
    assert wrong.status_code == 422
    assert "第 1 行" in wrong.content.decode()
    lines = "2025-11-30 增加夜班客服\n2025-11-25 更换快递"
    assert provider.post(f"{address}file/", {"cure_items": lines}).status_code == 302
    assert risk.post(f"{address}send_back/", {"cure_note": ""}).status_code == 422
    assert risk.post(f"{address}send_back/", {"cure_note": "请写明责任人"}).status_code == 302
    assert "增加夜班客服" in provider.get(address).content.decode()
    assert provider.post(f"{address}accept/", {}).status_code == 403
    assert provider.post(f"{address}file/", {"cure_items": lines}).status_code == 302
    assert risk.post(f"{address}accept/", {}).status_code == 302
    assert provider.post(f"{address}report/", {"cure_note": "已招两人"}).status_code == 302
    plan = ImprovementPlan.objects.get(provider_id="P1")
    assert [each.what for each in plan.entries.order_by("id")] == [
        "filed", "sent_back", "filed", "accepted", "reported",
    ]  # fmt: skip
    assert "已受理" in risk.get("/improvement-plans/").content.decode()
    assert provider.get("/improvement-plans/").status_code == 403
    other = risk.get("/improvement-plans/P2/2025-10/")
    assert other.status_code == 404


def test_links_of_a_page_are_those_of_the_export(campaign: Campaign, signed_in: SignIn) -> None:
    """The export says the very links that open; who answered is not in it any more."""
    paths = addresses(signed_in, campaign)
    assert set(paths.values()) == {f"/survey/{each.secret}/" for each in links_of(campaign)}
    Client().post(paths["merchant-4"], said("9"))
    assert "merchant-4" not in addresses(signed_in, campaign)


def test_addresses_and_mail_are_shown_to_those_who_invite(
    campaign: Campaign, signed_in: SignIn
) -> None:
    """The state of the mail is for all operators, an address for who may use it and no export."""
    address = f"/surveys/{campaign.number}/"
    rows = "respondent,provider_id,address\nmerchant-0,P1,one@shops.example\n"
    upload = SimpleUploadedFile("list.csv", rows.encode(), content_type="text/csv")
    client = signed_in("service")
    assert client.post(f"{address}act/invite/", {"list": upload}).status_code == 302
    mails_look(TENANT, NOW)
    assert "邮件 · 待发送 1 · 无邮箱 5" in client.get(address).content.decode()
    for name, seen in (("service", True), ("finance", False)):
        page = signed_in(name).get(f"{address}respondents/").content.decode()
        assert ("one@shops.example" in page) is seen
        assert "待发送" in page
    links = client.get(f"{address}links.csv")
    assert b"one@shops.example" not in b"".join(links.streaming_content)  # type: ignore[attr-defined]


def test_corrections_come_to_an_end_on_the_page(
    campaign: Campaign, signed_in: SignIn, client: Client
) -> None:
    """The page says how many are left, and at the end that the last answer stays."""
    path = addresses(signed_in, campaign)["merchant-0"]
    client.post(path, said("6"))
    assert "还可修改 1 次" in client.get(path).content.decode()
    assert client.post(path, said("8", version="1")).status_code == 302
    spent = client.get(path).content.decode()
    assert "修改次数已用完" in spent
    assert "?correct" not in spent
    refused = client.post(path, said("9", version="2"))
    assert refused.status_code == 409
    assert "此前提交的最后一版有效" in refused.content.decode()

"""Charging plans in the console: filed, settled by two persons, held against charges."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.fixtures import Settings

from earnest.charging.daily import charging_look
from earnest.charging.models import BaseFunction, ChargingPlan, Difference, OfferSeen
from earnest.charging.review import CHECKS
from earnest.documents.models import Document
from earnest.feed.commands import events_take
from tests.console.goods_market import NOW, OPERATORS, browser_of, market_open

pytestmark = pytest.mark.django_db
PLAN = {
    "plan_app": "货源通",
    "plan_code": "batch_listing",
    "plan_version": "1",
    "plan_name_zh": "批量铺货",
    "plan_adds": "一次五百件",
    "plan_base_keeps": "逐件铺货免费",
    "plan_price": "99",
    "plan_period": "month",
    "plan_wording_here": "批量铺货，每月 99 元",
    "plan_wording_there": "批量铺货 每月99元",
    "plan_price_there": "99.00",
    "plan_wanted_on": "2025-09-25",
}
TICKED = {f"check_{name}": "yes" for name in CHECKS}


@pytest.fixture
def tenant(settings: Settings, tmp_path: Path) -> str:
    """Give a market with a feed of its own."""
    settings.EARNEST_HOME = tmp_path
    return market_open()


def _act(tenant: str, who: str, plan: str, act: str, **fields: str) -> Any:
    return browser_of(tenant, who).post(reverse("charging_act", args=[plan, act]), fields)


def _written(tenant: str, **changes: Any) -> Any:
    return browser_of(tenant, "provider").post(reverse("charging_new"), {**PLAN, **changes})


@pytest.mark.clause("S0-2.2.4d", "S0-2.2.4f")
def test_three_people_bring_a_plan_into_force(tenant: str) -> None:
    """Written with a document, filed, taken, reviewed, settled; each page says who has the ball."""
    paper = SimpleUploadedFile("price.txt", "价目表".encode())
    answer = _written(tenant, files=paper)
    assert answer.headers["Location"] == "/charging/plans/F000001/"
    assert Document.objects.get(tenant_id=tenant).subject == ("provider", "P1")
    own = browser_of(tenant, "provider").get(answer.headers["Location"]).content.decode()
    for word in ("草稿", "price.txt", "提交备案", "一次五百件", "逐件铺货免费"):
        assert word in own
    _act(tenant, "provider", "F000001", "file")
    queue = browser_of(tenant, "service").get("/charging/?state=to_do").content.decode()
    assert "F000001" in queue
    assert '<span class="side-count">1</span>' in queue
    _act(tenant, "service", "F000001", "take")
    review = {"plan_verdict": "approve", **TICKED}
    assert _act(tenant, "service", "F000001", "review", **review).status_code == 302
    page = browser_of(tenant, "risk").get("/charging/plans/F000001/").content.decode()
    assert "平台复核" in page
    assert "建议通过" in page
    assert _act(tenant, "risk", "F000001", "settle", plan_agrees="agree").status_code == 302
    plan = ChargingPlan.objects.get(tenant_id=tenant)
    assert (plan.state, plan.price_fen, str(plan.effective_on)) == ("approved", 9_900, "2025-09-25")
    english = browser_of(tenant, "provider", "en").get("/charging/plans/F000001/").content.decode()
    assert "In force" in english
    assert "service-" not in english  # who inside looked at it is not the provider's to know


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(tenant: str) -> None:
    """A price that is none, half of 1688, a bad file, an open check: each is said at its form."""
    form = _written(tenant, plan_price="viel").context["form"]
    assert {each.name for each in form.fields if each.problem} == {"plan_price"}
    form = _written(tenant, plan_price_there="", files=SimpleUploadedFile("a.txt", b"a")).context[
        "form"
    ]
    assert {each.name for each in form.fields if each.problem} == {"plan_wording_there"}
    assert not Document.objects.filter(tenant_id=tenant).exists()
    bad = _written(tenant, files=SimpleUploadedFile("a.bin", b"\x00\x01\x02"))
    assert bad.status_code == 422
    assert not ChargingPlan.objects.filter(tenant_id=tenant).exists()
    _written(tenant)
    _act(tenant, "provider", "F000001", "file")
    _act(tenant, "service", "F000001", "take")
    answer = _act(tenant, "service", "F000001", "review", plan_verdict="approve")
    assert answer.status_code == 422
    assert "S0-2.2.4a" in answer.content.decode()
    answer = _act(tenant, "risk", "F000001", "settle", plan_agrees="agree")
    assert answer.status_code == 422
    assert "不在复核中" in answer.content.decode()


def test_a_plan_that_was_sent_back_is_changed_on_its_page(tenant: str) -> None:
    """The form comes filled in with what was filed; the reason stands in the story."""
    _written(tenant)
    _act(tenant, "provider", "F000001", "file")
    _act(tenant, "service", "F000001", "take")
    _act(tenant, "service", "F000001", "review", plan_verdict="send_back", note="请写清增益")
    client = browser_of(tenant, "provider")
    assert "请写清增益" in client.get("/charging/plans/F000001/").content.decode()
    address = reverse("charging_amend", args=["F000001"])
    page = client.get(address).content.decode()
    assert 'value="99.00"' in page
    assert "一次五百件" in page
    assert client.post(address, {**PLAN, "plan_adds": "一次一千件"}).status_code == 302
    assert ChargingPlan.objects.get(tenant_id=tenant).adds == "一次一千件"
    _act(tenant, "provider", "F000001", "withdraw", reason="不做了")
    assert ChargingPlan.objects.get(tenant_id=tenant).state == "withdrawn"


def test_another_s_plan_is_as_unknown_as_none(tenant: str) -> None:
    """Another provider, a shop and a stranger see nothing; only its own people act on it."""
    _written(tenant)
    for who in ("other", "merchant"):
        client = browser_of(tenant, who)
        assert client.get("/charging/plans/F000001/").status_code == 404
        assert _act(tenant, who, "F000001", "file").status_code == 404
        assert client.get(reverse("charging_amend", args=["F000001"])).status_code == 404
    assert "F000001" not in browser_of(tenant, "other").get("/charging/").content.decode()
    assert browser_of(tenant, "merchant").get("/charging/").status_code == 403
    assert _act(tenant, "provider", "F000001", "take").status_code == 403
    assert _act(tenant, "auditor", "F000001", "take").status_code == 403
    for who in OPERATORS:
        assert browser_of(tenant, who).get("/charging/plans/F000001/").status_code == 200
    csv = b"".join(browser_of(tenant, "auditor").get("/charging.csv").streaming_content).decode()
    assert "F000001,P1,货源通,batch_listing,1,99.00" in csv


@pytest.mark.clause("S0-2.1-mr2")
def test_base_functions_are_kept_by_those_who_decide(tenant: str) -> None:
    """Added and taken off on their page; a reviewer alone may not; the provider reads them."""
    fields = {"base_code": "list_one", "base_name_zh": "逐件铺货"}
    assert browser_of(tenant, "service").post("/charging/base/", fields).status_code == 403
    risk = browser_of(tenant, "risk")
    assert risk.post("/charging/base/", fields).status_code == 302
    again = risk.post("/charging/base/", fields)
    assert again.status_code == 422
    assert again.context["form"].fields[0].problem
    assert "逐件铺货" in browser_of(tenant, "provider").get("/charging/base/").content.decode()
    row = BaseFunction.objects.get(tenant_id=tenant)
    assert risk.post("/charging/base/", {"ends": str(row.id)}).status_code == 302
    assert risk.post("/charging/base/", {"ends": "x"}).status_code == 422
    row.refresh_from_db()
    assert str(row.until_on) == "2025-09-26"


@pytest.mark.clause("S0-2.2.4d", "S0-2.2.4f")
def test_differences_show_both_sides_with_the_words_marked(tenant: str) -> None:
    """A charge beside what is filed, and two offers word by word; both lead to their violation."""
    rows = [
        {
            "service_order_id": "SO1", "state": "paid", "provider_id": "P1",
            "plan_code": "batch_listing", "unit_price_fen": 12_900, "paid_fen": 12_900,
            "channel": "service_market", "occurred_at": "2025-09-20T10:00:00+08:00",
        }
    ]  # fmt: skip
    events_take(
        tenant, "charge_event", rows, source="urn:earnest:src:test:pages", now=NOW, origin="test"
    )
    client = browser_of(tenant, "service")
    offer = {"offer_provider": "P1", "offer_app": "货源通", "offer_code": "batch_listing"}
    for side, wording, price in (("kuaishou", "永久免费", "0"), ("1688", "永久收费", "99")):
        answer = client.post(
            "/charging/offers/",
            {
                **offer, "offer_side": side, "offer_wording": wording, "offer_price": price,
                "files": SimpleUploadedFile(f"{side}.txt", side.encode()),
            },
        )  # fmt: skip
        assert answer.status_code == 302
    assert OfferSeen.objects.filter(tenant_id=tenant, document_id__isnull=False).count() == 2
    page = client.get("/charging/offers/").content.decode()
    assert "永久<mark>免</mark>费" in page
    assert "永久<mark>收</mark>费" in page
    charging_look(tenant, NOW)
    listed = client.get("/charging/differences/").content.decode()
    for word in (
        "未备案或未获批即收费",
        "两平台说法不一",
        "快手免费而 1688 收费",
        "V000001",
        "129.00",
    ):
        assert word in listed
    for row in Difference.objects.filter(tenant_id=tenant):
        shown = client.get(reverse("charging_difference", args=[row.id]))
        assert shown.status_code == 200
        assert row.clause in shown.content.decode()
    csv = b"".join(client.get("/charging/differences.csv").streaming_content).decode()
    assert csv.count("V00000") == 3
    assert browser_of(tenant, "provider").get("/charging/differences/").status_code == 403
    bad = client.post("/charging/offers/", {**offer, "offer_provider": "P9"})
    assert bad.status_code == 422
    assert browser_of(tenant, "auditor").post("/charging/offers/", offer).status_code == 403

"""Goods in the console: notices with their day, inspections with re-tests, findings, screening."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django.fixtures import Settings

from earnest.catalogue.daily import goods_look
from earnest.catalogue.models import GoodsFinding, NoticeGoods, Sample
from earnest.documents.models import Document
from earnest.kernel.calendar import day_start
from earnest.market.commands import clock_set
from earnest.violations.models import Violation
from tests.catalogue.scene import sold
from tests.console.goods_market import NOW, browser_of, market_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(settings: Settings, tmp_path: Path) -> str:
    """Give a market with a feed of its own, in which a few goods were sold."""
    settings.EARNEST_HOME = tmp_path
    made = market_open()
    rows = [{"order": f"O{n}", "item": f"I{n % 3}"} for n in range(6)]
    sold(made, [*rows, {"order": "B1", "item": "BAD", "refund": "quality"}])
    return made


def _paper(text: str = "报告") -> SimpleUploadedFile:
    return SimpleUploadedFile("report.txt", text.encode())


@pytest.mark.clause("S0-2.2.1b")
def test_goods_are_told_and_taken_down_with_proof(tenant: str) -> None:
    """Looked up, told, seen by the provider with its day, confirmed; late ones shown as late."""
    service = browser_of(tenant, "service")
    found = service.get("/goods/notices/new/?provider=P1").content.decode()
    assert "BAD" in found
    assert "100.00%" in found
    fields = {
        "goods_provider": "P1", "goods_reason": "quality_refund", "goods_items": "BAD\nI1",
        "note": "请先下架",
    }  # fmt: skip
    answer = service.post("/goods/notices/new/", fields)
    assert answer.headers["Location"] == "/goods/notices/G000001/"
    again = service.post("/goods/notices/new/", fields)
    assert again.status_code == 422
    provider = browser_of(tenant, "provider")
    page = provider.get("/goods/notices/G000001/").content.decode()
    for word in ("2025-09-27", "还剩 2 天", "1 / 1 (100.00%)", "请先下架", "所选商品已下架"):
        assert word in page
    assert "service-" not in page
    down = reverse("goods_notice_down", args=["G000001"])
    assert provider.post(down, {"items": []}).status_code == 422
    done = provider.post(down, {"items": ["BAD"], "down_note": "已下架", "files": _paper()})
    assert done.status_code == 302
    row = NoticeGoods.objects.get(tenant_id=tenant, item_id="BAD")
    assert (str(row.off_on), len(row.proof)) == ("2025-09-25", 1)
    clock_set(tenant, day_start(NOW.date().replace(day=28)))
    goods_look(tenant, day_start(NOW.date().replace(day=28)))
    late = service.get("/goods/?state=overdue").content.decode()
    assert "G000001" in late
    shown = service.get("/goods/notices/G000001/").content.decode()
    assert Violation.objects.get(tenant_id=tenant).number in shown
    csv = b"".join(service.get("/goods.csv").streaming_content).decode()
    assert "G000001,P1,品质退款率过高,S0-2.2.1e,2025-09-25,2025-09-27,I1,,,2025-09-28" in csv
    figures = service.get("/goods/figures/?month=2025-09").content.decode()
    assert "50.00%" in figures
    assert "100.00%" in figures
    assert provider.get("/goods/figures/?month=x").status_code == 200
    for who in ("other", "merchant"):
        client = browser_of(tenant, who)
        assert client.get("/goods/notices/G000001/").status_code == 404
        assert client.post(down, {"items": ["I1"]}).status_code == 404


def _step(tenant: str, who: str, act: str, **fields: Any) -> Any:
    address = reverse("sample_act", args=["Q000001", 1, act])
    return browser_of(tenant, who).post(address, fields)


@pytest.mark.clause("S0-2.1-qual2", "S0-2.1-qual2f")
def test_a_sample_goes_to_the_lab_and_its_finding_is_disputed(tenant: str) -> None:
    """The provider sees nothing before the lab has spoken, then its finding, and disputes it."""
    service, provider = browser_of(tenant, "service"), browser_of(tenant, "provider")
    plan = {"sampling_provider": "P1", "sampling_seed": "2025 年第三季度"}
    assert service.post("/goods/samplings/", plan).headers["Location"] == (
        "/goods/samplings/Q000001/"
    )
    assert service.post("/goods/samplings/", {**plan, "sampling_provider": "P9"}).status_code == 422
    assert provider.post("/goods/samplings/", plan).status_code == 403
    assert "Q000001" not in provider.get("/goods/samplings/").content.decode()
    assert provider.get("/goods/samplings/Q000001/").status_code == 404
    assert _step(tenant, "provider", "retest", reason="x").status_code == 404
    assert _step(tenant, "service", "take", note="购买").status_code == 302
    assert _step(tenant, "service", "send", lab="").status_code == 422
    assert _step(tenant, "service", "send", lab="国家质检中心").status_code == 302
    result = {"lab_result": "labels", "note": "缺标签"}
    answer = _step(tenant, "service", "result", **result, files=_paper())
    assert answer.status_code == 422
    assert "retest_days" in answer.content.decode()
    assert not Document.objects.filter(tenant_id=tenant).exists()
    no_paper = _step(tenant, "service", "result", **result, retest_until="2025-10-02")
    assert no_paper.status_code == 422
    done = _step(tenant, "service", "result", **result, retest_until="2025-10-02", files=_paper())
    assert done.status_code == 302
    page = provider.get("/goods/samplings/Q000001/").content.decode()
    for word in ("标识不合格", "2025-10-02", "申请复检", "report.txt"):
        assert word in page
    assert "已取样" not in page
    assert _step(tenant, "provider", "retest", reason="批次不符").status_code == 302
    assert _step(tenant, "provider", "settle").status_code == 403
    passed = {"lab_result": "passed", "files": _paper("second")}
    assert _step(tenant, "service", "settle", **passed).status_code == 302
    assert Sample.objects.get(tenant_id=tenant).state == "withdrawn"
    english = browser_of(tenant, "provider", "en").get("/goods/samplings/Q000001/")
    assert "Re-test passed, withdrawn" in english.content.decode()


@pytest.mark.clause("S0-2.1-info2b", "S0-2.1-qual3b")
def test_findings_are_kept_and_texts_are_screened(tenant: str) -> None:
    """A picture of a parcel is a finding; marked words are reported on the second click only."""
    service = browser_of(tenant, "service")
    finding = {
        "finding_provider": "P1", "finding_thing": "parcel", "finding_thing_id": "W1",
        "finding_kind": "foreign_marks", "finding_on": "2025-09-20",
    }  # fmt: skip
    bare = service.post("/goods/findings/", finding)
    assert bare.status_code == 422
    assert service.post("/goods/findings/", {**finding, "files": _paper()}).status_code == 302
    assert service.post("/goods/findings/", {**finding, "files": _paper()}).status_code == 302
    assert GoodsFinding.objects.filter(tenant_id=tenant).count() == 1
    texts = {"screen_provider": "P1", "screen_texts": "L1 拼多多同款\nL2 纯棉短袖"}
    page = service.post("/goods/screening/", {**texts, "step": "look"}).content.decode()
    assert "<mark>拼多多</mark>" in page
    assert "上报 1 处" in page
    assert GoodsFinding.objects.filter(tenant_id=tenant).count() == 1
    assert service.post("/goods/screening/", {**texts, "step": "report"}).status_code == 302
    listed = service.get("/goods/findings/?origin=text_screen").content.decode()
    assert "<mark>拼多多</mark>" in listed
    unknown = {**texts, "screen_provider": "P9", "step": "report"}
    assert service.post("/goods/screening/", unknown).status_code == 422
    empty = {**texts, "screen_texts": "L1", "step": "look"}
    assert service.post("/goods/screening/", empty).status_code == 422
    csv = b"".join(service.get("/goods/findings.csv").streaming_content).decode()
    assert "2025-09-20,P1,包裹,W1,带其他平台标识,S0-2.1-qual3b,人工" in csv
    assert browser_of(tenant, "auditor").post("/goods/findings/", finding).status_code == 403
    assert browser_of(tenant, "provider").get("/goods/findings/").status_code == 403
    assert browser_of(tenant, "provider").get("/goods/screening/").status_code == 403

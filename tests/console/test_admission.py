"""Admission by pages: three persons and an applicant, and what each may not do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from earnest.admission.models import Application
from earnest.documents.commands import NewDocument, document_add
from earnest.documents.models import Document
from earnest.market.commands import clock_set, person_add
from earnest.market.models import Provider
from tests.admission.scene import NOW, PASSWORD, PDF, TENANT, Scene

SignedIn = Callable[..., Client]


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    """Return a market with its people and a feed of its own."""
    settings.EARNEST_HOME = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    made = Scene()
    clock_set(TENANT, NOW)
    for role in ("service", "risk", "finance", "auditor"):
        person_add(TENANT, role, PASSWORD, role=role)
    return made


@pytest.fixture
def signed_in(scene: Scene) -> SignedIn:
    """Return a maker of browsers in which a person has signed in."""

    def sign_in(username: str, language: str = "zh-hans") -> Client:
        client = Client()
        assert client.login(username=username, password=PASSWORD)
        client.cookies["django_language"] = language
        return client

    return sign_in


INVITATION = {
    "entity_name": "宁波选品科技有限公司",
    "contact": "li@example.com",
    "service_category": "supply_tool",
    "criteria": "对接过头部平台",
    "reasons": ["integration"],
    "ends_on": "2026-03-20",
}


def _post(client: Client, address: str, **fields: object) -> int:
    return client.post(address, fields).status_code


def _invited(reviewer: Client) -> str:
    """Invite by the form and return the link's address from the page."""
    page = reviewer.post("/admission/invitations/new/", INVITATION)
    assert page.status_code == 200, page.content.decode()
    found = re.search(r"<code>(http[^<]*)</code>", page.content.decode())
    assert found
    return found.group(1).removeprefix("http://testserver")


def _accepted(address: str) -> Client:
    applicant = Client()
    assert applicant.get(address).status_code == 200
    taken = applicant.post(
        address, {"username": "newcomer", "password": PASSWORD, "password_again": PASSWORD}
    )
    assert taken.status_code == 302, taken.content.decode()
    return applicant


def _bring_all(applicant: Client) -> Application:
    application = Application.objects.get(tenant_id=TENANT)
    for row in application.evidence.exclude(requirement="supply_platform").order_by("id"):
        fields = {
            "statement": "见附件",
            "files": SimpleUploadedFile("../证明.pdf", PDF),
            "figure_good": "98" if row.requirement == "ship48" else "50",
            "figure_all": "100" if row.requirement == "ship48" else "50",
        }
        sent = applicant.post(f"/application/evidence/{row.requirement}/", fields)
        assert sent.status_code == 302, sent.content.decode()
    return application


@pytest.mark.clause("S0-1.2-scope", "S0-1.3-invite", "S0-1.1-basis", "S0-2.1-ship48")
def test_a_provider_comes_in_by_pages(scene: Scene, signed_in: SignedIn) -> None:
    """Invite, accept, bring, review, approve, pay and open, each in its own browser."""
    reviewer, approver, finance = (signed_in(name) for name in ("service", "risk", "finance"))
    applicant = _accepted(_invited(reviewer))
    assert "待补材料" in applicant.get("/application/").content.decode()
    application = _bring_all(applicant)
    assert _post(applicant, "/application/act/hand_in/") == 302
    detail = f"/admission/{application.number}/"
    assert reviewer.get(detail).content.decode().count('value="accept"') == 21
    for row in application.evidence.filter(state="submitted"):
        _post(reviewer, f"{detail}evidence/{row.requirement}/", verdict="accept")
    _post(reviewer, f"{detail}act/recommend/", recommendation="admit", reason="逐项核对无误")
    application.refresh_from_db()
    assert application.state == "approval"
    assert _post(reviewer, f"{detail}act/settle/", verdict="approve", reason="x") == 403
    _post(approver, f"{detail}act/settle/", verdict="approve", reason="同意")
    assert _post(applicant, "/application/act/pay/", rail="alipay_trade") == 302
    order = re.search(
        r"/application/pay/(\w+)/sandbox/", applicant.get("/application/").content.decode()
    )
    assert order
    assert _post(applicant, order.group(0)) == 302
    assert "财务" in finance.get("/admission/").content.decode()
    _post(finance, f"{detail}act/open/")
    application.refresh_from_db()
    assert application.state == "opened"
    provider = Provider.objects.get(tenant_id=TENANT, provider_id=application.provider_id)
    assert applicant.get("/").headers["Location"] == f"/providers/{provider.provider_id}/"
    assert applicant.get(f"/providers/{provider.provider_id}/").status_code == 200
    for address in (
        detail,
        "/admission/",
        "/admission/invitations/",
        "/admission/invitations/I000001/",
    ):
        for language in ("zh-hans", "en"):
            assert signed_in("auditor", language).get(address).status_code == 200
    assert signed_in("auditor").get("/admission.csv").status_code == 200
    assert signed_in("auditor").get("/admission/invitations.csv").status_code == 200


def test_a_file_s_bytes_count_and_not_its_name(scene: Scene, signed_in: SignedIn) -> None:
    """A program under the name of a picture is refused at its field, and nothing is kept."""
    applicant = _accepted(_invited(signed_in("service")))
    address = "/application/evidence/waybill/"
    fields = {"statement": "样单", "files": SimpleUploadedFile("a.png", b"MZ\x90\x00\x03")}
    refused = applicant.post(address, fields)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "文件内容不是可接受的类型" in page
    assert "样单</textarea>" in page
    assert not Document.objects.exists()
    assert applicant.post("/application/evidence/no_such/", fields).status_code == 404


def test_a_document_is_shown_in_place_and_runs_nothing(scene: Scene, signed_in: SignedIn) -> None:
    """PDF and pictures inline without rights, text escaped; another party sees none of it."""
    application = scene.accept(scene.invite())
    other = scene.accept(scene.invite("另一家"), "other")
    applicant = signed_in("applicant")
    page = f"/documents/{scene.document(application)}/"
    shown = applicant.get(page)
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert (
        signed_in("service")
        .get(f"{page}?download=1")
        .headers["Content-Disposition"]
        .startswith("attachment")
    )
    picture = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    image = applicant.get(f"/documents/{scene.document(application, picture)}/")
    assert image.headers["Content-Security-Policy"].endswith("sandbox")
    text = applicant.get(f"/documents/{scene.document(application, b'a <b> note')}/")
    assert "a &lt;b&gt; note" in text.content.decode()
    assert "service" not in _added_by_reviewer(application, applicant)
    assert "service" in _added_by_reviewer(application, signed_in("risk"))
    assert signed_in("other").get(page).status_code == 404
    assert other.provider_id != application.provider_id


def _added_by_reviewer(application: Application, client: Client) -> str:
    """Return the line under the name of a text that a reviewer handed in, as a person sees it."""
    new = NewDocument(application.subject, "note.txt", b"a reviewer's note", "service")
    page = client.get(f"/documents/{document_add(TENANT, new, NOW).id}/").content.decode()
    found = re.search(r'<p class="muted">(.*?)<code>', page)
    assert found
    return found.group(1)


def test_a_shop_of_the_same_id_has_no_application(scene: Scene, signed_in: SignedIn) -> None:
    """An application is the provider's: a merchant whose shop has that id gets nothing of it."""
    application = scene.accept(scene.invite())
    shop = ("shop", application.provider_id)
    person_add(TENANT, "namesake", PASSWORD, role="merchant", subject=shop)
    merchant = signed_in("namesake")
    assert merchant.get("/application/").status_code == 404
    assert _post(merchant, "/application/act/withdraw/", reason="x") == 404
    assert scene.fresh(application).state == "preparing"


@pytest.mark.clause("S0-1.3-invite")
def test_an_expired_link_says_so_and_a_wrong_one_nothing(scene: Scene) -> None:
    """The page of an ended invitation has no form; a link that nobody made is not there."""
    invited = scene.invite()
    clock_set(TENANT, scene.later(days=31))
    address = f"/invited/{TENANT}/{invited.secret}/"
    page = Client().get(address).content.decode()
    assert "该邀请已不能使用" in page
    assert 'name="username"' not in page
    taken = {"username": "late", "password": PASSWORD, "password_again": PASSWORD}
    assert Client().post(address, taken).status_code == 422
    assert Client().get(f"/invited/{TENANT}/guess/").status_code == 404
    assert Client().get(f"/invited/another/{invited.secret}/").status_code == 404


def test_inviting_says_what_is_wrong_at_its_field(scene: Scene, signed_in: SignedIn) -> None:
    """Without a last day, without a reason, and twice the same entity."""
    reviewer, address = signed_in("service"), "/admission/invitations/new/"
    for change, said in (
        ({"ends_on": ""}, "须由您给出最后一日"),
        ({"reasons": []}, "请至少选择一项邀请依据"),
        ({"entity_name": ""}, "请填写"),
    ):
        page = reviewer.post(address, INVITATION | change)
        assert page.status_code == 422
        assert said in page.content.decode()
    assert reviewer.post(address, INVITATION).status_code == 200
    assert "已有有效邀请" in reviewer.post(address, INVITATION).content.decode()
    assert signed_in("auditor").post(address, INVITATION).status_code == 403


def test_a_reviewer_is_told_that_another_decides(scene: Scene, signed_in: SignedIn) -> None:
    """On the own review the page has no buttons, and sending the form anyway does nothing."""
    application = scene.accept(scene.invite())
    scene.bring_all(application)
    scene.accept_all(application)
    detail = f"/admission/{application.number}/"
    risk = signed_in("risk")
    _post(risk, f"{detail}act/recommend/", recommendation="admit", reason="核对无误")
    assert "您是初审人" in risk.get(detail).content.decode()
    said = risk.post(f"{detail}act/settle/", {"verdict": "approve", "reason": "x"}, follow=True)
    assert "须由另一人复核" in said.content.decode()
    assert scene.fresh(application).state == "approval"
    back = {"verdict": "send_back", "reason": "请再看质量报告"}
    signed_in("finance").post(f"{detail}act/settle/", back)
    assert scene.fresh(application).state == "review"


def test_an_invitation_is_taken_back_by_pages(scene: Scene, signed_in: SignedIn) -> None:
    """A new link kills the old one; revoking needs a reason and ends both."""
    invited = scene.invite()
    reviewer, page = signed_in("service"), f"/admission/invitations/{invited.invitation.number}/"
    renewed = reviewer.post(f"{page}link/").content.decode()
    link = re.search(r"<code>http://testserver([^<]*)</code>", renewed)
    assert link
    assert Client().get(f"/invited/{TENANT}/{invited.secret}/").status_code == 404
    assert "请写明理由" in reviewer.post(f"{page}revoke/", follow=True).content.decode()
    reviewer.post(f"{page}revoke/", {"reason": "对方放弃"})
    assert "对方放弃" in reviewer.get(page).content.decode()
    assert "该邀请已不能使用" in Client().get(link.group(1)).content.decode()

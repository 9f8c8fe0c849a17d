"""Admission by the API: invited, evidence handed in as files, reviewed, decided, opened."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings

from earnest.admission.accepting import Accepting, invitation_accept
from earnest.api.commands import token_create
from tests.admission.scene import PDF
from tests.api.conftest import BASE, NOW, Caller

MADE = {
    "entity_name": "宁波选品科技有限公司",
    "contact": "li@example.com",
    "service_category": "supply_tool",
    "criteria": "对接过头部平台",
    "reasons": ["integration"],
    "ends_on": "2025-10-05",
}


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> None:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _applicant(market: str, secret: str) -> tuple[Caller, str, tuple[str, str]]:
    found = invitation_accept(market, secret, Accepting("newcomer", "correct-horse"), NOW)
    token = token_create(market, "own", role="applicant", subject=found.subject, now=NOW)
    return Caller({"Authorization": f"Bearer {token.secret}"}), found.number, found.subject


@pytest.mark.clause("S0-1.2-scope", "S0-1.3-invite")
def test_an_application_goes_its_way_by_calls(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Everything that the pages do can be called; each step by the role that may."""
    service, risk = caller_as("service"), caller_as("risk")
    invited = service.post("/admission/invitations", MADE).json()
    assert service.get("/admission/invitations?state=open").json()[0]["secret"] == ""
    applicant, number, subject = _applicant(market, invited["secret"])
    own = f"/admission/applications/{number}"
    kept = applicant.client.post(
        f"{BASE}/parties/{subject[0]}/{subject[1]}/documents",
        {"file": SimpleUploadedFile("a.pdf", PDF)},
        headers=applicant.headers,
    ).json()
    assert kept["media_type"] == "application/pdf"
    assert applicant.get(f"/documents/{kept['id']}").json() == kept
    assert applicant.get(f"/documents/{kept['id']}/content").content == PDF
    assert caller_as("provider").get(f"/documents/{kept['id']}").status_code == 404
    for row in applicant.get(own).json()["evidence"]:
        if row["requirement"] == "supply_platform":
            continue
        body = {"statement": "见附件", "documents": [kept["id"]]}
        if row["kind"] == "measured":
            body |= {"numerator": 50, "denominator": 50}
        sent = applicant.post(f"{own}/evidence/{row['requirement']}", body)
        assert sent.status_code == 200, sent.content
    assert applicant.post(f"{own}/steps", {"step": "hand_in"}).json()["state"] == "review"
    for row in service.get(own).json()["evidence"]:
        if row["state"] == "submitted":
            judged = service.post(
                f"{own}/evidence/{row['requirement']}/judge", {"verdict": "accept"}
            )
            assert judged.status_code == 200, judged.content
    step = {"step": "recommend_admit", "reason": "核对无误"}
    assert applicant.post(f"{own}/steps", step).status_code == 403
    assert service.post(f"{own}/steps", step).json()["clock"]["ball"] == "second_approver"
    approved = risk.post(f"{own}/steps", {"step": "approve", "reason": "同意"})
    assert approved.json()["state"] == "deposit"
    assert approved.json()["story"][-1]["actor"] == "risk-script"
    assert applicant.get(own).json()["story"][-1]["actor"] == ""
    refused = risk.post(f"{own}/steps", {"step": "open"})
    assert (refused.status_code, refused.json()["code"]) == (409, "deposit_short")
    assert applicant.get("/admission/applications").json()["items"][0]["number"] == number
    assert caller_as("provider").get("/admission/applications").json()["items"] == []


def test_a_wrong_file_is_refused(market: str, caller_as: Callable[..., Caller]) -> None:
    """A page under the name of a picture is no picture."""
    provider = caller_as("provider")
    answer = provider.client.post(
        f"{BASE}/parties/provider/P1/documents",
        {"file": SimpleUploadedFile("a.png", b"<html></html>")},
        headers=provider.headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "file_type_not_taken")

"""The pages of violations: three people from a report to a sanction, and who sees what."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from earnest.consequences.sanctions import ticket_enforce
from earnest.deposits.accounts import platform_accounts_open, subject_accounts_open
from earnest.documents.models import Document
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.models import Provider
from earnest.violations.corrections import tickets_of
from earnest.violations.evidence import party_ask
from earnest.violations.finding import Verdict, finding_propose, finding_settle
from earnest.violations.models import Protection, QualityReview, Violation
from earnest.violations.queries import decisions_shown
from earnest.violations.queue import violation_claim
from earnest.violations.reports import Report, ReportItem, violation_report

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
TENANT, PASSWORD = "violation-pages", "correct-horse-battery"
NOW = datetime(2025, 11, 20, 2, 0, tzinfo=UTC)
DAY = NOW.date()


def _reported(kind: str = "outside_contacts", **facts: object) -> Violation:
    item = ReportItem(kind, "", DAY - timedelta(days=1), facts or {"item_id": "G7"})
    report = Report(("provider", "P2"), "report", [item], "someone-who-told", "seen in the shop")
    return violation_report(TENANT, report, NOW)


def _act(client: Client, violation: Violation, act: str, **given: object) -> Any:
    address = reverse("violation_act", args=[violation.number, act])
    return client.post(address, given)


def _page(client: Client, violation: Violation) -> str:
    answer = client.get(reverse("violation", args=[violation.number]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def market() -> None:
    """Open a market with two providers, and the people who work with violations."""
    marketplace_open(TENANT, name_zh="市场", name_en="Market")
    clock_set(TENANT, NOW)
    platform_accounts_open(TENANT, NOW)
    for number in ("P1", "P2"):
        Provider.objects.create(
            tenant_id=TENANT, provider_id=number, name="服务商", entity_name="某公司",
            service_category="supply_tool", admitted_on=date(2025, 1, 1),
        )  # fmt: skip
        subject_accounts_open(TENANT, [("provider", number)], NOW)
        person_add(TENANT, number, PASSWORD, role="provider", subject=("provider", number))
    for role in ("risk", "admin", "service", "auditor"):
        person_add(TENANT, role, PASSWORD, role=role)


@pytest.fixture
def signed_in(market: None) -> SignIn:
    """Return a maker of browsers in which a person has signed in."""

    def sign_in(username: str, language: str = "zh-hans") -> Client:
        client = Client()
        assert client.login(username=username, password=PASSWORD)
        client.cookies["django_language"] = language
        return client

    return sign_in


@pytest.fixture
def provider(signed_in: SignIn) -> Client:
    """Sign in for P2, which has been told of nothing."""
    return signed_in("P2")


@pytest.mark.clause("S0-2.2.6")
def test_three_people_from_a_report_to_a_correction(signed_in: SignIn, provider: Client) -> None:
    """A reviewer asks, the provider answers with a file, it is found, approved and put right."""
    risk, admin = signed_in("risk"), signed_in("admin")
    violation = _reported()
    queue = risk.get(reverse("violations")).content.decode()
    assert violation.number in queue
    assert "60" in queue
    started = risk.post(reverse("violation_start"))
    assert started["Location"] == reverse("violation", args=[violation.number])
    shown = _page(risk, violation)
    assert "someone-who-told" in shown
    assert "隐藏货品" in shown  # what would follow stands beside the verdict
    assert _act(risk, violation, "ask", question="是否有站外链接？").status_code == 302
    own = _page(provider, violation)
    assert "是否有站外链接" in own
    assert "someone-who-told" not in own
    assert "seen in the shop" not in own
    proof = SimpleUploadedFile("proof.txt", b"no link here", content_type="text/plain")
    answered = _act(provider, violation, "answer", said="没有链接", files=[proof])
    assert answered.status_code == 302
    assert Document.objects.get(tenant_id=TENANT, subject_id="P2").name == "proof.txt"
    assert _act(risk, violation, "claim").status_code == 302
    assert "没有链接" in _page(risk, violation)
    find = reverse("violation_find", args=[violation.number])
    refused = risk.post(find, {"verdict-1": "found", "reason-1": ""})
    assert refused.status_code == 422
    assert "写明理由" in refused.content.decode()
    assert risk.post(find, {"verdict-1": "found", "reason-1": "页面上有链接"}).status_code == 302
    assert "页面上有链接" not in _page(provider, violation)
    (decision,) = decisions_shown(violation)
    settle = reverse("violation_settle", args=[violation.number])
    word = {"decision": str(decision.id), "verdict": "approve", "reason": "同意"}
    assert risk.post(settle, word).status_code == 422
    assert admin.post(settle, word).status_code == 302
    told = _page(provider, violation)
    assert "页面上有链接" in told
    assert "整改期限" in told
    assert _act(provider, violation, "correct", said="链接已删除").status_code == 302
    assert violation.number in admin.get(reverse("violations")).content.decode()
    judged = _act(
        admin, violation, "judge_correction", correction_verdict="accepted", reason="已核实"
    )
    assert judged.status_code == 302
    assert "整改通过" in _page(provider, violation)


@pytest.mark.clause("S0-2.2.6")
def test_goods_are_protected_answered_for_and_freed_on_the_pages(
    signed_in: SignIn, provider: Client
) -> None:
    """The holder hides the goods, the provider reads until when and answers, another ends it."""
    service, risk = signed_in("service"), signed_in("risk")
    violation = _reported()
    asked = {"item": "1", "measure": "hide_goods", "reason": "先行下架，避免误导"}
    assert _act(service, violation, "protect", **asked).status_code == 422
    assert _act(service, violation, "claim").status_code == 302
    assert "采取保护措施" in _page(service, violation)
    assert _act(service, violation, "protect", **(asked | {"reason": ""})).status_code == 422
    assert _act(service, violation, "protect", **asked).status_code == 302
    own = _page(provider, violation)
    for part in ("先行下架", "生效中", "2025-11-27", "不是处罚", "货品 G7"):
        assert part in own
    assert "service" not in own
    proof = SimpleUploadedFile("ok.txt", b"as it is", content_type="text/plain")
    said = _act(provider, violation, "answer_protection", said="与实物一致", files=[proof])
    assert said.status_code == 302
    assert "answer_protection" not in _page(provider, violation)
    assert "与实物一致" in _page(risk, violation)
    assert "ok.txt" in _page(risk, violation)
    assert _act(risk, violation, "lift", item="1", reason="已核实").status_code == 302
    freed = _page(signed_in("P2", "en"), violation)
    assert "ended early" in freed
    assert "protective measure until</dt>" not in freed


def test_a_second_person_agrees_to_hiding_the_service_on_the_page(
    signed_in: SignIn, provider: Client
) -> None:
    """Who proposed it sees no form for it and is refused; another agrees there."""
    risk, admin = signed_in("risk"), signed_in("admin")
    violation = _reported("charged_elsewhere", charge="C1")
    _act(risk, violation, "claim")
    asked = {"item": "1", "measure": "hide", "reason": "仍在收费"}
    assert _act(risk, violation, "protect", **asked).status_code == 302
    assert provider.get(reverse("violation", args=[violation.number])).status_code == 404
    settle = reverse("violation_settle", args=[violation.number])
    decision_id = str(Protection.objects.get(tenant_id=TENANT).decision_id)
    assert decision_id in _page(admin, violation)
    assert f'value="{decision_id}"' not in _page(risk, violation)
    word = {"decision": decision_id, "verdict": "approve", "reason": "同意"}
    assert risk.post(settle, word).status_code == 422
    assert admin.post(settle, word).status_code == 302
    assert "仍在收费" in _page(provider, violation)


def test_a_reviewer_proposes_a_measure_that_no_kind_leads_to(signed_in: SignIn) -> None:
    """Offered where points follow, and nowhere else; it waits for two."""
    risk = signed_in("risk")
    violation = _reported("other_violation", function="search")
    _act(risk, violation, "claim")
    assert 'name="measure-1"' in _page(risk, violation)
    find = reverse("violation_find", args=[violation.number])
    given = {"verdict-1": "found", "reason-1": "见附件", "measure-1": "clear"}
    assert risk.post(find, given | {"measure-1": "remove"}).status_code == 422
    assert risk.post(find, given).status_code == 302
    (decision,) = decisions_shown(violation)
    assert (decision.outcome, decision.approvals_needed) == ("clear", 2)
    ladder = _reported("free_here_charged_there", listing="L7")
    _act(risk, ladder, "claim")
    assert 'name="measure-1"' not in _page(risk, ladder)


def test_a_late_judgement_of_a_correction_is_offered_in_plain_words(
    signed_in: SignIn, provider: Client
) -> None:
    """In force meanwhile, the form says that the ticket stands; the form of before is refused."""
    admin, violation = signed_in("admin"), _reported()
    violation_claim(TENANT, violation.number, "risk", NOW)
    finding_propose(TENANT, violation.number, [Verdict(1, "found", "seen")], "risk", NOW)
    (decision,) = decisions_shown(violation)
    finding_settle(TENANT, decision.id, verdict="approve", actor="admin", reason="x", now=NOW)
    assert _act(provider, violation, "correct", said="链接已删除").status_code == 302
    assert "judge_late_correction" not in _page(admin, violation)
    later = NOW + timedelta(days=8)
    ticket_enforce(TENANT, tickets_of(violation)[0].number, later)
    clock_set(TENANT, later)
    shown = _page(admin, violation)
    assert "处罚单维持不变；当事方可申诉" in shown
    assert 'value="accepted"' not in shown
    word = {"correction_verdict": "accepted", "reason": "已核实"}
    refused = _act(admin, violation, "judge_correction", **word)
    assert refused.status_code == 422
    assert "处罚单已生效，不能再按整改了结" in refused.content.decode()
    word["correction_verdict"] = "too_late"
    assert _act(admin, violation, "judge_late_correction", **word).status_code == 302
    own = _page(provider, violation)
    assert "整改属实，处罚单维持" in own


def test_a_party_finds_nothing_before_it_is_told(signed_in: SignIn, provider: Client) -> None:
    """Own and others' violations read as not there; the party's list is empty."""
    violation = _reported()
    address = reverse("violation", args=[violation.number])
    assert provider.get(address).status_code == 404
    assert signed_in("P1").get(address).status_code == 404
    assert violation.number not in provider.get(reverse("violations")).content.decode()
    violation_claim(TENANT, violation.number, "risk", NOW)
    party_ask(TENANT, violation.number, "why?", "risk", NOW)
    assert provider.get(address).status_code == 200
    assert signed_in("P1").get(address).status_code == 404
    assert violation.number in provider.get(reverse("violations")).content.decode()
    assert _act(signed_in("P1"), violation, "answer", said="x").status_code == 404


def test_a_report_by_hand_says_what_is_wrong_at_its_field(signed_in: SignIn) -> None:
    """Unknown provider, no kind, wrong amount: said at the field; else it is in the queue."""
    client, address = signed_in("service"), reverse("violation_new")
    wrong = client.post(address, {"subject": "P2", "stake": "ten", "note": "x"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("field-problem") >= 3
    given = {
        "subject": "P9", "source": "inspection", "kind": "counterfeit",
        "happened_on": str(DAY - timedelta(days=1)), "thing_kind": "item_id", "thing": "G9",
        "loss": "12.50", "note": "sampled",
    }  # fmt: skip
    assert "P9" in client.post(address, given).content.decode()
    assert not Violation.objects.exists()
    made = client.post(address, {**given, "subject": "P2"})
    assert made.status_code == 302
    row = Violation.objects.get()
    assert (row.reported_by, row.at_stake_fen) == ("service", 1250)
    assert row.items.get().facts == {"item_id": "G9", "loss_fen": 1250}


def test_claims_are_shown_and_refused_to_others(signed_in: SignIn) -> None:
    """Another reviewer is told who holds it; the holder adds an item and gives it back."""
    risk, service, violation = signed_in("risk"), signed_in("service"), _reported()
    assert _act(risk, violation, "claim").status_code == 302
    refused = _act(service, violation, "claim")
    assert refused.status_code == 422
    assert "risk" in refused.content.decode()
    add = reverse("violation_add", args=[violation.number])
    assert risk.post(add, {"kind": "exaggeration"}).status_code == 422
    given = {"kind": "exaggeration", "happened_on": str(DAY - timedelta(days=2))}
    assert risk.post(add, given).status_code == 302
    assert violation.items.count() == 2
    assert _act(risk, violation, "skip", reason="").status_code == 422
    assert _act(risk, violation, "skip", reason="认识当事方").status_code == 302
    assert _act(service, violation, "claim").status_code == 302


def test_the_lists_narrow_and_export(signed_in: SignIn) -> None:
    """Queue and list are narrowed by the form; the export has what the list shows."""
    first, second = _reported(), _reported("interface_outage", function="search")
    client = signed_in("auditor", "en")
    for name in ("violations", "violations_all"):
        page = client.get(reverse(name), {"kind": "interface_outage"}).content.decode()
        assert second.number in page
        assert f">{first.number}<" not in page
    answer = client.get(reverse("violations_csv"), {"source": "report"})
    exported = b"".join(cast("Any", answer).streaming_content)
    assert exported.decode("utf-8-sig").count("V00000") == 2
    assert client.get(reverse("violations"), {"only": "overdue"}).status_code == 200


def test_the_second_look_is_blind(signed_in: SignIn) -> None:
    """The page shows facts and rule and neither verdict nor reason; the answer is compared."""
    risk, admin, violation = signed_in("risk"), signed_in("admin"), _reported()
    _act(risk, violation, "claim")
    find = reverse("violation_find", args=[violation.number])
    risk.post(find, {"verdict-1": "not_found", "reason-1": "a-secret-reason"})
    QualityReview.objects.get_or_create(
        violation=violation,
        defaults={
            "id": violation.id, "tenant_id": TENANT, "reviewed_by": "risk", "chosen_at": NOW,
        },
    )  # fmt: skip
    check = reverse("violation_check", args=[violation.number])
    assert risk.get(check).status_code == 403
    page = admin.get(check).content.decode()
    assert "a-secret-reason" not in page
    assert admin.post(check, {"verdict-1": "found"}).status_code == 422
    said = {"verdict-1": "found", "reason": "there is a link"}
    assert admin.post(check, said).status_code == 302
    shown = admin.get(reverse("violation_quality")).content.decode()
    assert "there is a link" in shown
    assert "0.00 %" in shown or "0.00%" in shown

"""A provider's life from invitation to exit, played by people in browsers of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from earnest.admission.models import Application
from earnest.appeals.models import Appeal
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.departure.models import Departure
from earnest.deposits.accounts import deposit_of
from earnest.deposits.queries import position
from earnest.kernel.calendar import day_of
from earnest.ledger.queries import balance_of, verify
from earnest.market.models import Provider
from earnest.payouts.models import Payout
from earnest.restrictions.queries import capabilities_restricted
from earnest.tickets.models import Ticket
from tests.console import provider_life as life
from tests.console.market import PASSWORD
from tests.console.test_browser import PICTURES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ENTITY_ROLE = "applicant-of-haohuo"
MEASURED = "ship48"
People = Callable[[str], "Page"]


@pytest.fixture(scope="module", autouse=True)
def _connections_closed() -> Iterator[None]:
    """Close the connections of the browser's event loop, which Django keeps apart from others."""
    yield
    connections.close_all()


@pytest.fixture
def address(live_server: Any, settings: Settings, tmp_path: Path) -> str:
    """Serve a market of its own, with a feed of its own."""
    settings.EARNEST_HOME = tmp_path
    PICTURES.mkdir(exist_ok=True)
    life.market_open()
    return str(live_server.url)


@pytest.fixture
def people(browser: "Browser", address: str) -> Iterator[People]:
    """Give each person a browser of its own, in which it has signed in."""
    opened: dict[str, Page] = {}
    complaints: list[str] = []

    def person(name: str) -> "Page":
        if name not in opened:
            page = browser.new_context(locale="zh-CN").new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            if name != ENTITY_ROLE:
                _sign_in(page, address, name)
            opened[name] = page
        return opened[name]

    yield person
    for page in opened.values():
        page.context.close()
    assert complaints == []


def _sign_in(page: "Page", address: str, name: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click(".sign-in button[type=submit]")
    page.wait_for_selector(".who")


def _submit(page: "Page", selector: str) -> None:
    """Click something that leads to another page, and wait until it is there."""
    with page.expect_navigation():
        page.click(selector)


def _shot(page: "Page", name: str) -> None:
    page.screenshot(path=PICTURES / f"life-{name}-zh.png", full_page=True)


@pytest.mark.clause(
    "S0-1.3-invite", "S0-1.2-scope", "S0-2.1-exp1", "S0-2.1-exp4", "S0-2.2.5-5a", "S0-2.2.5-5b",
    "S0-2.2.5-5c", "S0-3.3", "S0-3.4",
)  # fmt: skip
def test_from_invitation_to_exit(people: People, address: str, tmp_path: Path) -> None:
    """Invited, admitted, three bad months, an appeal that undoes them to the fen, and gone."""
    provider_id = _admitted(people, address, tmp_path)
    _three_bad_months(people, address, provider_id)
    _appealed(people, address, provider_id, tmp_path)
    _left(people, address, provider_id)
    assert not decisions_replay(life.TENANT).differences
    assert all(check.ok for check in verify(life.TENANT))


def _admitted(people: People, address: str, tmp_path: Path) -> str:
    service, applicant, second = people("service"), people(ENTITY_ROLE), people("admin")
    service.goto(f"{address}/admission/invitations/new/")
    service.fill("[name=entity_name]", life.ENTITY)
    service.fill("[name=contact]", "wang@example.com")
    service.select_option("[name=service_category]", "supply_tool")
    service.fill("[name=criteria]", "对接过两家头部平台，服务商家超过一千家")
    service.fill("[name=ends_on]", "2025-09-20")
    service.check("[name=reasons] >> nth=0")
    _submit(service, "main button[type=submit]")
    link = service.locator(".alert code").inner_text()
    _shot(service, "invitation")

    applicant.goto(link if link.startswith("http") else f"{address}{link}")
    applicant.fill("[name=display_name]", "好货通")
    applicant.fill("[name=username]", ENTITY_ROLE)
    applicant.fill("[name=password]", PASSWORD)
    applicant.fill("[name=password_again]", PASSWORD)
    _submit(applicant, "form button[type=submit] >> nth=-1")
    applicant.wait_for_url("**/application/")
    paper = tmp_path / "证明.pdf"
    paper.write_bytes(life.PDF)
    application = Application.objects.get(tenant_id=life.TENANT)
    _evidence_brought(applicant, application, paper)
    _submit(applicant, "form[action$='/act/hand_in/'] button")
    _shot(applicant, "application")

    service.goto(f"{address}/admission/{application.number}/")
    first = application.evidence.filter(state="submitted").order_by("id").first()
    assert first is not None
    _judged(service, first.requirement, "send_back", "请补充盖章页")
    _judged(service, MEASURED, "accept", "")
    submitted = application.evidence.filter(state="submitted")
    life.evidence_accepted(application, list(submitted.values_list("requirement", flat=True)))
    service.fill("#recommend-reason", "有一项需补充")
    _submit(service, "button[formaction$='/act/return/']")
    applicant.goto(f"{address}/application/")
    applicant.wait_for_selector("text=请补充盖章页")
    _shot(applicant, "sent-back")
    _brought(applicant, first.requirement, paper)
    _submit(applicant, "form[action$='/act/hand_in/'] button")
    service.goto(f"{address}/admission/{application.number}/")
    _judged(service, first.requirement, "accept", "")
    service.fill("#recommend-reason", "逐项核对，符合准入要求")
    _submit(service, "button[value=admit]")
    assert service.locator("main .alert-danger").all_inner_texts() == []

    second.goto(f"{address}/admission/{application.number}/")
    second.fill("#settle-reason", "复核无误，同意准入")
    _submit(second, "button[value=approve]")
    _shot(second, "second-reviewer")
    applicant.goto(f"{address}/application/")
    _submit(applicant, "form[action$='/act/pay/'] button")
    _submit(applicant, "form[action$='/sandbox/'] button")
    second.goto(f"{address}/admission/{application.number}/")
    _submit(second, "form[action$='/act/open/'] button")
    application.refresh_from_db()
    assert application.state == "opened"
    assert Provider.objects.get(tenant_id=life.TENANT).left_on is None
    assert balance_of(life.TENANT, deposit_of(application.subject)).posted_fen == 1_000_000
    return str(application.provider_id)


def _evidence_brought(applicant: "Page", application: Application, paper: Path) -> None:
    """Bring one paper and one figure on the page; the others go in as the page's forms would."""
    shown = applicant.locator("article[id]").evaluate_all("all => all.map(each => each.id)")
    asked = [each for each in shown if each != "supply_platform"]
    assert MEASURED in asked[1:]
    for requirement in (asked[0], MEASURED):
        _brought(applicant, requirement, paper)
    life.evidence_brought(application, [each for each in asked[1:] if each != MEASURED])
    applicant.reload()


def _brought(applicant: "Page", requirement: str, paper: Path) -> None:
    """Fill in what a requirement asks for, with a paper."""
    card = applicant.locator(f"article#{requirement}")
    form = card.locator("form")
    if not form.count():
        return
    if not card.locator("details[open] form").count():
        card.locator("summary", has=applicant.locator("xpath=../form")).click()
    form.locator("textarea").first.fill("见附件")
    if form.locator("[name=figure_good]").count():
        form.locator("[name=figure_good]").fill("98" if requirement == "ship48" else "100")
        form.locator("[name=figure_all]").fill("100")
    form.locator("input[type=file]").set_input_files(paper)
    with applicant.expect_navigation():
        form.locator("button[type=submit]").click()


def _judged(reviewer: "Page", requirement: str, verdict: str, reason: str) -> None:
    card = reviewer.locator(f"article#{requirement}")
    card.locator("[name=reason]").fill(reason)
    with reviewer.expect_navigation():
        card.locator(f"button[value={verdict}]").click()


def _three_bad_months(people: People, address: str, provider_id: str) -> None:
    subject = ("provider", provider_id)
    taken: list[int] = []
    for month in life.MONTHS[:2]:
        now = life.month_assessed(provider_id, month)
        life.days_pass(now, 9)
        taken.append(balance_of(life.TENANT, deposit_of(subject)).posted_fen)
    assert taken == [750_000, 250_000]
    now = life.month_assessed(provider_id, life.MONTHS[2])
    removal = Decision.objects.get(tenant_id=life.TENANT, outcome="remove")
    for name in ("risk", "finance"):
        page = people(name)
        page.goto(f"{address}/queue/")
        page.fill(f"#reason-{removal.id}", "已核对三个月的评分与答卷")
        page.click(f"#decision-{removal.id} button[value=approve]")
        page.wait_for_selector(f"#decision-{removal.id} form", state="detached")
    assert Provider.objects.get(tenant_id=life.TENANT).left_on == day_of(now)
    limited = capabilities_restricted(life.TENANT, *subject)
    assert "renewal" in limited
    assert "running_use" not in limited  # until the winding down has served everybody


def _appealed(people: People, address: str, provider_id: str, tmp_path: Path) -> None:
    """The provider disputes all three months; one hears it, another confirms."""
    provider, hearer, second = people(ENTITY_ROLE), people("service"), people("admin")
    ticket = Ticket.objects.get(tenant_id=life.TENANT, outcome="remove")
    provider.goto(f"{address}/tickets/{ticket.number}/")
    _shot(provider, "ticket")
    _submit(provider, "a[href$='/appeal/'], .acts-line a.btn-primary")
    for place in (1, 2, 3):
        provider.check(f"#chosen-{place}")
        provider.select_option(f"#ground-{place}", "figure_wrong")
        provider.fill(f"#said-{place}", "答卷来自同一家竞争对手的员工，不是我们的商家")
    proof = tmp_path / "答卷来源.pdf"
    proof.write_bytes(life.PDF)
    provider.set_input_files("#appeal-files", proof)
    _submit(provider, "form.asked-wide button[type=submit]")
    provider.wait_for_url("**/appeals/A*/")
    appeal = Appeal.objects.get(tenant_id=life.TENANT)

    hearer.goto(f"{address}/appeals/{appeal.number}/")
    _submit(hearer, "form[action$='/act/claim/'] button")
    hearer.fill("#question", "请提供受访商家的名单与订购记录")
    _submit(hearer, "form[action$='/act/ask/'] button")
    provider.goto(f"{address}/appeals/{appeal.number}/")
    provider.fill("#answer", "名单见附件，八位受访者均无订购记录")
    _submit(provider, "form[action$='/act/answer/'] button[type=submit]")
    hearer.goto(f"{address}/appeals/{appeal.number}/")
    for place in (1, 2, 3):
        hearer.select_option(f"#verdict-{place}", "overturned")
        hearer.fill(f"#reason-{place}", "八位受访者不在该月订购商家之列，答卷无效")
    _submit(hearer, "button[value=preview]")
    hearer.wait_for_selector(".preview")
    _shot(hearer, "hearing")
    assert Decision.objects.filter(tenant_id=life.TENANT, state="reversed").count() == 0
    _submit(hearer, "button[value=propose]")
    second.goto(f"{address}/appeals/{appeal.number}/")
    second.fill("#reason", "已复核受访者名单，同意撤销")
    _shot(second, "before-after")
    _submit(second, "button[value=agree]")
    provider.goto(f"{address}/appeals/{appeal.number}/")
    _shot(provider, "appeal-decided")

    subject = ("provider", provider_id)
    assert Decision.objects.filter(tenant_id=life.TENANT, state="reversed").count() == 3
    assert balance_of(life.TENANT, deposit_of(subject)).posted_fen == 1_000_000
    assert balance_of(life.TENANT, "penalty_income").posted_fen == 0
    assert capabilities_restricted(life.TENANT, *subject) == set()
    assert Provider.objects.get(tenant_id=life.TENANT).left_on is None
    assert set(Ticket.objects.values_list("state", flat=True)) == {"reversed"}


def _left(people: People, address: str, provider_id: str) -> None:
    provider, service = people(ENTITY_ROLE), people("service")
    now = life.month_settled_at(life.MONTHS[2])
    life.account_verified(provider_id, now)
    provider.goto(f"{address}/providers/{provider_id}/leaving/")
    provider.fill("[name=on_sale]", "0")
    provider.fill("[name=running]", "0")
    provider.fill("[name=reason]", "业务调整")
    _shot(provider, "leaving")
    _submit(provider, "button[value=apply]")
    provider.wait_for_url("**/departures/D*/")
    departure = Departure.objects.get(tenant_id=life.TENANT, way="exit")
    service.goto(f"{address}/departures/{departure.number}/")
    service.fill("#departure_check-on_sale", "0")
    service.fill("#departure_check-running", "0")
    _submit(service, "form[action$='/departure_check/'] button")
    asked = Decision.objects.get(tenant_id=life.TENANT, decision="exit_conditions")
    for name in ("risk", "finance"):
        page = people(name)
        page.goto(f"{address}/queue/")
        page.fill(f"#reason-{asked.id}", "条件满足，同意退还")
        page.click(f"#decision-{asked.id} button[value=approve]")
        page.wait_for_selector(f"#decision-{asked.id} form", state="detached")
    later = life.days_pass(now, 1)
    provider.goto(f"{address}/departures/{departure.number}/")
    _shot(provider, "departure")
    departure.refresh_from_db()
    assert departure.state == "completed"
    assert Payout.objects.get(tenant_id=life.TENANT).amount_fen == 1_000_000
    stands = position(life.TENANT, ("provider", provider_id), day_of(later))
    assert (stands.required_fen, stands.free_fen) == (0, 0)

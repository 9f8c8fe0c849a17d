"""The console in a real browser: people at work, charts drawn, both languages, a narrow window."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from earnest.decisions.models import Decision
from tests.console.market import PASSWORD, SeededMarket, seed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).resolve().parents[2] / "test-results"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS_OVER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module", autouse=True)
def _connections_closed() -> Iterator[None]:
    """Close the connections of the browser's event loop, which Django keeps apart from others."""
    yield
    connections.close_all()


@pytest.fixture
def served(live_server: Any) -> tuple[str, SeededMarket]:
    """Serve the seeded market; return its address and ids."""
    PICTURES.mkdir(exist_ok=True)
    return live_server.url, seed()


@pytest.fixture
def complaints(page: "Page") -> Iterator[list[str]]:
    """Collect what the browser complains of; at the end of the test there must be nothing."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    yield heard
    assert heard == []


def _sign_in(page: "Page", address: str, name: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click(".sign-in button[type=submit]")
    page.wait_for_selector(".who")


def _charts_drawn(page: "Page") -> int:
    page.wait_for_load_state("load")
    # The page's own policy forbids a waiting script, so each drawing is waited for from outside.
    for chart in page.locator("[data-chart]").all():
        chart.locator("canvas").first.wait_for()
    return page.locator("[data-chart] canvas").count()


@pytest.mark.clause("S0-2.1-ship48", "S0-2.2.5-5b")
def test_from_an_order_to_its_penalty(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """An operator goes from the workbench to a late order and on to the penalty, by links only."""
    address, _ = served
    _sign_in(page, address, "auditor")
    assert _charts_drawn(page) == 3
    page.screenshot(path=PICTURES / "console-workbench-zh.png", full_page=True)
    page.click(".side a[href='/providers/']")
    page.click("td a[href='/providers/P1/']")
    page.wait_for_url("**/providers/P1/")
    assert _charts_drawn(page) >= 4
    page.screenshot(path=PICTURES / "console-provider-zh.png", full_page=True)
    page.click("article[aria-labelledby='measure-shipping48h'] a[href*='/measures/']")
    page.wait_for_selector("text=O0000")
    assert page.locator(".mark-bad", has_text="不利").count() == 3
    page.click("a.related:has-text('NPS 考核阶梯')")
    page.wait_for_selector("text=清退")
    page.click(".crumbs a:has-text('P1')")
    page.click("tr:has-text('下架服务') a:has-text('详情')")
    page.wait_for_selector("text=-5,000.00")
    page.click("button:has-text('重新计算并比对')")
    page.wait_for_selector("#replay .alert-success")
    page.screenshot(path=PICTURES / "console-decision-zh.png", full_page=True)
    page.click("a[href$='/deposit/#ledger']")
    page.wait_for_selector("#ledger")
    assert _charts_drawn(page) == 1
    page.screenshot(path=PICTURES / "console-deposit-zh.png", full_page=True)


@pytest.mark.clause("S0-2.2.5-5c")
def test_two_people_settle_a_removal(
    page: "Page",
    browser: "Browser",
    served: tuple[str, SeededMarket],
    complaints: list[str],
) -> None:
    """One approves and sees that another is needed; the other approves; it is in effect."""
    address, market = served
    row = f"#decision-{market.removal.id}"
    _sign_in(page, address, "risk")
    page.goto(f"{address}/queue/?second=1")
    page.fill(f"{row} input[name=reason]", "已核对三个月的评分与答卷")
    page.click(f"{row} button[value=approve]")
    page.wait_for_selector(f"{row} >> text=须另一人复核")
    assert page.url.endswith("/queue/?second=1")
    second = browser.new_context(locale="en-US")
    other = second.new_page()
    _sign_in(other, address, "finance")
    other.goto(f"{address}/queue/?second=1")
    other.fill(f"{row} input[name=reason]", "amount and basis checked")
    other.screenshot(path=PICTURES / "console-queue-en.png", full_page=True)
    other.click(f"{row} button[value=approve]")
    other.wait_for_selector(f"{row} >> text=In effect")
    other.goto(f"{address}/providers/P1/")
    other.wait_for_selector(".party-head >> text=Removed")
    second.close()
    assert _state(market.removal) == "in_effect"


def _state(decision: Decision) -> str:
    decision.refresh_from_db()
    return decision.state


def test_a_provider_at_home_in_both_languages(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """A provider reads a notice, switches the language, and finds all on a narrow window too."""
    address, market = served
    _sign_in(page, address, "provider")
    page.click(".side a[href='/inbox/']")
    notice = f"#notice-{market.provider_notice.id}"
    page.click(f"{notice} summary")
    page.click(f"{notice} button")
    page.wait_for_selector(f"{notice} >> text=已读")
    page.click(".languages button[value=en]")
    page.wait_for_selector("h1:has-text('Inbox')")
    page.click(".side a[href='/providers/P1/']")
    page.wait_for_selector("button:has-text('Apply for relisting')")
    page.screenshot(path=PICTURES / "console-portal-en.png", full_page=True)
    page.click("button:has-text('Apply for relisting')")
    page.wait_for_selector(".alert-success")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("/providers/P1/", "/providers/P1/deposit/", "/inbox/", "/rules/"):
            page.goto(f"{address}{path}")
            assert (width, path, page.evaluate(WIDTHS_OVER)) == (width, path, False)
    page.goto(f"{address}/providers/P1/")
    page.screenshot(path=PICTURES / "console-portal-narrow-en.png")

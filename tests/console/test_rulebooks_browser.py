"""Rules in a real browser: read on a day, changed by a form and a table, announced, tried."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from earnest.kernel.calendar import day_of
from earnest.rulebooks.packs import SHOP_DEPOSIT
from earnest.rulebooks.queries import draft_get
from tests.console.market import NOW, PASSWORD, SeededMarket, seed
from tests.console.test_samples import waiting_raise

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
    # A form that was refused answers 422, which the browser notes: that is no complaint.
    assert [each for each in heard if "422" not in each] == []


def _sign_in(page: "Page", address: str, name: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click(".sign-in button[type=submit]")
    page.wait_for_selector(".who")


def _picture(page: "Page", name: str, *, whole: bool = True) -> None:
    # A hidden caret would need a style that the page forbids.
    path = PICTURES / f"console-{name}.png"
    page.screenshot(path=path, full_page=whole, caret="initial")


@pytest.mark.clause("S3-5.2b")
def test_a_merchant_reads_the_rule_on_a_day_in_both_languages(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """Day and search change the page in place; the language switch keeps day and search."""
    address, _ = served
    _sign_in(page, address, "merchant")
    page.click(".side a[href='/rules/']")
    _picture(page, "rules-zh")
    page.click(f"h2 a[href='/rules/{SHOP_DEPOSIT}/']")
    page.wait_for_selector("#S3-5\\.2b")
    _picture(page, "rulebook-zh", whole=False)
    page.fill("#q", "S3-5.2b")
    page.wait_for_selector(".contents li >> nth=0")
    page.wait_for_url("**q=S3-5.2b**")
    assert page.locator("li >> text=7 天").count() >= 1
    page.fill("#on", "2020-08-11")
    page.wait_for_selector("text=当日没有生效的规则")
    page.fill("#on", "2025-11-20")
    page.wait_for_url("**on=2025-11-20**")
    page.wait_for_selector(".day-head >> text=截至 2025-11-20 有效的规则")
    page.click(".languages button[value=en]")
    page.wait_for_selector("h1:has-text('Enterprise-shop deposit')")
    assert "q=S3-5.2b" in page.url
    assert "on=2025-11-20" in page.url
    assert page.locator("li >> text=7 days").count() >= 1
    _picture(page, "rulebook-en", whole=False)
    for width in (1400, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("/rules/", f"/rules/{SHOP_DEPOSIT}/", f"/rules/{SHOP_DEPOSIT}/editions/"):
            page.goto(f"{address}{path}")
            assert (width, path, page.evaluate(WIDTHS_OVER)) == (width, path, False)


def test_a_rule_manager_drafts_a_value_and_sees_what_is_missing(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """A wrong value is said at the field; a right one becomes a draft with red rows."""
    address, _ = served
    _sign_in(page, address, "rule")
    page.click(".side a[href='/amendments/']")
    page.click(".toolbar a[href='/amendments/new/']")
    way = page.locator("form[action='/amendments/new/value/']").first
    way.locator("select").select_option("base_deposit")
    way.locator("button").click()
    page.fill("#value", "一万二")
    page.fill("#act", "SD7")
    page.fill("#title_zh", "提高基础保证金")
    page.fill("#reason", "市价上涨")
    page.click("button:has-text('保存为草案')")
    page.wait_for_selector("#value-problem")
    _picture(page, "draft-value-zh")
    page.fill("#value", "12000")
    page.click("button:has-text('保存为草案')")
    page.wait_for_selector(".alert-success")
    assert page.locator(".tests .condition-open").count() >= 2
    assert page.locator(".tests .condition-met").count() >= 2
    assert page.locator(".changes >> text=12,000.00 元").count() == 1
    _picture(page, "amendment-zh")


def test_a_table_is_edited_with_the_keyboard(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """A row is added and typed; an overlap is said at the row; Enter checks the rows in place."""
    address, _ = served
    _sign_in(page, address, "rule")
    page.click(".languages button[value=en]")
    page.goto(f"{address}/amendments/new/table/?rulebook={SHOP_DEPOSIT}&table=sales_tier")
    rows = page.locator(".editor tbody tr").count()
    page.click("button:has-text('Add a row')")
    page.wait_for_selector(f"[name='cell-{rows}-0']")
    page.fill(f"[name='cell-{rows}-0']", ">= 1000000")
    page.keyboard.press("Tab")
    page.keyboard.type("60000")
    page.keyboard.press("Enter")
    page.wait_for_selector(".row-wrong >> text=decides this already")
    _picture(page, "table-editor-en")
    page.fill(f"[name='cell-{rows - 1}-0']", "[500000, 1000000)")
    page.keyboard.press("Enter")
    page.wait_for_selector(".editor-alert >> text=No gap and no overlap")


def test_two_persons_announce_a_change(
    page: "Page",
    browser: "Browser",
    served: tuple[str, SeededMarket],
    complaints: list[str],
) -> None:
    """One approves and waits for another; the other announces; the merchant sees it coming."""
    address, market = served
    draft = f"{address}/amendments/{market.draft_hash}/"
    _sign_in(page, address, "risk")
    page.goto(draft)
    page.fill("#note", "已核对")
    page.click("button[value=approve]")
    page.wait_for_selector("text=须另一人复核")
    assert page.locator("button[value=announce]").count() == 0
    second = browser.new_context(locale="en-US")
    other = second.new_page()
    _sign_in(other, address, "admin")
    other.goto(draft)
    other.wait_for_selector("text=Everything is there")
    _picture(other, "amendment-en")
    other.fill("#note", "published in the announcement centre")
    other.click("button[value=announce]")
    other.wait_for_selector("text=It has been announced.")
    other.goto(f"{address}/rules/{SHOP_DEPOSIT}/editions/")
    other.wait_for_selector(".changes >> text=10 days")
    _picture(other, "editions-en")
    second.close()
    assert draft_get(market.draft_hash, day_of(NOW)).state == "announced"


def test_a_sample_is_confirmed_from_the_decision_that_waits(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """The banner leads to the sample; once it is confirmed, the banner is gone."""
    address, _ = served
    decision = waiting_raise()
    _sign_in(page, address, "finance")
    page.goto(f"{address}/decisions/{decision.id}/")
    _picture(page, "decision-waits-zh", whole=False)
    page.click(".sample-banner a")
    page.wait_for_selector(".sample >> text=销售档")
    _picture(page, "samples-zh")
    page.fill(".sample [name=note]", "已核对资费表")
    page.click(".sample button[value=confirm]")
    page.wait_for_selector(".alert-success")
    page.goto(f"{address}/decisions/{decision.id}/")
    page.wait_for_selector("#trace")
    assert page.locator(".sample-banner").count() == 0


def test_a_what_if_runs_beside_the_page(
    page: "Page", served: tuple[str, SeededMarket], complaints: list[str]
) -> None:
    """It is started, watched, and its report shows charts and two explanations side by side."""
    address, market = served
    _sign_in(page, address, "auditor")
    page.goto(f"{address}/what-if/?draft={market.draft_hash}")
    page.fill("#first", "2025-08")
    page.fill("#last", "2025-10")
    page.click("form.whatif-form button")
    page.wait_for_selector("text=将会发生的变化")
    page.wait_for_selector(".counter")
    for chart in page.locator("[data-chart]").all():
        chart.locator("canvas").first.wait_for()
    assert page.locator("[data-chart] canvas").count() >= 1
    page.click(".top-subject summary >> nth=0")
    assert page.locator(".whatif-side").first.is_visible()
    _picture(page, "whatif-zh")
    page.click(".languages button[value=en]")
    page.wait_for_selector("text=would change")
    _picture(page, "whatif-en")

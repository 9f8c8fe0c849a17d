"""A finance person's path through one deposit, in a real browser."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from earnest.cases.filing import case_get
from earnest.cases.queries import decisions_of_case
from earnest.ledger.queries import seal_head
from tests.console import deposit_story
from tests.console.market import PASSWORD, TENANT, seed
from tests.console.test_browser import PICTURES, WIDTHS_OVER

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints(page: "Page") -> Iterator[list[str]]:
    """Collect what the browser complains of; there must be nothing but refused forms."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda said: (
            heard.append(said.text) if said.type == "error" and "422" not in said.text else None
        ),
    )
    yield heard
    assert heard == []


def _sign_in(page: "Page", address: str, name: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click(".sign-in button[type=submit]")
    page.wait_for_selector(".who")


@pytest.mark.clause("S3-4.1", "S3-6.2x")
def test_from_a_deduction_to_the_refund(
    page: "Page", live_server: Any, complaints: list[str]
) -> None:
    """Finance files by keyboard, sees the sum first, follows the life and takes the export home."""
    PICTURES.mkdir(exist_ok=True)
    seed()
    deposit_story.topped_up()
    address = live_server.url
    _sign_in(page, address, "finance")
    page.goto(f"{address}/shops/S1/")
    page.click(".more summary")
    page.click(".more a[href$='/file/deduction_amount/']")
    page.click("button[value=file]")
    page.wait_for_selector("#deduction_amount-amount_due-problem")
    page.select_option("#deduction_amount-ground", "unfit_goods")
    page.fill("#deduction_amount-breached_on", "2025-11-20")
    page.fill("#deduction_amount-amount_due", "40,000.00")
    page.check("#deduction_amount-advances")
    page.fill("#deduction_amount-note", "投诉成立")
    page.press("#deduction_amount-amount_due", "Enter")
    page.wait_for_selector(".preview >> text=30,000.00")
    page.screenshot(path=PICTURES / "console-case-preview-zh.png", full_page=True)
    page.click("button[value=file]")
    page.wait_for_url("**/cases/C000001/")
    assert decisions_of_case(case_get(TENANT, "C000001")) == []
    numbers = deposit_story.story_after("C000001")
    page.goto(f"{address}/payouts/{numbers['payout']}/")
    page.wait_for_selector("text=已付清")
    page.goto(f"{address}/shops/S1/")
    page.click("a[href='/deposits/shop/S1/life/']")
    page.wait_for_selector("text=缴存保证金")
    page.screenshot(path=PICTURES / "console-deposit-life-zh.png", full_page=True)
    with page.expect_download() as download:
        page.click("a[href*='life.json']")
    written = json.loads(download.value.path().read_text(encoding="utf-8"))
    head = seal_head(TENANT)
    assert head is not None
    assert (written["seal_head"]["number"], written["seal_head"]["hash"]) == (
        head.number,
        head.hash,
    )
    assert sum(each["amount_fen"] for each in written["books"]["deposit:shop:S1"]) == 0
    page.click(".languages button[value=en]")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for path in ("/finance/", "/shops/S1/", "/deposits/shop/S1/life/", "/cases/C000001/"):
            page.goto(f"{address}{path}")
            assert (width, path, page.evaluate(WIDTHS_OVER)) == (width, path, False)
            name = f"console{path.replace('/', '-')}{width}-en.png"
            page.screenshot(path=PICTURES / name, full_page=True)

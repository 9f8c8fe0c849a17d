"""The page of the monthly adjustment: preview, result, filters, and the download."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from earnest.assessment.adjustment import adjustment_run
from earnest.kernel.calendar import Month
from earnest.market.commands import clock_set
from tests.console.market import TENANT, SeededMarket, settled

SignIn = Callable[..., Client]
NOVEMBER = Month(2025, 11)


@pytest.fixture
def december(market: SeededMarket) -> SeededMarket:
    """Let November be over and settled: nothing was sold in it."""
    clock_set(TENANT, settled(NOVEMBER))
    return market


def _rows(client: Client, address: str) -> list[list[str]]:
    response = client.get(address)
    assert response.status_code == 200
    streamed = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(streamed)))


@pytest.mark.clause("S3-3.1a")
def test_a_month_is_previewed_on_demand_only(december: SeededMarket, signed_in: SignIn) -> None:
    """Without asking nothing is computed; the preview shows S1 going down to 10,000."""
    client = signed_in("finance")
    first = client.get("/adjustment/")
    assert str(first.context["asked"].month) == "2025-11"
    assert "page" not in first.context
    shown = client.get("/adjustment/?month=2025-11&preview=1")
    lines = {line.shop_id: line for line in shown.context["page"].object_list}
    assert (lines["S1"].before_fen, lines["S1"].after_fen) == (3_000_000, 1_000_000)
    assert lines["S1"].outcome == "lower"
    assert "30,000.00" in shown.content.decode()
    assert shown.context["seen"].final


@pytest.mark.clause("S3-3.1a", "S3-3.1c")
def test_the_result_shows_before_and_after(december: SeededMarket, signed_in: SignIn) -> None:
    """After the run the page lists decisions, narrows by outcome, and links to each decision."""
    adjustment_run(TENANT, NOVEMBER, now=settled(NOVEMBER))
    client = signed_in("finance", "en")
    shown = client.get("/adjustment/?month=2025-11")
    text = shown.content.decode()
    (line,) = [each for each in shown.context["page"].object_list if each.shop_id == "S1"]
    assert (line.before_fen, line.after_fen, line.state) == (
        3_000_000, 1_000_000, "in_effect",
    )  # fmt: skip
    assert f"/decisions/{line.decision_id}/" in text
    assert line.notice_id is not None
    assert "Details · Notices" in text
    assert (
        client.get("/adjustment/?month=2025-11&outcome=raise").context["page"].paginator.count == 0
    )
    assert client.get("/adjustment/?month=2025-11&shop=S1").context["page"].paginator.count == 1


def test_the_download_has_what_the_page_shows(december: SeededMarket, signed_in: SignIn) -> None:
    """Preview and result have the same lines, in the reader's language."""
    client = signed_in("finance")
    before = _rows(client, "/adjustment.csv?month=2025-11&preview=1")
    adjustment_run(TENANT, NOVEMBER, now=settled(NOVEMBER))
    after = _rows(client, "/adjustment.csv?month=2025-11")
    assert before[0] == after[0]
    assert before[0][0] == "店铺"
    (line,) = [row for row in after if row[0] == "S1"]
    assert line[3:5] == ["30000.00", "10000.00"]
    assert [row[:2] + row[3:5] for row in before] == [row[:2] + row[3:5] for row in after]


def test_a_merchant_does_not_see_the_others(december: SeededMarket, signed_in: SignIn) -> None:
    """The page and its download are the operator's."""
    client = signed_in("merchant")
    assert client.get("/adjustment/").status_code == 403
    assert client.get("/adjustment.csv").status_code == 403

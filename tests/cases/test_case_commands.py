"""The commands of raises, categories, withdrawals and exits say what the rooms say."""

import json
from datetime import timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from earnest.cli.categories import category
from earnest.cli.exits import exit_
from earnest.cli.raises import raise_
from earnest.cli.withdrawals import withdrawal
from earnest.deposits.models import Raise
from earnest.kernel.calendar import day_of
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.market.openings import category_shut
from earnest.violations.reports import Report, ReportItem, violation_report
from tests.cases.scene import NOW, provider_open, settle, shop_open, tenant_new, verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(settings: Settings) -> str:
    """Give a market whose command line has a clock and a person who may decide."""
    made = tenant_new()
    settings.TENANT = made
    marketplace_open(made, name_zh="市场", name_en="Market")
    clock_set(made, NOW)
    person_add(made, "risk", "long enough 1", role="risk")
    shop_open(made, deposit_fen=2_500_000, required_fen=1_000_000)
    verified(made)
    return made


def _told(group: click.Group, *arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(group, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.output)
    return rows


def test_a_raise_by_the_command_line(tenant: str) -> None:
    """Asked for in yuan, approved, looked at again, listed with its release."""
    (case,) = _told(
        raise_, "ask", "shop:S1", "--ground", "dispute", "--loss", "2000", "--loss", "0.50",
        "--review-on", "2025-12-01", "--reason", "a claim", "--as", "risk",
    )  # fmt: skip
    assert (case["money_fen"], case["approvals_needed"]) == (200_050, 2)
    settle(tenant, case["decision"], NOW)
    (row,) = _told(raise_, "list")
    assert (row["amount_fen"], row["released_on"]) == (200_050, None)
    (kept,) = _told(
        raise_, "review", row["id"], "--stays", "--next-on", "2025-12-24", "--reason", "open",
        "--as", "risk",
    )  # fmt: skip
    assert kept["state"] == "done"
    (over,) = _told(raise_, "review", row["id"], "--ended", "--reason", "settled", "--as", "risk")
    settle(tenant, over["decision"], NOW, persons=1)
    assert Raise.objects.get(tenant_id=tenant).released_on == day_of(NOW)
    assert _told(raise_, "list") == []
    assert len(_told(raise_, "list", "--subject", "shop:S1")) == 1


def test_a_category_by_the_command_line(tenant: str) -> None:
    """Checked, asked for, taken back, opened and closed."""
    gate, amount = _told(category, "check", "S1", "wine")
    assert (gate["holds"], amount["en"]) == ("no", "500000")
    (waits,) = _told(category, "add", "S1", "wine", "--as", "risk")
    assert waits["state"] == "open"
    (row,) = _told(category, "list", "--open")
    assert row["top_up_fen"] == 500_000
    (back,) = _told(category, "withdraw", waits["number"], "--reason", "too dear", "--as", "risk")
    assert back["state"] == "withdrawn"
    assert _told(category, "add", "S1", "food", "--as", "risk")[0]["state"] == "done"
    assert _told(category, "close", "S1", "food", "--as", "risk")[0]["state"] == "done"
    assert len(_told(category, "list")) == 3


def test_a_withdrawal_by_the_command_line(tenant: str) -> None:
    """Every row is printed, and what is asked for waits for two persons."""
    category_shut(tenant, "S1", "apparel", day_of(NOW))
    rows = _told(withdrawal, "check", "S1")
    assert [row["condition"] for row in rows] == [
        "category_closed", "no_special_sales", "excess", "account_verified", "amount_fen",
    ]  # fmt: skip
    assert rows[-1]["en"] == "1500000"
    (case,) = _told(withdrawal, "ask", "S1", "--amount", "10000", "--as", "risk")
    assert (case["money_fen"], case["decision_state"]) == (1_000_000, "waiting")
    assert _told(withdrawal, "list", "--open") == [case]


def test_an_exit_by_the_command_line(tenant: str) -> None:
    """Asked for, told what no data tells, checked on its day, and taken back."""
    (case,) = _told(exit_, "ask", "S1", "--reason", "we leave", "--as", "risk")
    number = case["number"]
    clock_set(tenant, NOW + timedelta(days=30))
    red = [row["condition"] for row in _told(exit_, "check", "S1") if row["holds"] == "no"]
    assert red == [
        "nothing_on_sale", "orders_complete", "quiet_since_last", "no_disputes", "amount_fen",
    ]  # fmt: skip
    _told(
        exit_, "tell", number, "--goods-on-sale", "0", "--orders-open", "0",
        "--last-completed-on", "2025-08-01", "--disputes-open", "0", "--note", "seen",
        "--as", "risk",
    )  # fmt: skip
    assert all(row["holds"] == "yes" for row in _told(exit_, "check", "S1"))
    (back,) = _told(exit_, "withdraw", number, "--reason", "we stay", "--as", "risk")
    assert back["state"] == "withdrawn"
    assert len(_told(exit_, "list")) == 1
    assert _told(exit_, "list", "--open") == []


def test_a_providers_exit_by_the_command_line(tenant: str) -> None:
    """Checked first, then asked for; afterwards a violation under review is a red row here too."""
    verified(tenant, provider_open(tenant, deposit_fen=1_000_000))
    given = ("provider", "P1", "--on-sale", "0", "--running", "0", "--as", "risk")
    assert _told(exit_, *given)[-1]["en"] == "1000000"
    (case,) = _told(exit_, *given, "--ask")
    assert (case["outcome"], case["decision_state"]) == ("refund_and_leave", "waiting")
    item = ReportItem("slack_service", "", day_of(NOW), {})
    violation_report(tenant, Report(("provider", "P1"), "complaint", [item], "feed"), NOW)
    red = [row["condition"] for row in _told(exit_, *given) if row["holds"] == "no"]
    assert red == ["nothing_claimed", "amount_fen"]

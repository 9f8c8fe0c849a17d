"""``earnest charging`` says what the room says."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from earnest.charging.review import CHECKS
from earnest.cli.charging import charging
from earnest.kernel.errors import BadInput
from earnest.market.commands import clock_set, marketplace_open, person_add
from tests.charging.scene import NOW, charged, draft_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(tenant: str, settings: Settings) -> str:
    """Give a market whose command line has a clock and persons who may decide."""
    settings.TENANT = tenant
    marketplace_open(tenant, name_zh="市场", name_en="Market")
    clock_set(tenant, NOW)
    for name, role in (("risk", "risk"), ("finance", "finance"), ("service", "service")):
        person_add(tenant, name, "long enough 1", role=role)
    return tenant


def _told(group: click.Group, *arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(group, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_a_plan_by_the_command_line(market: str, tmp_path: Path) -> None:
    """Filed from a file, reviewed, settled, charged otherwise, compared, and taken back."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**draft_of().columns(), "wanted_on": "2025-09-05"}))
    (plan,) = _told(charging, "file", "P1", str(path), "--as", "seller")
    assert (plan["number"], plan["standing"], plan["ball"]) == ("F000001", "filed", "reviewer")
    checks = [word for name in CHECKS for word in ("--check", name)]
    (plan,) = _told(charging, "review", "F000001", "approve", *checks, "--as", "service")
    assert plan["ball"] == "second_person"
    (plan,) = _told(charging, "settle", "F000001", "--agree", "--as", "risk")
    assert (plan["standing"], plan["effective_on"]) == ("in_force", "2025-09-05")
    charged(market, "SO1", unit_price_fen=1)
    (row,) = _told(charging, "differences", "--look")
    assert (row["kind"], row["charges"], row["paid_fen"]) == ("other_price", 1, 9_900)
    (plan,) = _told(charging, "withdraw", "F000001", "--reason", "over", "--as", "seller")
    assert plan["ended_on"] == "2025-09-06"
    assert _told(charging, "list", "--state", "withdrawn")[0]["number"] == "F000001"


def test_offers_base_functions_and_a_wrong_file(market: str, tmp_path: Path) -> None:
    """An offer that differs is told; a base function is listed; a file that is none is refused."""
    common = ("P1", "A", "c", "--as", "service", "--wording")
    (first,) = _told(charging, "offer", *common, "免费", "--side", "kuaishou", "--price", "0")
    (second,) = _told(charging, "offer", *common, "免费", "--side", "1688", "--price", "9.90")
    assert (first["differences"], second["differences"]) == ([], ["free_here_charged_there"])
    (base,) = _told(charging, "base", "c", "--name", "基础", "--as", "risk")
    assert (base["provider"], base["from_on"]) == ("*", "2025-09-05")
    path = tmp_path / "plan.json"
    path.write_text("[]")
    with pytest.raises(BadInput, match="plan_file_wrong"):
        _told(charging, "file", "P1", str(path), "--as", "seller")

"""``earnest goods`` says what the room says."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from earnest.cli.catalogue import goods
from earnest.market.commands import clock_set, marketplace_open, person_add
from tests.catalogue.scene import NOW, sold

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(tenant: str, settings: Settings) -> str:
    """Give a market whose command line has a clock, with goods that were sold."""
    settings.TENANT = tenant
    marketplace_open(tenant, name_zh="市场", name_en="Market")
    clock_set(tenant, NOW)
    person_add(tenant, "service", "long enough 1", role="service")
    sold(tenant, [{"order": "O1", "item": "I1"}, {"order": "O2", "item": "B", "refund": "quality"}])
    return tenant


def _told(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(goods, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_goods_by_the_command_line(market: str, tmp_path: Path) -> None:
    """Failing goods, a notice and its confirmation, figures, a screen and a finding."""
    (bad,) = _told("failing", "--provider", "P1")
    assert (bad["item"], bad["quality"], bad["few"]) == ("B", 1, True)
    (told,) = _told("tell", "P1", "B", "I1", "--reason", "quality_refund", "--as", "service")
    assert (told["number"], told["due_on"], told["goods"]) == ("G000001", "2025-09-27", 2)
    proof = tmp_path / "proof.txt"
    proof.write_text("off")
    (off,) = _told("down", "G000001", "B", "--proof", str(proof), "--as", "seller")
    assert off == {"item": "B", "off_on": "2025-09-25"}
    (row,) = _told("notices", "--provider", "P1")
    assert (row["goods"], row["off"], row["late"], row["state"]) == (2, 1, 0, "open")
    figures = _told("figures", "--month", "2025-09")
    assert [(each["figure"], each["counted"], each["out_of"]) for each in figures] == [
        ("takedowns", 1, 1), ("e_waybill", 2, 2),
    ]  # fmt: skip
    assert [each["marked"] for each in _told("screen", "拼多多同款")] == ["拼多多"]
    (found,) = _told(
        "finding", "P1", "parcel", "W1", "foreign_marks", "--on", "2025-09-20", "--note", "标识",
        "--as", "service",
    )  # fmt: skip
    assert (found["clause"], found["new"]) == ("S0-2.1-qual3b", True)
    assert _told("look")[0]["overdue"] == 0


def test_a_sample_by_the_command_line(market: str, tmp_path: Path) -> None:
    """Planned, replayed, brought to the lab, found, disputed and withdrawn."""
    report = tmp_path / "report.txt"
    report.write_text("lab")
    (sample,) = _told("plan", "P1", "--seed", "s", "--as", "service")
    assert (sample["sampling"], sample["state"]) == ("Q000001", "chosen")
    assert _told("samplings", "Q000001", "--replay")[0]["item"] == sample["item"]
    assert _told("samplings")[0]["eligible"] == 2
    step = ("sample", "Q000001", "1")
    _told(*step, "take", "--as", "service")
    _told(*step, "send", "--lab", "国家质检中心", "--as", "service")
    (found,) = _told(
        *step, "result", "--result", "labels", "--report", str(report), "--retest-until",
        "2025-10-02", "--as", "service",
    )  # fmt: skip
    assert (found["state"], found["result"], found["retest_until"]) == (
        "found", "labels", "2025-10-02",
    )  # fmt: skip
    _told(*step, "retest", "--note", "批次不符", "--as", "seller")
    (over,) = _told(*step, "settle", "--report", str(report), "--as", "service")
    assert over["state"] == "withdrawn"
    sold(market, [{"order": "L1", "item": "LATE", "day": "2025-09-01"}])
    result = CliRunner().invoke(goods, ["samplings", "Q000001", "--replay"])
    assert result.exit_code == 1

"""``earnest violation`` where it protects: put in force, listed, shown and ended."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from earnest.cli.violations import violation as group
from earnest.market.commands import clock_set, marketplace_open
from earnest.violations.queue import violation_claim
from tests.cases.scene import NOW
from tests.violations.scene import RISK, SERVICE, item, market, person, reported

pytestmark = pytest.mark.django_db


def _told(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(group, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_goods_are_protected_and_freed_by_the_command_line(settings: Settings) -> None:
    """The holder hides the goods until a day; any reviewer ends it; the lists say so."""
    tenant = market()
    settings.TENANT = tenant
    marketplace_open(tenant, name_zh="市场", name_en="Market")
    clock_set(tenant, NOW)
    number = reported(tenant, item("not_as_described", item_id="G7")).number
    violation_claim(tenant, number, person(tenant, RISK), NOW)
    protect = ("protect", number, "--measure", "hide_goods", "--reason", "unlike its picture")
    (row,) = _told(*protect, "--as", person(tenant, RISK))
    assert (row["state"], row["last_on"], row["item"]) == ("in_force", "2025-09-12", 1)
    assert [each["number"] for each in _told("protections")] == [number]
    shown = {each["what"]: each for each in _told("show", number)}
    assert (shown["protection 1"]["kind"], shown["protection 1"]["state"]) == (
        "hide_goods", "in_force",
    )  # fmt: skip
    (row,) = _told("lift", number, "--reason", "seen", "--as", person(tenant, SERVICE))
    assert row["state"] == "ended"
    assert _told("protections") == []

"""The life of a deposit on the command line."""

import json

import pytest
from click.testing import CliRunner
from django.conf import settings

from earnest.cli.deposits import deposits
from earnest.market.commands import clock_set, marketplace_open
from tests.api.conftest import NOW
from tests.api.test_shop_deposit import deposit_paid, requirement_decided


@pytest.mark.django_db
def test_a_life_is_listed_and_written_whole() -> None:
    """The payment and the requirement stand in the list; the whole file carries their proofs."""
    tenant_id = str(settings.TENANT)
    marketplace_open(tenant_id, name_zh="测试市场", name_en="Test market")
    clock_set(tenant_id, NOW)
    deposit_paid(tenant_id, 1_000_000)
    requirement_decided(tenant_id, 0)
    runner = CliRunner()
    listed = runner.invoke(deposits, ["life", "shop:S1", "--format", "json"])
    rows = json.loads(listed.output)
    assert [row["kind"] for row in rows] == ["movement", "decision", "requirement"]
    assert (rows[-1]["free_fen"], rows[-1]["required_fen"]) == (1_000_000, 1_000_000)
    only = runner.invoke(deposits, ["life", "shop:S1", "--kind", "movement", "--format", "csv"])
    assert len(only.output.splitlines()) == 2
    whole = json.loads(runner.invoke(deposits, ["life", "shop:S1", "--whole"]).output)
    assert len(whole["decisions"]) == len(whole["requirements"]) == 1
    assert runner.invoke(deposits, ["--subject", "shop:S1"]).exit_code == 0

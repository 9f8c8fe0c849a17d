"""``earnest payouts``: what people do and see on the command line."""

import json
import os
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from django.conf import settings as django_settings

from earnest.cli.payouts import payouts, rails_configured
from earnest.kernel.errors import BadInput, RuleRefused
from earnest.market.commands import person_add
from earnest.payouts.commands import payout_request
from tests.payouts.scene import ENTITY, IDENTITY, NOW, market_open, seals, wanted

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(monkeypatch) -> str:
    """Return the command line's own market, with two persons who decide."""
    for name in [name for name in os.environ if name.startswith("EARNEST_ALIPAY_")]:
        monkeypatch.delenv(name)
    tenant = market_open(django_settings.TENANT)
    for name in ("fin", "lead"):
        person_add(tenant, name, uuid4().hex, role="finance", subject=("", ""))
    return tenant


def _said(*words: str) -> Result:
    result = CliRunner().invoke(payouts, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def _rows(*words: str) -> list[dict[str, object]]:
    return json.loads(_said(*words, "--format", "json").stdout)


def test_a_bank_transfer_from_the_command_line(tenant):
    """Verify the account, carry it out, say so twice: the payout is paid and nothing is owed."""
    _said(
        "verify-payee", "shop:S0001", "--rail", "bank", "--identity", IDENTITY,
        "--name", ENTITY, "--by", "fin",
    )  # fmt: skip
    payout = payout_request(tenant, wanted(), NOW)
    assert "not configured" in _said("advance").stderr
    (owed,) = _rows("list", "--owed")
    assert (owed["number"], owed["attention"]) == (payout.number, "by_hand")
    (part,) = _rows("show", payout.number)
    assert (part["state"], part["payee_name"]) == ("submitted", ENTITY)
    for person, says in (("fin", "second person"), ("lead", "booked")):
        said = _said("paid-by-hand", part["business_no"], "--receipt", "R-1", "--by", person)
        assert says in said.stderr
    assert [row["state"] for row in _rows("list", "--state", "paid")] == ["paid"]
    assert _rows("list", "--owed") == []
    attempts = _rows("show", payout.number, "--attempts")
    assert [row["outcome"] for row in attempts] == ["said", "succeeded"]


def test_a_wrong_name_is_told(tenant):
    """The command ends with the rule's own words."""
    with pytest.raises(RuleRefused, match="payee_name_differs"):
        _said("verify-payee", "shop:S0001", "--identity", IDENTITY, "--name", "张三", "--by", "fin")


def test_rails_are_those_that_the_environment_configures(tenant, tmp_path):
    """Nothing said: no rail. Half of it: what is missing is named. All of it: both rails."""
    assert rails_configured({}) == {}
    with pytest.raises(BadInput, match="alipay_not_configured"):
        rails_configured({"EARNEST_ALIPAY_APP_ID": "1"})
    environment = {"EARNEST_ALIPAY_APP_ID": "1", "EARNEST_ALIPAY_SELLER_ID": "2"}
    for name, content in seals().files().items():
        (tmp_path / name).write_bytes(content)
        environment[f"EARNEST_ALIPAY_{name.upper()}"] = str(tmp_path / name)
    assert set(rails_configured(environment)) == {"alipay_transfer", "alipay_trade"}

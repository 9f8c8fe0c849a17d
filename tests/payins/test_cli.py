"""Cash in on the command line: orders, receipts and the daily comparison."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from django.conf import settings as django_settings

from earnest.cli.payins import payin, receipts
from earnest.cli.reconcile import reconcile
from earnest.kernel.errors import NotAllowed
from earnest.market.commands import clock_set, person_add
from tests.payins.scene import ENTITY, Scene

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 9, 9, 2, tzinfo=UTC)
SHEET = (
    "回单编号,交易时间,贷方发生额,对方户名,对方账号,附言\n"
    f"B1,2025-09-08 09:30:00,20000.00,{ENTITY},6222,保证金 S0001\n"
    "B2,2025-09-08 09:40:00,五元,王五,,\n"
)
STATEMENT = (
    "交易流水号,交易时间,借方发生额,贷方发生额,摘要\n"
    "B1,2025-09-08 09:30:00,,20000.00,保证金\n"
    "X9,2025-09-08 10:30:00,,1.00,不明\n"
)


@pytest.fixture(autouse=True)
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Open the command line's own market with two persons who decide and one who does not."""
    for name in [name for name in os.environ if name.startswith("EARNEST_ALIPAY_")]:
        monkeypatch.delenv(name)
    scene = Scene(str(django_settings.TENANT)).open()
    clock_set(scene.tenant, NOW)
    for name, role in (("fin", "finance"), ("lead", "admin"), ("guest", "auditor")):
        person_add(scene.tenant, name, "a-long-password", role=role)
    return scene


def _said(group: click.Group, *words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(group, words, catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result


def _rows(group: click.Group, *words: str, status: int = 0) -> list[dict[str, object]]:
    said = _said(group, *words, "--format", "json", status=status)
    rows: list[dict[str, object]] = json.loads(said.stdout)
    return rows


def test_an_order_is_opened_completed_in_the_sandbox_and_listed(scene: Scene) -> None:
    """1,000 yuan of a provider cost 1,010; the deposit gets 1,000; the sandbox is marked."""
    (opened,) = _rows(payin, "order", "provider:P0001", "1000", "--key", "k")
    assert (opened["amount_fen"], opened["fee_fen"], opened["total_fen"]) == (
        100_000,
        1_000,
        101_000,
    )
    assert opened["sandbox"] == "yes"
    (paid,) = _rows(payin, "paid", str(opened["number"]))
    assert (paid["outcome"], paid["state"]) == ("booked (sandbox)", "paid")
    assert scene.deposit(("provider", "P0001")) == 100_000
    assert len(_rows(payin, "list", "--state", "paid")) == 1
    assert _rows(payin, "list", "--subject", "shop:S0001") == []
    _said(payin, "order", "shop:S0001", "1.234", status=2)


def test_receipts_are_imported_suggested_matched_and_undone(scene: Scene, tmp_path: Path) -> None:
    """Status 1 tells of the row at fault; the good row is matched by what is suggested."""
    path = tmp_path / "bank.csv"
    path.write_bytes(SHEET.encode("gbk"))
    (bad,) = _rows(receipts, "import", str(path), "--by", "fin", status=1)
    assert (bad["code"], bad["where"]) == ("not_an_amount", "3: amount")
    (suggested,) = _rows(receipts, "suggest", "B1")
    assert suggested["subject"] == "shop:S0001"
    assert suggested["reasons"] == f"certified_name {ENTITY}; memo S0001"
    (matched,) = _rows(receipts, "match", "B1", "shop:S0001", "--by", "fin")
    assert (matched["state"], scene.deposit()) == ("matched", 2_000_000)
    _said(receipts, "unmatch", "B1", "--note", "wrong", "--by", "lead")
    _said(receipts, "return", "B1", "--note", "paid twice", "--by", "fin")
    (back,) = _rows(receipts, "return", "B1", "--note", "yes", "--by", "lead")
    assert (back["state"], back["payout"]) == ("returned", "P000001")
    assert [row["state"] for row in _rows(receipts, "list")] == ["returned"]


def test_only_a_person_who_decides_handles_cash(tmp_path: Path) -> None:
    """An auditor's name is refused."""
    path = tmp_path / "bank.csv"
    path.write_text(SHEET)
    with pytest.raises(NotAllowed):
        _said(receipts, "import", str(path), "--by", "guest")


def test_a_day_is_compared_and_its_difference_explained(tmp_path: Path) -> None:
    """The unknown line is open with an action; explained by a person, the day passes."""
    bank, told = tmp_path / "bank.csv", tmp_path / "told.csv"
    bank.write_text(SHEET)
    told.write_text(STATEMENT)
    _said(receipts, "import", str(bank), "--by", "fin", status=1)
    day = ("--day", "2025-09-08")
    _said(reconcile, "import", "bank", str(told), *day, "--by", "fin")
    (opened,) = _rows(reconcile, "run", "bank", *day, status=1)
    assert (opened["institution_no"], opened["outcome"], opened["difference_fen"]) == (
        "X9",
        "only_institution",
        100,
    )
    assert "import its receipt" in str(opened["action_en"])
    _said(reconcile, "assign", str(opened["id"]), "--owner", "li", "--by", "fin")
    _said(reconcile, "explain", str(opened["id"]), "--reason", "bank's interest", "--by", "lead")
    shown = _rows(reconcile, "report", "bank", *day)
    assert {row["institution_no"]: row["state"] for row in shown} == {
        "B1": "settled",
        "X9": "explained",
    }
    assert "difference_fen" in _said(reconcile, "report", "bank", *day, "--format", "csv").stdout

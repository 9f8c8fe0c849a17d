"""``earnest deduction``, ``hold``, ``claims`` and ``recoveries`` as a person types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.conf import settings as project

from earnest.cli.claims import claims, recoveries
from earnest.cli.decisions import settle
from earnest.cli.deductions import deduction
from earnest.cli.holds import hold
from earnest.deposits.accounts import platform_accounts_open
from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.ledger.models import LedgerTransfer
from earnest.market.commands import clock_set, marketplace_open, person_add
from earnest.payins.models import CashReceipt
from earnest.rulebooks.commands import value_confirm
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.cases.scene import NOW, shop_open
from tests.cases.shop_scene import CONFIRMED

TENANT = str(project.TENANT)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market(db: None, settings: Any) -> None:
    """Open the marketplace of the command line with a shop, its deposit and its people."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    marketplace_open(TENANT, name_zh="测试", name_en="Test")
    clock_set(TENANT, NOW)
    for name in ("risk", "finance", "admin", "service"):
        person_add(TENANT, name, "long enough to be one", role=name)
    platform_accounts_open(TENANT, NOW)
    shop_open(TENANT, deposit_fen=1_000_000)
    for name in CONFIRMED:
        value_confirm(
            TENANT, rulebook=SHOP_DEPOSIT, element=name, confirmed_by="risk", note="ours", now=NOW
        )


def _said(command: Any, *words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, [*words, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    read: list[dict[str, Any]] = json.loads(result.stdout)
    return read


def _file(folder: Path, content: object) -> str:
    path = folder / "given.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def _filed(*words: str) -> list[dict[str, Any]]:
    given = ("--ground", "unfit_goods", "--breached-on", "2025-09-01", "--as", "risk")
    return _said(deduction, "file", "shop:S1", *given, *words)


def _approved(decision: str, *persons: str) -> None:
    for person in persons:
        _said(settle, decision, "approve", "--as", person, "--reason", "seen")


def test_a_deduction_from_file_to_claim(tmp_path: Path) -> None:
    """Filed with its fakes, reviewed, approved twice, taken, the rest owed: each row says it."""
    fakes = _file(tmp_path, [{"paid_fen": 140_000, "ordered_on": "2025-08-20"}])
    (filed,) = _filed("--fakes", fakes, "--advance")
    assert (filed["state"], filed["amount_fen"]) == ("filed", 1_400_000)
    number = filed["number"]
    said = ("--as", "finance", "--note", "two samples tested")
    (waiting,) = _said(deduction, "review", number, "confirm", *said)
    assert waiting["state"] == "waiting"
    _approved(waiting["decision"], "finance", "admin")
    (done,) = _said(deduction, "list", "--subject", "shop:S1", "--state", "settled")
    assert (done["rest_fen"], done["beneficiary"]) == (0, "consumer")
    steps = [(row["source"], row["amount_fen"]) for row in _said(deduction, "show", number)]
    assert steps == [("deposit", 1_000_000), ("advance", 400_000), ("rest (settled)", 0)]
    (owed,) = _said(claims)
    assert (owed["owed_fen"], owed["origin"], owed["period"], owed["days"]) == (
        400_000, "recovery", number, 0,
    )  # fmt: skip
    (aged,) = _said(claims, "--ageing", "--on", "2025-10-06")
    assert (aged["to_30_days_fen"], aged["to_60_days_fen"]) == (0, 400_000)
    (recovered,) = _said(recoveries)
    assert (recovered["number"], recovered["state"]) == (number, "settled")


@pytest.mark.clause("S3-5.3a")
def test_a_deduction_without_advance_is_paid_in_part_and_stopped() -> None:
    """The merchant pays a part itself, one receipt once; the rest is open until it is stopped."""
    (filed,) = _filed("--amount", "14000", "--note", "judgment")
    number = filed["number"]
    said = ("--as", "finance", "--note", "as filed")
    (waiting,) = _said(deduction, "review", number, "confirm", *said)
    _approved(waiting["decision"], "finance", "admin")
    (still,) = _said(recoveries, "--state", "open")
    assert (still["rest_fen"], still["tries"]) == (400_000, 1)
    assert still["next_try_at"].startswith("2025-09-05T16:00")
    receipt = ("--amount", "1000", "--rail", "bank", "--receipt", "B77", "--as", "finance")
    (paid,) = _said(deduction, "paid", number, *receipt, "--on", "2025-09-04")
    assert (paid["for_recovery_fen"], paid["rest_fen"]) == (100_000, 300_000)
    with pytest.raises(Conflict, match="receipt_booked"):
        _said(deduction, "paid", number, *receipt)
    with pytest.raises(BadInput, match="receipt_wrong"):
        _said(deduction, "paid", number, *receipt, "--receipt", " ")
    row = CashReceipt.objects.get(tenant_id=TENANT, receipt_no="B77")
    booked = LedgerTransfer.objects.get(tenant_id=TENANT, id=row.transfer_id)
    assert (booked.amount_fen, row.amount_fen, row.source) == (100_000, 100_000, "case")
    (stopped,) = _said(deduction, "stop", number, *said)
    assert (stopped["state"], stopped["rest_fen"]) == ("stopped", 300_000)
    assert _said(recoveries, "--state", "open") == []


def test_a_bad_row_of_a_file_is_named(tmp_path: Path) -> None:
    """File, row and field stand in the error; a file that is no JSON says where it breaks."""
    rows = _file(tmp_path, [{"paid_fen": 1, "failure": "late_shipping"}, {"paid_fen": 1}])
    with pytest.raises(BadInput, match=r"given\.json: row 2, failure"):
        _filed("--orders", rows)
    with pytest.raises(BadInput, match="line 1, column 2"):
        _filed("--orders", _file(tmp_path, "["))
    result = CliRunner().invoke(
        deduction,
        ["file", "shop:S1", "--ground", "unfit_goods", "--breached-on", "2025-09-01",
         "--as", "risk", "--amount", "1", "--orders", rows],
    )  # fmt: skip
    assert result.exit_code == 2
    assert "one of --orders" in result.output


def test_only_who_may_decide_files_and_reviews() -> None:
    """A person whose role may not decide is refused by name."""
    with pytest.raises(NotAllowed, match="not_a_decider"):
        _said(
            deduction, "file", "shop:S1", "--ground", "unfit_goods", "--breached-on",
            "2025-09-01", "--as", "service", "--amount", "1", "--note", "x",
        )  # fmt: skip


def test_a_hold_from_asking_to_its_settlement() -> None:
    """Asked, approved, reviewed, settled: 10,000 held, 4,000 lost, 6,000 free again."""
    asked = ("--reason", "court case", "--owner", "finance", "--review-on", "2025-10-01")
    (waiting,) = _said(hold, "ask", "shop:S1", *asked, "--as", "risk")
    assert (waiting["state"], waiting["remaining_fen"]) == ("waiting", 0)
    _approved(waiting["decision"], "finance")
    number = waiting["number"]
    looked = ("--owner", "admin", "--next-on", "2025-10-05", "--note", "no news", "--as", "finance")
    (held,) = _said(hold, "review", number, "--estimate", "5000", *looked)
    assert (held["state"], held["remaining_fen"], held["estimate_fen"]) == (
        "held", 1_000_000, 500_000,
    )  # fmt: skip
    assert (held["owner"], held["review_on"]) == ("admin", "2025-10-05")
    assert len(_said(hold, "list", "--open")) == 1
    settling = ("--loss", "4000", "--for", "platform", "--note", "judgment", "--as", "risk")
    (settling_row,) = _said(hold, "settle", number, *settling)
    _approved(settling_row["decision"], "finance", "admin")
    (row,) = _said(hold, "list", "--subject", "shop:S1")
    assert (row["state"], row["placed_fen"], row["remaining_fen"]) == ("settled", 1_000_000, 0)
    assert _said(hold, "list", "--open") == []


def test_a_hold_is_released() -> None:
    """Without a loss one approval gives it back."""
    asked = ("--reason", "court case", "--owner", "finance", "--review-on", "2025-10-01")
    (waiting,) = _said(hold, "ask", "shop:S1", *asked, "--estimate", "100.50", "--as", "risk")
    _approved(waiting["decision"], "finance")
    (asked_row,) = _said(hold, "release", waiting["number"], "--note", "withdrawn", "--as", "risk")
    assert (asked_row["state"], asked_row["remaining_fen"]) == ("settling", 10_050)
    _approved(asked_row["decision"], "finance")
    (row,) = _said(hold, "list")
    assert row["state"] == "released"

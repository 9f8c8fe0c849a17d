"""The pages about cash in: paying online, bank transfers, the daily reconciliation."""

import os
import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from earnest.ledger.queries import balances_of
from earnest.market.models import Shop
from earnest.payins.models import BankReceipt, PayOrder
from earnest.reconciliation.models import Item
from tests.console.market import TENANT, SeededMarket

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
SHEET = (
    "回单编号,交易时间,贷方发生额,对方户名,对方账号,附言\n"
    "B1,2025-11-19 09:30:00,20000.00,晨光商贸,6222,保证金 S1\n"
    "B2,2025-11-19 09:40:00,五元,王五,,\n"
)
STATEMENT = (
    "交易流水号,交易时间,借方发生额,贷方发生额,余额,摘要\n"
    "B1,2025-11-19 09:30:00,,20000.00,20000.00,保证金\n"
    "X9,2025-11-19 10:30:00,,1.00,20001.00,<b>不明</b>\n"
)
PAY = {"pay_amount": "20000", "pay_purpose": "deposit", "pay_rail": "alipay_trade"}


@pytest.fixture(autouse=True)
def _no_institution(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EARNEST_ALIPAY_")]:
        monkeypatch.delenv(name)


def _deposit(code: str = "deposit:shop:S1") -> int:
    return balances_of(TENANT, [code])[code].posted_fen


def _file(content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("sheet.csv", content.encode("gbk"), "text/csv")


def _page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


@pytest.mark.clause("S3-2.1a", "S3-1.2")
def test_a_merchant_sees_the_cost_with_its_computation_and_pays(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """Shortage, amount, fee, total and their clauses first; then the order, paid, its receipt."""
    merchant, before = signed_in("merchant"), _deposit()
    shown = _page(merchant, "/pay/shop/S1/")
    assert 'value="20000.00"' in shown  # what is missing stands in the form
    quoted = merchant.post("/pay/shop/S1/", PAY | {"said": "quote"}).content.decode()
    assert "实付合计" in quoted
    assert "保证金不计利息" in quoted
    assert "channel_fee" in quoted  # the computation
    answer = merchant.post("/pay/shop/S1/", PAY | {"said": "order"})
    order = PayOrder.objects.get(tenant_id=TENANT)
    assert answer["Location"] == f"/pay-orders/{order.number}/"
    assert "模拟付款" in _page(merchant, f"/pay-orders/{order.number}/")
    merchant.post(f"/pay-orders/{order.number}/sandbox/")
    paid = _page(merchant, f"/pay-orders/{order.number}/")
    assert f"SANDBOX{order.number}" in paid
    assert _deposit() == before + 2_000_000


def test_a_party_sees_its_own_pay_page_only_and_an_operator_does_not_pay(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """Another's page does not exist; an operator may look at the cost and not order."""
    merchant, finance = signed_in("merchant"), signed_in("finance")
    _page(merchant, "/pay/shop/S2/", 404)
    assert finance.post("/pay/shop/S1/", PAY | {"said": "order"}).status_code == 403
    assert not PayOrder.objects.exists()
    merchant.post("/pay/shop/S1/", PAY | {"said": "order"})
    number = PayOrder.objects.get(tenant_id=TENANT).number
    _page(signed_in("provider"), f"/pay-orders/{number}/", 404)
    assert finance.post(f"/pay-orders/{number}/sandbox/").status_code == 403
    assert merchant.get("/receipts/").status_code == 403
    assert merchant.get("/reconciliation/").status_code == 403


@pytest.mark.parametrize("changes", [{"pay_amount": "x"}, {"pay_amount": "0"}, {"pay_rail": "y"}])
def test_what_is_wrong_is_said_at_the_field(
    changes: dict[str, str], market: SeededMarket, signed_in: SignIn
) -> None:
    """No amount that can be read, nothing to pay, an unknown way: 422 and a sentence."""
    answer = signed_in("merchant").post("/pay/shop/S1/", PAY | changes | {"said": "quote"})
    assert answer.status_code == 422
    assert 'class="field-problem"' in answer.content.decode()


def test_a_bank_transfer_is_taken_in_matched_undone_and_sent_back(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """A finance person's whole way, with the bad row told, two persons for the return."""
    Shop.objects.filter(tenant_id=TENANT, shop_id="S1").update(entity_name="晨光商贸")
    finance, admin, before = signed_in("finance"), signed_in("admin"), _deposit()
    listed = finance.post("/receipts/", {"file": _file(SHEET)}).content.decode()
    assert "3: amount" in listed
    receipt = BankReceipt.objects.get(tenant_id=TENANT)
    address = f"/receipts/{receipt.id}/"
    assert "付款人即认证主体" in _page(finance, address)
    match = {"match_kind": "shop", "match_id": "S1", "pay_purpose": "deposit"}
    assert finance.post(f"{address}match/", match).status_code == 302
    assert _deposit() == before + 2_000_000
    assert finance.post(f"{address}unmatch/", {"note": ""}).status_code == 422
    finance.post(f"{address}unmatch/", {"note": "wrong"})
    unknown = finance.post(f"{address}match/", match | {"match_id": "S99"})
    assert (unknown.status_code, _deposit()) == (422, before)
    other = finance.post(f"{address}match/", match | {"match_id": "S2"}).content.decode()
    assert 'id="match-match_note-problem"' in other
    finance.post(f"{address}return/", {"note": "paid twice"})
    assert finance.post(f"{address}return/", {"note": "me again"}).status_code == 422
    admin.post(f"{address}return/", {"note": "yes"})
    receipt.refresh_from_db()
    assert (receipt.state, receipt.payout_number) == ("returned", "P000001")
    assert "P000001" in _page(finance, address)


def test_a_statement_is_compared_and_a_difference_explained(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """The report shows totals, what is open and what to do; a reason closes it; CSV is plain."""
    finance = signed_in("finance")
    finance.post("/receipts/", {"file": _file(SHEET)})
    sent = {"rail": "bank", "day": "2025-11-19", "file": _file(STATEMENT)}
    answer = finance.post("/reconciliation/", sent)
    assert answer["Location"] == "/reconciliation/bank/2025-11-19/"
    shown = _page(finance, "/reconciliation/bank/2025-11-19/")
    assert "机构有款到账而账上没有" in shown
    assert "<b>不明</b>" not in shown
    item = Item.objects.get(tenant_id=TENANT, state="open")
    address = f"/reconciliation/items/{item.id}/"
    assert finance.post(f"{address}act/", {"said": "explain", "note": ""}).status_code == 422
    finance.post(f"{address}act/", {"said": "assign", "owner": "li", "note": "asked"})
    finance.post(f"{address}act/", {"said": "explain", "note": "bank's interest"})
    assert "bank&#x27;s interest" in _page(finance, "/reconciliation/bank/2025-11-19/")
    assert finance.post("/reconciliation/bank/2025-11-19/again/").status_code == 302
    assert "2025-11-19" in _page(finance, "/reconciliation/?rail=bank")
    streamed = finance.get("/reconciliation/bank/2025-11-19/report.csv")
    assert b"X9" in b"".join(streamed.streaming_content)  # type: ignore[attr-defined]
    _page(finance, "/reconciliation/bank/2025-11-18/", 404)
    _page(finance, "/reconciliation/bank/noday/", 404)


def test_only_who_decides_takes_files_in_and_a_wrong_file_is_explained(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """An auditor reads and does not act; a file of no known form is refused with a sentence."""
    auditor, finance = signed_in("auditor"), signed_in("finance")
    assert auditor.post("/receipts/", {"file": _file(SHEET)}).status_code == 403
    assert 'type="file"' not in _page(auditor, "/receipts/")
    assert finance.post("/receipts/", {"file": _file("a,b\n1,2\n")}).status_code == 422
    assert finance.post("/receipts/", {}).status_code == 422
    sent = {"rail": "bank", "day": "", "file": _file(STATEMENT)}
    assert finance.post("/reconciliation/", sent).status_code == 422


def test_the_pages_read_in_english(market: SeededMarket, signed_in: SignIn) -> None:
    """No Chinese of ours is left on an English page but names and the rules' own words."""
    finance = signed_in("finance", "en")
    for address in ("/receipts/?state=all", "/reconciliation/", "/pay/shop/S1/"):
        content = re.sub(r"(?s)<header.*?</header>|<nav.*?</nav>", "", _page(finance, address))
        plain = re.sub(r"<[^>]*>", "", content.replace("晨光", ""))
        names = set(Shop.objects.values_list("name", flat=True))
        for name in names:
            plain = plain.replace(name, "")
        assert not re.search(r"[\u3400-\u9fff]", plain), address

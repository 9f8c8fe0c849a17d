"""Paying in through the API: orders of the own party, notices only by the institution's word."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from earnest.deposits.accounts import platform_accounts_open
from earnest.ledger.queries import balances_of
from earnest.payins.models import PayNotice
from earnest.reconciliation.commands import reconcile, statement_import
from earnest.simulator.institution import APP_ID, SELLER_ID, Done, Institution, Notice
from tests.api.conftest import NOW, Caller
from tests.payouts.scene import seals

pytestmark = pytest.mark.django_db
CallerAs = Callable[..., Caller]
ORDER = {"amount_fen": 2_000_000, "client_key": "k1"}
NOTICE = "/api/v1/institutions/alipay/notice"
MESSAGE = "/api/v1/institutions/alipay/message"


@pytest.fixture
def institution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Institution]:
    """Run the simulated institution as a server, and configure it."""
    played = Institution(seals())

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = played.answer(body) or (502, b"")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        given = {"app_id": APP_ID, "seller_id": SELLER_ID}
        given["gateway"] = f"http://127.0.0.1:{server.server_port}/gateway.do"
        for name, content in played.seals.files().items():
            (tmp_path / name).write_bytes(content)
            given[name] = str(tmp_path / name)
        for name, value in given.items():
            monkeypatch.setenv(f"EARNEST_ALIPAY_{name.upper()}", value)
        yield played
        server.shutdown()


def _told(notice: Notice, body: bytes | None = None, to: str = NOTICE) -> str:
    """Bring a notice without any sign-in, and return the answer's text."""
    answer = Client(enforce_csrf_checks=True).post(
        to, notice.body if body is None else body, content_type=notice.content_type
    )
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain"
    return answer.content.decode()


def _deposit(market: str, code: str = "deposit:shop:S1") -> int:
    found = balances_of(market, [code]).get(code)
    return found.posted_fen if found else 0


def _ordered(caller_as: CallerAs, **changes: Any) -> dict[str, Any]:
    answer = caller_as("merchant").post("/pay-orders/shop/S1", ORDER | changes)
    assert answer.status_code == 200, answer.content
    opened: dict[str, Any] = answer.json()
    return opened


@pytest.mark.clause("S3-2.1a")
def test_a_merchant_pays_at_the_institution_and_is_credited_once(
    market: str, caller_as: CallerAs, institution: Institution
) -> None:
    """Order, signed page, payment, notice, the same notice again: one credit with its receipt."""
    opened = _ordered(caller_as)
    assert (opened["total_fen"], opened["fee_fen"], opened["sandbox"]) == (2_000_000, 0, False)
    trade = institution.pay(opened["pay_url"], NOW)
    (notice,) = institution.notices
    assert notice.url.endswith(NOTICE)
    assert [_told(notice) for _ in "12"] == ["success", "success"]
    assert _deposit(market) == 2_000_000
    shown = caller_as("merchant", "again").get(f"/pay-orders/{opened['number']}").json()
    assert (shown["state"], shown["trade_no"], shown["pay_url"]) == ("paid", trade.trade_no, None)
    outcomes = PayNotice.objects.filter(tenant_id=market).order_by("id")
    assert [each.outcome for each in outcomes] == ["booked", "repeated"]


def test_a_notice_that_is_not_the_institutions_books_nothing(
    market: str, caller_as: CallerAs, institution: Institution
) -> None:
    """A changed amount breaks the signature; junk and emptiness are refused: send it again."""
    opened = _ordered(caller_as)
    institution.pay(opened["pay_url"], NOW)
    (notice,) = institution.notices
    forged = notice.body.replace(b"20000.00", b"90000.00")
    assert forged != notice.body
    assert [_told(notice, body) for body in (forged, b"", b"\xff\xfe=1", b"a=b")] == ["fail"] * 4
    assert _deposit(market) == 0


def test_what_the_institution_says_when_asked_counts_and_not_the_notice(
    market: str, caller_as: CallerAs, institution: Institution
) -> None:
    """Another amount there than was asked for is not booked, and is written down."""
    opened = _ordered(caller_as)
    institution.pay(opened["pay_url"], NOW).total_fen = 1
    (notice,) = institution.notices
    assert _told(notice) == "fail"
    assert _deposit(market) == 0
    kept = PayNotice.objects.get(tenant_id=market)
    assert (kept.outcome, kept.total_fen) == ("payment_amount_differs", 1)


def test_a_payment_is_not_booked_while_the_institution_cannot_be_asked(
    market: str, caller_as: CallerAs, institution: Institution, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notice is true but nobody answers: it is told again later, and booked then."""
    opened = _ordered(caller_as)
    institution.pay(opened["pay_url"], NOW)
    (notice,) = institution.notices
    with monkeypatch.context() as gone:
        gone.setenv("EARNEST_ALIPAY_GATEWAY", "http://127.0.0.1:1/gateway.do")
        assert _told(notice) == "fail"
    assert _deposit(market) == 0
    assert _told(notice) == "success"
    assert _deposit(market) == 2_000_000


def test_without_an_institution_orders_are_sandbox_orders_and_notices_fail(
    market: str, caller_as: CallerAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can claim a payment by a notice where nothing proves it."""
    monkeypatch.delenv("EARNEST_ALIPAY_APP_ID", raising=False)
    monkeypatch.delenv("EARNEST_ALIPAY_CONFIG", raising=False)
    opened = _ordered(caller_as)
    assert (opened["sandbox"], opened["pay_url"]) == (True, None)
    form = f"out_trade_no={opened['number']}&trade_status=TRADE_SUCCESS&total_amount=20000.00"
    assert _told(Notice("", form.encode())) == "fail"
    assert _deposit(market) == 0


def test_the_client_key_makes_a_repeat_safe(caller_as: CallerAs) -> None:
    """The same key gives the same order; with another amount it is a conflict."""
    first, again = _ordered(caller_as), _ordered(caller_as)
    assert first["number"] == again["number"]
    other = caller_as("merchant", "m2").post(
        "/pay-orders/shop/S1", {"amount_fen": 5, "client_key": "k1"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "pay_order_differs")


def test_a_party_sees_and_opens_its_own_orders_only(market: str, caller_as: CallerAs) -> None:
    """Another shop's orders are not found, and an operator reads but does not order."""
    opened = _ordered(caller_as)
    provider, service = caller_as("provider"), caller_as("service")
    assert provider.get(f"/pay-orders/{opened['number']}").status_code == 404
    assert provider.get("/pay-orders/shop/S1").status_code == 404
    assert provider.post("/pay-orders/shop/S1", ORDER).status_code == 404
    assert service.post("/pay-orders/shop/S1", ORDER).status_code == 403
    listed = service.get("/pay-orders/shop/S1").json()
    assert [each["number"] for each in listed] == [opened["number"]]


@pytest.mark.parametrize(
    "changes", [{"amount_fen": 0}, {"amount_fen": -1}, {"purpose": "x"}, {"client_key": ""}]
)
def test_an_order_at_fault_is_refused(caller_as: CallerAs, changes: dict[str, Any]) -> None:
    """No amount, an unknown purpose, no key."""
    answer = caller_as("merchant").post("/pay-orders/shop/S1", ORDER | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_field")


def test_operators_read_the_reconciliation_and_parties_do_not(
    market: str, caller_as: CallerAs
) -> None:
    """A day's report with what is open and what to do; nothing for a shop or of another day."""
    now = datetime(2025, 9, 5, 2, tzinfo=UTC)
    platform_accounts_open(market, now)
    sheet = "institution_no,occurred_at,amount\nZ1,2025-09-04 10:00:00,5.00\n"
    statement_import(market, "bank", date(2025, 9, 4), sheet.encode(), "finance", now)
    reconcile(market, "bank", date(2025, 9, 4), now)
    path = "/reconciliation/bank?day=2025-09-04"
    shown = caller_as("finance").get(path).json()
    assert shown["counts"]["only_institution"] == 1
    assert shown["lines"][0]["difference_fen"] == 500
    assert shown["lines"][0]["action"]["en"]
    assert caller_as("merchant").get(path).status_code == 403
    assert caller_as("finance", "f2").get("/reconciliation/bank?day=2025-09-03").status_code == 404


def test_a_message_on_a_transfer_makes_its_part_due_and_moves_nothing(
    market: str, caller_as: CallerAs, institution: Institution
) -> None:
    """Proven messages are heard, forged ones not; one about a stranger's number is done with."""
    institution.transfers["NOT-OURS"] = Done({"order_title": "-"}, "SUCCESS", "1", 100)
    institution.settle("NOT-OURS")
    message = institution.notices.pop()
    assert _told(message, to=MESSAGE) == "success"
    assert _told(message, message.body.replace(b"NOT-OURS", b"NOT-MINE"), to=MESSAGE) == "fail"
    assert _told(message) == "fail"
    assert _deposit(market) == 0

"""Sales proceeds kept and paid out over the API, a call each, as the working role does it."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from earnest.api.batchers import batcher_for, batchers_close
from earnest.api.commands import token_create
from earnest.deposits.accounts import (
    clearing_of,
    platform_accounts_open,
    settlement_of,
    subject_accounts_open,
)
from earnest.deposits.claims import settlement_withhold
from earnest.kernel.ids import uuid7_for
from earnest.ledger.queries import balance_of, statement, verify
from earnest.market.commands import clock_set, marketplace_open
from earnest.market.models import Provider, Shop
from earnest.payins.receipts import CLAUSES
from earnest.postgres.roles import APP, roles_grant
from earnest.postgres.tenancy import tenant_scope
from earnest.restrictions.commands import Grant, restrictions_grant, restrictions_release
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.api.conftest import NOW, Caller

CallerAs = Callable[..., Caller]
S1, P1 = ("shop", "S1"), ("provider", "P1")
CLEARING = clearing_of("platform_settlement")
THREADS = 64


@pytest.fixture
def market(transactional_db: None) -> Iterator[str]:
    """Open a market for good, with S1, S2 and P1; S2 has no accounts; act as the working role."""
    tenant_id = str(settings.TENANT)
    roles_grant(connection)
    marketplace_open(tenant_id, name_zh="测试市场", name_en="Test market")
    clock_set(tenant_id, NOW)
    opened_on = (NOW - timedelta(days=100)).date()
    for shop_id in ("S1", "S2"):
        Shop.objects.create(tenant_id=tenant_id, shop_id=shop_id, name="店铺", opened_on=opened_on)
    Provider.objects.create(
        tenant_id=tenant_id,
        provider_id="P1",
        name="服务商",
        service_category="supply_tool",
        admitted_on=opened_on,
    )
    platform_accounts_open(tenant_id, NOW)
    subject_accounts_open(tenant_id, [S1, P1], NOW)
    before = dict(connection.settings_dict["OPTIONS"])
    connection.close()
    connection.settings_dict["OPTIONS"] = before | {"options": f"-c role={APP}"}
    try:
        with tenant_scope(tenant_id):
            yield tenant_id
            batchers_close()
            assert [check for check in verify(tenant_id) if not check.ok] == []
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = before


def _movement(number: int, direction: str, amount_fen: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7_for(NOW, "movement", str(number))),
        "subject_kind": "shop",
        "subject_id": "S1",
        "direction": direction,
        "amount_fen": amount_fen,
        "effective_at": (NOW - timedelta(hours=1)).isoformat(),
        "rail_ref": f"B{number}",
    } | changes


def _sent(caller: Caller, movement: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = caller.post("/proceeds", movement)
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.clause("S3-1.3a")
@pytest.mark.parametrize("subject", [S1, P1], ids=lambda each: each[0])
def test_proceeds_are_kept_and_paid_out(
    market: str, caller_as: CallerAs, subject: tuple[str, str]
) -> None:
    """100 yuan in and 30 out: 70 are kept; the statement names clause, number and note."""
    feed = caller_as("feed")
    whose = {"subject_kind": subject[0], "subject_id": subject[1]}
    kept = _sent(feed, _movement(1, "in", 10_000, **whose))
    paid = _sent(feed, _movement(2, "out", 3_000, note="weekly", **whose))
    assert kept == {
        "id": _movement(1, "in", 1)["id"], "status": "posted", "code": "", "where": "", "zh": "",
        "en": "", "balance_fen": 10_000,
    }  # fmt: skip
    assert (paid["status"], paid["balance_fen"]) == ("posted", 7_000)
    assert balance_of(market, CLEARING).posted_fen == -7_000
    lines = statement(market, settlement_of(subject), limit=10)
    assert {(line.note, line.amount_fen, line.clause) for line in lines} == {
        ("receipt B1", 10_000, CLAUSES["settlement", subject[0]][0]),
        ("payout B2: weekly", -3_000, CLAUSES["settlement", subject[0]][0]),
    }


def test_a_repeat_does_nothing_and_a_changed_one_is_a_conflict(
    market: str, caller_as: CallerAs
) -> None:
    """The same again exists; the same id with another amount, party or number conflicts."""
    feed, movement = caller_as("feed"), _movement(1, "in", 500)
    assert _sent(feed, movement)["status"] == "posted"
    again = _sent(feed, movement)
    assert (again["status"], again["code"], again["balance_fen"]) == ("exists", "", 500)
    for changes in ({"amount_fen": 501}, {"rail_ref": "B2"}, {"note": "x"}, {"direction": "out"}):
        conflict = _sent(feed, movement | changes, 409)
        assert (conflict["status"], conflict["code"]) == ("conflict", "id_used_before"), changes
        assert conflict["where"] == movement["id"]
        assert conflict["zh"]
        assert conflict["en"]
    assert balance_of(market, settlement_of(S1)).posted_fen == 500


def test_no_more_is_paid_out_than_is_kept(market: str, caller_as: CallerAs) -> None:
    """One fen too much is refused in the ledger's words, and stays refused under its id."""
    feed, too_much = caller_as("feed"), _movement(2, "out", 501)
    _sent(feed, _movement(1, "in", 500))
    refused = _sent(feed, too_much, 409)
    assert (refused["status"], refused["code"]) == ("refused", "floor_broken")
    assert (refused["zh"], refused["balance_fen"]) == ("可用余额不足", 500)
    _sent(feed, _movement(3, "in", 1))
    assert _sent(feed, too_much, 409)["code"] == "floor_broken"
    assert _sent(feed, _movement(4, "out", 501))["balance_fen"] == 0


def _restrict(market: str) -> None:
    grant = Grant(
        subject_kind="shop",
        subject_id="S1",
        measure="limit_withdrawal",
        capabilities=["withdrawal"],
        rulebook=SHOP_DEPOSIT,
        clause="S3-5.1d",
        decision_id=UUID(int=7),
        release=[{"kind": "topped_up"}],
    )
    restrictions_grant(market, [grant], NOW)


@pytest.mark.clause("S3-5.1d")
def test_nothing_is_paid_out_while_withdrawal_is_limited(market: str, caller_as: CallerAs) -> None:
    """Refused with clause and end; money still comes in, and the same goes out when it ends."""
    feed, movement = caller_as("feed"), _movement(2, "out", 200)
    _sent(feed, _movement(1, "in", 500))
    _restrict(market)
    refused = _sent(feed, movement, 409)
    assert (refused["status"], refused["code"]) == ("refused", "withdrawal_restricted")
    assert (refused["where"], refused["balance_fen"]) == ("S3-5.1d", 500)
    assert "S3-5.1d" in refused["zh"]
    assert "补足保证金" in refused["zh"]
    assert "the deposit is topped up" in refused["en"]
    assert _sent(feed, _movement(3, "in", 100))["balance_fen"] == 600
    assert restrictions_release(market, {S1}, NOW) == []
    assert _sent(feed, movement, 409)["code"] == "withdrawal_restricted"
    assert restrictions_release(market, set(), NOW)
    assert _sent(feed, movement)["balance_fen"] == 400


@pytest.mark.clause("S3-5.1d", "S3-5.3d")
def test_every_restriction_is_named_and_what_was_paid_before_stays(
    market: str, caller_as: CallerAs
) -> None:
    """Two causes at once are both named; another shop's or capability's stop nothing."""
    feed, paid = caller_as("feed"), _movement(2, "out", 200)
    _sent(feed, _movement(1, "in", 500))
    other = {"measure": "limit_sales", "rulebook": SHOP_DEPOSIT, "clause": "S3-5.1c"}
    for shop_id, capability in (("S1", "sales"), ("S2", "withdrawal")):
        grant = Grant(
            "shop", shop_id, capabilities=[capability], decision_id=UUID(int=8), release=[], **other
        )
        restrictions_grant(market, [grant], NOW)
    assert _sent(feed, paid)["status"] == "posted"
    _restrict(market)
    settlement_withhold(market, S1, SHOP_DEPOSIT, UUID(int=9), NOW)
    assert _sent(feed, paid)["status"] == "exists"
    assert _sent(feed, paid | {"amount_fen": 1}, 409)["status"] == "conflict"
    refused = _sent(feed, _movement(3, "out", 1), 409)
    assert set(refused["where"].split(", ")) == {"S3-5.1d", "S3-5.3d"}
    assert "the claim is paid" in refused["en"]


def test_a_party_that_is_not_there_and_one_without_account(
    market: str, caller_as: CallerAs
) -> None:
    """Unknown: 404; known without an account: 422; the id is not spent on either."""
    feed, movement = caller_as("feed"), _movement(1, "in", 100)
    unknown = _sent(feed, movement | {"subject_id": "S404"}, 404)
    assert (unknown["code"], unknown["where"]) == ("not_found", "subject")
    missing = _sent(feed, movement | {"subject_id": "S2"}, 422)
    assert (missing["code"], missing["where"]) == ("account_missing", "settlement:shop:S2")
    subject_accounts_open(market, [("shop", "S2")], NOW)
    assert _sent(feed, movement | {"subject_id": "S2"})["status"] == "posted"


def test_who_may_not_send_moves_nothing(market: str, caller_as: CallerAs) -> None:
    """A merchant pays nothing out to itself; finance and risk do not go past the settlement."""
    _sent(caller_as("admin"), _movement(1, "in", 100))
    for role in ("merchant", "provider", "finance", "risk", "auditor"):
        assert _sent(caller_as(role), _movement(2, "out", 100), 403)["code"] == "not_allowed"
    assert balance_of(market, settlement_of(S1)).posted_fen == 100


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "6e3f9c9e-52cf-4b3e-9d6f-0f6a3c1f2b11"},
        {"id": "1"},
        {"subject_kind": "platform"},
        {"subject_id": ""},
        {"direction": "back"},
        {"amount_fen": 0},
        {"amount_fen": -5},
        {"amount_fen": 2**63},
        {"amount_fen": 1.0},
        {"amount_fen": "5"},
        {"amount_fen": True},
        {"effective_at": "2025-09-01T10:00:00"},
        {"effective_at": 1_756_692_000},
        {"effective_at": "1756692000"},
        {"effective_at": "0001-01-01T00:00:00Z"},
        {"rail_ref": ""},
        {"rail_ref": "B\u00001"},
        {"note": "x" * 201},
        {"clause": "S3-9"},
    ],
    ids=str,
)
def test_a_movement_at_fault_is_refused(db: None, changes: dict[str, Any]) -> None:
    """No UUIDv7, no whole fen, no zone, a control character, a field too many."""
    made = token_create(str(settings.TENANT), "settlement", role="feed", now=NOW)
    feed = Caller({"Authorization": f"Bearer {made.secret}"})
    answer = _sent(feed, _movement(1, "in", 100) | changes, 422)
    assert answer["code"] == "bad_field"
    assert next(iter(changes)) in answer["where"]


def test_what_counts_from_tomorrow_is_refused(market: str, caller_as: CallerAs) -> None:
    """Money that is still to come is not kept yet."""
    tomorrow = (NOW + timedelta(days=1)).isoformat()
    refused = _sent(caller_as("feed"), _movement(1, "in", 100, effective_at=tomorrow), 409)
    assert (refused["code"], refused["balance_fen"]) == ("effective_in_future", 0)


def test_a_process_has_one_batcher_for_each_tenant(market: str, caller_as: CallerAs) -> None:
    """Threads that ask at once get the same; after closing the next call begins anew."""
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(batcher_for, [market] * 50))
    assert len(found) == 1
    assert batcher_for("elsewhere") not in found
    feed = caller_as("feed")
    assert _sent(feed, _movement(1, "in", 100))["status"] == "posted"
    batchers_close()
    assert batcher_for(market) not in found
    assert _sent(feed, _movement(2, "in", 100))["balance_fen"] == 200


@dataclass(frozen=True)
class _Answered:
    """What one call was told."""

    movement: dict[str, Any]
    http_status: int
    body: dict[str, Any]


def _calls_of(thread: int) -> list[dict[str, Any]]:
    """Return a thread's calls: money in, the same again, and twice more out than there is."""
    kept = _movement(4 * thread, "in", 100)
    return [
        kept,
        _movement(4 * thread + 1, "out", 70),
        kept,
        _movement(4 * thread + 2, "out", 70),
        _movement(4 * thread + 3, "in", thread + 1, subject_kind="provider", subject_id="P1"),
    ]


def test_64_threads_get_the_right_answers(market: str, caller_as: CallerAs) -> None:
    """Every answer is its caller's own, the hot account is never overdrawn, balances are exact."""
    headers, start = caller_as("feed").headers, Barrier(THREADS)

    def calls(thread: int) -> list[_Answered]:
        caller, told = Caller(dict(headers)), []
        start.wait(timeout=30)
        try:
            for movement in _calls_of(thread):
                answer = caller.post("/proceeds", movement)
                told.append(_Answered(movement, answer.status_code, answer.json()))
        finally:
            connection.close()
        return told

    with ThreadPoolExecutor(THREADS) as pool:
        told = [each for part in pool.map(calls, range(THREADS)) for each in part]
    assert [each.body.get("id") for each in told] == [each.movement["id"] for each in told]
    outcomes = Counter(
        (each.movement["direction"], each.http_status, each.body["status"], each.body["code"])
        for each in told
    )
    paid = outcomes.pop(("out", 200, "posted", ""))
    assert outcomes == {
        ("in", 200, "posted", ""): 2 * THREADS,
        ("in", 200, "exists", ""): THREADS,
        ("out", 409, "refused", "floor_broken"): 2 * THREADS - paid,
    }
    left = balance_of(market, settlement_of(S1)).posted_fen
    assert (left, left >= 0) == (100 * THREADS - 70 * paid, True)
    provided = sum(range(1, THREADS + 1))
    assert balance_of(market, settlement_of(P1)).posted_fen == provided
    assert balance_of(market, CLEARING).posted_fen == -left - provided

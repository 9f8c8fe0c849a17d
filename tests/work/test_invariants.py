"""The quick list: each invariant holds of a market in order, and names what breaks it."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from django.db import connection

from earnest.cli.ledger import verify
from earnest.cli.work import ALL_JOBS, work
from earnest.kernel.calendar import day_of, day_start
from earnest.work.commands import alerts_review, quick_verify
from earnest.work.invariants import NAMES, invariants_check, last_look
from earnest.work.models import Alert, WorkRun
from earnest.work.queries import DONE, alerts_open
from tests.postgres.rows import ROOM_FOR_ANYTHING
from tests.work import market
from tests.work.market import (
    BEFORE,
    CASH,
    DEPOSIT,
    NOW,
    PENALTY,
    TENANT,
    decided,
    heard,
    pay_out,
    post,
    require,
    restriction,
    shortage,
    transfer,
)

TOPPED_UP = {"kind": "topped_up"}


@pytest.fixture
def in_order(db: None) -> None:
    """Open the market in which everything holds."""
    market.market_open()


def _broken() -> dict[str, tuple[str, ...]]:
    return {each.name: each.ids for each in invariants_check(TENANT, NOW) if not each.ok}


def _by_hand(*statements: str) -> None:
    """Do as the owner what the tables' checks and triggers forbid."""
    with connection.cursor() as cursor:
        for table in ("ledger_balance", "ledger_reason"):
            cursor.execute(ROOM_FOR_ANYTHING, [table])
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
        cursor.execute("ALTER TABLE ledger_reason DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def _balance_changed(change: str, account: str = DEPOSIT) -> None:
    _by_hand(
        f"UPDATE ledger_balance b SET {change} FROM ledger_account a "
        f"WHERE a.id = b.account_id AND a.tenant_id = '{TENANT}' AND a.code = '{account}'"
    )


def test_a_market_in_order_holds(in_order: None) -> None:
    """Every invariant is looked at, says in both languages what holds, and none is broken."""
    checks = invariants_check(TENANT, NOW)
    assert [each.name for each in checks] == list(NAMES)
    assert _broken() == {}
    assert all(each.detail and each.detail_zh for each in checks)


def test_money_that_appears_is_seen(in_order: None) -> None:
    """One fen more in an account, and the sum of all is not 0."""
    _balance_changed("posted_fen = posted_fen + 1", CASH)
    assert _broken() == {"money_conserved": ("sum 1 fen",)}


def test_a_broken_floor_is_seen(in_order: None) -> None:
    """A deposit below 0 is named, also when a platform account makes the sum right."""
    _balance_changed("posted_fen = posted_fen - 1000")
    _balance_changed("posted_fen = posted_fen + 1000", CASH)
    assert _broken()["floors_kept"] == (f"account {DEPOSIT}",)
    assert "money_conserved" not in _broken()


@pytest.mark.parametrize("change", ["held_fen = 1", "held_fen = -1"])
def test_a_hold_without_a_hold_is_seen(in_order: None, change: str) -> None:
    """What an account holds must be what its open holds leave."""
    _balance_changed(change)
    assert _broken()["holds_covered"] == (f"account {DEPOSIT}",)


def test_a_transfer_without_a_clause_is_seen(in_order: None) -> None:
    """An emptied clause and a vanished reason are both found."""
    paid = post(transfer(CASH, DEPOSIT, 5))
    of_it = "id = (SELECT reason_id FROM ledger_transfer WHERE id = '{}')"
    _by_hand(f"UPDATE ledger_reason SET clause = ' ' WHERE {of_it.format(paid)}")
    assert f"transfer {paid}" in _broken()["transfers_reasoned"]
    _by_hand(f"DELETE FROM ledger_reason WHERE {of_it.format(paid)}")
    assert f"transfer {paid}" in _broken()["transfers_reasoned"]


@pytest.mark.clause("S3-4.2a")
@pytest.mark.parametrize("state", ["waiting", "refused", ""])
def test_a_deduction_without_a_decision_is_seen(in_order: None, state: str) -> None:
    """No decision, one that waits, and one that was refused are the same: nobody decided it."""
    decision_id = decided(state) if state else None
    post(transfer(CASH, DEPOSIT, 50))
    taken = post(transfer(DEPOSIT, PENALTY, 50, decision_id=decision_id))
    assert _broken() == {"deductions_decided": (f"transfer {taken}",)}


def test_a_paid_part_without_its_capture_is_seen(in_order: None) -> None:
    """Succeeded here and not in the books: the part is named."""
    post(transfer(CASH, DEPOSIT, 50))
    part = pay_out(50, booked=False)
    assert _broken() == {"payouts_settled_once": (f"payout part {part.business_no}",)}


def test_a_capture_without_its_part_is_seen(in_order: None) -> None:
    """In the books and not paid here: the capture is named."""
    post(transfer(CASH, DEPOSIT, 50))
    part = pay_out(50, state="submitted")
    (found,) = _broken()["payouts_settled_once"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'transfer ' || id FROM ledger_transfer WHERE kind = 'capture' "
            "AND pending_id = %s",
            [part.payout.hold_id],
        )
        assert cursor.fetchone() == (found,)


def test_a_payment_that_was_not_booked_is_seen(in_order: None) -> None:
    """The institution says paid, the ledger said no: the part is named until it is settled."""
    post(transfer(CASH, DEPOSIT, 50))
    part = pay_out(50, booked=False, state="unknown")
    assert _broken() == {}
    heard(part, "not_booked")
    assert _broken() == {"payouts_settled_once": (f"payout part {part.business_no}",)}
    heard(part, "unknown")
    assert _broken() == {}


def test_an_institution_that_takes_back_its_word_is_seen(in_order: None) -> None:
    """Paid by what is settled and not by what was heard last: the part is named."""
    post(transfer(CASH, DEPOSIT, 50))
    part = pay_out(50)
    heard(part, "contradicts")
    assert _broken() == {"payouts_settled_once": (f"payout part {part.business_no}",)}


def test_money_that_came_back_in_the_books_only_is_seen(in_order: None) -> None:
    """The capture is reversed and the part still counts as paid: the part is named."""
    post(transfer(CASH, DEPOSIT, 50))
    part = pay_out(50)
    post(transfer(CASH, DEPOSIT, 50, kind="reverse", pending_id=part.transfer_id))
    assert _broken() == {"payouts_settled_once": (f"payout part {part.business_no}",)}


def test_a_restriction_without_a_decision_is_seen(in_order: None) -> None:
    """Its decision must be there and in effect."""
    restriction(decided())
    unknown, refused = restriction(uuid4()), restriction(decided("refused"))
    named = tuple(sorted(f"restriction {each.id}" for each in (unknown, refused)))
    assert _broken() == {"restrictions_decided": named}


@pytest.mark.clause("S3-5.2a")
def test_a_restriction_that_outlives_its_cause_is_seen(in_order: None) -> None:
    """Topped up since before the last look, and still restricted."""
    row = restriction(decided(), TOPPED_UP)
    assert _broken() == {"restrictions_caused": (f"restriction {row.id}",)}
    shortage(closed_at=NOW)
    assert _broken() == {}


def test_a_restriction_with_an_open_condition_is_in_order(in_order: None) -> None:
    """Another condition is still open, or there is none that could ever be met."""
    restriction(decided(), TOPPED_UP, {"kind": "time", "on": "2025-12-01"})
    restriction(decided(), {"kind": "application"})
    restriction(decided())
    assert _broken() == {}


@pytest.mark.clause("S3-5.1")
def test_a_shortage_that_nobody_opened_is_seen(in_order: None) -> None:
    """Required is more than free since before the last look, and no shortage is open."""
    require(700)
    assert _broken() == {"shortages_recorded": ("shop S1",)}
    shortage()
    assert _broken() == {}


def test_a_shortage_that_is_none_is_seen(in_order: None) -> None:
    """An open shortage of a shop that has enough, or that must hold nothing at all."""
    shortage()
    assert _broken() == {"shortages_recorded": ("shop S1",)}


def test_what_the_next_look_puts_right_is_in_order(in_order: None) -> None:
    """Money that moved and requirements that were set since the last look are not judged yet."""
    require(700, NOW - timedelta(hours=1))
    assert _broken() == {}
    require(650)
    assert _broken() == {"shortages_recorded": ("shop S1",)}
    post(transfer(CASH, DEPOSIT, 1), NOW - timedelta(hours=1))
    assert _broken() == {}


def test_the_last_look_is_the_worker_s(db: None) -> None:
    """The start of yesterday where there is none, or where it is overdue since before that."""
    yesterday = day_start(day_of(NOW) - timedelta(days=1))
    assert last_look(TENANT, NOW) == yesterday
    for hours, looked_at in ((80, yesterday), (5, NOW - timedelta(hours=5))):
        at = NOW - timedelta(hours=hours)
        WorkRun.objects.create(
            tenant_id=TENANT, job="day", slot=at, started_at=at, finished_at=at, outcome=DONE
        )
        assert last_look(TENANT, NOW) == looked_at


def test_an_alert_is_raised_once_and_resolved(in_order: None) -> None:
    """Broken in three looks it is one alert that learns; then it is resolved; then a new one."""
    shortage()
    for turn in range(3):
        quick_verify(TENANT, NOW + turn * timedelta(minutes=15))
    alert = Alert.objects.get()
    assert (alert.name, alert.ids, alert.found) == ("shortages_recorded", ["shop S1"], 1)
    assert alert.last_seen_at - alert.first_seen_at == timedelta(minutes=30)
    market.Shortage.objects.update(closed_at=BEFORE)
    quick_verify(TENANT, NOW + timedelta(hours=1))
    alert.refresh_from_db()
    assert alert.resolved_at == NOW + timedelta(hours=1)
    market.Shortage.objects.update(closed_at=None)
    review = alerts_review(TENANT, invariants_check(TENANT, NOW), NOW)
    assert (review.raised, review.resolved) == (("shortages_recorded",), ())
    assert Alert.objects.count() == 2
    assert len(alerts_open(TENANT)) == 1


def _run(command: object, *words: str) -> Result:
    return CliRunner().invoke(command, words, catch_exceptions=False)


@pytest.mark.usefixtures("in_order")
def test_verify_quick_tells_and_ends_with_1(settings: object) -> None:
    """Exit 0 with every name when all holds; exit 1 with the ids, and an alert, when not."""
    settings.TENANT = TENANT
    result = _run(verify, "--quick", "--format", "json")
    assert result.exit_code == 0
    assert [row["name"] for row in json.loads(result.stdout)] == list(NAMES)
    restriction(uuid4())
    result = _run(verify, "--quick", "--format", "json")
    assert result.exit_code == 1
    (row,) = [row for row in json.loads(result.stdout) if not row["holds"]]
    assert row["name"] == "restrictions_decided"
    assert "restriction " in row["detail"]
    assert "发现 1 处" in row["detail_zh"]
    alerts = json.loads(_run(work, "alerts", "--format", "json").stdout)
    assert [row["name"] for row in alerts] == ["restrictions_decided"]
    assert _run(verify, "--quick", "--head", "1:" + "0" * 64).exit_code == 2


def test_work_once_does_what_is_due(db: None, settings: object) -> None:
    """All jobs run, a second call finds nothing to do, and the list shows them with their slots."""
    settings.TENANT = "empty"
    assert _run(work, "--once").exit_code == 0
    rows = json.loads(_run(work, "list", "--format", "json").stdout)
    assert {row["job"]: row["outcome"] for row in rows} == {job.name: DONE for job in ALL_JOBS}
    assert all(row["next_slot"] > row["last_slot"] for row in rows)

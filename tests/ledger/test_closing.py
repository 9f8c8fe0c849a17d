"""Closing a month: nothing counts from before its end afterwards, corrections count from today."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.ledger.commands import month_close, transfers_post
from earnest.ledger.queries import balance_at, months_closed, verify
from tests.ledger.market import CASH, DEPOSIT, NOW, PENALTY, pay_in, transfer

AUGUST = Month(2025, 8)
AUGUST_ENDS = datetime(2025, 8, 31, 16, tzinfo=UTC)  # midnight in Shanghai


def test_closed_month_takes_nothing_more(tenant: str) -> None:
    """The last instant of August is refused, the first of September is posted, in any batch."""
    before = pay_in(10, effective_at=AUGUST_ENDS - timedelta(days=3))
    assert transfers_post(tenant, [before], NOW)[0].status == "posted"
    closing = month_close(tenant, AUGUST, "finance", NOW)
    assert (closing.month, closing.ends_at) == (AUGUST, AUGUST_ENDS)
    assert (closing.closed_by, closing.closed_at) == ("finance", NOW)
    late = pay_in(5, effective_at=AUGUST_ENDS - timedelta(microseconds=1))
    first = pay_in(6, effective_at=AUGUST_ENDS)
    held = transfer(DEPOSIT, PENALTY, 1, kind="hold", effective_at=late.effective_at)
    outcomes = transfers_post(tenant, [late, first, held], NOW)
    assert [(o.status, o.code) for o in outcomes] == [
        ("refused", "period_closed"),
        ("posted", ""),
        ("refused", "period_closed"),
    ]
    assert transfers_post(tenant, [before], NOW)[0].status == "exists"
    assert [check for check in verify(tenant) if not check.ok] == []


def test_correction_counts_from_today_and_names_the_original(tenant: str) -> None:
    """August as it was closed stays as it was; the correction is seen in September."""
    paid = pay_in(100, effective_at=AUGUST_ENDS - timedelta(days=3))
    wrong = transfer(DEPOSIT, PENALTY, 40, effective_at=AUGUST_ENDS - timedelta(days=2))
    transfers_post(tenant, [paid, wrong], NOW)
    month_close(tenant, AUGUST, "finance", NOW)
    back = transfer(PENALTY, DEPOSIT, 40, kind="reverse", pending_id=wrong.id)
    assert transfers_post(tenant, [back], NOW)[0].moved_fen == 40
    last_of_august = AUGUST_ENDS - timedelta(microseconds=1)
    assert balance_at(tenant, DEPOSIT, last_of_august, None).posted_fen == 60
    assert balance_at(tenant, DEPOSIT, NOW, None).posted_fen == 100


def test_closing_again_gives_what_stands(tenant: str) -> None:
    """A second closing changes nothing; an earlier month is closed with the later."""
    first = month_close(tenant, AUGUST, "finance", NOW)
    assert month_close(tenant, AUGUST, "another", NOW + timedelta(days=1)) == first
    assert months_closed(tenant) == [first]
    with pytest.raises(Conflict, match="later_month_closed"):
        month_close(tenant, Month(2025, 7), "finance", NOW)
    assert months_closed("elsewhere") == []


def test_month_must_be_over_and_closed_by_somebody(tenant: str) -> None:
    """A running month stays open; who closes is on record."""
    with pytest.raises(BadInput, match="month_not_over"):
        month_close(tenant, Month(2025, 9), "finance", NOW)
    with pytest.raises(BadInput, match="closer_missing"):
        month_close(tenant, AUGUST, " ", NOW)
    with pytest.raises(BadInput, match="instant_without_zone"):
        month_close(tenant, AUGUST, "finance", NOW.replace(tzinfo=None))


def test_closing_is_covered_by_a_digest(tenant: str) -> None:
    """A month that is opened again behind the ledger's back is found by its batch."""
    month_close(tenant, AUGUST, "finance", NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT batch_id FROM ledger_closing WHERE tenant_id = %s", [tenant])
        (batch,) = cursor.fetchone()
        cursor.execute("ALTER TABLE ledger_closing DISABLE TRIGGER append_only")
        cursor.execute("UPDATE ledger_closing SET ends_at = ends_at - interval '1 day'")
    broken = {check.name: check.ids for check in verify(tenant) if not check.ok}
    assert broken == {"digests_match": (f"batch {batch}",)}


def test_late_row_in_a_closed_month_is_found(tenant: str) -> None:
    """A row that was dated back behind the ledger's back breaks the closing."""
    month_close(tenant, AUGUST, "finance", NOW)
    once = pay_in(5)
    transfers_post(tenant, [once], NOW)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_transfer DISABLE TRIGGER append_only")
        cursor.execute("UPDATE ledger_transfer SET effective_at = '2025-08-01 00:00+00'")
    broken = {check.name: check.ids for check in verify(tenant) if not check.ok}
    assert broken["periods_closed"] == (f"transfer {once.id}",)


def test_closing_needs_read_committed(committed_tenant: str) -> None:
    """An older snapshot could not see the closing that it waited for."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(DatabaseError, match="READ COMMITTED"):
            month_close(committed_tenant, AUGUST, "finance", NOW)
        transaction.set_rollback(True)


def test_balance_at_names_what_is_wrong(tenant: str) -> None:
    """An unknown account, an instant without a zone; an account without entries holds 0."""
    with pytest.raises(NotFound, match="account_unknown"):
        balance_at(tenant, "nowhere", None, None)
    with pytest.raises(BadInput, match="instant_without_zone"):
        balance_at(tenant, DEPOSIT, NOW.replace(tzinfo=None), None)
    assert balance_at(tenant, CASH, NOW, NOW).posted_fen == 0

"""Receipts of the feed: booked once, to their owner or to suspense, and never lost."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from earnest.feed.commands import events_take
from earnest.kernel.calendar import Month
from earnest.ledger.commands import month_close
from earnest.ledger.queries import statement
from earnest.payins.models import BankReceipt, CashReceipt
from earnest.payins.orders import NewPayOrder, pay_order_open, pay_order_paid
from earnest.payins.queries import unmatched_fen
from earnest.payins.receipts import PayIns, pay_ins_post
from tests.payins.scene import AT, SHOP, Scene, payment_of

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> None:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path


def _heard(scene: Scene, ref: str, fen: int, owner: str, **changes: object) -> None:
    row = {
        "rail": "alipay_trade",
        "rail_ref": ref,
        "phase": "succeeded",
        "direction": "in",
        "amount_fen": fen,
        "obligation_ref": owner,
        "rail_occurred_at": AT.isoformat(),
        "occurred_at": AT.isoformat(),
    }
    taken = events_take(
        scene.tenant, "money_event", [row | changes], source="urn:t:1", now=LATER, origin="test"
    )
    assert taken.accepted == 1, taken


@pytest.mark.clause("S3-2.1a")
def test_a_receipt_is_booked_once_to_its_owner() -> None:
    """The deposit is credited on the first run; the second books nothing."""
    scene = Scene().open()
    _heard(scene, "r1", 10_000, "deposit:shop:S0001")
    assert pay_ins_post(scene.tenant, LATER, LATER) == PayIns(posted=1)
    assert pay_ins_post(scene.tenant, LATER, LATER) == PayIns(repeated=1)
    assert scene.deposit() == 10_000
    assert CashReceipt.objects.get(tenant_id=scene.tenant).source == "feed"


@pytest.mark.parametrize("owner", ["deposit:shop:S9999", "claim:shop:S0001", ""])
def test_cash_without_a_known_owner_waits_in_suspense_for_a_person(owner: str) -> None:
    """No such account, an account that cannot take it, nobody named: kept, and reported."""
    scene = Scene().open()
    _heard(scene, "r1", 10_000, owner)
    _heard(scene, "r2", 5, "deposit:shop:S0001")
    done = pay_ins_post(scene.tenant, LATER, LATER)
    assert (done.posted, done.unmatched) == (2, ["r1"])
    assert (scene.suspense, scene.deposit()) == (10_000, 5)
    receipt = BankReceipt.objects.get(tenant_id=scene.tenant)
    assert (receipt.receipt_no, receipt.state, receipt.rail) == ("r1", "unmatched", "alipay_trade")
    assert unmatched_fen(scene.tenant) == scene.suspense
    assert scene.books_hold()


def test_the_same_number_at_two_institutions_is_two_receipts() -> None:
    """A number counts at its rail: one owner unknown does not touch the other's."""
    scene = Scene().open()
    _heard(scene, "r1", 10, "deposit:shop:S9999", rail="bank")
    _heard(scene, "r1", 20, "deposit:shop:S0001")
    assert pay_ins_post(scene.tenant, LATER, LATER).posted == 2
    assert (scene.suspense, scene.deposit()) == (10, 20)


def test_a_number_too_long_to_be_kept_is_still_one_receipt() -> None:
    """The feed takes a thousand letters; the receipt goes by their hash, and is booked once."""
    scene = Scene().open()
    _heard(scene, "r" * 900, 10, "o" * 900)
    assert pay_ins_post(scene.tenant, LATER, LATER).posted == 1
    assert pay_ins_post(scene.tenant, LATER, LATER) == PayIns(repeated=1)
    assert scene.suspense == 10


def test_a_late_receipt_of_a_closed_month_counts_from_today_and_says_so() -> None:
    """A receipt of September that is heard of in October, after the closing, is not lost."""
    scene = Scene().open()
    _heard(scene, "r1", 10_000, "deposit:shop:S0001")
    later = AT + timedelta(days=40)
    month_close(scene.tenant, Month(2025, 9), "finance", later)
    assert pay_ins_post(scene.tenant, later, later) == PayIns(posted=1)
    (line,) = statement(scene.tenant, "deposit:shop:S0001", 10)
    assert line.effective_at == later
    assert "receipt r1, received 2025-09-08 in a closed month" in line.note
    assert pay_ins_post(scene.tenant, later, later) == PayIns(repeated=1)
    assert scene.books_hold()


def test_one_payment_told_by_notice_and_feed_is_booked_once() -> None:
    """Whichever of the two is heard first, the deposit is credited once."""
    for notice_first in (True, False):
        scene = Scene().open()
        new = NewPayOrder(SHOP, 10_000, "deposit", "alipay_trade", "merchant")
        order = pay_order_open(scene.tenant, new, AT)
        _heard(scene, "2025090822001", 10_000, "deposit:shop:S0001")
        if notice_first:
            pay_order_paid(scene.tenant, payment_of(order), LATER)
        booked = pay_ins_post(scene.tenant, LATER, LATER)
        paid = pay_order_paid(scene.tenant, payment_of(order), LATER)
        assert booked.posted == (0 if notice_first else 1)
        assert (paid.state, scene.deposit()) == ("paid", 10_000)
        assert scene.books_hold()


def test_a_receipt_that_two_sources_tell_of_is_booked_once() -> None:
    """The institution's number counts, not who tells us."""
    scene = Scene().open()
    row_source = {"rail_occurred_at": (AT + timedelta(minutes=1)).isoformat()}
    _heard(scene, "r1", 10_000, "deposit:shop:S0001")
    events_take(
        scene.tenant,
        "money_event",
        [
            {
                "rail": "alipay_trade",
                "rail_ref": "r1",
                "phase": "succeeded",
                "direction": "in",
                "amount_fen": 10_000,
                "obligation_ref": "deposit:shop:S0001",
                "occurred_at": AT.isoformat(),
                **row_source,
            }
        ],
        source="urn:t:2",
        now=LATER,
        origin="test",
    )
    assert pay_ins_post(scene.tenant, LATER, LATER).posted == 1
    assert scene.deposit() == 10_000

"""Holds: money set aside while a loss is unknown, looked at again, settled to what it was."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.deposits.accounts import deposit_of
from earnest.deposits.holds import (
    HoldLook,
    Settlement,
    hold_get,
    hold_place,
    hold_remaining,
    hold_review_write,
    hold_settle,
    holds,
    holds_due_review,
    holds_look,
)
from earnest.deposits.models import DepositHold
from earnest.deposits.recoveries import recovery_begin
from earnest.kernel.calendar import day_start
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.ledger.queries import balance_of
from earnest.notices.models import Notice
from earnest.restrictions.queries import capabilities_restricted
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.deposits.scene import (
    AT,
    COMPENSATION,
    PENALTY,
    S1,
    books_hold,
    money,
    new_hold,
    new_recovery,
    tenant_with,
)

REVIEW_ON = date(2025, 10, 1)

pytestmark = pytest.mark.django_db


def _settlement(held: int, deducted: int, claim: int = 0, whom: str = "platform") -> Settlement:
    return Settlement(held, deducted, claim, whom, uuid4(), SHOP_DEPOSIT)


@pytest.mark.clause("S3-4.2c")
def test_what_is_held_is_not_free() -> None:
    """A hold of 4,000 on 10,000 leaves 6,000 free; the ledger's hold has the row's id."""
    tenant = tenant_with(1_000_000)
    hold = hold_place(tenant, new_hold(400_000, estimate_fen=400_000), AT)
    held = balance_of(tenant, deposit_of(S1))
    assert (held.posted_fen, held.free_fen) == (1_000_000, 600_000)
    assert (hold.placed_fen, hold_remaining(hold), hold.ends_at) == (400_000, 400_000, None)
    assert [review.estimate_fen for review in hold.reviews.all()] == [400_000]
    assert holds(tenant, subject=S1, is_open=True) == [(hold, 400_000)]


@pytest.mark.clause("S3-4.2a", "S3-4.2c")
def test_a_recovery_does_not_touch_what_is_held() -> None:
    """Of 10,000 with 4,000 held a recovery takes no more than 6,000."""
    tenant = tenant_with(1_000_000)
    hold_place(tenant, new_hold(400_000), AT)
    assert recovery_begin(tenant, new_recovery(900_000), AT).taken_fen == 600_000


def test_no_more_is_held_than_is_free() -> None:
    """What went out since the hold was asked for is not held; with nothing free nothing is."""
    tenant = tenant_with(300)
    assert hold_place(tenant, new_hold(400), AT).placed_fen == 300
    with pytest.raises(Conflict, match="nothing_to_hold"):
        hold_place(tenant, new_hold(1), AT)


def test_a_repeat_places_one_hold() -> None:
    """The same decision's hold, placed again, holds nothing more."""
    tenant, new = tenant_with(300), new_hold(100)
    assert hold_place(tenant, new, AT) == hold_place(tenant, new, AT)
    assert balance_of(tenant, deposit_of(S1)).held_fen == 100


@pytest.mark.clause("S3-4.2c")
def test_settled_to_less_the_rest_is_released() -> None:
    """A hold of 10,000 settled at 4,000 releases 6,000, and the case is over."""
    tenant = tenant_with(1_000_000)
    hold = hold_place(tenant, new_hold(1_000_000), AT)
    done = hold_settle(tenant, hold.case_number, _settlement(1_000_000, 400_000), AT)
    assert (done.deducted_fen, done.released_fen, done.claim_fen) == (400_000, 600_000, 0)
    left = balance_of(tenant, deposit_of(S1))
    assert (left.posted_fen, left.free_fen) == (600_000, 600_000)
    assert balance_of(tenant, PENALTY).posted_fen == 400_000
    assert hold_get(tenant, hold.case_number).closed_by == "settled"
    assert capabilities_restricted(tenant, *S1) == set()
    assert books_hold(tenant)


@pytest.mark.clause("S3-4.2b", "S3-4.2c")
def test_settled_to_more_the_rest_is_owed() -> None:
    """A hold of 4,000 and a loss of 10,000 for consumers leave a claim of 6,000, in one group."""
    tenant = tenant_with(400_000)
    hold = hold_place(tenant, new_hold(400_000), AT)
    settlement = _settlement(400_000, 400_000, 600_000, "consumer")
    done = hold_settle(tenant, hold.case_number, settlement, AT)
    assert (money(tenant), len(done.transfer_ids)) == ((0, 0, -600_000), 2)
    assert balance_of(tenant, COMPENSATION).posted_fen == 1_000_000
    assert capabilities_restricted(tenant, *S1) == {"withdrawal"}


@settings(max_examples=10, deadline=None)
@given(deposit=st.integers(1, 900), held=st.integers(1, 900), loss=st.integers(0, 1_200))
@pytest.mark.clause("S3-4.2b", "S3-4.2c")
def test_a_settlement_pays_the_loss_and_no_more(deposit: int, held: int, loss: int) -> None:
    """Whatever was held and lost: hold and claim are the loss, the rest of the deposit is free."""
    tenant = tenant_with(deposit)
    hold = hold_place(tenant, new_hold(held), AT)
    deducted = min(hold.placed_fen, loss)
    settlement = _settlement(hold.placed_fen, deducted, loss - deducted)
    done = hold_settle(tenant, hold.case_number, settlement, AT)
    assert done.deducted_fen + done.released_fen == hold.placed_fen == min(held, deposit)
    left = balance_of(tenant, deposit_of(S1))
    assert (left.free_fen, left.held_fen) == (deposit - deducted, 0)
    assert money(tenant)[2] == -(loss - deducted)
    assert balance_of(tenant, PENALTY).posted_fen == loss
    assert books_hold(tenant)


@pytest.mark.clause("S3-4.2c")
def test_without_a_loss_the_hold_is_released() -> None:
    """Nothing is deducted, all of it is free again, and it is over for good."""
    tenant = tenant_with(500)
    hold = hold_place(tenant, new_hold(500), AT)
    done = hold_settle(tenant, hold.case_number, _settlement(500, 0), AT)
    assert (done.released_fen, balance_of(tenant, deposit_of(S1)).free_fen) == (500, 500)
    assert hold_get(tenant, hold.case_number).closed_by == "released"
    with pytest.raises(Conflict, match="hold_closed"):
        hold_settle(tenant, hold.case_number, _settlement(500, 500), AT)


def test_a_settlement_that_was_asked_for_another_amount_is_refused() -> None:
    """What remains is not what was approved: nothing moves, and the hold stays open."""
    tenant = tenant_with(500)
    hold = hold_place(tenant, new_hold(500), AT)
    with pytest.raises(Conflict, match="hold_changed"):
        hold_settle(tenant, hold.case_number, _settlement(400, 400), AT)
    assert (money(tenant)[0], hold_remaining(hold)) == (500, 500)


@pytest.mark.clause("S3-4.2c")
def test_every_look_keeps_its_estimate() -> None:
    """Estimates pile up, owner and day change, and what is held stays the same."""
    tenant = tenant_with(500)
    number = hold_place(tenant, new_hold(500), AT).case_number
    look = HoldLook(700, "the expert says more", "li.wei", "wang.fang", date(2025, 10, 20))
    hold_review_write(tenant, number, look, AT)
    hold = hold_get(tenant, number)
    assert (hold.owner, hold.review_on) == ("wang.fang", date(2025, 10, 20))
    estimates = hold.reviews.order_by("id").values_list("estimate_fen", flat=True)
    assert (list(estimates), hold_remaining(hold)) == ([None, 700], 500)
    with pytest.raises(BadInput, match="review_wrong"):
        hold_review_write(tenant, number, HoldLook(-1, "less", "a", "b", REVIEW_ON), AT)
    with pytest.raises(NotFound, match="unknown_hold"):
        hold_review_write(tenant, "C999999", look, AT)


@pytest.mark.clause("S3-4.2c")
def test_the_owner_is_reminded_once_for_each_review() -> None:
    """On the review day the owner is told, not again the day after, and again for the next one."""
    tenant = tenant_with(500)
    hold = hold_place(tenant, new_hold(500), AT)
    day_before, day = day_start(REVIEW_ON) - timedelta(hours=1), day_start(REVIEW_ON)
    assert holds_look(tenant, day_before).reminded == ()
    assert holds_look(tenant, day).reminded == (hold,)
    assert holds_due_review(tenant, REVIEW_ON) == [hold]
    assert holds_look(tenant, day + timedelta(days=1)).reminded == ()
    look = HoldLook(None, "still unknown", "li.wei", "li.wei", date(2025, 10, 20))
    hold_review_write(tenant, hold.case_number, look, day)
    assert holds_look(tenant, day_start(look.next_on)).reminded == (hold,)
    told = Notice.objects.filter(tenant_id=tenant, subject_kind="person", subject_id="li.wei")
    assert [each.due_on for each in told.order_by("sent_at")] == [REVIEW_ON, look.next_on]


@pytest.mark.clause("S3-4.2c")
def test_a_hold_with_an_end_ends_by_itself() -> None:
    """At its time the money is free, the row is closed, the shop is told; a second look is idle."""
    tenant = tenant_with(500)
    ends_at = day_start(date(2026, 3, 7))
    hold = hold_place(tenant, new_hold(500, ends_at=ends_at), AT)
    assert holds_look(tenant, ends_at - timedelta(seconds=1)).expired == ()
    assert balance_of(tenant, deposit_of(S1)).free_fen == 0
    assert holds_look(tenant, ends_at).expired == (hold,)
    assert balance_of(tenant, deposit_of(S1)).free_fen == 500
    row = DepositHold.objects.get(id=hold.id)
    assert (row.closed_by, row.closed_at) == ("expired", ends_at)
    assert holds_look(tenant, ends_at).expired == ()
    released = Notice.objects.get(tenant_id=tenant, subject_id="S1")
    assert (released.kind, "扣留到期解除" in released.title_zh) == ("release", True)
    assert books_hold(tenant)

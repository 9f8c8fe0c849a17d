"""Bank transfers: people carry them out, and two of them say what came of it."""

import json

import pytest

from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.ledger.queries import balance_of
from earnest.payouts.commands import (
    part_paid_by_hand,
    part_refused_by_hand,
    part_returned_by_hand,
    payout_request,
    payouts_advance,
)
from earnest.payouts.models import PayoutPart
from earnest.payouts.queries import parts_of, payouts_owed
from tests.payouts.scene import (
    DEPOSIT,
    ENTITY,
    IDENTITY,
    NOW,
    PAID_IN_FEN,
    account_verified,
    cash_out_fen,
    later,
    market_open,
    rails_of,
    wanted,
)

pytestmark = pytest.mark.django_db
BANK_CASH = "clearing/bank"


@pytest.fixture
def tenant() -> str:
    """Return a market whose shop has a verified bank account."""
    tenant = market_open("by-hand")
    account_verified(tenant, "bank")
    return tenant


@pytest.fixture
def part(tenant) -> PayoutPart:
    """Return a part that waits for people."""
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, {}, NOW)
    return parts_of(payout)[0]


def _paid(part: PayoutPart, by: str, receipt_no: str = "R-1") -> PayoutPart:
    return part_paid_by_hand(
        part.tenant_id, part.business_no, receipt_no=receipt_no, by=by, now=later()
    )


def test_a_bank_transfer_waits_for_people(tenant, part, house):
    """Its instruction is kept, nothing is sent, and no worker asks about it."""
    assert (part.state, part.next_try_at) == ("submitted", None)
    instruction = json.loads(bytes(part.request))
    assert (instruction["account"], instruction["name"]) == (IDENTITY, ENTITY)
    assert instruction["amount_fen"] == 250_000
    assert payouts_owed(tenant)[0].attention == ("by_hand",)
    payouts_advance(tenant, rails_of(tenant, house), later(99))
    assert house.transfers == {}


def test_two_persons_with_the_same_receipt_book_it(tenant, part):
    """The first word moves nothing; the second person's same number books it."""
    assert _paid(part, "fin").state == "submitted"
    assert cash_out_fen(tenant, BANK_CASH) == 0
    with pytest.raises(NotAllowed, match="second_person_needed"):
        _paid(part, "fin")
    with pytest.raises(Conflict, match="hand_reports_differ"):
        _paid(part, "lead", "R-2")
    with pytest.raises(Conflict, match="hand_reports_differ"):
        part_refused_by_hand(tenant, part.business_no, words="R-1", by="lead", now=later())

    booked = _paid(part, "lead")

    assert (booked.state, booked.institution_ref) == ("succeeded", "R-1")
    assert cash_out_fen(tenant, BANK_CASH) == 250_000
    assert booked.payout.state == "paid"
    assert payouts_owed(tenant) == []
    with pytest.raises(RuleRefused, match="payout_part_not_by_hand"):
        _paid(part, "lead")


def test_the_first_person_may_mend_the_number(tenant, part):
    """A typing error is corrected by who made it, and the second person agrees with the last."""
    _paid(part, "fin", "R-l")
    _paid(part, "fin", "R-1")
    assert _paid(part, "lead", "R-1").state == "succeeded"


def test_a_transfer_that_the_bank_refused_frees_the_money(tenant, part):
    """Two persons say no: the hold is gone and the payout can be issued anew."""
    for by in ("fin", "lead"):
        part_refused_by_hand(tenant, part.business_no, words="户名不符", by=by, now=later())
    assert parts_of(part.payout)[0].state == "failed"
    assert balance_of(tenant, DEPOSIT).free_fen == PAID_IN_FEN
    assert payouts_owed(tenant)[0].attention == ("unpaid",)


def test_a_transfer_that_the_bank_sent_back_is_reversed(tenant, part):
    """Two persons again: what was booked as paid is back on the account."""
    for by in ("fin", "lead"):
        _paid(part, by)
    for by in ("fin", "lead"):
        part_returned_by_hand(tenant, part.business_no, receipt_no="B-1", by=by, now=later())
    assert parts_of(part.payout)[0].state == "returned"
    assert cash_out_fen(tenant, BANK_CASH) == 0
    assert balance_of(tenant, DEPOSIT).free_fen == PAID_IN_FEN


def test_what_people_cannot_say_is_refused(tenant, part, house):
    """No receipt, no such part, or a part that a rail carries out: each is refused."""
    with pytest.raises(BadInput, match="reference_missing"):
        _paid(part, "fin", " ")
    with pytest.raises(NotFound, match="payout_part_unknown"):
        part_paid_by_hand(tenant, "0" * 32, receipt_no="R", by="fin", now=NOW)
    account_verified(tenant)
    payout = payout_request(tenant, wanted(rail="alipay_transfer"), NOW)
    with pytest.raises(RuleRefused, match="payout_part_not_by_hand"):
        _paid(parts_of(payout)[0], "fin")

"""Recoveries: what is taken from where, tried again until nothing is left, never more than due."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earnest.deposits.accounts import SUSPENSE, deposit_of, settlement_of
from earnest.deposits.claims import owing_subjects
from earnest.deposits.models import Recovery, RecoveryStep
from earnest.deposits.recoveries import (
    recoveries,
    recoveries_continue_of,
    recoveries_due,
    recoveries_look,
    recovery_begin,
    recovery_continue,
    recovery_get,
    recovery_stop,
)
from earnest.deposits.recovery_payments import MerchantPayment, recovery_paid_by_merchant
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Reason, Transfer
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
    new_recovery,
    pay_in,
    tenant_with,
)

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def _sources(tenant: str) -> list[tuple[str, int]]:
    rows = RecoveryStep.objects.filter(tenant_id=tenant).order_by("id")
    return list(rows.values_list("source", "amount_fen"))


@pytest.mark.clause("S3-4.2a")
def test_a_penalty_comes_straight_out_of_the_deposit() -> None:
    """A deposit of 10,000 bears 4,000 for the platform; nothing is owed and nothing is left."""
    tenant = tenant_with(1_000_000, 500_000)
    done = recovery_begin(tenant, new_recovery(400_000, beneficiary="platform"), AT)
    assert (done.taken_fen, done.claim_fen, done.rest_fen) == (400_000, 0, 0)
    assert money(tenant) == (600_000, 500_000, 0)
    assert balance_of(tenant, PENALTY).posted_fen == 400_000
    assert (done.recovery.state, done.recovery.next_try_at) == ("settled", None)


@pytest.mark.clause("S3-4.2b")
def test_what_the_deposit_cannot_bear_is_recovered_for_the_platform() -> None:
    """A deposit of 10,000 and 14,000 due to the platform leave a claim of 4,000."""
    tenant = tenant_with(1_000_000)
    done = recovery_begin(tenant, new_recovery(1_400_000, beneficiary="platform"), AT)
    assert (done.taken_fen, done.claim_fen, done.rest_fen) == (1_000_000, 400_000, 0)
    assert money(tenant) == (0, 0, -400_000)
    assert _sources(tenant) == [("deposit", 1_000_000), ("claim", 400_000)]


@pytest.mark.clause("S3-5.3b", "S3-5.3c", "S3-5.3d")
def test_the_platform_pays_first_and_takes_proceeds() -> None:
    """With an advance: 10,000 of deposit, 1,000 of proceeds, and 3,000 that the shop owes."""
    tenant = tenant_with(1_000_000, 100_000)
    done = recovery_begin(tenant, new_recovery(1_400_000, advances=True), AT)
    assert money(tenant) == (0, 0, -300_000)
    assert balance_of(tenant, COMPENSATION).posted_fen == 1_400_000
    assert _sources(tenant) == [("deposit", 1_000_000), ("proceeds", 100_000), ("advance", 300_000)]
    assert done.recovery.state == "settled"


@pytest.mark.clause("S3-5.3d")
def test_settlement_is_withheld_while_something_is_owed() -> None:
    """A claim restricts the withdrawal of proceeds; without a claim nothing is restricted."""
    owing, paid = tenant_with(0), tenant_with(100)
    recovery_begin(owing, new_recovery(100, advances=True), AT)
    recovery_begin(paid, new_recovery(100, advances=True), AT)
    assert capabilities_restricted(owing, *S1) == {"withdrawal"}
    assert owing_subjects(owing) == {S1}
    assert capabilities_restricted(paid, *S1) == set()
    assert owing_subjects(paid) == set()


@pytest.mark.clause("S3-5.3a", "S3-5.3b")
def test_without_an_advance_the_rest_waits_for_the_merchant() -> None:
    """The platform need not pay first: proceeds stay, nothing is owed to it, 4,000 stay open."""
    tenant = tenant_with(1_000_000, 900_000)
    done = recovery_begin(tenant, new_recovery(1_400_000), AT)
    assert (done.taken_fen, done.claim_fen, done.rest_fen) == (1_000_000, 0, 400_000)
    assert money(tenant) == (0, 900_000, 0)
    assert done.recovery.state == "open"
    assert capabilities_restricted(tenant, *S1) == set()


def test_the_rest_is_tried_every_day_and_with_each_payment_in() -> None:
    """The next try is due the day after; a payment in is taken at once; the shop is told."""
    tenant = tenant_with(100)
    recovery_begin(tenant, new_recovery(300), AT)
    assert recoveries_due(tenant, AT) == []
    pay_in(tenant, 50)
    assert [each.taken_fen for each in recoveries_continue_of(tenant, S1, AT)] == [50]
    assert recoveries_look(tenant, AT).moved == ()
    assert recoveries_due(tenant, AT) == []
    pay_in(tenant, 30)
    assert [each.taken_fen for each in recoveries_look(tenant, AT).moved] == [30]
    pay_in(tenant, 500, at=AT + DAY)
    (last,) = recoveries_look(tenant, AT + DAY).moved
    assert (last.taken_fen, last.rest_fen, last.recovery.state) == (120, 0, "settled")
    assert money(tenant)[0] == 380
    told = {
        each.title_en.partition(": ")[2]: each for each in Notice.objects.filter(tenant_id=tenant)
    }
    assert sorted(told) == [
        "0.30 yuan more, 1.20 left",
        "0.50 yuan more, 1.50 left",
        "1.20 yuan more, 0.00 left",
    ]
    last_told = told["1.20 yuan more, 0.00 left"]
    assert "3.00 - before 1.80 - now 1.20 = 0.00 yuan left" in last_told.body_en
    assert "应付 3.00 元 − 此前 1.80 元 − 本次 1.20 元 = 余下 0.00 元" in last_told.body_zh


def test_an_unsplit_recovery_takes_all_of_it_or_nothing() -> None:
    """One fen short nothing is taken; with it, all of it goes at once."""
    tenant = tenant_with(299)
    first = recovery_begin(tenant, new_recovery(300, mode="unsplit"), AT)
    assert (first.steps, first.rest_fen, money(tenant)[0]) == ((), 300, 299)
    pay_in(tenant, 1)
    (progress,) = recoveries_continue_of(tenant, S1, AT)
    assert (progress.taken_fen, progress.rest_fen, money(tenant)[0]) == (300, 0, 0)


def test_a_repeat_changes_nothing() -> None:
    """Beginning the same recovery again, or trying one that is settled, moves nothing."""
    tenant = tenant_with(1_000)
    new = new_recovery(400)
    recovery_begin(tenant, new, AT)
    again = recovery_begin(tenant, new, AT + DAY)
    settled = recovery_continue(tenant, again.recovery.id, AT + DAY)
    assert (again.steps, settled.steps, money(tenant)[0]) == ((), (), 600)
    assert Recovery.objects.filter(tenant_id=tenant).count() == 1


def test_the_oldest_recovery_comes_first() -> None:
    """Of two open ones the older gets what comes in."""
    tenant = tenant_with()
    older = recovery_begin(tenant, new_recovery(100), AT).recovery
    newer = recovery_begin(tenant, new_recovery(100), AT + timedelta(minutes=1)).recovery
    pay_in(tenant, 150)
    recoveries_look(tenant, AT + DAY)
    rests = {row.id: rest for row, rest in recoveries(tenant, subject=S1)}
    assert (rests[older.id], rests[newer.id]) == (0, 50)
    assert [row.id for row, _ in recoveries(tenant, state="open")] == [newer.id]


def test_a_frozen_deposit_gives_nothing_and_leaves_no_claim() -> None:
    """While the deposit is frozen the whole waits; frozen proceeds alone are left out."""
    tenant = tenant_with(500, 500)
    _freeze(tenant, deposit_of(S1))
    held = recovery_begin(tenant, new_recovery(300, advances=True), AT)
    assert (held.steps, held.rest_fen, money(tenant)) == ((), 300, (500, 500, 0))
    other = tenant_with(100, 500)
    _freeze(other, settlement_of(S1))
    recovery_begin(other, new_recovery(300, advances=True), AT)
    assert money(other) == (0, 500, -200)


def _freeze(tenant: str, code: str) -> None:
    reason = Reason("S3-5.2a", SHOP_DEPOSIT, None, "frozen")
    freeze = Transfer(
        id=new_recovery(1).decision_id, kind="freeze", debit=code, effective_at=AT, reason=reason
    )
    assert transfers_post(tenant, [freeze], AT)[0].status == "posted"


def test_a_recovery_can_be_stopped_for_a_reason() -> None:
    """A stopped recovery takes nothing more, says why, and is not stopped twice."""
    tenant = tenant_with(100)
    row = recovery_begin(tenant, new_recovery(300), AT).recovery
    with pytest.raises(BadInput, match="reason_missing"):
        recovery_stop(tenant, row.id, " ", AT)
    stopped = recovery_stop(tenant, row.id, "the buyer took back the claim", AT)
    pay_in(tenant, 500)
    assert recoveries_continue_of(tenant, S1, AT) == []
    assert (stopped.state, money(tenant)[0]) == ("stopped", 500)
    assert "took back" in Notice.objects.get(tenant_id=tenant).body_zh
    with pytest.raises(Conflict, match="recovery_closed"):
        recovery_stop(tenant, row.id, "again", AT)


def _payment(amount_fen: int, key: str = "receipt-1") -> MerchantPayment:
    return MerchantPayment(key, "bank", amount_fen, AT)


@pytest.mark.clause("S3-5.3a")
def test_the_merchant_pays_the_rest_itself() -> None:
    """Its payment goes to the beneficiary first, and what is more into the deposit."""
    tenant = tenant_with(100)
    row = recovery_begin(tenant, new_recovery(300), AT).recovery
    part = recovery_paid_by_merchant(tenant, row.case_number, _payment(50), AT)
    assert (part.for_recovery_fen, part.to_deposit_fen, part.progress.rest_fen) == (50, 0, 150)
    rest = recovery_paid_by_merchant(tenant, row.case_number, _payment(170, "receipt-2"), AT)
    assert (rest.for_recovery_fen, rest.for_claim_fen, rest.to_deposit_fen) == (150, 0, 20)
    assert (recovery_get(tenant, row.case_number).state, money(tenant)[0]) == ("settled", 20)
    assert balance_of(tenant, COMPENSATION).posted_fen == 300
    assert _sources(tenant) == [("deposit", 100), ("merchant", 50), ("merchant", 150)]
    told = Notice.objects.filter(tenant_id=tenant)
    assert {each.kind for each in told} == {"payment"}
    paid = "paid by the merchant 0.50 yuan", "paid by the merchant 1.50 yuan"
    assert all(any(words in each.body_en for each in told) for words in paid)


@pytest.mark.clause("S3-5.3c")
def test_the_merchant_repays_what_the_platform_paid_first() -> None:
    """After an advance a payment for the recovery pays the claim, to 0 and no further."""
    tenant = tenant_with(100)
    row = recovery_begin(tenant, new_recovery(300, advances=True), AT).recovery
    paid = recovery_paid_by_merchant(tenant, row.case_number, _payment(250), AT)
    assert (paid.for_recovery_fen, paid.for_claim_fen, paid.to_deposit_fen) == (0, 200, 50)
    assert money(tenant) == (50, 0, 0)


def test_a_payment_is_booked_once() -> None:
    """The same receipt again books nothing, also after the rest has become smaller."""
    tenant = tenant_with()
    row = recovery_begin(tenant, new_recovery(300), AT).recovery
    for _ in range(2):
        paid = recovery_paid_by_merchant(tenant, row.case_number, _payment(300), AT)
    assert (paid.for_recovery_fen, paid.for_claim_fen, paid.to_deposit_fen) == (0, 0, 0)
    assert (money(tenant)[0], balance_of(tenant, COMPENSATION).posted_fen) == (0, 300)
    with pytest.raises(BadInput, match="amount_not_positive"):
        recovery_paid_by_merchant(tenant, row.case_number, _payment(0), AT)
    with pytest.raises(NotFound, match="unknown_recovery"):
        recovery_paid_by_merchant(tenant, "C999999", _payment(1), AT)


@pytest.mark.parametrize(
    "wrong", [{"amount_fen": 0}, {"beneficiary": "nobody"}, {"mode": "sometimes"}]
)
def test_a_recovery_without_sense_is_refused(wrong: dict[str, object]) -> None:
    """No amount, nobody to pay, no known mode: nothing begins."""
    tenant = tenant_with(100)
    content = {"amount_fen": 100, **wrong}
    with pytest.raises(BadInput, match="recovery_wrong"):
        recovery_begin(tenant, new_recovery(content.pop("amount_fen"), **content), AT)
    assert not Recovery.objects.filter(tenant_id=tenant).exists()


@settings(max_examples=12, deadline=None)
@given(
    start=st.tuples(st.integers(0, 500), st.integers(0, 300)),
    wanted=st.lists(
        st.tuples(
            st.integers(1, 600),
            st.sampled_from(["consumer", "right_holder", "platform"]),
            st.sampled_from(["partial", "unsplit"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
    later=st.lists(
        st.tuples(st.sampled_from(["pay", "own", "day"]), st.integers(1, 400)), max_size=5
    ),
)
@pytest.mark.clause("S3-4.2a", "S3-4.2b", "S3-5.3a", "S3-5.3b", "S3-5.3c", "S3-5.3d")
def test_steps_and_rest_are_the_amount(
    start: tuple[int, int],
    wanted: list[tuple[int, str, str, bool]],
    later: list[tuple[str, int]],
) -> None:
    """Whatever happens: steps + rest = amount, no deposit below 0, no claim above 0, books hold."""
    tenant = tenant_with(*start)
    for amount, beneficiary, mode, advances in wanted:
        new = new_recovery(amount, beneficiary=beneficiary, mode=mode, advances=advances)
        recovery_begin(tenant, new, AT)
    for number, (what, amount) in enumerate(later, 1):
        now = AT + number * DAY
        if what == "pay":
            pay_in(tenant, amount, at=now)
            recoveries_continue_of(tenant, S1, now)
        elif what == "own":
            case = recoveries(tenant)[0][0].case_number
            paid = MerchantPayment(str(number), "bank", amount, now)
            done = recovery_paid_by_merchant(tenant, case, paid, now)
            assert done.for_recovery_fen + done.for_claim_fen + done.to_deposit_fen == amount
        recoveries_look(tenant, now)
    for row, rest in recoveries(tenant):
        assert sum(step.amount_fen for step in row.steps.all()) + rest == row.amount_fen
        assert rest >= 0
        assert (row.state == "settled") is (rest == 0)
    deposit, proceeds, claim = money(tenant)
    assert deposit >= 0
    assert proceeds >= 0
    assert claim <= 0
    taken = sum(row.amount_fen - rest for row, rest in recoveries(tenant))
    assert taken == sum(balance_of(tenant, code).posted_fen for code in (COMPENSATION, PENALTY))
    assert balance_of(tenant, SUSPENSE).posted_fen == 0
    assert books_hold(tenant)

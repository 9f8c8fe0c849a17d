"""Payouts: money is set aside when asked for, leaves once, and is booked by what is proven."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.ledger.queries import balance_of
from earnest.notices.queries import inbox
from earnest.payouts.commands import (
    part_refused_by_hand,
    payee_revoke,
    payout_notified,
    payout_reissue,
    payout_request,
    payouts_advance,
)
from earnest.payouts.limits import Limits
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.queries import attempts_of, parts_of, payout_get, payouts, payouts_owed
from earnest.payouts.rails import RailAnswer
from tests.payouts.scene import (
    DEPOSIT,
    NOW,
    PAID_IN_FEN,
    SHOP,
    books_agree,
    cash_in_refunded,
    cash_out_fen,
    later,
    rails_of,
    wanted,
)


def _part(payout: Payout) -> PayoutPart:
    (part,) = parts_of(payout)
    return part


@pytest.mark.clause("S3-6.2x")
def test_a_payout_is_set_aside_sent_and_booked(tenant, house):
    """The money is held at the request, leaves once, and its capture names clause and decision."""
    payout = payout_request(tenant, wanted(), NOW)
    assert (payout.number, payout.state) == ("P000001", "open")
    assert balance_of(tenant, DEPOSIT).free_fen == PAID_IN_FEN - 250_000
    assert cash_out_fen(tenant) == 0

    run = payouts_advance(tenant, rails_of(tenant, house), NOW)

    part = _part(payout)
    assert run.succeeded == [part.business_no]
    assert (part.state, payout_get(tenant, "P000001").state) == ("succeeded", "paid")
    assert part.institution_ref == house.transfers[part.business_no].order_id
    assert cash_out_fen(tenant) == 250_000
    assert balance_of(tenant, DEPOSIT).posted_fen == PAID_IN_FEN - 250_000
    assert payouts_owed(tenant) == []
    books_agree(tenant, house)


def test_a_decision_sends_money_once(tenant, house):
    """The same decision again gives the payout that stands; with other content it is a conflict."""
    new = wanted()
    first = payout_request(tenant, new, NOW)
    assert payout_request(tenant, new, later()).pk == first.pk
    with pytest.raises(Conflict, match="payout_differs"):
        payout_request(tenant, replace(new, amount_fen=1), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert payout_request(tenant, new, later()).state == "paid"
    assert payouts(tenant).count() == 1
    assert house.paid_out_fen == 250_000


def test_what_the_ledger_refuses_leaves_no_row(tenant):
    """A payout above the free deposit is refused with the ledger's words and nothing is written."""
    with pytest.raises(RuleRefused, match="payout_not_reserved"):
        payout_request(tenant, wanted(PAID_IN_FEN + 1), NOW)
    assert not payouts(tenant).exists()
    assert payout_request(tenant, wanted(PAID_IN_FEN), NOW).number == "P000001"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"purpose": "present"},
        {"route": "by_pigeon"},
        {"clause": " "},
        {"destination": "T1"},
        {"route": "original_route"},
    ],
)
def test_a_payout_with_wrong_fields_is_refused(tenant, changes):
    """Each wrong field is named before anything is written."""
    with pytest.raises(BadInput, match="payout_fields_wrong"):
        payout_request(tenant, wanted(**changes), NOW)
    assert not payouts(tenant).exists()


@pytest.mark.parametrize("play", ["time_out_after", "system_error_after", "garble", "bad_gateway"])
def test_an_answer_that_is_lost_is_asked_for(tenant, house, play):
    """Done at the institution but not heard of: unknown, then asked about; never sent twice."""
    house.plays.append(play)
    payout = payout_request(tenant, wanted(), NOW)
    run = payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert _part(payout).state == "unknown"
    assert run.unknown
    assert not payouts_advance(tenant, rails_of(tenant, house), NOW).queried, "it waits first"

    run = payouts_advance(tenant, rails_of(tenant, house), NOW + timedelta(minutes=1))

    assert (run.queried, run.submitted) == (run.succeeded, [])
    assert _part(payout).state == "succeeded"
    assert [a.kind for a in attempts_of(_part(payout))] == ["submit", "query"]
    books_agree(tenant, house)


@pytest.mark.parametrize("play", ["time_out_before", "system_error_before", "gateway_error"])
def test_what_never_arrived_is_sent_again_byte_for_byte(tenant, house, play):
    """Not found at the institution: the same bytes go out under the same number."""
    house.plays.append(play)
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    first = bytes(_part(payout).request)

    run = payouts_advance(tenant, rails_of(tenant, house), later())

    part = _part(payout)
    assert run.queried == run.submitted == run.succeeded == [part.business_no]
    assert bytes(part.request) == first
    assert list(house.transfers) == [part.business_no]
    books_agree(tenant, house)


def test_a_number_is_not_sent_again_when_it_may_be_forgotten(tenant, house):
    """After a week not found leads to people, for the number may be forgotten; two settle it."""
    house.plays.append("time_out_before")
    payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    run = payouts_advance(tenant, rails_of(tenant, house), NOW + timedelta(days=8))
    assert run.submitted == []
    assert len(run.attention) == 1
    (owed,) = payouts_owed(tenant)
    assert owed.attention == ("contradicts",)
    assert owed.open_fen == 250_000
    part = parts_of(owed.payout)[0]
    for by in ("fin", "lead"):
        words = "机构确认未付"
        part_refused_by_hand(tenant, part.business_no, words=words, by=by, now=later(200))
    assert payouts_owed(tenant)[0].attention == ("unpaid",)
    books_agree(tenant, house)


@pytest.mark.clause("S3-6.2x")
def test_a_payee_by_another_name_gets_nothing(tenant, house):
    """The institution says that the name differs: the part fails, the money is free again."""
    house.accounts["2088000000000001"] = "另一家公司"
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    part = _part(payout)
    assert (part.state, part.failure_code) == ("failed", "PAYEE_USER_INFO_ERROR")
    assert part.blame == "payee"
    assert part.failure_zh
    assert part.failure_en
    assert payout_get(tenant, payout.number).state == "failed"
    assert balance_of(tenant, DEPOSIT).free_fen == PAID_IN_FEN
    books_agree(tenant, house)


def test_what_failed_is_issued_anew_under_new_numbers(tenant, house):
    """Only after failure, once, for the unpaid rest, and linked to what it takes the place of."""
    house.plays.append("no_funds")
    old = payout_request(tenant, wanted(), NOW)
    with pytest.raises(RuleRefused, match="payout_not_failed"):
        payout_reissue(tenant, old.number, by="fin", now=NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert payouts_owed(tenant)[0].attention == ("unpaid",)

    new = payout_reissue(tenant, old.number, by="fin", now=later())

    assert payout_reissue(tenant, old.number, by="fin", now=later()).pk == new.pk
    assert (new.number, new.reissue_of_id, new.amount_fen) == ("P000002", old.pk, 250_000)
    payouts_advance(tenant, rails_of(tenant, house), later())
    assert payout_get(tenant, "P000002").state == "paid"
    assert payouts_owed(tenant) == []
    with pytest.raises(RuleRefused, match="payout_not_failed"):
        payout_reissue(tenant, new.number, by="fin", now=later())
    books_agree(tenant, house)


def test_a_payout_is_split_by_the_limits(tenant, house, settings):
    """Parts are even, sum to the whole, and no day sends more than its limit."""
    settings.PAYOUT_LIMITS = {"alipay_transfer": Limits(100_000, 200_000)}
    payout = payout_request(tenant, wanted(250_001), NOW)
    amounts = [part.amount_fen for part in parts_of(payout)]
    assert amounts == [83_334, 83_334, 83_333]
    house.plays.extend(["succeed", "no_funds"])

    run = payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert (len(run.succeeded), len(run.failed), len(run.held_back)) == (1, 1, 1)
    assert payout_get(tenant, payout.number).state == "open"
    assert balance_of(tenant, DEPOSIT).held_fen == 250_001 - run_paid(payout)

    run = payouts_advance(tenant, rails_of(tenant, house), NOW + timedelta(days=1))
    assert len(run.succeeded) == 1
    assert payout_get(tenant, payout.number).state == "partly_paid"
    assert balance_of(tenant, DEPOSIT).held_fen == 0, "what failed is free again"
    rest = payout_reissue(tenant, payout.number, by="fin", now=later(30))
    assert rest.amount_fen == 250_001 - house.paid_out_fen
    books_agree(tenant, house)


def run_paid(payout: Payout) -> int:
    """Return what of a payout is booked as paid."""
    return sum(part.amount_fen for part in parts_of(payout) if part.state == "succeeded")


def test_money_that_comes_back_is_reversed(tenant, house):
    """A transfer that bounces after success is reversed in the books and may be issued anew."""
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    part = _part(payout)
    house.bounce(part.business_no)
    assert payouts_advance(tenant, rails_of(tenant, house), later()).queried == []

    payout_notified(tenant, part.business_no, RailAnswer("returned"), later())
    run = payouts_advance(tenant, rails_of(tenant, house), later())

    assert run.returned == [part.business_no]
    assert payout_get(tenant, payout.number).state == "returned"
    assert cash_out_fen(tenant) == 0
    assert balance_of(tenant, DEPOSIT).free_fen == PAID_IN_FEN
    assert payout_reissue(tenant, payout.number, by="fin", now=later()).amount_fen == 250_000
    books_agree(tenant, house)


def test_money_that_comes_back_before_it_was_known_paid_is_booked_both_ways(tenant, house):
    """Paid and returned while we did not hear: one query books the payment and its return."""
    house.plays.append("time_out_after")
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    house.bounce(_part(payout).business_no)
    payouts_advance(tenant, rails_of(tenant, house), later())
    part = _part(payout)
    assert part.state == "returned"
    assert part.transfer_id
    assert part.return_id
    books_agree(tenant, house)


def test_a_notice_alone_settles_nothing(tenant, house):
    """Notices that are early, doubled, wrong or late move no money; they make the part due."""
    house.plays.append("deal")
    payout = payout_request(tenant, wanted(), NOW)
    no = _part(payout).business_no
    payout_notified(tenant, no, RailAnswer("succeeded"), NOW)
    assert _part(payout).state == "reserved", "it was never sent"
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    for state in ("succeeded", "succeeded", "failed"):
        payout_notified(tenant, no, RailAnswer(state), NOW)
    run = payouts_advance(tenant, rails_of(tenant, house), NOW)
    assert (run.queried, run.unknown) == ([no], [no]), "the institution is still at it"

    house.settle(no)
    payout_notified(tenant, no, RailAnswer("succeeded"), later())
    assert payouts_advance(tenant, rails_of(tenant, house), later()).succeeded == [no]
    payout_notified(tenant, no, RailAnswer("succeeded"), later())
    assert _part(payout).next_try_at is None, "what agrees is only written down"
    payout_notified(tenant, no, RailAnswer("failed"), later())
    run = payouts_advance(tenant, rails_of(tenant, house), later())
    assert (run.queried, _part(payout).state) == ([no], "succeeded")
    with pytest.raises(NotFound, match="payout_part_unknown"):
        payout_notified(tenant, "0" * 32, RailAnswer("succeeded"), NOW)
    books_agree(tenant, house)


def test_success_after_failure_is_a_contradiction_for_people(tenant, house):
    """What failed is never booked as paid by a later answer: it is written down and shown."""
    house.plays.append("deal")
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    no = _part(payout).business_no
    house.settle(no, "FAIL", "PAYEE_NOT_EXIST")
    payouts_advance(tenant, rails_of(tenant, house), later())
    assert _part(payout).state == "failed"
    house.settle(no, "SUCCESS")
    payout_notified(tenant, no, RailAnswer("succeeded"), later())
    run = payouts_advance(tenant, rails_of(tenant, house), later())
    assert (run.attention, _part(payout).state) == ([no], "failed")
    payout_notified(tenant, no, RailAnswer("failed"), later())
    assert payouts_owed(tenant)[0].attention == ("contradicts", "unpaid")
    with pytest.raises(RuleRefused, match="payout_contradicted"):
        payout_reissue(tenant, payout.number, by="fin", now=later())
    assert cash_out_fen(tenant) == 0


@pytest.mark.parametrize("wrong", ["renamed", "revoked", "replaced"])
def test_the_account_must_still_be_good_when_the_money_leaves(tenant, house, wrong):
    """An account that lost its verification after the request is not paid to."""
    from earnest.market.models import Shop
    from earnest.payouts.commands import payee_verify
    from tests.payouts.scene import ENTITY

    payout = payout_request(tenant, wanted(), NOW)
    if wrong == "renamed":
        Shop.objects.filter(tenant_id=tenant).update(entity_name="新名称有限公司")
    elif wrong == "revoked":
        payee_revoke(tenant, SHOP, rail="alipay_transfer", by="fin", now=NOW)
    else:
        payee_verify(
            tenant, SHOP, rail="alipay_transfer", identity="2088000000000002", name=ENTITY,
            by="fin", now=NOW,
        )  # fmt: skip
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    codes = {
        "renamed": "payee_entity_changed",
        "revoked": "payee_not_verified",
        "replaced": "payee_replaced",
    }
    assert (_part(payout).state, _part(payout).failure_code) == ("failed", codes[wrong])
    assert house.transfers == {}
    books_agree(tenant, house)


def test_a_refund_goes_back_by_the_original_route(tenant, house):
    """Part of a payment in is refunded by its own number and booked at the rail it came by."""
    from earnest.connectors.alipay.trade import TradeOrder, page_pay_url
    from tests.payouts.scene import config

    order = TradeOrder("PAYIN-1", PAID_IN_FEN, "保证金", "https://earnest.test/notify")
    house.pay(page_pay_url(config(), order, NOW), NOW)
    new = wanted(route="original_route", destination="PAYIN-1", purpose="overpayment")
    payout = payout_request(tenant, new, NOW)
    house.plays.append("time_out_after")
    for at in (NOW, later(1), later(2)):
        payouts_advance(tenant, rails_of(tenant, house), at)
    assert _part(payout).state == "succeeded"
    assert cash_in_refunded(tenant) == 250_000
    books_agree(tenant, house)


def test_the_network_is_never_used_inside_a_transaction(tenant, house):
    """The worker refuses to start in a transaction, and holds none while it speaks."""
    from django.db import connection

    payout_request(tenant, wanted(), NOW)
    rails = rails_of(tenant, house)
    with transaction.atomic(), pytest.raises(RuntimeError):
        payouts_advance(tenant, rails, NOW)
    seen = []
    submit = rails["alipay_transfer"].submit
    rails["alipay_transfer"].submit = lambda request: (
        seen.append(connection.in_atomic_block),
        submit(request),
    )[1]
    payouts_advance(tenant, rails, NOW)
    assert seen == [False]


@pytest.mark.clause("S3-6.2x")
def test_the_party_is_told_of_each_end(tenant, house):
    """The shop hears once that it was paid, once that the money came back, once of a final no."""
    payout = payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    part = _part(payout)
    payout_notified(tenant, part.business_no, RailAnswer("succeeded"), later())
    payouts_advance(tenant, rails_of(tenant, house), later())
    house.bounce(part.business_no)
    payout_notified(tenant, part.business_no, RailAnswer("returned"), later())
    payouts_advance(tenant, rails_of(tenant, house), later())
    house.plays.append("no_funds")
    payout_request(tenant, wanted(), later())
    payouts_advance(tenant, rails_of(tenant, house), later())

    told = list(inbox(tenant, *SHOP))
    assert [each.severity for each in told] == ["warning", "warning", "info"]
    paid = told[-1]
    assert "2,500.00" in paid.title_zh
    assert "2,500.00" in paid.title_en
    assert part.institution_ref in paid.body_zh
    assert {each.kind for each in told} == {"payment"}

"""Every kind of transfer: what it does, what refuses it, and that a repeat changes nothing."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from earnest.ledger.commands import holds_expire, transfers_post
from earnest.ledger.models import LedgerHold, LedgerTransfer
from earnest.ledger.queries import (
    balance_of,
    freezes_open,
    holds_open,
    statement,
    verify,
)
from earnest.ledger.records import Outcome, Transfer
from tests.ledger.market import (
    CAPPED,
    CASH,
    CLAIM,
    DEDUCT,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PENALTY,
    capture,
    end,
    freeze,
    hold,
    pay_in,
    reverse,
    transfer,
    up_to,
)

SETTLEMENT = OTHER_DEPOSIT  # an account with the limits of proceeds


def _post(tenant: str, *batch: Transfer) -> list[tuple[str, str]]:
    return [(o.status, o.code) for o in transfers_post(tenant, batch, NOW)]


def _moved(tenant: str, *batch: Transfer) -> list[int]:
    outcomes = transfers_post(tenant, batch, NOW)
    assert [o.status for o in outcomes] == ["posted"] * len(batch), outcomes
    return [o.moved_fen for o in outcomes]


def _held(tenant: str, code: str = DEPOSIT) -> tuple[int, int]:
    balance = balance_of(tenant, code)
    return balance.posted_fen, balance.held_fen


@pytest.mark.clause("S3-4.2b")
def test_hold_partial_capture_final_capture(tenant: str) -> None:
    """150 held, 30 taken, then 20 as the last: 50 went out, nothing is held any more."""
    held = hold(150)
    assert _moved(tenant, pay_in(200), held) == [200, 150]
    assert _held(tenant) == (200, 150)
    assert balance_of(tenant, DEPOSIT).free_fen == 50
    assert _post(tenant, transfer(DEPOSIT, PENALTY, 51)) == [("refused", "floor_broken")]
    assert _moved(tenant, capture(held, 30)) == [30]
    assert _held(tenant) == (170, 120)
    (standing,) = holds_open(tenant, DEPOSIT)
    assert (standing.id, standing.amount_fen, standing.remaining_fen) == (held.id, 150, 120)
    assert (standing.account, standing.credit, standing.reason) == (DEPOSIT, PENALTY, DEDUCT)
    assert _moved(tenant, capture(held, 20, final=True)) == [20]
    assert _held(tenant) == (150, 0)
    assert balance_of(tenant, PENALTY).posted_fen == 50
    assert _post(tenant, capture(held, 1)) == [("refused", "hold_closed")]
    assert holds_open(tenant) == []
    assert all(check.ok for check in verify(tenant))


def test_captures_until_nothing_remains_close_the_hold(tenant: str) -> None:
    """Without a final one, the capture of the last fen closes; more than that is refused."""
    held = hold(10)
    _moved(tenant, pay_in(10), held, capture(held, 4))
    assert _post(tenant, capture(held, 7)) == [("refused", "hold_exceeded")]
    assert _moved(tenant, capture(held, 6)) == [6]
    assert _held(tenant) == (0, 0)
    assert _post(tenant, end("void", held)) == [("refused", "hold_closed")]
    assert LedgerHold.objects.get(id=held.id).closed_at is not None


def test_capture_may_pay_another_than_was_meant(tenant: str) -> None:
    """The beneficiary of a capture is named by it; the account is the hold's."""
    held = hold(10)
    _moved(tenant, pay_in(10), held)
    elsewhere = replace(capture(held, 1), id=uuid4(), debit=OTHER_DEPOSIT)
    assert _post(tenant, elsewhere) == [("refused", "unknown_hold")]
    assert _moved(tenant, replace(capture(held, 10), credit=CAPPED)) == [10]
    assert balance_of(tenant, CAPPED).posted_fen == 10


@pytest.mark.clause("S3-4.2b")
def test_void_releases_what_remains(tenant: str) -> None:
    """Of 10 held 4 were taken; void releases 6, and says so also when it is sent again."""
    held = hold(10)
    _moved(tenant, pay_in(10), held, capture(held, 4))
    void = end("void", held)
    assert _moved(tenant, void) == [6]
    assert transfers_post(tenant, [void], NOW) == [Outcome(void.id, "exists", "", 6)]
    assert _held(tenant) == (6, 0)
    newest = statement(tenant, DEPOSIT, 1)[0]
    assert (newest.kind, newest.amount_fen, newest.held_delta_fen) == ("void", 0, -6)
    assert (newest.counter_account, newest.held_fen, newest.balance_fen) == ("", 0, 6)
    assert all(check.ok for check in verify(tenant))


def test_hold_expires_with_a_record(tenant: str) -> None:
    """The sweeper ends what is due, once, and leaves the indefinite and the later alone."""
    due = hold(5, expires_at=NOW + timedelta(hours=1))
    later = hold(6, expires_at=NOW + timedelta(hours=3))
    for_ever = hold(7)
    _moved(tenant, pay_in(20), due, later, for_ever, capture(due, 2))
    assert holds_expire(tenant, NOW) == []
    at = NOW + timedelta(hours=1)
    assert [o.moved_fen for o in holds_expire(tenant, at)] == [3]
    assert holds_expire(tenant, at) == []
    assert _held(tenant) == (18, 13)
    record = LedgerTransfer.objects.get(kind="expire")
    assert (record.pending_id, record.amount_fen, record.effective_at) == (due.id, 3, at)
    assert statement(tenant, DEPOSIT, 1)[0].note == "hold expired"
    assert statement(tenant, DEPOSIT, 1)[0].clause == DEDUCT.clause
    assert all(check.ok for check in verify(tenant))


def test_many_holds_expire_in_pieces(tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one piece of the sweeper's work is done in one call."""
    monkeypatch.setattr("earnest.ledger.commands._EXPIRED_AT_ONCE", 2)
    holds = [hold(1, expires_at=NOW + timedelta(hours=1)) for _ in range(5)]
    _moved(tenant, pay_in(5), *holds)
    assert len(holds_expire(tenant, NOW + timedelta(hours=2))) == 5
    assert _held(tenant) == (5, 0)


def test_expired_hold_cannot_be_captured_but_voided(tenant: str) -> None:
    """Also before the sweeper came: the time is over, not the money gone."""
    held = hold(5, expires_at=NOW + timedelta(hours=1))
    _moved(tenant, pay_in(5), held)
    assert _post(tenant, end("expire", held)) == [("refused", "hold_not_expired")]
    at = NOW + timedelta(hours=1)
    assert transfers_post(tenant, [capture(held, 1)], at)[0].code == "hold_expired"
    assert transfers_post(tenant, [end("void", held)], at)[0].moved_fen == 5


@pytest.mark.clause("S3-4.2a", "S3-4.2b")
def test_waterfall_deposit_proceeds_claim(tenant: str) -> None:
    """100 owed: 30 from the deposit, 50 from proceeds, the last 20 as a claim, in one group."""
    held = hold(5)
    _moved(tenant, pay_in(35), held, pay_in(50, SETTLEMENT))
    group = uuid4()
    first = up_to(DEPOSIT, PENALTY, 100, group_id=group)
    second = up_to(SETTLEMENT, PENALTY, 0, group_id=group, pending_id=first.id)
    last = transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=second.id)
    assert _moved(tenant, first, second, last) == [30, 50, 20]
    assert _held(tenant) == (5, 5)
    assert balance_of(tenant, CLAIM).posted_fen == -20
    assert balance_of(tenant, PENALTY).posted_fen == 100
    rows = {t.id: (t.asked_fen, t.amount_fen) for t in LedgerTransfer.objects.exclude(kind="post")}
    assert [rows[t.id] for t in (first, second, last)] == [(100, 30), (70, 50), (20, 20)]
    # Sent again when the balances are others: what was moved then.
    _moved(tenant, pay_in(500), end("void", held))
    assert transfers_post(tenant, [first, second, last], NOW) == [
        Outcome(first.id, "exists", "", 30),
        Outcome(second.id, "exists", "", 50),
        Outcome(last.id, "exists", "", 20),
    ]
    assert all(check.ok for check in verify(tenant))


def test_waterfall_that_needs_nothing_more_moves_nothing_more(tenant: str) -> None:
    """When the first source is enough, the others move 0 and leave no entry."""
    group = uuid4()
    first = up_to(DEPOSIT, PENALTY, 10, group_id=group)
    rest = transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=first.id)
    assert _moved(tenant, pay_in(10), first, rest) == [10, 10, 0]
    assert balance_of(tenant, CLAIM).seq == 0
    nothing = up_to(DEPOSIT, PENALTY, 10)
    assert _moved(tenant, nothing) == [0]
    assert transfers_post(tenant, [nothing], NOW) == [Outcome(nothing.id, "exists", "", 0)]
    assert all(check.ok for check in verify(tenant))


def test_up_to_stops_at_the_ceiling(tenant: str) -> None:
    """A repayment never makes a claim positive; room and money both bound what moves."""
    _moved(tenant, transfer(CLAIM, PENALTY, 70), pay_in(100))
    assert _moved(tenant, up_to(DEPOSIT, CLAIM, 90)) == [70]
    assert _moved(tenant, up_to(DEPOSIT, CLAIM, 90)) == [0]
    assert balance_of(tenant, DEPOSIT).posted_fen == 30


def test_rest_is_taken_on_once_and_only_in_its_group(tenant: str) -> None:
    """A rest that two would take, that is of another group or already in the books, is refused."""
    group = uuid4()
    first = up_to(DEPOSIT, PENALTY, 10, group_id=group)
    rests = [
        transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=first.id)
        for _ in range(2)
    ]
    assert _post(tenant, first, *rests) == [
        ("refused", "group_broken"),
        ("refused", "group_broken"),
        ("refused", "remainder_taken"),
    ]
    other = replace(first, id=uuid4())
    late = replace(rests[0], id=uuid4(), pending_id=other.id)
    assert _post(tenant, other) == [("posted", "")]
    assert _post(tenant, late) == [("refused", "unknown_up_to")]
    alone = replace(late, id=uuid4(), group_id=None)
    assert _post(tenant, alone) == [("refused", "unknown_up_to")]


@pytest.mark.clause("S3-4.2b")
def test_freeze_lets_money_in_but_not_out(tenant: str) -> None:
    """Debits, holds and captures are refused until the last of two freezes is lifted."""
    held = hold(5)
    one, two = freeze(), freeze()
    _moved(tenant, pay_in(20), held, one, two)
    assert balance_of(tenant, DEPOSIT).frozen == 2
    assert [each.id for each in freezes_open(tenant, DEPOSIT)] == [one.id, two.id]
    frozen = ("refused", "account_frozen")
    assert _post(tenant, transfer(DEPOSIT, PENALTY, 1)) == [frozen]
    assert _post(tenant, hold(1), capture(held, 1), up_to(DEPOSIT, CASH, 1)) == [frozen] * 3
    assert _post(tenant, pay_in(1)) == [("posted", "")]
    assert _moved(tenant, end("void", held)) == [5]
    assert _post(tenant, end("unfreeze", one)) == [("posted", "")]
    assert _post(tenant, end("unfreeze", one)) == [("refused", "freeze_lifted")]
    assert _post(tenant, transfer(DEPOSIT, PENALTY, 1)) == [frozen]
    lift = end("unfreeze", two)
    assert _post(tenant, lift, transfer(DEPOSIT, PENALTY, 1)) == [("posted", "")] * 2
    assert _post(tenant, lift) == [("exists", "")]
    assert freezes_open(tenant) == []
    assert all(check.ok for check in verify(tenant))


def test_freeze_is_lifted_on_its_own_account(tenant: str) -> None:
    """Naming a freeze of another account, or what is none, is refused."""
    standing = freeze()
    _moved(tenant, standing, pay_in(1))
    wrong = replace(end("unfreeze", standing), debit=OTHER_DEPOSIT)
    assert _post(tenant, wrong) == [("refused", "unknown_freeze")]
    assert _post(tenant, replace(wrong, id=uuid4(), pending_id=uuid4())) == [
        ("refused", "unknown_freeze")
    ]


def test_reverse_moves_back_once(tenant: str) -> None:
    """The same amount the other way; a second time, in part, or of a hold it is refused."""
    deduction = transfer(DEPOSIT, PENALTY, 30)
    held = hold(5)
    _moved(tenant, pay_in(50), deduction, held)
    partly = replace(reverse(deduction), amount_fen=10)
    assert _post(tenant, partly) == [("refused", "reversal_differs")]
    back = reverse(deduction)
    assert _moved(tenant, back) == [30]
    assert _held(tenant) == (50, 5)
    assert _post(tenant, back, reverse(deduction)) == [
        ("exists", ""),
        ("refused", "already_reversed"),
    ]
    assert _post(tenant, reverse(back)) == [("refused", "not_reversible")]
    assert _post(tenant, reverse(held)) == [("refused", "not_reversible")]
    assert _post(tenant, replace(reverse(held), id=uuid4(), pending_id=uuid4())) == [
        ("refused", "unknown_original")
    ]
    assert all(check.ok for check in verify(tenant))


def test_reverse_of_a_capture_leaves_its_hold_closed(tenant: str) -> None:
    """The money comes back free; the hold stays as it ended."""
    held = hold(8)
    taken = capture(held, 8)
    _moved(tenant, pay_in(8), held, taken, reverse(taken))
    assert _held(tenant) == (8, 0)
    assert _post(tenant, capture(held, 1)) == [("refused", "hold_closed")]


def test_limits_hold_for_a_reversal(tenant: str) -> None:
    """What was paid in and spent meanwhile cannot be taken back."""
    paid = pay_in(10)
    _moved(tenant, paid, transfer(DEPOSIT, PENALTY, 5))
    assert _post(tenant, reverse(paid)) == [("refused", "floor_broken")]


def test_group_of_all_kinds_is_undone_whole(tenant: str) -> None:
    """A group that breaks at its end leaves holds, freezes, reversals and rests as they were."""
    held, standing = hold(10), freeze(OTHER_DEPOSIT)
    deduction = transfer(DEPOSIT, PENALTY, 5)
    _moved(tenant, pay_in(30), pay_in(3, OTHER_DEPOSIT), held, standing, deduction)
    before = balance_of(tenant, DEPOSIT), balance_of(tenant, OTHER_DEPOSIT)
    group = uuid4()
    first = up_to(DEPOSIT, PENALTY, 7, group_id=group)
    members = [
        capture(held, 4, group_id=group),
        end("void", held, group_id=group),
        end("unfreeze", standing, group_id=group),
        reverse(deduction, group_id=group),
        first,
        transfer(CLAIM, PENALTY, 0, kind="remainder", group_id=group, pending_id=first.id),
        hold(2, group_id=group),
        freeze(group_id=group),
        transfer(CASH, CLAIM, 1, group_id=group),
    ]
    followers = [end("void", held), end("unfreeze", standing), reverse(deduction)]
    outcomes = transfers_post(tenant, [*members, *followers], NOW)
    assert [o.code for o in outcomes[:9]] == ["group_broken"] * 8 + ["ceiling_broken"]
    assert [(o.status, o.moved_fen) for o in outcomes[9:]] == [
        ("posted", 10),
        ("posted", 0),
        ("posted", 5),
    ]
    after = balance_of(tenant, DEPOSIT), balance_of(tenant, OTHER_DEPOSIT)
    assert after[0].posted_fen == before[0].posted_fen + 5
    assert (after[0].held_fen, after[0].frozen, after[1].frozen) == (0, 0, 0)
    assert all(check.ok for check in verify(tenant))


def test_whole_group_of_several_kinds_is_posted(tenant: str) -> None:
    """A hold and its capture, a freeze and its end, in one group of one batch."""
    group = uuid4()
    held, standing = hold(10, group_id=group), freeze(group_id=group)
    members = [
        held,
        capture(held, 4, group_id=group),
        standing,
        end("unfreeze", standing, group_id=group),
        end("void", held, group_id=group),
    ]
    assert _moved(tenant, pay_in(10), *members) == [10, 10, 4, 0, 0, 6]
    assert [o.status for o in transfers_post(tenant, members, NOW)] == ["exists"] * 5
    assert all(check.ok for check in verify(tenant))

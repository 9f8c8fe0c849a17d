"""Posting batches: what is posted, refused, repeated, and what an id is bound to."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.kernel.money import FEN_MAX
from earnest.ledger.chart import platform_account, subject_account
from earnest.ledger.commands import BATCH_MAX, accounts_open, transfers_post
from earnest.ledger.models import LedgerBatch, LedgerReason, LedgerRefusal, LedgerTransfer
from earnest.ledger.queries import balance_of, balances_listed, balances_of, statement, verify
from earnest.ledger.records import NewAccount, Outcome, Reason, Transfer
from earnest.ledger.refusals import REFUSALS
from tests.ledger.market import (
    ACCOUNTS,
    CAPPED,
    CASH,
    CLAIM,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PENALTY,
    pay_in,
    transfer,
)


def _post(tenant: str, *batch: Transfer) -> list[tuple[str, str]]:
    outcomes = transfers_post(tenant, batch, NOW)
    assert [o.id for o in outcomes] == [t.id for t in batch]
    return [(o.status, o.code) for o in outcomes]


def test_credit_raises_and_debit_lowers(tenant: str) -> None:
    """A payment in of 10,000 yuan and a penalty of 2,500 leave 7,500, and cash is minus 10,000."""
    assert (
        _post(tenant, pay_in(1_000_000), transfer(DEPOSIT, PENALTY, 250_000))
        == [("posted", "")] * 2
    )
    assert balance_of(tenant, DEPOSIT).posted_fen == 750_000
    assert balance_of(tenant, DEPOSIT).free_fen == 750_000
    assert balance_of(tenant, CASH).posted_fen == -1_000_000
    assert balance_of(tenant, PENALTY).posted_fen == 250_000
    assert all(check.ok for check in verify(tenant))


@pytest.mark.clause("S3-1.2")
def test_no_interest(tenant: str) -> None:
    """A deposit held for years is the same number of fen: only transfers change it."""
    _post(tenant, pay_in(1_000_000))
    much_later = NOW + timedelta(days=3650)
    transfers_post(tenant, [pay_in(1, OTHER_DEPOSIT, effective_at=much_later)], much_later)
    assert balance_of(tenant, DEPOSIT).posted_fen == 1_000_000
    assert balance_of(tenant, DEPOSIT).seq == 1


def test_statement_shows_running_balance_clause_and_counter_account(tenant: str) -> None:
    """Newest first; each line has the balance after it, its clause, and the other account."""
    first, second = pay_in(700), transfer(DEPOSIT, PENALTY, 200)
    _post(tenant, first, second)
    newest, oldest = statement(tenant, DEPOSIT, 10)
    assert (newest.seq, newest.amount_fen, newest.balance_fen) == (2, -200, 500)
    assert (newest.clause, newest.counter_account) == ("S3-4.2a", PENALTY)
    assert newest.decision_id == second.reason.decision_id
    assert (newest.transfer_id, newest.effective_at, newest.note) == (second.id, NOW, "deducted")
    assert (oldest.seq, oldest.amount_fen, oldest.balance_fen) == (1, 700, 700)
    assert (oldest.counter_account, oldest.decision_id) == (CASH, None)
    assert statement(tenant, DEPOSIT, 1) == [newest]
    assert statement(tenant, DEPOSIT, 10, before_seq=2) == [oldest]
    assert statement(tenant, PENALTY, 1)[0].counter_account == DEPOSIT


def test_empty_batch_does_nothing(tenant: str) -> None:
    """No transfers, no outcomes, no batch."""
    before = LedgerBatch.objects.count()
    assert transfers_post(tenant, [], NOW) == []
    assert LedgerBatch.objects.count() == before


def test_same_id_same_content_exists(tenant: str) -> None:
    """A repeat after a lost reply is answered and moves nothing."""
    once = pay_in(1000)
    assert _post(tenant, once) == [("posted", "")]
    assert _post(tenant, once) == [("exists", "")]
    assert _post(tenant, pay_in(5), once) == [("posted", ""), ("exists", "")]
    assert balance_of(tenant, DEPOSIT).posted_fen == 1005


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 1001},
        {"debit": PENALTY},
        {"credit": OTHER_DEPOSIT},
        {"credit": "nowhere"},
        {"effective_at": NOW - timedelta(microseconds=1)},
        {"group_id": uuid4()},
        {"kind": "hold"},
        {"reason": Reason("S3-2.1b", "kuaishou-shop-deposit", None, "paid in")},
        {"reason": Reason("S3-2.1a", "kuaishou-shop-deposit", None, "paid in twice")},
        {"reason": Reason("S3-2.1a", "kuaishou-shop-deposit", None, "paid in", (uuid4(),))},
        {"reason": Reason("S3-2.1a", "kuaishou-shop-deposit", uuid4(), "paid in")},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("first_amount", [1000, -1000], ids=["posted", "refused"])
def test_same_id_other_content_conflicts(
    tenant: str, change: dict[str, object], first_amount: int
) -> None:
    """An id is bound to its content, whether it was posted or refused; a conflict moves nothing."""
    once = pay_in(first_amount)
    _post(tenant, once)
    before = balance_of(tenant, DEPOSIT)
    assert _post(tenant, replace(once, **change)) == [("conflict", "id_used_before")]
    assert balance_of(tenant, DEPOSIT) == before
    assert LedgerRefusal.objects.count() == (first_amount < 0)


def test_same_id_twice_in_one_batch(tenant: str) -> None:
    """The second of two equal transfers exists, an altered one conflicts, and one is posted."""
    once = pay_in(1000)
    batch = [once, once, replace(once, amount_fen=1)]
    assert _post(tenant, *batch) == [("posted", ""), ("exists", ""), ("conflict", "id_used_before")]
    assert balance_of(tenant, DEPOSIT).posted_fen == 1000


def test_refused_id_stays_refused(tenant: str) -> None:
    """A retry cannot turn a refusal into a success, even when the money is there by now."""
    deduction = transfer(DEPOSIT, PENALTY, 500)
    assert _post(tenant, deduction, deduction) == [("refused", "floor_broken")] * 2
    assert _post(tenant, pay_in(500), deduction) == [("posted", ""), ("refused", "floor_broken")]
    assert _post(tenant, replace(deduction, id=uuid4())) == [("posted", "")]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (transfer(CASH, DEPOSIT, 0), "amount_not_positive"),
        (transfer(CASH, DEPOSIT, -1), "amount_not_positive"),
        (transfer(CASH, CASH, 1), "accounts_same"),
        (transfer(CASH, "nowhere", 1), "unknown_account"),
        (transfer("nowhere", CASH, 1), "unknown_account"),
        (transfer(CASH, DEPOSIT, 1, kind="gift"), "unknown_kind"),
        (transfer(CASH, DEPOSIT, 1, reason=Reason("", "p", None, "n")), "clause_missing"),
        (transfer(CASH, DEPOSIT, 1, reason=Reason(" \t", "p", None, "n")), "clause_missing"),
        (
            transfer(CASH, DEPOSIT, 1, effective_at=NOW + timedelta(microseconds=1)),
            "effective_in_future",
        ),
        (transfer(DEPOSIT, CASH, 1), "floor_broken"),
        (transfer(CASH, CLAIM, 1), "ceiling_broken"),
        (transfer(CASH, CAPPED, 101), "ceiling_broken"),
        (transfer(CAPPED, CASH, 51), "floor_broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals(tenant: str, asked: Transfer, code: str) -> None:
    """What breaks a rule is refused by name and kept as asked for; its neighbours are posted."""
    assert _post(tenant, pay_in(10, OTHER_DEPOSIT), asked, pay_in(20, OTHER_DEPOSIT)) == [
        ("posted", ""),
        ("refused", code),
        ("posted", ""),
    ]
    again = transfers_post(tenant, [asked], NOW)[0]
    assert (again.code, again.explain("zh"), again.explain("en")) == (code, *REFUSALS[code])
    kept = LedgerRefusal.objects.get()
    assert (kept.id, kept.code, kept.debit_code, kept.amount_fen) == (
        asked.id,
        code,
        asked.debit,
        asked.amount_fen,
    )
    assert balance_of(tenant, OTHER_DEPOSIT).posted_fen == 30
    assert all(check.ok for check in verify(tenant))


@pytest.mark.clause("S3-4.2a")
def test_limits_hold_at_every_leg(tenant: str) -> None:
    """A deduction before the payment is refused, though the batch as a whole would end above 0."""
    assert _post(tenant, transfer(DEPOSIT, PENALTY, 500), pay_in(500)) == [
        ("refused", "floor_broken"),
        ("posted", ""),
    ]
    assert _post(tenant, transfer(CASH, CAPPED, 101), transfer(CAPPED, CASH, 20)) == [
        ("refused", "ceiling_broken"),
        ("posted", ""),
    ]


@pytest.mark.clause("S3-4.2a", "S3-4.2b")
def test_group_is_posted_whole_or_not_at_all(tenant: str) -> None:
    """Deposit and claim of one deduction move together, wherever its transfers stand."""
    _post(tenant, pay_in(300))
    group = uuid4()
    from_deposit = transfer(DEPOSIT, PENALTY, 300, group_id=group)
    from_claim = transfer(CLAIM, PENALTY, 200, group_id=group)
    assert _post(tenant, from_deposit, pay_in(7, OTHER_DEPOSIT), from_claim) == [("posted", "")] * 3
    assert balance_of(tenant, CLAIM).posted_fen == -200

    broken = uuid4()
    outcomes = _post(
        tenant,
        transfer(CLAIM, PENALTY, 1, group_id=broken),
        transfer(DEPOSIT, PENALTY, 1, group_id=broken),
        pay_in(9, OTHER_DEPOSIT),
        transfer(CLAIM, PENALTY, 1, group_id=broken),
    )
    assert outcomes == [
        ("refused", "group_broken"),
        ("refused", "floor_broken"),
        ("posted", ""),
        ("refused", "group_broken"),
    ]
    assert balance_of(tenant, CLAIM).posted_fen == -200
    assert balance_of(tenant, OTHER_DEPOSIT).posted_fen == 16


def test_broken_group_leaves_no_trace_in_its_batch(tenant: str) -> None:
    """What a broken group would have taken is still there for the next; what it gave is not."""
    _post(tenant, pay_in(100))
    group, broken = uuid4(), ("refused", "group_broken")
    outcomes = _post(
        tenant,
        transfer(DEPOSIT, OTHER_DEPOSIT, 60, group_id=group),
        transfer(CASH, CLAIM, 1, group_id=group),
        transfer(OTHER_DEPOSIT, PENALTY, 60),
        transfer(DEPOSIT, PENALTY, 100),
    )
    assert outcomes == [
        broken,
        ("refused", "ceiling_broken"),
        ("refused", "floor_broken"),
        ("posted", ""),
    ]


def test_group_cannot_be_joined_later(tenant: str) -> None:
    """Sent again with one transfer more, the old ones exist and the new one is refused."""
    group = uuid4()
    first, second = pay_in(1, group_id=group), pay_in(2, group_id=group)
    _post(tenant, first, second)
    assert _post(tenant, first, second) == [("exists", "")] * 2
    assert _post(tenant, first, second, pay_in(4, group_id=group)) == [
        ("exists", ""),
        ("exists", ""),
        ("refused", "group_broken"),
    ]


def test_balance_too_large_is_refused(tenant: str) -> None:
    """Sums that leave eight bytes are trapped and named, not wrapped around."""
    assert _post(tenant, transfer(CASH, PENALTY, FEN_MAX)) == [("posted", "")]
    assert _post(tenant, transfer(CASH, CAPPED, 1), transfer(CASH, CAPPED, 1)) == [
        ("posted", ""),
        ("refused", "balance_too_large"),
    ]
    assert _post(tenant, transfer(CAPPED, CASH, 1)) == [("posted", "")]
    assert _post(tenant, transfer(CASH, PENALTY, 1)) == [("refused", "balance_too_large")]
    back = [transfer(PENALTY, CASH, FEN_MAX), transfer(CASH, PENALTY, FEN_MAX)]
    assert _post(tenant, *back) == [("posted", "")] * 2


def test_one_reason_row_serves_many_transfers(tenant: str) -> None:
    """Equal reasons are one row; each transfer points at its own."""
    _post(tenant, *(pay_in(1) for _ in range(5)), transfer(DEPOSIT, PENALTY, 1))
    assert LedgerReason.objects.count() == 2
    assert LedgerTransfer.objects.values("reason_id").distinct().count() == 2


def test_conflict_leaves_no_reason_behind(tenant: str) -> None:
    """What was not written needs no reason."""
    once = pay_in(1)
    _post(tenant, once)
    _post(tenant, replace(once, reason=Reason("S3-9", "p", None, "another")))
    assert not LedgerReason.objects.filter(clause="S3-9").exists()


def test_tenants_do_not_touch(tenant: str) -> None:
    """The same id and the same codes under another tenant are another ledger."""
    accounts_open("elsewhere", ACCOUNTS, NOW)
    once = pay_in(100)
    assert transfers_post(tenant, [once], NOW) == [Outcome(once.id, "posted", "", 100)]
    assert transfers_post("elsewhere", [once], NOW) == [Outcome(once.id, "posted", "", 100)]
    assert balance_of("elsewhere", DEPOSIT).seq == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (transfer(CASH, DEPOSIT, 2**63), "amount_too_large"),
        (transfer(CASH, DEPOSIT, 1.5), "amount_not_whole"),
        (transfer(CASH, DEPOSIT, 1, effective_at=NOW.replace(tzinfo=None)), "instant_without_zone"),
        (transfer(CASH, DEPOSIT, 1, reason=Reason("S3", "p", None, "a\0b")), "zero_byte_in_text"),
    ],
    ids=["amount", "fraction", "zone", "text"],
)
def test_what_cannot_be_sent_is_bad_input(tenant: str, asked: Transfer, code: str) -> None:
    """An error says what is wrong before anything reaches the database."""
    with pytest.raises(BadInput) as caught:
        transfers_post(tenant, [asked], NOW)
    assert caught.value.problem.code == code
    assert str(asked.id) in caught.value.problem.where


def test_batch_and_tenant_and_now_are_checked(tenant: str) -> None:
    """A batch has a limit, a tenant a name, and now a zone."""
    once = pay_in(1)
    with pytest.raises(BadInput, match="batch_too_large"):
        transfers_post(tenant, [once] * (BATCH_MAX + 1), NOW)
    with pytest.raises(BadInput, match="tenant_unknown"):
        transfers_post("", [once], NOW)
    with pytest.raises(BadInput, match="instant_without_zone"):
        transfers_post(tenant, [once], NOW.replace(tzinfo=None))


def test_accounts_open_once(tenant: str) -> None:
    """Opening again opens only what is new; another content under the same code is a conflict."""
    shop = subject_account("deposit", "shop", "S0003")
    assert accounts_open(tenant, [*ACCOUNTS, shop, shop], NOW) == 1
    assert accounts_open(tenant, [], NOW) == 0
    other = replace(shop, subject_id="S0004")
    with pytest.raises(Conflict, match="account_differs"):
        accounts_open(tenant, [platform_account("advance"), other], NOW)
    assert "advance" not in balances_of(tenant, ["advance"])
    with pytest.raises(Conflict, match="account_differs"):
        accounts_open(tenant, [replace(shop, ceiling_fen=5)], NOW)


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (NewAccount("x", "wallet", "shop", "S1"), "account_kind_unknown"),
        (NewAccount("x", "deposit", "shop", "S1"), "account_limits_wrong"),
        (NewAccount("x", "deposit", "shop", "S1", -1), "account_limits_wrong"),
        (NewAccount("x", "claim", "shop", "S1"), "account_limits_wrong"),
        (NewAccount("x", "claim", "shop", "S1", None, 1), "account_limits_wrong"),
        (NewAccount("x", "suspense", "platform", "", 1), "account_limits_wrong"),
        (NewAccount("x", "suspense", "platform", "", None, -1), "account_limits_wrong"),
        (NewAccount("x\0", "suspense", "platform", ""), "zero_byte_in_text"),
        (NewAccount("  ", "suspense", "platform", ""), "account_code_missing"),
    ],
    ids=str,
)
def test_accounts_keep_to_the_chart(tenant: str, account: NewAccount, code: str) -> None:
    """Unknown kinds and limits looser than the kind's are refused."""
    with pytest.raises(BadInput) as caught:
        accounts_open(tenant, [account], NOW)
    assert caught.value.problem.code == code


def test_unknown_account_is_not_found(tenant: str) -> None:
    """Reading an account that is not open says so."""
    with pytest.raises(NotFound, match="account_unknown"):
        balance_of(tenant, "nowhere")
    with pytest.raises(NotFound, match="account_unknown"):
        statement(tenant, "nowhere", 5)
    with pytest.raises(BadInput, match="statement_limit"):
        statement(tenant, DEPOSIT, 0)
    assert statement(tenant, DEPOSIT, 5) == []


def test_balances_are_listed_by_kind(tenant: str) -> None:
    """All accounts by code, or those of one kind."""
    _post(tenant, pay_in(5))
    assert [row.code for row in balances_listed(tenant)] == sorted(a.code for a in ACCOUNTS)
    deposits = balances_listed(tenant, "deposit")
    assert [(row.code, row.free_fen) for row in deposits] == [(DEPOSIT, 5), (OTHER_DEPOSIT, 0)]

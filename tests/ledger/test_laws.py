"""Laws: the database's posting function against the oracle, on random batches of all kinds."""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from django.db import connection
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from earnest.kernel.calendar import Month
from earnest.ledger.commands import accounts_open, month_close, transfers_post
from earnest.ledger.models import LedgerHold
from earnest.ledger.queries import balance_at, balances_of, verify
from earnest.ledger.records import Reason, Transfer
from tests.ledger.market import (
    ACCOUNTS,
    CAPPED,
    CASH,
    CLAIM,
    DEDUCT,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PAY_IN,
    PENALTY,
)
from tests.ledger.oracle import Oracle

CODES = [CASH, PENALTY, DEPOSIT, OTHER_DEPOSIT, CLAIM, CAPPED]
TENANTS = count()
IDS = st.integers(1, 14).map(lambda n: UUID(int=n))
INSTANTS = [NOW] * 12 + [NOW - timedelta(days=1), NOW - timedelta(days=40)]

posts = st.builds(
    Transfer,
    id=IDS,
    debit=st.sampled_from([*CODES, *[CASH] * 8, DEPOSIT, "nowhere"]),
    credit=st.sampled_from([PENALTY, DEPOSIT, OTHER_DEPOSIT, CLAIM, CAPPED, DEPOSIT, PENALTY]),
    amount_fen=st.sampled_from([1, 2, 5, 10, 10, 40, 40, 60, 60, 100, 100, 2**63 - 1, 0, -3]),
    effective_at=st.sampled_from([*INSTANTS, NOW + timedelta(seconds=1)]),
    reason=st.sampled_from([PAY_IN] * 12 + [DEDUCT, Reason(" ", "p", None, "")]),
    group_id=st.sampled_from([None, None, None, UUID(int=101), UUID(int=102)]),
    kind=st.sampled_from(["post"] * 20 + ["gift"]),
)
OUTWARD = ["hold", "hold", "up_to", "post", "freeze"]
NAMING = ["capture", "capture", "void", "expire", "unfreeze", "reverse", "remainder", "up_to"]
WITHOUT_CREDIT = {"void", "expire", "freeze", "unfreeze"}
WITHOUT_AMOUNT = WITHOUT_CREDIT | {"remainder"}


@st.composite
def specials(draw: st.DrawFn) -> Transfer:
    """Draw a transfer of any kind on few accounts and ids, mostly with fitting fields."""
    kind = draw(st.sampled_from(OUTWARD + NAMING))
    names = kind in NAMING and (kind != "up_to" or draw(st.booleans()))
    debit, credit = draw(
        st.sampled_from(
            [(DEPOSIT, PENALTY)] * 6
            + [(PENALTY, DEPOSIT), (DEPOSIT, CAPPED), (CLAIM, PENALTY), (CAPPED, CASH)]
            + [(DEPOSIT, CASH), (CASH, DEPOSIT)]
        )
    )
    zero = kind in WITHOUT_AMOUNT or (kind == "up_to" and names)
    stray = draw(st.integers(0, 30)) == 0
    return Transfer(
        id=draw(IDS),
        kind=kind,
        debit=debit,
        credit="" if (kind in WITHOUT_CREDIT) != stray else credit,
        amount_fen=0 if zero else draw(st.sampled_from([1, 10, 30, 40, 60, 100, 2**63 - 1, 0])),
        effective_at=draw(st.sampled_from(INSTANTS)),
        reason=DEDUCT,
        group_id=draw(st.sampled_from([None, None, UUID(int=101), UUID(int=102)])),
        pending_id=draw(IDS) if names else None,
        final=kind == "capture" and draw(st.booleans()),
        expires_at=draw(st.sampled_from([None, NOW + timedelta(hours=1), NOW]))
        if kind == "hold"
        else None,
    )


@st.composite
def stories(draw: st.DrawFn) -> list[list[Transfer]]:
    """Draw batches under fresh ids whose transfers name earlier ones that they could act on."""
    told: list[Transfer] = []
    batches: list[list[Transfer]] = []
    for _ in range(draw(st.integers(1, 4))):
        batches.append([])
        for _ in range(draw(st.integers(1, 9))):
            each = _fitting(draw, told, UUID(int=1000 + len(told)))
            told.append(each)
            batches[-1].append(each)
    return batches


NAMED_KINDS = {
    "capture": {"hold"}, "void": {"hold"}, "expire": {"hold"}, "unfreeze": {"freeze"},
    "reverse": {"post", "capture", "up_to", "remainder", "hold"},
    "remainder": {"up_to"}, "up_to": {"up_to"},
}  # fmt: skip


def _fitting(draw: st.DrawFn, told: list[Transfer], id_: UUID) -> Transfer:
    """Draw a transfer under a new id; what it names is of the kind it needs, where there is one."""
    kinds = ["pay", *OUTWARD, *NAMING]
    able_kinds = {each.kind for each in told}
    kind = draw(
        st.sampled_from([k for k in kinds if k in {"pay", *OUTWARD} or NAMED_KINDS[k] & able_kinds])
    )
    if kind == "pay":
        amount = draw(st.sampled_from([40, 100, 300]))
        return Transfer(
            id=id_, debit=CASH, credit=DEPOSIT, amount_fen=amount, effective_at=NOW, reason=PAY_IN
        )
    able = [each for each in told if each.kind in NAMED_KINDS.get(kind, ())]
    named = draw(st.sampled_from(able)) if able else None
    debit, credit, amount = DEPOSIT, PENALTY, draw(st.sampled_from([5, 10, 30, 60]))
    group = draw(st.sampled_from([None, None, UUID(int=101)]))
    if named is not None and kind == "reverse":
        debit, credit, amount = named.credit, named.debit, named.amount_fen or amount
    elif named is not None and kind in {"remainder", "up_to"}:
        debit = draw(st.sampled_from([OTHER_DEPOSIT, CLAIM, CAPPED]))
        group = named.group_id
    return Transfer(
        id=id_,
        kind=kind,
        debit=debit,
        credit="" if kind in WITHOUT_CREDIT else credit,
        amount_fen=0 if kind in WITHOUT_AMOUNT or (kind == "up_to" and named) else amount,
        effective_at=NOW,
        reason=DEDUCT,
        group_id=group,
        pending_id=named.id if named else None,
        final=kind == "capture" and draw(st.booleans()),
        expires_at=draw(st.sampled_from([None, NOW + timedelta(hours=1)]))
        if kind == "hold"
        else None,
    )


def _batches(transfers: st.SearchStrategy[Transfer]) -> st.SearchStrategy[list[Transfer]]:
    """Return batches; distinct ids half of the time, so that clean and whole groups occur."""
    return st.one_of(
        st.lists(transfers, max_size=10),
        st.lists(transfers, max_size=10, unique_by=lambda t: t.id),
    )


batches = st.one_of(_batches(posts), _batches(st.one_of(posts, specials(), specials())))


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.one_of(st.lists(batches, min_size=1, max_size=5), stories(), stories()), st.data())
def test_database_and_oracle_agree(
    db: None, given_batches: list[list[Transfer]], data: st.DataObject
) -> None:
    """Every outcome and balance is the oracle's, nothing appears or vanishes, the books prove."""
    tenant = f"law-{next(TENANTS)}"
    accounts_open(tenant, ACCOUNTS, NOW)
    oracle = Oracle({account.code: account for account in ACCOUNTS})
    before: list[Transfer] = []
    now = NOW
    for batch in given_batches:
        repeated = data.draw(st.lists(st.sampled_from(before), max_size=3)) if before else []
        now += data.draw(st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=1)]))
        if data.draw(st.integers(0, 5)) == 0:
            month_close(tenant, Month(2025, 7), "finance", now)
            oracle.closed_until = datetime(2025, 7, 31, 16, tzinfo=UTC)
        asked = batch + repeated
        before = asked or before
        outcomes = transfers_post(tenant, asked, now)
        assert outcomes == oracle.post(asked, now)
        for outcome in outcomes:
            event(f"{outcome.status} {outcome.code}".strip())
        _assert_same_books(tenant, oracle)
    assert [check for check in verify(tenant) if not check.ok] == []


def _assert_same_books(tenant: str, oracle: Oracle) -> None:
    """Compare all balances with the oracle's, and what is held with the holds."""
    found = balances_of(tenant, CODES)
    books = oracle.books
    assert {
        code: (each.posted_fen, each.held_fen, each.frozen) for code, each in found.items()
    } == {code: (books.posted.get(code, 0), books.held(code), books.frozen(code)) for code in CODES}
    assert sum(each.posted_fen for each in found.values()) == 0
    remaining = {h.id: h.remaining_fen for h in LedgerHold.objects.filter(tenant_id=tenant)}
    assert remaining == {id_: hold.remaining for id_, hold in books.holds.items()}
    assert sum(each.held_fen for each in found.values()) == sum(remaining.values())


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 50), st.booleans()), min_size=1, max_size=12
    ),
    st.integers(-1, 6),
    st.integers(-1, 12),
)
def test_balance_at_is_the_sum_of_what_counts(
    db: None, moves: list[tuple[int, int, bool]], effective_day: int, known_count: int
) -> None:
    """By effective date, as known then, and both at once: the plain sum over what qualifies."""
    tenant = f"past-{next(TENANTS)}"
    accounts_open(tenant, ACCOUNTS, NOW)
    written = []
    for place, (days_ago, amount, holds) in enumerate(moves):
        at = NOW - timedelta(days=days_ago)
        pay = Transfer(
            id=UUID(int=2 * place + 1), debit=CASH, credit=DEPOSIT, amount_fen=amount,
            effective_at=at, reason=PAY_IN,
        )  # fmt: skip
        hold = Transfer(
            id=UUID(int=2 * place + 2), kind="hold", debit=DEPOSIT, credit=PENALTY, amount_fen=1,
            effective_at=at, reason=DEDUCT,
        )  # fmt: skip
        transfers_post(tenant, [pay, hold] if holds else [pay], NOW)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            written.append((at, amount, int(holds), cursor.fetchone()[0]))
    effective = None if effective_day < 0 else NOW - timedelta(days=effective_day)
    counted = known_count if 0 < known_count <= len(written) else len(written)
    known = written[counted - 1][3] if counted < len(written) else None
    wanted = [
        (amount, held) for at, amount, held, _ in written[:counted]
        if effective is None or at <= effective
    ]  # fmt: skip
    found = balance_at(tenant, DEPOSIT, effective, known)
    assert found.posted_fen == sum(amount for amount, _ in wanted)
    assert found.held_fen == sum(held for _, held in wanted)
    assert found.seq == len(wanted) + sum(held for _, held in wanted)

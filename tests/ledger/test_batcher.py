"""The micro-batcher: batch rates for single callers, and each caller's answer is its own."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from earnest.kernel.errors import BadInput, WorldFailed
from earnest.ledger.batcher import Batcher
from earnest.ledger.chart import subject_account
from earnest.ledger.commands import BATCH_MAX, accounts_open, transfers_post
from earnest.ledger.models import LedgerBatch, LedgerTransfer
from earnest.ledger.queries import balance_of, balances_listed, verify
from earnest.ledger.records import Outcome, Transfer
from tests.ledger.market import (
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PENALTY,
    capture,
    hold,
    pay_in,
    transfer,
)

CALLERS = 24


@pytest.fixture
def batcher(committed_tenant: str) -> Iterator[Batcher]:
    """Return the batcher of a tenant whose books are proved when the test is over."""
    with Batcher(committed_tenant) as batcher:
        yield batcher
    assert [check for check in verify(committed_tenant) if not check.ok] == []
    assert sum(row.posted_fen for row in balances_listed(committed_tenant)) == 0


@contextmanager
def _ledger_kept_busy(tenant: str) -> Iterator[None]:
    """Hold the tenant's ledger, so that the writer waits and everyone else queues behind it."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory")
    parameters.pop("context")
    with psycopg.connect(**parameters) as other:
        other.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('earnest.ledger.post.' || %s, 0))",
            [tenant],
        )
        yield


def _wait_until(true: Callable[[], bool]) -> None:
    """Wait for another thread or session; a test that waits in vain fails."""
    pause = threading.Event()
    for _ in range(2_000):
        if true():
            return
        pause.wait(0.005)
    raise AssertionError("it never came about")


_WAITING = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _writers_waiting() -> list[int]:
    """Return the sessions that wait for the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return [pid for (pid,) in cursor.fetchall()]


def _writer_ended() -> None:
    """End the session of the writer that waits for the ledger, as a crash of the server would."""
    _wait_until(lambda: bool(_writers_waiting()))
    (pid,) = _writers_waiting()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    _wait_until(lambda: pid not in _writers_waiting())


def _queued(
    batcher: Batcher, tenant: str, calls: list[list[Transfer]], first: list[Transfer] | None = None
) -> list[list[Outcome]]:
    """Let the calls queue, in their order, behind a batch that is under way; return the answers."""
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        with _ledger_kept_busy(tenant):
            ahead = pool.submit(batcher.post, first or [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            answers = []
            for place, call in enumerate(calls, 1):
                answers.append(pool.submit(batcher.post, call, NOW))
                _wait_until(lambda place=place: len(batcher._waiting) == place)
        ahead.result(timeout=30)
        return [answer.result(timeout=30) for answer in answers]


def test_every_outcome_belongs_to_its_caller(batcher: Batcher, committed_tenant: str) -> None:
    """Many threads with 1 to 3 transfers a call get their own ids back, with what they moved."""
    accounts = [subject_account("deposit", "shop", f"M{i:02}") for i in range(CALLERS)]
    accounts_open(committed_tenant, accounts, NOW)

    def caller(number: int) -> int:
        code, paid = accounts[number].code, 0
        for turn in range(12):
            wanted = [pay_in(100 * number + turn + 1, code) for _ in range(1 + turn % 3)]
            outcomes = batcher.post(wanted, NOW)
            assert [(o.id, o.status, o.moved_fen) for o in outcomes] == [
                (t.id, "posted", t.amount_fen) for t in wanted
            ]
            paid += sum(t.amount_fen for t in wanted)
        return paid

    with ThreadPoolExecutor(CALLERS) as pool:
        paid = list(pool.map(caller, range(CALLERS)))
    for account, sum_fen in zip(accounts, paid, strict=True):
        assert balance_of(committed_tenant, account.code).posted_fen == sum_fen


def test_what_queued_meanwhile_is_one_batch(batcher: Batcher, committed_tenant: str) -> None:
    """Calls that queue while a commit runs are posted by one call and one commit, in order."""
    before = LedgerBatch.objects.filter(tenant_id=committed_tenant).count()
    calls = [[pay_in(n)] for n in range(1, 11)]
    answers = _queued(batcher, committed_tenant, calls)
    assert [answer[0].moved_fen for answer in answers] == list(range(1, 11))
    assert LedgerBatch.objects.filter(tenant_id=committed_tenant).count() == before + 2
    rows = LedgerTransfer.objects.filter(tenant_id=committed_tenant).order_by("batch_id", "ord")
    assert [row.amount_fen for row in rows] == [1, *range(1, 11)]


def test_each_caller_hears_of_its_own_mistake(batcher: Batcher, committed_tenant: str) -> None:
    """In one batch a post, its repeat, a conflict, a refusal, a hold, a capture: each its own."""
    once, held = pay_in(50), hold(20)
    answers = _queued(
        batcher,
        committed_tenant,
        [
            [once],
            [once],
            [replace(once, amount_fen=51)],
            [transfer(DEPOSIT, PENALTY, 1_000)],
            [held],
            [capture(held, 5), capture(held, 50)],
        ],
    )
    assert [[(o.status, o.code) for o in answer] for answer in answers] == [
        [("posted", "")],
        [("exists", "")],
        [("conflict", "id_used_before")],
        [("refused", "floor_broken")],
        [("posted", "")],
        [("posted", ""), ("refused", "hold_exceeded")],
    ]
    assert balance_of(committed_tenant, DEPOSIT).free_fen == 1 + 50 - 20


def test_a_group_is_posted_whole_and_with_nobody_else(
    batcher: Batcher, committed_tenant: str
) -> None:
    """A group stands or falls by itself, and another caller's call cannot join it."""
    group = uuid4()
    good = [pay_in(10, group_id=group), pay_in(20, OTHER_DEPOSIT, group_id=group)]
    bad_group = uuid4()
    bad = [
        pay_in(7, group_id=bad_group),
        transfer(OTHER_DEPOSIT, PENALTY, 9_999, group_id=bad_group),
    ]
    intruder = [transfer(DEPOSIT, PENALTY, 9_999, group_id=group)]
    answers = _queued(batcher, committed_tenant, [good, bad, intruder])
    assert [[o.status for o in answer] for answer in answers] == [
        ["posted", "posted"],
        ["refused", "refused"],
        ["refused"],
    ]
    assert [o.code for o in answers[1]] == ["group_broken", "floor_broken"]
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 11


def test_hot_account_is_never_overdrawn(batcher: Batcher, committed_tenant: str) -> None:
    """Of many small deductions by many callers just as many go through as there is money."""
    batcher.post([pay_in(100)], NOW)

    def caller(_: int) -> list[Outcome]:
        return [o for _ in range(10) for o in batcher.post([transfer(DEPOSIT, PENALTY, 1)], NOW)]

    with ThreadPoolExecutor(CALLERS) as pool:
        outcomes = [outcome for part in pool.map(caller, range(CALLERS)) for outcome in part]
    assert Counter((o.status, o.code) for o in outcomes) == {
        ("posted", ""): 100,
        ("refused", "floor_broken"): CALLERS * 10 - 100,
    }
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 0


def test_lost_connection_reaches_every_caller_and_is_mended(
    batcher: Batcher, committed_tenant: str
) -> None:
    """The server ends the writer's session, twice: all that wait hear of it; a repeat is safe."""
    calls = [[pay_in(n)] for n in (1, 2, 3)]
    with ThreadPoolExecutor(3) as pool, _ledger_kept_busy(committed_tenant):
        first = pool.submit(batcher.post, calls[0], NOW)
        _wait_until(lambda: bool(_writers_waiting()))
        others = [pool.submit(batcher.post, call, NOW) for call in calls[1:]]
        _wait_until(lambda: len(batcher._waiting) == 2)
        _writer_ended()  # that of the first alone, and then that of the two that queued
        _writer_ended()
        for answer in (first, *others):
            with pytest.raises(WorldFailed) as caught:
                answer.result(timeout=30)
            assert caught.value.problem.code == "ledger_unreachable"
    assert [batcher.post(call, NOW)[0].status for call in calls] == ["posted"] * 3
    assert [batcher.post(call, NOW)[0].status for call in calls] == ["exists"] * 3
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 6


def test_dead_writer_is_replaced(batcher: Batcher, committed_tenant: str) -> None:
    """Where the writer's thread is gone, as after a fork, the next call starts another."""
    batcher.post([pay_in(1)], NOW)
    gone = threading.Thread(target=lambda: None)
    gone.start()
    gone.join()
    writer, batcher._writer = batcher._writer, gone
    assert batcher.post([pay_in(2)], NOW)[0].status == "posted"
    batcher.close()
    writer.join(timeout=30)
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 3


def test_what_cannot_be_sent_fails_its_own_caller_only(
    batcher: Batcher, committed_tenant: str
) -> None:
    """A text that no database takes is found out; those in the same batch are posted."""
    spoiled = pay_in(1)
    spoiled = replace(spoiled, reason=replace(spoiled.reason, note="\ud800"))
    with ThreadPoolExecutor(4) as pool:
        with _ledger_kept_busy(committed_tenant):
            ahead = pool.submit(batcher.post, [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            wanted = ([pay_in(2)], [spoiled], [pay_in(3)])
            answers = [pool.submit(batcher.post, call, NOW) for call in wanted]
            _wait_until(lambda: len(batcher._waiting) == 3)
        assert ahead.result(timeout=30)[0].status == "posted"
        with pytest.raises(UnicodeEncodeError):
            answers[1].result(timeout=30)
        assert [answers[i].result(timeout=30)[0].status for i in (0, 2)] == ["posted", "posted"]
    with pytest.raises(BadInput, match="amount_not_whole"):
        batcher.post([pay_in(1.5)], NOW)
    with pytest.raises(BadInput, match="instant_without_zone"):
        batcher.post([pay_in(1)], NOW.replace(tzinfo=None))
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 6


def test_money_that_is_still_to_come_is_refused(batcher: Batcher, committed_tenant: str) -> None:
    """A date after the caller's own now is refused, though a later caller is in the queue."""
    later = NOW + timedelta(milliseconds=500)
    with ThreadPoolExecutor(3) as pool:
        with _ledger_kept_busy(committed_tenant):
            pool.submit(batcher.post, [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            answers = [
                pool.submit(batcher.post, [pay_in(2, effective_at=later)], now)
                for now in (later, NOW)
            ]
            _wait_until(lambda: len(batcher._waiting) == 2)
        outcomes = [answer.result(timeout=30)[0] for answer in answers]
    assert [(o.status, o.code) for o in outcomes] == [
        ("posted", ""),
        ("refused", "effective_in_future"),
    ]


def test_callers_far_apart_in_time_are_not_one_batch(
    batcher: Batcher, committed_tenant: str
) -> None:
    """A hold that is open for one caller is not expired by another caller's later now."""
    expires_at = NOW + timedelta(minutes=1)
    batcher.post([pay_in(100)], NOW)
    held = hold(50, expires_at=expires_at)
    batcher.post([held], NOW)
    with ThreadPoolExecutor(3) as pool:
        with _ledger_kept_busy(committed_tenant):
            pool.submit(batcher.post, [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            calls = [(capture(held, 10), NOW), (capture(held, 10), expires_at)]
            answers = []
            for place, (wanted, now) in enumerate(calls, 1):
                answers.append(pool.submit(batcher.post, [wanted], now))
                _wait_until(lambda place=place: len(batcher._waiting) == place)
        outcomes = [answer.result(timeout=30)[0] for answer in answers]
    assert [(o.status, o.code) for o in outcomes] == [("posted", ""), ("refused", "hold_expired")]


def test_full_queue_takes_in_no_more(committed_tenant: str) -> None:
    """Who comes when the queue is full is told so at once, and nothing of it is posted."""
    turned_away = pay_in(1_000)
    with Batcher(committed_tenant, waiting_max=3) as batcher, ThreadPoolExecutor(2) as pool:
        with _ledger_kept_busy(committed_tenant):
            pool.submit(batcher.post, [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            waiting = pool.submit(batcher.post, [pay_in(1) for _ in range(3)], NOW)
            _wait_until(lambda: len(batcher._waiting) == 1)
            with pytest.raises(WorldFailed, match="ledger_queue_full"):
                batcher.post([turned_away], NOW)
        assert len(waiting.result(timeout=30)) == 3
        assert batcher.post([turned_away], NOW)[0].status == "posted"


def test_batches_keep_to_the_limit(batcher: Batcher, committed_tenant: str) -> None:
    """Calls that are too many for one batch become several; a call is never split."""
    half = [[pay_in(1) for _ in range(BATCH_MAX // 2 + 1)] for _ in range(2)]
    before = LedgerBatch.objects.filter(tenant_id=committed_tenant).count()
    answers = _queued(batcher, committed_tenant, half)
    assert [{o.status for o in answer} for answer in answers] == [{"posted"}] * 2
    assert LedgerBatch.objects.filter(tenant_id=committed_tenant).count() == before + 3
    with pytest.raises(BadInput, match="batch_too_large"):
        batcher.post([pay_in(1)] * (BATCH_MAX + 1), NOW)


def test_close_posts_what_was_taken_in(committed_tenant: str) -> None:
    """Closing waits for everything in the queue; who comes later is turned away."""
    batcher = Batcher(committed_tenant)
    with ThreadPoolExecutor(4) as pool:
        with _ledger_kept_busy(committed_tenant):
            answers = [pool.submit(batcher.post, [pay_in(1)], NOW)]
            _wait_until(lambda: bool(_writers_waiting()))
            answers += [pool.submit(batcher.post, [pay_in(n)], NOW) for n in (2, 3)]
            _wait_until(lambda: len(batcher._waiting) == 2)
            closing = pool.submit(batcher.close)
            _wait_until(lambda: batcher._closed)
        closing.result(timeout=30)
        assert [answer.result(timeout=30)[0].status for answer in answers] == ["posted"] * 3
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == 6
    with pytest.raises(WorldFailed, match="ledger_closed"):
        batcher.post([pay_in(1)], NOW)
    batcher.close()


def test_callers_on_an_event_loop(batcher: Batcher, committed_tenant: str) -> None:
    """Many coroutines await their own outcomes; what is cancelled in the queue is not posted."""

    async def caller(number: int) -> bool:
        wanted = pay_in(number + 1)
        (outcome,) = await batcher.post_async([wanted], NOW)
        return outcome.id == wanted.id and outcome.moved_fen == number + 1

    async def all_callers() -> list[bool]:
        return await asyncio.gather(*(caller(number) for number in range(100)))

    async def given_up() -> bool:
        task = asyncio.create_task(batcher.post_async([pay_in(99_999)], NOW))
        while not batcher._waiting:
            await asyncio.sleep(0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        return isinstance(outcome, asyncio.CancelledError)

    # A thread without a loop: where a browser is at work, this one has the browser's.
    with ThreadPoolExecutor(2) as pool:
        assert all(pool.submit(asyncio.run, all_callers()).result())
        with _ledger_kept_busy(committed_tenant):
            pool.submit(batcher.post, [pay_in(1)], NOW)
            _wait_until(lambda: bool(_writers_waiting()))
            assert pool.submit(asyncio.run, given_up()).result()
    batcher.close()
    assert balance_of(committed_tenant, DEPOSIT).posted_fen == sum(range(1, 101)) + 1


def test_no_call_changes_nothing(batcher: Batcher, committed_tenant: str) -> None:
    """An empty call is answered at once, without a batch."""
    assert batcher.post([], NOW) == []
    assert LedgerBatch.objects.filter(tenant_id=committed_tenant).count() == 1


def test_caller_inside_a_transaction_is_turned_away(tenant: str) -> None:
    """Its locks could keep the writer waiting for ever, so it posts on its own connection."""
    with Batcher(tenant) as batcher, pytest.raises(RuntimeError, match="transfers_post"):
        batcher.post([pay_in(1)], NOW)
    assert transfers_post(tenant, [pay_in(1)], NOW)[0].status == "posted"

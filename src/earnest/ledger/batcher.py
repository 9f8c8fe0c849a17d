"""Batch rates for callers that have one transfer each: a writer posts what queued meanwhile.

One call of the database costs a round trip and a commit, whether it carries one transfer or
thousands. So the callers of a process queue, and one writer takes whatever queued while its last
commit ran, as one batch. There is no timer: a lone caller waits for nobody, and the more callers
there are, the larger the batches become.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from earnest.kernel.errors import WorldFailed
from earnest.ledger.columns import without_zone
from earnest.ledger.commands import BATCH_MAX, transfers_check, transfers_post_checked
from earnest.ledger.records import Outcome, Transfer

WAITING_MAX = 4 * BATCH_MAX
# A batch is posted at the latest of its callers' instants; who is further apart waits for the next.
_NOW_APART_MAX = timedelta(seconds=1)


_Answer = Future[list[Outcome]] | asyncio.Future[list[Outcome]]
_Result = list[Outcome] | Exception


@dataclass(frozen=True)
class _Call:
    """What one caller wants posted, and where its outcomes go.

    Attributes:
        loop: the event loop that its answer belongs to; None for a thread that waits.
        groups: its groups; those of another caller are not to be joined with them.
        ahead: whether anything counts from after the caller's now, and is to be refused for that.
    """

    transfers: tuple[Transfer, ...]
    now: datetime
    groups: frozenset[UUID]
    ahead: bool
    answer: _Answer
    loop: asyncio.AbstractEventLoop | None


class Batcher:
    """The queue and the writer of one tenant's ledger, for all threads of a process.

    The writer is a thread with a connection of its own; the first call starts it. Use it as a
    context manager, or :meth:`close` it: what was taken in by then is still posted.
    """

    def __init__(self, tenant_id: str, *, waiting_max: int = WAITING_MAX) -> None:
        self._tenant_id = tenant_id
        self._waiting_max = waiting_max
        self._waiting: deque[_Call] = deque()
        self._waiting_size = 0
        self._changed = threading.Condition()
        self._writer: threading.Thread | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def post(self, transfers: Sequence[Transfer], now: datetime) -> list[Outcome]:
        """Post one caller's transfers and give their outcomes, as ``transfers_post`` does.

        They are committed by themselves, so a caller inside a transaction of its own is turned
        away (RuntimeError): it would wait for a writer that waits for its locks.

        Errors: the BadInput of ``transfers_post``; WorldFailed ``ledger_queue_full``,
        ``ledger_closed``: nothing was posted; ``ledger_unreachable``, ``ledger_busy``: whether it
        was posted is not known. After a WorldFailed repeat with the same ids.
        """
        answer: Future[list[Outcome]] = Future()
        self._enqueue(transfers, now, answer, None)
        return answer.result()

    async def post_async(self, transfers: Sequence[Transfer], now: datetime) -> list[Outcome]:
        """Do the same for a caller on an event loop.

        A cancelled call is not posted, unless the writer has taken it by then.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Outcome]] = loop.create_future()
        self._enqueue(transfers, now, answer, loop)
        return await answer

    def close(self) -> None:
        """Take in no more, post what is waiting, and end the writer. Twice does no harm."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._writer is not None:
            self._writer.join()

    def _enqueue(
        self,
        transfers: Sequence[Transfer],
        now: datetime,
        answer: _Answer,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        if connection.in_atomic_block:
            raise RuntimeError("post from inside a transaction with transfers_post")
        if now.tzinfo is None:
            raise without_zone("now")
        transfers_check(transfers)
        call = _Call(
            tuple(transfers),
            now,
            frozenset(t.group_id for t in transfers if t.group_id is not None),
            any(t.effective_at > now for t in transfers),
            answer,
            loop,
        )
        if not transfers:
            answer.set_result([])
            return
        with self._changed:
            if self._closed:
                raise _closed()
            if self._waiting and self._waiting_size + len(transfers) > self._waiting_max:
                raise _full()
            self._waiting.append(call)
            self._waiting_size += len(transfers)
            if self._writer is None or not self._writer.is_alive():  # none survives a fork
                self._writer = threading.Thread(
                    target=self._write, name=f"ledger-{self._tenant_id}", daemon=True
                )
                self._writer.start()
            self._changed.notify()

    def _write(self) -> None:
        """Post batch after batch until the queue is closed and empty: the writer's thread."""
        try:
            while calls := self._take():
                _post(self._tenant_id, calls)
        finally:
            connection.close()

    def _take(self) -> list[_Call]:
        """Wait for calls and take, in their order, as many as make a batch; none when closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return []
                taken = list(islice(self._waiting, _fitting(self._waiting)))
                for call in taken:
                    self._waiting.popleft()
                    self._waiting_size -= len(call.transfers)
                if wanted := [call for call in taken if not call.answer.cancelled()]:
                    return wanted


def _fitting(waiting: deque[_Call]) -> int:
    """Return how many of the first calls make one batch without touching each other's answers."""
    first = waiting[0]
    if first.ahead:
        return 1
    size, earliest, latest = 0, first.now, first.now
    groups: set[UUID] = set()
    for count, call in enumerate(waiting):
        size += len(call.transfers)
        earliest, latest = min(earliest, call.now), max(latest, call.now)
        if count and (
            size > BATCH_MAX
            or latest - earliest > _NOW_APART_MAX
            or call.ahead
            or not groups.isdisjoint(call.groups)
        ):
            return count
        groups |= call.groups
    return len(waiting)


def _post(tenant_id: str, calls: list[_Call]) -> None:
    """Post the calls as one batch and give every caller its own outcomes, or its own error."""
    transfers = [transfer for call in calls for transfer in call.transfers]
    try:
        outcomes = iter(
            transfers_post_checked(tenant_id, transfers, max(call.now for call in calls))
        )
    except (OperationalError, InterfaceError) as error:
        connection.close()  # the next batch connects anew
        _settle(calls, [_unreachable(error) for _ in calls])
    except Exception as error:  # whatever it is, it belongs to whoever waits for it
        connection.close()
        if len(calls) == 1:
            _settle(calls, [error])
            return
        for call in calls:  # what one of them did wrong is not to be the others' loss
            _post(tenant_id, [call])
    else:
        _settle(calls, [list(islice(outcomes, len(call.transfers))) for call in calls])


def _settle(calls: list[_Call], results: Sequence[_Result]) -> None:
    """Give every caller its result; an event loop is woken once for all its callers."""
    of_loops: dict[asyncio.AbstractEventLoop, list[tuple[_Answer, _Result]]] = {}
    for call, result in zip(calls, results, strict=True):
        if call.loop is None:
            _answer(call.answer, result)
        else:
            of_loops.setdefault(call.loop, []).append((call.answer, result))
    for loop, answers in of_loops.items():
        with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
            loop.call_soon_threadsafe(_answer_all, answers)


def _answer_all(answers: list[tuple[_Answer, _Result]]) -> None:
    for answer, result in answers:
        if not answer.done():  # its caller may have given up meanwhile
            _answer(answer, result)


def _answer(answer: _Answer, result: _Result) -> None:
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _full() -> WorldFailed:
    return WorldFailed(
        "ledger_queue_full",
        zh="等待记账的转账太多，这一笔没有接收；请稍后用同样的编号重试。",
        en="Too many transfers wait to be posted; these were not taken. Try again with their ids.",
    )


def _closed() -> WorldFailed:
    return WorldFailed(
        "ledger_closed",
        zh="记账队列已经关闭，这一笔没有接收；请用同样的编号重新提交。",
        en="The queue of the ledger is closed; these were not taken. Send them anew, same ids.",
    )


def _unreachable(error: Exception) -> WorldFailed:
    failure = WorldFailed(
        "ledger_unreachable",
        zh=f"与数据库的连接中断，是否已经入账不得而知；请用同样的编号重试。（{error}）",
        en=f"The database broke off, perhaps after posting. Try again with the same ids. ({error})",
    )
    failure.__cause__ = error
    return failure

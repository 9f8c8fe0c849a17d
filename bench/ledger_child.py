"""A contender of ``./run bench ledger`` in a process of its own, told what to do by lines of JSON.

It is asked to prepare a piece of work (outside the clock) and then to do it. The processes stay
connected and warm, so that all contenders can take short turns in the same minute.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

Work = Callable[[], int]
CALLERS_MAX = 64
# Kept, for a thread may have a connection of its own.
_POOL = ThreadPoolExecutor(CALLERS_MAX)


def new_id() -> UUID:
    """Return a fresh id that sorts by time, as the ids of the ledger's callers do."""
    value = (time.time_ns() // 1_000_000) << 80 | random.getrandbits(74)
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def callers(count: int, seconds: float, work: Callable[[int], int]) -> Work:
    """Return the work of so many threads that each repeat a step until the time is up.

    A step takes the number of its caller and gives the number of transfers that it made.
    """

    def run() -> int:
        start = threading.Barrier(count)

        def caller(number: int) -> int:
            start.wait()
            until = time.perf_counter() + seconds
            done = 0
            while time.perf_counter() < until:
                done += work(number)
            return done

        return sum(_POOL.map(caller, range(count)))

    return run


def serve(prepare: Callable[..., Work]) -> None:
    """Answer the lines of the benchmark until there are no more."""
    work: Work | None = None
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        answer: dict[str, float] = {}
        if asked.pop("do") == "prepare":
            work = prepare(**asked)
        elif work is not None:
            cpu, began = time.process_time(), time.perf_counter()
            answer["transfers"] = work()
            answer["seconds"] = time.perf_counter() - began
            answer["client_cpu"] = time.process_time() - cpu
        print(json.dumps(answer), flush=True)

"""The ledger's own turns of ``./run bench ledger``: batches, holds, captures, single callers."""

import asyncio
import os
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ledger_child import Work, callers, new_id, serve

if TYPE_CHECKING:
    from earnest.ledger.batcher import Batcher
    from earnest.ledger.records import Transfer

TENANT = "bench"
ACCOUNTS = 10_000
FUNDS_FEN = 10**12
DEPOSITS = [f"deposit:shop:B{number:05}" for number in range(ACCOUNTS)]
HOT = "deposit:shop:HOT"
CASH = "clearing/alipay"
PENALTY = "penalty_income"
AMOUNT_FEN_MAX = 100

# What a transfer is made of, before the clock starts: id, kind, debit, credit, amount, hold.
Sketch = tuple[UUID, str, str, str, int, UUID | None]


def sketch_uniform() -> Sketch:
    """Return a transfer between two deposits."""
    debit, credit = random.sample(DEPOSITS, 2)
    return new_id(), "post", debit, credit, random.randint(1, AMOUNT_FEN_MAX), None


def sketch_hot() -> Sketch:
    """Return a transfer out of the one deposit that all of them debit."""
    return new_id(), "post", HOT, random.choice(DEPOSITS), random.randint(1, AMOUNT_FEN_MAX), None


def sketch_hold() -> Sketch:
    """Return a hold on a deposit."""
    amount_fen = random.randint(1, AMOUNT_FEN_MAX)
    return new_id(), "hold", random.choice(DEPOSITS), PENALTY, amount_fen, None


def sketch_capture(hold: Sketch) -> Sketch:
    """Return the capture of a whole hold."""
    return new_id(), "capture", hold[2], hold[3], hold[4], hold[0]


SKETCHES = {
    "uniform": sketch_uniform,
    "own reasons": sketch_uniform,
    "hot": sketch_hot,
    "hold": sketch_hold,
}


def transfers_of(
    sketches: list[Sketch], now: datetime, *, own_reasons: bool = False
) -> "list[Transfer]":
    """Return the transfers as a caller makes them."""
    from earnest.ledger.records import Reason, Transfer  # noqa: PLC0415 - after Django is set up

    shared = Reason("S3-4.2a", "kuaishou-shop-deposit", None, "measured")
    return [
        Transfer(
            id=identity,
            kind=kind,
            debit=debit,
            credit=credit,
            amount_fen=amount_fen,
            effective_at=now,
            reason=Reason("S3-4.2a", "kuaishou-shop-deposit", identity, "measured")
            if own_reasons
            else shared,
            pending_id=pending_id,
        )
        for identity, kind, debit, credit, amount_fen, pending_id in sketches
    ]


def posted(sketches: list[Sketch], size: int, *, own_reasons: bool = False) -> int:
    """Post in batches; every single one must be posted."""
    from earnest.ledger.commands import transfers_post  # noqa: PLC0415 - same

    for start in range(0, len(sketches), size):
        now = datetime.now(UTC)
        batch = transfers_of(sketches[start : start + size], now, own_reasons=own_reasons)
        outcomes = transfers_post(TENANT, batch, now)
        assert all(outcome.status == "posted" for outcome in outcomes)
    return len(sketches)


def books_open() -> None:
    """Open the accounts and fund them."""
    from earnest.ledger.chart import platform_account, subject_account  # noqa: PLC0415 - same
    from earnest.ledger.commands import accounts_open  # noqa: PLC0415 - same

    accounts = [platform_account(CASH), platform_account(PENALTY)]
    accounts += [subject_account(*code.split(":")) for code in (*DEPOSITS, HOT)]
    accounts_open(TENANT, accounts, datetime.now(UTC))
    funding: list[Sketch] = [
        (new_id(), "post", CASH, code, FUNDS_FEN, None) for code in (*DEPOSITS, HOT)
    ]
    posted(funding, 5_000)


def batches(kind: str, size: int, count: int) -> Work:
    """Return the work of posting so many transfers of a kind in batches."""
    if kind == "capture":
        holds = [sketch_hold() for _ in range(count)]
        posted(holds, size)
        sketches = [sketch_capture(hold) for hold in holds]
    else:
        sketches = [SKETCHES[kind]() for _ in range(count)]
    return lambda: posted(sketches, size, own_reasons=kind == "own reasons")


def singles(batcher: "Batcher", connections: int, seconds: float) -> Work:
    """Return the work of so many threads that post one transfer after the other."""

    def one(_: int) -> int:
        now = datetime.now(UTC)
        (outcome,) = batcher.post(transfers_of([sketch_uniform()], now), now)
        assert outcome.status == "posted"
        return 1

    return callers(connections, seconds, one)


def singles_async(batcher: "Batcher", connections: int, seconds: float) -> Work:
    """Return the same work of so many coroutines on one event loop."""

    async def caller(until: float) -> int:
        done = 0
        while asyncio.get_running_loop().time() < until:
            now = datetime.now(UTC)
            (outcome,) = await batcher.post_async(transfers_of([sketch_uniform()], now), now)
            assert outcome.status == "posted"
            done += 1
        return done

    async def all_callers() -> int:
        until = asyncio.get_running_loop().time() + seconds
        return sum(await asyncio.gather(*(caller(until) for _ in range(connections))))

    return lambda: asyncio.run(all_callers())


def books_prove() -> int:
    """Give the number of checks that the books pass; all of them."""
    from earnest.ledger.queries import verify  # noqa: PLC0415 - same

    checks = verify(TENANT)
    assert all(check.ok for check in checks), [check for check in checks if not check.ok]
    return len(checks)


def main() -> None:
    """Serve the benchmark."""
    import django  # noqa: PLC0415 - the settings read the address that the benchmark has set

    os.environ["DJANGO_SETTINGS_MODULE"] = "earnest.settings"
    django.setup()
    from earnest.ledger.batcher import Batcher  # noqa: PLC0415 - same

    with Batcher(TENANT) as batcher:

        def prepare(what: str, **how: float) -> Work:
            if what == "open":
                books_open()
                return lambda: 0
            if what == "verify":
                return books_prove
            connections = int(how.get("connections", 1))
            if what == "threads":
                return singles(batcher, connections, how["seconds"])
            if what == "event loop":
                return singles_async(batcher, connections, how["seconds"])
            return batches(what, int(how["size"]), int(how["count"]))

        serve(prepare)


if __name__ == "__main__":
    main()

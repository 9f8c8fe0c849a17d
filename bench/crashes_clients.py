"""The clients of ``./run bench crashes``: they post, keep what they sent, and send it again.

A client makes the ids of a batch and notes it down before the first try. When no answer comes, it
waits until the server is back and sends the same batch again. All that it was told is kept, so that
the books can be held against it afterwards.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar
from uuid import UUID

from django.db import Error, connection

from earnest.kernel.errors import WorldFailed
from earnest.ledger.chart import platform_account, subject_account
from earnest.ledger.commands import batches_seal, transfers_post
from earnest.ledger.queries import seal_head
from earnest.ledger.records import NewAccount, Outcome, Reason, Transfer

SHOPS = 20
CASH, PENALTY = "clearing/alipay", "penalty_income"
PLATFORM = [platform_account(CASH), platform_account(PENALTY)]
SUBJECTS = [
    subject_account(kind, "shop", f"S{number:02}")
    for kind in ("deposit", "settlement", "claim")
    for number in range(SHOPS)
]
ACCOUNTS: list[NewAccount] = [*PLATFORM, *SUBJECTS]
WHY = Reason("S3-4.2a", "kuaishou-shop-deposit", UUID(int=7), "posted while servers are killed")
BATCH_MAX = 12
RETRY_SECONDS = 0.02
SEAL_EVERY = 10
Answer = TypeVar("Answer")


@dataclass
class Told:
    """What all clients were told, in the end, and how they came to know it.

    Attributes:
        outcomes: the final answer by transfer.
        posted_fen, held_fen: what follows from the answers for each account.
        unanswered: transfers in batches to which no answer came at first, and ``had_posted`` those
            of them that the server had written all the same.
        resent: transfers that were sent again, also those whose answer had come before the crash.
        forgotten: transfers that were told as posted before a crash, and otherwise after it.
        head: the last head of the seal chain that a client saw.
    """

    outcomes: dict[UUID, Outcome] = field(default_factory=dict)
    posted_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held_fen: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unanswered: int = 0
    had_posted: int = 0
    resent: int = 0
    forgotten: int = 0
    head: tuple[int, str] | None = None

    def add(self, other: "Told") -> None:
        """Add what another client was told."""
        self.outcomes |= other.outcomes
        for mine, its in ((self.posted_fen, other.posted_fen), (self.held_fen, other.held_fen)):
            for account, amount_fen in its.items():
                mine[account] += amount_fen
        self.unanswered += other.unanswered
        self.had_posted += other.had_posted
        self.resent += other.resent
        self.forgotten += other.forgotten
        heads = [each for each in (self.head, other.head) if each]
        self.head = max(heads, default=None)


class Client:
    """One sender of batches of every kind of transfer, with a session of its own."""

    def __init__(self, tenant_id: str, seed: int) -> None:
        self.told = Told()
        self.answered = 0
        self._tenant_id = tenant_id
        self._chance = random.Random(seed)
        self._holds: dict[UUID, tuple[Transfer, int]] = {}
        self._freezes: list[Transfer] = []
        self._posts: list[Transfer] = []
        self._last: tuple[list[Transfer], list[Outcome]] | None = None

    def work(self, stop: Event) -> None:
        """Send batch after batch until told to stop; no batch is left without an answer."""
        try:
            while not stop.is_set():
                self._send(self._batch())
                if self.answered % SEAL_EVERY == 0:
                    self._attempt(self._seal)
        finally:
            connection.close()

    def _send(self, batch: list[Transfer]) -> None:
        """Send a batch until there is an answer, and note it down."""
        answer = self._attempt(lambda: self._post(batch))
        if answer is None:
            self.told.unanswered += len(batch)
            answer = self._send_again(batch)
            self.told.had_posted += sum(each.status == "exists" for each in answer)
            self._last_again()
        for transfer, outcome in zip(batch, answer, strict=True):
            self._note(transfer, outcome)
        self._last = (batch, answer)
        self.answered += 1

    def _send_again(self, batch: list[Transfer]) -> list[Outcome]:
        answer = None
        while answer is None:
            time.sleep(RETRY_SECONDS)
            answer = self._attempt(lambda: self._post(batch))
        self.told.resent += len(batch)
        return answer

    def _last_again(self) -> None:
        """Ask after a crash for what was answered before it: the answers must be the same."""
        if self._last is None:
            return
        batch, before = self._last
        for was, now in zip(before, self._send_again(batch), strict=True):
            same = (now.code, now.moved_fen) == (was.code, was.moved_fen)
            if not same or _is_written(now) != _is_written(was):
                self.told.forgotten += 1

    def _post(self, batch: list[Transfer]) -> list[Outcome]:
        return transfers_post(self._tenant_id, batch, datetime.now(UTC))

    def _seal(self) -> None:
        batches_seal(self._tenant_id, datetime.now(UTC))
        head = seal_head(self._tenant_id)
        if head is not None:
            self.told.head = (head.number, head.hash)

    def _attempt(self, act: Callable[[], Answer]) -> Answer | None:
        """Do something in the database; None when it gave no answer."""
        try:
            return act()
        except (Error, WorldFailed):
            connection.close()
            return None

    def _batch(self) -> list[Transfer]:
        """Return some transfers of any kind; what they act on was told to this client before."""
        wanted = self._chance.randint(1, BATCH_MAX)
        batch: list[Transfer] = []
        while len(batch) < wanted:
            batch += self._chance.choice(
                (
                    self._pay_in,
                    self._pay_in,
                    self._deduction,
                    self._hold,
                    self._hold,
                    self._capture,
                    self._capture,
                    self._void,
                    self._waterfall,
                    self._reverse,
                    self._freeze_or_not,
                )
            )()
        return batch

    def _transfer(self, debit: str, credit: str, amount_fen: int, **content: Any) -> Transfer:
        return Transfer(
            id=UUID(int=self._chance.getrandbits(128)),
            debit=debit,
            credit=credit,
            amount_fen=amount_fen,
            effective_at=datetime.now(UTC),
            reason=WHY,
            **content,
        )

    def _shop(self) -> str:
        return f"shop:S{self._chance.randrange(SHOPS):02}"

    def _amount(self) -> int:
        return self._chance.randint(1, 1_000)

    def _pay_in(self) -> list[Transfer]:
        kind = self._chance.choice(("deposit", "deposit", "settlement"))
        self._posts.append(self._transfer(CASH, f"{kind}:{self._shop()}", self._amount()))
        return self._posts[-1:]

    def _deduction(self) -> list[Transfer]:
        return [self._transfer(f"deposit:{self._shop()}", PENALTY, self._amount())]

    def _hold(self) -> list[Transfer]:
        debit = f"deposit:{self._shop()}"
        return [self._transfer(debit, PENALTY, self._amount(), kind="hold")]

    def _capture(self) -> list[Transfer]:
        if not self._holds:
            return []
        hold, left_fen = self._holds[self._chance.choice(list(self._holds))]
        amount_fen = self._chance.randint(1, left_fen + 5)  # sometimes more than there is
        final = self._chance.random() < 0.5
        content = {"kind": "capture", "pending_id": hold.id, "final": final}
        return [self._transfer(hold.debit, PENALTY, amount_fen, **content)]

    def _void(self) -> list[Transfer]:
        if not self._holds:
            return []
        hold, _ = self._holds[self._chance.choice(list(self._holds))]
        return [self._transfer(hold.debit, "", 0, kind="void", pending_id=hold.id)]

    def _waterfall(self) -> list[Transfer]:
        shop, group = self._shop(), UUID(int=self._chance.getrandbits(128))
        first = self._transfer(
            f"deposit:{shop}", PENALTY, self._amount(), kind="up_to", group_id=group
        )
        rest = {"kind": "up_to", "group_id": group, "pending_id": first.id}
        second = self._transfer(f"settlement:{shop}", PENALTY, 0, **rest)
        rest = {"kind": "remainder", "group_id": group, "pending_id": second.id}
        return [first, second, self._transfer(f"claim:{shop}", PENALTY, 0, **rest)]

    def _reverse(self) -> list[Transfer]:
        if not self._posts:
            return []
        original = self._posts.pop(self._chance.randrange(len(self._posts)))
        if original.id not in self.told.outcomes:
            return []
        content = {"kind": "reverse", "pending_id": original.id}
        return [self._transfer(original.credit, original.debit, original.amount_fen, **content)]

    def _freeze_or_not(self) -> list[Transfer]:
        if self._freezes:
            frozen = self._freezes.pop()
            return [self._transfer(frozen.debit, "", 0, kind="unfreeze", pending_id=frozen.id)]
        return [self._transfer(f"deposit:{self._shop()}", "", 0, kind="freeze")]

    def _note(self, transfer: Transfer, outcome: Outcome) -> None:
        """Keep an answer, and add what it moved, held or released to the accounts."""
        self.told.outcomes[transfer.id] = outcome
        if not _is_written(outcome):
            return
        moved_fen, told = outcome.moved_fen, self.told
        if transfer.kind == "hold":
            self._holds[transfer.id] = (transfer, moved_fen)
            told.held_fen[transfer.debit] += moved_fen
        elif transfer.kind in ("capture", "void"):
            hold, left_fen = self._holds.pop(transfer.pending_id)
            released_fen = (
                moved_fen if transfer.kind == "capture" and not transfer.final else left_fen
            )
            told.held_fen[transfer.debit] -= released_fen
            if left_fen > released_fen:
                self._holds[hold.id] = (hold, left_fen - released_fen)
        elif transfer.kind == "freeze":
            self._freezes.append(transfer)
        if transfer.kind in ("post", "capture", "up_to", "remainder", "reverse"):
            told.posted_fen[transfer.debit] -= moved_fen
            told.posted_fen[transfer.credit] += moved_fen


def _is_written(outcome: Outcome) -> bool:
    return outcome.status in ("posted", "exists")

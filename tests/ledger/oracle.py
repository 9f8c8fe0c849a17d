"""The rules of posting, written a second time and slowly: one transfer after the other.

It shares no line with the database's functions; tests ask both and compare.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from earnest.ledger.records import NewAccount, Outcome, Transfer

INT8_MIN, INT8_MAX = -(2**63), 2**63 - 1
MOVEMENTS = {"post", "capture", "up_to", "remainder", "reverse"}
ENDS_OF_HOLDS = {"capture", "void", "expire"}
WITHOUT_CREDIT = {"void", "expire", "freeze", "unfreeze"}
NAMING = {"capture", "void", "expire", "remainder", "unfreeze", "reverse"}
KINDS = MOVEMENTS | WITHOUT_CREDIT | {"hold"}


class RefusedError(Exception):
    """A rule says no; its code is the message."""


@dataclass
class OpenHold:
    """What a hold set aside, and what of it remains."""

    asked: Transfer
    remaining: int


@dataclass
class Books:
    """What a posting changes; a group that breaks puts the books of before back."""

    posted: dict[str, int] = field(default_factory=dict)
    holds: dict[UUID, OpenHold] = field(default_factory=dict)
    freezes: dict[UUID, str] = field(default_factory=dict)
    lifted: set[UUID] = field(default_factory=set)
    reversed: set[UUID] = field(default_factory=set)
    movements: dict[UUID, tuple[Transfer, int]] = field(default_factory=dict)
    others: set[UUID] = field(default_factory=set)
    rests: dict[UUID, tuple[UUID | None, int]] = field(default_factory=dict)

    def held(self, account: str) -> int:
        """Return what of an account is set aside."""
        return sum(h.remaining for h in self.holds.values() if h.asked.debit == account)

    def frozen(self, account: str) -> int:
        """Return how many freezes lie on an account."""
        return sum(a == account and f not in self.lifted for f, a in self.freezes.items())


@dataclass
class Oracle:
    """Accounts, what they hold, and which ids were used for what."""

    accounts: dict[str, NewAccount]
    books: Books = field(default_factory=Books)
    closed_until: datetime | None = None
    transfers: dict[UUID, tuple[Transfer, int]] = field(default_factory=dict)
    refusals: dict[UUID, tuple[Transfer, str]] = field(default_factory=dict)

    def post(self, batch: Sequence[Transfer], now: datetime) -> list[Outcome]:
        """Post a batch as the ledger should, and say what became of each transfer."""
        outcomes: dict[int, Outcome] = {}
        first: dict[UUID, Transfer] = {}
        repeats: list[int] = []
        self.books.rests = {}
        for unit in self._units(batch):
            fresh, spoiled = [], False
            for place in unit:
                transfer = batch[place]
                known = self._known(transfer)
                if known is not None:
                    outcomes[place], spoiled = known, True
                elif transfer.id not in first:
                    first[transfer.id] = transfer
                    fresh.append(place)
                elif first[transfer.id] == transfer:
                    repeats.append(place)
                else:
                    outcomes[place] = Outcome(transfer.id, "conflict", "id_used_before")
                    spoiled = True
            outcomes |= self._post_unit(
                {p: batch[p] for p in fresh}, now, spoiled=spoiled and len(unit) > 1
            )
        for outcome in outcomes.values():
            if outcome.status == "posted":
                self.transfers[outcome.id] = (first[outcome.id], outcome.moved_fen)
            elif outcome.status == "refused" and outcome.id in first:
                self.refusals[outcome.id] = (first[outcome.id], outcome.code)
        for place in repeats:
            outcomes[place] = self._known(batch[place]) or outcomes[place]
        return [outcomes[place] for place in range(len(batch))]

    @staticmethod
    def _units(batch: Sequence[Transfer]) -> list[list[int]]:
        """Return the places of the batch: a group is one unit, at its first member's place."""
        units: dict[object, list[int]] = {}
        for place, transfer in enumerate(batch):
            units.setdefault(transfer.group_id or place, []).append(place)
        return list(units.values())

    def _known(self, transfer: Transfer) -> Outcome | None:
        """Return the answer for an id that was used before this batch."""
        if transfer.id in self.transfers:
            before, moved = self.transfers[transfer.id]
            if before == transfer:
                return Outcome(transfer.id, "exists", "", moved)
            return Outcome(transfer.id, "conflict", "id_used_before")
        if (refusal := self.refusals.get(transfer.id)) is not None:
            refused, code = refusal
            if refused == transfer:
                return Outcome(transfer.id, "refused", code)
            return Outcome(transfer.id, "conflict", "id_used_before")
        return None

    def _post_unit(
        self, unit: dict[int, Transfer], now: datetime, *, spoiled: bool
    ) -> dict[int, Outcome]:
        """Post all of a unit or nothing."""
        codes = {place: self._fault(transfer, now) for place, transfer in unit.items()}
        moved: dict[int, int] = {}
        if not spoiled and not any(codes.values()):
            before = deepcopy(self.books)
            for place, transfer in unit.items():
                try:
                    moved[place] = self._apply(transfer, now)
                except RefusedError as refused:
                    codes[place] = str(refused)
                    self.books = before
                    break
        if not spoiled and not any(codes.values()):
            return {p: Outcome(t.id, "posted", "", moved[p]) for p, t in unit.items()}
        return {
            place: Outcome(t.id, "refused", codes[place] or "group_broken")
            for place, t in unit.items()
        }

    def _fault(self, asked: Transfer, now: datetime) -> str:
        """Return what is wrong with a transfer by itself."""
        if asked.kind not in KINDS:
            return "unknown_kind"
        if not asked.reason.clause.strip():
            return "clause_missing"
        follows = asked.kind == "up_to" and asked.pending_id is not None
        needs_amount = asked.kind in {"post", "hold", "capture", "reverse", "up_to"} and not follows
        if (
            (asked.kind in WITHOUT_CREDIT) != (not asked.credit)
            or ((asked.kind in NAMING) != (asked.pending_id is not None) and not follows)
            or (asked.final and asked.kind != "capture")
            or (asked.expires_at is not None and asked.kind != "hold")
            or (not needs_amount and asked.amount_fen != 0)
        ):
            return "fields_wrong"
        if needs_amount and asked.amount_fen <= 0:
            return "amount_not_positive"
        if asked.debit == asked.credit:
            return "accounts_same"
        if not {asked.debit, asked.credit or asked.debit} <= self.accounts.keys():
            return "unknown_account"
        if asked.effective_at > now:
            return "effective_in_future"
        if self.closed_until is not None and asked.effective_at < self.closed_until:
            return "period_closed"
        if asked.expires_at is not None and asked.expires_at <= now:
            return "expiry_passed"
        return ""

    def _apply(self, asked: Transfer, now: datetime) -> int:
        """Do what a transfer asks for, and return what it moved, held or released."""
        named = asked.pending_id
        rest = 0
        if asked.kind in ENDS_OF_HOLDS:
            self._check_hold(asked, now)
        elif asked.kind == "unfreeze":
            if self.books.freezes.get(named) != asked.debit:
                raise RefusedError("unknown_freeze")
            if named in self.books.lifted:
                raise RefusedError("freeze_lifted")
        elif asked.kind == "reverse":
            self._check_original(asked)
        elif named is not None:
            rest = self._rest(asked)
        if self.books.frozen(asked.debit) and asked.kind in MOVEMENTS | {"hold"}:
            raise RefusedError("account_frozen")
        return self._effect(asked, rest)

    def _check_hold(self, asked: Transfer, now: datetime) -> None:
        hold = self.books.holds.get(asked.pending_id)
        if hold is None or hold.asked.debit != asked.debit:
            raise RefusedError("unknown_hold")
        if hold.remaining == 0:
            raise RefusedError("hold_closed")
        ends = hold.asked.expires_at
        expired = ends is not None and ends <= now
        if asked.kind == "capture" and expired:
            raise RefusedError("hold_expired")
        if asked.kind == "capture" and asked.amount_fen > hold.remaining:
            raise RefusedError("hold_exceeded")
        if asked.kind == "expire" and not expired:
            raise RefusedError("hold_not_expired")

    def _check_original(self, asked: Transfer) -> None:
        if asked.pending_id in self.books.others:
            raise RefusedError("not_reversible")
        if asked.pending_id not in self.books.movements:
            raise RefusedError("unknown_original")
        original, moved = self.books.movements[asked.pending_id]
        if original.kind == "reverse":
            raise RefusedError("not_reversible")
        if (asked.debit, asked.credit, asked.amount_fen) != (
            original.credit,
            original.debit,
            moved,
        ):
            raise RefusedError("reversal_differs")
        if asked.pending_id in self.books.reversed:
            raise RefusedError("already_reversed")

    def _rest(self, asked: Transfer) -> int:
        """Return what the named up_to of this batch and group left."""
        group, rest = self.books.rests.get(asked.pending_id, (None, 0))
        if group is None or group != asked.group_id:
            raise RefusedError("unknown_up_to")
        if rest < 0:
            raise RefusedError("remainder_taken")
        return rest

    def _effect(self, asked: Transfer, rest: int) -> int:
        """Change the books by what a permitted transfer does, unless a limit says no."""
        books = self.books
        if asked.kind == "freeze":
            books.freezes[asked.id] = asked.debit
        elif asked.kind == "unfreeze":
            books.lifted.add(asked.pending_id)
        if asked.kind in {"freeze", "unfreeze"}:
            books.others.add(asked.id)
            return 0
        if asked.kind in {"void", "expire"}:
            hold = books.holds[asked.pending_id]
            books.others.add(asked.id)
            released, hold.remaining = hold.remaining, 0
            return released
        if asked.kind == "hold":
            self._check_limits(asked, 0, asked.amount_fen)
            books.holds[asked.id] = OpenHold(asked, asked.amount_fen)
            books.others.add(asked.id)
            return asked.amount_fen
        takes_on = asked.kind in {"up_to", "remainder"} and asked.pending_id is not None
        wanted = rest if takes_on else asked.amount_fen
        amount = self._available(asked, wanted) if asked.kind == "up_to" else wanted
        released = 0
        if asked.kind == "capture":
            hold = books.holds[asked.pending_id]
            released = hold.remaining if asked.final else amount
        self._check_limits(asked, amount, -released)
        if asked.kind == "capture":
            hold.remaining -= released
        if asked.kind == "reverse":
            books.reversed.add(asked.pending_id)
        if takes_on:
            books.rests[asked.pending_id] = (asked.group_id, -1)
        if asked.kind == "up_to":
            books.rests[asked.id] = (asked.group_id, wanted - amount)
        books.movements[asked.id] = (asked, amount)
        for code, change in ((asked.debit, -amount), (asked.credit, amount)):
            books.posted[code] = books.posted.get(code, 0) + change
        return amount

    def _available(self, asked: Transfer, wanted: int) -> int:
        """Return how much of what is wanted the limits of both accounts let through."""
        floor = self.accounts[asked.debit].floor_fen
        ceiling = self.accounts[asked.credit].ceiling_fen
        free = self.books.posted.get(asked.debit, 0) - self.books.held(asked.debit)
        if floor is not None:
            wanted = min(wanted, free - floor)
        if ceiling is not None:
            wanted = min(wanted, ceiling - self.books.posted.get(asked.credit, 0))
        return max(wanted, 0)

    def _check_limits(self, asked: Transfer, moved: int, held: int) -> None:
        """Refuse what would break a limit now."""
        debited = self.books.posted.get(asked.debit, 0) - moved
        credited = self.books.posted.get(asked.credit, 0) + moved
        set_aside = self.books.held(asked.debit) + held
        free = debited - set_aside
        if min(debited, free) < INT8_MIN or max(credited, set_aside) > INT8_MAX:
            raise RefusedError("balance_too_large")
        floor = self.accounts[asked.debit].floor_fen
        if floor is not None and free < floor:
            raise RefusedError("floor_broken")
        ceiling = self.accounts[asked.credit].ceiling_fen
        if ceiling is not None and credited > ceiling:
            raise RefusedError("ceiling_broken")

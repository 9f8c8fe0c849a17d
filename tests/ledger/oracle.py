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


@dataclass
class Oracle:
    """Accounts, what they hold, and which ids were used for what."""

    accounts: dict[str, NewAccount]
    posted: dict[str, int] = field(default_factory=dict)
    transfers: dict[UUID, Transfer] = field(default_factory=dict)
    refusals: dict[UUID, tuple[Transfer, str]] = field(default_factory=dict)

    def post(self, batch: Sequence[Transfer], now: datetime) -> list[Outcome]:
        """Post a batch as the ledger should, and say what became of each transfer."""
        outcomes: dict[int, Outcome] = {}
        first: dict[UUID, Transfer] = {}
        repeats: list[int] = []
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
                self.transfers[outcome.id] = first[outcome.id]
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
        if (before := self.transfers.get(transfer.id)) is not None:
            if before == transfer:
                return Outcome(transfer.id, "exists")
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
        if not spoiled and not any(codes.values()):
            before = deepcopy(self.posted)
            for place, transfer in unit.items():
                codes[place] = self._limit_broken(transfer)
                if codes[place]:
                    self.posted = before
                    break
                self._move(transfer)
        if not spoiled and not any(codes.values()):
            return {place: Outcome(t.id, "posted") for place, t in unit.items()}
        return {
            place: Outcome(t.id, "refused", codes[place] or "group_broken")
            for place, t in unit.items()
        }

    def _fault(self, transfer: Transfer, now: datetime) -> str:
        """Return what is wrong with a transfer by itself."""
        if transfer.kind != "post":
            return "unknown_kind"
        if not transfer.reason.clause.strip():
            return "clause_missing"
        if transfer.amount_fen <= 0:
            return "amount_not_positive"
        if transfer.debit == transfer.credit:
            return "accounts_same"
        if not {transfer.debit, transfer.credit} <= self.accounts.keys():
            return "unknown_account"
        return "effective_in_future" if transfer.effective_at > now else ""

    def _limit_broken(self, transfer: Transfer) -> str:
        """Return which limit the transfer would break now."""
        debited = self.posted.get(transfer.debit, 0) - transfer.amount_fen
        credited = self.posted.get(transfer.credit, 0) + transfer.amount_fen
        if debited < INT8_MIN or credited > INT8_MAX:
            return "balance_too_large"
        floor = self.accounts[transfer.debit].floor_fen
        if floor is not None and debited < floor:
            return "floor_broken"
        ceiling = self.accounts[transfer.credit].ceiling_fen
        return "ceiling_broken" if ceiling is not None and credited > ceiling else ""

    def _move(self, transfer: Transfer) -> None:
        for code, amount in (
            (transfer.debit, -transfer.amount_fen),
            (transfer.credit, transfer.amount_fen),
        ):
            self.posted[code] = self.posted.get(code, 0) + amount

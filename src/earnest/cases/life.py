"""The life of one deposit: everything that ever happened to it, in one list, oldest first.

Movements of deposit, proceeds and claim, changes of the requirement, shortages, decisions, cases,
restrictions, notices, payouts and receipts stand side by side, each with its clause and with what
it can be looked up by.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from earnest.cases.life_words import ACCOUNTS, KINDS
from earnest.kernel.calendar import day_of

# At one instant: what was asked, what was decided, what it changed, what was said about it.
ORDER = (
    "case", "decision", "requirement", "receipt", "payout", "movement", "shortage", "restriction",
    "notice",
)  # fmt: skip


KindOfRow = Literal[
    "movement", "requirement", "shortage", "decision", "case", "restriction", "notice", "payout",
    "receipt",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LifeRow:
    """One thing that happened. Amounts are whole fen; credit is +, debit is -.

    Attributes:
        kind: movement, requirement, shortage, decision, case, restriction, notice, payout or
            receipt.
        code: what it is within its kind, for programs.
        at: when it counts from.
        zh: what happened, in Chinese.
        en: the same in English.
        detail_zh: more about it, in Chinese; often empty.
        detail_en: the same in English.
        account: of a movement the account it is on: deposit, settlement or claim.
        amount_fen: what moved, or of other kinds the amount they are about; None where none.
        held_delta_fen: what was set aside (+) or released (-).
        balance_fen: of a movement what its account holds after it, counted in this order.
        held_fen: of a movement what of the account is held after it.
        required_fen: what the deposit had to be after it.
        free_fen: what of the deposit was there and not held after it.
        ref_kind: what ``ref`` names: decision, case, payout, receipt or nothing.
        ref: the id or number to look it up by.
        id: the id of the thing itself; of a movement that of its transfer.
        seq: of a movement its number in the account.
    """

    kind: KindOfRow
    code: str
    at: datetime
    zh: str
    en: str
    detail_zh: str = ""
    detail_en: str = ""
    account: str = ""
    amount_fen: int | None = None
    held_delta_fen: int = 0
    balance_fen: int | None = None
    held_fen: int | None = None
    required_fen: int = 0
    free_fen: int = 0
    clause: str = ""
    rulebook: str = ""
    ref_kind: str = ""
    ref: str = ""
    id: str = ""
    seq: int = 0

    @property
    def on(self) -> date:
        """The day of the market's calendar that it counts from."""
        return day_of(self.at)

    @property
    def short_fen(self) -> int:
        """What was missing to the required amount after it."""
        return max(0, self.required_fen - self.free_fen)

    def in_brief(self) -> dict[str, object]:
        """Return what fits a line of a terminal."""
        return {
            "on": self.on.isoformat(),
            "kind": self.kind,
            "what": self.en,
            "account": self.account,
            "amount_fen": self.amount_fen,
            "held_delta_fen": self.held_delta_fen or None,
            "balance_fen": self.balance_fen,
            "free_fen": self.free_fen,
            "required_fen": self.required_fen,
            "clause": self.clause,
            "ref": self.ref[-12:],
        }

    def as_dict(self) -> dict[str, object]:
        """Return it as one flat row for a file."""
        names = [name for name in self.__dataclass_fields__ if name not in {"kind", "at"}]
        return {
            "at": self.at.isoformat(),
            "on": self.on.isoformat(),
            "kind": self.kind,
            **{name: getattr(self, name) for name in names},
            "short_fen": self.short_fen,
        }


@dataclass(frozen=True)
class LifeFilter:
    """What narrows a life: kinds (all when empty), an account, and the first and last day."""

    kinds: frozenset[str] = frozenset()
    account: str = ""
    first: date | None = None
    last: date | None = None

    def keeps(self, row: LifeRow) -> bool:
        """Tell whether a row is wanted."""
        if self.kinds and row.kind not in self.kinds:
            return False
        if self.account and row.account != self.account:
            return False
        if self.first is not None and row.on < self.first:
            return False
        return self.last is None or row.on <= self.last


def life_ordered(rows: Iterable[LifeRow]) -> list[LifeRow]:
    """Put rows in order and write into each where the deposit stood after it.

    Law: a balance is counted in the order of the days that movements count from, so that a
    correction made later stands where it belongs.
    """
    places = {account: place for place, account in enumerate(ACCOUNTS)}
    ordered = sorted(
        rows,
        key=lambda row: (
            row.at, ORDER.index(row.kind), places.get(row.account, 0), row.seq, row.id,
        ),
    )  # fmt: skip
    balance = dict.fromkeys(ACCOUNTS, 0)
    held = dict.fromkeys(ACCOUNTS, 0)
    required = 0
    told: list[LifeRow] = []
    for row in ordered:
        placed = row
        if row.kind == "requirement":
            required = row.amount_fen or 0
        if row.kind == "movement":
            balance[row.account] += row.amount_fen or 0
            held[row.account] += row.held_delta_fen
            placed = replace(row, balance_fen=balance[row.account], held_fen=held[row.account])
        free = balance["deposit"] - held["deposit"]
        told.append(replace(placed, required_fen=required, free_fen=free))
    return told


def life_narrowed(rows: Sequence[LifeRow], wanted: LifeFilter) -> list[LifeRow]:
    """Return the rows that a filter keeps; what stands in them stays as it was."""
    return [row for row in rows if wanted.keeps(row)]


def kinds_found(rows: Sequence[LifeRow]) -> list[str]:
    """Return the kinds that occur, in the order in which they are offered."""
    found = {row.kind for row in rows}
    return [kind for kind in KINDS if kind in found]

"""What goes into the ledger and what comes out, as plain values. Amounts are whole fen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from earnest.ledger.refusals import REFUSALS

Status = Literal["posted", "exists", "conflict", "refused"]


@dataclass(frozen=True)
class Reason:
    """Why money moves. The clause must not be empty: a transfer without one is refused.

    Attributes:
        clause: id of the clause that orders or allows the movement, such as ``S3-4.2a``.
        rulebook: name of the pack that the clause stands in.
        decision_id: the decision behind it; None where there is none, such as a payment in.
        note: a sentence for the statement.
        evidence: ids of what proves it, such as the receipt of the institution.
        actor: who asked for it; empty for the system.
    """

    clause: str
    rulebook: str
    decision_id: UUID | None
    note: str
    evidence: tuple[UUID, ...] = ()
    actor: str = ""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One amount to be moved from the account ``debit`` to the account ``credit``.

    Attributes:
        id: made and stored by the caller before the first try; the same id is posted once only.
        debit: code of the account that is debited (a deposit goes down).
        credit: code of the account that is credited (a deposit goes up).
        amount_fen: more than 0.
        effective_at: the date the movement counts from; not after the caller's now.
        reason: why.
        group_id: transfers of one batch with the same group are posted all or not at all.
        kind: ``post``.
    """

    id: UUID
    debit: str
    credit: str
    amount_fen: int
    effective_at: datetime
    reason: Reason
    group_id: UUID | None = None
    kind: str = "post"


@dataclass(frozen=True)
class NewAccount:
    """An account to be opened.

    Attributes:
        code: its name within the tenant, such as ``deposit:shop:S0001``.
        kind: a kind of the chart, see :mod:`earnest.ledger.chart`.
        subject_kind: ``shop``, ``provider`` or ``platform``.
        subject_id: whose it is.
        floor_fen: what is free in it never goes below; None for no limit.
        ceiling_fen: what is posted in it never goes above; None for no limit.
    """

    code: str
    kind: str
    subject_kind: str
    subject_id: str
    floor_fen: int | None = None
    ceiling_fen: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one transfer.

    ``posted``: written now. ``exists``: written before with the same content; nothing was done.
    ``conflict``: the id was used before with other content; nothing was done. ``refused``: a rule
    of the ledger says no, now or when the id was first tried; ``code`` names it.
    """

    id: UUID
    status: Status
    code: str = ""

    def explain(self, language: Literal["zh", "en"]) -> str:
        """Say why nothing was written; empty when it is posted, now or before."""
        zh, en = REFUSALS[self.code] if self.code else ("", "")
        return zh if language == "zh" else en


@dataclass(frozen=True)
class Balance:
    """What an account holds: posted, of which held, and so free; ``seq`` counts its entries."""

    posted_fen: int
    held_fen: int
    seq: int

    @property
    def free_fen(self) -> int:
        """What may be spent."""
        return self.posted_fen - self.held_fen


@dataclass(frozen=True)
class AccountBalance:
    """A row of the list of balances."""

    code: str
    kind: str
    subject_kind: str
    subject_id: str
    posted_fen: int
    held_fen: int
    free_fen: int
    seq: int


@dataclass(frozen=True)
class StatementLine:
    """One entry of an account's statement; credit is +, debit is -.

    ``at`` is when it was recorded, ``effective_at`` when it counts from, ``balance_fen`` what was
    posted after it.
    """

    seq: int
    at: datetime
    effective_at: datetime
    amount_fen: int
    balance_fen: int
    clause: str
    note: str
    transfer_id: UUID
    counter_account: str
    decision_id: UUID | None


@dataclass(frozen=True)
class SealHead:
    """The last link of the seal chain, to be kept outside the database."""

    number: int
    batch_id: int
    hash: str
    sealed_at: datetime


@dataclass(frozen=True)
class Check:
    """One thing that must hold of the books.

    Attributes:
        name: stable name in snake case.
        ok: whether it holds.
        detail: what was counted, or what differs, in English.
        detail_zh: the same in Chinese.
        ids: what differs, such as ``batch 17`` or an account's code; at most 20.
    """

    name: str
    ok: bool
    detail: str
    detail_zh: str
    ids: tuple[str, ...] = ()

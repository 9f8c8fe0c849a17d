"""What goes into the ledger and what comes out, as plain values. Amounts are whole fen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from earnest.kernel.calendar import Month
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
    """Something to be done to the account ``debit``, mostly for the good of ``credit``.

    Attributes:
        id: made and stored by the caller before the first try; the same id is posted once only.
        debit: code of the account that is debited (a deposit goes down), held, or frozen.
        credit: code of the account that is credited (a deposit goes up); of a hold, whom it is
            meant for. Empty for ``void``, ``expire``, ``freeze``, ``unfreeze``.
        amount_fen: more than 0 for ``post``, ``hold``, ``capture``, ``reverse`` and ``up_to``;
            0 for the other kinds and for an ``up_to`` that carries on another.
        effective_at: the date the movement counts from; not after the caller's now.
        reason: why.
        group_id: transfers of one batch with the same group are posted all or not at all.
        kind: ``post`` moves the amount. ``hold`` sets it aside; ``capture`` moves it or part of it,
            ``void`` and ``expire`` release what remains. ``up_to`` moves as much as is there;
            ``remainder`` moves what an ``up_to`` left. ``freeze`` lets nothing out of the account
            until ``unfreeze``. ``reverse`` moves a posted amount back.
        pending_id: the transfer acted on: the hold of a ``capture``, ``void`` or ``expire``; the
            freeze of an ``unfreeze``; the original of a ``reverse``; the ``up_to`` of the same
            group whose rest a ``remainder`` or another ``up_to`` takes on.
        final: a ``capture`` that releases what it leaves of its hold.
        expires_at: when a ``hold`` may be ended by the sweeper; None for never.
    """

    id: UUID
    debit: str
    effective_at: datetime
    reason: Reason
    credit: str = ""
    amount_fen: int = 0
    group_id: UUID | None = None
    kind: str = "post"
    pending_id: UUID | None = None
    final: bool = False
    expires_at: datetime | None = None


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
    of the ledger says no, now or when the id was first tried; ``code`` names it. ``moved_fen`` is
    what it moved, held or released, now or before; 0 when it is not posted.
    """

    id: UUID
    status: Status
    code: str = ""
    moved_fen: int = 0

    def explain(self, language: Literal["zh", "en"]) -> str:
        """Say why nothing was written; empty when it is posted, now or before."""
        zh, en = REFUSALS[self.code] if self.code else ("", "")
        return zh if language == "zh" else en


@dataclass(frozen=True)
class Movement:
    """What a posted transfer moved: its kind, the codes of its accounts, and the amount in fen."""

    id: UUID
    kind: str
    debit: str
    credit: str
    amount_fen: int


@dataclass(frozen=True)
class Balance:
    """What an account holds: posted, of which held, and so free; ``seq`` counts its entries.

    ``frozen`` counts the freezes that lie on it: while there is one, nothing goes out.
    """

    posted_fen: int
    held_fen: int
    seq: int
    frozen: int = 0

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
    posted after it. ``counter_account`` is empty where nobody is on the other side; of a hold it is
    whom it is meant for. ``held_delta_fen`` is what was set aside (+) or released (-).
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
    kind: str = "post"
    held_delta_fen: int = 0
    held_fen: int = 0


@dataclass(frozen=True)
class Hold:
    """An open hold: its transfer, account, whom it is meant for, what of it remains, and why."""

    id: UUID
    account: str
    credit: str
    amount_fen: int
    remaining_fen: int
    expires_at: datetime | None
    effective_at: datetime
    reason: Reason


@dataclass(frozen=True)
class Freeze:
    """A freeze that lies on an account; lifted by an ``unfreeze`` that names its id."""

    id: UUID
    account: str
    effective_at: datetime
    reason: Reason


@dataclass(frozen=True)
class Closing:
    """A closed month: nothing posted afterwards counts from before ``ends_at``."""

    month: Month
    ends_at: datetime
    closed_by: str
    closed_at: datetime


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

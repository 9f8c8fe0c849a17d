"""A batch of transfers as the columns that the database's posting function takes.

Here is refused what cannot even be sent; everything else is the database's to decide.
"""

from collections.abc import Sequence
from typing import Any

from earnest.kernel.errors import BadInput
from earnest.kernel.money import FEN_MAX
from earnest.ledger.records import Reason, Transfer


def groups_together(transfers: Sequence[Transfer]) -> list[int]:
    """Return the places of the transfers, each group moved to the place of its first member."""
    first_of_group: dict[object, int] = {}
    keys = [
        (i if t.group_id is None else first_of_group.setdefault(t.group_id, i), i)
        for i, t in enumerate(transfers)
    ]
    return [place for _, place in sorted(keys)]


def columns_of(transfers: Sequence[Transfer]) -> list[list[Any] | None]:
    """Return the transfers as columns, and each different reason once.

    The last three columns are None when every transfer is a plain post: the quick way.
    """
    places: dict[Reason, int] = {}
    reason_places = [places.setdefault(t.reason, len(places) + 1) for t in transfers]
    reasons = list(places)
    return [
        [t.id for t in transfers],
        [t.group_id for t in transfers],
        [t.kind for t in transfers],
        [t.debit for t in transfers],
        [t.credit for t in transfers],
        [t.amount_fen for t in transfers],
        [t.effective_at for t in transfers],
        reason_places,
        [r.clause for r in reasons],
        [r.rulebook for r in reasons],
        [r.decision_id for r in reasons],
        ["{" + ",".join(map(str, r.evidence)) + "}" for r in reasons],
        [r.actor for r in reasons],
        [r.note for r in reasons],
        *(_special_columns(transfers) or (None, None, None)),
    ]


def _special_columns(transfers: Sequence[Transfer]) -> tuple[list[Any], ...] | None:
    """Return what only some kinds have; None when no transfer has any of it."""
    for t in transfers:
        if t.kind != "post" or t.pending_id is not None or t.final or t.expires_at is not None:
            return (
                [t.pending_id for t in transfers],
                [t.final for t in transfers],
                [t.expires_at for t in transfers],
            )
    return None


def transfer_check(transfer: Transfer) -> None:
    """Refuse a transfer that the database would take for another, or could not take at all."""
    if not isinstance(transfer.amount_fen, int):  # the database would round it without a word
        raise BadInput(
            "amount_not_whole",
            where=_place_of(transfer),
            zh=f"金额 {transfer.amount_fen!r} 不是整数分；请以整数分给出。",
            en=f"The amount {transfer.amount_fen!r} is not a whole number of fen; give an integer.",
        )
    if not -FEN_MAX <= transfer.amount_fen <= FEN_MAX:
        raise BadInput(
            "amount_too_large",
            where=_place_of(transfer),
            zh=f"金额 {transfer.amount_fen} 分超出可记录的范围。",
            en=f"The amount of {transfer.amount_fen} fen is too large to record.",
        )
    if transfer.effective_at.tzinfo is None:
        raise without_zone(f"{_place_of(transfer)}: effective_at")
    if transfer.expires_at is not None and transfer.expires_at.tzinfo is None:
        raise without_zone(f"{_place_of(transfer)}: expires_at")
    reason = transfer.reason
    texts = (transfer.kind, transfer.debit, transfer.credit)
    if "\0" in "".join((*texts, reason.clause, reason.rulebook, reason.note, reason.actor)):
        raise _zero_byte(_place_of(transfer))


def text_check(where: str, *texts: str) -> None:
    """Refuse a zero byte, which no text of the database can hold."""
    if any("\0" in text for text in texts):
        raise _zero_byte(where)


def without_zone(where: str) -> BadInput:
    """Return the error of an instant that has no zone."""
    return BadInput(
        "instant_without_zone",
        where=where,
        zh="时间没有时区；请给出带时区的时间。",
        en="The instant has no zone; give one.",
    )


def _zero_byte(where: str) -> BadInput:
    return BadInput(
        "zero_byte_in_text",
        where=where.replace("\0", "\\0"),
        zh="文字中含有零字节；请去掉。",
        en="A text contains a zero byte; take it out.",
    )


def _place_of(transfer: Transfer) -> str:
    return f"transfer {transfer.id}"

"""Taking an amount from several accounts in one group: what one cannot give, the next one bears.

Nothing is computed beforehand: the ledger itself takes what is there, so no other movement can come
in between, and the parts together are exactly what was asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from earnest.kernel.errors import Conflict
from earnest.kernel.ids import uuid7_for
from earnest.ledger.records import Outcome, Reason, Transfer

COMPENSATION_PAYABLE: Final = "compensation_payable"


@dataclass(frozen=True)
class Leg:
    """One account that bears what the legs before it left.

    Attributes:
        source: what it is called in the story: deposit, proceeds, advance or claim.
        account: the code of the account that is debited.
        clause: the clause that allows it; the reason of the whole is kept otherwise.
        all_of_it: takes everything that is left, and not only what is there. The last leg only.
    """

    source: str
    account: str
    clause: str
    all_of_it: bool = False


@dataclass(frozen=True)
class Taken:
    """What one leg gave, in fen; its transfer stands in the ledger also where that is nothing."""

    source: str
    transfer_id: UUID
    amount_fen: int


@dataclass(frozen=True)
class Waterfall:
    """An amount to be moved to one account, and why.

    Attributes:
        key: the business key that makes the ids, so that a repeat is recognised.
        effective_at: the instant that the ids and the movement carry.
        whole: nothing is moved unless all of it is there; for one leg only.
    """

    key: tuple[str, ...]
    credit: str
    amount_fen: int
    effective_at: datetime
    reason: Reason
    whole: bool = False

    def transfers(self, legs: Sequence[Leg]) -> list[Transfer]:
        """Return the group of transfers, the first leg in front.

        Law: together they move no more than the amount, and all of it where the last leg takes
        all that is left.
        """
        group = uuid7_for(self.effective_at, *self.key)
        first = "post" if self.whole else "up_to"
        made: list[Transfer] = []
        for place, leg in enumerate(legs):
            made.append(
                Transfer(
                    id=uuid7_for(self.effective_at, *self.key, leg.account),
                    group_id=group,
                    kind=first if not place else "remainder" if leg.all_of_it else "up_to",
                    pending_id=made[-1].id if place else None,
                    debit=leg.account,
                    credit=self.credit,
                    amount_fen=0 if place else self.amount_fen,
                    effective_at=self.effective_at,
                    reason=replace(self.reason, clause=leg.clause),
                )
            )
        return made


def taken_of(legs: Sequence[Leg], outcomes: Iterable[Outcome]) -> list[Taken]:
    """Return what each leg gave, from the outcomes of its transfers in the same order."""
    return [
        Taken(leg.source, outcome.id, outcome.moved_fen)
        for leg, outcome in zip(legs, outcomes, strict=True)
    ]


def posted_check(outcomes: Sequence[Outcome], where: str) -> None:
    """See to it that transfers stand in the ledger, now or from an earlier try.

    Raises:
        Conflict: ``transfer_conflict`` when an id stands for another content; otherwise
            ``transfer_refused`` with the ledger's own words.
    """
    for outcome in outcomes:
        if outcome.status == "conflict":
            raise Conflict(
                "transfer_conflict",
                where=where,
                zh="这笔划转的编号已用于另一内容的划转，本次没有划扣；请核对该主体的账目。",
                en="the id of this transfer stands for another one; nothing was moved, check the "
                "books",
            )
    refused = [each for each in outcomes if each.status == "refused"]
    if refused:
        # Of a broken group, the member that was refused for itself says why.
        why = next((each for each in refused if each.code != "group_broken"), refused[0])
        raise Conflict(
            "transfer_refused",
            where=where,
            zh=f"账本没有接受这笔划转，本次没有动账：{why.explain('zh')}",
            en=f"the ledger refused the transfer, nothing was moved: {why.explain('en')}",
        )

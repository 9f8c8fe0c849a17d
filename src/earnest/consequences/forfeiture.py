"""Taking a whole deposit as it stands: damages first, the rest as a penalty (S0-3.2b)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from earnest.consequences.basis import reason_of
from earnest.decisions.models import Decision
from earnest.deposits.accounts import PENALTY_INCOME, claim_of, deposit_of
from earnest.deposits.queries import position
from earnest.deposits.waterfall import COMPENSATION_PAYABLE, Leg, Waterfall, posted_check
from earnest.kernel.calendar import day_of
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Transfer


@dataclass(frozen=True)
class Forfeited:
    """What a forfeiture took, in fen: paid to the harmed, kept as a penalty, owed as a claim."""

    damages_paid_fen: int
    forfeited_fen: int
    claim_fen: int
    transfer_ids: tuple[UUID, ...]

    @property
    def taken_fen(self) -> int:
        """What the deposit gave, in fen."""
        return self.damages_paid_fen + self.forfeited_fen


def deposit_forfeit(tenant_id: str, decision: Decision, now: datetime) -> Forfeited:
    """Take the whole deposit as it stands now; what damages it does not cover becomes a claim.

    All of it is posted together; the ledger itself takes what is there, so nothing can come in
    between. A part that is held stays held.

    Raises:
        Conflict: the ledger refuses.
    """
    subject = decision.subject
    free = position(tenant_id, subject, day_of(now)).free_fen
    damages = int(decision.receipt["result"]["damages_fen"])
    transfers = _damages(tenant_id, decision, damages, now)
    transfers += _penalty(tenant_id, decision, free, now)
    outcomes = transfers_post(tenant_id, transfers, now)
    posted_check(outcomes, ":".join(subject))
    moved = {each.id: each.moved_fen for each in outcomes}
    named = {(each.debit, each.credit): moved[each.id] for each in transfers}
    return Forfeited(
        damages_paid_fen=named.get((deposit_of(subject), COMPENSATION_PAYABLE), 0),
        forfeited_fen=named.get((deposit_of(subject), PENALTY_INCOME), 0),
        claim_fen=named.get((claim_of(subject), COMPENSATION_PAYABLE), 0),
        transfer_ids=tuple(each.id for each in transfers),
    )


def _damages(tenant_id: str, decision: Decision, damages: int, now: datetime) -> list[Transfer]:
    if not damages:
        return []
    subject = decision.subject
    waterfall = Waterfall(
        key=(tenant_id, "harm-damages", str(decision.id)),
        credit=COMPENSATION_PAYABLE,
        amount_fen=damages,
        effective_at=now,
        reason=reason_of(decision),
    )
    legs = [
        Leg("deposit", deposit_of(subject), decision.clause),
        Leg("claim", claim_of(subject), decision.clause, all_of_it=True),
    ]
    return waterfall.transfers(legs)


def _penalty(tenant_id: str, decision: Decision, free: int, now: datetime) -> list[Transfer]:
    """Return the transfer of what the damages leave of the deposit; at most what is there."""
    if free <= 0:
        return []
    waterfall = Waterfall(
        key=(tenant_id, "harm-penalty", str(decision.id)),
        credit=PENALTY_INCOME,
        amount_fen=free,
        effective_at=now,
        reason=reason_of(decision),
    )
    return waterfall.transfers([Leg("deposit", deposit_of(decision.subject), decision.clause)])

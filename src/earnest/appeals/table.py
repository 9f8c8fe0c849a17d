"""The before and after of an appeal: what its party owed and bore, decision by decision."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from earnest.appeals.cascade import Change
from earnest.consequences.replacing import first_period
from earnest.decisions.commands import IN_EFFECT
from earnest.decisions.models import Decision
from earnest.deposits.queries import position
from earnest.deposits.recoveries import CLAIMED, recovery_steps
from earnest.kernel.calendar import day_of
from earnest.market.models import Provider
from earnest.market.queries import Subject
from earnest.restrictions.queries import capabilities_restricted, restrictions_of_decisions
from earnest.tickets.commands import APPEALED
from earnest.tickets.models import Ticket
from earnest.tickets.queries import ticket_of_decision


@dataclass(frozen=True)
class Standing:
    """What a decision is at one time; money in fen.

    Attributes:
        outcome: the measure in one word; empty where there is no decision.
        state: of its ticket, or of the decision where it has none.
        due_fen: what it takes; ``taken_fen`` is what it took from the deposit so far, and
            ``claimed_fen`` what it left as a claim.
        restricted: the capabilities that it restricts now.
    """

    outcome: str = ""
    period: str = ""
    ticket: str = ""
    state: str = "none"
    due_fen: int = 0
    taken_fen: int = 0
    claimed_fen: int = 0
    restricted: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Whole:
    """Where a party stands at one time, over all its decisions; money in fen.

    ``proceeds_fen`` is what is kept of a shop's sales; 0 for a provider.
    """

    deposit_fen: int
    required_fen: int
    claim_fen: int
    taking_part: bool
    restricted: Sequence[str]
    proceeds_fen: int = 0


@dataclass(frozen=True)
class Row:
    """A decision before and after, and what became of it: reversed, replaced or stays."""

    decision: str
    period: str
    clause: str
    change: str
    before: Standing
    after: Standing


@dataclass(frozen=True)
class Table:
    """All decisions that an appeal touches, and where the party stood before and stands after."""

    rows: Sequence[Row]
    before: Whole
    after: Whole

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, to be kept with the appeal."""
        return asdict(self)

    @property
    def returned_fen(self) -> int:
        """What goes back to the deposit, in fen; less than 0 where more is taken."""
        return self.after.deposit_fen - self.before.deposit_fen


def whole_of(tenant_id: str, subject: Subject, now: datetime) -> Whole:
    """Return where a party stands now."""
    at = position(tenant_id, subject, day_of(now))
    left = Provider.objects.filter(
        tenant_id=tenant_id, provider_id=subject[1], left_on__isnull=False
    )
    return Whole(
        deposit_fen=at.posted_fen,
        required_fen=at.required_fen,
        claim_fen=at.claim_fen,
        taking_part=not (subject[0] == "provider" and left.exists()),
        restricted=tuple(sorted(capabilities_restricted(tenant_id, *subject))),
        proceeds_fen=at.proceeds_fen if subject[0] == "shop" else 0,
    )


def standing_of(decision: Decision) -> Standing:
    """Return what a decision is now."""
    ticket = ticket_of_decision(decision.tenant_id, decision.id)
    taken_fen, claimed_fen = taken_by(decision) if decision.state == IN_EFFECT else (0, 0)
    rows = restrictions_of_decisions(decision.tenant_id, [decision.id])
    return Standing(
        outcome=decision.outcome,
        period=decision.period,
        ticket=ticket.number if ticket else "",
        state=_state(decision, ticket),
        due_fen=decision.money_fen,
        taken_fen=taken_fen,
        claimed_fen=claimed_fen,
        restricted=tuple(sorted({row.capability for row in rows if row.released_at is None})),
    )


def taken_by(decision: Decision) -> tuple[int, int]:
    """Return what a decision took so far of a party's own money, and what it left as a claim."""
    if steps := recovery_steps(decision.tenant_id, decision.id):
        claimed_fen = sum(each.amount_fen for each in steps if each.source in CLAIMED)
        return sum(each.amount_fen for each in steps) - claimed_fen, claimed_fen
    return int(decision.effect.get("taken_fen", 0)), int(decision.effect.get("claim_fen", 0))


def _state(decision: Decision, ticket: Ticket | None) -> str:
    if ticket is None or decision.state != IN_EFFECT:
        return decision.state
    if ticket.state == APPEALED and ticket.course["result"]["money_at_once"]:
        return "appealed_done"
    return ticket.state


def row_of(change: Change, before: Standing) -> Row:
    """Return the row of a decision after what became of it."""
    if change.replacement is not None:
        after = standing_of(change.replacement)
    else:
        change.decision.refresh_from_db()
        after = standing_of(change.decision) if change.change == "stays" else Standing()
    return Row(
        decision=change.decision.decision,
        period=first_period(change.decision.period),
        clause=change.decision.clause,
        change=change.change,
        before=before,
        after=after,
    )

"""Steps against a shop's shortage, judged again without a deduction or a raise that fell away.

Each is judged by its own edition and facts, with the balance and the requirement as they would have
been: a shop that would not have been short was not to be told, filled up or restricted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from earnest.consequences.replacing import lineage
from earnest.decisions.commands import IN_EFFECT, REVERSED
from earnest.decisions.models import Decision
from earnest.deposits.accounts import deposit_of
from earnest.deposits.models import Shortage
from earnest.deposits.queries import requirement_history, shortages_open
from earnest.deposits.raises import raise_of_decision
from earnest.deposits.recoveries import recovery_steps
from earnest.kernel.calendar import day_of, day_start
from earnest.ledger.queries import balance_at
from earnest.policy import Evaluation
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.models import Ticket

RECOVERY, RAISE = "recovery", "raise_asked"
BAND, STAIRCASE, FILL = "shortage_band", "shortage_measures", "shortage_transfer"
CAUSES: Final = frozenset({RECOVERY, RAISE})
"""What makes a deposit short."""
STEPS: Final = frozenset({BAND, STAIRCASE, FILL})
"""What is done against a deposit that is short."""
TRANSFER: Final = "transfer_from_proceeds"
NOTHING_DONE: Final = "nothing"


@dataclass(frozen=True)
class Undone:
    """What a position would have been without something that fell: for a time, in fen.

    Attributes:
        since: from this instant on, and before ``until``; None for ever.
        balance_fen: what more would have been in the deposit.
        required_fen: what less would have been required.
    """

    since: datetime
    balance_fen: int = 0
    required_fen: int = 0
    until: datetime | None = None

    def counts_at(self, at: datetime) -> bool:
        """Tell whether it would have changed the position at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


def fallen_before(ticket: Ticket) -> list[Undone]:
    """Return what fell away of a shop by earlier appeals, and by the one against this ticket."""
    rows = Decision.objects.filter(
        tenant_id=ticket.tenant_id,
        subject_kind=ticket.subject_kind,
        subject_id=ticket.subject_id,
        decision__in=CAUSES | STEPS,
        state=REVERSED,
    ).order_by("seq")
    found = [each for decision in rows for each in undone_by(decision)]
    if ticket.decision in CAUSES:
        found += undone_by(Decision.objects.get(tenant_id=ticket.tenant_id, id=ticket.decision_id))
    return found


def undone_by(decision: Decision) -> list[Undone]:
    """Return what the position would have been without a decision that falls, or fell.

    From its reversal on, the position is what it is without it.
    """
    until = decision.reversal.at if decision.state == REVERSED else None
    if decision.decision == RECOVERY:
        return [
            Undone(step.at, balance_fen=step.amount_fen, until=until)
            for step in recovery_steps(decision.tenant_id, decision.id)
            if step.source == "deposit"
        ]
    if decision.decision == RAISE:
        return _raised(decision, until)
    return filled(decision, sum(_taken(each) for each in lineage(decision) if _in_effect(each)))


def _raised(decision: Decision, until: datetime | None) -> list[Undone]:
    row = raise_of_decision(decision.tenant_id, decision.id)
    if row is None or decision.settled_at is None:
        return []
    if until is None and row.released_on is not None:
        until = day_start(row.released_on)
    return [Undone(decision.settled_at, required_fen=row.amount_fen, until=until)]


def filled(decision: Decision, instead_fen: int = 0) -> list[Undone]:
    """Return what is not in the deposit where a transfer of proceeds falls.

    Takes:
        instead_fen: what takes its place, in fen.
    """
    less_fen = _taken(decision) - instead_fen
    if not less_fen or decision.settled_at is None:
        return []
    until = decision.reversal.at if decision.state == REVERSED else None
    return [Undone(decision.settled_at, balance_fen=-less_fen, until=until)]


def _taken(decision: Decision) -> int:
    return int(decision.effect.get("taken_fen", 0))


def _in_effect(decision: Decision) -> bool:
    return decision.state == IN_EFFECT


@dataclass(frozen=True)
class Again:
    """What a step comes to when it is judged again: its evaluation and its money, in fen."""

    evaluation: Evaluation
    money_fen: int
    differs: bool


def step_rejudged(decision: Decision, undone: Sequence[Undone]) -> Again | None:
    """Judge a step against a shortage again; None where it was not to be taken.

    It falls where the shop would not have been short then, or when the notice went out that its
    days are counted from; and where another step, or another band, would have been the one. A
    transfer stays for what would still have been missing.
    """
    facts, pack = dict(decision.receipt["facts"]), pack_of_receipt(decision.receipt)
    counted = [each for each in undone if each.counts_at(decision.made_at)]
    if not counted or decision.effect.get("done") == NOTHING_DONE:
        return Again(pack.evaluate(decision.decision, facts), decision.money_fen, differs=False)
    facts["balance_fen"] = int(facts["balance_fen"]) + sum(each.balance_fen for each in counted)
    lowered = sum(each.required_fen for each in counted)
    facts["required_fen"] = max(0, int(facts["required_fen"]) - lowered)
    if facts["required_fen"] <= facts["balance_fen"] or not _told_rightly(decision, undone):
        return None
    evaluation = pack.evaluate(decision.decision, facts)
    if evaluation.refusal is not None:
        return None
    if decision.outcome != TRANSFER:
        same = evaluation.result["measure"] == decision.outcome
        return Again(evaluation, decision.money_fen, differs=False) if same else None
    money_fen = int(str(evaluation.result["transfer_fen"]))
    took_fen = int(decision.effect.get("taken_fen", decision.money_fen))
    if money_fen <= 0:
        return None
    return Again(evaluation, money_fen, differs=money_fen < took_fen)


def _told_rightly(decision: Decision, undone: Sequence[Undone]) -> bool:
    """Tell whether the shop would have been short when its shortage was told."""
    opened = shortage_behind(decision)
    return opened is None or short_then(opened, undone)


def shortage_behind(decision: Decision) -> Shortage | None:
    """Return the shortage that a step was taken against."""
    rows = Shortage.objects.filter(
        tenant_id=decision.tenant_id,
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        opened_at__lte=decision.made_at,
    )
    return rows.order_by("-opened_at").first()


def short_then(shortage: Shortage, undone: Iterable[Undone]) -> bool:
    """Tell whether a deposit would have been short when its shortage was opened."""
    subject, at = (shortage.subject_kind, shortage.subject_id), shortage.opened_at
    counted = [each for each in undone if each.counts_at(at)]
    if not counted:
        return True
    history = requirement_history(shortage.tenant_id, subject)
    required = [row.required_fen for row in history if row.from_on <= day_of(at)]
    held = balance_at(shortage.tenant_id, deposit_of(subject), at, None)
    needed = (required[-1] if required else 0) - sum(each.required_fen for each in counted)
    return needed > held.free_fen + sum(each.balance_fen for each in counted)


def shortage_close(ticket: Ticket, undone: Sequence[Undone], now: datetime) -> bool:
    """Close the open shortage of a shop that would not have been told of it; tell whether so.

    Where it is short for another cause, the next look tells it anew, with its own days of grace.
    """
    for shortage in shortages_open(ticket.tenant_id, ticket.subject):
        if not short_then(shortage, undone):
            shortage.closed_at = now
            shortage.save(update_fields=["closed_at"])
            return True
    return False

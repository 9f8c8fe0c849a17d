"""Tickets of what is decided against a shop's deposit: done at once, and open to appeal after it.

The text takes what was approved straight away (S3-4.2a, S3-5.1), so such a ticket is in force from
the moment it is told. It gives the shop its days to appeal; an appeal that succeeds undoes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from earnest.consequences.reasons import Consequence
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for
from earnest.tickets.commands import (
    IN_FORCE,
    PENDING,
    NewItem,
    NewTicket,
    step_add,
    ticket_move,
    ticket_open,
)
from earnest.tickets.models import Ticket
from earnest.tickets.queries import MONEY_TAKEN

COURSE: Final = "sanction_course"
REVIEW, MEASURE = "review", "measure"
SYSTEM: Final = "system"


@dataclass(frozen=True)
class ShopMeasure:
    """What was done against a shop, for its ticket.

    Attributes:
        item: what it rests on, which the shop may dispute.
        source: ``review`` where people found it, ``measure`` where it was computed.
        money_fen: what it takes in all; 0 where it takes no money.
        taken_fen: what it took so far.
    """

    item: NewItem
    source: str
    money_fen: int = 0
    taken_fen: int = 0


def shop_ticket(decision: Decision, done: ShopMeasure, now: datetime) -> Ticket | None:
    """Open the ticket of what was done, in force at once; the one it has already is returned.

    None where the shop is judged by an edition from before shops had appeals.
    """
    pack = pack_for(decision.tenant_id, SHOP_DEPOSIT, *decision.subject)
    if COURSE not in pack.decisions:
        return None
    course = pack.evaluate(COURSE, {"told_on": day_of(now), "measure": decision.outcome})
    new = NewTicket(
        decision=decision,
        items=[done.item],
        source=done.source,
        appeal_until=course.result["appeal_until"],
        chances=int(str(course.result["chances"])),
        course=course.receipt().as_dict(),
        money_fen=done.money_fen,
    )
    ticket = ticket_open(decision.tenant_id, new, now)
    if ticket.state != PENDING:
        return ticket
    if done.money_fen:
        step_add(ticket, MONEY_TAKEN, now, actor=SYSTEM, note=yuan(done.taken_fen))
    return ticket_move(ticket, IN_FORCE, now, actor=SYSTEM)


def appealable(consequence: Consequence, ticket: Ticket | None) -> Consequence:
    """Return what a notice says, with the ticket and the last day to appeal."""
    if ticket is None:
        return consequence
    return replace(consequence, appeal_until=ticket.appeal_until, ticket=ticket.number)


def numbered(ticket: Ticket | None) -> dict[str, str]:
    """Return the ticket's number for the effect of its decision; nothing without one."""
    return {} if ticket is None else {"ticket": ticket.number}

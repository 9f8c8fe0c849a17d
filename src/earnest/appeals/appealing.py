"""Which items of a ticket may be appealed against now, and why not."""

from dataclasses import dataclass
from datetime import date

from earnest.appeals.models import OPEN_STATES, Appeal
from earnest.appeals.queries import chances_used, figures_appealed, items_open
from earnest.kernel.errors import Problem
from earnest.tickets.commands import APPEALED, MOVES
from earnest.tickets.models import Ticket, TicketItem
from earnest.tickets.queries import FIGURE


@dataclass(frozen=True)
class Appealable:
    """An item of a ticket as it may be appealed against now.

    Attributes:
        left: how many appeals are left for it.
        refusal: why it cannot be appealed against now; None where it can.
        earlier: number of the appeal on another ticket that its figure is or was disputed in.
    """

    item: TicketItem
    left: int
    refusal: Problem | None
    earlier: str = ""


def appealable(ticket: Ticket, on: date) -> list[Appealable]:
    """Return the items of a ticket, each with the appeals it has left and why none may be filed."""
    used, under, elsewhere = chances_used(ticket), items_open(ticket), figures_appealed(ticket)
    whole = _refusal(ticket, on)
    found = []
    for item in ticket.items.all():
        left = max(0, ticket.chances - used.get((item.kind, item.about), 0))
        refusal = whole or _item_refusal(ticket, item, left, item.position in under)
        earlier = elsewhere.get(item.about) if item.kind == FIGURE else None
        if earlier is not None:
            refusal = refusal or _settled_elsewhere(ticket, item, earlier)
        found.append(Appealable(item, left, refusal, earlier.number if earlier else ""))
    return found


def _settled_elsewhere(ticket: Ticket, item: TicketItem, earlier: Appeal) -> Problem:
    """Say that a figure is, or was, disputed on another ticket that names it."""
    where, other = f"{ticket.number}/{item.position}", earlier.ticket.number
    if earlier.state in OPEN_STATES:
        return Problem(
            "fact_under_appeal", where,
            f"同一事实正在申诉 {earlier.number}（处罚单 {other}）中复核，结果对本单同样有效，"
            "期间本单不扣款，也不占用申诉机会。",
            f"the same fact is being heard in appeal {earlier.number} against ticket {other}; its "
            "outcome counts here too, this ticket's money waits for it, and no appeal is used up",
        )  # fmt: skip
    return Problem(
        "fact_decided", where,
        f"同一事实已在申诉 {earlier.number}（处罚单 {other}）中作出结论，结论对本单同样有效。",
        f"the same fact was decided in appeal {earlier.number} against ticket {other}, and that "
        "counts here too",
    )  # fmt: skip


def _refusal(ticket: Ticket, on: date) -> Problem | None:
    if APPEALED not in MOVES[ticket.state] and ticket.state != APPEALED:
        return Problem(
            "ticket_settled", ticket.number,
            "该处罚单已撤销或已整改结案，无需申诉。",
            "the ticket is reversed or corrected: there is nothing to appeal against",
        )  # fmt: skip
    if on > ticket.appeal_until:
        return Problem(
            "appeal_late", ticket.number,
            f"申诉期已于 {ticket.appeal_until} 届满。",
            f"the time to appeal ended with {ticket.appeal_until}",
        )  # fmt: skip
    return None


def _item_refusal(ticket: Ticket, item: TicketItem, left: int, under: bool) -> Problem | None:  # noqa: FBT001 - a fact of the item
    where = f"{ticket.number}/{item.position}"
    if not item.standing:
        return Problem(
            "item_overturned", where,
            "该项已撤销。", "the item is overturned already",
        )  # fmt: skip
    if under:
        return Problem(
            "item_under_appeal", where,
            "该项正在申诉中。", "the item is under appeal already",
        )  # fmt: skip
    if not left:
        return Problem(
            "no_appeal_left", where,
            f"每项可申诉 {ticket.chances} 次，该项的机会已用完。",
            f"an item has {ticket.chances} appeal(s); this one has none left",
        )  # fmt: skip
    return None

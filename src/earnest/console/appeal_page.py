"""One ticket and one appeal as their pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from earnest.appeals.appealing import Appealable, appealable
from earnest.appeals.models import ASKED, FILED, HEARING, OPEN_STATES, PROPOSED, Appeal, AppealItem
from earnest.appeals.people import HANDS, hand_of, stuck_of
from earnest.appeals.queries import (
    appeals_of,
    decided_by_hand,
    decision_of,
    pack_of_ticket,
)
from earnest.appeals.table import taken_by
from earnest.console.access import Visitor
from earnest.console.reading import explanation
from earnest.console.texts import language
from earnest.decisions.models import Decision
from earnest.documents.models import Document
from earnest.documents.queries import documents_by_id
from earnest.kernel.calendar import day_of
from earnest.market.roles import DECIDE, REVIEW
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import restrictions_of_decisions
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.models import Ticket, TicketItem

DONE, HERE, AHEAD = "done", "here", "ahead"
INSIDE = frozenset({"proposed", "sent_back", "confirmed", "released", "taken_back"})
PARTY, MARKET, NOBODY = "party", "market", "nobody"


@dataclass(frozen=True)
class Step:
    """One station of a course: behind, here or ahead; here somebody has the ball until a day."""

    name: str
    place: str
    ball: str = ""
    until: date | None = None


@dataclass(frozen=True)
class Rule:
    """What a sanction rests on: the clause in words, and the calculation."""

    rulebook: str
    clause: str
    words: str
    explanation: str


@dataclass(frozen=True)
class Force:
    """What of a sanction is in force, and what waits; money in fen.

    Attributes:
        taken_fen: what was taken from the deposit; ``claimed_fen`` what is owed beyond it.
        waits_fen: what is still to be taken.
        returned_fen: what went back to the deposit when it was reversed, ``proceeds_fen`` to the
            sales proceeds; ``lowered_fen`` is what less is required since.
    """

    taken_fen: int
    claimed_fen: int
    waits_fen: int
    returned_fen: int
    active: list[Restriction]
    ended: list[Restriction]
    proceeds_fen: int = 0
    lowered_fen: int = 0


@dataclass(frozen=True)
class ItemShown:
    """A disputed item with the ticket's own words and the documents handed in with it."""

    disputed: AppealItem
    item: TicketItem
    documents: list[Document]


def at_once(ticket: Ticket) -> bool:
    """Tell whether what a ticket is about was done when it was told, as it is for shops."""
    return bool(ticket.course["result"]["money_at_once"])


def ticket_steps(ticket: Ticket, now: datetime) -> list[Step]:
    """Return the course of a ticket with who has the ball."""
    if ticket.state in {"reversed", "corrected"}:
        return [Step("told", DONE), Step(ticket.state, HERE, NOBODY)]
    heres = {
        "pending": Step("window", HERE, PARTY, ticket.appeal_until),
        "appealed": Step("appealed", HERE, MARKET),
        "in_force": Step("in_force", HERE, NOBODY),
    }
    if ticket.state == "in_force" and day_of(now) <= ticket.appeal_until and at_once(ticket):
        heres["in_force"] = Step("in_force", HERE, PARTY, ticket.appeal_until)
    here = heres[ticket.state]
    order = ["told", "window", "appealed", "in_force"]
    if at_once(ticket):
        order = ["told", "in_force", "appealed"] if here.name == "appealed" else ["told", here.name]
    elif here.name == "in_force" and not appeals_of(ticket).exists():
        order.remove("appealed")
    at = order.index(here.name)
    behind = [Step(name, DONE) for name in order[:at]]
    return [*behind, here, *(Step(name, AHEAD) for name in order[at + 1 :])]


def appeal_steps(appeal: Appeal) -> list[Step]:
    """Return the course of an appeal with who has the ball."""
    if appeal.state in {"withdrawn", "moot"}:
        return [Step("filed", DONE), Step(appeal.state, HERE, NOBODY)]
    order = (FILED, HEARING, PROPOSED, "decided")
    state = HEARING if appeal.state == ASKED else appeal.state
    here = order.index(state)
    steps = []
    for place, name in enumerate(order):
        if place != here:
            steps.append(Step(name, DONE if place < here else AHEAD))
        elif appeal.state == ASKED:
            steps.append(Step(ASKED, HERE, PARTY, _due_on(appeal)))
        else:
            decided = name == "decided"
            until = None if decided else appeal.expected_on
            steps.append(Step(name, HERE, NOBODY if decided else MARKET, until))
    return steps


def _due_on(appeal: Appeal) -> date | None:
    turn = appeal.turns.filter(answered_at=None, lapsed_at=None).first()
    return turn.due_on if turn else None


def rule_of(decision: Decision) -> Rule:
    """Return the clause of a decision in words and its calculation."""
    pack = pack_of_receipt(decision.receipt)
    clause = pack.clauses.get(decision.clause)
    words = (getattr(clause, language(), "") or clause.zh) if clause else ""
    return Rule(decision.rulebook, decision.clause, words, explanation(decision.receipt))


def force_of(ticket: Ticket, decision: Decision) -> Force:
    """Return what of a sanction is in force and what waits."""
    rows = restrictions_of_decisions(ticket.tenant_id, [decision.id])
    reversed_now = decision.state == "reversed"
    taken_fen, claimed_fen = (0, 0) if reversed_now else taken_by(decision)
    waits = ticket.money_fen if ticket.state in {"pending", "appealed"} else 0
    effect = decision.reversal.effect if reversed_now else {}
    return Force(
        taken_fen=taken_fen,
        claimed_fen=claimed_fen,
        waits_fen=0 if "taken_fen" in decision.effect else waits,
        returned_fen=int(effect.get("deposit_fen", 0)),
        active=[row for row in rows if row.released_at is None],
        ended=[row for row in rows if row.released_at is not None],
        proceeds_fen=int(effect.get("proceeds_fen", 0)),
        lowered_fen=int(effect.get("lowered_fen", 0)),
    )


def documents_named(tenant_id: str, ids: Iterable[str]) -> list[Document]:
    """Return documents by the ids that a row keeps."""
    return list(documents_by_id(tenant_id, [UUID(each) for each in ids]).values())


def items_of(appeal: Appeal) -> list[ItemShown]:
    """Return the disputed items with the ticket's words."""
    items = {each.position: each for each in appeal.ticket.items.all()}
    return [
        ItemShown(each, items[each.position], documents_named(appeal.tenant_id, each.documents))
        for each in appeal.items.all()
    ]


def turns_of(appeal: Appeal, now: datetime) -> list[dict[str, Any]]:
    """Return the questions and answers of a hearing, each with whether it is overdue."""
    return [
        {
            "turn": each,
            "documents": documents_named(appeal.tenant_id, each.documents),
            "open": each.answered_at is None and each.lapsed_at is None,
            "overdue": each.answered_at is None and day_of(now) > each.due_on,
        }
        for each in appeal.turns.all()
    ]


def steps_shown(rows: Iterable[Any], visitor: Visitor, own: str) -> list[tuple[Any, str]]:
    """Return the steps of a story: to a party without those between the people inside.

    Each comes with its actor where the visitor may know it.
    """
    inside = visitor.is_operator
    return [
        (each, each.actor if inside or each.actor == own else "")
        for each in rows
        if inside or each.what not in INSIDE
    ]


def ticket_shown(ticket: Ticket, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Return what the page of a ticket shows."""
    decision, on = decision_of(ticket), day_of(now)
    offered: list[Appealable] = appealable(ticket, on)
    return {
        "ticket": ticket,
        "decision": decision,
        "steps": ticket_steps(ticket, now),
        "items": offered,
        "may_appeal": visitor.subject == ticket.subject
        and any(each.refusal is None for each in offered),
        "refusal": next((each.refusal for each in offered if each.refusal is not None), None),
        "rule": rule_of(decision),
        "force": force_of(ticket, decision),
        "automatic": not decided_by_hand(ticket),
        "appeals": list(appeals_of(ticket)),
        "days_left": (ticket.appeal_until - on).days if _window_open(ticket, on) else None,
        "story": steps_shown(ticket.steps.order_by("at", "id"), visitor, visitor.name),
        "reversal": decision.reversal if decision.state == "reversed" else None,
    }


def _window_open(ticket: Ticket, on: date) -> bool:
    told = ticket.state == "pending" or (ticket.state == "in_force" and at_once(ticket))
    return told and on <= ticket.appeal_until


def is_late(appeal: Appeal, now: datetime) -> bool:
    """Tell whether an appeal is open past the day by which it was to be answered."""
    return appeal.state in OPEN_STATES and day_of(now) > appeal.expected_on


def appeal_shown(appeal: Appeal, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Return what the page of an appeal shows to everybody who may see it."""
    decision = decision_of(appeal.ticket)
    return {
        "appeal": appeal,
        "ticket": appeal.ticket,
        "steps": appeal_steps(appeal),
        "late": is_late(appeal, now),
        "items": items_of(appeal),
        "rule": rule_of(decision),
        "force": force_of(appeal.ticket, decision),
        "turns": turns_of(appeal, now),
        "story": steps_shown(appeal.steps.order_by("at", "id"), visitor, appeal.filed_by),
    }


def appeal_offered(appeal: Appeal, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Return what a visitor may do with an appeal now."""
    name, own = visitor.name, visitor.subject == appeal.subject
    free = appeal.state == FILED and visitor.may(REVIEW)
    proposed = appeal.state == PROPOSED and visitor.is_operator
    second = proposed and visitor.may(DECIDE) and name != appeal.hearer
    hand = hand_of(appeal, name) if free or second else ""
    most = int(pack_of_ticket(appeal.ticket).parameter("evidence_rounds", on=day_of(now)))
    return {
        "hears": appeal.state == HEARING and appeal.hearer == name and visitor.may(REVIEW),
        "may_take_back": appeal.state == HEARING and appeal.hearer != name and visitor.may(DECIDE),
        "rounds_left": most - appeal.turns.count(),
        "may_claim": free and not hand,
        "hand": HANDS[hand] if hand else None,
        "stuck": stuck_of(appeal) if visitor.is_operator else None,
        "may_confirm": second and not hand,
        "own_proposal": proposed and name == appeal.hearer,
        "may_answer": own and appeal.state == ASKED,
        "may_withdraw": own and appeal.state in {FILED, HEARING, ASKED},
    }

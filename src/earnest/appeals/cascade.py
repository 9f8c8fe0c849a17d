"""What an overturned item undoes: every decision that rested on it, judged again in time order.

All in one transaction, or nothing: figures are set aside, decisions that come to something else are
reversed with everything they did, and what the rule leaves takes their place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from earnest.appeals.course import appeal_close, appeal_step
from earnest.appeals.models import MOOT, OPEN_STATES, Appeal
from earnest.appeals.rejudging import (
    BREACH_MONEY,
    LADDER,
    POINTS,
    POINTS_MEASURE,
    RUNG,
    SAMPLING,
    Rejudged,
    Without,
    rejudged,
)
from earnest.appeals.shop_rejudging import CAUSES, STEPS, fallen_before, shortage_close
from earnest.assessment.providers import NPS
from earnest.assessment.shops import SHOP
from earnest.cases.filing import case_get, entry_add
from earnest.consequences.commands import decide, decision_settle
from earnest.consequences.replacing import first_period, next_period
from earnest.consequences.reversal import decision_reverse
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision, Undoing, verdict_give
from earnest.decisions.models import Decision
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import RuleRefused
from earnest.measures.set_aside import Correction, FigureName, figure_set_aside, set_asides
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.commands import PENDING, items_overturn, step_add
from earnest.tickets.models import Ticket, TicketItem
from earnest.tickets.queries import (
    CORRECTION_SAID,
    FIGURE,
    correction_waits,
    tickets_of_decisions,
)

OF_ITEMS: Final = frozenset({RUNG, POINTS, POINTS_MEASURE, SAMPLING, BREACH_MONEY})
REVERSED, REPLACED, STAYS = "reversed", "replaced", "stays"
BECAUSE_APPEAL, BECAUSE_RESTED = "appeal", "rested_on"
PERSONS: Final = 2


@dataclass(frozen=True)
class Overturning:
    """Items of a ticket that do not stand, and who found so.

    Attributes:
        corrections: by the item's place: what its figure counts as instead, None for nothing.
        reference: number of the appeal.
        reason: why, for every decision that it undoes.
        people: who heard the appeal and who confirmed it: their word covers what takes the place
            of a reversed decision and is milder, never what is harsher.
    """

    ticket: Ticket
    corrections: Mapping[int, Correction | None]
    reference: str
    reason: str
    people: tuple[str, str]


@dataclass(frozen=True)
class Change:
    """What becomes of one decision: reversed, replaced or left as it is."""

    decision: Decision
    change: str
    now: Rejudged | None = None
    replacement: Decision | None = None


@transaction.atomic
def cascade(tenant_id: str, overturning: Overturning, now: datetime) -> list[Change]:
    """Undo what rested on overturned items, and return what became of each decision (D2, D3).

    A second run changes nothing: what was judged again is judged alike.

    Raises:
        Conflict: the ledger refuses; then nothing is changed.
    """
    concerned = _concerned(overturning)
    _items_fall(overturning, now)
    planned = _planned(tenant_id, overturning, concerned, now)
    for each in planned:
        if each.change != STAYS:
            _undone(each.decision, overturning, now)
    return [_replaced(each, overturning, now) for each in planned]


def _abouts(overturning: Overturning) -> set[tuple[str, str]]:
    items = overturning.ticket.items.filter(position__in=overturning.corrections)
    return set(items.values_list("kind", "about"))


def _concerned(overturning: Overturning) -> list[Decision]:
    """Return the party's decisions that stand or wait and may rest on the items, oldest first.

    Measures of a total of points come last: they rest on all decisions that gave points.
    """
    ticket = overturning.ticket
    rows = Decision.objects.select_for_update().filter(
        tenant_id=ticket.tenant_id,
        subject_kind=ticket.subject_kind,
        subject_id=ticket.subject_id,
        state__in=(IN_EFFECT, WAITING),
    )
    if ticket.subject_kind == SHOP:
        return list(rows.filter(_of_shop(ticket)).order_by("seq"))
    kinds = OF_ITEMS if ticket.decision in OF_ITEMS else {ticket.decision}
    found = rows.filter(decision__in=kinds).order_by("seq")
    return sorted(found, key=_judging_order)


def _of_shop(ticket: Ticket) -> Q:
    """Return which decisions of a shop may rest on a ticket's: steps against a shortage may."""
    own = Q(id=ticket.decision_id)
    return own | Q(decision__in=STEPS) if ticket.decision in CAUSES else own


def _judging_order(decision: Decision) -> tuple[bool, date]:
    """Order by the day that was judged: what takes a place stands where the first one did."""
    on = decision.governing_on or day_of(decision.made_at)
    return decision.decision == POINTS_MEASURE, on


def _items_fall(overturning: Overturning, now: datetime) -> None:
    """Set figures aside, and note on every ticket with such an item that it does not stand."""
    ticket = overturning.ticket
    for item in ticket.items.filter(position__in=overturning.corrections, kind=FIGURE):
        measure, _, last_day = item.about.partition(" ")
        figure_set_aside(
            ticket.tenant_id,
            FigureName(measure, *ticket.subject, date.fromisoformat(last_day)),
            reference=overturning.reference,
            note=overturning.reason,
            now=now,
            correction=overturning.corrections[item.position],
        )
    items_overturn(ticket, list(overturning.corrections))
    for kind, about in _abouts(overturning):
        TicketItem.objects.filter(
            tenant_id=ticket.tenant_id,
            ticket__subject_kind=ticket.subject_kind,
            ticket__subject_id=ticket.subject_id,
            kind=kind,
            about=about,
        ).update(standing=False)


def _planned(
    tenant_id: str, overturning: Overturning, concerned: Sequence[Decision], now: datetime
) -> list[Change]:
    """Judge each decision that may rest on the items again, none of them changed yet."""
    ticket = overturning.ticket
    without = Without(
        figures=set_asides(tenant_id, NPS, [ticket.subject_id]),
        positions=_positions(overturning, concerned),
        gone={RUNG: _fallen_before(ticket)},
        undone=fallen_before(ticket) if ticket.subject_kind == SHOP else [],
    )
    if ticket.decision in CAUSES:
        shortage_close(ticket, without.undone, now)
    rests = _resting(overturning, concerned)
    planned: list[Change] = []
    for decision in concerned:
        again = rejudged(decision, without)
        if decision.decision == POINTS:
            points = again.evaluation.facts["points_now"] if again is not None else 0
            without.points[first_period(decision.period)] = int(points)
        if again is None:
            without.gone.setdefault(decision.decision, []).append(str(decision.governing_on))
            planned.append(Change(decision, REVERSED))
        elif again.differs:
            planned.append(Change(decision, REPLACED, again))
        elif decision.id in rests:
            planned.append(Change(decision, STAYS, again))
    return planned


def _fallen_before(ticket: Ticket) -> list[str]:
    """Return the judged days of the party's findings that fell earlier and that nothing replaced.

    A later finding that came to the same without one of them still names it in its receipt.
    """
    matters: dict[str, list[Decision]] = {}
    for each in Decision.objects.filter(
        tenant_id=ticket.tenant_id,
        subject_kind=ticket.subject_kind,
        subject_id=ticket.subject_id,
        decision=RUNG,
        state__in=(IN_EFFECT, WAITING, REVERSED),
    ).order_by("seq"):
        matters.setdefault(first_period(each.period), []).append(each)
    return [
        str(several[0].governing_on)
        for several in matters.values()
        if all(each.state == REVERSED for each in several)
    ]


def _positions(
    overturning: Overturning, concerned: Sequence[Decision]
) -> dict[UUID, frozenset[int]]:
    """Return which places of each decision's own items are overturned.

    The items of one violation stand on the tickets of all its decisions: one falls on all of them.
    """
    abouts = {about for kind, about in _abouts(overturning) if kind != FIGURE}
    fallen: dict[str, set[int]] = {}
    for about in abouts:
        number, _, place = about.rpartition("/")
        if place.isdecimal():
            fallen.setdefault(number, set()).add(int(place))
    found = {
        each.id: frozenset(fallen.get(_matter(each), ()))
        for each in concerned
        if each.decision in OF_ITEMS
    }
    own = overturning.ticket
    if own.decision not in OF_ITEMS and own.decision != LADDER:
        found[own.decision_id] = frozenset(overturning.corrections)
    return found


def _matter(decision: Decision) -> str:
    """Return the number of the violation that a decision is about."""
    return first_period(decision.period).partition(".")[0]


def _resting(overturning: Overturning, concerned: Sequence[Decision]) -> set[UUID]:
    """Return the decisions whose tickets have one of the items, the ticket's own among them."""
    abouts = _abouts(overturning)
    tickets = tickets_of_decisions(overturning.ticket.tenant_id, [each.id for each in concerned])
    rest = {
        decision_id
        for decision_id, ticket in tickets.items()
        if abouts & set(ticket.items.values_list("kind", "about"))
    }
    return rest | {overturning.ticket.decision_id}


def _undone(decision: Decision, overturning: Overturning, now: datetime) -> None:
    """Reverse a decision in effect, or refuse one that waits; open appeals against it are moot."""
    tenant_id, by = decision.tenant_id, f"appeal {overturning.reference}"
    if decision.state == WAITING:
        verdict_give(
            tenant_id, decision.id, verdict="refuse", actor=by, reason=overturning.reason, now=now
        )
        return
    own = decision.id == overturning.ticket.decision_id
    undoing = Undoing(
        because=BECAUSE_APPEAL if own else BECAUSE_RESTED,
        reference=overturning.reference,
        actor=overturning.people[1] or overturning.people[0],
        note=overturning.reason,
    )
    decision_reverse(tenant_id, decision.id, undoing, now)
    if decision.decision in CAUSES:
        case = case_get(tenant_id, decision.period)
        entry_add(case, "reversed", now, actor=undoing.actor, note=overturning.reference)
    others = Appeal.objects.filter(
        tenant_id=tenant_id, ticket__decision_id=decision.id, state__in=OPEN_STATES
    )
    for appeal in others.exclude(number=overturning.reference):
        appeal_close(appeal, MOOT, now)
        appeal_step(appeal, MOOT, now, actor=by, note=overturning.reference)


def _replaced(change: Change, overturning: Overturning, now: datetime) -> Change:
    """Record and carry out what takes the place of a decision, where something does."""
    if change.change != REPLACED or change.now is None:
        return change
    old, new = change.decision, change.now
    (made,) = decide(
        old.tenant_id,
        [
            NewDecision(
                subject_kind=old.subject_kind,
                subject_id=old.subject_id,
                period=next_period(old),
                clause=new.clause,
                outcome=new.outcome,
                money_fen=new.money_fen,
                approvals_needed=PERSONS,
                evaluation=new.evaluation,
            )
        ],
        now,
    )
    if made.state == WAITING and old.state == IN_EFFECT and milder(old, new):
        _covered(made, overturning, now)
    made.refresh_from_db()
    _ticket_told(old, made, overturning, now)
    return Change(old, REPLACED, new, made)


def _ticket_told(old: Decision, made: Decision, overturning: Overturning, now: datetime) -> None:
    """Say on the ticket of a decision that it takes a place; what was put right waits on there."""
    tickets = tickets_of_decisions(old.tenant_id, [old.id, made.id])
    ticket, before = tickets.get(made.id), tickets.get(old.id)
    if ticket is None:
        return
    actor, reference = overturning.people[0], overturning.reference
    step_add(ticket, "replaces", now, actor=actor, note=reference)
    if before is not None and ticket.state == PENDING and correction_waits(before):
        step_add(ticket, CORRECTION_SAID, now, actor=actor, note=before.number)


def milder(old: Decision, new: Rejudged) -> bool:
    """Tell whether an outcome takes no more money and restricts nothing more than a decision."""
    pack, on = pack_of_receipt(old.receipt), old.governing_on or day_of(old.made_at)
    rows = [
        pack.table_row("restriction_effects", {"measure": measure}, on=on)
        for measure in (old.outcome, new.outcome)
    ]
    before, after = (
        {capability for capability, restricted in row.items() if restricted is True} for row in rows
    )
    return new.money_fen <= old.money_fen and after <= before


def _covered(made: Decision, overturning: Overturning, now: datetime) -> None:
    """Let the two people of the appeal approve the milder decision that takes a place.

    One that rests on values that nobody has confirmed waits for people like any other.
    """
    reason = (
        f"经申诉 {overturning.reference} 复核并确认，以较轻的处理替代原处罚 / "
        f"confirmed with appeal {overturning.reference}, milder than what it replaces"
    )
    try:
        for actor in overturning.people:
            decision_settle(
                made.tenant_id, made.id, verdict="approve", actor=actor, reason=reason, now=now
            )
    except RuleRefused:
        return

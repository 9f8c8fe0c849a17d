"""The course of a sanction: told with a ticket, restricted at once, money when it may be taken.

Restrictive measures act at once where the pack says so; money waits until the time to appeal has
passed, or an appeal has failed. Every sanction has a ticket, so every one can be appealed against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from earnest.consequences.basis import reason_of, restrict
from earnest.consequences.forfeiture import deposit_forfeit
from earnest.consequences.reasons import Consequence, decision_notice, ticket_notice
from earnest.consequences.replacing import served_before
from earnest.consequences.words import (
    capabilities_words,
    conditions_words,
    fine_words,
    forfeit_words,
)
from earnest.decisions.commands import decision_locked, effect_note
from earnest.decisions.models import Decision
from earnest.deposits.commands import deduction_post
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, Problem
from earnest.kernel.money import yuan
from earnest.kernel.words import NOTHING, Words
from earnest.market.commands import provider_leave
from earnest.notices.commands import notices_send
from earnest.policy import Evaluation
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for, pack_of_receipt
from earnest.rulebooks.switches import rest_is_claimed
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
from earnest.tickets.queries import (
    MONEY_TAKEN,
    correction_waits,
    fact_waits,
    ticket_get,
    ticket_locked,
    tickets_lapsed,
)

COURSE: Final = "sanction_course"
REMOVE: Final = "remove"
FORFEIT: Final = "forfeit_deposit"
SYSTEM: Final = "system"
SERVED: Final = Words(
    "限制部分已在原处罚下执行完毕，不再重复执行",
    "what it restricts was served under the sanction it replaces, and is not served again",
)


@dataclass(frozen=True)
class Sanction:
    """What a decision does to a party, for its ticket.

    Attributes:
        items: what was violated; each can be appealed against by itself.
        facts: the facts in words, for the statement of reasons.
        release: how what is restricted ends; empty where it does not end by itself.
        source: what brought it about.
        correct_until: the last day to put it right instead; None where that does not help.
        measure: the row of the pack's tables that tells what is restricted; the decision's outcome
            where it is left empty.
        also: further effects in words, such as goods that are banned.
    """

    items: Sequence[NewItem]
    facts: Words
    release: Sequence[Condition] = field(default_factory=tuple)
    source: str = "measure"
    correct_until: date | None = None
    measure: str = ""
    also: Words = NOTHING


@dataclass(frozen=True)
class TicketsLook:
    """Tickets whose sanction took full effect, and those where that could not be done, and why."""

    enforced: tuple[str, ...]
    problems: tuple[Problem, ...]


def course_of(tenant_id: str, decision: Decision, measure: str, now: datetime) -> Evaluation:
    """Evaluate what of a sanction acts at once and until when one may appeal (S0-2.2.6)."""
    pack = pack_for(tenant_id, SUPPLY_MARKET, *decision.subject)
    return pack.evaluate(COURSE, {"told_on": day_of(now), "measure": measure})


def sanction_apply(
    tenant_id: str, decision: Decision, sanction: Sanction, now: datetime
) -> dict[str, Any]:
    """Open the ticket of a decision, restrict what acts at once, and tell the party why.

    A decision that takes the place of a reversed one restricts nothing that was served already,
    and takes its money at once where that of the reversed one had been due: whatever it rests on
    could be appealed against before, and was.

    Returns what took effect, for the decision: the ticket's number, ids of grants and notices.
    """
    served = served_before(decision)
    measure = sanction.measure or decision.outcome
    course = course_of(tenant_id, decision, measure, now)
    at_once = bool(course.result["money_at_once"] or served.charged)
    ticket = _opened(tenant_id, decision, sanction, course, now)
    effect: dict[str, Any] = {"ticket": ticket.number, "transfers": [], "restrictions": []}
    limited: list[str] = []
    if course.result["restricts_at_once"] and not served.over:
        limited, restricted = _restricted(decision, measure, sanction.release, now)
        effect |= restricted
    elif not served.over:
        effect["waits"] = {"measure": measure, "release": list(sanction.release)}
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=sanction.facts,
        effect=_effect_words(
            ticket, limited, [sanction.also, SERVED if served.over else NOTHING], at_once=at_once
        ),
        release=conditions_words(sanction.release) if limited else NOTHING,
        due_on=ticket.appeal_until,
        appeal_until=ticket.appeal_until,
        ticket=ticket.number,
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    effect["notices"] = [str(each) for each in sent]
    if at_once:
        effect |= _enforced(ticket, decision, effect, now, SYSTEM)
    return effect


def _opened(
    tenant_id: str, decision: Decision, sanction: Sanction, course: Evaluation, now: datetime
) -> Ticket:
    new = NewTicket(
        decision=decision,
        items=sanction.items,
        source=sanction.source,
        appeal_until=course.result["appeal_until"],
        chances=int(str(course.result["chances"])),
        course=course.receipt().as_dict(),
        correct_until=sanction.correct_until,
    )
    return ticket_open(tenant_id, new, now)


def _restricted(
    decision: Decision, measure: str, release: Sequence[Condition], now: datetime
) -> tuple[list[str], dict[str, Any]]:
    """Restrict what a measure says; return the capabilities, and what that adds to the effect."""
    limited, grants = restrict(decision.tenant_id, decision, release, now, measure=measure)
    effect: dict[str, Any] = {"restrictions": grants}
    if measure == REMOVE:
        provider_leave(decision.tenant_id, decision.subject_id, day_of(now))
        effect["left"] = True
    return limited, effect


def _effect_words(
    ticket: Ticket, limited: list[str], also: Sequence[Words], *, at_once: bool
) -> Words:
    parts: list[Words] = []
    if ticket.money_fen:
        parts.append(_money_words(ticket, at_once=at_once))
    if limited:
        parts.append(capabilities_words(limited))
    parts += [each for each in also if each.zh]
    return Words("；".join(each.zh for each in parts), "; ".join(each.en for each in parts))


def _money_words(ticket: Ticket, *, at_once: bool) -> Words:
    amount, until = yuan(ticket.money_fen), ticket.appeal_until
    if at_once:
        return Words(
            f"从保证金中扣除 {amount} 元，立即执行", f"{amount} yuan are taken from the deposit now"
        )
    to_come = Words(
        f"拟从保证金中扣除 {amount} 元", f"{amount} yuan are to be taken from the deposit"
    )
    if ticket.outcome == FORFEIT:
        to_come = Words(
            f"拟扣除全部保证金并追偿不足部分，按现有余额合计 {amount} 元",
            f"the whole deposit and what it does not cover, {amount} yuan by the balance of today, "
            "are to be taken",
        )
    return Words(
        f"{to_come.zh}：{until}（含当日）前未申诉，或申诉未获支持后执行",
        f"{to_come.en} once {until} has passed without an appeal, or an appeal has failed",
    )


@transaction.atomic
def ticket_enforce(tenant_id: str, number: str, now: datetime, *, actor: str = SYSTEM) -> Ticket:
    """Let what waits of a sanction happen: its money is taken, and the ticket is in force.

    Raises:
        Conflict: the ticket is settled already, or the ledger refuses.
    """
    decision, ticket = _locked(tenant_id, number)
    added = _enforced(ticket, decision, decision.effect, now, actor)
    effect_note(decision, decision.effect | added)
    ticket.refresh_from_db()
    return ticket


def _locked(tenant_id: str, number: str) -> tuple[Decision, Ticket]:
    """Lock a decision and then its ticket, as a reversal does, so that neither waits for ever."""
    decision = decision_locked(tenant_id, ticket_get(tenant_id, number).decision_id)
    return decision, ticket_locked(tenant_id, number)


def _enforced(
    ticket: Ticket, decision: Decision, effect: Mapping[str, Any], now: datetime, actor: str
) -> dict[str, Any]:
    """Take the money of a ticket and put it in force; return what that adds to the effect."""
    tenant_id = ticket.tenant_id
    ticket_move(ticket, IN_FORCE, now, actor=actor)
    added: dict[str, Any] = {}
    if waits := effect.get("waits"):
        _, added = _restricted(decision, waits["measure"], waits["release"], now)
        added["waits"] = None
    takes = ticket.money_fen or decision.outcome == FORFEIT  # what came in since is taken too
    if not takes or "taken_fen" in effect:
        return added
    taken, said = _taken(ticket, decision, now)
    sent = notices_send(tenant_id, [ticket_notice(decision, ticket, said)], now)
    step_add(ticket, MONEY_TAKEN, now, actor=actor, note=yuan(int(taken["taken_fen"])))
    notices = [*effect.get("notices", []), *(str(each) for each in sent)]
    return added | taken | {"notices": notices}


def _taken(ticket: Ticket, decision: Decision, now: datetime) -> tuple[dict[str, Any], Words]:
    """Take what a ticket takes; return what that adds to the effect, and says to the party."""
    tenant_id = ticket.tenant_id
    if decision.outcome == FORFEIT:
        whole = deposit_forfeit(tenant_id, decision, now)
        added = {
            "transfers": [str(each) for each in whole.transfer_ids],
            "taken_fen": whole.taken_fen,
            "damages_paid_fen": whole.damages_paid_fen,
            "forfeited_fen": whole.forfeited_fen,
            "claim_fen": whole.claim_fen,
        }
        return added, forfeit_words(whole.damages_paid_fen, whole.forfeited_fen, whole.claim_fen)
    claim_rest = rest_is_claimed(pack_of_receipt(decision.receipt))
    fine = deduction_post(
        tenant_id, ticket.subject, ticket.money_fen, reason_of(decision), now, claim_rest=claim_rest
    )
    added = {
        "transfers": [str(each) for each in fine.transfer_ids],
        "taken_fen": fine.taken_fen,
        "claim_fen": fine.claim_fen,
    }
    return added, fine_words(ticket.money_fen, fine.taken_fen, fine.claim_fen)


def tickets_look(tenant_id: str, now: datetime) -> TicketsLook:
    """Enforce every ticket whose last day to appeal has passed, each in its own transaction.

    Where a party said in time that it has put it right, the ticket waits for that to be judged:
    nobody pays for the time that a reviewer takes. So does one that names a figure which is under
    appeal on another ticket, since it cannot be appealed against twice.
    """
    done: list[str] = []
    problems: list[Problem] = []
    for number in list(tickets_lapsed(tenant_id, day_of(now)).values_list("number", flat=True)):
        try:
            with transaction.atomic():  # somebody may have appealed or settled it meanwhile
                _, ticket = _locked(tenant_id, number)
                waits = correction_waits(ticket) or fact_waits(ticket)
                if ticket.state == PENDING and not waits:
                    done.append(ticket_enforce(tenant_id, number, now).number)
        except EarnestError as refused:
            problems.append(refused.problem)
    return TicketsLook(tuple(done), tuple(problems))

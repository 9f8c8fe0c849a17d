"""What follows a removal: winding down, the accounts of the same controller, the rest refunded.

A removal is decided elsewhere (the ladder, requirement 4, an inspection). Here it is seen to its
end: the provider says how it winds down, merchants are served on, and when nothing is left open the
rest of the deposit goes back; where it harms somebody, the whole deposit may be taken (S0-3.2b).
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.cases.filing import accepted
from earnest.cases.provider_exits import DECISION as EXIT_CONDITIONS
from earnest.consequences.basis import restrict
from earnest.consequences.commands import decide
from earnest.consequences.reversal import decision_reverse
from earnest.consequences.words import capabilities_words
from earnest.decisions.commands import (
    IN_EFFECT,
    REFUSED,
    REVERSED,
    WAITING,
    NewDecision,
    Undoing,
    verdict_give,
)
from earnest.decisions.models import Decision, Reversal
from earnest.departure.exits import refund_dropped
from earnest.departure.models import (
    APPROVING,
    CANCELLED,
    COMPLETED,
    REMOVAL,
    WINDING_DOWN,
    Departure,
)
from earnest.departure.queries import departure_get, departure_locked, exit_precheck
from earnest.departure.steps import step_add, tell
from earnest.departure.winding_down import ACCEPTED, plan_due
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.entity_names import name_normal
from earnest.market.models import Provider
from earnest.market.queries import provider_get
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

REMOVE: Final = "remove"
GROUP_DECISION: Final = "group_removal"
GROUP_CLAUSE: Final = "S0-3.1"
WIND_DOWN_CLAUSE: Final = "S0-3.2a"
PERSONS: Final = 2
SYSTEM: Final = "system"
RESTED_ON: Final = "rested_on"
BACK: Final = "back"
CLEAR: Final = "clear"
USE_ENDED: Final = "use_ended"
REMOVED_MEANWHILE: Final = "已被清退，退出申请终止 / removed meanwhile, the exit ends"
REMOVAL_FELL: Final = "清退已撤销，不再退款 / the removal was reversed, nothing is paid back"
SAME_ENTITY, SAME_CONTROLLER = "same_entity", "same_controller"


def removals_unopened(tenant_id: str) -> list[Decision]:
    """Return the removals in effect that have no departure yet, the first one in front."""
    known = Departure.objects.filter(tenant_id=tenant_id, way=REMOVAL)
    wanted = (
        Decision.objects.filter(
            tenant_id=tenant_id, subject_kind="provider", outcome=REMOVE, state=IN_EFFECT
        )
        .exclude(id__in=known.values("removal_decision_id"))
        .order_by("settled_at", "seq")
    )
    return list(wanted)


@transaction.atomic
def removal_open(tenant_id: str, decision: Decision, now: datetime) -> bool:
    """Open the departure of one removal, unless it has one; an exit under way ends with it."""
    provider_id = decision.subject_id
    for row in Departure.objects.select_for_update().filter(
        tenant_id=tenant_id, provider_id=provider_id, ended_at=None
    ):
        if row.way == REMOVAL:
            return False
        refund_dropped(row, "withdrawn", actor=SYSTEM, reason=REMOVED_MEANWHILE, now=now)
        row.state, row.ended_at = CANCELLED, now
        row.save(update_fields=["state", "ended_at"])
        step_add(row, "removed_meanwhile", now, actor=SYSTEM, note=decision.clause)
    number = number_next(Departure, tenant_id, "D")
    departure = Departure(
        id=uuid7_for(now, tenant_id, "departure", number),
        tenant_id=tenant_id,
        number=number,
        provider_id=provider_id,
        way=REMOVAL,
        removal_decision_id=decision.id,
        begun_by=SYSTEM,
        begun_at=now,
        begun_on=day_of(decision.settled_at or now),
        state=WINDING_DOWN,
    )
    departure.plan_due_on = plan_due(departure, day_of(now))
    departure.save(force_insert=True)
    step_add(departure, "removed", now, actor=SYSTEM, note=decision.clause)
    _tell_begun(departure, now)
    return True


def _tell_begun(departure: Departure, now: datetime) -> None:
    pack = pack_for(departure.tenant_id, SUPPLY_MARKET, *departure.subject)
    days: int = pack.parameter("serve_on_days", on=departure.begun_on)
    number, due_on = departure.number, departure.plan_due_on
    tell(
        departure,
        "begun",
        Words(f"清退收尾 {number}：请提交方案", f"Winding down {number}: file your plan"),
        Words(
            f"依据 S0-3.2a。请在 {due_on} 前提交收尾方案，逐家说明在用商家如何交接；服务至其"
            f"订购到期后 {days} 天。侵害他人权益的，平台可以扣除全部保证金并要求赔偿。",
            f"Basis: S0-3.2a. By {due_on} file how you wind down: for each merchant that still "
            f"uses the service what is arranged; it is served until {days} days past its "
            "subscription. Where somebody is harmed the whole deposit may be taken, and damages "
            "are owed.",
        ),
        now,
        due_on=due_on,
        severity="serious",
    )


@transaction.atomic
def removal_follow(departure: Departure, now: datetime) -> bool:
    """Move a removal on as far as it goes: cancelled, refund asked for, or completed."""
    row = departure_locked(departure.tenant_id, departure.number)
    if row.ended_at is not None or row.removal_decision_id is None:
        return False
    removal = Decision.objects.get(tenant_id=row.tenant_id, id=row.removal_decision_id)
    if removal.state == REVERSED:
        refund_dropped(row, "withdrawn", actor=SYSTEM, reason=REMOVAL_FELL, now=now)
        return _end(row, CANCELLED, "removal_reversed", now)
    if row.state == APPROVING:
        return _followed(row, now)
    if not _served(row, now):
        return False
    ended = _use_ended(row, removal, now)
    return _rest_asked(row, now) or ended


def _served(row: Departure, now: datetime) -> bool:
    """Tell whether the plan is accepted, its days are over and every merchant is settled."""
    if row.plan_state != ACCEPTED or row.handovers.filter(settled_at=None).exists():
        return False
    return row.serve_until is None or day_of(now) > row.serve_until


def _use_ended(row: Departure, removal: Decision, now: datetime) -> bool:
    """End running use and calls once everybody was served, by the removal itself; tell if new."""
    if row.steps.filter(what=USE_ENDED).exists():
        return False
    capabilities, _ = restrict(row.tenant_id, removal, [], now, measure=CLEAR)
    stopped = capabilities_words(capabilities)
    step_add(row, USE_ENDED, now, actor=SYSTEM, note=CLEAR)
    tell(
        row,
        USE_ENDED,
        Words(f"收尾完成，服务停用（{row.number}）", f"Wound down, service ends ({row.number})"),
        Words(
            f"依据 S0-3.2a：在用商家均已交接完毕，自即日起停用：{stopped.zh}。",
            f"Basis: S0-3.2a. Every merchant has been served; restricted now: {stopped.en}.",
        ),
        now,
        severity="warning",
    )
    return True


def _rest_asked(row: Departure, now: datetime) -> bool:
    """Ask two persons to pay the rest of the deposit back, once every condition holds."""
    found = exit_precheck(row.tenant_id, row.provider_id, on_sale=0, running=0, now=now)
    if not found.allowed:
        return False
    wanted = NewDecision(
        *row.subject, row.number, WIND_DOWN_CLAUSE, "refund_and_leave", found.amount_fen, PERSONS,
        found.evaluation,
    )  # fmt: skip
    decide(row.tenant_id, [wanted], now)
    row.state = APPROVING
    row.save(update_fields=["state"])
    step_add(row, "approving", now, actor=SYSTEM)
    return True


def _followed(row: Departure, now: datetime) -> bool:
    asked = Decision.objects.filter(
        tenant_id=row.tenant_id, decision=EXIT_CONDITIONS, subject_id=row.provider_id,
        period=row.number,
    ).first()  # fmt: skip
    if asked is None or asked.state not in {IN_EFFECT, REFUSED}:
        return False
    return _end(row, COMPLETED, "completed" if asked.state == IN_EFFECT else "rest_kept", now)


def _end(row: Departure, state: str, what: str, now: datetime) -> bool:
    row.state, row.ended_at = state, now
    row.save(update_fields=["state", "ended_at"])
    step_add(row, what, now, actor=SYSTEM)
    return True


def removals_come_back(tenant_id: str) -> list[tuple[Departure, Reversal]]:
    """Return the removals that were wound down to the end and reversed later, not noted so far."""
    rows = Departure.objects.filter(tenant_id=tenant_id, way=REMOVAL, state=COMPLETED).exclude(
        steps__what=BACK
    )
    reversals = {
        each.decision_id: each
        for each in Reversal.objects.filter(
            tenant_id=tenant_id, decision_id__in=rows.values("removal_decision_id")
        )
    }
    return [
        (each, reversals[each.removal_decision_id])
        for each in rows.order_by("number")
        if each.removal_decision_id in reversals
    ]


@transaction.atomic
def return_note(departure: Departure, reversal: Reversal, now: datetime) -> bool:
    """Note in the story of a winding down that is over that the provider is back, once."""
    row = departure_locked(departure.tenant_id, departure.number)
    if row.steps.filter(what=BACK).exists():
        return False
    step_add(row, BACK, now, actor=SYSTEM, note=reversal.reference)
    return True


def group_removals_unfounded(tenant_id: str) -> list[tuple[Departure, Decision]]:
    """Return the removals of other accounts whose origin is reversed, each with its departure."""
    rows = Decision.objects.filter(
        tenant_id=tenant_id, decision=GROUP_DECISION, state__in=(WAITING, IN_EFFECT)
    )
    standing = list(rows.order_by("seq"))
    reversed_ones = Decision.objects.filter(tenant_id=tenant_id, state=REVERSED)
    departures = {
        each.number: each
        for each in Departure.objects.filter(
            tenant_id=tenant_id,
            number__in={each.period for each in standing},
            removal_decision_id__in=reversed_ones.values("id"),
        )
    }
    return [(departures[each.period], each) for each in standing if each.period in departures]


@transaction.atomic
def group_removal_undo(departure: Departure, decision: Decision, now: datetime) -> bool:
    """Undo what was decided about another account because of a removal that fell (S0-3.1).

    In effect it is reversed, waiting it is refused; the departure behind it says so in its story.

    Raises:
        Conflict: the ledger refuses.
    """
    tenant_id, number = departure.tenant_id, departure.number
    origin = Reversal.objects.get(
        tenant_id=tenant_id, decision_id=str(departure.removal_decision_id)
    )
    note = (
        f"所依据的清退（退出事项 {number}）已被撤销 / "
        f"the removal that it rested on (departure {number}) was reversed"
    )
    if decision.state == WAITING:
        verdict_give(tenant_id, decision.id, verdict="refuse", actor=SYSTEM, reason=note, now=now)
        step_add(departure, "group_refused", now, actor=SYSTEM, note=decision.subject_id)
        return True
    undoing = Undoing(RESTED_ON, origin.reference, origin.actor, note)
    decision_reverse(tenant_id, decision.id, undoing, now)
    step_add(departure, "group_reversed", now, actor=SYSTEM, note=decision.subject_id)
    return True


def same_hands(tenant_id: str, provider_id: str) -> list[tuple[Provider, str]]:
    """Return the other providers in the market of the same entity or controller, and which."""
    mine = provider_get(tenant_id, provider_id)
    others = Provider.objects.filter(tenant_id=tenant_id, left_on=None).exclude(
        provider_id=provider_id
    )
    found: list[tuple[Provider, str]] = []
    for other in others.order_by("provider_id"):
        if mine.entity_name and name_normal(other.entity_name) == name_normal(mine.entity_name):
            found.append((other, SAME_ENTITY))
        elif mine.controller_ref and other.controller_ref == mine.controller_ref:
            found.append((other, SAME_CONTROLLER))
    return found


@transaction.atomic
def group_removal_ask(
    tenant_id: str, number: str, provider_id: str, *, actor: str, reason: str, now: datetime
) -> Decision:
    """Propose to remove another account of the same hands too; two persons decide (S0-3.1).

    Raises:
        BadInput: no reason.
        Conflict: it is proposed already, or the departure is no removal or a reversed one.
        NotFound: no such account is in the same hands.
    """
    departure = departure_get(tenant_id, number)
    if not reason.strip():
        raise BadInput("reason_missing", where=number, zh="请写明理由。", en="write the reason")
    if departure.way != REMOVAL:
        raise Conflict(
            "not_a_removal", where=number,
            zh="主动退出不牵连同一控制人的其他账号。",
            en="an exit does not touch other accounts of the same hands",
        )  # fmt: skip
    if departure.state == CANCELLED:
        raise Conflict(
            "removal_reversed", where=number,
            zh="该清退已被撤销，不能据此清退其他账号。",
            en="the removal was reversed, so no other account can be removed for it",
        )  # fmt: skip
    hands = same_hands(tenant_id, departure.provider_id)
    bases = {each.provider_id: because for each, because in hands}
    if provider_id not in bases:
        raise NotFound(
            "not_in_the_same_hands", where=f"{number} {provider_id}",
            zh="没有由同一主体或同一控制人控制的这个账号。",
            en="there is no such account of the same entity or controller",
        )  # fmt: skip
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    facts = {"removed_on": departure.begun_on, "because": bases[provider_id]}
    evaluation = accepted(pack.evaluate(GROUP_DECISION, facts), f"provider:{provider_id}")
    wanted = NewDecision(
        "provider", provider_id, number, GROUP_CLAUSE, REMOVE, 0, PERSONS, evaluation
    )
    made = decide(tenant_id, [wanted], now)
    if not made:
        raise Conflict(
            "already_proposed", where=f"{number} {provider_id}",
            zh="该账号的清退已经提出。", en="its removal is proposed already",
        )  # fmt: skip
    step_add(departure, "group_removal", now, actor=actor, note=f"{provider_id}: {reason.strip()}")
    return made[0]

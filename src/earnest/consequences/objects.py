"""Single goods and brands that a sanction restricts: at once, or once its ticket is in force.

When they act is the word of the pack's table ``sanction_timing``, as for any other measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from earnest.consequences.replacing import restricted_since, served_before
from earnest.consequences.sanctions import course_of
from earnest.consequences.words import OUTCOMES, thing_words
from earnest.decisions.commands import IN_EFFECT, effect_note
from earnest.decisions.models import Decision
from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.release import Condition
from earnest.tickets.commands import IN_FORCE
from earnest.tickets.models import Ticket
from earnest.tickets.queries import ticket_locked, ticket_of_decision

GOODS, BRAND = "goods_listing", "brand"
OBJECT_MEASURES: Final = {"hide_goods": GOODS, "ban_goods": GOODS, "brand_off": BRAND}
"""Measures that are about single goods or brands, and the capability that each takes away."""
NO_THING: Final = "none"
WAITS: Final = "objects_wait"
"""In a decision's effect: goods and brands that are restricted once its ticket is in force."""


@dataclass(frozen=True)
class Objects:
    """Single goods or brands that a measure is about.

    Attributes:
        named: such as ``item_id G7``; a brand by its name.
        days: for how long; 0 where it does not end by itself.
    """

    measure: str
    named: Sequence[str]
    days: int


def records_of(decision: Decision) -> list[Mapping[str, Any]]:
    """Return the items that a decision about a violation rests on, from its own facts."""
    return list(decision.receipt["facts"]["items"])


def objects_of(decision: Decision, measure: str, days: int) -> list[Objects]:
    """Return what a measure of single goods or brands is about; empty where nobody named it."""
    capability = OBJECT_MEASURES.get(measure)
    if capability is None:
        return []
    field = "brand" if capability == BRAND else "thing"
    named = dict.fromkeys(
        str(each[field]) for each in records_of(decision) if each[field] != NO_THING
    )
    return [Objects(measure, list(named), days)] if named else []


def after(since: date, days: int) -> list[Condition]:
    """Return the condition that so many days are over; none where it does not end by itself."""
    if not days:
        return []
    return [{"kind": "time", "on": (since + timedelta(days=days)).isoformat()}]


def acts_at_once(decision: Decision, measure: str, now: datetime) -> bool:
    """Tell whether the pack lets a measure act from the day on which it is told."""
    return bool(course_of(decision.tenant_id, decision, measure, now).result["restricts_at_once"])


def objects_words(decision: Decision, objects: Sequence[Objects], now: datetime) -> list[Words]:
    """Say what is restricted, until when, and what waits for the time to appeal."""
    return [_words(decision, each, now) for each in objects]


def _words(decision: Decision, of: Objects, now: datetime) -> Words:
    said = _named_words(of)
    if acts_at_once(decision, of.measure, now):
        return _until_words(said, after(restricted_since(decision, now), of.days))
    lasting = Words(f"，为期 {of.days} 天", f", for {of.days} days") if of.days else NOTHING
    return Words(
        f"{said.zh}（处罚生效后执行{lasting.zh}）",
        f"{said.en} (once the ticket is in force{lasting.en})",
    )


def _named_words(of: Objects) -> Words:
    measure, goods = OUTCOMES[of.measure], OBJECT_MEASURES[of.measure] == GOODS
    named = [thing_words(each) if goods else Words(each, each) for each in of.named]
    zh, en = "、".join(each.zh for each in named), ", ".join(each.en for each in named)
    return Words(f"{measure.zh}：{zh}", f"{measure.en}: {en}")


def _until_words(said: Words, release: Sequence[Condition]) -> Words:
    until = next((each["on"] for each in release), "")
    return Words(f"{said.zh}（至 {until}）", f"{said.en} (until {until})") if until else said


def objects_begin(
    decision: Decision, objects: Sequence[Objects], effect: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Restrict what may be at once, note what waits; return the effect with both.

    What was served already under a decision that this one takes the place of is not served again.
    """
    if served_before(decision).over:
        return effect
    ticket = ticket_of_decision(decision.tenant_id, decision.id)
    in_force = ticket is not None and ticket.state == IN_FORCE
    begins = [each for each in objects if in_force or acts_at_once(decision, each.measure, now)]
    waits = [each for each in objects if each not in begins]
    made = _restricted(decision, begins, now)
    added: dict[str, Any] = {"restrictions": [*effect["restrictions"], *made]}
    if waits:
        added[WAITS] = [
            {"measure": each.measure, "named": list(each.named), "days": each.days}
            for each in waits
        ]
    return effect | added


def _restricted(decision: Decision, objects: Sequence[Objects], now: datetime) -> list[str]:
    since = restricted_since(decision, now)
    grants = [
        Grant(
            subject_kind=decision.subject_kind,
            subject_id=decision.subject_id,
            measure=each.measure,
            capabilities=[OBJECT_MEASURES[each.measure]],
            rulebook=decision.rulebook,
            clause=decision.clause,
            decision_id=decision.id,
            release=after(since, each.days),
            object_ref=name,
        )
        for each in objects
        for name in each.named
    ]
    return [str(each) for each in restrictions_grant(decision.tenant_id, grants, now)]


def objects_waiting(tenant_id: str) -> list[Decision]:
    """Return the decisions in effect whose goods or brands wait for their ticket, oldest first."""
    rows = Decision.objects.filter(tenant_id=tenant_id, state=IN_EFFECT, effect__has_key=WAITS)
    return list(rows.order_by("seq"))


def objects_enforce(decision: Decision, now: datetime) -> Ticket | None:
    """Restrict the goods and brands that waited, once the ticket is in force, and tell the party.

    Call it with the decision's row locked. Returns the ticket, None where nothing was to be done.
    """
    ticket = ticket_of_decision(decision.tenant_id, decision.id)
    if decision.state != IN_EFFECT or WAITS not in decision.effect or ticket is None:
        return None
    if ticket_locked(ticket.tenant_id, ticket.number).state != IN_FORCE:
        return None
    effect = dict(decision.effect)
    objects = [Objects(**each) for each in effect.pop(WAITS)]
    made = _restricted(decision, objects, now)
    sent = notices_send(ticket.tenant_id, [_notice(decision, ticket, objects, now)], now)
    effect["restrictions"] = [*effect["restrictions"], *made]
    effect["notices"] = [*effect["notices"], *(str(each) for each in sent)]
    effect_note(decision, effect)
    return ticket


def _notice(
    decision: Decision, ticket: Ticket, objects: Sequence[Objects], now: datetime
) -> NewNotice:
    since = restricted_since(decision, now)
    said = [_until_words(_named_words(each), after(since, each.days)) for each in objects]
    zh, en = "；".join(each.zh for each in said), "; ".join(each.en for each in said)
    return NewNotice(
        *decision.subject,
        about=f"objects {decision.id}",
        kind="sanction",
        severity="serious",
        clause=decision.clause,
        decision_id=decision.id,
        zh=Message(
            f"处罚单 {ticket.number} 已执行",
            f"依据 {decision.clause}，自即日起{zh}。理由见处罚单所附的决定说明。",
        ),
        en=Message(
            f"Ticket {ticket.number} is in force",
            f"Under {decision.clause}, from now on: {en}. Its statement of reasons says why.",
        ),
    )

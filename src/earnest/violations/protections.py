"""Protective measures while a violation is under review: put in force, answered to, ended.

What a kind of violation allows, and whether a second person has to agree, stands in the rulebook's
table ``protective_measures``. A measure protects one item until its last day at the latest. It is
no sanction, and ends with its cause: dismissed, lapsed, ended early, or replaced by a sanction.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from earnest.cases.filing import accepted
from earnest.consequences.commands import decide, decision_settle
from earnest.consequences.objects import NO_THING
from earnest.consequences.protections import PROTECTION, last_day, protection_end
from earnest.decisions.commands import (
    REFUSED,
    WAITING,
    NewDecision,
    decision_locked,
    verdict_give,
)
from earnest.decisions.models import Decision
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject
from earnest.policy import Evaluation
from earnest.violations.evidence import Answer, text_checked
from earnest.violations.kinds import pack_of_subject
from earnest.violations.models import Protection, Violation, ViolationItem
from earnest.violations.protection_course import (
    LIFTED,
    WHY,
    protection_close,
    protection_entry,
    protections_follow,
)
from earnest.violations.protection_queries import answerable, measures_allowed, names_its_thing
from earnest.violations.queue import held, may_decide, unknown, violation_locked
from earnest.violations.reports import entry_add, thing_of


@dataclass(frozen=True)
class Protecting:
    """A protective measure that a reviewer wants: for which item, which, and why.

    The party reads the reason.
    """

    position: int
    measure: str
    reason: str


@transaction.atomic
def protection_put(
    tenant_id: str, number: str, wanted: Protecting, actor: str, now: datetime
) -> Protection:
    """Put a protective measure in force while a violation is looked into, or propose it (S0-2.2.6).

    Where the rulebook asks for a second person it waits for one who may decide.

    Raises:
        BadInput: no reason, no such item, or goods are to be hidden and the item names none.
        Conflict: this person does not hold the violation, the item has a measure already, or had
            this one before.
        PackRefused: the rulebook allows no such measure for the kind.
    """
    violation = held(tenant_id, number, actor, now)
    reason = text_checked(wanted.reason, "reason")
    item = _item(violation, wanted)
    evaluation, persons = _evaluated(violation, item, wanted.measure, reason, now)
    count = violation.protections.count() + 1
    own_word = persons == 1 or may_decide(tenant_id, actor)
    (decision,) = decide(
        tenant_id,
        [
            NewDecision(
                *violation.subject,
                number if count == 1 else f"{number}.{count}",
                item.clause, wanted.measure, 0, persons if own_word else persons - 1, evaluation,
            )
        ],
        now,
    )  # fmt: skip
    row = Protection.objects.create(
        id=uuid7_for(now, tenant_id, "protection", str(decision.id)),
        violation=violation,
        tenant_id=tenant_id,
        position=item.position,
        measure=wanted.measure,
        decision_id=decision.id,
        reason=reason,
        put_by=actor,
        put_at=now,
        last_on=last_day(decision),
    )
    if own_word and decision.state == WAITING:
        decision = decision_settle(
            tenant_id, decision.id, verdict="approve", actor=actor, reason=reason, now=now
        )
    if decision.state == WAITING:
        protection_entry(row, violation, "protection_proposed", now, actor=actor, note=reason)
    protections_follow(violation, now)
    row.refresh_from_db()
    return row


def _item(violation: Violation, wanted: Protecting) -> ViolationItem:
    item = violation.items.filter(position=wanted.position).first()
    where = f"{violation.number}/{wanted.position}"
    if item is None:
        raise BadInput("unknown_item", where=where, zh="没有这一项。", en="there is no such item")
    if not names_its_thing(item, wanted.measure):
        raise BadInput(
            "goods_missing",
            where=where,
            zh="该项未写明货品或上架链接，不能只限制货品；请先补充违规项写明，或选择其他措施。",
            en="the item names no goods and no listing to restrict; add an item that does, or "
            "choose another measure",
        )
    rows = violation.protections.filter(position=wanted.position)
    if rows.filter(closed_at=None).exists():
        raise Conflict(
            "protected_already",
            where=where,
            zh="该项已有保护措施（或待复核）；如需更换，请先解除。",
            en="the item has a protective measure, or one that waits; end it to take another",
        )
    if rows.filter(measure=wanted.measure).exists():
        raise Conflict(
            "protected_before",
            where=where,
            zh="该项已采取过这一保护措施，到期或解除后不得重复；请尽快作出认定。",
            en="this measure protected the item before and is not put on again; judge the item",
        )
    return item


def _evaluated(
    violation: Violation, item: ViolationItem, measure: str, reason: str, now: datetime
) -> tuple[Evaluation, int]:
    """Return what the rulebook says of a measure, and the persons that it takes."""
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    on = day_of(now)
    persons = measures_allowed(pack, item.kind, on).get(measure, 0)
    record = {
        "position": item.position,
        "violation": item.kind,
        "clause_id": item.clause,
        "happened_on": item.happened_on,
        "thing": thing_of(item.facts) or NO_THING,
        "why": reason,
        "measure": measure,
    }
    facts = {"put_on": on, "persons": persons, "items": [record]}
    where = f"{violation.number}/{item.position}"
    return accepted(pack.evaluate(PROTECTION, facts), where), persons


@transaction.atomic
def protection_settle(
    tenant_id: str, decision: Decision, *, verdict: str, actor: str, reason: str, now: datetime
) -> Decision:
    """Take the second person's word on a protective measure that waits.

    Raises:
        BadInput, Conflict, NotFound: see ``decision_settle``.
        NotAllowed: this person proposed it.
    """
    row = Protection.objects.filter(tenant_id=tenant_id, decision_id=decision.id).first()
    if row is None:
        raise unknown(decision.period)
    violation = violation_locked(tenant_id, row.violation.number)
    if actor == row.put_by:
        raise NotAllowed(
            "second_person_needed",
            where=violation.number,
            zh="您已提出该保护措施，须由另一人复核。",
            en="you proposed the measure; another person has to agree",
        )
    settled = decision_settle(
        tenant_id, decision.id, verdict=verdict, actor=actor, reason=reason, now=now
    )
    protections_follow(violation, now)
    return settled


@transaction.atomic
def protection_lift(
    tenant_id: str, number: str, position: int, *, actor: str, reason: str, now: datetime
) -> Protection:
    """End an item's protective measure early, or refuse one that waits; any reviewer may.

    Raises:
        BadInput: no reason.
        NotFound: no such violation, or nothing protects the item.
    """
    violation = violation_locked(tenant_id, number)
    note = text_checked(reason, "reason")
    row = violation.protections.filter(position=position, closed_at=None).first()
    if row is None:
        raise NotFound(
            "nothing_protects",
            where=f"{number}/{position}",
            zh="该项没有生效中或待复核的保护措施。",
            en="no protective measure is in force or waits for this item",
        )
    decision = decision_locked(tenant_id, row.decision_id)
    if decision.state == WAITING:
        verdict_give(tenant_id, decision.id, verdict="refuse", actor=actor, reason=note, now=now)
        protection_close(row, violation, (REFUSED, actor, note), now)
    else:
        protection_end(decision, LIFTED, WHY[LIFTED], now)
        protection_close(row, violation, (LIFTED, actor, note), now)
    return row


@transaction.atomic
def protection_answer(
    tenant_id: str, subject: Subject, number: str, said: Answer, now: datetime
) -> list[Protection]:
    """Take what the party says to the measures in force on a violation, once for each.

    Raises:
        BadInput: nothing is said.
        Conflict: none is in force, or the party has spoken to all that are.
        NotFound: no such violation of this party, or no such document of it.
    """
    violation = violation_locked(tenant_id, number)
    if violation.subject != subject or violation.told_at is None:
        raise unknown(number)
    rows = answerable(violation)
    if not rows:
        raise Conflict(
            "nothing_to_answer",
            where=number,
            zh="目前没有等待您陈述意见的保护措施，或您已提交过意见。",
            en="no protective measure waits for your word, or you gave it already",
        )
    text = text_checked(said.text, "said")
    documents = [str(each.id) for each in documents_owned(tenant_id, subject, said.documents)]
    for row in rows:
        row.said, row.documents, row.said_by, row.said_at = text, documents, said.actor, now
        row.save(update_fields=["said", "documents", "said_by", "said_at"])
    entry_add(violation, "protection_answered", now, actor=said.actor, note=text)
    return rows

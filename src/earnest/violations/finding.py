"""The finding: one person judges each item, the rulebook says what follows, another approves.

Who proposes a finding is the first of the two persons where that person may decide at all; where
not, money and removal wait for two others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from earnest.consequences.commands import decide, decision_settle
from earnest.consequences.protections import PROTECTION
from earnest.consequences.replacing import first_period
from earnest.decisions.commands import IN_EFFECT, WAITING, NewDecision, proposal_note
from earnest.decisions.models import Decision
from earnest.decisions.queries import decision_get
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, NotAllowed
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.policy import Pack
from earnest.violations.kinds import (
    POINTS,
    Kind,
    kind_get,
    measures_proposable,
    pack_of_subject,
)
from earnest.violations.models import DISMISSED, FOUND, REPORTED, Violation
from earnest.violations.points import measure_propose
from earnest.violations.protection_course import protections_follow
from earnest.violations.protections import protection_settle
from earnest.violations.quality import quality_choose
from earnest.violations.queue import SYSTEM, held, may_decide, violation_locked
from earnest.violations.reports import entry_add
from earnest.violations.sanctions import (
    Found,
    Proposed,
    decisions_of_violation,
    found_of,
    sanctions_of,
)

IS_FOUND, NOT_FOUND, OPEN = "found", "not_found", "open"
VERDICTS: Final = (IS_FOUND, NOT_FOUND)


@dataclass(frozen=True)
class Verdict:
    """What a reviewer finds of one item.

    Attributes:
        position: the item.
        verdict: found or not_found.
        reason: why; never empty.
        clause: the clause that is broken; empty takes the item's own.
        measure: a measure that is proposed in place of the kind's own; empty takes that.
    """

    position: int
    verdict: str
    reason: str
    clause: str = ""
    measure: str = ""


@transaction.atomic
def finding_propose(
    tenant_id: str, number: str, verdicts: Sequence[Verdict], actor: str, now: datetime
) -> Violation:
    """Judge every item of a violation; what follows waits for another person.

    Nothing found closes it. Else the decisions of the rulebook are recorded under its number.

    Clauses: S0-2.2.6, S0-2.2.7a, S0-2.2.7b, S0-2.1-qual2a.

    Raises:
        BadInput: an item without verdict, reason or known clause; it names the item.
        Conflict: this person does not hold it, or an earlier finding waits.
        RuleRefused: the rulebook refuses to judge, or one fact would be sanctioned twice.
    """
    violation = held(tenant_id, number, actor, now)
    found = _judged(violation, verdicts, now)
    violation.claimed_by, violation.claimed_until, violation.reviewed_by = "", None, actor
    if not found:
        return _dismissed(violation, actor, now)
    proposed = sanctions_of(violation, found, day_of(now))
    violation.state, violation.settled_at = FOUND, None
    violation.attempt += 1
    violation.save(
        update_fields=[
            "state", "settled_at", "attempt", "claimed_by", "claimed_until", "reviewed_by",
        ]
    )  # fmt: skip
    positions = [each.item.position for each in found]
    entry_add(violation, "found", now, actor=actor, facts={"items": positions})
    _recorded(violation, proposed, actor, now)
    followed = violation_follow(violation, now)
    protections_follow(followed, now)
    return followed


def _judged(violation: Violation, verdicts: Sequence[Verdict], now: datetime) -> list[Found]:
    """Write the verdicts on the items and return those that are found."""
    by_position = {each.position: each for each in verdicts}
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    on = max(day_of(now), pack.in_force_from())
    found: list[Found] = []
    for item in violation.items.order_by("position"):
        said = by_position.get(item.position)
        where = f"items.{item.position}"
        if said is None or said.verdict not in VERDICTS or not said.reason.strip():
            raise BadInput(
                "verdict_missing",
                where=where,
                zh=f"第 {item.position} 项须选择成立或不成立，并写明理由。",
                en=f"item {item.position} needs found or not_found, and a reason",
            )
        clause = said.clause or item.clause
        if clause not in pack.clauses:
            raise BadInput(
                "unknown_clause",
                where=f"{where}.clause",
                zh=f"第 {item.position} 项：规则包没有条款 {clause}。",
                en=f"item {item.position}: the rulebook has no clause {clause!r}",
            )
        item.verdict, item.reason, item.found_clause = said.verdict, said.reason.strip(), clause
        item.save(update_fields=["verdict", "reason", "found_clause"])
        if said.verdict == IS_FOUND:
            kind = kind_get(pack, item.kind, on)
            _proposable(pack, kind, said, on)
            found.append(Found(item, kind, clause, item.reason, said.measure))
    return found


def _proposable(pack: Pack, kind: Kind, said: Verdict, on: date) -> None:
    """Let a measure be proposed only where the rule names no consequence, and only such a one."""
    allowed = measures_proposable(pack, on) if kind.regime == POINTS else {}
    if said.measure and said.measure not in allowed:
        raise BadInput(
            "measure_not_proposable",
            where=f"items.{said.position}.measure",
            zh="该类违规不能提出这一措施；要求4与抽检的后果由规则给出，其余只能选规则包列出的措施。",
            en="this measure cannot be proposed here: what requirement 4 and sampling lead to is "
            "the rule's own, and anything else stands in the rulebook's list",
        )


def _dismissed(violation: Violation, actor: str, now: datetime) -> Violation:
    violation.state, violation.settled_at = DISMISSED, now
    violation.save(
        update_fields=["state", "settled_at", "claimed_by", "claimed_until", "reviewed_by"]
    )
    entry_add(violation, "dismissed", now, actor=actor)
    quality_choose(violation, now)
    protections_follow(violation, now)
    if violation.told_at is not None:
        notices_send(violation.tenant_id, [_dismissal_notice(violation)], now)
    return violation


def _dismissal_notice(violation: Violation) -> NewNotice:
    return NewNotice(
        *violation.subject,
        about=f"violation {violation.number} dismissed",
        kind="finding",
        severity="info",
        clause="",
        decision_id=None,
        zh=Message(
            f"{violation.number} 经审核不成立", "所涉各项均不成立，不作处罚，该记录已办结。"
        ),
        en=Message(
            f"{violation.number} was not found", "None of its items was found; nothing follows."
        ),
    )


def _recorded(
    violation: Violation, proposed: Sequence[Proposed], actor: str, now: datetime
) -> None:
    """Record the decisions; the proposer's word is the first of two where it may decide.

    Where not it is noted, so that this person agrees to none of them on any page, ever.
    """
    tenant_id = violation.tenant_id
    decides = may_decide(tenant_id, actor)
    wanted = [_needing(each, 2 if decides or each.two_persons else 1) for each in proposed]
    reasons = {each.position: each.reason for each in violation.items.all()}
    for each, made in zip(proposed, decide(tenant_id, wanted, now), strict=True):
        if made.state != WAITING:
            continue
        reason = "；".join(reasons[position] for position in each.positions)
        if not decides:
            proposal_note(made, actor, reason, now)
        else:
            decision_settle(
                tenant_id, made.id, verdict="approve", actor=actor, reason=reason, now=now
            )


def _needing(proposed: Proposed, persons: int) -> NewDecision:
    return replace(proposed.decision, approvals_needed=persons)


@transaction.atomic
def finding_settle(
    tenant_id: str, decision_id: UUID, *, verdict: str, actor: str, reason: str, now: datetime
) -> Decision:
    """Take a person's word on a decision of a violation; the violation follows.

    A protective measure that waits is settled here as well.

    Raises:
        BadInput, Conflict, NotAllowed, NotFound, RuleRefused: see ``decision_settle``; NotAllowed
            also where this person proposed the finding.
    """
    waiting = decision_get(tenant_id, decision_id)
    if waiting.decision == PROTECTION:
        return protection_settle(
            tenant_id, waiting, verdict=verdict, actor=actor, reason=reason, now=now
        )
    number = first_period(waiting.period).partition(".")[0]
    violation = violation_locked(tenant_id, number)
    if actor == violation.reviewed_by:
        raise NotAllowed(
            "second_person_needed",
            where=number,
            zh="您已提出认定，须由另一人复核。",
            en="you proposed the finding; another person has to agree",
        )
    settled = decision_settle(
        tenant_id, decision_id, verdict=verdict, actor=actor, reason=reason, now=now
    )
    protections_follow(violation_follow(violation, now), now)
    return settled


def violation_follow(violation: Violation, now: datetime) -> Violation:
    """Bring a found violation up to its decisions; call it with its row locked.

    While one waits nothing changes, but that the party sees it once a sanction is in effect. All
    refused: it goes back to the queue with its items open. Else it is settled; where its points
    reach the ceiling, a measure is proposed.
    """
    if violation.state != FOUND or violation.settled_at is not None:
        return violation
    states = [each.state for each in decisions_of_violation(violation)]
    changed = []
    if violation.told_at is None and IN_EFFECT in states:
        violation.told_at = now
        changed.append("told_at")
    if WAITING not in states:
        standing = [each for each in states if each != "refused"]
        if not standing:
            return _sent_back(violation, now)
        violation.settled_at = now
        changed.append("settled_at")
        entry_add(violation, "settled", now, actor=SYSTEM)
        measure_propose(violation, now)
        quality_choose(violation, now)
    if changed:
        violation.save(update_fields=changed)
    return violation


def _sent_back(violation: Violation, now: datetime) -> Violation:
    violation.items.update(verdict=OPEN, reason="", found_clause="")
    violation.state = REPORTED
    violation.save(update_fields=["state"])
    entry_add(violation, "sent_back", now, actor=SYSTEM)
    return violation


def violations_follow(tenant_id: str, now: datetime) -> list[str]:
    """Bring every found violation up to decisions that were settled elsewhere; return numbers."""
    numbers = Violation.objects.filter(tenant_id=tenant_id, state=FOUND, settled_at=None)
    moved: list[str] = []
    for number in list(numbers.order_by("number").values_list("number", flat=True)):
        with transaction.atomic():
            violation = violation_locked(tenant_id, number)
            before = (violation.state, violation.settled_at, violation.told_at)
            after = violation_follow(violation, now)
            if (after.state, after.settled_at, after.told_at) != before:
                moved.append(number)
    return moved


def finding_preview(violation: Violation, now: datetime) -> list[Proposed]:
    """Return what would follow if every item were found as it stands; nothing is written.

    Raises:
        Conflict, RuleRefused: see :func:`sanctions_of`.
    """
    on = day_of(now)
    items = list(violation.items.order_by("position"))
    return sanctions_of(violation, [found_of(violation, each, on) for each in items], on)

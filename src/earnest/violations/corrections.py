"""Putting right what can be put right: the party says so with proof, a reviewer accepts or not."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.db import transaction

from earnest.consequences.reasons import ended_notice
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.restrictions.ending import restrictions_end
from earnest.tickets.commands import (
    APPEALED,
    CORRECTED,
    PENDING,
    REVERSED,
    step_add,
    ticket_move,
)
from earnest.tickets.models import Ticket
from earnest.tickets.queries import (
    CORRECTION_JUDGED,
    CORRECTION_SAID,
    correction_waits,
    ticket_locked,
    tickets_of_decisions,
)
from earnest.violations.evidence import Answer
from earnest.violations.models import FOUND, Correction, Violation
from earnest.violations.points import measures_without
from earnest.violations.queue import unknown, violation_locked
from earnest.violations.reports import entry_add
from earnest.violations.sanctions import decisions_of_violation

OPEN, ACCEPTED, SENT_BACK, TOO_LATE = "open", "accepted", "sent_back", "too_late"
JUDGEMENTS: Final = (ACCEPTED, SENT_BACK, TOO_LATE)
TEXT_MAX: Final = 4000


def tickets_of(violation: Violation) -> list[Ticket]:
    """Return the tickets of a violation, in the order of its decisions."""
    decisions = list(decisions_of_violation(violation))
    tickets = tickets_of_decisions(violation.tenant_id, [each.id for each in decisions])
    return [tickets[each.id] for each in decisions if each.id in tickets]


def correct_until(violation: Violation) -> date | None:
    """Return the last day on which the party may still put it right; None where it may not."""
    days = [
        each.correct_until
        for each in tickets_of(violation)
        if each.state == PENDING and each.correct_until is not None
    ]
    return min(days, default=None)


@transaction.atomic
def correction_say(
    tenant_id: str, subject: Subject, number: str, said: Answer, now: datetime
) -> Correction:
    """Take a party's word that it has put a violation right, with its proof.

    Until somebody has judged it, its tickets are not enforced, also past their days to appeal.

    Raises:
        BadInput: nothing is said.
        Conflict: it cannot be put right, the day has passed, or an earlier word is still open.
        NotFound: no such violation of this party, or no such document of it.
    """
    violation = violation_locked(tenant_id, number)
    if violation.subject != subject or violation.told_at is None:
        raise unknown(number)
    tickets = [ticket_locked(tenant_id, each.number) for each in _correctable(violation)]
    until = correct_until(violation) if violation.state == FOUND else None
    if until is None or day_of(now) > until:
        raise Conflict(
            "not_correctable",
            where=number,
            zh="该违规不能以整改了结，或整改期限已过；仍可在申诉期限内申诉。",
            en="this cannot be settled by putting it right, or the day has passed; an appeal may "
            "still be open",
        )
    if violation.corrections.filter(verdict=OPEN).exists():
        raise Conflict(
            "correction_open",
            where=number,
            zh="您已提交整改说明，请等待审核。",
            en="your last word is still being looked at",
        )
    text = said.text.strip()
    if not text or len(text) > TEXT_MAX:
        raise BadInput(
            "text_missing",
            where="said",
            zh=f"请写明如何整改，最多 {TEXT_MAX} 字。",
            en=f"say what you put right, in at most {TEXT_MAX} characters",
        )
    documents = [str(each.id) for each in documents_owned(tenant_id, subject, said.documents)]
    made = Correction.objects.create(
        id=uuid7_for(now, tenant_id, "correction", number, str(violation.corrections.count())),
        violation=violation,
        tenant_id=tenant_id,
        said=text,
        documents=documents,
        said_by=said.actor,
        said_at=now,
    )
    entry_add(violation, "correction_said", now, actor=said.actor, note=text)
    for ticket in tickets:
        if ticket.state in {PENDING, APPEALED}:
            step_add(ticket, CORRECTION_SAID, now, actor=said.actor)
    return made


def correction_late(violation: Violation) -> bool:
    """Tell whether no ticket of a violation can be settled as corrected any more.

    So it is where its tickets came into force otherwise while a word of it waited to be judged.
    """
    return not {each.state for each in _correctable(violation)} & {PENDING, APPEALED}


def _correctable(violation: Violation) -> list[Ticket]:
    return [each for each in tickets_of(violation) if each.correct_until is not None]


@transaction.atomic
def correction_judge(
    tenant_id: str, number: str, *, verdict: str, actor: str, reason: str, now: datetime
) -> Correction:
    """Accept that a violation was put right, or send the word back with a reason.

    Accepted, its tickets that can be put right are settled as corrected: what they restrict ends,
    their points do not count, and no money is taken. Once they are in force that is over: then
    ``too_late`` says that it was put right and the tickets stay as they are.

    Raises:
        BadInput: no reason, or no such verdict.
        Conflict: nothing waits, or the tickets are in another state than the verdict needs.
        NotFound: there is none.
    """
    violation = violation_locked(tenant_id, number)
    correction = violation.corrections.filter(verdict=OPEN).first()
    if correction is None:
        raise Conflict(
            "no_correction_waits",
            where=number,
            zh="没有等待审核的整改说明。",
            en="no word of a correction waits",
        )
    _check_judgement(violation, verdict, reason)
    correction.verdict = verdict
    correction.reason, correction.judged_by, correction.judged_at = reason.strip(), actor, now
    correction.save(update_fields=["verdict", "reason", "judged_by", "judged_at"])
    entry_add(violation, f"correction_{verdict}", now, actor=actor, note=correction.reason)
    for ticket in tickets_of(violation):
        if correction_waits(ticket):
            step_add(ticket, CORRECTION_JUDGED, now, actor=actor)
    after = _after_words(violation, verdict, day_of(now))
    if verdict == ACCEPTED:
        _tickets_corrected(violation, correction, now)
    notices_send(tenant_id, [_judged_notice(violation, correction, after)], now)
    return correction


def _check_judgement(violation: Violation, verdict: str, reason: str) -> None:
    number = violation.number
    if verdict not in JUDGEMENTS:
        raise BadInput(
            "unknown_verdict",
            where=verdict,
            zh="请选择通过、退回，或“整改属实但处罚单已生效”。",
            en=f"the verdict is one of {', '.join(JUDGEMENTS)}",
        )
    if not reason.strip():
        raise BadInput("reason_missing", where=number, zh="请写明审核意见。", en="say why")
    late = correction_late(violation)
    if verdict == ACCEPTED and late:
        raise Conflict(
            "tickets_in_force",
            where=number,
            zh="处罚单已生效，不能再按整改了结；请选择“整改属实，处罚单维持”或退回。",
            en="the tickets are in force and cannot be settled as corrected any more; say that it "
            "is put right and the tickets stand, or send it back",
        )
    if verdict == TOO_LATE and not late:
        raise Conflict(
            "still_correctable",
            where=number,
            zh="处罚单尚未生效，仍可按整改了结；请选择通过或退回。",
            en="the tickets are not in force and can still be settled as corrected; accept it or "
            "send it back",
        )
    if verdict == ACCEPTED and all(each.state != PENDING for each in _correctable(violation)):
        raise Conflict(
            "tickets_under_appeal",
            where=number,
            zh="处罚单正在申诉中；请待申诉办结后再审核整改，或退回。",
            en="the tickets are under appeal; judge the correction once the appeal is decided, or "
            "send it back",
        )


def _tickets_corrected(violation: Violation, correction: Correction, now: datetime) -> None:
    tenant_id = violation.tenant_id
    open_ones = [each for each in _correctable(violation) if each.state == PENDING]
    gone = {each.decision_id for each in open_ones}
    for ticket in open_ones:
        ticket_move(ticket, CORRECTED, now, actor=correction.judged_by, note=correction.reason)
    ended = restrictions_end(tenant_id, list(gone), "corrected", now)
    corrected = [each for each in decisions_of_violation(violation) if each.id in gone]
    measures_without(violation, corrected, correction.judged_by, now)
    why = Words("整改已通过审核，以下限制解除", "The correction was accepted. What ended")
    notices_send(
        tenant_id,
        [
            ended_notice([row for row in ended if row.decision_id == ticket.decision_id], why)
            for ticket in open_ones
            if any(row.decision_id == ticket.decision_id for row in ended)
        ],
        now,
    )


def _after_words(violation: Violation, verdict: str, on: date) -> Words:
    """Say what a judgement means for the party from here on."""
    if verdict == ACCEPTED:
        return Words(
            "处罚单按已整改了结，不扣款、不计分。",
            "The ticket is settled as corrected: no money, no points.",
        )
    if verdict == SENT_BACK:
        until = correct_until(violation)
        if until is not None and on <= until:
            return Words(
                f"可在 {until}（含当日）前再次提交。",
                f"You may try again until {until}, inclusive.",
            )
        return Words("整改期限已过。", "The time to put it right has passed.")
    standing = [each for each in _correctable(violation) if each.state not in {REVERSED, CORRECTED}]
    said = [_stands_words(each, on) for each in standing]
    return Words("".join(each.zh for each in said), " ".join(each.en for each in said))


def _stands_words(ticket: Ticket, on: date) -> Words:
    number, until = ticket.number, ticket.appeal_until
    zh = f"处罚单 {number} 在审核前已生效，维持不变；"
    en = f"Ticket {number} came into force before this was judged, and stands; "
    if on <= until:
        return Words(f"{zh}可在 {until}（含当日）前申诉。", f"{en}you may appeal until {until}.")
    return Words(f"{zh}申诉期已于 {until} 届满。", f"{en}the time to appeal ended with {until}.")


_JUDGED: Final = {
    ACCEPTED: Words("已通过", "accepted"),
    SENT_BACK: Words("未通过", "sent back"),
    TOO_LATE: Words("属实，处罚单维持", "seen, and the ticket stands"),
}


def _judged_notice(violation: Violation, correction: Correction, after: Words) -> NewNotice:
    judged, reason = _JUDGED[correction.verdict], correction.reason
    return NewNotice(
        *violation.subject,
        about=f"correction {correction.id}",
        kind="finding",
        severity="info" if correction.verdict == ACCEPTED else "warning",
        clause="",
        decision_id=None,
        zh=Message(f"{violation.number} 的整改{judged.zh}", f"审核意见：{reason}。{after.zh}"),
        en=Message(
            f"Correction of {violation.number}: {judged.en}", f"Reason: {reason}. {after.en}"
        ),
    )


def corrections_waiting(tenant_id: str) -> Sequence[Correction]:
    """Return what parties say they have put right and nobody has judged yet, oldest first."""
    rows = Correction.objects.filter(tenant_id=tenant_id, verdict=OPEN)
    return list(rows.select_related("violation").order_by("said_at"))

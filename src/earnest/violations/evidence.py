"""Evidence both ways, in turns: a question with a day, an answer, a reply, at most some rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import Subject
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.violations.kinds import pack_of_subject, review_number, text_of
from earnest.violations.models import ASKED, EvidenceTurn, Violation
from earnest.violations.queue import (
    SYSTEM,
    back_to_queue,
    held,
    unknown,
    violation_locked,
)
from earnest.violations.reports import entry_add

TEXT_MAX: Final = 4000


@dataclass(frozen=True)
class Answer:
    """What a party says to a question: its words, the proof, and who says it."""

    text: str
    actor: str
    documents: Sequence[UUID] = ()


@transaction.atomic
def party_ask(
    tenant_id: str, number: str, question: str, actor: str, now: datetime
) -> EvidenceTurn:
    """Give the party the word: it sees what it is accused of, and until when it may answer.

    Raises:
        BadInput: no question, or a longer one than is taken.
        Conflict: this person does not hold the violation.
        RuleRefused: all rounds are used.
    """
    violation = held(tenant_id, number, actor, now)
    text = text_checked(question, "question")
    turns = list(violation.turns.order_by("round"))
    rounds = review_number("evidence_rounds", day_of(now))
    if len(turns) >= rounds:
        raise RuleRefused(
            "rounds_used",
            where=number,
            zh=f"举证最多 {rounds} 轮，已用完；请依现有证据认定。",
            en=f"{rounds} rounds are all there are; judge by the evidence at hand",
        )
    turn = EvidenceTurn.objects.create(
        id=uuid7_for(now, tenant_id, "evidence-turn", number, str(len(turns) + 1)),
        violation=violation,
        tenant_id=tenant_id,
        round=len(turns) + 1,
        question=text,
        asked_by=actor,
        asked_at=now,
        due_on=day_of(now) + timedelta(days=review_number("answer_days", day_of(now))),
    )
    violation.state, violation.claimed_by, violation.claimed_until = ASKED, "", None
    violation.told_at = violation.told_at or now
    violation.save(update_fields=["state", "claimed_by", "claimed_until", "told_at"])
    entry_add(violation, "asked", now, actor=actor, note=text)
    notices_send(tenant_id, [_asked_notice(violation, turn)], now)
    return turn


def _asked_notice(violation: Violation, turn: EvidenceTurn) -> NewNotice:
    pack = pack_of_subject(violation.tenant_id, violation.subject)
    items = list(violation.items.order_by("position"))
    said_zh = "；".join(
        f"{text_of(pack, each.kind).zh}（{each.clause}，{each.happened_on}）" for each in items
    )
    said_en = "; ".join(
        f"{text_of(pack, each.kind).en} ({each.clause}, {each.happened_on})" for each in items
    )
    return NewNotice(
        *violation.subject,
        about=f"violation {violation.number} round {turn.round}",
        kind="finding",
        severity="warning",
        clause=items[0].clause,
        decision_id=None,
        zh=Message(
            f"请就违规线索 {violation.number} 陈述申辩",
            f"涉及：{said_zh}。问题：{turn.question}。请于 {turn.due_on}（含当日）前在“违规记录”"
            "页答复并上传证据；逾期未答复的，将依现有证据认定。",
        ),
        en=Message(
            f"Please answer on violation {violation.number}",
            f"About: {said_en}. Question: {turn.question} Answer on the page of the violation by "
            f"{turn.due_on} (that day included), with proof; after that it is judged by the "
            "evidence at hand.",
        ),
        due_on=turn.due_on,
    )


@transaction.atomic
def party_answer(
    tenant_id: str, subject: Subject, number: str, answer: Answer, now: datetime
) -> EvidenceTurn:
    """Take the party's answer; the violation waits for a reviewer again.

    Raises:
        BadInput: nothing is said.
        Conflict: nobody asked, or the day to answer has passed.
        NotFound: no such violation of this party, or no such document of it.
    """
    violation = violation_locked(tenant_id, number)
    if violation.subject != subject or violation.told_at is None:
        raise unknown(number)
    turn = violation.turns.filter(answered_at=None, lapsed_at=None).first()
    if violation.state != ASKED or turn is None or day_of(now) > turn.due_on:
        raise Conflict(
            "not_your_turn",
            where=number,
            zh="目前没有等待您答复的问题，或答复期限已过。",
            en="no question waits for your answer, or the day to answer has passed",
        )
    turn.answer = text_checked(answer.text, "answer")
    turn.documents = [
        str(each.id) for each in documents_owned(tenant_id, subject, answer.documents)
    ]
    turn.answered_by, turn.answered_at = answer.actor, now
    turn.save(update_fields=["answer", "documents", "answered_by", "answered_at"])
    back_to_queue(violation, "answered", now, actor=answer.actor)
    return turn


@transaction.atomic
def operator_reply(
    tenant_id: str, number: str, text: str, actor: str, now: datetime
) -> EvidenceTurn:
    """Say something to the party's last answer; the party is told, the review goes on.

    Raises:
        BadInput: nothing is said.
        Conflict: this person does not hold it, or there is no answer to reply to.
    """
    violation = held(tenant_id, number, actor, now)
    turn = violation.turns.order_by("-round").first()
    if turn is None or turn.answered_at is None or turn.replied_at is not None:
        raise Conflict(
            "nothing_to_reply_to",
            where=number,
            zh="没有等待回复的答复。",
            en="there is no answer that waits for a reply",
        )
    turn.reply, turn.replied_by, turn.replied_at = text_checked(text, "reply"), actor, now
    turn.save(update_fields=["reply", "replied_by", "replied_at"])
    entry_add(violation, "replied", now, actor=actor, note=turn.reply)
    notices_send(tenant_id, [_reply_notice(violation, turn)], now)
    return turn


def _reply_notice(violation: Violation, turn: EvidenceTurn) -> NewNotice:
    return NewNotice(
        *violation.subject,
        about=f"violation {violation.number} reply {turn.round}",
        kind="finding",
        severity="info",
        clause="",
        decision_id=None,
        zh=Message(f"关于 {violation.number} 的答复已阅", f"平台回复：{turn.reply}"),
        en=Message(f"Your answer on {violation.number} was read", f"The reply: {turn.reply}"),
    )


def turns_lapse(tenant_id: str, now: datetime) -> Sequence[str]:
    """Let reviews go on whose party did not answer in time, and tell it; return the numbers."""
    numbers: list[str] = []
    late = EvidenceTurn.objects.filter(
        tenant_id=tenant_id, answered_at=None, lapsed_at=None, due_on__lt=day_of(now)
    )
    for number in list(late.order_by("due_on").values_list("violation__number", flat=True)):
        with transaction.atomic():
            violation = violation_locked(tenant_id, number)
            turn = late.filter(violation=violation).first()
            if violation.state != ASKED or turn is None:
                continue
            turn.lapsed_at = now
            turn.save(update_fields=["lapsed_at"])
            back_to_queue(violation, "turn_lapsed", now, actor=SYSTEM)
            notices_send(tenant_id, [_lapse_notice(violation, turn)], now)
            numbers.append(number)
    return numbers


def _lapse_notice(violation: Violation, turn: EvidenceTurn) -> NewNotice:
    return NewNotice(
        *violation.subject,
        about=f"violation {violation.number} lapsed {turn.round}",
        kind="finding",
        severity="warning",
        clause="",
        decision_id=None,
        zh=Message(
            f"{violation.number} 的答复期限已过",
            f"未在 {turn.due_on} 前收到答复，将依现有证据继续审核。",
        ),
        en=Message(
            f"The day to answer on {violation.number} has passed",
            f"No answer came by {turn.due_on}; the review goes on by the evidence at hand.",
        ),
    )


def text_checked(text: str, field: str) -> str:
    """Return what was written, without blanks around it.

    Raises:
        BadInput: nothing, or more than is taken; it names the field.
    """
    said = text.strip()
    if not said or len(said) > TEXT_MAX:
        raise BadInput(
            "text_missing" if not said else "text_too_long",
            where=field,
            zh=f"请填写内容，最多 {TEXT_MAX} 字。",
            en=f"write something, at most {TEXT_MAX} characters",
        )
    return said

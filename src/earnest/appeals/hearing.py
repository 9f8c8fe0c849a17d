"""The hearing: claimed by somebody without a hand in the sanction, in turns of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from earnest.appeals.course import appeal_step
from earnest.appeals.models import ASKED, FILED, HEARING, Appeal, AppealTurn
from earnest.appeals.people import hand_refused
from earnest.appeals.queries import appeal_locked, pack_of_ticket, unknown_appeal
from earnest.appeals.suspending import measures_suspend
from earnest.appeals.telling import asked_notice, lapsed_notice, suspended_notice
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, EarnestError
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.queries import Subject, decider_named
from earnest.notices.commands import notices_send

TEXT_MAX: Final = 4000


@dataclass(frozen=True)
class Answer:
    """What a party says to a question, with its proof."""

    said: str
    actor: str
    documents: Sequence[UUID] = ()


def moved_on(appeal: Appeal) -> EarnestError:
    """Return what is said where an appeal is not in a state for something."""
    return Conflict(
        "appeal_moved_on",
        where=appeal.number,
        zh="该申诉的状态已变化，不能这样处理；请刷新页面。",
        en=f"the appeal is {appeal.state} by now; reload the page",
    )


@transaction.atomic
def appeal_claim(tenant_id: str, number: str, *, actor: str, now: datetime) -> Appeal:
    """Take an appeal to hear it.

    Raises:
        Conflict: somebody hears it already.
        NotAllowed: this person had a hand in the sanction, or filed the appeal.
    """
    appeal = appeal_locked(tenant_id, number)
    if appeal.state != FILED:
        raise moved_on(appeal)
    hand_refused(appeal, actor, "hearer_had_a_hand", Words("复核该申诉", "hear the appeal"))
    appeal.state, appeal.hearer, appeal.claimed_at = HEARING, actor, now
    appeal.save(update_fields=["state", "hearer", "claimed_at"])
    appeal_step(appeal, "claimed", now, actor=actor)
    return appeal


@transaction.atomic
def appeal_release(
    tenant_id: str, number: str, *, actor: str, reason: str, now: datetime
) -> Appeal:
    """Give an appeal back, for somebody else to hear: by its hearer, or taken from one who is away.

    Questions, answers and a suspension stay as they are.

    Raises:
        BadInput: it is taken from its hearer without a reason, or the reason is too long.
        Conflict: nobody hears it now.
        NotAllowed: it is heard by another, and this person may not decide.
    """
    appeal = appeal_locked(tenant_id, number)
    if appeal.state != HEARING:
        raise moved_on(appeal)
    own = actor == appeal.hearer
    if not own:
        decider_named(tenant_id, actor)
    said = said_checked(reason, "reason") if reason.strip() or not own else ""
    appeal.state, appeal.hearer, appeal.claimed_at = FILED, "", None
    appeal.save(update_fields=["state", "hearer", "claimed_at"])
    appeal_step(appeal, "released" if own else "taken_back", now, actor=actor, note=said)
    return appeal


def held(tenant_id: str, number: str, actor: str) -> Appeal:
    """Return an appeal that this person hears now, locked.

    Raises:
        Conflict: it is not being heard, or by somebody else.
    """
    appeal = appeal_locked(tenant_id, number)
    if appeal.state != HEARING:
        raise moved_on(appeal)
    if appeal.hearer != actor:
        raise Conflict(
            "heard_by_another",
            where=number,
            zh=f"该申诉由 {appeal.hearer} 复核中。",
            en=f"the appeal is being heard by {appeal.hearer}",
        )
    return appeal


def said_checked(said: str, where: str) -> str:
    """Return a text that says something, trimmed.

    Raises:
        BadInput: it is empty or too long.
    """
    text = said.strip()
    if not 1 <= len(text) <= TEXT_MAX:
        raise BadInput(
            "said_wrong",
            where=where,
            zh=f"请填写内容，最多 {TEXT_MAX} 字。",
            en=f"say something, in at most {TEXT_MAX} characters",
        )
    return text


@transaction.atomic
def question_ask(
    tenant_id: str, number: str, question: str, *, actor: str, now: datetime
) -> AppealTurn:
    """Ask the party a question; it has the word until the day in its notice.

    Raises:
        Conflict: not being heard by this person, or as many questions were asked as may be.
        BadInput: the question is empty or too long.
    """
    appeal = held(tenant_id, number, actor)
    pack, on = pack_of_ticket(appeal.ticket), day_of(now)
    rounds = appeal.turns.count()
    most = int(pack.parameter("evidence_rounds", on=on))
    if rounds >= most:
        raise Conflict(
            "no_round_left",
            where=number,
            zh=f"最多提问 {most} 轮，请根据现有材料作出结论。",
            en=f"at most {most} question(s) may be asked; decide with what there is",
        )
    turn = AppealTurn.objects.create(
        id=uuid7_for(now, tenant_id, "appeal-turn", number, str(rounds + 1)),
        appeal=appeal,
        tenant_id=tenant_id,
        round=rounds + 1,
        question=said_checked(question, "question"),
        asked_by=actor,
        asked_at=now,
        due_on=on + timedelta(days=int(pack.parameter("answer_days", on=on))),
    )
    appeal.state = ASKED
    appeal.save(update_fields=["state"])
    appeal_step(appeal, "asked", now, actor=actor, note=turn.question)
    notices_send(tenant_id, [asked_notice(appeal, turn)], now)
    return turn


@transaction.atomic
def question_answer(
    tenant_id: str, number: str, subject: Subject, answer: Answer, now: datetime
) -> AppealTurn:
    """Answer the open question of a party's own appeal.

    Raises:
        NotFound: the appeal or a document is not the party's.
        Conflict: no question is open, or its day has passed.
        BadInput: the answer is empty or too long.
    """
    appeal = appeal_locked(tenant_id, number)
    if appeal.subject != subject:
        raise unknown_appeal(number)
    turn = appeal.turns.filter(answered_at=None, lapsed_at=None).first()
    if appeal.state != ASKED or turn is None or day_of(now) > turn.due_on:
        raise moved_on(appeal)
    documents_owned(tenant_id, subject, answer.documents)
    turn.answer, turn.answered_by = said_checked(answer.said, "answer"), answer.actor
    turn.documents, turn.answered_at = [str(each) for each in answer.documents], now
    turn.save(update_fields=["answer", "documents", "answered_by", "answered_at"])
    appeal.state = HEARING
    appeal.save(update_fields=["state"])
    appeal_step(appeal, "answered", now, actor=answer.actor, note=turn.answer)
    return turn


@transaction.atomic
def turn_lapse(tenant_id: str, turn_id: UUID, now: datetime) -> bool:
    """Let the hearing go on where the day to answer has passed; tell whether that was new."""
    rows = AppealTurn.objects.select_related("appeal").filter(tenant_id=tenant_id, id=turn_id)
    found = rows.get()
    appeal = appeal_locked(tenant_id, found.appeal.number)
    turn = appeal.turns.get(id=turn_id)
    if turn.answered_at or turn.lapsed_at or day_of(now) <= turn.due_on:
        return False
    turn.lapsed_at = now
    turn.save(update_fields=["lapsed_at"])
    if appeal.state == ASKED:
        appeal.state = HEARING
        appeal.save(update_fields=["state"])
        appeal_step(appeal, "lapsed", now, actor="system")
        notices_send(tenant_id, [lapsed_notice(appeal, turn)], now)
    return True


@transaction.atomic
def execution_suspend(
    tenant_id: str, number: str, reason: str, *, actor: str, now: datetime
) -> Appeal:
    """Suspend what the sanction restricts while it is heard.

    Raises:
        Conflict: not being heard by this person, suspended already, or nothing is restricted.
        BadInput: no reason.
    """
    appeal = held(tenant_id, number, actor)
    said = said_checked(reason, "reason")
    if appeal.suspended or not measures_suspend(appeal, now):
        raise Conflict(
            "nothing_to_suspend",
            where=number,
            zh="该处罚目前没有生效中的限制措施可以暂停。",
            en="the sanction restricts nothing now that could be suspended",
        )
    appeal.suspended = True
    appeal.save(update_fields=["suspended"])
    appeal_step(appeal, "suspended", now, actor=actor, note=said)
    notices_send(tenant_id, [suspended_notice(appeal, said)], now)
    return appeal

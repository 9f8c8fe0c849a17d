"""Mailing the links of surveys: the room of surveys says what, the wire of deliveries sends it."""

from collections import Counter
from datetime import datetime

from earnest.deliveries.letters import letter_bytes
from earnest.deliveries.retries import wait_after
from earnest.deliveries.sending import ROUND, Sender
from earnest.kernel.errors import Conflict
from earnest.surveys.mailing import (
    MailTurn,
    letter_of,
    mail_take_up,
    mail_write_down,
    mails_look,
)

NO_ANSWER = "no_answer"


def surveys_mail(tenant_id: str, sender: Sender, now: datetime) -> Counter[str]:
    """Send the mail with links and reminders that is due, for a round's time; count by outcome.

    Call it outside of any transaction. What dies after sending sends the same letter under the same
    id once more; any number of senders may do this at once.
    """
    outcomes: Counter[str] = Counter()
    if made := mails_look(tenant_id, now):
        outcomes["new"] = made
    ends = sender.clock() + ROUND
    while sender.clock() < ends:
        turn = mail_take_up(tenant_id, sender.clock(), now, sender.lease)
        if turn is None:
            break
        outcome = _sent(turn, sender)
        outcomes[outcome] += 1
        if outcome == NO_ANSWER:  # the mail server is away, for every mail
            break
    return outcomes


def _sent(turn: MailTurn, sender: Sender) -> str:
    try:
        body = letter_bytes(*letter_of(turn.mail))
    except Conflict as conflict:  # nothing that trying again would mend
        return mail_write_down(turn, conflict.problem.code, sender.clock(), None)
    answer = sender.mail(turn.address, str(turn.mail.id), body)
    wait = wait_after(turn.mail.tries + 1)
    return mail_write_down(turn, answer.outcome, sender.clock(), wait)

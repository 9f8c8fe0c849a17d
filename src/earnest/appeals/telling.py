"""What a party is told of its appeal: taken in, asked, late, decided."""

from datetime import date

from earnest.appeals.models import Appeal, AppealTurn
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, Severity
from earnest.tickets.queries import MONEY_TAKEN

WAITS = Words("期间尚未执行的扣款暂不执行", "Money that is not taken yet waits")
TAKEN = Words(
    "已扣款项若申诉获支持将全部退回",
    "What was taken stays taken until it is decided, and all of it goes back if the appeal "
    "succeeds",
)


def _notice(
    appeal: Appeal, about: str, zh: Message, en: Message, *, due_on: date | None = None
) -> NewNotice:
    severity: Severity = "warning" if due_on else "info"
    return NewNotice(
        *appeal.subject,
        about=f"appeal {appeal.number} {about}",
        kind="finding",
        severity=severity,
        clause=appeal.ticket.clause,
        decision_id=appeal.ticket.decision_id,
        zh=zh,
        en=en,
        due_on=due_on,
    )


def filed_notice(appeal: Appeal) -> NewNotice:
    """Confirm an appeal: who hears it, by when, and what waits."""
    ticket, on = appeal.ticket, appeal.expected_on
    money = TAKEN if ticket.steps.filter(what=MONEY_TAKEN).exists() else WAITS
    right = Words("", "")
    if appeal.automatic:
        right = Words(
            "原处罚由系统按长期指令作出，由人工复核是您的权利。",
            "The sanction was made automatically under a standing order: a hearing by a person is "
            "your right. ",
        )
    return _notice(
        appeal,
        "filed",
        Message(
            f"申诉 {appeal.number} 已受理",
            f"针对处罚单 {ticket.number} 的申诉已受理，由未参与原处罚的人员复核，预计 {on} 前答复。"
            f"{right.zh}{money.zh}；已执行的限制措施继续有效，复核人可决定暂停。",
        ),
        Message(
            f"Appeal {appeal.number} is taken in",
            f"Your appeal against ticket {ticket.number} is heard by a person who had no hand in "
            f"it, and answered by {on}. {right.en}{money.en}; restrictions stay unless the person "
            "suspends them.",
        ),
    )


def asked_notice(appeal: Appeal, turn: AppealTurn) -> NewNotice:
    """Ask the party, with its last day to answer."""
    return _notice(
        appeal,
        f"asked {turn.round}",
        Message(
            f"申诉 {appeal.number}：请补充说明",
            f"{turn.question}\n请在 {turn.due_on}（含当日）前答复并附证据；"
            "逾期将按现有材料继续复核。",
        ),
        Message(
            f"Appeal {appeal.number}: a question to you",
            f"{turn.question}\nAnswer with your evidence until the end of {turn.due_on}; then "
            "the hearing goes on without it.",
        ),
        due_on=turn.due_on,
    )


def lapsed_notice(appeal: Appeal, turn: AppealTurn) -> NewNotice:
    """Say that a question was not answered in time."""
    return _notice(
        appeal,
        f"lapsed {turn.round}",
        Message(
            f"申诉 {appeal.number}：未在期限内答复",
            f"截至 {turn.due_on} 未收到您的答复，将按现有材料继续复核。",
        ),
        Message(
            f"Appeal {appeal.number}: not answered in time",
            f"There was no answer by {turn.due_on}; the hearing goes on with what there is.",
        ),
    )


def late_notice(appeal: Appeal) -> NewNotice:
    """Say that the outcome is late, and that it was escalated."""
    return _notice(
        appeal,
        "late",
        Message(
            f"申诉 {appeal.number} 未能如期答复",
            f"原定 {appeal.expected_on} 前答复，现已超期并已上报督办。期间未执行的扣款继续暂缓。",
        ),
        Message(
            f"Appeal {appeal.number} is late",
            f"An answer was due by {appeal.expected_on}. It has been escalated; money that is not "
            "taken yet goes on waiting.",
        ),
    )


def suspended_notice(appeal: Appeal, reason: str) -> NewNotice:
    """Say that the restrictions are suspended while the appeal is heard."""
    return _notice(
        appeal,
        "suspended",
        Message(
            f"申诉 {appeal.number}：限制措施暂停执行",
            f"复核期间暂停执行限制措施。理由：{reason}。若处罚维持，将恢复执行。",
        ),
        Message(
            f"Appeal {appeal.number}: restrictions are suspended",
            f"They are suspended while the appeal is heard. Reason: {reason}. If the sanction "
            "stands, they are in force again.",
        ),
    )

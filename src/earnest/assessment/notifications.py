"""Notices that follow from the course of time: a shortage opened, a restriction ended."""

from collections.abc import Iterable, Sequence

from earnest.consequences.words import OUTCOMES, capabilities_words
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position
from earnest.kernel.money import yuan
from earnest.notices.commands import Message, NewNotice
from earnest.restrictions.models import Restriction


def shortage_notices(opened: Iterable[tuple[Shortage, Position]]) -> list[NewNotice]:
    """Tell each subject whose deposit has fallen short what to pay, and by when (S3-5.1)."""
    return [_shortage_notice(shortage, at) for shortage, at in opened]


def _shortage_notice(shortage: Shortage, at: Position) -> NewNotice:
    missing, required, free = yuan(at.shortage_fen), yuan(at.required_fen), yuan(at.free_fen)
    return NewNotice(
        subject_kind=shortage.subject_kind,
        subject_id=shortage.subject_id,
        about=f"shortage {shortage.id}",
        kind="shortage",
        severity="warning",
        clause=shortage.clause,
        decision_id=shortage.decision_id,
        zh=Message(
            f"请于 {shortage.due_on} 前补缴保证金 {missing} 元",
            f"应缴 {required} 元，可用余额 {free} 元，缺口 {missing} 元。"
            f"请在 {shortage.due_on}（含当日）前补足；补足后相关限制自动解除。"
            "逾期未补足的，平台可依规则采取限制措施。",
        ),
        en=Message(
            f"Top up {missing} yuan of deposit by {shortage.due_on}",
            f"Required {required} yuan, free balance {free} yuan, missing {missing} yuan. "
            f"Please pay in by {shortage.due_on} (that day included); restrictions that wait for "
            "it then end by themselves. After that day the marketplace may restrict the service.",
        ),
        due_on=shortage.due_on,
    )


def release_notices(released: Sequence[Restriction]) -> list[NewNotice]:
    """Tell each subject which of its restrictions have ended."""
    by_decision: dict[object, list[Restriction]] = {}
    for row in released:
        by_decision.setdefault(row.decision_id, []).append(row)
    return [_release_notice(rows) for rows in by_decision.values()]


def _release_notice(rows: Sequence[Restriction]) -> NewNotice:
    first = rows[0]
    measure = OUTCOMES[first.measure]
    ended = capabilities_words([row.capability for row in rows])
    return NewNotice(
        subject_kind=first.subject_kind,
        subject_id=first.subject_id,
        about=f"release {first.decision_id}",
        kind="release",
        severity="info",
        clause=first.clause,
        decision_id=first.decision_id,
        zh=Message(
            f"已解除：{measure.zh}",
            f"解除条件已全部满足，以下限制恢复正常（{ended.zh}）。其他原因的限制不受影响。",
        ),
        en=Message(
            f"Ended: {measure.en}",
            f"All conditions hold, so this restriction has ended ({ended.en}). Restrictions for "
            "other causes are not touched.",
        ),
    )

"""Notices of what happens to a deposit after its decision, each with its statement of reasons.

What a decision does at once is told with the decision; this is what follows by itself later.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from earnest.deposits.models import DepositHold, Raise, Recovery, RecoveryStep
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.rulebooks.packs import pack_of

OWNER: Final = "person"  # the kind of subject whose inbox is that of one of the operator's people


SOURCES: Final[Mapping[str, Words]] = {
    "deposit": Words("保证金", "the deposit"),
    "proceeds": Words("货款", "sales proceeds"),
    "merchant": Words("商家自付", "paid by the merchant"),
    "advance": Words("平台垫付", "paid first by the platform"),
    "claim": Words("列为应追偿款", "owed as a claim"),
}
BENEFICIARIES: Final[Mapping[str, Words]] = {
    "consumer": Words("消费者", "consumers"),
    "right_holder": Words("权利人", "the right-holder"),
    "platform": Words("平台", "the platform"),
}


def _sum_of(steps: Sequence[RecoveryStep]) -> Words:
    """Say what came from where."""
    parts = [(SOURCES[each.source], yuan(each.amount_fen)) for each in steps]
    return Words(
        "、".join(f"{source.zh} {amount}元" for source, amount in parts),
        ", ".join(f"{source.en} {amount} yuan" for source, amount in parts),
    )


def _ends(rest_fen: int) -> Words:
    if not rest_fen:
        return Words("已全部付清，本次扣划结束", "all of it is paid; this recovery has ended")
    rest = yuan(rest_fen)
    return Words(
        f"付清余下 {rest} 元后结束；在此之前每日及每次缴款时再次扣划",
        f"it ends when the remaining {rest} yuan are paid; until then it is tried every day and "
        "with each payment in",
    )


def taken_notice(recovery: Recovery, steps: Sequence[RecoveryStep], rest_fen: int) -> NewNotice:
    """Tell a subject what a later try took from it, or what its payment was booked for (S3-4.1)."""
    for_whom = BENEFICIARIES[recovery.beneficiary]
    amount, now_taken = yuan(recovery.amount_fen), yuan(sum(each.amount_fen for each in steps))
    before = yuan(recovery.amount_fen - rest_fen - sum(each.amount_fen for each in steps))
    return reasoned_notice(
        Told(
            subject=recovery.subject,
            about=f"recovery step {steps[0].transfer_id}",
            clause=recovery.clause,
            pack=pack_of(recovery.rulebook),
            decision_id=recovery.decision_id,
            title=Words(
                f"事项 {recovery.case_number}：本次 {now_taken} 元，余下 {yuan(rest_fen)} 元",
                f"case {recovery.case_number}: {now_taken} yuan more, {yuan(rest_fen)} left",
            ),
            facts=Words(
                f"应付{for_whom.zh} {amount} 元，此前已付 {before} 元",
                f"{amount} yuan are due to {for_whom.en}, {before} yuan were paid before",
            ),
            calculation=Words(
                f"应付 {amount} 元 − 此前 {before} 元 − 本次 {now_taken} 元 "
                f"= 余下 {yuan(rest_fen)} 元",
                f"due {amount} - before {before} - now {now_taken} = {yuan(rest_fen)} yuan left",
            ),
            effect=_sum_of(steps),
            release=_ends(rest_fen),
            kind="payment" if all(each.source == "merchant" for each in steps) else "sanction",
        )
    )


def stopped_notice(recovery: Recovery, rest_fen: int, reason: str) -> NewNotice:
    """Tell a subject that nothing more is taken from it for a finding, and why."""
    taken, rest = yuan(recovery.amount_fen - rest_fen), yuan(rest_fen)
    return reasoned_notice(
        Told(
            subject=recovery.subject,
            about=f"recovery stopped {recovery.id}",
            clause=recovery.clause,
            pack=pack_of(recovery.rulebook),
            decision_id=recovery.decision_id,
            title=Words(
                f"事项 {recovery.case_number}：停止扣划",
                f"case {recovery.case_number}: nothing more is taken",
            ),
            facts=Words(reason, reason),
            calculation=Words(
                f"应付 {yuan(recovery.amount_fen)} 元 − 已付 {taken} 元 = 余下 {rest} 元",
                f"due {yuan(recovery.amount_fen)} - paid {taken} = {rest} yuan left",
            ),
            effect=Words(
                f"余下 {rest} 元不再从保证金中扣划，已扣划的不变",
                f"the remaining {rest} yuan are not taken from the deposit any more; what was "
                "taken stays taken",
            ),
            kind="release",
            severity="info",
        )
    )


def hold_reminder(hold: DepositHold) -> NewNotice:
    """Remind the owner of a hold that its review day has come (S3-4.2c)."""
    whose, placed = f"{hold.subject_kind}:{hold.subject_id}", yuan(hold.placed_fen)
    return NewNotice(
        subject_kind=OWNER,
        subject_id=hold.owner,
        about=f"hold review {hold.id} {hold.review_on}",
        kind="finding",
        severity="warning",
        clause=hold.clause,
        decision_id=hold.decision_id,
        zh=Message(
            f"请复核扣留：{hold.case_number}",
            f"{whose} 的保证金扣留 {placed} 元，复核日为 {hold.review_on}。理由：{hold.reason}。"
            "请更新损失估计，定下一个复核日，或提出结算、解除。",
        ),
        en=Message(
            f"Review the hold of {hold.case_number}",
            f"{placed} yuan of the deposit of {whose} are held; the review day is "
            f"{hold.review_on}. Reason: {hold.reason}. Estimate the loss anew and set the next "
            "day, or ask to settle or release it.",
        ),
        due_on=hold.review_on,
    )


def hold_ended_notice(hold: DepositHold) -> NewNotice:
    """Tell a subject that a hold has ended by itself, its time being over (S3-4.2c)."""
    placed = yuan(hold.placed_fen)
    return NewNotice(
        subject_kind=hold.subject_kind,
        subject_id=hold.subject_id,
        about=f"hold ended {hold.id}",
        kind="release",
        severity="info",
        clause=hold.clause,
        decision_id=hold.decision_id,
        zh=Message(
            f"扣留到期解除：{hold.case_number}",
            f"因“{hold.reason}”扣留的保证金（原 {placed} 元）已到期，余下部分恢复可用。",
        ),
        en=Message(
            f"Hold ended: {hold.case_number}",
            f"The time of the hold for {hold.reason!r} ({placed} yuan at first) is over; what "
            "remained of it is free again.",
        ),
    )


def raise_reminder(row: Raise) -> NewNotice:
    """Tell a shop that the review day of its raise has come (S3-3.3x)."""
    return NewNotice(
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        about=f"raise {row.id} review {row.review_on}",
        kind="requirement",
        severity="info",
        clause=row.clause,
        decision_id=row.decision_id,
        zh=Message(
            f"保证金提高已到复核日（{row.review_on}）",
            f"{row.from_on} 起因“{row.reason}”提高的保证金今日起复核。"
            "如事由已经消除，请提交证明；复核结果另行通知。",
        ),
        en=Message(
            f"The raise of your deposit is being looked at again ({row.review_on})",
            f"Your deposit was raised on {row.from_on} because of: {row.reason}. It is looked at "
            "again from today on. If its cause is over, send your proof; a notice will follow.",
        ),
        due_on=row.review_on,
    )

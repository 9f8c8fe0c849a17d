"""Telling a party what became of money that was sent to it."""

from typing import Final

from earnest.kernel.money import yuan
from earnest.notices.commands import Message, NewNotice
from earnest.payouts.models import Payout, PayoutPart
from earnest.payouts.records import PURPOSES

PARTIES: Final = ("shop", "provider")

_OUTCOMES: Final = {
    "paid": ("已到账", "has been paid"),
    "partly_paid": ("部分到账", "has been paid in part"),
    "returned": ("已被退回", "came back"),
    "failed": ("未能支付", "could not be paid"),
}
_NEXT: Final = {
    "paid": ("", ""),
    "partly_paid": (
        "未付部分已回到原账户，平台将与您核对后重新支付。",
        "What was not paid is back on its account; it is sent again once it is clear why.",
    ),
    "returned": (
        "款项已回到原账户；请核对收款账户，平台将重新支付。",
        "The money is back on its account; please check your account, it is sent again then.",
    ),
    "failed": (
        "款项仍在原账户；请核对收款账户，平台将重新支付。",
        "The money is still on its account; please check your account, it is sent again then.",
    ),
}


def payout_notice(payout: Payout, parts: list[PayoutPart]) -> NewNotice | None:
    """Return the notice of a settled payout; None while it is open, or where no party is meant."""
    if payout.state not in _OUTCOMES or payout.subject_kind not in PARTIES:
        return None
    paid = [part for part in parts if part.state == "succeeded"]
    refs = ", ".join(part.institution_ref for part in paid if part.institution_ref)
    trouble = next((part for part in parts if part.failure_code), None)
    return NewNotice(
        subject_kind=payout.subject_kind,
        subject_id=payout.subject_id,
        about=f"payout {payout.number} {payout.state}",
        kind="payment",
        severity="info" if payout.state == "paid" else "warning",
        clause=payout.clause,
        decision_id=payout.decision_id,
        zh=_message(payout, paid, refs, trouble.failure_zh if trouble else "", language=0),
        en=_message(payout, paid, refs, trouble.failure_en if trouble else "", language=1),
    )


def _message(
    payout: Payout, paid: list[PayoutPart], refs: str, trouble: str, *, language: int
) -> Message:
    what = PURPOSES[payout.purpose][language]
    outcome = _OUTCOMES[payout.state][language]
    amount, arrived = yuan(payout.amount_fen), yuan(sum(part.amount_fen for part in paid))
    following = _NEXT[payout.state][language]
    if language == 0:
        lines = [f"{what} {amount} 元（{payout.number}）{outcome}，实付 {arrived} 元。"]
        lines += [f"机构流水号：{refs}。"] if refs else []
        lines += [f"原因：{trouble}。"] if trouble else []
        title = f"{what} {amount} 元{outcome}"
    else:
        lines = [f"{what}, {amount} yuan ({payout.number}), {outcome}; {arrived} yuan were paid."]
        lines += [f"The institution's number: {refs}."] if refs else []
        lines += [f"Why: {trouble}."] if trouble else []
        title = f"{what}: {amount} yuan {outcome}"
    return Message(title, "\n".join([*lines, following]).strip())

"""Transfers that people carry out, such as at the bank's counter: two persons say what came of it.

The first says it with the bank's receipt number; the second, looking at the receipt, says the same
number again. Only then is it booked. The same two persons are the way out for a part of another
rail that nobody may send again, after they have asked the institution.
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from earnest.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, RuleRefused
from earnest.payouts.models import PayoutPart
from earnest.payouts.rails import BY_HAND, RailAnswer
from earnest.payouts.settling import (
    TOO_LATE,
    Settling,
    answer_apply,
    attempt_add,
    locked,
    settling_post,
)

_FIRST_WORDS: Final = frozenset({"succeeded", "failed"})


def part_paid_by_hand(
    tenant_id: str, business_no: str, *, receipt_no: str, by: str, now: datetime
) -> PayoutPart:
    """Say that the bank paid, with its receipt number; booked when a second person says the same.

    Raises:
        NotFound: ``payout_part_unknown``.
        NotAllowed: ``second_person_needed`` when the same person says it twice.
        Conflict: ``hand_reports_differ`` when the second person says otherwise.
        RuleRefused: ``payout_part_not_by_hand`` when nobody has to carry it out (now).
        BadInput: ``reference_missing``.
    """
    return _said(
        tenant_id, business_no, RailAnswer("succeeded", institution_ref=receipt_no), by, now
    )


def part_refused_by_hand(
    tenant_id: str, business_no: str, *, words: str, by: str, now: datetime
) -> PayoutPart:
    """Say that the bank did not pay, and why; the money is free again when a second one agrees.

    Errors: those of :func:`part_paid_by_hand`.
    """
    answer = RailAnswer(
        "failed",
        institution_ref=words,
        code="refused_by_hand",
        blame="payee",
        zh=f"银行未付出：{words}",
        en=f"the bank did not pay: {words}",
    )
    return _said(tenant_id, business_no, answer, by, now)


def part_returned_by_hand(
    tenant_id: str, business_no: str, *, receipt_no: str, by: str, now: datetime
) -> PayoutPart:
    """Say that what the bank had paid came back, with the receipt of that; two persons again.

    Errors: those of :func:`part_paid_by_hand`.
    """
    answer = RailAnswer(
        "returned",
        institution_ref=receipt_no,
        code="returned_by_bank",
        blame="payee",
        zh=f"银行退汇：{receipt_no}",
        en=f"the bank sent it back: {receipt_no}",
    )
    return _said(tenant_id, business_no, answer, by, now)


@transaction.atomic
def _said(
    tenant_id: str, business_no: str, answer: RailAnswer, by: str, now: datetime
) -> PayoutPart:
    settling = locked(tenant_id, business_no, now)
    if settling is None:
        raise NotFound(
            "payout_part_unknown",
            where=business_no,
            zh="没有这个付款编号；请核对编号。",
            en="there is no payout part of this number; check it",
        )
    _waiting_check(settling, answer)
    part, reference = settling.part, answer.institution_ref
    said = {"state": answer.state, "reference": reference, "by": by}
    last = part.attempts.filter(kind="hand", outcome="said").order_by("-n").first()
    before = last.answer if last is not None and last.answer["state"] in _open_for(part) else None
    if before is None or (before["by"] == by and before != said):
        attempt_add(part, "hand", "said", said, now)  # the first word, or its own correction
        return part
    if before["by"] == by:
        raise NotAllowed(
            "second_person_needed",
            where=business_no,
            zh="您已登记过这一结果；须由另一人核对回单后再次登记。",
            en="you have said this already; a second person has to, looking at the receipt",
        )
    if (before["state"], before["reference"]) != (answer.state, reference):
        raise Conflict(
            "hand_reports_differ",
            where=business_no,
            zh="与第一人登记的结果或回单号不一致，未入账；请两人一起核对回单。",
            en="the first person said another result or number; look at the receipt together",
        )
    outcome = answer_apply(settling, answer)
    attempt_add(part, "hand", outcome, said, now)
    settling_post(settling)
    return part


def _open_for(part: PayoutPart) -> frozenset[str]:
    """Return what people can still say of a part in its state."""
    if part.rail not in BY_HAND:
        stranded = part.state == "unknown" and part.failure_code == TOO_LATE
        return _FIRST_WORDS if stranded else frozenset()
    if part.state == "succeeded":
        return frozenset({"returned"})
    return _FIRST_WORDS if part.state == "submitted" else frozenset()


def _waiting_check(settling: Settling, answer: RailAnswer) -> None:
    part = settling.part
    if not answer.institution_ref.strip():
        raise BadInput(
            "reference_missing",
            where=part.business_no,
            zh="请给出银行回单号或银行给出的原因。",
            en="give the bank's receipt number, or the reason that the bank gave",
        )
    if answer.state not in _open_for(part):
        raise RuleRefused(
            "payout_part_not_by_hand",
            where=f"{part.business_no}: {part.rail} {part.state}",
            zh="这一笔不由人工执行，或当前状态不能登记这一结果。",
            en="this part is not carried out by people, or its state does not admit this result",
        )

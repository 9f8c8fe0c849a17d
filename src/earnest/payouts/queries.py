"""What can be asked about money that goes out."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from earnest.kernel.errors import NotFound
from earnest.market.queries import Subject
from earnest.payouts.models import SETTLED, PayeeAccount, Payout, PayoutAttempt, PayoutPart
from earnest.payouts.rails import BY_HAND

STUCK_TURNS = 10  # asked about so often, a part needs people


@dataclass(frozen=True)
class PayoutOwed:
    """A payout of which the payee does not have everything.

    Attributes:
        paid_fen: what the payee has.
        open_fen: what is on its way; its money is held.
        unpaid_fen: what failed or came back and has not been issued anew.
        next_try_at: when a worker looks again; None where only people can go on.
        attention: why people have to look, as codes: ``by_hand`` (carry it out and say so),
            ``unpaid`` (issue it anew), ``contradicts``, ``not_booked``, ``stuck``.
    """

    payout: Payout
    paid_fen: int
    open_fen: int
    unpaid_fen: int
    next_try_at: datetime | None
    attention: tuple[str, ...]


def payouts(tenant_id: str, *, state: str = "", subject: Subject | None = None) -> QuerySet[Payout]:
    """Return payouts, the newest first, narrowed by state and subject."""
    found = Payout.objects.filter(tenant_id=tenant_id).order_by("-number")
    if state:
        found = found.filter(state=state)
    if subject:
        found = found.filter(subject_kind=subject[0], subject_id=subject[1])
    return found.select_related("payee", "reissue_of")


def payout_get(tenant_id: str, number: str) -> Payout:
    """Return a payout by its number.

    Raises:
        NotFound: ``payout_unknown``.
    """
    payout = payouts(tenant_id).filter(number=number).first()
    if payout is None:
        raise NotFound(
            "payout_unknown",
            where=number,
            zh="没有这笔付款，或您无权查看。请检查编号。",
            en="there is no such payout, or it is not yours to see; check the number",
        )
    return payout


def parts_of(payout: Payout) -> list[PayoutPart]:
    """Return a payout's parts in order."""
    return list(payout.parts.order_by("ordinal"))


def attempts_of(part: PayoutPart) -> list[PayoutAttempt]:
    """Return what was heard of a part, in order."""
    return list(part.attempts.order_by("n"))


def payee_of(tenant_id: str, subject: Subject, rail: str) -> PayeeAccount | None:
    """Return a subject's verified account at a rail; nothing when it has none.

    It may need to be verified again, since the entity was renamed: ``payees.payee_good`` tells.
    """
    return PayeeAccount.objects.filter(
        tenant_id=tenant_id,
        subject_kind=subject[0],
        subject_id=subject[1],
        rail=rail,
        revoked_at=None,
    ).first()


def destination_of(tenant_id: str, business_no: str) -> str:
    """Return where a part goes: for a refund by the original route, our number of the payment in.

    Raises:
        NotFound: ``payout_part_unknown``.
    """
    return part_get(tenant_id, business_no).destination


def part_get(tenant_id: str, business_no: str) -> PayoutPart:
    """Return a part by our number at the institution.

    Raises:
        NotFound: ``payout_part_unknown``.
    """
    found = PayoutPart.objects.filter(tenant_id=tenant_id, business_no=business_no).first()
    if found is None:
        raise NotFound(
            "payout_part_unknown",
            where=business_no,
            zh="没有这个付款编号；请检查编号。",
            en="there is no payout part of this number; check it",
        )
    return found


def payouts_owed(tenant_id: str, *, subject: Subject | None = None) -> list[PayoutOwed]:
    """Return the payouts of which the payee does not have everything, the oldest first.

    One that was issued anew in full is left out: the new one tells.
    """
    contradicted = Q(parts__attempts__outcome="contradicts", state="paid")
    found = payouts(tenant_id, subject=subject).filter(~Q(state="paid") | contradicted).distinct()
    rows = found.order_by("number").prefetch_related("parts__attempts", "reissues")
    owed = [_owed(payout) for payout in rows]
    return [each for each in owed if each.open_fen or each.unpaid_fen or each.attention]


def _owed(payout: Payout) -> PayoutOwed:
    parts = list(payout.parts.all())
    amounts = {"paid": 0, "open": 0, "unpaid": -sum(r.amount_fen for r in payout.reissues.all())}
    for part in parts:
        where = "open" if part.state not in SETTLED else "unpaid"
        amounts["paid" if part.state == "succeeded" else where] += part.amount_fen
    attention = {code for part in parts for code in _attention(part)}
    if amounts["unpaid"] > 0:
        attention.add("unpaid")
    looks = [part.next_try_at for part in parts if part.next_try_at is not None]
    return PayoutOwed(
        payout,
        amounts["paid"],
        amounts["open"],
        max(0, amounts["unpaid"]),
        min(looks, default=None),
        tuple(sorted(attention)),
    )


def _attention(part: PayoutPart) -> list[str]:
    codes = []
    if part.rail in BY_HAND and part.state == "submitted":
        codes.append("by_hand")
    elif part.state not in SETTLED and part.turn >= STUCK_TURNS:
        codes.append("stuck")
    if contradicted(part):
        codes.append("contradicts")
    elif _last_outcome(part) == "not_booked":
        codes.append("not_booked")
    return codes


def contradicted(part: PayoutPart) -> bool:
    """Tell whether the institution, when last asked, said otherwise than what is settled."""
    return _last_outcome(part) == "contradicts"


def _last_outcome(part: PayoutPart) -> str:
    """Return what was made of the last answer; notices and one person's word are hearsay."""
    answers = [
        each for each in part.attempts.all() if each.kind != "notify" and each.outcome != "said"
    ]
    return max(answers, key=lambda attempt: attempt.n).outcome if answers else ""

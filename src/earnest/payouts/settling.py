"""What an answer does to a part, to its payout and to the books.

Everything here runs inside the caller's transaction, with the payout's row locked before the
part's. Money is posted last and in one batch; when the ledger says no, nothing of it stands.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from earnest.deposits.accounts import clearing_of
from earnest.kernel.errors import RuleRefused
from earnest.kernel.ids import uuid7_for
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Reason, Transfer
from earnest.notices.commands import notices_send
from earnest.payouts.models import SETTLED, Payout, PayoutAttempt, PayoutPart
from earnest.payouts.notifications import payout_notice
from earnest.payouts.rails import BY_HAND, RailAnswer

RESEND_WITHIN: Final = timedelta(days=7)  # later an institution may have forgotten the number
TOO_LATE: Final = "too_late_to_resend"
_WAIT_FIRST: Final = timedelta(minutes=1)
_WAIT_MAX: Final = timedelta(hours=6)
_DOUBLINGS_MAX: Final = 10
_SAYS_NO: Final = ("failed", "returned")


@dataclass
class Settling:
    """A payout and one of its parts, both locked, and what is to be posted for them."""

    payout: Payout
    part: PayoutPart
    now: datetime
    transfers: list[Transfer] = field(default_factory=list)


def locked(tenant_id: str, business_no: str, now: datetime) -> Settling | None:
    """Lock a payout and its part by our number; nothing when there is none."""
    found = PayoutPart.objects.filter(tenant_id=tenant_id, business_no=business_no).first()
    if found is None:
        return None
    payout = Payout.objects.select_for_update().get(pk=found.payout_id)
    part = PayoutPart.objects.select_for_update().get(pk=found.pk)
    return Settling(payout, part, now)


def attempt_add(
    part: PayoutPart, kind: str, outcome: str, answer: dict[str, Any], now: datetime
) -> PayoutAttempt:
    """Write down what was heard of a locked part."""
    return PayoutAttempt.objects.create(
        part=part,
        tenant_id=part.tenant_id,
        n=part.attempts.count() + 1,
        kind=kind,
        at=now,
        outcome=outcome,
        answer=answer,
    )


def answer_kept(answer: RailAnswer) -> dict[str, Any]:
    """Return an answer as it is kept; empty values are left out."""
    return {name: value for name, value in asdict(answer).items() if value not in ("", None, {})}


def waited(now: datetime, turn: int) -> datetime:
    """Return when to look again: a minute later, then twice as long each turn, six hours at most.

    >>> from datetime import UTC
    >>> at = datetime(2025, 9, 1, tzinfo=UTC)
    >>> [str(waited(at, turn) - at) for turn in (1, 2, 99)]
    ['0:01:00', '0:02:00', '6:00:00']
    """
    doublings: int = 2 ** min(max(turn - 1, 0), _DOUBLINGS_MAX)
    return now + min(_WAIT_FIRST * doublings, _WAIT_MAX)


def answer_apply(settling: Settling, answer: RailAnswer) -> str:
    """Move a part by an answer and gather what is to be posted; give the outcome's name.

    A settled part moves only from ``succeeded`` to ``returned``. Any other answer that differs is
    a contradiction, which moves no money and is left to people.
    """
    part = settling.part
    if part.state in SETTLED:
        return _applied_to_settled(settling, answer)
    if answer.state in ("succeeded", "returned") and answer.amount_fen not in (
        None,
        part.amount_fen,
    ):
        _not_known_yet(settling, _amount_differs(answer))
        return "contradicts"
    if answer.state in ("succeeded", "returned"):
        _paid(settling, answer)
        if answer.state == "returned":
            _save(settling)  # the state moves twice, and the database sees both moves
            _returned(settling, answer)
    elif answer.state == "failed":
        _failed(settling, answer)
    elif answer.state == "not_found" and part.state == "querying":
        return _never_arrived(settling, answer)
    else:
        _not_known_yet(settling, answer)
    return answer.state


def settling_post(settling: Settling) -> None:
    """Write part and payout, and post what was gathered, in this order.

    Raises:
        RuleRefused: ``payout_not_booked`` when the ledger says no; roll back then.
    """
    _save(settling)
    outcomes = transfers_post(settling.payout.tenant_id, settling.transfers, settling.now)
    for outcome in outcomes:
        if outcome.status not in ("posted", "exists"):
            raise RuleRefused(
                "payout_not_booked",
                where=f"{settling.part.business_no}: {outcome.code or outcome.status}",
                zh=f"资金渠道的结果暂时无法入账：{outcome.explain('zh')}；"
                "处理该账户后会自动再次入账。",
                en=f"the rail's answer cannot be booked: {outcome.explain('en')}; "
                "it is booked by itself once that is mended",
            )


def reason_of(payout: Payout, note: str) -> Reason:
    """Return why a payout's money moves."""
    return Reason(
        clause=payout.clause,
        rulebook=payout.rulebook,
        decision_id=payout.decision_id,
        note=f"payout {payout.number}{note}",
        actor=payout.requested_by,
    )


def _applied_to_settled(settling: Settling, answer: RailAnswer) -> str:
    part = settling.part
    if part.state == "succeeded" and answer.state in _SAYS_NO:
        _returned(settling, answer)
        return "returned"
    agrees = answer.state == part.state or (part.state == "returned" and answer.state in _SAYS_NO)
    if answer.state in ("unknown", "processing") and part.rail not in BY_HAND:
        part.next_try_at = waited(settling.now, part.turn)  # somebody asked for this look
        return answer.state
    part.next_try_at = None
    return answer.state if agrees or answer.state == "not_found" else "contradicts"


def _paid(settling: Settling, answer: RailAnswer) -> None:
    payout, part = settling.payout, settling.part
    capture = Transfer(
        id=_transfer_id(settling, "capture"),
        kind="capture",
        pending_id=payout.hold_id,
        debit=payout.from_account,
        credit=clearing_of(part.rail),
        amount_fen=part.amount_fen,
        effective_at=settling.now,
        reason=reason_of(payout, _note(part, answer)),
        final=not _others_unsettled(part),
    )
    part.state = "succeeded"
    part.transfer_id = capture.id
    part.institution_ref = answer.institution_ref or part.institution_ref
    part.next_try_at = None
    _words(part, RailAnswer("succeeded"))
    settling.transfers.append(capture)


def _returned(settling: Settling, answer: RailAnswer) -> None:
    payout, part = settling.payout, settling.part
    back = Transfer(
        id=_transfer_id(settling, "return"),
        kind="reverse",
        pending_id=part.transfer_id,
        debit=clearing_of(part.rail),
        credit=payout.from_account,
        amount_fen=part.amount_fen,
        effective_at=settling.now,
        reason=reason_of(payout, f"{_note(part, answer)} came back"),
    )
    part.state = "returned"
    part.return_id = back.id
    part.next_try_at = None
    _words(part, answer)
    settling.transfers.append(back)


def _failed(settling: Settling, answer: RailAnswer) -> None:
    payout, part = settling.payout, settling.part
    part.state = "failed"
    part.institution_ref = answer.institution_ref or part.institution_ref
    part.next_try_at = None
    _words(part, answer)
    if not _others_unsettled(part):
        settling.transfers.append(
            Transfer(
                id=_transfer_id(settling, "void"),
                kind="void",
                pending_id=payout.hold_id,
                debit=payout.from_account,
                effective_at=settling.now,
                reason=reason_of(payout, " is settled, the rest is free again"),
            )
        )


def _never_arrived(settling: Settling, answer: RailAnswer) -> str:
    """Send it again, the same bytes under the same number; not when the number may be forgotten."""
    part = settling.part
    if part.submitted_at is not None and settling.now - part.submitted_at <= RESEND_WITHIN:
        part.state, part.next_try_at = "reserved", settling.now
        return answer.state
    _not_known_yet(
        settling,
        RailAnswer(
            "unknown",
            code=TOO_LATE,
            zh="机构查无此单，但距首次发送已超过可安全重发的期限；请向机构核实，由两人登记结果。",
            en="the institution knows no such number, but it is too long ago to send it again; "
            "ask them, then two persons say what came of it",
        ),
    )
    return "contradicts"


def _not_known_yet(settling: Settling, answer: RailAnswer) -> None:
    part = settling.part
    part.state = "unknown"
    part.next_try_at = waited(settling.now, part.turn)
    part.institution_ref = answer.institution_ref or part.institution_ref
    _words(part, answer)


def _amount_differs(answer: RailAnswer) -> RailAnswer:
    return RailAnswer(
        "unknown",
        institution_ref=answer.institution_ref,
        code="amount_differs",
        zh="机构报告的金额与本笔不一致，未予入账；请人工核对。",
        en="the institution says another amount than this part's; nothing was booked, check it",
    )


def _words(part: PayoutPart, answer: RailAnswer) -> None:
    part.failure_code, part.blame = answer.code, answer.blame
    part.failure_zh, part.failure_en = answer.zh, answer.en


def _note(part: PayoutPart, answer: RailAnswer) -> str:
    ref = answer.institution_ref or part.institution_ref
    return f" part {part.ordinal}" + (f", {ref}" if ref else "")


def _transfer_id(settling: Settling, act: str) -> UUID:
    payout = settling.payout
    key = (payout.tenant_id, "payout", act, settling.part.business_no)
    return uuid7_for(payout.requested_at, *key)


def _others_unsettled(part: PayoutPart) -> bool:
    others = PayoutPart.objects.filter(payout_id=part.payout_id).exclude(pk=part.pk)
    return others.exclude(state__in=SETTLED).exists()


def _save(settling: Settling) -> None:
    """Write the part, and the payout's state as its parts make it; the party is told of an end."""
    payout = settling.payout
    settling.part.save()
    parts = list(PayoutPart.objects.filter(payout_id=payout.pk).order_by("ordinal"))
    state = payout_state([part.state for part in parts])
    if state != payout.state:
        payout.state = state
        payout.save(update_fields=["state"])
        notice = payout_notice(payout, parts)
        notices_send(payout.tenant_id, [notice] if notice else [], settling.now)


def payout_state(states: Sequence[str]) -> str:
    """Return what a payout's parts make it.

    >>> payout_state(["succeeded", "unknown"]), payout_state(["succeeded", "returned"])
    ('open', 'partly_paid')
    """
    have = set(states)
    if have - set(SETTLED):
        return "open"
    if have == {"succeeded"}:
        return "paid"
    if "succeeded" in have:
        return "partly_paid"
    return "returned" if "returned" in have else "failed"

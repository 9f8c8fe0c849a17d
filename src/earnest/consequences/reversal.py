"""Undoing one decision: its money goes back, what it restricted ends, a removed party returns.

Nothing is deleted: money goes back by entries that name what they reverse, and the story of each
thing goes on. What rested on the decision is the business of the appeals that call this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from earnest.consequences.replacing import OVERTURNED
from earnest.consequences.returning import deposit_asked_again
from earnest.consequences.words import OUTCOMES, capabilities_words
from earnest.decisions.commands import IN_EFFECT, Undoing, decision_locked, reversal_record
from earnest.decisions.models import Decision, Reversal
from earnest.deposits.accounts import SUSPENSE, claim_of, deposit_of, settlement_of
from earnest.deposits.raises import raise_end, raise_of_decision
from earnest.deposits.recoveries import recovery_reverse, recovery_steps
from earnest.deposits.waterfall import posted_check
from earnest.kernel.ids import uuid7_for
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of, movements
from earnest.ledger.records import Movement, Reason, Transfer
from earnest.market.commands import provider_return
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.restrictions.ending import restrictions_end
from earnest.tickets.commands import MOVES, REVERSED, ticket_move
from earnest.tickets.queries import ticket_of_decision


@dataclass(frozen=True)
class Returned:
    """What went back of one decision's money, in fen: to deposit and proceeds, off the claim."""

    deposit_fen: int
    claim_fen: int
    transfer_ids: tuple[UUID, ...]
    proceeds_fen: int = 0


@transaction.atomic
def decision_reverse(
    tenant_id: str, decision_id: UUID, undoing: Undoing, now: datetime
) -> Reversal:
    """Undo a decision in effect: money, restrictions, removal, ticket; and tell its party.

    What was paid of a claim meanwhile goes to the deposit, so that the party gets back exactly
    what was taken from it. A recovery takes nothing more, and all that it took goes back to where
    it came from; a raise is released, and the required deposit goes down by it.

    Raises:
        Conflict: the decision is not in effect, or the ledger refuses.
        BadInput: no reason is given.
    """
    decision = decision_locked(tenant_id, decision_id)
    ticket = ticket_of_decision(tenant_id, decision.id)
    if ticket is not None and REVERSED in MOVES[ticket.state]:
        ticket_move(ticket, REVERSED, now, actor=undoing.actor, note=undoing.note)
    freed = restrictions_end(tenant_id, [decision.id], OVERTURNED, now)
    returns = bool(decision.effect.get("left")) and not removed_otherwise(decision)
    if returns:
        provider_return(tenant_id, decision.subject_id)
    recovery_reverse(tenant_id, decision.id, now)
    returned = _money_back(tenant_id, decision, undoing, now)
    lowered_fen = _raise_released(decision, undoing, now)
    if returns:  # with what has gone back: it counts towards the deposit that is due again
        deposit_asked_again(tenant_id, decision.subject, undoing, now)
    capabilities = [row.capability for row in freed]
    undone = _undone_words(returned, capabilities, lowered_fen, returns=returns)
    told = _told(decision, undoing, undone)
    sent = notices_send(tenant_id, [told], now)
    effect: dict[str, Any] = {
        "transfers": [str(each) for each in returned.transfer_ids],
        "deposit_fen": returned.deposit_fen,
        "claim_fen": returned.claim_fen,
        "proceeds_fen": returned.proceeds_fen,
        "lowered_fen": lowered_fen,
        "released": [str(row.id) for row in freed],
        "returned": returns,
        "notices": [str(each) for each in sent],
    }
    return reversal_record(decision, undoing, effect, now)


def _money_back(tenant_id: str, decision: Decision, undoing: Undoing, now: datetime) -> Returned:
    moved = movements(tenant_id, _moved_by(decision))
    if not moved:
        return Returned(0, 0, ())
    note = f"{decision.decision} {decision.period}: reversed by {undoing.reference}"
    reason = Reason(decision.clause, decision.rulebook, decision.id, note, actor=undoing.actor)
    claim, deposit = claim_of(decision.subject), deposit_of(decision.subject)
    owed_fen = -balance_of(tenant_id, claim).posted_fen
    back: list[Transfer] = []
    for movement in moved:
        if movement.debit == claim and owed_fen < movement.amount_fen:
            back += _paid_back(tenant_id, decision, movement, reason, now)
            owed_fen = 0
        elif movement.debit == claim:
            back.append(_back(tenant_id, movement, reason, now))
            owed_fen -= movement.amount_fen
        elif movement.debit == SUSPENSE:
            back.append(_refunded(tenant_id, movement, deposit, reason, now))
        elif movement.credit == deposit:
            back.append(_filled_back(tenant_id, movement, reason, now))
        else:
            back.append(_back(tenant_id, movement, reason, now))
    outcomes = transfers_post(tenant_id, back, now)
    posted_check(outcomes, ":".join(decision.subject))
    amounts = {each.id: each.moved_fen for each in outcomes}
    return Returned(
        deposit_fen=_credited(back, amounts, deposit),
        claim_fen=_credited(back, amounts, claim),
        transfer_ids=tuple(each.id for each in back if amounts[each.id]),
        proceeds_fen=_credited(back, amounts, settlement_of(decision.subject)),
    )


def _moved_by(decision: Decision) -> list[UUID]:
    """Return the transfers of a decision: those of its effect, and what a recovery took since."""
    ids = [UUID(each) for each in decision.effect.get("transfers", [])]
    steps = recovery_steps(decision.tenant_id, decision.id)
    return list(dict.fromkeys([*ids, *(each.transfer_id for each in steps)]))


def _credited(transfers: list[Transfer], amounts: Mapping[UUID, int], account: str) -> int:
    return sum(amounts[each.id] for each in transfers if each.credit == account)


def _back(tenant_id: str, moved: Movement, reason: Reason, now: datetime) -> Transfer:
    """Return the transfer that brings a whole movement back."""
    return Transfer(
        id=uuid7_for(now, tenant_id, "reverse", str(moved.id)),
        kind="reverse",
        debit=moved.credit,
        credit=moved.debit,
        amount_fen=moved.amount_fen,
        pending_id=moved.id,
        effective_at=now,
        reason=reason,
    )


def _refunded(
    tenant_id: str, moved: Movement, deposit: str, reason: Reason, now: datetime
) -> Transfer:
    """Return the transfer that gives back to the deposit what a merchant paid itself."""
    return Transfer(
        id=uuid7_for(now, tenant_id, "reverse-merchant", str(moved.id)),
        debit=moved.credit,
        credit=deposit,
        amount_fen=moved.amount_fen,
        effective_at=now,
        reason=reason,
    )


def _filled_back(tenant_id: str, moved: Movement, reason: Reason, now: datetime) -> Transfer:
    """Return the transfer that brings proceeds back that had filled the deposit up.

    As much as is still there: what the deposit paid for other things meanwhile stays paid, from
    the same party's money either way.
    """
    if balance_of(tenant_id, moved.credit).free_fen >= moved.amount_fen:
        return _back(tenant_id, moved, reason, now)
    return Transfer(
        id=uuid7_for(now, tenant_id, "reverse-filled", str(moved.id)),
        kind="up_to",
        debit=moved.credit,
        credit=moved.debit,
        amount_fen=moved.amount_fen,
        effective_at=now,
        reason=reason,
    )


def _paid_back(
    tenant_id: str, decision: Decision, moved: Movement, reason: Reason, now: datetime
) -> list[Transfer]:
    """Return the transfers that bring a claim back that is not owed in full any more.

    It cannot be lowered by all of it: what does not fit was paid, and goes to the deposit, which
    is where that payment could have stayed.
    """
    group = uuid7_for(now, tenant_id, "reverse-paid", str(moved.id))
    lowered = Transfer(
        id=uuid7_for(now, tenant_id, "reverse-claim", str(moved.id)),
        kind="up_to",
        group_id=group,
        debit=moved.credit,
        credit=moved.debit,
        amount_fen=moved.amount_fen,
        effective_at=now,
        reason=reason,
    )
    repaid = Transfer(
        id=uuid7_for(now, tenant_id, "reverse-rest", str(moved.id)),
        kind="remainder",
        group_id=group,
        pending_id=lowered.id,
        debit=moved.credit,
        credit=deposit_of(decision.subject),
        effective_at=now,
        reason=reason,
    )
    return [lowered, repaid]


def _raise_released(decision: Decision, undoing: Undoing, now: datetime) -> int:
    """Release the raise of a decision where it is in force; return what it had added, in fen."""
    row = raise_of_decision(decision.tenant_id, decision.id)
    if row is None or row.released_on is not None:
        return 0
    raise_end(
        decision.tenant_id, row.id, decision.id, now, actor=undoing.actor, reason=undoing.note
    )
    return row.amount_fen


def removed_otherwise(decision: Decision) -> bool:
    """Tell whether another removal of the same party is in effect."""
    others = Decision.objects.filter(
        tenant_id=decision.tenant_id,
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        state=IN_EFFECT,
        effect__left=True,
    )
    return others.exclude(id=decision.id).exists()


def _undone_words(
    returned: Returned, capabilities: list[str], lowered_fen: int, *, returns: bool
) -> Words:
    parts = _money_words(returned) if returned.transfer_ids else []
    if lowered_fen:
        amount = yuan(lowered_fen)
        parts.append(
            Words(f"应缴保证金降低 {amount} 元", f"the required deposit goes down by {amount} yuan")
        )
    if capabilities:
        limited = capabilities_words(capabilities)
        parts.append(Words(f"解除限制（{limited.zh}）", f"restrictions end ({limited.en})"))
    if returns:
        parts.append(Words("恢复服务商资格", "you take part in the market again"))
    if not parts:
        return Words("此前尚未执行，没有需要退还或恢复的内容", "nothing had taken effect yet")
    return Words("；".join(each.zh for each in parts), "; ".join(each.en for each in parts))


def _told(decision: Decision, undoing: Undoing, undone: Words) -> NewNotice:
    outcome, because = OUTCOMES[decision.outcome], _because_words(undoing)
    return NewNotice(
        *decision.subject,
        about=f"reversed {decision.id}",
        kind="release",
        severity="info",
        clause=decision.clause,
        decision_id=decision.id,
        zh=Message(
            f"已撤销：{outcome.zh}（{decision.period}）",
            f"{because.zh}撤销。理由：{undoing.note}。{undone.zh}。",
        ),
        en=Message(
            f"Reversed: {outcome.en} ({decision.period})",
            f"Reversed {because.en}. Reason: {undoing.note}. {undone.en}.",
        ),
    )


def _because_words(undoing: Undoing) -> Words:
    reference = undoing.reference
    if undoing.because == "corrected":
        return Words(f"因 {reference} 已整改而", f"because {reference} was put right")
    return Words(f"依据申诉 {reference} 的结果", f"as a result of appeal {reference}")


def _money_words(returned: Returned) -> list[Words]:
    said = (
        (returned.deposit_fen, "退回保证金 {} 元", "{} yuan go back to the deposit"),
        (returned.proceeds_fen, "退回货款 {} 元", "{} yuan go back to the sales proceeds"),
        (returned.claim_fen, "免除应追偿款 {} 元", "{} yuan are no longer owed"),
    )
    return [Words(zh.format(yuan(fen)), en.format(yuan(fen))) for fen, zh, en in said if fen]

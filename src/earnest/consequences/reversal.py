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
from earnest.consequences.words import OUTCOMES, capabilities_words
from earnest.decisions.commands import IN_EFFECT, Undoing, decision_locked, reversal_record
from earnest.decisions.models import Decision, Reversal
from earnest.deposits.accounts import claim_of, deposit_of
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
    """What went back of one decision's money, in fen: to the deposit, and off the claim."""

    deposit_fen: int
    claim_fen: int
    transfer_ids: tuple[UUID, ...]


@transaction.atomic
def decision_reverse(
    tenant_id: str, decision_id: UUID, undoing: Undoing, now: datetime
) -> Reversal:
    """Undo a decision in effect: money, restrictions, removal, ticket; and tell its party.

    What was paid of a claim meanwhile goes to the deposit, so that the party gets back exactly
    what was taken from it.

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
    returned = _money_back(tenant_id, decision, undoing, now)
    capabilities = [row.capability for row in freed]
    told = _told(decision, undoing, _undone_words(returned, capabilities, returns=returns))
    sent = notices_send(tenant_id, [told], now)
    effect: dict[str, Any] = {
        "transfers": [str(each) for each in returned.transfer_ids],
        "deposit_fen": returned.deposit_fen,
        "claim_fen": returned.claim_fen,
        "released": [str(row.id) for row in freed],
        "returned": returns,
        "notices": [str(each) for each in sent],
    }
    return reversal_record(decision, undoing, effect, now)


def _money_back(tenant_id: str, decision: Decision, undoing: Undoing, now: datetime) -> Returned:
    ids = [UUID(each) for each in decision.effect.get("transfers", [])]
    moved = movements(tenant_id, ids)
    if not moved:
        return Returned(0, 0, ())
    note = f"{decision.decision} {decision.period}: reversed by {undoing.reference}"
    reason = Reason(decision.clause, decision.rulebook, decision.id, note, actor=undoing.actor)
    claim = claim_of(decision.subject)
    owed_fen = -balance_of(tenant_id, claim).posted_fen
    back: list[Transfer] = []
    for movement in moved:
        if movement.debit != claim:
            back.append(_back(tenant_id, movement, reason, now))
        elif owed_fen >= movement.amount_fen:
            back.append(_back(tenant_id, movement, reason, now))
            owed_fen -= movement.amount_fen
        else:
            back += _paid_back(tenant_id, decision, movement, reason, now)
            owed_fen = 0
    outcomes = transfers_post(tenant_id, back, now)
    posted_check(outcomes, ":".join(decision.subject))
    amounts = {each.id: each.moved_fen for each in outcomes}
    return Returned(
        deposit_fen=_credited(back, amounts, deposit_of(decision.subject)),
        claim_fen=_credited(back, amounts, claim_of(decision.subject)),
        transfer_ids=tuple(each.id for each in back if amounts[each.id]),
    )


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


def _undone_words(returned: Returned, capabilities: list[str], *, returns: bool) -> Words:
    parts = [_money_words(returned)] if returned.transfer_ids else []
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


def _money_words(returned: Returned) -> Words:
    zh = f"退回保证金 {yuan(returned.deposit_fen)} 元"
    en = f"{yuan(returned.deposit_fen)} yuan go back to the deposit"
    if returned.claim_fen:
        zh += f"，免除应追偿款 {yuan(returned.claim_fen)} 元"
        en += f", {yuan(returned.claim_fen)} yuan are no longer owed"
    return Words(zh, en)

"""Harm done by a provider after its removal: the whole deposit, and damages (S0-3.2b)."""

from datetime import datetime
from typing import Any

from earnest.consequences.basis import reason_of
from earnest.consequences.reasons import Consequence, decision_notice
from earnest.decisions.models import Decision
from earnest.deposits.accounts import PENALTY_INCOME, claim_of, deposit_of
from earnest.deposits.queries import position
from earnest.deposits.waterfall import COMPENSATION_PAYABLE, Leg, Waterfall, posted_check
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.ledger.commands import transfers_post
from earnest.ledger.records import Transfer
from earnest.notices.commands import notices_send


def harm_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Take the whole deposit as it stands now: damages first, the rest as a penalty.

    What the deposit does not cover of the damages becomes a claim. All of it is posted together;
    the ledger itself takes what is there, so nothing can come in between. A part that is held
    stays held.
    """
    subject = decision.subject
    free = position(tenant_id, subject, day_of(now)).free_fen
    damages = int(decision.receipt["result"]["damages_fen"])
    transfers = _damages(tenant_id, decision, damages, now)
    transfers += _penalty(tenant_id, decision, free, now)
    outcomes = transfers_post(tenant_id, transfers, now)
    posted_check(outcomes, ":".join(subject))
    moved = {each.id: each.moved_fen for each in outcomes}
    named = {(each.debit, each.credit): moved[each.id] for each in transfers}
    paid = named.get((deposit_of(subject), COMPENSATION_PAYABLE), 0)
    owed = named.get((claim_of(subject), COMPENSATION_PAYABLE), 0)
    forfeited = named.get((deposit_of(subject), PENALTY_INCOME), 0)
    sent = notices_send(
        tenant_id, [decision_notice(decision, _told(damages, paid, forfeited, owed))], now
    )
    return {
        "transfers": [str(each.id) for each in transfers],
        "taken_fen": paid + forfeited,
        "damages_paid_fen": paid,
        "forfeited_fen": forfeited,
        "claim_fen": owed,
        "notices": [str(each) for each in sent],
    }


def _damages(tenant_id: str, decision: Decision, damages: int, now: datetime) -> list[Transfer]:
    if not damages:
        return []
    subject = decision.subject
    waterfall = Waterfall(
        key=(tenant_id, "harm-damages", str(decision.id)),
        credit=COMPENSATION_PAYABLE,
        amount_fen=damages,
        effective_at=now,
        reason=reason_of(decision),
    )
    legs = [
        Leg("deposit", deposit_of(subject), decision.clause),
        Leg("claim", claim_of(subject), decision.clause, all_of_it=True),
    ]
    return waterfall.transfers(legs)


def _penalty(tenant_id: str, decision: Decision, free: int, now: datetime) -> list[Transfer]:
    """Return the transfer of what the damages leave of the deposit; at most what is there."""
    if free <= 0:
        return []
    waterfall = Waterfall(
        key=(tenant_id, "harm-penalty", str(decision.id)),
        credit=PENALTY_INCOME,
        amount_fen=free,
        effective_at=now,
        reason=reason_of(decision),
    )
    return waterfall.transfers([Leg("deposit", deposit_of(decision.subject), decision.clause)])


def _told(damages: int, paid: int, forfeited: int, owed: int) -> Consequence:
    zh = f"扣除全部可用保证金 {yuan(paid + forfeited)} 元：赔付 {yuan(paid)} 元，"
    en = (
        f"the whole free deposit of {yuan(paid + forfeited)} yuan is taken: {yuan(paid)} yuan as "
        f"damages, {yuan(forfeited)} yuan as a penalty"
    )
    zh += f"违约金 {yuan(forfeited)} 元"
    if owed:
        zh += f"；不足的 {yuan(owed)} 元列为应追偿款"
        en += f"; the missing {yuan(owed)} yuan are owed as a claim"
    return Consequence(
        kind="sanction",
        severity="serious",
        facts=Words(
            f"清退后侵害他人权益，认定损失 {yuan(damages)} 元",
            f"harm done after removal, losses found: {yuan(damages)} yuan",
        ),
        effect=Words(zh, en),
    )

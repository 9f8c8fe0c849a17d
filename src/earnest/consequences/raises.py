"""A raise in effect, and its release: the requirement moves at once, and the shop is told why."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.shop_tickets import (
    REVIEW,
    ShopMeasure,
    appealable,
    numbered,
    shop_ticket,
)
from earnest.decisions.models import Decision
from earnest.deposits.models import Requirement
from earnest.deposits.raises import NewRaise, raise_end, raise_set
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import notices_send
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.commands import NewItem


def raise_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Put a raise in force for its cause, until it is released (S3-3.3a to S3-3.3x)."""
    facts = decision.receipt["facts"]
    review_on = date.fromisoformat(facts["review_on"])
    new = NewRaise(
        subject=decision.subject,
        ground=facts["ground"],
        amount_fen=decision.money_fen,
        reason=facts["reason"],
        clause=decision.clause,
        decision_id=decision.id,
        review_on=review_on,
    )
    row, requirement = raise_set(tenant_id, new, now)
    ground = pack_of_receipt(decision.receipt).texts[facts["ground"]]
    moved = _moved(requirement)
    consequence = Consequence(
        kind="requirement",
        severity="warning",
        facts=Words(
            f"事由：{ground.zh}；理由：{facts['reason']}",
            f"ground: {ground.en}; reason: {facts['reason']}",
        ),
        effect=Words(
            f"应缴保证金提高 {yuan(row.amount_fen)} 元，{moved.zh}；余额不足的部分请按补缴通知补足",
            f"the required deposit is raised by {yuan(row.amount_fen)} yuan, {moved.en}; a notice "
            "tells what is to be topped up",
        ),
        release=Words(
            f"平台于 {review_on} 复核；事由消除后解除",
            f"the platform looks at it again on {review_on}; it is released when its cause is over",
        ),
    )
    item = NewItem(
        kind="raise",
        about=decision.period,
        clause=decision.clause,
        words=consequence.facts,
        facts={"ground": facts["ground"], "amount_fen": decision.money_fen},
    )
    ticket = shop_ticket(decision, ShopMeasure(item, REVIEW), now)
    notice = decision_notice(decision, appealable(consequence, ticket))
    sent = notices_send(tenant_id, [notice], now)
    return _noted(row.id, requirement, sent) | numbered(ticket)


def raise_release_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Release a raise whose cause is over; the requirement goes down by it (S3-3.3x)."""
    facts = decision.receipt["facts"]
    row, requirement = raise_end(
        tenant_id,
        UUID(facts["raise_id"]),
        decision.id,
        now,
        actor=facts["decided_by"],
        reason=facts["reason"],
    )
    moved = _moved(requirement)
    consequence = Consequence(
        kind="requirement",
        severity="info",
        facts=Words(f"理由：{facts['reason']}", f"reason: {facts['reason']}"),
        effect=Words(
            f"解除 {row.from_on} 起的提高 {yuan(row.amount_fen)} 元，{moved.zh}",
            f"the raise of {yuan(row.amount_fen)} yuan since {row.from_on} is released, {moved.en}",
        ),
    )
    sent = notices_send(tenant_id, [decision_notice(decision, consequence)], now)
    return _noted(row.id, requirement, sent)


def _moved(requirement: Requirement) -> Words:
    before, after = yuan(requirement.previous_fen), yuan(requirement.required_fen)
    return Words(
        f"应缴由 {before} 元变为 {after} 元",
        f"from {before} to {after} yuan in all",
    )


def _noted(raise_id: UUID, requirement: Requirement, sent: list[UUID]) -> dict[str, Any]:
    return {
        "raise": str(raise_id),
        "requirement": str(requirement.id),
        "notices": [str(each) for each in sent],
    }

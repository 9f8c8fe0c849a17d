"""Bands: what is taken by the part of the requirement that is held, and given back as that rises.

A stricter band waits for people, as everything does that takes rights away. Into a milder band a
shop moves by itself: what the stricter one took ends at once, and the milder one is proposed.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from earnest.assessment.shops import SHOP
from earnest.consequences.reasons import ended_notice
from earnest.consequences.shortages import band_now
from earnest.decisions.commands import IN_EFFECT
from earnest.decisions.models import Decision
from earnest.deposits.models import Shortage
from earnest.deposits.queries import Position, positions
from earnest.kernel.calendar import day_of
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import NewNotice, notices_send
from earnest.restrictions.ending import restrictions_end
from earnest.restrictions.models import Restriction
from earnest.rulebooks.packs import pack_of_receipt

BAND = "shortage_band"


def bands_standing(tenant_id: str, since: Mapping[str, datetime]) -> dict[str, str]:
    """Return the band of each shop that need not be proposed again: its newest one still counts.

    One that is in effect and restricts nothing any more, since the deposit had risen in between, is
    proposed anew; one that people refused is not.

    Takes:
        since: when the shortage opened that is open now, by the shop's id; others are left out.
    """
    rows = Decision.objects.filter(
        tenant_id=tenant_id, subject_kind=SHOP, subject_id__in=list(since), decision=BAND
    ).order_by("seq")
    newest = {
        subject_id: (decision_id, outcome, state)
        for subject_id, decision_id, outcome, state, at in rows.values_list(
            "subject_id", "id", "outcome", "state", "made_at"
        )
        if at >= since[subject_id]
    }
    restricting = _restricting(tenant_id, [each for each, _, _ in newest.values()])
    return {
        subject_id: outcome
        for subject_id, (decision_id, outcome, state) in newest.items()
        if state != IN_EFFECT or decision_id in restricting
    }


def bands_ease(tenant_id: str, shortages: Iterable[Shortage], now: datetime) -> int:
    """End the grants of bands that the deposit has risen out of; return how many decisions.

    Each gives back only what it took itself; a part payment that stays in its band changes nothing.
    """
    short = {(row.subject_kind, row.subject_id) for row in shortages}
    standing = positions(tenant_id, sorted(short), day_of(now))
    eased = [
        (decision, standing[subject])
        for decision in _bands_in_force(tenant_id)
        if (subject := decision.subject) in standing and _risen(decision, standing[subject], now)
    ]
    for decision, at in eased:
        ended = restrictions_end(tenant_id, [decision.id], "band_eased", now)
        notices_send(tenant_id, [_eased_notice(ended, at)], now)
    return len(eased)


def _risen(decision: Decision, at: Position, now: datetime) -> bool:
    """Tell whether a deposit has left the band of a decision upwards."""
    pack = pack_of_receipt(decision.receipt)
    if band_now(pack, decision, at, day_of(now)) == decision.outcome:
        return False
    facts = decision.receipt["facts"]
    # held now : required now  >  held then : required then, without a fraction
    return at.free_fen * int(facts["required_fen"]) > int(facts["balance_fen"]) * at.required_fen


def _bands_in_force(tenant_id: str) -> list[Decision]:
    granting = Restriction.objects.filter(tenant_id=tenant_id, released_at=None)
    return list(
        Decision.objects.filter(
            tenant_id=tenant_id,
            decision=BAND,
            state=IN_EFFECT,
            id__in=granting.values("decision_id"),
        ).order_by("seq")
    )


def _restricting(tenant_id: str, decisions: Collection[UUID]) -> set[UUID]:
    """Return those of some decisions that restrict something now."""
    rows = Restriction.objects.filter(
        tenant_id=tenant_id, decision_id__in=decisions, released_at=None
    )
    return set(rows.values_list("decision_id", flat=True))


def _eased_notice(ended: list[Restriction], at: Position) -> NewNotice:
    free, required, missing = yuan(at.free_fen), yuan(at.required_fen), yuan(at.shortage_fen)
    return ended_notice(
        ended,
        Words(
            f"可用余额升至 {free} 元（应缴 {required} 元），这一档的限制已解除",
            f"The free balance rose to {free} yuan of {required} required, so this band's "
            "restriction has ended",
        ),
        Words(
            f"仍差 {missing} 元，补足前可能适用较轻的一档。",
            f"{missing} yuan are still missing: a milder band may apply until then. ",
        ),
    )

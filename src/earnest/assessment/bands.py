"""Bands: what is taken by the part of the requirement that is held, and given back as that rises.

A stricter band waits for people, as everything does that takes rights away. Into a milder band a
shop moves by itself: what the stricter one took ends at once, and the milder one is proposed.
"""

from collections.abc import Iterable
from datetime import datetime

from earnest.consequences.reasons import ended_notice
from earnest.consequences.shortages import band_now
from earnest.decisions.commands import IN_EFFECT, NewDecision
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


def band_waits(tenant_id: str, wanted: NewDecision, shortage: Shortage) -> bool:
    """Tell whether a band need not be proposed: the newest one says the same and still counts.

    One that is in effect and restricts nothing any more, since the deposit had risen in between, is
    proposed anew; one that people refused is not.
    """
    newest = (
        Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind=wanted.subject_kind,
            subject_id=wanted.subject_id,
            decision=BAND,
            made_at__gte=shortage.opened_at,
        )
        .order_by("-seq")
        .first()
    )
    if newest is None or newest.outcome != wanted.outcome:
        return False
    return newest.state != IN_EFFECT or _restricts(tenant_id, newest)


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


def _restricts(tenant_id: str, decision: Decision) -> bool:
    return Restriction.objects.filter(
        tenant_id=tenant_id, decision_id=decision.id, released_at=None
    ).exists()


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

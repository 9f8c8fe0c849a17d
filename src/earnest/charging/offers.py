"""The offer of one function here and on 1688: seen by people, compared, both kept (S0-2.2.4f)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from earnest.charging.models import ChargingPlan, Difference, OfferSeen
from earnest.charging.wording import normal
from earnest.documents.queries import documents_owned
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.kernel.money import FEN_MAX
from earnest.market.queries import provider_get
from earnest.policy import Evaluation
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for

SIDES: Final = ("kuaishou", "1688")
SAME_CLAUSE: Final = "S0-2.2.4f"
SEEN_AHEAD: Final = timedelta(minutes=5)
"""Clocks of people differ; what was seen later than that was not seen."""


@dataclass(frozen=True)
class NewOffer:
    """What was read on one side.

    Attributes:
        side: kuaishou or 1688.
        wording: as it stands there.
        price_fen: as it stands there; None where no price is shown.
        document_id: a screenshot, a document of the provider.
    """

    provider_id: str
    app: str
    plan_code: str
    side: str
    wording: str
    price_fen: int | None
    seen_at: datetime
    actor: str
    document_id: UUID | None = None


@transaction.atomic
def offer_see(tenant_id: str, new: NewOffer, now: datetime) -> tuple[OfferSeen, list[Difference]]:
    """Keep an offer as it was seen, and compare it with the newest of the other side.

    Returns:
        The offer, and the differences that are new with it; the same two texts and prices differ
        once only.

    Raises:
        BadInput: unknown side, no wording, a price below nothing, or seen in the future.
        NotFound: no such provider, or the document is not its own.
    """
    _check(tenant_id, new, now)
    offer, _ = OfferSeen.objects.get_or_create(
        id=uuid7_for(
            new.seen_at, tenant_id, "offer", new.provider_id, new.app, new.plan_code, new.side,
            new.wording.strip(), str(new.price_fen),
        ),
        defaults={
            "tenant_id": tenant_id,
            "provider_id": new.provider_id,
            "app": new.app.strip(),
            "plan_code": new.plan_code.strip(),
            "side": new.side,
            "wording": new.wording.strip(),
            "price_fen": new.price_fen,
            "seen_at": new.seen_at,
            "seen_by": new.actor,
            "document_id": new.document_id,
        },
    )  # fmt: skip
    here, there = offers_newest(tenant_id, new.provider_id, offer.app, offer.plan_code)
    if here is None or there is None or offer.id not in {here.id, there.id}:
        return offer, []
    return offer, _compared(here, there, now)


def offers_newest(
    tenant_id: str, provider_id: str, app: str, plan_code: str
) -> tuple[OfferSeen | None, OfferSeen | None]:
    """Return the newest offer of each side: here, and on 1688."""
    rows = OfferSeen.objects.filter(
        tenant_id=tenant_id, provider_id=provider_id, app=app, plan_code=plan_code
    ).order_by("-seen_at", "-id")
    return (rows.filter(side="kuaishou").first(), rows.filter(side="1688").first())


def offers_receipt(plan: ChargingPlan, on: date) -> list[dict[str, Any]]:
    """Return what the rulebook says of the two offers as a plan files them, if both are filed."""
    if plan.price_there_fen is None:
        return []
    facts = (plan.wording_here, plan.wording_there, plan.price_fen, plan.price_there_fen)
    return [_judged(plan.tenant_id, plan.provider_id, facts, on).receipt().as_dict()]


def _judged(
    tenant_id: str, provider_id: str, facts: tuple[str, str, int, int], on: date
) -> Evaluation:
    """Ask the rulebook about both offers; wordings are given as they count, not as written."""
    wording_here, wording_there, price_here, price_there = facts
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    return pack.evaluate(
        "offer_on_both_sides",
        {
            "compared_on": on,
            "wording_here": normal(wording_here),
            "wording_there": normal(wording_there),
            "price_here_fen": price_here,
            "price_there_fen": price_there,
        },
    )


def _compared(here: OfferSeen, there: OfferSeen, now: datetime) -> list[Difference]:
    tenant_id, on = here.tenant_id, day_of(max(here.seen_at, there.seen_at))
    # A price that is not shown says nothing: both sides are then taken as alike in price.
    shown = here.price_fen is not None and there.price_fen is not None
    prices = (here.price_fen or 0, there.price_fen or 0) if shown else (0, 0)
    evaluation = _judged(tenant_id, here.provider_id, (here.wording, there.wording, *prices), on)
    if evaluation.refusal is not None:
        return []
    kinds = [
        kind
        for kind, holds in (
            ("other_wording", evaluation.result["same_wording"]),
            ("free_here_charged_there", evaluation.result["not_free_here_only"]),
        )
        if not holds
    ]
    if kinds:
        edition_keep(pack_for(tenant_id, SUPPLY_MARKET, "provider", here.provider_id), now)
    pair = digest([here.app, normal(here.wording), normal(there.wording), list(prices)])
    found = []
    for kind in kinds:
        row, is_new = Difference.objects.get_or_create(
            tenant_id=tenant_id,
            provider_id=here.provider_id,
            plan_code=here.plan_code,
            kind=kind,
            key=pair,
            defaults={
                "id": uuid7_for(
                    now,
                    tenant_id,
                    "charging_difference",
                    here.provider_id,
                    here.plan_code,
                    kind,
                    pair,
                ),
                "clause": SAME_CLAUSE,
                "month": str(Month.of(on)),
                "happened_on": on,
                "one_side": _side(here),
                "other_side": _side(there),
                "receipt": evaluation.receipt().as_dict(),
                "found_at": now,
            },
        )
        if is_new:
            found.append(row)
    return found


def _side(offer: OfferSeen) -> dict[str, Any]:
    return {
        "offer": str(offer.id),
        "app": offer.app,
        "side": offer.side,
        "wording": offer.wording,
        "price_fen": offer.price_fen,
        "seen_at": offer.seen_at.isoformat(),
        "document": str(offer.document_id) if offer.document_id else None,
    }


def _check(tenant_id: str, new: NewOffer, now: datetime) -> None:
    provider_get(tenant_id, new.provider_id)
    wrong = next(
        (
            name
            for name, bad in (
                ("side", new.side not in SIDES),
                ("app", not new.app.strip() or len(new.app) > 64),
                ("plan_code", not new.plan_code.strip() or len(new.plan_code) > 64),
                ("wording", not new.wording.strip() or len(new.wording) > 4000),
                ("price_fen", not 0 <= (new.price_fen or 0) <= FEN_MAX),
                ("seen_at", new.seen_at > now + SEEN_AHEAD),
            )
            if bad
        ),
        "",
    )
    if wrong:
        raise BadInput(
            f"offer_{wrong}",
            where=wrong,
            zh="请填写：平台为 kuaishou 或 1688，应用、功能与说法不为空，"
            "价格不小于零，所见时间不在将来。",
            en="the side is kuaishou or 1688; app, function and wording are given; a price is 0 "
            "or more; nothing is seen in the future",
        )
    if new.document_id is not None:
        documents_owned(tenant_id, ("provider", new.provider_id), [new.document_id])

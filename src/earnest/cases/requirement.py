"""What a shop must hold, computed anew between two months because something of it changed."""

from datetime import date, datetime
from typing import Any

from earnest.consequences.commands import decide
from earnest.decisions.commands import IN_EFFECT, NewDecision
from earnest.decisions.models import Decision
from earnest.deposits.queries import position, requirements_on
from earnest.deposits.raises import raises_fen
from earnest.kernel.calendar import Month, day_of
from earnest.market.openings import categories_ever
from earnest.measures.queries import measure
from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_for
from earnest.rulebooks.switches import requirement_falls

SHOP = "shop"
REQUIRED = "required_deposit"
REQUIRED_CLAUSE = "S3-3.1a"


def sales_counted(tenant_id: str, shop_id: str, now: datetime) -> int:
    """Return the sales that the requirement in force rests on, in fen.

    Between two months only what changed is computed anew, so the sales stay those of the last
    adjustment; a shop that never had one is taken with what it sold in the last calendar month.
    """
    last = (
        Decision.objects.filter(
            tenant_id=tenant_id,
            subject_kind=SHOP,
            subject_id=shop_id,
            decision=REQUIRED,
            state=IN_EFFECT,
            governing_on__lte=day_of(now),  # what is announced for a later day is not in force
        )
        .order_by("-seq")
        .values_list("receipt", flat=True)
        .first()
    )
    if last is not None:
        return int(last["facts"]["sales_fen"])
    month = Month.of(day_of(now)).plus(-1)
    figures = measure(
        tenant_id, "sales_month", month.first_day, month.last_day, by=SHOP, as_of=now,
        subjects=[shop_id],
    )  # fmt: skip
    return sum(figure.numerator for figure in figures)


def required_facts(tenant_id: str, shop_id: str, now: datetime) -> dict[str, Any]:
    """Return the facts of ``required_deposit`` for one shop as it is now."""
    on, subject = day_of(now), (SHOP, shop_id)
    ever = categories_ever(tenant_id, shop_id, on)
    return {
        "adjusted_on": on,
        "sales_fen": sales_counted(tenant_id, shop_id, now),
        "categories": sorted(name for name, is_open in ever.items() if is_open),
        "raises_fen": raises_fen(tenant_id, [subject], on)[subject],
        "balance_fen": position(tenant_id, subject, on).free_fen,
    }


def requirement_anew(tenant_id: str, shop_id: str, period: str, now: datetime) -> Decision | None:
    """Decide what a shop must hold after a change of its categories; none where that stays.

    It takes effect as every adjustment does: at once under a standing order, else with one
    approval (S3-3.1a). A lower requirement is none where the rulebook lets it only go up.
    """
    pack = pack_for(tenant_id, SHOP_DEPOSIT, SHOP, shop_id)
    evaluation = pack.evaluate(REQUIRED, required_facts(tenant_id, shop_id, now))
    if evaluation.refusal is not None:
        return None
    before = _required_before(tenant_id, shop_id, day_of(now))
    required = int(str(evaluation.result["required_fen"]))
    outcome = "set" if before is None else "raise" if required > before else "lower"
    if required == before or (outcome == "lower" and not requirement_falls(pack)):
        return None
    wanted = NewDecision(SHOP, shop_id, period, REQUIRED_CLAUSE, outcome, 0, 1, evaluation)
    (made,) = decide(tenant_id, [wanted], now) or (None,)
    return made


def _required_before(tenant_id: str, shop_id: str, on: date) -> int | None:
    row = requirements_on(tenant_id, on, SHOP, {shop_id}).get((SHOP, shop_id))
    return row.required_fen if row else None

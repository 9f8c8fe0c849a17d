"""The goods of a provider as orders tell of them: sold when, signed for, refunded for quality."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from earnest.feed.queries import event_files, order_fact_files
from earnest.kernel.calendar import day_key, day_of_key, micros_of
from earnest.measures.engine import opened, rows
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

SIGNED_LATER_DAYS: Final = 60
"""Orders are signed for up to so many days after they were paid; older ones are not looked at."""

FEW_SIGNED: Final = 20
"""With fewer signed-for orders one refund says little of the goods; they are listed as few."""

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Goods:
    """One of a provider's goods.

    Attributes:
        published: known by a listing of this platform, and not only by its id at the source.
        sold: orders paid; ``last_sold_on`` the day of the last one.
        signed: orders signed for in the quality window; ``quality`` of them with quality as the
            first reason of a refund.
    """

    provider_id: str
    item_id: str
    published: bool
    sold: int
    last_sold_on: date
    signed: int
    quality: int


@dataclass(frozen=True)
class Failing:
    """Goods with more quality refunds than allowed; ``few`` where few were signed for at all."""

    goods: Goods
    target_ppm: int
    few: bool
    receipt: dict[str, object]


def goods_told(tenant_id: str, on: date, days: int, as_of: datetime) -> list[Goods]:
    """Return the goods of all providers that were paid for in the days up to one, or signed for."""
    first = on - timedelta(days=days + SIGNED_LATER_DAYS)
    files = {
        "order_line": [Path(each) for each in event_files(tenant_id, "order_line", first, on)],
        "order_facts": [Path(each) for each in order_fact_files(tenant_id, first, on)],
    }
    bound: dict[str, int | str | list[str]] = {
        "since_day": day_key(on - timedelta(days=days - 1)),
        "until_day": day_key(on),
        "as_of_us": micros_of(as_of),
    }
    with opened(files) as engine:
        found = rows(engine, _SQL, bound)
    return [Goods(last_sold_on=day_of_key(int(row.pop("last_sold_day"))), **row) for row in found]


def goods_with_sales(tenant_id: str, provider_id: str, on: date, as_of: datetime) -> list[Goods]:
    """Return a provider's published goods with sales in the rulebook's window, by id (S0-2.2.1c).

    Raises:
        RuleRefused: the rulebook has no window for the day.
    """
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    days = int(pack.parameter("sold_within_days", on=on))
    told = [
        each for each in goods_told(tenant_id, on, days, as_of) if each.provider_id == provider_id
    ]
    by_day = {
        day: pack.evaluate(
            "item_assessed", {"assessed_on": on, "published_here": True, "last_sold_on": day}
        ).result["counted_in"]
        for day in {each.last_sold_on for each in told}
    }
    return [each for each in told if each.published and by_day[each.last_sold_on]]


def goods_failing(
    tenant_id: str, on: date, as_of: datetime, providers: Iterable[str] = ()
) -> list[Failing]:
    """Return published goods whose quality-refund rate is too high, most refunds first.

    The rule holds the provider to its average (S0-2.1-src0); which goods bring the average up is
    shown to a person, who decides what the provider is told of (S0-2.2.1b).

    Raises:
        RuleRefused: the rulebook has no window for the day.
    """
    wanted = set(providers)
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", next(iter(wanted), ""))
    days = int(pack.parameter("quality_window_days", on=on))
    found: list[Failing] = []
    for each in goods_told(tenant_id, on, days, as_of):
        if not each.quality or not each.published or (wanted and each.provider_id not in wanted):
            continue
        facts = {"assessed_on": on, "quality": each.quality, "signed": each.signed}
        evaluation = pack_for(tenant_id, SUPPLY_MARKET, "provider", each.provider_id).evaluate(
            "quality_refund", facts
        )
        if evaluation.refusal is None and evaluation.result["status"] == "breached":
            target = int(evaluation.result["target_ppm"])
            receipt = evaluation.receipt().as_dict()
            found.append(Failing(each, target, each.signed < FEW_SIGNED, receipt))
    return sorted(found, key=lambda one: (-one.goods.quality, one.goods.signed, one.goods.item_id))

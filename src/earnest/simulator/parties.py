"""What parties do besides trading: they open, open categories, and get into disputes."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from earnest.kernel.calendar import US_PER_HOUR, Month, day_start_us
from earnest.simulator.behaviours import Behaviour
from earnest.simulator.cast import Era, Provider, Shop
from earnest.simulator.dice import draw, draw_between

_PROVIDER_SCHEMA = pa.schema(
    [
        ("provider_id", pa.string()),
        ("action", pa.string()),
        ("at_us", pa.int64()),
        ("name", pa.string()),
        ("entity_name", pa.string()),
        ("service_category", pa.string()),
    ]
)
_SHOP_SCHEMA = pa.schema(
    [
        ("shop_id", pa.string()),
        ("action", pa.string()),
        ("at_us", pa.int64()),
        ("category_id", pa.string()),
        ("name", pa.string()),
        ("entity_name", pa.string()),
        ("subject_type", pa.string()),
    ]
)
_CASE_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("seq", pa.string()),
        ("case_kind", pa.string()),
        ("action", pa.string()),
        ("opened_against", pa.string()),
        ("by_role", pa.string()),
        ("outcome", pa.string()),
        ("liable_party", pa.string()),
        ("loss_fen", pa.int64()),
        ("loss_known", pa.bool_()),
        ("provider_id", pa.string()),
        ("occurred_us", pa.int64()),
    ]
)
_CASES_A_MONTH = {Behaviour.FRAUDULENT: 4, Behaviour.DECLINING: 2, Behaviour.DRIFTING: 1}
_CASE_KINDS = ("complaint", "dispute", "rights_protection", "refund_dispute")


def falls_in(day: date, month: Month, first: Month) -> bool:
    """Tell whether something of this day is told in this month.

    What happened before the market's first month is told in the first month.
    """
    return max(Month.of(day), first) == month


def provider_events(era: Era, month: Month, providers: list[Provider]) -> pa.Table:
    """Return the admissions of a month."""
    rows = [
        {
            "provider_id": each.provider_id,
            "action": "admitted",
            "at_us": day_start_us(each.admitted_on) + 9 * US_PER_HOUR,
            "name": each.name,
            "entity_name": f"{each.name}科技有限公司（虚构）",
            "service_category": each.service_category,
        }
        for each in providers
        if falls_in(each.admitted_on, month, era.first)
    ]
    return pa.Table.from_pylist(rows, schema=_PROVIDER_SCHEMA)


def _shop_rows(era: Era, month: Month, shop: Shop) -> Iterable[dict[str, Any]]:
    if falls_in(shop.opened_on, month, era.first):
        yield {
            "shop_id": shop.shop_id,
            "action": "opened",
            "at_us": day_start_us(shop.opened_on) + 9 * US_PER_HOUR,
            "name": shop.name,
            "entity_name": f"{shop.name}商贸有限公司（虚构）",
            "subject_type": "enterprise",
        }
    for category, opened_on in shop.categories:
        if falls_in(opened_on, month, era.first):
            yield {
                "shop_id": shop.shop_id,
                "action": "category_opened",
                "at_us": day_start_us(opened_on) + 10 * US_PER_HOUR,
                "category_id": category,
            }


def shop_events(era: Era, month: Month, shops: list[Shop]) -> pa.Table:
    """Return the shops and categories opened in a month."""
    rows = [row for shop in shops for row in _shop_rows(era, month, shop)]
    return pa.Table.from_pylist(rows, schema=_SHOP_SCHEMA)


def _case_rows(era: Era, month: Month, provider: Provider, index: int) -> list[dict[str, Any]]:
    key = ("case", provider.number, str(month), index)
    opened_on = month.first_day + timedelta(days=draw(era.seed, *key, "day", below=20))
    opened_us = day_start_us(opened_on) + 11 * US_PER_HOUR
    liable = draw(era.seed, *key, "liable", below=100) < 60
    shared = {
        "case_id": f"C{month.year}{month.number:02d}{provider.number:05d}{index}",
        "case_kind": _CASE_KINDS[draw(era.seed, *key, "kind", below=len(_CASE_KINDS))],
        "opened_against": provider.provider_id,
        "provider_id": provider.provider_id,
    }
    days = draw_between(era.seed, *key, "days", low=2, high=9)
    loss_fen = 100 * draw_between(era.seed, *key, "loss", low=30, high=900) if liable else 0
    return [
        {**shared, "seq": "1", "action": "opened", "by_role": "merchant", "occurred_us": opened_us},
        {
            **shared,
            "seq": "2",
            "action": "responded",
            "by_role": "provider",
            "occurred_us": opened_us + 26 * US_PER_HOUR,
        },
        {
            **shared,
            "seq": "3",
            "action": "decided",
            "by_role": "platform",
            "outcome": "upheld" if liable else "rejected",
            "liable_party": "provider" if liable else "none",
            "loss_fen": loss_fen,
            "loss_known": True,
            "occurred_us": opened_us + days * 24 * US_PER_HOUR,
        },
    ]


def case_events(era: Era, month: Month, providers: list[Provider]) -> pa.Table:
    """Return the disputes opened in a month against providers, each to its decision."""
    rows: list[dict[str, Any]] = []
    for provider in providers:
        if not provider.trades_in(month):
            continue
        now_and_then = draw(era.seed, "cases", provider.number, str(month), below=100) < 4
        count = _CASES_A_MONTH.get(provider.part.behaviour, int(now_and_then))
        for index in range(count):
            rows.extend(_case_rows(era, month, provider, index + 1))
    return pa.Table.from_pylist(rows, schema=_CASE_SCHEMA)

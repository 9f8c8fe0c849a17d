"""Figures that are measured, shown beside the item of the survey that asks about the same.

Goods, shipping, after-sales and replies can be measured as well as asked about (S0-2.2.5-3b to 3e).
The figures do not enter the score: the rulebook names no weight for them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb

from earnest.feed.queries import live_files
from earnest.feed.store import events_folder
from earnest.feed.streams import ORDER_FACTS
from earnest.kernel.calendar import Month, micros_of, window_us
from earnest.measures.queries import results

BESIDE: Final[dict[str, tuple[str, ...]]] = {
    "goods": ("quality_refund30d",),
    "shipping": ("shipping48h",),
    "after_sales": (
        "after_sales_refund_unshipped",
        "after_sales_refund_shipped",
        "after_sales_return_stage1",
        "after_sales_return_stage2",
    ),
    "replies": ("reply3min",),
}
"""The measures that stand beside an item."""

RETURNS: Final = "returns"
AFTERSALE_FACTS: Final = "aftersale_facts"
RETURNING: Final = ("return_refund", "exchange")
_SIGNED = """
SELECT COUNT(DISTINCT order_id) FROM read_parquet($files)
WHERE provider_id = $provider AND signed_us >= $first_us AND signed_us < $end_us
  AND signed_us <= $until_us
"""
_RETURNED = """
SELECT COUNT(DISTINCT order_id) FROM read_parquet($files)
WHERE provider_id = $provider AND list_contains($types, type)
  AND applied_us >= $first_us AND applied_us < $end_us AND applied_us <= $until_us
"""


@dataclass(frozen=True)
class Measured:
    """A measured figure of a month: how many of how many."""

    measure: str
    numerator: int
    denominator: int


def measured_beside(
    tenant_id: str, provider_id: str, month: Month, until: datetime
) -> dict[str, list[Measured]]:
    """Return the figures of a provider's month by item; empty where the month was not measured.

    Those of measures are the recorded ones, by which the month was assessed; orders returned are
    counted from the feed up to an instant.
    """
    rows = results(
        tenant_id,
        subject_kind="provider",
        subject=provider_id,
        first=month.last_day,
        last=month.last_day,
    )
    recorded = {
        each.measure: Measured(each.measure, each.numerator, each.denominator)
        for each in rows.order_by("id")
    }
    found = {
        item: [recorded[name] for name in names if name in recorded]
        for item, names in BESIDE.items()
    }
    returns = returns_counted(tenant_id, provider_id, month, until)
    if returns.denominator:
        found["goods"].append(returns)
    return found


def returns_counted(tenant_id: str, provider_id: str, month: Month, until: datetime) -> Measured:
    """Count a provider's orders sent back or exchanged in a month, and its orders signed for."""
    first_us, end_us = window_us(month.first_day, month.last_day)
    asked: dict[str, Any] = {
        "provider": provider_id, "first_us": first_us, "end_us": end_us,
        "until_us": micros_of(until),
    }  # fmt: skip
    returned = _count(tenant_id, AFTERSALE_FACTS, _RETURNED, asked | {"types": list(RETURNING)})
    return Measured(RETURNS, returned, _count(tenant_id, ORDER_FACTS, _SIGNED, asked))


def _count(tenant_id: str, facts: str, query: str, asked: dict[str, Any]) -> int:
    """Count in the facts of orders paid before the month's end: what happens to one comes later."""
    folder = events_folder(tenant_id)
    files = [
        str(folder / file.path)
        for file in live_files(tenant_id, facts)
        if file.first_us is None or file.first_us < asked["end_us"]
    ]
    if not files:
        return 0
    with duckdb.connect() as engine:
        row = engine.execute(query, asked | {"files": files}).fetchone()
    return int(row[0]) if row else 0

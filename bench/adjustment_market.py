"""The market of ``bench/adjustment.py``: made in bulk, the same for the same number of shops.

Of all shops 80 in 100 sold for less than 500,000 yuan in the month before and 20 for more. Of the
small ones one in eight comes above that line now, of the large ones one in four falls below it:
15 in 100 change. One in 50 has a special category, which adds to what it must hold. Six in ten of
those who must hold more pay in time.
"""

from datetime import date, datetime, timedelta
from typing import Final

import duckdb

from earnest.kernel.calendar import Month, day_of_key, day_start, day_start_us
from earnest.kernel.ids import uuid7_for

MONTH: Final = Month(2025, 8)
RUN_AT: Final = day_start(date(2025, 9, 8))
APPLY_AT: Final = day_start(date(2025, 9, 15))
OPENED_ON: Final = date(2025, 1, 1)
SET_ON: Final = date(2025, 8, 15)
ORDERS_PER_SHOP: Final = 4
AT_ONCE: Final = 10_000
SMALL_FEN, LARGE_FEN = 3_000_000, 55_000_000

# `n` numbers the shops from 1; the parts below are exact for every multiple of 400.
_SHOPS: Final = """
CREATE OR REPLACE TABLE shops AS
SELECT n, 'S' || lpad(CAST(n AS VARCHAR), 8, '0') AS shop_id, n % 5 = 0 AS was_large,
    CASE WHEN n % 5 = 0 THEN (n // 5) % 4 <> 0 ELSE (n - n // 5) % 8 = 0 END AS is_large,
    ['apparel', 'food', 'beauty', 'home', 'books'][1 + n % 5] AS category, n % 50 = 7 AS special
FROM range(1, $shops + 1) AS numbers(n)
"""
_ORDERS: Final = """
SELECT 'O' || shop_id || '-' || k AS order_id, 'P1' AS provider_id,
    CAST(0 AS BIGINT) AS provider_ord, CAST(1 AS BIGINT) AS provider_count, shop_id,
    category AS category_id,
    CAST($day_us + (n % 80000) * 1000000 AS BIGINT) AS paid_us, CAST($day AS INTEGER) AS paid_day,
    CAST(NULL AS BIGINT) AS picked_us, CAST(0 AS BIGINT) AS picked_before_paid,
    CAST(0 AS BIGINT) AS traced, CAST(NULL AS BIGINT) AS signed_us,
    CAST(NULL AS INTEGER) AS signed_day,
    CAST((CASE WHEN is_large THEN $large ELSE $small END) // $orders AS BIGINT) AS amount_fen,
    CAST(NULL AS BIGINT) AS closed_us, CAST(NULL AS BIGINT) AS first_refund_us,
    CAST(NULL AS VARCHAR) AS first_refund_reason_class, CAST(NULL AS VARCHAR) AS first_refund_id
FROM shops, range($orders) AS times(k) WHERE (n * 7 + k * 8) % $days = $place
ORDER BY order_id
"""
_REQUIREMENTS: Final = """
    INSERT INTO deposits_requirement (id, tenant_id, subject_kind, subject_id, required_fen,
        previous_fen, from_on, clause, decision_id)
    SELECT r.id, %s, 'shop', r.subject_id, r.required_fen, 0, %s, 'S3-3.1a', r.id
    FROM unnest(%s::uuid[], %s::text[], %s::bigint[]) AS r(id, subject_id, required_fen)
"""
_PARTIES: Final = """
    INSERT INTO market_shop (tenant_id, shop_id, name, entity_name, subject_type, opened_on)
    SELECT %s, s.id, s.id, '', 'enterprise', %s FROM unnest(%s::text[]) AS s(id)
"""
_CATEGORIES: Final = """
    INSERT INTO market_shopcategory (tenant_id, shop_id, category_id, opened_on)
    SELECT %s, c.shop_id, c.category_id, %s FROM unnest(%s::text[], %s::text[])
        AS c(shop_id, category_id)
"""


def market_make(tenant_id: str, shops: int) -> int:
    """Make a market of so many shops; return how many paid orders its month has."""
    from earnest.deposits.accounts import platform_accounts_open  # noqa: PLC0415 - Django is set up

    _samples_confirm(tenant_id)
    platform_accounts_open(tenant_id, day_start(OPENED_ON))
    with duckdb.connect() as engine:
        engine.execute(_SHOPS, {"shops": shops})
        rows = engine.execute("SELECT * FROM shops ORDER BY n")
        while some := rows.fetchmany(AT_ONCE):
            _shops_write(tenant_id, some)
        return _orders_write(tenant_id, engine)


def _samples_confirm(tenant_id: str) -> None:
    """Open the marketplace, confirm the sample values, and let every adjustment take effect."""
    from earnest.decisions.commands import standing_order_give  # noqa: PLC0415 - Django is set up
    from earnest.market.commands import marketplace_open  # noqa: PLC0415 - same
    from earnest.rulebooks.commands import value_confirm  # noqa: PLC0415 - same
    from earnest.rulebooks.packs import SHOP_DEPOSIT  # noqa: PLC0415 - same
    from earnest.rulebooks.queries import confirmations  # noqa: PLC0415 - same

    marketplace_open(tenant_id, name_zh="基准市场", name_en="Benchmark market")
    two = {"confirmed_by": "risk", "approved_by": "admin", "note": "benchmark"}
    for row in confirmations(tenant_id):
        if row.rulebook == SHOP_DEPOSIT and not row.confirmed:
            value_confirm(
                tenant_id, rulebook=row.rulebook, element=row.element, on=row.since,
                now=day_start(OPENED_ON), **two,
            )  # fmt: skip
    standing_order_give(
        tenant_id, rulebook=SHOP_DEPOSIT, decision="required_deposit",
        outcomes=["set", "raise", "lower"], note="in the benchmark nothing waits",
        ordered_by="risk", approved_by="admin", from_on=OPENED_ON,
    )  # fmt: skip


def _shops_write(tenant_id: str, rows: list[tuple[object, ...]]) -> None:
    """Write some shops: what they are, what they must hold, and that they hold it."""
    from django.db import connection  # noqa: PLC0415 - after Django is set up

    from earnest.deposits.accounts import (  # noqa: PLC0415 - same
        clearing_of,
        deposit_of,
        subject_accounts_open,
    )
    from earnest.ledger.commands import transfers_post  # noqa: PLC0415 - same
    from earnest.ledger.records import Reason, Transfer  # noqa: PLC0415 - same

    at = day_start(OPENED_ON)
    ids = [str(row[1]) for row in rows]
    required = [_required_fen(bool(row[2]), str(row[4]), special=bool(row[5])) for row in rows]
    keys = [uuid7_for(day_start(SET_ON), tenant_id, "bench", each) for each in ids]
    pairs = [(str(row[1]), str(row[4])) for row in rows]
    pairs += [(str(row[1]), "jewelry") for row in rows if row[5]]
    with connection.cursor() as cursor:
        cursor.execute(_PARTIES, [tenant_id, OPENED_ON, ids])
        cursor.execute(
            _CATEGORIES,
            [tenant_id, OPENED_ON, [each[0] for each in pairs], [each[1] for each in pairs]],
        )
        cursor.execute(_REQUIREMENTS, [tenant_id, SET_ON, keys, ids, required])
    subject_accounts_open(tenant_id, [("shop", each) for each in ids], at)
    reason = Reason("S3-2.1a", "kuaishou-shop-deposit", None, "benchmark")
    transfers_post(
        tenant_id,
        [
            Transfer(
                id=key, debit=clearing_of("bank"), credit=deposit_of(("shop", each)),
                amount_fen=fen, effective_at=at, reason=reason,
            )
            for key, each, fen in zip(keys, ids, required, strict=True)
        ],
        at,
    )  # fmt: skip


def _required_fen(large: bool, category: str, *, special: bool) -> int:  # noqa: FBT001 - a fact
    """Return what a shop had to hold after the month before, by the rulebook itself."""
    key = (large, category, special)
    if key not in _asked:
        from earnest.rulebooks.packs import SHOP_DEPOSIT, packs_shipped  # noqa: PLC0415 - same

        facts = {
            "adjusted_on": SET_ON, "sales_fen": LARGE_FEN if large else SMALL_FEN,
            "categories": [category, "jewelry"] if special else [category], "raises_fen": 0,
            "balance_fen": 0,
        }  # fmt: skip
        judged = packs_shipped()[SHOP_DEPOSIT].evaluate("required_deposit", facts)
        _asked[key] = int(judged.result["required_fen"])
    return _asked[key]


_asked: dict[tuple[bool, str, bool], int] = {}


def _orders_write(tenant_id: str, engine: duckdb.DuckDBPyConnection) -> int:
    """Write the paid orders as order facts, a file for each day, and name them in the manifest."""
    from earnest.feed.manifest import files_publish  # noqa: PLC0415 - after Django is set up
    from earnest.feed.store import file_write  # noqa: PLC0415 - same
    from earnest.kernel.calendar import day_key  # noqa: PLC0415 - same

    days = [MONTH.first_day + timedelta(days=n) for n in range(MONTH.last_day.day)]
    count = 0
    for place, day in enumerate(days):
        bound = {
            "day_us": day_start_us(day), "day": day_key(day), "large": LARGE_FEN,
            "small": SMALL_FEN, "orders": ORDERS_PER_SHOP, "days": len(days), "place": place,
        }  # fmt: skip
        table = engine.sql(_ORDERS, params=bound).to_arrow_table()
        if table.num_rows:
            file = file_write(tenant_id, "order_facts", day_key(day), table, "paid_us")
            files_publish(tenant_id, [file], 1)
            count += table.num_rows
    return count


def payments_take(tenant_id: str, at: datetime) -> None:
    """Bring the payments of six in ten of the shops that must hold more into the feed."""
    from earnest.assessment.adjustment import shortfalls_announced  # noqa: PLC0415 - same
    from earnest.feed.commands import batches_take  # noqa: PLC0415 - same
    from earnest.simulator.payments import Payment, money_events  # noqa: PLC0415 - same

    missing = shortfalls_announced(tenant_id, day_of_key(20250908))
    at_us = day_start_us(date(2025, 9, 11))
    paid = [
        Payment("bank", f"TOP-{subject[1]}", fen, "deposit", subject, at_us)
        for subject, fen in missing.items()
        if int(subject[1][1:]) // 10 % 10 < 6
    ]
    batches_take(
        tenant_id, {"money_event": money_events(paid)}, source="urn:earnest:src:bench", now=at,
        origin="bench",
    )  # fmt: skip

"""Sales facts: the month's orders summed by day, shop and category, exactly."""

from datetime import timedelta

import numpy as np
import pyarrow as pa

from earnest.kernel.calendar import US_PER_DAY, day_key, day_start_us
from earnest.simulator.cast import CATEGORIES
from earnest.simulator.columns import whole, word, words
from earnest.simulator.order_tables import PartyIds
from earnest.simulator.trade import Lines


def sales_facts(lines: Lines, ids: PartyIds) -> pa.Table:
    """Return one row per day, shop and category in which something was paid (basis ``paid``).

    The figures are known at the end of the month's last day. Refunds are not taken off: the basis
    counts what was paid.
    """
    start_us = day_start_us(lines.month.first_day)
    day = (lines.paid_us - start_us) // US_PER_DAY
    group = (lines.shop * 32 + day) * 16 + lines.category
    order = np.lexsort((lines.order, group))
    sorted_group, sorted_orders = group[order], lines.order[order]
    new_group = np.append(True, sorted_group[1:] != sorted_group[:-1])
    new_order = new_group | np.append(True, sorted_orders[1:] != sorted_orders[:-1])
    starts = np.flatnonzero(new_group)
    keys = sorted_group[starts]
    days = [
        day_key(lines.month.first_day + timedelta(days=index))
        for index in range(lines.month.last_day.day)
    ]
    known_us = day_start_us(lines.month.last_day + timedelta(days=1))
    rows = len(starts)
    return pa.table(
        {
            "day": pa.array(np.array(days, dtype=np.int32)[keys // 16 % 32], pa.int32()),
            "shop_id": ids.of_shops(keys // 512),
            "category_id": words(CATEGORIES, keys % 16),
            "basis": word("paid", rows),
            "gross_fen": whole(np.add.reduceat(lines.amount_fen[order], starts)),
            "refund_fen": whole(np.zeros(rows, dtype=np.int64)),
            "orders": whole(np.add.reduceat(new_order.astype(np.int64), starts)),
            "as_of_recorded_us": whole(np.full(rows, known_us, dtype=np.int64)),
        }
    )

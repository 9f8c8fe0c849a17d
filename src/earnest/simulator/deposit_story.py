"""One shop whose deposit goes through everything: what the feed tells of it. Pure and repeatable.

The shop stands beside the market's cast. It opens with a base deposit, sells for 550,000 yuan in
its second month (the rule's own example), goes on for two months, and then sells nothing more. Its
goods come from a supplier that takes no part in the supply market, so nobody else is judged by it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from earnest.kernel.calendar import Month, day_start
from earnest.kernel.money import FEN_PER_YUAN

SHOP: Final = ("shop", "S9001")
SHOP_NAME: Final = "晴川珠贝旗舰店"
ENTITY_NAME: Final = "晴川珠贝商贸有限公司（虚构）"
CATEGORY: Final = "apparel"
MONTHS: Final = 6
SALES_FEN: Final = (0, 550_000 * FEN_PER_YUAN, 520_000 * FEN_PER_YUAN, 510_000 * FEN_PER_YUAN)
"""What it sells for in each of its months; in the later ones nothing."""

_ORDERS_A_MONTH: Final = 20
_COMPLETED_AFTER: Final = timedelta(days=6)
_SUPPLIER: Final = "P9001"

Rows = dict[str, list[dict[str, Any]]]


def at(month: Month, day: int, hour: int = 10) -> datetime:
    """Return an instant of the market's calendar: the day of a month, an hour after midnight."""
    return day_start(month.first_day) + timedelta(days=day - 1, hours=hour)


def story_events(months: Sequence[Month]) -> Rows:
    """Return the rows of each stream of the feed, of all months of the story.

    Takes:
        months: the months of the story, :data:`MONTHS` of them.
    """
    rows: Rows = {"shop_event": list(_opening(months[0])), "order_event": [], "order_line": []}
    for month, sales_fen in zip(months, SALES_FEN, strict=False):
        for number in range(_ORDERS_A_MONTH if sales_fen else 0):
            states, line = _order(month, number, sales_fen // _ORDERS_A_MONTH)
            rows["order_event"] += states
            rows["order_line"].append(line)
    return rows


def proceeds_event(ref: str, amount_fen: int, when: datetime) -> Rows:
    """Return the row that tells of proceeds kept for the shop."""
    row = {
        "rail": "platform_settlement",
        "rail_ref": ref,
        "phase": "succeeded",
        "direction": "in",
        "amount_fen": amount_fen,
        "fee_fen": 0,
        "obligation_ref": f"settlement:{SHOP[0]}:{SHOP[1]}",
        "rail_occurred_at": when.isoformat(),
        "shop_id": SHOP[1],
    }
    return {"money_event": [row]}


def _opening(month: Month) -> Iterator[dict[str, Any]]:
    shop = {"shop_id": SHOP[1], "at": at(month, 1, 9).isoformat()}
    yield {
        **shop,
        "action": "opened",
        "name": SHOP_NAME,
        "entity_name": ENTITY_NAME,
        "subject_type": "enterprise",
    }
    yield {**shop, "action": "category_opened", "category_id": CATEGORY}


def _order(
    month: Month, number: int, amount_fen: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the states of an order, paid and completed within its month, and its line."""
    order_id = f"{SHOP[1]}-{month}-{number + 1:03d}"
    paid = at(month, 1 + number)
    order = {"order_id": order_id, "shop_id": SHOP[1], "amount_paid_fen": amount_fen}
    states = [
        {**order, "state": state, "source_version": version, "occurred_at": when.isoformat(),
         "paid_at": paid.isoformat()}
        for state, version, when in (
            ("paid", "1", paid), ("completed", "2", paid + _COMPLETED_AFTER),
        )
    ]  # fmt: skip
    line = {
        "order_id": order_id,
        "line_no": "1",
        "version": "1",
        "occurred_at": paid.isoformat(),
        "provider_id": _SUPPLIER,
        "category_id": CATEGORY,
        "qty": 1,
        "line_paid_fen": amount_fen,
    }
    return states, line

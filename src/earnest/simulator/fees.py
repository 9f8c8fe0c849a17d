"""What the parties of this world were told to pay in when they opened.

These are facts of the simulated past, not the rule: what is required is for the packs to say. A
test keeps them equal to the packs as shipped, so that the demo begins with few shortages; a pack
that you change changes the requirement and not what was once paid.
"""

from collections.abc import Iterable

from earnest.kernel.money import fen_of_yuan

SERVICE_YUAN = {
    "supply_tool": 10_000,
    "goods_tool": 10_000,
    "distribution_listing": 10_000,
    "erp": 20_000,
}
SHOP_BASE_YUAN = 10_000
ORDINARY_YUAN = {
    "apparel": 10_000,
    "food": 20_000,
    "beauty": 20_000,
    "home": 10_000,
    "digital": 20_000,
    "baby": 15_000,
    "sports": 10_000,
    "books": 5_000,
    "fresh_food": 20_000,
}
SPECIAL_YUAN = {"jewelry": 50_000, "wine": 30_000, "health_supplements": 40_000}


def service_fen(category: str) -> int:
    """Return what a provider of a service category pays in."""
    return fen_of_yuan(SERVICE_YUAN[category])


def shop_fen(categories: Iterable[str]) -> int:
    """Return what a shop with these categories pays in: the highest, and the highest special.

    >>> shop_fen(["apparel"]), shop_fen(["food", "wine"])
    (1000000, 5000000)
    """
    opened = list(categories)
    ordinary = max((ORDINARY_YUAN.get(each, 0) for each in opened), default=0)
    special = max((SPECIAL_YUAN.get(each, 0) for each in opened), default=0)
    return fen_of_yuan(max(SHOP_BASE_YUAN, ordinary) + special)

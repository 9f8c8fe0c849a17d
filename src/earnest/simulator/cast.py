"""Who takes part: the providers and shops of a simulated market, each with the part it plays.

The first providers and shops play written parts (the cases that the rules name); the others get
theirs by lot. What one of them is depends on the seed and its own number only.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from earnest.kernel.calendar import Month
from earnest.kernel.money import fen_of_yuan
from earnest.simulator.behaviours import Behaviour, Part, Payer
from earnest.simulator.dice import draw, draw_between
from earnest.simulator.fees import ORDINARY_YUAN, SPECIAL_YUAN, service_fen, shop_fen
from earnest.simulator.names import provider_name, shop_name
from earnest.simulator.sizes import Size

ORDINARY_CATEGORIES = tuple(ORDINARY_YUAN)
SPECIAL_CATEGORIES = tuple(SPECIAL_YUAN)
CATEGORIES = ORDINARY_CATEGORIES + SPECIAL_CATEGORIES

WRITTEN_PARTS = {
    1: Part(Behaviour.STEADY),
    2: Part(Behaviour.DECLINING, Month(2025, 8), 3, payer=Payer.SLOW),
    3: Part(Behaviour.RECOVERING, Month(2025, 8), 1),
    4: Part(Behaviour.RECOVERING, Month(2025, 9), 2),
    5: Part(Behaviour.STEADY, script={Month(2025, 9): 70}),
    6: Part(
        Behaviour.RECOVERING,
        script={Month(2025, 8): 69, Month(2025, 9): 70, Month(2025, 10): 69},
    ),
    7: Part(Behaviour.DRIFTING, payer=Payer.SLOW),
    8: Part(Behaviour.FRAUDULENT, payer=Payer.NEVER),
    9: Part(Behaviour.FESTIVAL),
    10: Part(Behaviour.SEASONAL, payer=Payer.SLOW),
    11: Part(Behaviour.NEW),
    12: Part(
        Behaviour.RECOVERING,
        script={Month(2025, 9): 68, Month(2025, 11): 69},
        unasked=frozenset({Month(2025, 10)}),
    ),
    13: Part(Behaviour.DECLINING, Month(2025, 10), 3, payer=Payer.NEVER),
    14: Part(Behaviour.RECOVERING, Month(2025, 12), 1),
    15: Part(Behaviour.DRIFTING, payer=Payer.SLOW),
    16: Part(Behaviour.FESTIVAL),
}
"""The providers whose parts are written, by number."""

# Of a hundred providers without a written part, how many behave so.
_LOTS = (
    (Behaviour.STEADY, 72),
    (Behaviour.SEASONAL, 8),
    (Behaviour.FESTIVAL, 7),
    (Behaviour.RECOVERING, 6),
    (Behaviour.DRIFTING, 3),
    (Behaviour.NEW, 3),
    (Behaviour.FRAUDULENT, 1),
)
_USUAL_PAYER = {Behaviour.DRIFTING: Payer.SLOW, Behaviour.FRAUDULENT: Payer.NEVER}
_SHORT_FROM_THE_START = 16  # an ERP provider that paid in what a supply tool pays


@dataclass(frozen=True)
class Era:
    """The seed and the months of a market: what everything in it hangs on."""

    seed: int
    first: Month
    months: int


@dataclass(frozen=True)
class Provider:
    """A service provider: its ids, the part it plays, and the months in which it trades."""

    number: int
    provider_id: str
    name: str
    service_category: str
    admitted_on: date
    leaves: Month | None
    paid_in_fen: int
    part: Part

    def trades_in(self, month: Month) -> bool:
        """Tell whether orders may go to it in this month."""
        return Month.of(self.admitted_on) <= month and (self.leaves is None or month < self.leaves)


@dataclass(frozen=True)
class Scale:
    """A group of shops of like size: how many orders a month, worth how much, in a usual month."""

    share: int
    orders: tuple[int, int]
    sales_yuan: tuple[int, int]


# Of a hundred shops. The sales straddle the steps of the deposit tiers, so that months cross them.
_SCALES = (
    Scale(52, (10, 24), (1_000, 8_000)),
    Scale(25, (20, 50), (8_000, 40_000)),
    Scale(11, (45, 80), (40_000, 62_000)),
    Scale(8, (70, 120), (80_000, 125_000)),
    Scale(4, (120, 260), (420_000, 600_000)),
)
ORDERS_USUAL_MILLI = sum(scale.share * sum(scale.orders) * 5 for scale in _SCALES)
"""Mean orders of a shop in a usual month of a market of usual density, in thousandths."""

TRENDS = ("steady", "growing", "fading", "seasonal", "festival")


@dataclass(frozen=True)
class Shop:
    """An enterprise shop: ids, categories, suppliers, usual month, and how it pays.

    Attributes:
        categories: each with the day it was opened; the first one is the main one.
        suppliers: provider numbers, main one first, and their shares of the orders in thousandths.
        stand_in: the steady provider that serves it when a supplier does not trade.
        orders_usual: orders of a usual month in a market of usual density.
        sales_usual_fen: sales of a usual month.
        paid_in_fen: deposit paid in at the opening.
        sales_fixed_fen: months whose sales are written, to the fen.
        trend: how months differ from the usual one.
    """

    number: int
    shop_id: str
    name: str
    opened_on: date
    categories: tuple[tuple[str, date], ...]
    suppliers: tuple[tuple[int, int], ...]
    stand_in: int
    orders_usual: int
    sales_usual_fen: int
    trend: str
    payer: Payer
    paid_in_fen: int
    sales_fixed_fen: dict[Month, int] = field(default_factory=dict)


SHOP_OF_THE_EXAMPLE = 1
"""S0001 sells for exactly 550,000 yuan in 2025-08 on a deposit of 10,000 (S3-3.1c)."""
_EXAMPLE_SALES = {Month(2025, 8): fen_of_yuan(550_000)}
_SHORT_FROM_THE_START_PERCENT = 6


def _by_share(lot: int, shares: tuple[tuple[Behaviour, int], ...]) -> Behaviour:
    for behaviour, share in shares:
        if lot < share:
            return behaviour
        lot -= share
    return shares[0][0]


def _part_of(seed: int, number: int) -> Part:
    if number in WRITTEN_PARTS:
        return WRITTEN_PARTS[number]
    behaviour = _by_share(draw(seed, "provider", number, "part", below=100), _LOTS)
    payer = _USUAL_PAYER.get(behaviour, Payer.FAST)
    if behaviour is Behaviour.RECOVERING:
        start = draw(seed, "provider", number, "turn", below=5)
        months = draw_between(seed, "provider", number, "low months", low=1, high=2)
        return Part(behaviour, Month(2025, 8).plus(start), months, payer=payer)
    return Part(behaviour, payer=payer)


def _category_of(seed: int, number: int) -> str:
    if number == _SHORT_FROM_THE_START:
        return "erp"
    lot = draw(seed, "provider", number, "service category", below=100)
    if lot < 76:
        return "supply_tool"
    return "goods_tool" if lot < 86 else "distribution_listing" if lot < 94 else "erp"


def provider_cast(era: Era, number: int) -> Provider:
    """Return the provider with this number."""
    seed, first = era.seed, era.first
    part = _part_of(seed, number)
    category = _category_of(seed, number)
    if part.behaviour is Behaviour.NEW:
        months_left = draw_between(seed, "provider", number, "begins", low=2, high=3)
        admitted_on = first.plus(max(0, era.months - months_left)).first_day
    else:
        days = draw_between(seed, "provider", number, "days", low=20, high=90)
        admitted_on = first.first_day - timedelta(days=days)
    leaves = None
    if part.behaviour is Behaviour.DECLINING and part.turn is not None:
        leaves = part.turn.plus(part.low_months + 1)
    short = number == _SHORT_FROM_THE_START
    return Provider(
        number=number,
        provider_id=f"P{number:04d}",
        name=provider_name(number),
        service_category=category,
        admitted_on=admitted_on,
        leaves=leaves,
        paid_in_fen=service_fen("supply_tool" if short else category),
        part=part,
    )


def _suppliers_of(
    seed: int, number: int, providers: list[Provider], stand_in: int
) -> tuple[tuple[int, int], ...]:
    """Choose a shop's suppliers; a new provider gets a small share beside a steady main one."""
    count = len(providers)
    turn = providers[(number - 1) % count]
    if turn.part.behaviour is Behaviour.NEW:
        return (stand_in, 940), (turn.number, 60)
    chosen = [turn.number]
    for rank in ("second", "third"):
        other = draw_between(seed, "shop", number, rank, low=1, high=count)
        if providers[other - 1].part.behaviour is not Behaviour.NEW and other not in chosen:
            chosen.append(other)
    shares = {1: (1000,), 2: (700, 300), 3: (650, 250, 100)}[len(chosen)]
    return tuple(zip(chosen, shares, strict=True))


def _categories_of(era: Era, number: int, opened_on: date) -> tuple[tuple[str, date], ...]:
    seed = era.seed
    if number == SHOP_OF_THE_EXAMPLE:
        return (("apparel", opened_on),)
    key = ("shop", number)
    special = draw(seed, *key, "special", below=100) < 14
    pool = SPECIAL_CATEGORIES if special else ORDINARY_CATEGORIES
    chosen = [(pool[draw(seed, *key, "category", below=len(pool))], opened_on)]
    for rank, chance in (("second category", 35), ("third category", 12)):
        category = CATEGORIES[draw(seed, *key, rank, "which", below=len(CATEGORIES))]
        if draw(seed, *key, rank, below=100) >= chance or category in dict(chosen):
            continue
        later = era.first.plus(draw(seed, *key, rank, "month", below=era.months)).first_day
        at_once = draw(seed, *key, rank, "at once", below=100) < 50
        chosen.append((category, opened_on if at_once else max(opened_on, later)))
    return tuple(chosen)


def _opened_on(era: Era, number: int) -> date:
    seed, first, key = era.seed, era.first, ("shop", number)
    if number != SHOP_OF_THE_EXAMPLE and draw(seed, *key, "late", below=100) < 7:
        return first.plus(draw(seed, *key, "opens", below=max(1, era.months - 2))).first_day
    return first.first_day - timedelta(days=draw_between(seed, *key, "days", low=5, high=60))


def _payer_of(seed: int, number: int) -> Payer:
    lot = draw(seed, "shop", number, "payer", below=100)
    return Payer.FAST if lot < 70 else Payer.SLOW if lot < 92 else Payer.NEVER


def _scale_of(seed: int, number: int) -> Scale:
    """Deal the groups out evenly, so that any hundred shops in a row hold the stated shares."""
    slot = (number * 61 + draw(seed, "scales", below=100)) % 100
    for scale in _SCALES:
        if slot < scale.share:
            return scale
        slot -= scale.share
    raise AssertionError("the shares of the groups add up to a hundred")


def _trend_of(seed: int, number: int, main: Provider) -> str:
    if main.part.behaviour in {Behaviour.SEASONAL, Behaviour.FESTIVAL}:
        return "seasonal" if main.part.behaviour is Behaviour.SEASONAL else "festival"
    lot = draw(seed, "shop", number, "trend", below=100)
    return TRENDS[0 if lot < 55 else 1 if lot < 73 else 2 if lot < 86 else 3 if lot < 94 else 4]


def shop_cast(era: Era, number: int, providers: list[Provider], stand_in: int) -> Shop:
    """Return the shop with this number; the stand-in serves it when a supplier does not trade."""
    seed, example = era.seed, number == SHOP_OF_THE_EXAMPLE
    opened_on = _opened_on(era, number)
    categories = _categories_of(era, number, opened_on)
    suppliers = _suppliers_of(seed, number, providers, stand_in)
    scale = _scale_of(seed, number)
    orders = draw_between(seed, "shop", number, "orders", low=scale.orders[0], high=scale.orders[1])
    low, high = scale.sales_yuan
    sales = draw_between(seed, "shop", number, "sales", low=low, high=high)
    at_once = [name for name, on in categories if on <= opened_on]
    lot = draw(seed, "shop", number, "paid in", below=100)
    short = not example and lot < _SHORT_FROM_THE_START_PERCENT
    return Shop(
        number=number,
        shop_id=f"S{number:04d}",
        name=shop_name(number),
        opened_on=opened_on,
        categories=categories,
        suppliers=suppliers,
        stand_in=stand_in,
        orders_usual=130 if example else orders,
        sales_usual_fen=fen_of_yuan(410_000 if example else sales),
        trend="steady" if example else _trend_of(seed, number, providers[suppliers[0][0] - 1]),
        payer=Payer.FAST if example else _payer_of(seed, number),
        paid_in_fen=shop_fen([]) if short else shop_fen(at_once),
        sales_fixed_fen=_EXAMPLE_SALES if example else {},
    )


def cast(era: Era, size: Size) -> tuple[list[Provider], list[Shop]]:
    """Return every provider and every shop of a market."""
    providers = [provider_cast(era, number) for number in range(1, size.providers + 1)]
    steady = [each.number for each in providers if each.part.behaviour is Behaviour.STEADY]
    shops = [
        shop_cast(era, number, providers, steady[number % len(steady)])
        for number in range(1, size.shops + 1)
    ]
    return providers, shops

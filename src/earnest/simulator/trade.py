"""The orders of one month: who buys what from whom, when, and for how much.

An order has one line, seldom two; each line is one provider's, and travels in a parcel of its own.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from earnest.kernel.calendar import US_PER_DAY, Month, day_start_us
from earnest.simulator.cast import CATEGORIES, ORDERS_USUAL_MILLI, Era, Provider, Shop
from earnest.simulator.dice import Dice, Flags, Ints, draw, draw_between
from earnest.simulator.sizes import Size

US_PER_MILLISECOND = 1_000
ORDERS_PER_SHOP_MONTH = 100_000
"""Room for the running number of a shop's orders within a month, in an order's number."""

FESTIVALS = {(6, day) for day in range(16, 20)} | {(11, day) for day in range(9, 13)}
"""Days, as (month, day), on which the June and November festivals are bought for."""

_SECOND_LINE_PPM = 25_000
_SEASON_PER_MILLE = (1300, 1200, 1000, 850, 750, 700, 700, 800, 950, 1100, 1250, 1350)
_FESTIVAL_PER_MILLE = {6: 1500, 11: 1900}
_HOUR_WEIGHTS = np.array(
    [3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 8, 8, 8, 7, 8, 10, 13, 14, 11, 6], dtype=np.int64
)
_HOURS = np.cumsum(_HOUR_WEIGHTS)
_ORDER_DRAWS = ["day", "hour", "instant", "amount", "supplier", "category", "second", "share"]


@dataclass(frozen=True)
class Lines:
    """The order lines of a month, column by column; the lines of an order stand together.

    Attributes:
        shop: the shop's number.
        order: the order's number, ``shop * 100,000 + running number``.
        line_no: 1 or 2.
        provider: the provider's number.
        category: index into ``CATEGORIES``.
        paid_us: when the order was paid.
        festival: paid on a day of a festival.
        amount_fen: paid for this line.
        quantity: pieces.
    """

    month: Month
    shop: Ints
    order: Ints
    line_no: Ints
    provider: Ints
    category: Ints
    paid_us: Ints
    festival: Flags
    amount_fen: Ints
    quantity: Ints

    def __len__(self) -> int:
        return len(self.order)

    def rows_by_shop(self, shops: int) -> Ints:
        """Return how many lines each shop has, by shop number from 1 up."""
        return np.bincount(self.shop, minlength=shops + 1)[1:]

    @property
    def first_of_order(self) -> Flags:
        """True for the first line of each order."""
        return np.asarray(self.line_no == 1)


def _months_from(first: Month, month: Month) -> int:
    return (month.year - first.year) * 12 + month.number - first.number


def month_per_mille(era: Era, shop: Shop, month: Month) -> int:
    """Return how busy a shop is in a month, in thousandths of its usual month."""
    age = _months_from(era.first, month)
    level = {
        "growing": min(650 + 55 * age, 1400),
        "fading": max(1350 - 55 * age, 500),
        "seasonal": _SEASON_PER_MILLE[month.number - 1],
        "festival": _FESTIVAL_PER_MILLE.get(month.number, 900),
    }.get(shop.trend, 1000)
    noise = draw_between(era.seed, "shop", shop.number, str(month), "busy", low=920, high=1080)
    return level * noise // 1000


def orders_of(era: Era, size: Size, shop: Shop, month: Month) -> int:
    """Return how many orders a shop gets in a month; none before it is open."""
    if Month.of(shop.opened_on) > month:
        return 0
    busy = month_per_mille(era, shop, month)
    # Over all shops and months the groups' mean comes to the size's number of orders.
    shop_months_milli = size.shops * era.months * ORDERS_USUAL_MILLI
    orders_milli = size.orders * shop.orders_usual * busy * 1_000 // shop_months_milli
    lot = draw(era.seed, "shop", shop.number, str(month), "orders", below=1_000)
    orders = (orders_milli + lot) // 1_000
    return min(max(orders, 1), ORDERS_PER_SHOP_MONTH - 1)


def _sales_of(era: Era, shop: Shop, month: Month) -> int:
    busy = month_per_mille(era, shop, month)
    return shop.sales_fixed_fen.get(month, shop.sales_usual_fen * busy // 1000)


def _paid_at(month: Month, dice: Dice, counts: Ints) -> tuple[Ints, Flags]:
    """Draw the instants of payment, in order within each shop, and mark the festival's days."""
    days = [month.first_day + timedelta(days=index) for index in range(month.last_day.day)]
    festive = np.array([(day.month, day.day) in FESTIVALS for day in days])
    weekend = np.array([day.weekday() >= 5 for day in days])
    weights = np.cumsum(np.where(festive, 650, np.where(weekend, 118, 100)))
    day = np.searchsorted(weights, dice.below("day", int(weights[-1])), side="right")
    hour = np.searchsorted(_HOURS, dice.below("hour", int(_HOURS[-1])), side="right")
    milliseconds = hour * 3_600_000 + dice.below("instant", 3_600_000)
    since_start = day * US_PER_DAY + milliseconds * US_PER_MILLISECOND
    shop_row = np.repeat(np.arange(len(counts)), counts)
    since_start = since_start[np.lexsort((since_start, shop_row))]
    return day_start_us(month.first_day) + since_start, festive[since_start // US_PER_DAY]


def _amounts(dice: Dice, counts: Ints, sales_fen: Ints) -> Ints:
    """Split each shop's sales of the month over its orders, to the fen."""
    weights = dice.between("amount", 400, 1600)
    starts = np.cumsum(counts) - counts
    totals = np.add.reduceat(weights, starts)
    amounts = np.repeat(sales_fen, counts) * weights // np.repeat(totals, counts)
    amounts[starts + counts - 1] += sales_fen - np.add.reduceat(amounts, starts)
    return np.asarray(amounts)


def _suppliers(
    shops: list[Shop], providers: list[Provider], month: Month
) -> tuple[Ints, Ints, Ints]:
    """Return per shop three suppliers that trade in the month, their shares summed, how many."""
    trades = {each.number: each.trades_in(month) for each in providers}
    numbers = np.zeros((len(shops), 3), dtype=np.int64)
    limits = np.full((len(shops), 3), 1000, dtype=np.int64)
    for row, shop in enumerate(shops):
        upto = 0
        for rank, (number, share) in enumerate(shop.suppliers):
            numbers[row, rank] = number if trades[number] else shop.stand_in
            upto += share
            limits[row, rank] = upto
    return numbers, limits, np.array([len(shop.suppliers) for shop in shops], dtype=np.int64)


def _categories(shops: list[Shop], month: Month) -> tuple[Ints, Ints]:
    """Return per shop three categories that are open in the month, and their shares summed."""
    codes = np.zeros((len(shops), 3), dtype=np.int64)
    limits = np.full((len(shops), 3), 1000, dtype=np.int64)
    for row, shop in enumerate(shops):
        names = [name for name, opened in shop.categories if opened <= month.first_day]
        names = names or [shop.categories[0][0]]
        codes[row, : len(names)] = [CATEGORIES.index(name) for name in names]
        limits[row, : len(names) - 1] = [700, 850][: len(names) - 1]
    return codes, limits


def _picked(lot: Ints, limits: Ints) -> Ints:
    """Return the first column whose summed share lies above the lot, row by row."""
    return np.asarray((lot[:, np.newaxis] >= limits).sum(axis=1))


def _rows(era: Era, size: Size, month: Month, shops: list[Shop]) -> tuple[list[Shop], Ints]:
    counts = [orders_of(era, size, shop, month) for shop in shops]
    trading = [shop for shop, count in zip(shops, counts, strict=True) if count]
    return trading, np.array([count for count in counts if count], dtype=np.int64)


def lines_of(
    era: Era, size: Size, parties: tuple[list[Provider], list[Shop]], month: Month
) -> Lines:
    """Return the order lines of a month, in the order of shop, time and line."""
    providers, (trading, counts) = parties[0], _rows(era, size, month, parties[1])
    keys = [("orders", shop.number, str(month)) for shop in trading]
    dice = Dice.rolled(era.seed, keys, counts, _ORDER_DRAWS)
    row = np.repeat(np.arange(len(trading)), counts)
    paid_us, festival = _paid_at(month, dice, counts)
    sales_fen = np.array([_sales_of(era, shop, month) for shop in trading], dtype=np.int64)
    amount_fen = _amounts(dice, counts, sales_fen)
    suppliers, supplier_limits, supplier_count = _suppliers(trading, providers, month)
    rank = _picked(dice.below("supplier", 1000), supplier_limits[row])
    provider = suppliers[row, rank]
    other = suppliers[row, (rank + 1) % supplier_count[row]]
    second = dice.chance("second", _SECOND_LINE_PPM) & (other != provider)
    codes, code_limits = _categories(trading, month)
    category = codes[row, _picked(dice.below("category", 1000), code_limits[row])]
    second_fen = np.where(second, amount_fen * dice.between("share", 150, 350) // 1000, 0)
    numbers = np.array([shop.number for shop in trading], dtype=np.int64)
    running = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = numbers[row] * ORDERS_PER_SHOP_MONTH + running + 1
    # Every order's row once, and once more where it has a second line.
    at = np.repeat(np.arange(len(row)), 1 + second)
    is_second = np.zeros(len(at), dtype=np.bool_)
    is_second[1:] = at[1:] == at[:-1]
    return Lines(
        month=month,
        shop=numbers[row][at],
        order=order[at],
        line_no=1 + is_second.astype(np.int64),
        provider=np.where(is_second, other[at], provider[at]),
        category=category[at],
        paid_us=paid_us[at],
        festival=festival[at],
        amount_fen=np.where(is_second, second_fen[at], (amount_fen - second_fen)[at]),
        quantity=1 + (amount_fen[at] % 7 == 0).astype(np.int64),
    )

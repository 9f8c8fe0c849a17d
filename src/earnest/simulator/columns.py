"""From numbers to Arrow columns: ids, words and numbers, as the feed takes them."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from earnest.kernel.calendar import Month
from earnest.simulator.dice import Flags, Ints
from earnest.simulator.trade import ORDERS_PER_SHOP_MONTH

_SHOPS_MAX = 100_000
_ORDER_ROOM = _SHOPS_MAX * ORDERS_PER_SHOP_MONTH


def lettered(prefix: str, numbers: Ints) -> pa.Array:
    """Return ids: a prefix and a whole number."""
    digits = pc.cast(pa.array(numbers, pa.int64()), pa.string())
    return pc.binary_join_element_wise(prefix, digits, "")


def order_digits(month: Month, orders: Ints) -> Ints:
    """Return the digits of order ids: yyyymm, five for the shop, five for the running number."""
    return (month.year * 100 + month.number) * _ORDER_ROOM + orders


def order_ids(month: Month, orders: Ints) -> pa.Array:
    """Return order ids such as ``O2025080000100012``: the twelfth order of shop 1 in 2025-08."""
    return lettered("O", order_digits(month, orders))


def words(vocabulary: Sequence[str | None], codes: Ints) -> pa.Array:
    """Return the word of each code, as plain strings."""
    return pa.array(list(vocabulary), pa.string()).take(pa.array(codes, pa.int64()))


def word(text: str, rows: int) -> pa.Array:
    """Return one word in every row."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def whole(numbers: Ints) -> pa.Array:
    """Return whole numbers."""
    return pa.array(numbers, pa.int64())


def flags(values: Flags) -> pa.Array:
    """Return true and false."""
    return pa.array(values, pa.bool_())


def digit_texts(numbers: Ints) -> pa.Array:
    """Return whole numbers written as text, for keys such as a line number."""
    return pc.cast(whole(numbers), pa.string())

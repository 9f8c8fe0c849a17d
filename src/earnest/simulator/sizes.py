"""How big a simulated market is."""

from dataclasses import dataclass

from earnest.kernel.errors import BadInput

ORDERS_MIN = 1_000
ORDERS_MAX = 100_000_000


@dataclass(frozen=True)
class Size:
    """The number of parties, and about how many orders they trade over all months together."""

    name: str
    providers: int
    shops: int
    orders: int

    @classmethod
    def of_orders(cls, orders: int, name: str = "custom") -> "Size":
        """Return the size of a market with about so many orders, its parties grown in step.

        Raises:
            BadInput: when the number is outside what can be simulated sensibly.
        """
        if not ORDERS_MIN <= orders <= ORDERS_MAX:
            raise BadInput(
                "simulator_size",
                where="--size",
                zh=f"订单数须在 {ORDERS_MIN:,} 到 {ORDERS_MAX:,} 之间，现为 {orders:,}。",
                en=f"the number of orders must be {ORDERS_MIN:,} to {ORDERS_MAX:,}; "
                f"it is {orders:,}.",
            )
        return cls(name, max(8, orders // 3_300), max(30, orders // 500), orders)

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Read ``demo``, ``small``, ``large`` or a number of orders.

        Raises:
            BadInput: when the text is none of them.

        >>> Size.parse("small").shops, Size.parse("5000000").shops
        (30, 10000)
        """
        if text in SIZES:
            return SIZES[text]
        if text.replace("_", "").isdecimal():
            return cls.of_orders(int(text))
        raise BadInput(
            "simulator_size",
            where="--size",
            zh=f"不认识的规模“{text}”。请写 {'、'.join(SIZES)} 或订单数，如 5000000。",
            en=f"unknown size {text!r}; write {', '.join(SIZES)} or a number of orders "
            "such as 5000000.",
        )


SIZES = {
    "small": Size("small", providers=8, shops=30, orders=3_000),
    "demo": Size("demo", providers=60, shops=400, orders=200_000),
    "large": Size.of_orders(2_000_000, "large"),
}

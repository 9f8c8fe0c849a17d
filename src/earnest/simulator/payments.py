"""Money that comes in: deposits paid at the start, proceeds kept each month, and top-ups."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from earnest.kernel.calendar import US_PER_HOUR, Month, day_of, day_start_us, instant_of
from earnest.simulator.behaviours import Payer
from earnest.simulator.cast import Era, Provider, Shop
from earnest.simulator.dice import draw, draw_between
from earnest.simulator.fees import shop_fen
from earnest.simulator.parties import falls_in
from earnest.simulator.trade import Lines

PROCEEDS_KEPT_PER_MILLE = 120
"""Of a month's sales, what still lies in the shop's settlement account when it has withdrawn."""

_PAYS_FIRST_PERCENT = 75
_PAYMENT_RAILS = ("bank", "alipay_transfer")
_SCHEMA = pa.schema(
    [
        ("rail", pa.string()),
        ("rail_ref", pa.string()),
        ("phase", pa.string()),
        ("direction", pa.string()),
        ("amount_fen", pa.int64()),
        ("fee_fen", pa.int64()),
        ("obligation_ref", pa.string()),
        ("rail_occurred_us", pa.int64()),
        ("provider_id", pa.string()),
        ("shop_id", pa.string()),
    ]
)


@dataclass(frozen=True)
class Payment:
    """One payment that has arrived, and the account it is for."""

    rail: str
    rail_ref: str
    amount_fen: int
    account: str
    subject: tuple[str, str]
    at_us: int

    def as_row(self) -> dict[str, object]:
        """Return it as a row of the stream ``money_event``."""
        kind, subject = self.subject
        return {
            "rail": self.rail,
            "rail_ref": self.rail_ref,
            "phase": "succeeded",
            "direction": "in",
            "amount_fen": self.amount_fen,
            "fee_fen": 0,
            "obligation_ref": f"{self.account}:{kind}:{subject}",
            "rail_occurred_us": self.at_us,
            f"{kind}_id": subject,
        }


def money_events(payments: Iterable[Payment]) -> pa.Table:
    """Return payments as rows of the stream ``money_event``, in the order of time."""
    ordered = sorted(payments, key=lambda payment: (payment.at_us, payment.rail_ref))
    return pa.Table.from_pylist([payment.as_row() for payment in ordered], schema=_SCHEMA)


def rail_of(seed: int, kind: str, subject: str) -> str:
    """Return the rail on which a party always pays."""
    return _PAYMENT_RAILS[draw(seed, kind, subject, "rail", below=len(_PAYMENT_RAILS))]


def paid_at_us(seed: int, ref: str, day: date) -> int:
    """Return the instant of a payment made on a day, in office hours."""
    minutes = draw_between(seed, ref, "minute", low=9 * 60, high=18 * 60)
    return day_start_us(day) + minutes * (US_PER_HOUR // 60)


def _paid_in(era: Era, subject: tuple[str, str], day: date, amount: tuple[str, int]) -> Payment:
    ref = f"DEP-{subject[1]}-{amount[0]}"
    rail = rail_of(era.seed, *subject)
    return Payment(rail, ref, amount[1], "deposit", subject, paid_at_us(era.seed, ref, day))


def _added_categories(era: Era, shop: Shop) -> Iterable[Payment]:
    """Yield what a shop pays in before it adds a category with a higher standard."""
    subject = ("shop", shop.shop_id)
    opened: list[str] = []
    for category, opened_on in sorted(shop.categories, key=lambda each: each[1]):
        more_fen = shop_fen([*opened, category]) - shop_fen(opened)
        opened.append(category)
        pays = draw(era.seed, *subject, category, "pays first", below=100) < _PAYS_FIRST_PERCENT
        if opened_on > shop.opened_on and more_fen and pays:
            day = opened_on - timedelta(days=1)
            yield _paid_in(era, subject, day, (category, more_fen))


def deposits_of(
    era: Era, month: Month, providers: list[Provider], shops: list[Shop]
) -> Iterable[Payment]:
    """Yield the deposits paid in at the opening, and before categories are added in a month.

    A shop that never pays adds its categories without paying first, and some others do too.
    """
    for provider in providers:
        if falls_in(provider.admitted_on, month, era.first):
            subject = ("provider", provider.provider_id)
            yield _paid_in(era, subject, provider.admitted_on, ("1", provider.paid_in_fen))
    for shop in shops:
        if falls_in(shop.opened_on, month, era.first):
            subject = ("shop", shop.shop_id)
            yield _paid_in(era, subject, shop.opened_on, ("1", shop.paid_in_fen))
        if shop.payer is not Payer.NEVER:
            for payment in _added_categories(era, shop):
                if falls_in(day_of(instant_of(payment.at_us)), month, era.first):
                    yield payment


def proceeds_of(month: Month, lines: Lines, shops: list[Shop]) -> Iterable[Payment]:
    """Yield what each shop's sales of the month leave in its settlement account."""
    sales_fen = np.zeros(len(shops) + 1, dtype=np.int64)
    np.add.at(sales_fen, lines.shop, lines.amount_fen)
    at_us = day_start_us(month.plus(1).first_day) + 4 * US_PER_HOUR
    for shop in shops:
        kept_fen = int(sales_fen[shop.number]) * PROCEEDS_KEPT_PER_MILLE // 1000
        if kept_fen:
            ref = f"SET-{month}-{shop.shop_id}"
            subject = ("shop", shop.shop_id)
            yield Payment("platform_settlement", ref, kept_fen, "settlement", subject, at_us)

"""Who answers a shortage, when and how much."""

from datetime import date, timedelta

import pytest

from earnest.kernel.calendar import Month, day_of, instant_of
from earnest.kernel.errors import BadInput
from earnest.simulator import SIZES, Market, reactions, simulate
from earnest.simulator.behaviours import Payer

ON = date(2025, 9, 6)
MONTH = Month(2025, 8)


def _notice(kind: str, subject: str, shortfall_fen: int = 250_000) -> dict:
    return {"subject_kind": kind, "subject": subject, "shortfall_fen": shortfall_fen, "on": ON}


def _days(row: dict) -> int:
    return (day_of(instant_of(row["rail_occurred_us"])) - ON).days


def test_a_recovering_provider_pays_all_within_days(market: Market) -> None:
    """P0003 pays the whole shortage once, two to five days after the notice."""
    (row,) = reactions(market, MONTH, [_notice("provider", "P0003")]).to_pylist()
    assert (row["amount_fen"], row["direction"], row["phase"]) == (250_000, "in", "succeeded")
    assert row["obligation_ref"] == "deposit:provider:P0003"
    assert 2 <= _days(row) <= 5


def test_a_slow_payer_pays_in_two_parts(market: Market) -> None:
    """P0007 pays half, in whole yuan, after 12 to 16 days and the rest by day 20."""
    first, second = reactions(market, MONTH, [_notice("provider", "P0007", 333_333)]).to_pylist()
    assert first["amount_fen"] == 166_700
    assert first["amount_fen"] + second["amount_fen"] == 333_333
    assert 12 <= _days(first) <= 16 < _days(second) <= 20


def test_the_fraudulent_never_pays(market: Market) -> None:
    """P0008 answers no notice."""
    assert reactions(market, MONTH, [_notice("provider", "P0008")]).num_rows == 0


def test_the_declining_pays_the_first_time_only(market: Market) -> None:
    """P0002 pays after its first low month and not after the later ones."""
    paid = [
        reactions(market, month, [_notice("provider", "P0002")]).num_rows
        for month in (Month(2025, 8), Month(2025, 9), Month(2025, 10))
    ]
    assert paid == [2, 0, 0]


@pytest.mark.clause("S3-3.1c")
def test_the_shop_of_the_example_tops_up(market: Market) -> None:
    """S0001 pays the missing 20,000 within days."""
    (row,) = reactions(market, MONTH, [_notice("shop", "S0001", 2_000_000)]).to_pylist()
    assert (row["amount_fen"], row["obligation_ref"]) == (2_000_000, "deposit:shop:S0001")


def test_the_same_notices_give_the_same_rows(market: Market) -> None:
    """A second run adds nothing: rows and references are the same, and each reference is single."""
    notices = [_notice("shop", shop.shop_id, 100_000 + shop.number) for shop in market.shops]
    once = reactions(market, MONTH, notices)
    again = reactions(simulate(20250719, SIZES["small"]), MONTH, list(reversed(notices)))
    assert once.equals(again)
    refs = once["rail_ref"].to_pylist()
    assert len(set(refs)) == len(refs)


def test_a_later_shortage_of_the_same_amount_is_paid_anew(market: Market) -> None:
    """A notice of another day leads to a payment of its own."""
    later = {**_notice("provider", "P0003"), "on": ON + timedelta(days=30)}
    table = reactions(market, MONTH, [_notice("provider", "P0003"), later])
    assert len(set(table["rail_ref"].to_pylist())) == 2


def test_shops_pay_in_all_three_ways() -> None:
    """The demo has fast, slow and never paying shops."""
    payers = [shop.payer for shop in simulate(20250719, SIZES["demo"]).shops]
    assert {payer: payers.count(payer) > 10 for payer in Payer} == dict.fromkeys(Payer, True)


def test_nothing_missing_nothing_paid(market: Market) -> None:
    """A shortfall of zero leads to no payment."""
    assert reactions(market, MONTH, [_notice("shop", "S0001", 0)]).num_rows == 0


def test_an_unknown_subject_is_refused(market: Market) -> None:
    """A notice to somebody who is not in the market is bad input, with the place named."""
    with pytest.raises(BadInput, match="shop S9999"):
        reactions(market, MONTH, [_notice("shop", "S9999")])

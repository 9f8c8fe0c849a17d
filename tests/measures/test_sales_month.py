"""A month's sales over hand-made orders and daily sums."""

from datetime import date
from pathlib import Path

import pytest

from tests.measures.asking import Asked
from tests.measures.scene import Scene, instant

pytestmark = pytest.mark.clause("S3-3.1a")


def test_orders_are_summed_by_the_shanghai_month_and_split_by_category(tmp_path: Path) -> None:
    """An amount has denominator one; an order of two providers is one order."""
    scene = Scene()
    scene.order("O1", "2025-08-01 00:00:00", lines=(("P1", "C1", 500), ("P2", "C2", 700)))
    scene.order("O2", "2025-08-31 23:59:59.6", lines=(("P1", "C1", 50),))
    scene.order("O3", "2025-09-01 00:00:00")
    scene.order("O4", "2025-07-31 23:59:59.999999")
    asked = Asked(scene, tmp_path)
    [figure] = asked.figures("sales_month", "shop")
    assert (figure.numerator, figure.denominator, figure.sample) == (1250, 1, 2)
    assert figure.dimensions == {"category_id": {"C1": 550, "C2": 700}}
    assert asked.counts("sales_month", "category") == {"C1": (550, 1, 2, 0), "C2": (700, 1, 1, 0)}
    assert asked.counts("sales_month", "all") == {"all": (1250, 1, 2, 0)}


def test_the_sources_daily_sums_take_the_place_of_a_shops_orders(tmp_path: Path) -> None:
    """Where the source gives any sum for the shop and month, orders are not added to it."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00", shop="S1")
    scene.order("O2", "2025-08-05 10:00:00", shop="S2")
    scene.order("O3", "2025-07-05 10:00:00", shop="S1")
    scene.sales(date(2025, 8, 1), "S1", "C1", 300_00)
    scene.sales(date(2025, 8, 31), "S1", "C2", 250_00, orders=3)
    scene.sales(date(2025, 8, 31), "S1", "C2", 999_00, basis="net")
    scene.sales(date(2025, 9, 1), "S1", "C1", 999_00)
    asked = Asked(scene, tmp_path)
    assert asked.counts("sales_month", "shop") == {"S1": (550_00, 1, 4, 0), "S2": (1000, 1, 1, 0)}
    window = (date(2025, 7, 1), date(2025, 8, 31))
    both = asked.counts("sales_month", "shop", window=window)
    assert both["S1"] == (560_00, 1, 5, 0)


def test_a_corrected_sum_is_replaced_and_a_later_one_not_yet_known(tmp_path: Path) -> None:
    """The latest sum known at the as-of instant counts."""
    scene = Scene()
    wrong = scene.sales(date(2025, 8, 1), "S1", "C1", 100)
    scene.correct("sales_fact", wrong, gross_fen=200)
    scene.sales(date(2025, 8, 2), "S1", "C1", 30, as_of_recorded_us="2025-08-03 00:00:00")
    scene.sales(date(2025, 8, 2), "S1", "C1", 50, as_of_recorded_us="2025-09-03 00:00:00")
    asked = Asked(scene, tmp_path)
    early = asked.counts("sales_month", "shop", as_of=instant("2025-09-02 00:00:00"))
    assert early == {"S1": (230, 1, 2, 0)}
    assert asked.counts("sales_month", "shop") == {"S1": (250, 1, 2, 0)}


def test_an_order_without_lines_counts_with_what_was_paid(tmp_path: Path) -> None:
    """It has no provider and no category, and is in the shop's sales all the same."""
    scene = Scene()
    order = scene.order("O1", "2025-08-05 10:00:00", lines=())
    order["amount_paid_fen"] = 4200
    asked = Asked(scene, tmp_path)
    assert asked.counts("sales_month", "shop") == {"S1": (4200, 1, 1, 0)}
    assert asked.counts("sales_month", "category") == {}
    assert asked.counts("shipping48h", "provider") == {}
    assert asked.counts("shipping48h", "shop") == {"S1": (0, 1, 1, 0)}

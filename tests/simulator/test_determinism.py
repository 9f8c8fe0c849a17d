"""The same seed gives the same market, everywhere and however it is asked for."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from earnest.kernel.calendar import Month
from earnest.simulator import SIZES, Market, Size, simulate
from earnest.simulator.dice import Dice, by_quota, draw, evenly
from tests.simulator.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parents[2]


def _in_a_process(seed: int, hash_seed: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "tests.simulator.fingerprint", str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_two_processes_agree_to_the_byte(market: Market) -> None:
    """Processes with other hash seeds give the same tables as this one."""
    here = fingerprint(market)
    assert [_in_a_process(20250719, hash_seed) for hash_seed in ("1", "4242")] == [here, here]


def test_another_seed_gives_another_market(market: Market) -> None:
    """The seed matters."""
    assert fingerprint(simulate(1, SIZES["small"])) != fingerprint(market)


def test_a_month_does_not_hang_on_the_ones_before(market: Market) -> None:
    """A month asked for by itself is the month that stands in the row of months."""
    alone = simulate(20250719, SIZES["small"]).month_tables(Month(2025, 11))
    assert alone == dict(list(market)[10][1])


def test_more_shops_change_nothing_for_those_that_were_there() -> None:
    """A shop's orders hang on the seed and the shop, not on how many others there are."""
    few = simulate(5, Size("few", providers=8, shops=20, orders=2_000))
    many = simulate(5, Size("many", providers=8, shops=40, orders=4_000))
    first_shops = pa.array([shop.shop_id for shop in few.shops])
    for stream in ("order_event", "order_line"):
        ours, all_of_them = (each.month_tables(Month(2025, 6))[stream] for each in (few, many))
        kept = all_of_them.filter(pa.compute.is_in(all_of_them["shop_id"], first_shops))
        assert kept.to_pylist() == ours.to_pylist()


def test_a_row_of_dice_is_the_same_however_many_follow() -> None:
    """The first rolls of an entity do not change when it rolls more often."""
    few = Dice.rolled(3, [("a",), ("b",)], np.array([2, 1]), ["x", "y"])
    many = Dice.rolled(3, [("a",), ("b",)], np.array([9, 4]), ["x", "y"])
    assert few.below("y", 1000).tolist() == many.below("y", 1000)[[0, 1, 9]].tolist()


def test_draws_stay_in_their_range() -> None:
    """A draw lies in [0, bound), and both ends come up."""
    drawn = {draw(1, "coin", index, below=2) for index in range(50)}
    dice = Dice.rolled(1, [("d",)], np.array([500]), ["x"])
    rolled = set(dice.between("x", 1, 6).tolist())
    assert (drawn, rolled) == ({0, 1}, {1, 2, 3, 4, 5, 6})


@pytest.mark.parametrize(("rows", "ppm", "marked"), [(100, 30_000, 3), (99, 30_000, 2), (10, 0, 0)])
def test_a_quota_is_met_to_within_one_row(rows: int, ppm: int, marked: int) -> None:
    """Of n rows at a rate r, exactly n x r rounded down are marked, group by group."""
    groups = np.repeat(np.array([1, 2]), rows)
    at = np.tile(np.arange(rows)[::-1], 2)
    marks = by_quota(groups, at, np.full(2 * rows, ppm))
    assert [int(marks[groups == group].sum()) for group in (1, 2)] == [marked, marked]


def test_even_marks_stand_in_the_middle_and_below_the_most() -> None:
    """Two marks of eight rows stand at a quarter and three quarters; the most is never passed."""
    eight = np.zeros(8, dtype=np.int64)
    at = np.arange(8)
    marks = evenly(eight, at, np.full(8, 250_000), np.full(8, 250_000))
    capped = evenly(eight, at, np.full(8, 120_000), np.full(8, 120_000))
    assert np.flatnonzero(marks).tolist() == [1, 5]
    assert not capped.any()

"""Order facts and after-sales facts: one row each, the same however the days are taken."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from earnest.feed import order_facts
from earnest.feed.order_facts import FACTS, facts_made
from tests.measures.made_up import made_up
from tests.measures.scene import Scene, us


def _facts(scene: Scene, folder: Path, fact: str = "order_facts") -> list[dict[str, Any]]:
    files = scene.files(folder)[fact]
    return [row for path in files for row in pq.read_table(path).to_pylist()]


def test_there_is_a_row_for_each_provider_of_an_order(tmp_path: Path) -> None:
    """Providers are numbered by first line; amounts are split; the dearest line's category."""
    scene = Scene()
    lines = (("P2", "C1", 300), ("P1", "C2", 200), ("P2", "C3", 500), ("P2", "C4", 500))
    scene.order("O1", "2025-08-31 23:59:59.6", lines=lines)
    scene.closed("O1", "2025-09-02 00:00:00")
    rows = _facts(scene, tmp_path)
    told = ("provider_id", "provider_ord", "provider_count", "category_id", "amount_fen")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("P2", 0, 2, "C3", 1300),
        ("P1", 1, 2, "C2", 200),
    ]
    assert {row["paid_day"] for row in rows} == {20250831}
    assert {row["closed_us"] for row in rows} == {us("2025-09-02 00:00:00")}
    assert list(rows[0]) == list(FACTS["order_facts"].columns)


def test_the_newest_version_of_a_line_counts(tmp_path: Path) -> None:
    """Version 10 comes after version 9."""
    scene = Scene()
    scene.order("O1", "2025-08-05 10:00:00", lines=())
    for version, provider, fen in (("10", "P10", 10), ("9", "P9", 9), ("", "P0", 0)):
        scene.add(
            "order_line",
            order_id="O1",
            line_no="1",
            version=version,
            provider_id=provider,
            line_paid_fen=fen,
        )
    [row] = _facts(scene, tmp_path)
    assert (row["provider_id"], row["amount_fen"], row["category_id"]) == ("P10", 10, "")


def test_an_unpriced_line_takes_the_orders_amount(tmp_path: Path) -> None:
    """What was paid for the order stands in where its only provider's lines have no price."""
    scene = Scene()
    order = scene.order("O1", "2025-08-05 10:00:00", lines=())
    order["amount_paid_fen"] = 700
    scene.add("order_line", order_id="O1", line_no="1", provider_id="P1")
    [row] = _facts(scene, tmp_path)
    assert row["amount_fen"] == 700


@pytest.mark.clause("S0-2.1-ship48-def")
def test_a_waybill_of_two_orders_serves_both(tmp_path: Path) -> None:
    """One parcel may carry two orders, even of different storage days."""
    scene = Scene()
    scene.order("O1", "2025-08-05 23:59:59")
    scene.order("O2", "2025-08-06 00:00:00")
    scene.parcel("O1", "W1")
    scene.parcel("O2", "W1", ("picked_up", "2025-08-06 09:00:00"))
    assert [row["picked_us"] for row in _facts(scene, tmp_path)] == [us("2025-08-06 09:00:00")] * 2


def test_a_retracted_order_leaves_no_row(tmp_path: Path) -> None:
    """An order whose every event was taken back did not happen; nor did its request."""
    scene = Scene()
    scene.retract("order_event", scene.order("O1", "2025-08-05 10:00:00"))
    scene.order("O2", "2025-08-05 10:00:00")
    wrong = scene.aftersale("A1", "O2", "applied", "2025-08-06 10:00:00")
    scene.retract("aftersale_event", wrong)
    assert [row["order_id"] for row in _facts(scene, tmp_path / "1")] == ["O2"]
    assert _facts(scene, tmp_path / "2", "aftersale_facts") == []


def test_the_facts_do_not_depend_on_how_days_are_taken_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All days at once, in small chunks, or one by one: the same rows, so a repeat is harmless."""
    files = made_up(11, 60).files(tmp_path)
    days = sorted({int(path.parent.name) for path in files["order_event"]})
    at_once = [(fact, day, table.to_pylist()) for fact, day, table in facts_made(days, files)]
    one_by_one = [
        (fact, day, table.to_pylist())
        for only in days
        for fact, day, table in facts_made([only], files)
    ]
    monkeypatch.setattr(order_facts, "_CHUNK_BYTES", 40_000)
    chunked = [(fact, day, table.to_pylist()) for fact, day, table in facts_made(days, files)]
    assert sorted(at_once, key=lambda part: part[:2]) == sorted(
        one_by_one, key=lambda part: part[:2]
    )
    assert sorted(at_once, key=lambda part: part[:2]) == sorted(chunked, key=lambda part: part[:2])


def test_days_without_events_have_no_facts() -> None:
    """An empty day is no error."""
    assert list(facts_made([20250801], {})) == []

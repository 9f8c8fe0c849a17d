"""The same event is taken once, whatever way and form it comes in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earnest.feed.commands import events_take
from earnest.feed.queries import event_files
from earnest.kernel.ids import event_id
from tests.feed.conftest import NOW, SOURCE, TENANT, Take

LINE = {
    "order_id": "A/1",
    "line_no": "1",
    "provider_id": "P%",
    "line_paid_fen": 100,
    "occurred_at": "2025-08-01T10:00:00+08:00",
}


def stored(stream: str) -> list[dict[str, Any]]:
    """Return the stored rows of a stream."""
    files = event_files(TENANT, stream)
    rows = duckdb.read_parquet(files).order("dedupe_key").to_arrow_table()
    return list(rows.to_pylist())


def test_the_event_id_is_that_of_the_kernel(take: Take) -> None:
    """The id follows from source and key alone; slashes within a key part are written out."""
    take("order_line", LINE)
    (row,) = stored("order_line")
    assert row["dedupe_key"] == "order_line/A%2F1/1/"
    assert row["event_id"] == str(event_id(SOURCE, row["dedupe_key"]))
    assert (row["subject"], row["type"]) == ("order/A/1", "earnest.order_line.v1")
    assert (row["tenant_id"], row["source"]) == (TENANT, SOURCE)


def test_text_numbers_and_arrow_are_the_same_event(take: Take) -> None:
    """A CSV's text, JSON's numbers and Parquet's types hash to the same content."""
    take("order_line", LINE)
    as_text = {**LINE, "line_paid_fen": "100", "occurred_at": "2025-08-01 02:00Z"}
    assert take("order_line", as_text).duplicate == 1
    typed = pa.table(
        {
            "order_id": ["A/1"],
            "line_no": [1],
            "provider_id": ["P%"],
            "line_paid_fen": pa.array([100], pa.uint64()),
            "occurred_us": [1754013600000000],
        }
    )
    given = {"source": SOURCE, "now": NOW + timedelta(days=1), "origin": "elsewhere"}
    assert events_take(TENANT, "order_line", typed, **given).duplicate == 1


def test_other_content_under_the_same_key_is_a_conflict(take: Take) -> None:
    """The first to come stands; the other is rejected and kept, within a batch and across."""
    both = take("order_line", LINE, {**LINE, "qty": 2}, LINE)
    assert (both.accepted, both.duplicate, both.duplicate_rows) == (1, 1, (3,))
    assert [(each.row, each.code) for each in both.rejected] == [(2, "duplicate_other_content")]
    later = take("order_line", {**LINE, "qty": 2})
    assert [each.code for each in later.rejected] == ["duplicate_other_content"]
    other_source = take("order_line", {**LINE, "qty": 2}, source="urn:earnest:src:test:2")
    assert other_source.accepted == 1


def test_arrival_is_no_part_of_the_content(take: Take) -> None:
    """When and through which hand an event came does not make it another one."""
    take("order_line", {**LINE, "observed_at": "2025-08-02T00:00:00Z"})
    again = take("order_line", {**LINE, "observed_at": "2025-08-03T00:00:00Z"})
    assert again.duplicate == 1


def test_a_correction_stands_beside_what_it_corrects(take: Take) -> None:
    """Nothing is overwritten: a correction is an event of its own and is itself taken once."""
    take("order_line", LINE)
    (first,) = stored("order_line")
    correction = {
        **LINE,
        "qty": 2,
        "kind": "correction",
        "corrects_event_id": first["event_id"],
        "reason": "incorrect_data",
    }
    assert take("order_line", correction).accepted == 1
    assert take("order_line", correction).duplicate == 1
    assert [row["kind"] for row in stored("order_line")] == ["observation", "correction"]


def test_keys_without_time_are_unique_over_all_days(take: Take) -> None:
    """A survey answer moved to another day is the same answer with other content."""
    answer = {
        "campaign_id": "C",
        "respondent_id": "R",
        "provider_id": "P",
        "dimension": "overall",
        "score": 6.9,
        "answered_at": "2025-08-01T10:00:00Z",
    }
    assert take("survey_answer", answer).accepted == 1
    moved = take("survey_answer", {**answer, "answered_at": "2025-08-09T10:00:00Z"})
    assert [each.code for each in moved.rejected] == ["duplicate_other_content"]
    assert stored("survey_answer")[0]["score_tenths"] == 69


def test_files_hold_plain_types(take: Take) -> None:
    """Plain strings, whole numbers and no Arrow schema inside, so that any engine reads them."""
    take(
        "order_event",
        {
            "order_id": "A1",
            "state": "paid",
            "paid_at": datetime(2025, 8, 1, 16, tzinfo=UTC).isoformat(),
            "hold_codes": [1, 2],
            "presale": False,
        },
    )
    (path,) = event_files(TENANT, "order_event")
    assert "/order_event/20250802/" in path  # 16:00 UTC is the next day in Shanghai
    metadata = pq.read_metadata(path).metadata or {}
    described = duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
    types = {name: kind for name, kind, *_ in described}
    assert set(types.values()) == {"VARCHAR", "BIGINT", "BOOLEAN", "BIGINT[]"}
    assert types["paid_us"] == "BIGINT"
    assert b"ARROW:schema" not in metadata


def test_a_request_cannot_change_its_order(take: Take) -> None:
    """The key of a request is its own id: with another order it is the same event, changed."""
    applied = {
        "aftersale_id": "R1",
        "order_id": "A1",
        "action": "applied",
        "applied_at": "2025-08-02T10:00:00Z",
    }
    take(
        "order_event",
        {"order_id": "A1", "state": "paid", "paid_at": "2025-08-01T10:00:00Z"},
        {"order_id": "A2", "state": "paid", "paid_at": "2025-08-05T10:00:00Z"},
    )
    assert take("aftersale_event", applied).accepted == 1
    moved = take("aftersale_event", {**applied, "order_id": "A2"})
    assert [each.code for each in moved.rejected] == ["duplicate_other_content"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    "text", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_arrow_form_of_text_and_time_is_the_same(
    take: Take, unit: str, text: pa.DataType
) -> None:
    """Resolution, zone and encoding of a typed column do not change the event."""
    take("order_line", LINE)
    local = pa.array([1754013600000000], pa.timestamp("us", "Asia/Shanghai"))
    typed = pa.table(
        {
            "order_id": pa.array(["A/1"]).cast(text),
            "line_no": pa.array(["1"]).cast(text),
            "provider_id": pa.array([" P% "]),
            "line_paid_fen": pa.array([Decimal("100")]),
            "occurred_at": local.cast(pa.timestamp(unit, "Asia/Shanghai")),
            "qty": pa.nulls(1),
        }
    )
    given = {"source": SOURCE, "now": NOW, "origin": "typed"}
    intake = events_take(TENANT, "order_line", typed, **given)
    assert (intake.duplicate, intake.rejected) == (1, [])

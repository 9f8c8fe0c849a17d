"""Files in: what can be read goes in, what cannot is listed by line; twice adds nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earnest.feed import files
from earnest.feed.files import ImportReport, feed_import, stream_of_name
from earnest.feed.lines import LINE_BYTES_MAX, csv_cells, json_row
from earnest.feed.queries import rejections, stream_status
from earnest.kernel.errors import BadInput
from tests.feed.conftest import NOW, SOURCE, TENANT

Import = Callable[..., ImportReport]


@pytest.fixture
def take_file(db: None, tmp_path: Path) -> Import:
    """Write a file and import it."""

    def taken(name: str, content: str | bytes, **more: Any) -> ImportReport:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return feed_import(TENANT, path, source=SOURCE, now=NOW, **more)

    return taken


def paid(order_id: str, **more: Any) -> dict[str, Any]:
    """Return a paid order."""
    row = {"order_id": order_id, "state": "paid", "paid_at": "2025-08-01T10:00:00+08:00"}
    return {**row, **more}


def told(report: ImportReport) -> list[tuple[int, str, str]]:
    """Return the rejections as (row, field, code)."""
    return [(each.row, each.field, each.code) for each in report.rejections]


def test_ndjson_broken_lines_cost_one_line_each(take_file: Import) -> None:
    """Bad JSON, no object, bad UTF-8, NaN, deep nesting and bad rows are listed by line number."""
    lines = [
        json.dumps(paid("A1")).encode(),
        b'{"order_id": "A2", ',
        b"",
        b"[1, 2]",
        '{"order_id": "订单"}'.encode("gbk"),
        b'{"order_id": "A3", "amount_paid_fen": NaN}',
        b"[" * 100_000,
        json.dumps(paid("A4", amount_paid_fen=1.5)).encode(),
        json.dumps(paid("A5", supply_ref=1.50)).encode(),
    ]
    report = take_file("order_event.ndjson", b"\xef\xbb\xbf" + b"\r\n".join(lines))
    assert report.totals["order_event"].accepted == 2
    assert told(report) == [
        (2, "", "broken_line"),
        (4, "", "broken_line"),
        (5, "", "broken_line"),
        (6, "", "broken_line"),
        (7, "", "broken_line"),
        (8, "amount_paid_fen", "wrong_type"),
    ]
    assert "gb18030" in report.rejections[2].en
    assert [each.original for each in rejections(TENANT)][:1] == ['{"order_id": "A2", ']


def test_csv_broken_lines_cost_one_line_each(take_file: Import) -> None:
    """Column counts and quotes are judged line by line; the heading is line 1."""
    text = (
        "order_id,state,paid_at,supply_ref\n"
        'A1,paid,2025-08-01T10:00:00+08:00,"x, y"\n'
        "A2,paid\n"
        'A3,paid,2025-08-01T10:00:00+08:00,"x\n'
        "A4,paid,2025-08-01T10:00:00,\n"
        "\n"
        "A5,paid,2025-08-01T10:00:00+08:00,\n"
    )
    report = take_file("order_event-2025-08.csv", text)
    assert report.totals["order_event"].accepted == 2
    assert told(report) == [
        (3, "", "broken_line"),
        (4, "", "broken_line"),
        (5, "paid_at", "time_without_zone"),
    ]
    assert "2 columns where the heading has 4" in report.rejections[0].en


def test_importing_again_adds_nothing(take_file: Import) -> None:
    """The second run finds every row a duplicate and every fault known."""
    text = "\n".join([json.dumps(paid("A1")), "{", json.dumps(paid("A2", state="?"))])
    first, again = (take_file("order_event.ndjson", text) for _ in range(2))
    assert (first.totals["order_event"].accepted, first.totals["order_event"].known) == (1, 0)
    total = again.totals["order_event"]
    assert (total.accepted, total.duplicate, total.rejected, total.known) == (0, 1, 2, 2)
    assert len(rejections(TENANT)) == 2


def test_each_row_may_name_its_stream(take_file: Import) -> None:
    """Mixed rows go to the streams of their types; a row without one is listed."""
    request = {
        "type": "earnest.aftersale_event.v1",
        "aftersale_id": "R1",
        "order_id": "A1",
        "action": "applied",
        "applied_at": "2025-08-02T10:00:00Z",
    }
    rows = [paid("A1", type="earnest.order_event"), request, paid("A2"), paid("A3", type="x.y")]
    report = take_file("mixed.jsonl", "\n".join(map(json.dumps, rows)))
    assert report.totals["order_event"].accepted == 1
    assert report.totals["aftersale_event"].accepted == 1
    assert told(report) == [(3, "type", "no_stream"), (4, "type", "no_stream")]
    assert report.rejected == 2


def test_the_same_events_from_any_kind_of_file(take_file: Import, tmp_path: Path) -> None:
    """CSV, NDJSON and Parquet of the same events are the same events."""
    heading = "order_id,state,paid_at,amount_paid_fen\n"
    take_file("order_event.csv", heading + "A1,paid,2025-08-01T10:00:00+08:00,5\n")
    again = take_file("x.ndjson", json.dumps(paid("A1", amount_paid_fen=5)), stream="order_event")
    assert again.totals["order_event"].duplicate == 1
    path = tmp_path / "order_event.parquet"
    columns = {"order_id": ["A1", "A2"], "state": ["paid", "paid"], "amount_paid_fen": [5, 6]}
    pq.write_table(pa.table({**columns, "paid_us": [1754013600000000] * 2}), path)
    report = feed_import(TENANT, path, source=SOURCE, now=NOW)
    total = report.totals["order_event"]
    assert (total.accepted, total.duplicate) == (1, 1)


def test_gbk_files_are_read_when_told(take_file: Import) -> None:
    """With its encoding named, a GBK file is as good as any."""
    text = "shop_id,action,at,name\nS1,opened,2025-01-01T00:00:00+08:00,诚实小店\n"
    report = take_file("shop_event.csv", text.encode("gb18030"), encoding="gb18030")
    assert report.totals["shop_event"].accepted == 1


def test_large_files_go_in_by_parts(take_file: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts keep row numbers, progress is told, and memory does not grow with the file."""
    monkeypatch.setattr(files, "CHUNK_ROWS", 3)
    rows = [json.dumps(paid(f"A{n}")) for n in range(7)]
    rows[5] = "?"
    seen: list[tuple[int, int]] = []
    report = take_file("order_event.ndjson", "\n".join(rows), progress=lambda *at: seen.append(at))
    assert report.totals["order_event"].accepted == 6
    assert told(report) == [(6, "", "broken_line")]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) == 3
    assert seen[-1][0] == seen[-1][1]


def test_an_endless_line_is_one_broken_line(take_file: Import) -> None:
    """A line beyond the limit is skipped without being held in memory."""
    text = b"x" * (LINE_BYTES_MAX + 10) + b"\n" + json.dumps(paid("A1")).encode()
    report = take_file("order_event.ndjson", text)
    assert told(report) == [(1, "", "broken_line")]
    assert report.totals["order_event"].accepted == 1


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("order_event.txt", "x", "unknown_file_kind"),
        ("order_event.parquet", "not parquet", "unreadable_file"),
        ("order_event.csv", "a,,b\n1,2,3\n", "bad_heading"),
        ("order_event.csv", "a,a\n1,2\n", "bad_heading"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    take_file: Import, name: str, content: str, code: str
) -> None:
    """Wrong use is told at once and nothing goes in."""
    with pytest.raises(BadInput, match=code):
        take_file(name, content)
    assert all(each.events == 0 for each in stream_status(TENANT))


def test_what_the_database_cannot_hold_is_kept_written_out(take_file: Import) -> None:
    """A NUL or half a surrogate pair, in a value or a field's name, costs its row and no more."""
    lines = [
        json.dumps(paid("A1")),
        json.dumps(paid("A2\x00")),
        json.dumps(paid("A3", **{"no\x00te": 1})),
        json.dumps(paid("A4", supply_ref="\ud800")),
    ]
    report = take_file("order_event.ndjson", "\n".join(lines))
    assert report.totals["order_event"].accepted == 1
    assert told(report) == [
        (2, "order_id", "wrong_type"),
        (3, "no\\u0000te", "unknown_field"),
        (4, "supply_ref", "wrong_type"),
    ]
    assert len(rejections(TENANT)) == 3


def test_a_folder_is_taken_file_by_file(take_file: Import, tmp_path: Path) -> None:
    """The files of a folder go in, others are left, and a folder without any is refused."""
    inner = tmp_path / "month" / "1"
    inner.mkdir(parents=True)
    with pytest.raises(BadInput, match="no_files"):
        feed_import(TENANT, inner.parent, source=SOURCE, now=NOW)
    (inner / "order_event.ndjson").write_text(json.dumps(paid("A1")))
    (inner.parent / "order_event-2.csv").write_text(
        "order_id,state,paid_at\nA2,paid,2025-08-01T10:00:00+08:00\n"
    )
    (inner / "notes.txt").write_text("not ours")
    report = feed_import(TENANT, inner.parent, source=SOURCE, now=NOW)
    assert report.totals["order_event"].accepted == 2


def test_unknown_encodings_and_missing_files_are_refused(tmp_path: Path) -> None:
    """Before anything is read."""
    given: dict[str, Any] = {"source": SOURCE, "now": NOW}
    with pytest.raises(BadInput, match="unreadable_file"):
        feed_import(TENANT, tmp_path / "none.csv", **given)
    (tmp_path / "order_event.csv").write_text("order_id\n")
    with pytest.raises(BadInput, match="unknown_encoding"):
        feed_import(TENANT, tmp_path / "order_event.csv", encoding="klingon", **given)


def test_names_tell_the_stream() -> None:
    """What stands before the first dash or dot is the stream, if there is one of that name."""
    assert stream_of_name(Path("parcel_trace-2025.csv")) == "parcel_trace"
    assert stream_of_name(Path("orders.csv")) is None


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    """Decimals of JSON stay text: no amount or score passes through a float."""
    assert json_row('{"a": 6.90, "b": 1, "c": 1e400}') == {"a": "6.90", "b": 1, "c": "1e400"}
    assert csv_cells('a,"b ""c""",') == ["a", 'b "c"', ""]

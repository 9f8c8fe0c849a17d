"""The streams' schema holds together, and the page for integrators says what the program does."""

from pathlib import Path

from earnest.feed.faults import FAULT_CODES, fault_texts
from earnest.feed.reference import column_rows, reference_markdown
from earnest.feed.schema import ENVELOPE_COMPUTED, Kind
from earnest.feed.streams import ORDER_STREAMS, STREAMS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"


def test_the_page_matches_the_program() -> None:
    """``earnest feed streams --markdown`` printed what stands in docs/events.md."""
    assert reference_markdown() in PAGE.read_text(encoding="utf-8")


def test_the_page_lists_every_reason_to_reject() -> None:
    """Each code that a row can be rejected with is explained."""
    page = PAGE.read_text(encoding="utf-8")
    reasons = page.split("## Why a row is rejected")[1].split("## Streams")[0]
    listed = [line for line in reasons.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in listed] == list(FAULT_CODES)
    for code, line in zip(FAULT_CODES, listed, strict=True):
        zh, en = fault_texts(code, "*field*", "…")
        assert zh in line
        assert en[1:] in line


def test_every_stream_holds_together() -> None:
    """Names are unique, keys exist, subjects and times are columns, texts are in both languages."""
    computed = {column.stored for column in ENVELOPE_COMPUTED}
    for stream in STREAMS.values():
        stored = [column.stored for column in stream.stored_columns]
        assert len(stored) == len(set(stored)), stream.name
        assert not computed & {column.stored for column in stream.given}
        assert stream.dedupe_key
        assert all(stream.column(name) for name in stream.subject[1:])
        assert set(stream.required) >= {c.name for c in stream.columns if c.name in stream.subject}
        assert stream.zh
        assert stream.en
        if stream.time_from:
            assert stream.column(stream.time_from).kind in {Kind.INSTANT, Kind.DAY}
    assert ORDER_STREAMS == (
        "order_event",
        "order_line",
        "parcel",
        "parcel_trace",
        "aftersale_event",
    )
    assert len(column_rows()) > 300

"""A publication is seen as a whole or not at all; files stay few; crashes leave only litter."""

import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from earnest.feed.arrival import Intake
from earnest.feed.commands import batches_take, events_take, files_sweep
from earnest.feed.manifest import days_changed, number_last
from earnest.feed.publication import FILES_PER_DAY_MAX
from earnest.feed.queries import (
    completeness,
    event_files,
    live_files,
    order_fact_files,
    stream_status,
)
from earnest.feed.store import SYNC_FILES_MAX
from tests.feed.conftest import NOW, SOURCE, TENANT, Take


class Crash(Exception):
    """The process ends here."""


def paid(number: int, day: int = 1) -> dict[str, Any]:
    """Return a paid order."""
    at = f"2025-08-{day:02d}T10:00:00+08:00"
    return {"order_id": f"A{number}", "state": "paid", "paid_at": at, "shop_id": "S1"}


def on_disk(home: Path) -> list[Path]:
    """Return all files of events on the disk."""
    return sorted(home.rglob("*.parquet"))


def test_a_crash_before_the_end_leaves_nothing_but_litter(take: Take, feed_home: Path) -> None:
    """Files of an unfinished publication are never seen, are swept, and the batch comes again."""

    @transaction.atomic
    def interrupted() -> None:
        take("order_event", paid(1))
        raise Crash

    with pytest.raises(Crash):
        interrupted()
    assert on_disk(feed_home)
    assert event_files(TENANT, "order_event") == order_fact_files(TENANT) == []
    assert files_sweep(TENANT) > 0
    assert on_disk(feed_home) == []
    assert take("order_event", paid(1)).accepted == 1
    assert files_sweep(TENANT) == 0


def test_many_small_batches_do_not_make_many_files(take: Take) -> None:
    """A day that would get a ninth file is written as one, and no event is lost or doubled."""
    for number in range(FILES_PER_DAY_MAX + 2):
        take("order_event", paid(number))
    assert len(event_files(TENANT, "order_event")) == 2
    assert sum(each.rows for each in live_files(TENANT, "order_event")) == FILES_PER_DAY_MAX + 2
    (status,) = [each for each in stream_status(TENANT) if each.stream == "order_event"]
    assert (status.events, status.days, status.files) == (FILES_PER_DAY_MAX + 2, 1, 2)


def test_replaced_files_stay_until_they_are_swept(take: Take, feed_home: Path) -> None:
    """A reader that holds an old list may finish; later the files go with their lines."""
    take("order_event", paid(1))
    old = order_fact_files(TENANT)
    take("order_event", paid(2))
    assert order_fact_files(TENANT) != old
    assert Path(old[0]).exists()
    assert files_sweep(TENANT, retired_up_to=number_last(TENANT)) > 0
    assert not Path(old[0]).exists()
    assert {str(path) for path in on_disk(feed_home)} == {
        path
        for stream in ("order_event", "order_facts", "aftersale_facts")
        for path in event_files(TENANT, stream)
    }


def test_files_are_listed_by_day(take: Take) -> None:
    """Windows are days, both included; rows that wait belong to none."""
    take("order_event", paid(1, 1), paid(2, 2), paid(3, 3))
    take(
        "parcel_trace",
        {"carrier": "c", "waybill_no": "W", "node": "signed", "node_at": "2025-08-02T00:00:00Z"},
    )
    chosen = event_files(TENANT, "order_event", date(2025, 8, 2), date(2025, 8, 3))
    assert [Path(path).parent.name for path in chosen] == ["20250802", "20250803"]
    assert len(order_fact_files(TENANT, last=date(2025, 8, 1))) == 1
    assert len(event_files(TENANT, "parcel_trace")) == 1
    assert event_files(TENANT, "parcel_trace", date(2025, 1, 1)) == []


def test_changed_days_are_told_by_publication(take: Take) -> None:
    """A reader that keeps the last number learns which days to count again."""
    take("order_event", paid(1, 1), paid(2, 2))
    seen = number_last(TENANT)
    take("order_event", paid(3, 2))
    assert days_changed(TENANT, "order_event", 0) == [20250801, 20250802]
    assert days_changed(TENANT, "order_event", seen) == [20250802]
    assert days_changed(TENANT, "order_facts", seen) == [20250802]
    assert days_changed(TENANT, "order_facts", number_last(TENANT)) == []


def test_sources_are_told_apart(take: Take) -> None:
    """Per source and stream: when it last told us anything."""
    take("order_event", paid(1))
    take("order_event", paid(2), source="urn:other")
    marks = {each.source: each for each in completeness(TENANT, ["order_event"])}
    assert set(marks) == {SOURCE, "urn:other"}
    assert marks[SOURCE].watermark_at == NOW
    assert marks[SOURCE].batches == 1


def test_many_days_at_once(take: Take) -> None:
    """A publication of more files than are synced one by one is whole as well."""
    rows = [
        {"order_id": f"A{n}", "state": "paid", "paid_us": 1735660800000000 + n * 86_400_000_000}
        for n in range(SYNC_FILES_MAX + 6)
    ]
    assert take("order_event", *rows).accepted == len(rows)
    assert len(event_files(TENANT, "order_event")) == len(rows)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_an_event_once() -> None:
    """The feed's lock makes of two identical batches one that is new and one that repeats."""
    intakes: list[Intake] = []

    def take_all() -> None:
        try:
            rows = [paid(number) for number in range(20)]
            given = {"source": SOURCE, "now": NOW, "origin": "thread"}
            intakes.append(events_take(TENANT, "order_event", rows, **given))
        finally:
            connection.close()

    threads = [threading.Thread(target=take_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((each.accepted, each.duplicate) for each in intakes) == [
        (0, 20),
        (0, 20),
        (20, 0),
    ]
    assert sum(each.rows for each in live_files(TENANT, "order_event")) == 20


def test_streams_of_one_publication_are_seen_together(db: None) -> None:
    """Orders, lines, parcels and traces of one batch find each other whatever their order."""
    taken = batches_take(
        TENANT,
        {
            "parcel_trace": [
                {
                    "carrier": "c",
                    "waybill_no": "W",
                    "node": "picked_up",
                    "node_at": "2025-08-01T12:00:00Z",
                }
            ],
            "parcel": [
                {
                    "carrier": "c",
                    "waybill_no": "W",
                    "direction": "outbound",
                    "order_id": "A1",
                    "declared_at": "2025-08-01T11:00:00Z",
                }
            ],
            "order_event": [paid(1)],
            "shop_event": [{"shop_id": "S1", "action": "opened", "at": "2025-01-01T00:00:00Z"}],
        },
        source=SOURCE,
        now=NOW,
        origin="mixed",
    )
    assert {name: (each.accepted, each.waiting) for name, each in taken.items()} == {
        "parcel_trace": (1, 0),
        "parcel": (1, 0),
        "order_event": (1, 0),
        "shop_event": (1, 0),
    }
    assert len(order_fact_files(TENANT)) == 1

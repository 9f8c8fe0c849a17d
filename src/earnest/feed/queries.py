"""Reads of the feed: file lists for DuckDB, state of the streams, rejected rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, Sum

from earnest.feed.models import FeedBatch, FeedFile, FeedRejection
from earnest.feed.store import events_folder
from earnest.feed.streams import ORDER_FACTS, STREAMS
from earnest.kernel.calendar import day_key, instant_of


@dataclass(frozen=True)
class StreamStatus:
    """What the feed holds of one stream.

    Attributes:
        stream: its name.
        events: how many events.
        days: on how many days.
        files: in how many files.
        first_at: the earliest event.
        last_at: the latest.
        waiting: events whose order is not known yet.
        rejected: faults for which rows were not taken.
        last_batch_at: when a batch last brought rows.
    """

    stream: str
    events: int
    days: int
    files: int
    first_at: datetime | None
    last_at: datetime | None
    waiting: int
    rejected: int
    last_batch_at: datetime | None


@dataclass(frozen=True)
class Watermark:
    """How far one source has told us about one stream.

    Attributes:
        source: URI of the source.
        stream: the stream.
        watermark_at: the latest arrival from it; what happened later cannot be in yet.
        latest_event_at: the latest event of the stream, from any source.
        batches: how many batches it sent.
    """

    source: str
    stream: str
    watermark_at: datetime
    latest_event_at: datetime | None
    batches: int


def event_files(
    tenant_id: str, stream: str, first: date | None = None, last: date | None = None
) -> list[str]:
    """Return the live files of a stream, from one storage day to another, both included.

    Without days the events whose order is not known yet are in as well. Storage days are days of
    payment for the streams of an order, else days of the event.
    """
    files = FeedFile.objects.filter(tenant_id=tenant_id, stream=stream, retired_batch__isnull=True)
    if first is not None:
        files = files.filter(day__gte=day_key(first))
    if last is not None:
        files = files.filter(day__lte=day_key(last))
    if first is not None or last is not None:
        files = files.exclude(day=0)
    folder = events_folder(tenant_id)
    paths = files.order_by("day", "batch", "path").values_list("path", flat=True)
    return [str(folder / path) for path in paths]


def fact_files(
    tenant_id: str, kind: str, first: date | None = None, last: date | None = None
) -> list[str]:
    """Return the files of a kind of derived facts, by the days on which their orders were paid."""
    return event_files(tenant_id, kind, first, last)


def order_fact_files(
    tenant_id: str, first: date | None = None, last: date | None = None
) -> list[str]:
    """Return the files of the order facts, by the days on which the orders were paid."""
    return fact_files(tenant_id, ORDER_FACTS, first, last)


def stream_status(tenant_id: str) -> list[StreamStatus]:
    """Return what the feed holds of every stream, one line for each, empty ones included."""
    live = FeedFile.objects.filter(tenant_id=tenant_id, retired_batch__isnull=True)
    held = {
        row["stream"]: dict(row)
        for row in live.values("stream").annotate(
            events=Sum("rows"),
            days=Count("day", distinct=True, filter=~Q(day=0)),
            files=Count("path"),
            first_us=Min("first_us"),
            last_us=Max("last_us"),
            waiting=Sum("rows", filter=Q(day=0)),
        )
    }
    rejected = dict(
        FeedRejection.objects.filter(tenant_id=tenant_id)
        .values_list("stream")
        .annotate(rows=Count("row"))
    )
    batches = dict(
        FeedBatch.objects.filter(tenant_id=tenant_id)
        .values_list("stream")
        .annotate(last=Max("taken_at"))
    )
    return [
        _status(stream, held.get(stream, {}), rejected.get(stream, 0), batches.get(stream))
        for stream in STREAMS
    ]


def _status(
    stream: str, held: Mapping[str, Any], rejected: int, last_batch_at: datetime | None
) -> StreamStatus:
    first_us, last_us = held.get("first_us"), held.get("last_us")
    return StreamStatus(
        stream=stream,
        events=held.get("events") or 0,
        days=held.get("days") or 0,
        files=held.get("files") or 0,
        first_at=None if first_us is None else instant_of(first_us),
        last_at=None if last_us is None else instant_of(last_us),
        waiting=held.get("waiting") or 0,
        rejected=rejected,
        last_batch_at=last_batch_at,
    )


def completeness(tenant_id: str, streams: Sequence[str] = ()) -> list[Watermark]:
    """Return how far each source has told us about each stream (all of them by default)."""
    batches = FeedBatch.objects.filter(tenant_id=tenant_id)
    if streams:
        batches = batches.filter(stream__in=streams)
    live = FeedFile.objects.filter(tenant_id=tenant_id, retired_batch__isnull=True)
    latest = dict(live.values_list("stream").annotate(last=Max("last_us")))
    found = (
        batches.values("source", "stream")
        .annotate(watermark_at=Max("taken_at"), batches=Count("number"))
        .order_by("source", "stream")
    )
    return [
        Watermark(
            latest_event_at=None
            if (last := latest.get(row["stream"])) is None
            else instant_of(last),
            **row,
        )
        for row in found
    ]


def rejections(
    tenant_id: str,
    *,
    batch_id: UUID | None = None,
    stream: str | None = None,
    limit: int | None = None,
) -> list[FeedRejection]:
    """Return the rows that were not taken, the latest batch first, then by row.

    Args:
        tenant_id: whose feed.
        batch_id: only those that came up in this batch.
        stream: only those of this stream.
        limit: at most so many.
    """
    found = FeedRejection.objects.filter(tenant_id=tenant_id)
    if batch_id is not None:
        numbers = FeedBatch.objects.filter(tenant_id=tenant_id, batch_id=batch_id)
        found = found.filter(batch__in=numbers.values("number"))
    if stream is not None:
        found = found.filter(stream=stream)
    return list(found.order_by("-batch", "origin", "row", "field", "code")[:limit])


def live_files(tenant_id: str, stream: str) -> list[FeedFile]:
    """Return the manifest's lines of a stream's live files."""
    found = FeedFile.objects.filter(tenant_id=tenant_id, stream=stream, retired_batch__isnull=True)
    return list(found.order_by("day", "batch", "path"))

"""The manifest: which files hold a stream, day by day, and what publications changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import connection
from django.db.models import Max

from earnest.feed.arrival import Rejection
from earnest.feed.models import DirtyDay, FeedBatch, FeedFile, FeedRejection
from earnest.feed.store import NewFile, events_folder

_MARK_DIRTY: Final = """
INSERT INTO feed_dirty_day (tenant_id, stream, day, batch)
SELECT %s, stream, day, %s FROM unnest(%s::text[], %s::int[]) AS changed(stream, day)
ON CONFLICT (tenant_id, stream, day) DO UPDATE SET batch = excluded.batch
"""


def number_last(tenant_id: str) -> int:
    """Return the number of the last batch, 0 before the first."""
    found = FeedBatch.objects.filter(tenant_id=tenant_id).aggregate(last=Max("number"))
    return found["last"] or 0


def files_live(tenant_id: str, stream: str) -> dict[int, list[Path]]:
    """Return a stream's live files by storage day, in the order of publication."""
    folder = events_folder(tenant_id)
    found = (
        FeedFile.objects.filter(tenant_id=tenant_id, stream=stream, retired_batch__isnull=True)
        .order_by("day", "batch", "path")
        .values_list("day", "path")
    )
    by_day: dict[int, list[Path]] = {}
    for day, path in found:
        by_day.setdefault(day, []).append(folder / path)
    return by_day


def files_publish(tenant_id: str, files: Iterable[NewFile], number: int) -> None:
    """Name new files in the manifest."""
    folder = events_folder(tenant_id)
    FeedFile.objects.bulk_create(
        [
            FeedFile(
                tenant_id=tenant_id,
                path=file.path.relative_to(folder).as_posix(),
                stream=file.stream,
                day=file.day,
                rows=file.rows,
                bytes=file.bytes,
                first_us=file.first_us,
                last_us=file.last_us,
                batch=number,
            )
            for file in files
        ],
        batch_size=2000,
    )


def files_retire(tenant_id: str, paths: Sequence[Path], number: int) -> None:
    """Mark files as replaced by a publication; readers that hold them may finish."""
    folder = events_folder(tenant_id)
    names = [path.relative_to(folder).as_posix() for path in paths]
    FeedFile.objects.filter(tenant_id=tenant_id, path__in=names).update(retired_batch=number)


def days_mark(tenant_id: str, changed: Iterable[tuple[str, int]], number: int) -> None:
    """Note that a publication changed these streams' days."""
    pairs = sorted(changed)
    if not pairs:
        return
    streams, days = [stream for stream, _ in pairs], [day for _, day in pairs]
    with connection.cursor() as cursor:
        cursor.execute(_MARK_DIRTY, [tenant_id, number, streams, days])


def days_changed(tenant_id: str, stream: str, after: int) -> list[int]:
    """Return the days of a stream that publications after a number changed."""
    found = DirtyDay.objects.filter(tenant_id=tenant_id, stream=stream, batch__gt=after)
    return list(found.order_by("day").values_list("day", flat=True))


def rejections_publish(
    found: Sequence[tuple[str, Rejection]], batch: FeedBatch, rejected_at: datetime
) -> set[int]:
    """Keep the rejections that are new; return the positions of those known before.

    Args:
        found: each rejection with its source.
        batch: the batch they came up in.
        rejected_at: when.
    """
    ids = [rejection.id_for(source) for source, rejection in found]
    known = set(
        FeedRejection.objects.filter(tenant_id=batch.tenant_id, rejection_id__in=ids).values_list(
            "rejection_id", flat=True
        )
        if ids
        else ()
    )
    FeedRejection.objects.bulk_create(
        [
            FeedRejection(
                tenant_id=batch.tenant_id,
                rejection_id=rejection_id,
                batch=batch.number,
                stream=rejection.stream,
                source=source,
                origin=rejection.origin,
                row=rejection.row,
                field=rejection.field,
                code=rejection.code,
                zh=rejection.zh,
                en=rejection.en,
                original=rejection.original,
                rejected_at=rejected_at,
            )
            for rejection_id, (source, rejection) in zip(ids, found, strict=True)
            if rejection_id not in known
        ],
        batch_size=2000,
        ignore_conflicts=True,
    )
    return {position for position, each in enumerate(ids) if each in known}

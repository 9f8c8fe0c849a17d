"""Taking events into the feed: the one way in for HTTP, files, connectors and the simulator."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import duckdb
import pyarrow as pa
from django.db import transaction

from earnest.feed.arrival import Arrival, Batch, Intake, Rejection, batch_of, rejection_of
from earnest.feed.checks import literal
from earnest.feed.directory import feed_lock
from earnest.feed.manifest import days_mark, number_last, rejections_publish
from earnest.feed.models import FeedBatch, FeedFile
from earnest.feed.placement import (
    TRACES,
    directory_put,
    early_pickups,
    known_load,
    moves_prepare,
    old_days,
    orders_place,
    tables_prepare,
)
from earnest.feed.publication import Publication, live_of
from earnest.feed.repeats import Repeats, repeats_take_out
from earnest.feed.store import events_folder, file_remove
from earnest.feed.streams import ORDER_STREAMS, STREAMS
from earnest.feed.typed import rows_type
from earnest.kernel.errors import BadInput
from earnest.kernel.ids import uuid7_for

SOURCE_LENGTH_MAX: Final = 200

Rows: TypeAlias = "pa.Table | Sequence[dict[str, Any]] | Batch"


@dataclass
class _Part:
    """One stream's part of what is being taken."""

    batch: Batch
    rejected: list[Rejection]
    repeats: Repeats = field(default_factory=Repeats)
    accepted: int = 0
    waiting: int = 0


def events_take(
    tenant_id: str,
    stream: str,
    batch: Rows,
    *,
    source: str,
    now: datetime,
    origin: str,
    categories: frozenset[str] | None = None,
    future_tolerance: timedelta | None = None,
) -> Intake:
    """Take a batch of one stream; every row is accepted, a duplicate, or rejected with reasons.

    Args:
        tenant_id: whose feed.
        stream: a name of ``STREAMS``.
        batch: an Arrow table (text or typed columns), dictionaries, or a :class:`Batch`.
        source: URI of the source; with the natural key it identifies an event.
        now: the instant of arrival.
        origin: file or channel, shown with rejected rows.
        categories: when given, category ids outside it are rejected.
        future_tolerance: when given, event times later than ``now`` plus this are rejected.

    Raises:
        BadInput: when there is no such stream, or the source is no URI.
    """
    taken = batches_take(
        tenant_id,
        {stream: batch},
        source=source,
        now=now,
        origin=origin,
        categories=categories,
        future_tolerance=future_tolerance,
    )
    return taken[stream]


def batches_take(
    tenant_id: str,
    batches: Mapping[str, Rows],
    *,
    source: str,
    now: datetime,
    origin: str,
    categories: frozenset[str] | None = None,
    future_tolerance: timedelta | None = None,
    found: Sequence[Rejection] = (),
) -> dict[str, Intake]:
    """Take batches of several streams in one publication; see :func:`events_take`.

    Args:
        tenant_id: whose feed.
        batches: the rows by stream.
        source: URI of the source.
        now: the instant of arrival.
        origin: file or channel.
        categories: known category ids, or None for any.
        future_tolerance: how far ahead of ``now`` an event may lie, or None for any.
        found: rows that a reader or connector has already found at fault; they are kept with
            the rest and their streams appear in the answer, "" for rows that name none.

    Raises:
        BadInput: when there is no such stream.
    """
    arrival = Arrival(tenant_id, source, origin, now, categories, future_tolerance)
    names = dict.fromkeys([*batches, *(each.stream for each in found)])
    _given_check(source, names)
    with _engine() as con:
        parts: dict[str, _Part] = {}
        for name in names:
            batch = batch_of(batches.get(name, []))
            rejected = rows_type(con, STREAMS[name], batch, arrival) if name else []
            rejected.extend(each for each in found if each.stream == name)
            parts[name] = _Part(batch, rejected)
        with transaction.atomic():
            feed_lock(tenant_id)
            return _publish(con, arrival, parts)


def files_sweep(tenant_id: str, *, retired_up_to: int | None = None) -> int:
    """Remove files that no manifest names, and files retired long ago; return how many.

    Args:
        tenant_id: whose feed.
        retired_up_to: also remove files retired by a batch up to this number, and their lines in
            the manifest; nobody may still read them.
    """
    with transaction.atomic():
        # Under the lock no publication is under way, so what is not named was left by a crash.
        feed_lock(tenant_id)
        old = FeedFile.objects.filter(tenant_id=tenant_id, retired_batch__lte=retired_up_to or -1)
        old.delete()
        named = set(FeedFile.objects.filter(tenant_id=tenant_id).values_list("path", flat=True))
        folder = events_folder(tenant_id)
        lost = [
            path
            for path in folder.rglob("*.parquet")
            if path.relative_to(folder).as_posix() not in named
        ]
    for path in lost:
        file_remove(path)
    return len(lost)


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory for one publication; beyond its limit it spills to a folder."""
    with tempfile.TemporaryDirectory(prefix="earnest-feed-") as spill, duckdb.connect() as con:
        con.execute(f"SET temp_directory = {literal(spill)}")
        con.execute("SET memory_limit = '2GB'; SET threads = 2; SET TimeZone = 'UTC'")
        yield con


def _given_check(source: str, streams: Iterable[str]) -> None:
    """Refuse a source that is none, and streams that nobody knows."""
    if not source or len(source) > SOURCE_LENGTH_MAX or not source.isprintable():
        raise BadInput(
            "bad_source",
            where=ascii(source[:80]),
            zh=f"来源须是不超过 {SOURCE_LENGTH_MAX} 个字符的 URI，例如 urn:example:shopdesk",
            en=f"a source is a URI of at most {SOURCE_LENGTH_MAX} characters, such as"
            " urn:example:shopdesk",
        )
    for name in streams:
        if name and name not in STREAMS:
            known = ", ".join(STREAMS)
            raise BadInput(
                "unknown_stream",
                where=name,
                zh=f"没有数据流 {name}；可用的有：{known}",
                en=f"there is no stream {name}; use one of {known}",
            )


def _publish(
    con: duckdb.DuckDBPyConnection, arrival: Arrival, parts: dict[str, _Part]
) -> dict[str, Intake]:
    """Place and write the typed rows and record the batches, under the feed's lock."""
    tenant_id = arrival.tenant_id
    by_order = any(name in ORDER_STREAMS for name in parts)
    live = live_of(tenant_id, set(parts))
    if by_order:
        tables_prepare(con, list(parts))
        known_load(con, tenant_id)
    for name, part in _streamed(parts):
        days = old_days(con, STREAMS[name])
        files = [
            str(path)
            for day, paths in live[name].items()
            if days is None or day in days
            for path in paths
        ]
        part.repeats = repeats_take_out(con, name, files)
        part.rejected.extend(_conflicts(name, part, arrival))
    withdrawn = _place(con, arrival, parts, live) if by_order else []
    publication = Publication(con, tenant_id, live)
    numbers = {name: at for at, name in enumerate(parts, start=number_last(tenant_id) + 1)}
    last = max(numbers.values(), default=0)
    names = [name for name, _ in _streamed(parts)]
    for name in [*names, *(each for each in ORDER_STREAMS if by_order and each not in parts)]:
        stream = STREAMS[name]
        waiting = publication.stream_write(stream, numbers.get(name, 0), moving=stream.by_order)
        if name in parts:
            parts[name].waiting = waiting
            parts[name].accepted = _count(con, name)
    publication.facts_write(last)
    publication.manifest_write(last)
    days_mark(tenant_id, publication.changed, last)
    return _record(arrival, parts, numbers, withdrawn)


def _streamed(parts: dict[str, _Part]) -> list[tuple[str, _Part]]:
    """Return the parts that have a stream; rows that name none are only recorded."""
    return [(name, part) for name, part in parts.items() if name]


def _place(
    con: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    parts: dict[str, _Part],
    live: dict[str, Any],
) -> list[dict[str, Any]]:
    """Find the days of the new rows and of those that move; return the rows withdrawn."""
    orders_place(con, arrival.tenant_id)
    for position, row, event_id in early_pickups(con):
        part = parts[TRACES]
        part.rejected.append(
            rejection_of(
                TRACES,
                (arrival.origin, row),
                "pickup_before_payment",
                original=part.batch.original(position),
                field="node_at",
                identity=event_id,
            )
        )
    withdrawn = moves_prepare(con, live)
    directory_put(con, arrival.tenant_id)
    return withdrawn


def _conflicts(name: str, part: _Part, arrival: Arrival) -> list[Rejection]:
    return [
        rejection_of(
            name,
            (arrival.origin, row),
            "duplicate_other_content",
            original=part.batch.original(position),
        )
        for position, row in part.repeats.conflicts
    ]


def _count(con: duckdb.DuckDBPyConnection, name: str) -> int:
    ((rows,),) = con.sql(f"SELECT count(*) FROM new_{name}").fetchall()  # noqa: S608 - a name of ours
    return int(rows)


def _record(
    arrival: Arrival,
    parts: dict[str, _Part],
    numbers: dict[str, int],
    withdrawn: list[dict[str, Any]],
) -> dict[str, Intake]:
    """Write the batches and their rejections; return what became of each stream's rows."""
    intakes: dict[str, Intake] = {}
    late = _late_rejections(arrival, withdrawn)
    for name, part in parts.items():
        number = numbers[name]
        rejected = sorted(part.rejected, key=lambda each: each.row)
        key = (arrival.tenant_id, arrival.source, name, arrival.origin, str(number))
        batch = FeedBatch.objects.create(
            tenant_id=arrival.tenant_id,
            number=number,
            batch_id=uuid7_for(arrival.now, *key),
            stream=name,
            source=arrival.source,
            origin=arrival.origin,
            taken_at=arrival.now,
            accepted=part.accepted,
            duplicate=len(part.repeats.duplicate_rows),
            rejected=len({each.row for each in rejected}),
            waiting=part.waiting,
        )
        found = [(arrival.source, each) for each in rejected]
        known = rejections_publish(found, batch, arrival.now)
        if late:
            rejections_publish(late, batch, arrival.now)
        intakes[name] = Intake(
            stream=name,
            batch_id=batch.batch_id,
            accepted=part.accepted,
            duplicate=len(part.repeats.duplicate_rows),
            rejected=[
                replace(each, known=position in known) for position, each in enumerate(rejected)
            ],
            waiting=part.waiting,
            duplicate_rows=part.repeats.duplicate_rows,
            withdrawn=[each for _, each in late],
        )
        late = []
    return intakes


def _late_rejections(
    arrival: Arrival, withdrawn: list[dict[str, Any]]
) -> list[tuple[str, Rejection]]:
    """Return the rejections of earlier events, with the source and place they came from."""
    numbers = {row["batch"] for row in withdrawn}
    batches = FeedBatch.objects.filter(tenant_id=arrival.tenant_id, number__in=numbers)
    origins = {batch.number: (batch.source, batch.origin) for batch in batches}
    late = []
    for row in withdrawn:
        source, origin = origins[row["batch"]]
        event = {key: value for key, value in row.items() if value is not None}
        rejection = rejection_of(
            TRACES,
            (origin, row["batch_row"]),
            "pickup_before_payment",
            original=json.dumps(event, ensure_ascii=False),
            field="node_at",
            identity=row["event_id"],
        )
        late.append((source, rejection))
    return late

"""``earnest import``: events into the feed; ``earnest feed``: what the feed holds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from django.conf import settings
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from earnest.cli.output import emit, progress_console, reading
from earnest.connectors.olist import olist_import
from earnest.feed.commands import files_sweep
from earnest.feed.files import ImportReport, feed_import
from earnest.feed.files import Progress as ImportProgress
from earnest.feed.queries import completeness, live_files, rejections, stream_status
from earnest.feed.reference import column_rows, reference_markdown
from earnest.feed.streams import STREAMS
from earnest.kernel.calendar import instant_of

FILES_SOURCE: Final = "urn:earnest:src:files"
REJECTIONS_PRINTED_MAX: Final = 200

_stream = click.Choice(list(STREAMS))
_folder = click.Path(exists=True, file_okay=False, path_type=Path)
_path = click.Path(exists=True, path_type=Path)


@click.group("import")
def import_() -> None:
    """Take events into the feed. Taking the same events again adds nothing."""


@import_.command("olist")
@click.argument("folder", type=_folder)
@click.option(
    "--timezone",
    default="America/Sao_Paulo",
    show_default=True,
    help="Zone of the files' local times.",
)
@reading
def import_olist(folder: Path, timezone: str, output_format: str) -> None:
    """Take an Olist folder: orders.csv, order_items.csv, products.csv.

    Rows that contradict themselves are listed on stderr with row, field and reason; the rest of
    them goes in. Exit status 1 when there are any.
    """
    with _progress("olist") as progress:
        report = olist_import(
            settings.TENANT, folder, now=datetime.now(UTC), timezone=timezone, progress=progress
        )
    _finish(report, output_format)


@import_.command("feed")
@click.argument("path", type=_path)
@click.option("--stream", type=_stream, help="Stream of all rows, when the file does not tell.")
@click.option("--source", default=FILES_SOURCE, show_default=True, help="URI of the source.")
@click.option("--encoding", default="utf-8", show_default=True, help="Such as gb18030.")
@reading
def import_feed(
    path: Path, stream: str | None, source: str, encoding: str, output_format: str
) -> None:
    """Take a file of events, or a folder of them: .ndjson, .csv or .parquet.

    The stream is --stream, else what the file's name begins with (order_event-2025-08.csv), else
    each row's field type (earnest.order_event). Broken rows are listed on stderr; exit status 1
    when there are any.
    """
    with _progress(path.name) as progress:
        report = feed_import(
            settings.TENANT,
            path,
            stream=stream,
            source=source,
            encoding=encoding,
            now=datetime.now(UTC),
            progress=progress,
        )
    _finish(report, output_format)


@click.group("feed")
def feed() -> None:
    """Show what the feed holds."""


@feed.command("status")
@reading
def feed_status(output_format: str) -> None:
    """Per stream: events, days, files, first and last event, rows waiting and rejected."""
    emit([asdict(each) for each in stream_status(settings.TENANT)], output_format)


@feed.command("sources")
@reading
def feed_sources(output_format: str) -> None:
    """Per source and stream: how far it has told us."""
    emit([asdict(each) for each in completeness(settings.TENANT)], output_format)


@feed.command("rejections")
@click.option("--batch", "batch_id", type=click.UUID, help="Only those of this batch.")
@click.option("--stream", type=_stream, help="Only those of this stream.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True)
@reading
def feed_rejections(
    batch_id: UUID | None, stream: str | None, limit: int, output_format: str
) -> None:
    """Rows that were not taken: origin, row, field, reason, and the row as it came."""
    found = rejections(settings.TENANT, batch_id=batch_id, stream=stream, limit=limit)
    columns = ("stream", "origin", "row", "field", "code", "zh", "en", "original", "rejected_at")
    emit([{name: getattr(each, name) for name in columns} for each in found], output_format)


@feed.command("files")
@click.option("--stream", type=_stream, required=True)
@reading
def feed_files(stream: str, output_format: str) -> None:
    """Live files of a stream by storage day; day 0 holds rows that wait for their order."""
    rows = [
        {
            "day": each.day,
            "rows": each.rows,
            "bytes": each.bytes,
            "first_at": None if each.first_us is None else instant_of(each.first_us),
            "last_at": None if each.last_us is None else instant_of(each.last_us),
            "batch": each.batch,
            "path": each.path,
        }
        for each in live_files(settings.TENANT, stream)
    ]
    emit(rows, output_format)


@feed.command("sweep")
@click.option(
    "--retired-up-to",
    type=click.IntRange(1),
    help="Also remove files that a batch up to this number replaced; nobody may still read them.",
)
@reading
def feed_sweep(retired_up_to: int | None, output_format: str) -> None:
    """Remove files that a crash left behind and nothing names."""
    removed = files_sweep(settings.TENANT, retired_up_to=retired_up_to)
    emit([{"files_removed": removed}], output_format)


@feed.command("streams")
@click.option("--markdown", is_flag=True, help="As the tables of docs/events.md.")
@reading
def feed_streams(*, markdown: bool, output_format: str) -> None:
    """Every stream with its columns: what they hold, which are required, which make the key."""
    if markdown:
        click.echo(reference_markdown())
    else:
        emit(column_rows(), output_format)


@contextmanager
def _progress(title: str) -> Iterator[ImportProgress]:
    """Show a bar on stderr; what is yielded takes what has been done and the whole."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _finish(report: ImportReport, output_format: str) -> None:
    """Print the totals, list what was rejected on stderr, and leave with the status."""
    waiting = {each.stream: each.waiting for each in stream_status(settings.TENANT)}
    rows = [
        {
            "stream": total.stream or "(none)",
            "accepted": total.accepted,
            "duplicate": total.duplicate,
            "rejected": total.rejected,
            "rejected_before": total.known,
            "waiting_for_order": waiting.get(total.stream, 0),
        }
        for total in report.totals.values()
    ]
    listed = [*report.rejections, *report.withdrawn]
    for each in listed[:REJECTIONS_PRINTED_MAX]:
        click.echo(str(each.problem), err=True)
    if len(listed) > REJECTIONS_PRINTED_MAX:
        click.echo("... the rest: earnest feed rejections", err=True)
    emit(rows, output_format)
    if report.rejected or report.withdrawn:
        sys.exit(1)

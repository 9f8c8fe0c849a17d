"""Files into the feed: NDJSON, CSV and Parquet, in chunks; broken lines are rejected one by one."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from earnest.feed.arrival import Batch, Intake, Rejection, batch_of, batch_select, rejection_of
from earnest.feed.commands import batches_take
from earnest.feed.lines import csv_cells, csv_heading, json_row, lines_of
from earnest.feed.streams import STREAMS
from earnest.kernel.errors import BadInput

SUFFIXES: Final = (".ndjson", ".jsonl", ".csv", ".parquet")
CHUNK_ROWS: Final = 100_000
CHUNK_ROWS_PARQUET: Final = 500_000
CHUNK_BYTES: Final = 64 * 1024 * 1024
REJECTIONS_SHOWN_MAX: Final = 1000

Progress = Callable[[int, int], None]
"""Called with what has been done and the whole, in bytes of a text file or rows of Parquet."""


@dataclass
class StreamTotal:
    """What became of the rows of one stream.

    Attributes:
        stream: its name; empty for lines that name no stream of ours.
        accepted: rows that are new.
        duplicate: rows the feed had.
        rejected: rows at fault.
        known: those of them that an earlier run has listed.
        waiting: accepted rows that were waiting for their order when they were taken.
    """

    stream: str
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    known: int = 0
    waiting: int = 0

    def add(self, intake: Intake) -> None:
        """Count a batch in."""
        self.accepted += intake.accepted
        self.duplicate += intake.duplicate
        self.rejected += intake.rejected_rows
        self.known += len({each.row for each in intake.rejected if each.known})
        self.waiting += intake.waiting


@dataclass
class ImportReport:
    """What became of a file, or of several.

    Attributes:
        totals: per stream.
        rejections: the first faults (all of them are kept in the feed).
        withdrawn: events of earlier batches that the new ones contradict.
    """

    totals: dict[str, StreamTotal] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    withdrawn: list[Rejection] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """How many rows were not taken."""
        return sum(total.rejected for total in self.totals.values())

    def add(self, intakes: dict[str, Intake]) -> None:
        """Count batches in."""
        for stream, intake in intakes.items():
            self.totals.setdefault(stream, StreamTotal(stream)).add(intake)
            room = REJECTIONS_SHOWN_MAX - len(self.rejections)
            self.rejections.extend(intake.rejected[: max(room, 0)])
            self.withdrawn.extend(intake.withdrawn)


@dataclass(frozen=True)
class Chunk:
    """A part of a file: rows that could be read, and faults of lines that could not."""

    batch: Batch
    broken: list[tuple[int, str, tuple[str, str]]]
    done: int
    total: int


def feed_import(
    tenant_id: str,
    path: Path,
    *,
    source: str,
    now: datetime,
    stream: str | None = None,
    encoding: str = "utf-8",
    progress: Progress | None = None,
) -> ImportReport:
    """Take a file of events, or a folder of such files, into the feed; again adds nothing.

    The stream is the one given; else the one the file's name begins with
    (``order_event-2025-08.csv``); else each row names it in its field ``type``
    (``earnest.order_event``).

    Args:
        tenant_id: whose feed.
        path: a file whose name ends in .ndjson, .jsonl, .csv or .parquet, or a folder of them.
        source: URI of the source; the same events from another source are other events.
        now: the instant of arrival.
        stream: the stream of all rows, when the file does not tell.
        encoding: of a text file.
        progress: called after every chunk.

    Raises:
        BadInput: when the file cannot be read at all, or there is no such stream.
    """
    report = ImportReport()
    for file in files_in(path):
        named = stream or stream_of_name(file)
        for chunk in chunks_of(file, encoding):
            batches, broken = _by_stream(chunk, named, file.name)
            report.add(
                batches_take(
                    tenant_id, batches, source=source, now=now, origin=file.name, found=broken
                )
            )
            if progress is not None:
                progress(chunk.done, chunk.total)
    return report


def files_in(path: Path) -> list[Path]:
    """Return the file itself, or the readable files of a folder and its folders, by name.

    Raises:
        BadInput: when a folder holds no such file.
    """
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
    if not found:
        known = ", ".join(SUFFIXES)
        raise BadInput(
            "no_files",
            where=str(path),
            zh=f"文件夹里没有可读取的文件；支持的扩展名：{known}",
            en=f"the folder holds no file to read; names end in {known}",
        )
    return found


def stream_of_name(path: Path) -> str | None:
    """Return the stream that a file's name begins with, if it begins with one.

    >>> stream_of_name(Path("order_event-2025-08.csv"))
    'order_event'
    """
    first = re.split(r"[-.]", path.name, maxsplit=1)[0]
    return first if first in STREAMS else None


def chunks_of(path: Path, encoding: str) -> Iterator[Chunk]:
    """Yield a file in parts of bounded size.

    Raises:
        BadInput: when it is of no known kind or cannot be read.
    """
    match path.suffix.lower():
        case ".ndjson" | ".jsonl":
            yield from _json_chunks(path, encoding)
        case ".csv":
            yield from _csv_chunks(path, encoding)
        case ".parquet":
            yield from _parquet_chunks(path)
        case _:
            raise BadInput(
                "unknown_file_kind",
                where=path.name,
                zh="不认识的文件类型；请用 .ndjson、.csv 或 .parquet",
                en="the kind of file is not known; use .ndjson, .csv or .parquet",
            )


def _by_stream(
    chunk: Chunk, named: str | None, origin: str
) -> tuple[dict[str, Batch], list[Rejection]]:
    """Return a chunk's rows by stream, and the rejections of what belongs to none."""
    broken = [
        rejection_of(named or "", (origin, row), "broken_line", original=text, detail=fault)
        for row, text, fault in chunk.broken
    ]
    if named is not None:
        return {named: chunk.batch}, broken
    positions: dict[str, list[int]] = {}
    for position, row_type in enumerate(_types(chunk.batch)):
        positions.setdefault(_stream_of_type(row_type), []).append(position)
    for position in positions.pop("", []):
        original, row = chunk.batch.original(position), chunk.batch.rows[position]
        nowhere = rejection_of("", (origin, row), "no_stream", original=original, field="type")
        broken.append(nowhere)
    return {name: batch_select(chunk.batch, found) for name, found in positions.items()}, broken


def _types(batch: Batch) -> list[object]:
    if "type" not in batch.table.column_names:
        return [None] * len(batch.rows)
    return list(batch.table.column("type").to_pylist())


def _stream_of_type(row_type: object) -> str:
    parts = str(row_type).strip().split(".")
    known = len(parts) > 1 and parts[0] == "earnest" and parts[1] in STREAMS
    return parts[1] if known else ""


def _json_chunks(path: Path, encoding: str) -> Iterator[Chunk]:
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str, tuple[str, str]]] = []
    begun, total = 0, _size(path)
    for line in lines_of(path, encoding):
        row = line.fault or json_row(line.text)
        if isinstance(row, tuple):
            broken.append((line.number, line.text, row))
        else:
            rows.append(row)
            numbers.append(line.number)
        if len(rows) + len(broken) >= CHUNK_ROWS or line.position - begun >= CHUNK_BYTES:
            yield Chunk(batch_of(rows, numbers), broken, line.position, total)
            rows, numbers, broken, begun = [], [], [], line.position
    if rows or broken:
        yield Chunk(batch_of(rows, numbers), broken, total, total)


def _csv_chunks(path: Path, encoding: str) -> Iterator[Chunk]:
    lines = lines_of(path, encoding)
    first = next(lines, None)
    if first is None:
        return
    names = csv_heading(first, path.name)
    rows: list[list[str]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str, tuple[str, str]]] = []
    begun, total = 0, _size(path)
    for line in lines:
        cells = line.fault or csv_cells(line.text, len(names))
        if isinstance(cells, tuple):
            broken.append((line.number, line.text, cells))
        else:
            rows.append(cells)
            numbers.append(line.number)
        if len(rows) + len(broken) >= CHUNK_ROWS or line.position - begun >= CHUNK_BYTES:
            yield Chunk(_csv_batch(names, rows, numbers), broken, line.position, total)
            rows, numbers, broken, begun = [], [], [], line.position
    if rows or broken:
        yield Chunk(_csv_batch(names, rows, numbers), broken, total, total)


def _csv_batch(names: list[str], rows: list[list[str]], numbers: list[int]) -> Batch:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return Batch(pa.table(arrays, names=names), numbers)


def _parquet_chunks(path: Path) -> Iterator[Chunk]:
    try:
        file = pq.ParquetFile(path)
        total, done = file.metadata.num_rows, 0
        for part in file.iter_batches(batch_size=CHUNK_ROWS_PARQUET):
            rows = range(done + 1, done + part.num_rows + 1)
            done += part.num_rows
            yield Chunk(Batch(pa.Table.from_batches([part]), rows), [], done, total)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            "unreadable_file",
            where=path.name,
            zh="不是可读的 Parquet 文件；请检查它是否完整",
            en="this is not a readable Parquet file; check that it is complete",
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

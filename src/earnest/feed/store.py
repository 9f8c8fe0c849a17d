"""The files of the feed: where they lie, how they are written, which of them nobody needs.

A file is written once, to a new name, and becomes visible when the manifest names it. What no
manifest names was left by a crash and is swept away under the feed's lock.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from earnest.kernel.errors import BadInput

_TENANT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}")
SYNC_FILES_MAX: Final = 64
"""Up to so many files are synced one by one; beyond it the whole disk is, in one call."""

DICTIONARY_ROWS_MIN: Final = 1000
"""Below so many rows the pages' dictionaries cost more than they save."""


@dataclass(frozen=True)
class NewFile:
    """A file that has been written and waits for its publication.

    Attributes:
        stream: the stream, or the kind of fact, of its rows.
        day: their storage day, yyyymmdd; 0 for rows whose order is not known yet.
        path: where it lies.
        rows: how many rows it has.
        bytes: its size.
        first_us: the earliest instant of its rows, None when they have none.
        last_us: the latest.
    """

    stream: str
    day: int
    path: Path
    rows: int
    bytes: int
    first_us: int | None
    last_us: int | None


def events_folder(tenant_id: str) -> Path:
    """Return the folder of a tenant's files.

    Raises:
        BadInput: when the id cannot be the name of a folder.
    """
    if not _TENANT.fullmatch(tenant_id):
        raise BadInput(
            "bad_tenant",
            where=ascii(tenant_id[:80]),
            zh="租户编号只能含字母、数字、点、横线和下划线，最多 40 个字符",
            en="a tenant's id holds letters, digits, dots, dashes and underscores, 40 at most",
        )
    return Path(settings.EARNEST_HOME) / "events" / tenant_id


def file_write(
    tenant_id: str, stream: str, day: int, rows: pa.Table, time_column: str = "occurred_us"
) -> NewFile:
    """Write rows to a new file: plain strings, whole numbers, zstd.

    Args:
        tenant_id: whose rows they are.
        stream: their stream or kind of fact.
        day: their storage day, yyyymmdd.
        rows: the rows; no dictionary types, so that every engine reads them.
        time_column: the column whose earliest and latest instant stand in the manifest.
    """
    folder = events_folder(tenant_id) / stream / f"{day:08d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid4().hex}.parquet"
    dictionaries = len(rows) >= DICTIONARY_ROWS_MIN
    pq.write_table(rows, path, compression="zstd", store_schema=False, use_dictionary=dictionaries)
    span = pc.min_max(rows.column(time_column)).as_py()
    return NewFile(stream, day, path, len(rows), path.stat().st_size, span["min"], span["max"])


def files_sync(files: Iterable[NewFile]) -> None:
    """Make sure that written files survive a loss of power before anything names them."""
    paths = [file.path for file in files]
    if len(paths) > SYNC_FILES_MAX:
        os.sync()
        return
    for path in {*paths, *(path.parent for path in paths)}:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def file_remove(path: Path) -> None:
    """Remove a file that nothing names; one that is gone already is fine."""
    path.unlink(missing_ok=True)

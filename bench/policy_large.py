"""Ten million shops judged in one process: facts in Parquet, answers to Parquet, memory bounded."""

import resource
import shutil
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import click
import duckdb

from policy_facts import shops_write
from policy_races import packs

MEMORY_LIMIT_MB = 6_000
MEMORY_TARGET_MB = 8_192
BYTES_PER_SUBJECT = 400
"""Disk that facts and answers take at most; looked at before they are written."""
KIBIBYTES_PER_MEGABYTE = 1024


@dataclass(frozen=True)
class Large:
    """What it took. Times in seconds; memory is the peak of the whole process."""

    subjects: int
    writing: float
    judging: float
    memory_mb: int
    refused: int
    required_fen: int

    def rows(self) -> dict[str, str]:
        """Return the figures as they are printed."""
        reached = "reached" if self.memory_mb <= MEMORY_TARGET_MB else "MISSED"
        return {
            "shops": f"{self.subjects:,}",
            "facts made and written to Parquet, s": f"{self.writing:.1f}",
            "judged, Parquet to Parquet, s": f"{self.judging:.1f}",
            "shops judged per second": f"{self.subjects / self.judging:,.0f}",
            "refused": f"{self.refused:,}",
            "required in all, yuan": f"{self.required_fen // 100:,}",
            "peak memory of the process, MB": f"{self.memory_mb:,}",
            f"at most {MEMORY_TARGET_MB:,} MB": reached,
        }


def large_run(subjects: int) -> Large:
    """Judge so many shops in a process of its own, so that its peak of memory is its own."""
    with tempfile.TemporaryDirectory(prefix="earnest-bench-") as folder:
        if shutil.disk_usage(folder).free < subjects * BYTES_PER_SUBJECT:
            raise click.ClickException(f"{folder}: not enough room for {subjects:,} shops")
        with get_context("spawn").Pool(1) as pool:
            return pool.apply(_judge, (subjects, folder))


def _judge(subjects: int, folder: str) -> Large:
    """Make the facts and judge them; runs alone in its process."""
    home = Path(folder)
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT_MB}MB'")
    connection.execute(f"SET temp_directory = '{home / 'spill'}'")
    connection.execute("SET preserve_insertion_order = false")
    began = time.perf_counter()
    connection.execute(
        f"CREATE VIEW facts AS SELECT * FROM {shops_write(home, subjects, connection)}"
    )
    written = time.perf_counter()
    query = packs()[0].sql("deposit")
    answers = home / "answers.parquet"
    connection.execute(f"COPY ({query}) TO '{answers}' (FORMAT parquet)")
    judged = time.perf_counter()
    found = connection.execute(
        f"SELECT count(*), count(unresolved), sum(required_fen) FROM read_parquet('{answers}')"
    ).fetchone()
    count, refused, required_fen = found or (0, 0, 0)
    if count != subjects:
        raise RuntimeError(f"{count:,} answers for {subjects:,} shops")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Large(
        subjects,
        writing=written - began,
        judging=judged - written,
        memory_mb=peak_kib // KIBIBYTES_PER_MEGABYTE,
        refused=refused,
        required_fen=int(required_fen),
    )

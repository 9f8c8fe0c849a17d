"""``earnest simulate`` writes a market's files."""

import json
from pathlib import Path

import pyarrow.parquet as pq
from click.testing import CliRunner

from earnest.cli.simulate import simulate
from earnest.kernel.errors import BadInput

SMALL = ["--seed", "7", "--size", "small", "--months", "2", "--format", "json"]


def _bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    """Two runs give files of the same names and bytes, and standard output is JSON alone."""
    runs = [CliRunner().invoke(simulate, [str(tmp_path / name), *SMALL]) for name in ("a", "b")]
    assert [run.exit_code for run in runs] == [0, 0]
    assert _bytes_of(tmp_path / "a") == _bytes_of(tmp_path / "b")
    rows = {row["stream"]: row["rows"] for row in json.loads(runs[0].stdout)}
    file = tmp_path / "a" / "order_event" / "order_event-2025-01.parquet"
    other = tmp_path / "a" / "order_event" / "order_event-2025-02.parquet"
    assert rows["order_event"] == pq.read_metadata(file).num_rows + pq.read_metadata(other).num_rows


def test_a_month_that_is_none_is_refused(tmp_path: Path) -> None:
    """A first month that is no month is bad input, not a traceback."""
    run = CliRunner().invoke(simulate, [str(tmp_path), *SMALL, "--from", "2025-13"])
    assert isinstance(run.exception, BadInput)
    assert run.exception.problem.code == "month_unreadable"

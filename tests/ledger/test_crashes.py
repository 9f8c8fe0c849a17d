"""The database server is killed while clients post; the harness is ``bench/crashes.py``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"
RESULTS = BENCH / "results" / "crashes.md"
CHECKS = 16


def _crashed(crashes: int) -> dict[str, Any]:
    """Run the harness on a server of its own and return its findings; it writes no file."""
    before = RESULTS.read_bytes()
    done = subprocess.run(
        [sys.executable, BENCH / "crashes.py", "--crashes", str(crashes), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": "200", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert RESULTS.read_bytes() == before
    return json.loads(done.stdout)


def _assert_nothing_lost_or_doubled(found: dict[str, Any]) -> None:
    """Everything told as posted is in the books, once, and the books prove from their rows."""
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert (found["held"], found["checks"]) == (CHECKS, CHECKS)
    assert found["head_kept"]


def test_three_crashes_lose_and_double_nothing() -> None:
    """Each crash meets four clients in the middle of their work; lost answers are asked again."""
    found = _crashed(3)
    _assert_nothing_lost_or_doubled(found)
    assert found["crashes"] == 3
    assert found["posted"] > 0
    assert found["unanswered"] > 0
    assert found["resent"] >= found["unanswered"]


@pytest.mark.long
def test_two_hundred_crashes_lose_and_double_nothing() -> None:
    """Among so many, some commits are done and their answer is lost: a repeat doubles nothing."""
    found = _crashed(200)
    _assert_nothing_lost_or_doubled(found)
    assert found["had_posted"] > 0

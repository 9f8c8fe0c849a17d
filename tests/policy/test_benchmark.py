"""The benchmark of the policy engine runs, and everything that it races says the same."""

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"
RESULTS = BENCH / "results" / "policy.md"


def test_the_short_benchmark_compares_everything_and_writes_nothing() -> None:
    """It ends well only if all answers are equal; each of the two rules is raced three ways."""
    before = RESULTS.read_bytes()
    done = subprocess.run(
        [sys.executable, BENCH / "policy.py", "--short"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": "200", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    for title in (
        "deposit: 2,000 shops in one query",
        "ladder: 2,000 providers in one query",
        "deposit: one subject",
        "ladder: one subject",
        "Many shops in one process",
        "no_row:category_standard",
    ):
        assert title in done.stdout
    assert RESULTS.read_bytes() == before

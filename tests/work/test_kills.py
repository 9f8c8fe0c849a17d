"""The worker is killed in the middle of its work, and everything due is done once.

The harness is ``bench/worker.py``.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def _killed(kills: int) -> dict[str, Any]:
    """Run the harness on a server of its own and return its findings; it writes no file."""
    done = subprocess.run(
        [sys.executable, BENCH / "worker.py", "--kills", str(kills), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "COLUMNS": "200", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _assert_all_done_once(found: dict[str, Any]) -> None:
    """Each effect is there as often as it should be, and what arrived twice is known as such."""
    assert found["wrong"] == []
    assert all(done == due > 0 for done, due in found["effects"].values()), found["effects"]
    assert found["held"] == found["checks"] > 0
    events, _ = found["effects"]["events that arrived"]
    assert found["received"] == events + found["repeats"]


def test_three_kills_double_nothing() -> None:
    """Among them one whose message is with the receiver: it arrives again under the same id."""
    found = _killed(3)
    _assert_all_done_once(found)
    assert found["in_the_middle"] > 0
    assert found["repeats"] >= found["while_sending"] == 1


@pytest.mark.long
def test_a_hundred_kills_double_nothing() -> None:
    """Wherever a worker dies, another one does the rest and nothing twice."""
    found = _killed(100)
    _assert_all_done_once(found)
    assert found["repeats"] >= found["while_sending"] > 0

"""The one command: it works from anywhere, keeps its words off standard output, and explains."""

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


def run(*words: str, folder: Path = TOP, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder with nearly nothing in the environment."""
    return subprocess.run(
        [str(TOP / "run"), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_is_on_standard_error(tmp_path):
    """Without a word it lists what it can do, and standard output stays empty."""
    done = run(folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "./run demo" in done.stderr


def test_a_wrong_word_is_wrong_use(tmp_path):
    """An unknown command shows the list and ends with status 2."""
    done = run("dance", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: ./run demo" in done.stderr


@pytest.mark.parametrize("command", ["demo", "earnest", "test", "lint", "bench"])
def test_an_old_python_is_named_in_one_line(tmp_path, command):
    """Python before 3.11 stops every command with one line that says what is needed."""
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" != --version ] || echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    done = run(command, folder=tmp_path, PYTHON=str(old))
    assert done.returncode == 2
    assert done.stderr == (
        "earnest: Python 3.9.2 is too old; 3.11 or later is needed (PYTHON=... chooses)\n"
    )

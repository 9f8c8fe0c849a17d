"""Data folders for the launcher's tests: one that was used before, and empty ones."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def _reachable_folder() -> Path:
    """Make a folder that the server's user can reach when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="earnest-place-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Return a data folder whose server every test leaves stopped: making one takes a second."""
    folder = _reachable_folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def empty_home() -> Iterator[Path]:
    """Return a data folder that nothing was ever started in."""
    folder = _reachable_folder()
    yield folder
    shutil.rmtree(folder)

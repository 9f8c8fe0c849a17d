"""A feed of its own for each test: a fresh data folder."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.charging.scene import market_new


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> Path:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path
    return tmp_path


@pytest.fixture
def tenant(db: None) -> str:
    """Give a market with the provider P1, in which nothing is filed yet."""
    return market_new()

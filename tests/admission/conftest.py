"""A market with its people, and a feed of its own for each test."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from earnest.market.commands import clock_set
from tests.admission.scene import NOW, TENANT, Scene


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> Path:
    """Keep the files of each test apart, and lose no time on passwords that nobody guesses."""
    settings.EARNEST_HOME = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path


@pytest.fixture
def scene(db: None) -> Scene:
    """Return a market with a reviewer, an approver and a person of finance; time is simulated."""
    made = Scene()
    clock_set(TENANT, NOW)
    return made

"""A feed of its own for each test: a fresh data folder and its tenant."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from earnest.feed.arrival import Intake
from earnest.feed.commands import events_take

TENANT = "test"
SOURCE = "urn:earnest:src:test:1"
NOW = datetime(2025, 9, 1, 4, tzinfo=UTC)

Take = Callable[..., Intake]


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> Path:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path
    return tmp_path


@pytest.fixture
def take(db: None) -> Take:
    """Take rows of a stream with the test's tenant, source, time and origin."""

    def taken(stream: str, *rows: dict[str, Any], **more: Any) -> Intake:
        given = {"source": SOURCE, "now": NOW, "origin": "test", **more}
        return events_take(TENANT, stream, list(rows), **given)

    return taken

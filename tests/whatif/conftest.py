"""The small market of this folder, seeded once a module; each test works in a savepoint."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from tests.whatif.market import seed


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Seed the market, and leave nothing of it behind."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def market(seeded: None, db: None) -> None:
    """Offer the market to a test."""

"""A tenant whose rows are committed and stay, for workers with sessions of their own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection


@pytest.fixture
def committed_tenant(flushed_afterwards: None, django_db_blocker: object) -> Iterator[str]:
    """Return the id of a fresh tenant; what is written under it is committed."""
    with django_db_blocker.unblock():
        yield f"work-{uuid4().hex[:16]}"
        connection.close()

"""A market whose books are really committed: the worker wants no transaction around it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection

from earnest.simulator.institution import Institution
from tests.payouts.scene import account_verified, institution, market_open


@pytest.fixture
def tenant(flushed_afterwards: None, django_db_blocker: object) -> Iterator[str]:
    """Return a fresh tenant with a shop, its deposit and its verified account."""
    with django_db_blocker.unblock():
        tenant_id = market_open(f"payouts-{uuid4().hex[:16]}")
        account_verified(tenant_id)
        yield tenant_id
        connection.close()


@pytest.fixture
def house() -> Institution:
    """Return an institution that does what it is asked."""
    return institution()

"""A small chart of accounts, and books that are really committed."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection

from earnest.ledger.commands import accounts_open
from tests.ledger.market import ACCOUNTS, NOW


@pytest.fixture
def tenant(db: None) -> str:
    """Return a tenant whose accounts are open, in a transaction that is rolled back."""
    accounts_open("market", ACCOUNTS, NOW)
    return "market"


@pytest.fixture
def committed_tenant(flushed_afterwards: None, django_db_blocker: object) -> Iterator[str]:
    """Return a fresh tenant whose books are committed, until the module is over."""
    tenant_id = f"kept-{uuid4().hex[:16]}"
    with django_db_blocker.unblock():
        accounts_open(tenant_id, ACCOUNTS, NOW)
        yield tenant_id
        connection.close()

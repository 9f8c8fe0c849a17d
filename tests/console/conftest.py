"""The seeded market, and people who have signed in."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from tests.console.market import PASSWORD, SeededMarket, seed


@pytest.fixture(scope="module")
def seeded(django_db_setup: None, django_db_blocker: Any) -> Iterator[SeededMarket]:
    """Seed the market once for a module; each test then works in a savepoint of its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield seed()
        transaction.set_rollback(True)


@pytest.fixture
def market(seeded: SeededMarket, db: None) -> SeededMarket:
    """Return a market with everything that pages show."""
    return deepcopy(seeded)


@pytest.fixture
def signed_in(market: SeededMarket) -> Callable[..., Client]:
    """Return a maker of browsers in which a person has signed in."""

    def sign_in(username: str, language: str = "zh-hans") -> Client:
        client = Client()
        assert client.login(username=username, password=PASSWORD)
        client.cookies["django_language"] = language
        return client

    return sign_in


@pytest.fixture(autouse=True)
def _language_put_back() -> Iterator[None]:
    """Leave no language active for the next test."""
    with translation.override("zh-hans"):
        yield

"""The harbour's book, published, for every test that amends it."""

import pytest

from tests.rulebooks import books


@pytest.fixture
def harbour(db: None) -> None:
    """Publish the harbour's book on its day."""
    books.opened()

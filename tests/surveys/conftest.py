"""The market of these tests."""

import pytest

from tests.surveys.scene import TENANT, parties


@pytest.fixture
def market(db: None) -> str:
    """Return a market with two providers and eight shops."""
    parties()
    return TENANT

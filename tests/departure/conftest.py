"""A feed of its own for each test: a fresh data folder."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.cases.scene import provider_open, tenant_new, verified


@pytest.fixture(autouse=True)
def feed_home(settings: Settings, tmp_path: Path) -> Path:
    """Keep the files of each test apart."""
    settings.EARNEST_HOME = tmp_path
    return tmp_path


@pytest.fixture
def tenant() -> str:
    """Give a market with one provider, whose deposit is whole and whose account is verified."""
    tenant = tenant_new()
    verified(tenant, provider_open(tenant, deposit_fen=1_000_000, required_fen=1_000_000))
    return tenant

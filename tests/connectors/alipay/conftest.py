"""The simulated institution, and a client that speaks to it without any network."""

import httpx
import pytest

from earnest.connectors.alipay.client import AlipayClient
from earnest.connectors.alipay.config import AlipayConfig
from earnest.simulator.institution import Institution
from tests.payouts.scene import config as config_of
from tests.payouts.scene import institution


@pytest.fixture
def config() -> AlipayConfig:
    """Return a configuration that fits the institution."""
    return config_of()


@pytest.fixture
def house() -> Institution:
    """Return an institution that does what it is asked."""
    return institution()


@pytest.fixture
def client(config, house) -> AlipayClient:
    """Return a client that speaks to the institution."""
    return AlipayClient(config, httpx.Client(transport=house.transport()))

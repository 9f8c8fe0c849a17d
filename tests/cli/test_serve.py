"""Where the web server of ``earnest serve`` and of the demo is reached."""

import os

import pytest
from django.conf import settings as loaded
from pytest_django import Settings

from earnest.cli.serve import address_tell


@pytest.mark.parametrize(
    ("given", "told"),
    [(None, "http://127.0.0.1:8123"), ("https://market.example/", "https://market.example")],
)
def test_links_lead_to_the_port_unless_an_address_is_set(
    given: str | None, told: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Statements keep the address for ever, so it has to be one that answers."""
    settings.PUBLIC_URL = "http://localhost:8000"
    monkeypatch.setenv("EARNEST_URL", given or "")
    if given is None:
        monkeypatch.delenv("EARNEST_URL")
    address_tell(8123)
    assert told == loaded.PUBLIC_URL
    assert os.environ["EARNEST_URL"].rstrip("/") == told  # the server's processes inherit it

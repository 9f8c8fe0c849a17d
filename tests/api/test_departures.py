"""Departures over HTTP: applied for by the provider, and whose turn it is after that."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Caller


@pytest.mark.clause("S0-3.3", "S0-3.2a")
def test_an_exit_says_whose_turn_it_is(caller_as: Callable[..., Caller]) -> None:
    """A reviewer checks by a day; merchants of a subscription that has ended are served on."""
    provider = caller_as("provider")
    body = {"on_sale": 0, "running": 0, "subscription_ends_on": "2025-09-04", "reason": "closing"}
    answer = provider.post("/providers/P1/exit", body)
    assert answer.status_code == 201
    begun = answer.json()
    assert (begun["state"], begun["serve_until"]) == ("applied", "2025-10-04")
    shown = provider.get(f"/departures/{begun['number']}").json()
    assert shown["turn"] == {
        "who": "reviewer", "what": "check", "due_on": "2025-09-16", "late": False,
    }  # fmt: skip
    assert [each["what"] for each in shown["steps"]] == ["applied"]

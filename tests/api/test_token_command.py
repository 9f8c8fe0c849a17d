"""``earnest token``: made, listed, revoked from the command line."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from earnest.cli.token import token
from tests.api.conftest import Caller


def run(*words: str) -> Any:
    """Run ``earnest token`` with words."""
    return CliRunner().invoke(token, list(words), standalone_mode=False)


def test_a_token_made_on_the_command_line_works(market: str) -> None:
    """The printed secret opens the API until the token is revoked."""
    words = ("--role", "provider", "--name", "own reports", "--subject", "provider:P1")
    [made] = json.loads(run("create", *words, "--format", "json").stdout)
    caller = Caller({"Authorization": f"Bearer {made['secret']}"})
    assert caller.get("/deposits/provider/P1").status_code == 200
    assert caller.get("/deposits/provider/P2").status_code == 404
    listed = run("list", "--format", "json").stdout
    assert made["secret"] not in listed
    assert json.loads(listed)[0]["id"] == made["id"]
    assert "revoked" in run("revoke", made["id"]).stderr
    assert caller.get("/deposits/provider/P1").status_code == 401


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--role", "king", "--name", "x"),
        ("create", "--role", "feed"),
        ("create", "--role", "provider", "--name", "x", "--subject", "P1"),
        ("revoke", "not-an-id"),
    ],
)
def test_wrong_words_are_refused(market: str, words: tuple[str, ...]) -> None:
    """A wrong role, a missing name, a party without kind and a bad id are wrong use."""
    outcome = CliRunner().invoke(token, list(words))
    assert outcome.exit_code == 2

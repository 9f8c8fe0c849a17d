"""API tokens: made once, shown once, revoked for good."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from earnest.api.commands import token_create, token_revoke
from earnest.api.models import ApiToken
from earnest.api.queries import token_of_secret, tokens_of
from earnest.kernel.errors import BadInput, NotFound
from tests.api.conftest import BASE, NOW, Caller

pytestmark = pytest.mark.django_db


def test_the_secret_is_not_kept() -> None:
    """Nothing stored contains the secret, and the list shows nothing of it."""
    made = token_create("main", "feeder", role="feed", now=NOW)
    token = ApiToken.objects.get(id=made.id)
    kept = {name: str(value) for name, value in vars(token).items()}
    assert all(made.secret not in value for value in kept.values())
    [row] = tokens_of("main")
    assert "secret_sha256" not in row
    assert row["name"] == "feeder"


def test_two_tokens_have_different_secrets() -> None:
    """Secrets are random and found by their own token only."""
    first, second = (token_create("main", "one", role="feed", now=NOW) for _ in range(2))
    assert first.secret != second.secret
    found = token_of_secret(first.secret)
    assert found is not None
    assert found.id == first.id
    assert token_of_secret(first.secret + "x") is None


@pytest.mark.parametrize(
    ("role", "name", "subject", "code"),
    [
        ("king", "x", ("", ""), "unknown_role"),
        ("provider", "x", ("", ""), "party_missing"),
        ("provider", "x", ("shop", "S1"), "party_missing"),
        ("merchant", "x", ("shop", ""), "party_missing"),
        ("auditor", "x", ("shop", "S1"), "party_not_wanted"),
        ("auditor", "  ", ("", ""), "name_missing"),
    ],
)
def test_bad_tokens_are_refused(role: str, name: str, subject: Any, code: str) -> None:
    """A token has a known role, a name, and a party exactly where the role belongs to one."""
    with pytest.raises(BadInput) as refused:
        token_create("main", name, role=role, subject=subject, now=NOW)
    assert refused.value.problem.code == code


def test_revoking_twice_says_so() -> None:
    """The second revocation changes nothing; an unknown id is an error."""
    made = token_create("main", "old", role="feed", now=NOW)
    assert token_revoke("main", made.id, now=NOW) is True
    assert token_revoke("main", made.id, now=NOW) is False
    with pytest.raises(NotFound):
        token_revoke("elsewhere", made.id, now=NOW)


def test_a_token_is_never_deleted_or_changed() -> None:
    """The database refuses to delete a token or to give it another role."""
    made = token_create("main", "old", role="feed", now=NOW)
    for forbidden in (
        lambda: ApiToken.objects.filter(id=made.id).delete(),
        lambda: ApiToken.objects.filter(id=made.id).update(role="admin"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            forbidden()


def test_use_is_noted_by_day(market: str) -> None:
    """The day of the last call is kept, for finding tokens that nobody uses."""
    made = token_create(market, "auditor", role="auditor", now=NOW)
    Caller({"Authorization": f"Bearer {made.secret}"}).get("/decisions")
    assert ApiToken.objects.get(id=made.id).last_used_on is not None


def test_unknown_tokens_wait_and_good_ones_are_served(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """Who sends tokens that nobody has is told to wait; the neighbour with a good one is not."""
    stranger: dict[str, Any] = {
        "REMOTE_ADDR": "203.0.113.7",
        "headers": {"Authorization": "Bearer earnest_guess"},
    }
    client = Client()
    statuses = {client.get(f"{BASE}/rulebooks", **stranger).status_code for _ in range(50)}
    assert statuses == {401}
    refused = client.get(f"{BASE}/rulebooks", **stranger)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 30
    assert refused.json()["code"] == "too_many_tries"
    good = client.get(
        f"{BASE}/rulebooks", headers=caller_as("risk").headers, REMOTE_ADDR="203.0.113.7"
    )
    assert good.status_code == 200

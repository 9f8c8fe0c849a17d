"""A session names its tenant for the length of a block, and nothing of it stays behind."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from earnest.market.models import Shop
from earnest.postgres.roles import APP, roles_grant
from earnest.postgres.tenancy import (
    one_marketplace,
    person_known,
    stranger_scope,
    tenant_known,
    tenant_now,
    tenant_scope,
    token_known,
)

A, B = "tenant-a", "tenant-b"


def _shop(tenant_id: str) -> None:
    Shop.objects.create(
        tenant_id=tenant_id, shop_id="S1", name=tenant_id, opened_on=date(2025, 1, 1)
    )


def _seen() -> list[str]:
    return list(Shop.objects.order_by("tenant_id").values_list("tenant_id", flat=True))


@pytest.fixture
def shops(db: None) -> None:
    """Open a shop in each of two tenants."""
    _shop(A)
    _shop(B)


@pytest.fixture
def committed_shops(transactional_db: None) -> Iterator[None]:
    """Open the same shops for good, and let every connection take the working role."""
    roles_grant(connection)
    _shop(A)
    _shop(B)
    before = dict(connection.settings_dict["OPTIONS"])
    connection.close()
    connection.settings_dict["OPTIONS"] = before | {"options": f"-c role={APP}"}
    yield
    connection.close()
    connection.settings_dict["OPTIONS"] = before


def test_scopes_nest_and_end(shops: None, as_app_role: None) -> None:
    """Inside a block its tenant, inside a block of it another's, afterwards as before."""
    assert _seen() == []
    with tenant_scope(A):
        assert _seen() == [A]
        with tenant_scope(B):
            assert _seen() == [B]
        assert (_seen(), tenant_now()) == ([A], A)
    assert (_seen(), tenant_now()) == ([], "")


def test_a_scope_ends_with_an_error_too(shops: None, as_app_role: None) -> None:
    """An exception, and a transaction that the database has broken, leave no tenant behind."""
    with pytest.raises(KeyError), tenant_scope(A):
        raise KeyError
    assert _seen() == []
    with pytest.raises(DatabaseError), transaction.atomic(), tenant_scope(A):
        Shop.objects.raw("SELECT 1 / 0")[0]
    assert _seen() == []
    with tenant_scope(A):
        with pytest.raises(DatabaseError), transaction.atomic(), tenant_scope(B):
            Shop.objects.raw("SELECT 1 / 0")[0]
        assert _seen() == [A]


def test_a_roll_back_does_not_bring_a_tenant_back(committed_shops: None) -> None:
    """What a session says inside a transaction is as it was after a roll-back and a commit."""
    for ended in (True, False):
        with transaction.atomic():
            with tenant_scope(A):
                assert _seen() == [A]
            transaction.set_rollback(ended)
        assert _seen() == []
        with tenant_scope(A):
            with transaction.atomic():
                with tenant_scope(B):
                    assert _seen() == [B]
                transaction.set_rollback(ended)
            assert _seen() == [A]


def test_nothing_is_opened_that_nothing_would_close(shops: None) -> None:
    """Outside of every block a stranger cannot become known: the next one would inherit it."""
    for opened in (partial(tenant_known, A), partial(person_known, 1), partial(token_known, "x")):
        with pytest.raises(RuntimeError):
            opened()
        assert tenant_now() == ""


def test_a_connection_used_a_thousand_times_leaks_nothing(committed_shops: None) -> None:
    """Strangers who turn out to be of either tenant, one after the other, see only their own."""
    for turn in range(1_000):
        tenant_id = (A, B)[turn % 3 % 2]
        with stranger_scope():
            assert not Shop.objects.exists()
            tenant_known(tenant_id)
            assert Shop.objects.get().tenant_id == tenant_id
    assert _seen() == []


def test_a_scope_holds_on_a_new_connection(committed_shops: None) -> None:
    """A connection opened within a block begins in its tenant, one opened outside in none."""
    with tenant_scope(A):
        connection.close()
        assert _seen() == [A]
        connection.close()
    assert _seen() == []


def test_a_dead_connection_leaks_nothing(committed_shops: None) -> None:
    """When the server ends the session inside a block, the block ends quietly all the same."""
    with tenant_scope(A):
        assert _seen() == [A]
        connection.connection.close()
    connection.close()
    assert _seen() == []


def test_a_session_that_the_server_ended_is_replaced(committed_shops: None) -> None:
    """After a restart of the server the next block has a fresh session, in its tenant."""
    assert _seen() == []
    parameters = connection.get_connection_params()
    with psycopg.connect(**{key: parameters[key] for key in ("dbname", "user", "host")}) as other:
        pid = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    with tenant_scope(A):
        assert _seen() == [A]
    assert _seen() == []


def test_a_thread_begins_with_nobody(committed_shops: None) -> None:
    """A scope is its own thread's; another thread sees nothing until it says for whom it works."""

    def seen() -> tuple[list[str], list[str]]:
        try:
            before = _seen()
            with tenant_scope(B):
                return before, _seen()
        finally:
            connections.close_all()

    with tenant_scope(A), ThreadPoolExecutor(1) as pool:
        assert pool.submit(seen).result() == ([], [B])


def test_one_marketplace_is_the_default_of_its_process(
    committed_shops: None, settings: object
) -> None:
    """The command line and the worker see the configured tenant; a stranger still sees nothing."""
    settings.TENANT = A

    def seen_in_thread() -> list[str]:
        try:
            return _seen()
        finally:
            connections.close_all()

    with one_marketplace(), ThreadPoolExecutor(1) as pool:
        connection.close()
        assert _seen() == pool.submit(seen_in_thread).result() == [A]
        with stranger_scope():
            assert _seen() == []
        assert _seen() == [A]
    connection.close()
    assert _seen() == []

"""Whose rows a session of the working role sees: those of one tenant, and none by default.

The database decides, by a policy on every table with a tenant (:mod:`earnest.postgres.policies`);
a session names its tenant in the setting ``earnest.tenant``. Whoever starts work says for whom::

    with tenant_scope("main"):
        ...

Before a tenant is known, ``earnest.user`` and ``earnest.token`` open the one row that tells it: the
membership of a signed-in person, the record of an API token. A scope belongs to its thread and
holds also on a connection that the thread opens later; a new thread begins with none.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from psycopg import Error
from psycopg.pq import TransactionStatus

TENANT, USER, TOKEN = "earnest.tenant", "earnest.user", "earnest.token"
_SET = (
    f"SELECT set_config('{TENANT}', %s, false), set_config('{USER}', %s, false), "
    f"set_config('{TOKEN}', %s, false)"
)
_UNUSABLE = (TransactionStatus.INERROR, TransactionStatus.UNKNOWN)


@dataclass(frozen=True)
class _Scope:
    """What the session says of itself; empty parts open nothing."""

    tenant: str = ""
    user: str = ""
    token: str = ""


_NOBODY = _Scope()
_scope: ContextVar[_Scope | None] = ContextVar("earnest_scope", default=None)
_marketplaces: list[None] = []  # as long as the blocks of one_marketplace


def tenant_now() -> str:
    """Return the tenant that this thread works for; empty for none."""
    return _current().tenant


@contextmanager
def tenant_scope(tenant_id: str) -> Iterator[None]:
    """Work for a tenant for the length of a block; afterwards the session is as it was."""
    with _scoped(replace(_current(), tenant=tenant_id)):
        yield


@contextmanager
def stranger_scope() -> Iterator[None]:
    """Serve somebody who is not known yet: nothing is seen until the block finds out who it is.

    Within it :func:`person_known`, :func:`token_known` and :func:`tenant_known` say so; what they
    said ends with the block, whatever happens in it. Outside of every block they raise
    RuntimeError, for nothing would ever take back what they opened.
    """
    with _scoped(_NOBODY):
        yield


def person_known(user_id: int | None) -> None:
    """Open the membership of a signed-in person for the rest of :func:`stranger_scope`."""
    _learn(replace(_current(), user="" if user_id is None else str(user_id)))


def token_known(secret_sha256: str) -> None:
    """Open the record of a token, by its secret's hash, for the rest of :func:`stranger_scope`."""
    _learn(replace(_current(), token=secret_sha256))


def tenant_known(tenant_id: str) -> None:
    """Open a tenant's rows for the rest of :func:`stranger_scope`, and nothing besides."""
    _learn(_Scope(tenant_id))


@contextmanager
def one_marketplace() -> Iterator[None]:
    """Let every thread of this process work for ``settings.TENANT`` unless it says otherwise.

    For the command line and the worker, which serve one marketplace; never for the web server.
    """
    _marketplaces.append(None)
    try:
        yield
    finally:
        _marketplaces.pop()


def _current() -> _Scope:
    scope = _scope.get()
    if scope is None:
        return _Scope(str(settings.TENANT)) if _marketplaces else _NOBODY
    return scope


@contextmanager
def _scoped(scope: _Scope) -> Iterator[None]:
    before = _scope.get()
    try:
        _enter(scope)
        yield
    finally:
        _scope.set(before)
        _put_back()


def _learn(scope: _Scope) -> None:
    if _scope.get() is None:
        raise RuntimeError("outside of stranger_scope nothing would close what this opens")
    _enter(scope)


def _enter(scope: _Scope) -> None:
    """Take a scope; a session that cannot hear it is given up, and a new one begins in it."""
    _scope.set(scope)
    if connection.connection is None:
        return
    try:
        _say(connection.connection, scope)
    except Error:
        if connection.in_atomic_block:
            raise
        _give_up()


def _put_back() -> None:
    """Set the session to the thread's scope, or give it up."""
    session = connection.connection
    if session is None:
        return
    if session.info.transaction_status in _UNUSABLE and connection.in_atomic_block:
        return  # the roll-back that must follow takes back what was said inside the transaction
    try:
        _say(session, _current())
    except Error:
        _give_up()


def _give_up() -> None:
    with suppress(Error):
        connection.close()


def _say(session: Any, scope: _Scope) -> None:
    # Past Django's cursor, for these are no queries of a page: it would count and log them.
    session.execute(_SET, [scope.tenant, scope.user, scope.token])


@receiver(connection_created, dispatch_uid="earnest-tenancy")
def _on_connection(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Let a fresh connection of this thread begin in the thread's scope."""
    scope = _current()
    if connection.alias == DEFAULT_DB_ALIAS and scope != _NOBODY:
        _say(connection.connection, scope)

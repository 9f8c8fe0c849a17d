"""Human numbers such as C000001: taken one after the other, without gaps, in each marketplace."""

from typing import Final

from django.db import connection
from django.db.models import Model
from django.db.models.functions import Length
from django.db.transaction import TransactionManagementError

DIGITS: Final = 6


def number_next(model: type[Model], tenant_id: str, letter: str, *, digits: int = DIGITS) -> str:
    """Return the number after the last one of a table, such as ``C000042``.

    Whoever asks for the next one waits until this transaction has ended, so no number is given
    twice and none is left out: call it in the transaction that writes the row. The table has the
    columns ``tenant_id`` and ``number``, which are unique together.

    Takes:
        letter: what the numbers of this table begin with.
        digits: how many digits they have at least.

    Raises:
        TransactionManagementError: there is no transaction that could hold the number.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("a number is taken within the transaction that uses it")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{model._meta.db_table} number:{tenant_id}"],  # noqa: SLF001 - Django's public name
        )
    return f"{letter}{_last(model, tenant_id, digits) + 1:0{digits}d}"


def _last(model: type[Model], tenant_id: str, digits: int) -> int:
    """Return the last number of a table, 0 before the first; read off the index of numbers."""
    rows = model._default_manager.filter(tenant_id=tenant_id)  # noqa: SLF001 - the same
    last = rows.order_by("-number").values_list("number", flat=True).first()
    if last is not None and last[1:] == "9" * digits:
        # Longer ones sort before it, as text.
        last = rows.order_by(Length("number").desc(), "-number").values_list("number", flat=True)[0]
    return int(last[1:]) if last else 0

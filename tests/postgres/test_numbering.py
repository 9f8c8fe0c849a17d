"""Numbers such as C000001: in order, without gaps, and never from outside of a transaction."""

from datetime import UTC, datetime
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from earnest.cases.models import Case
from earnest.postgres.numbering import number_next

NOW = datetime(2025, 9, 5, 2, tzinfo=UTC)


def _taken(tenant: str, number: str = "") -> str:
    given = number or number_next(Case, tenant, "C")
    Case.objects.create(
        id=uuid4(), tenant_id=tenant, number=given, kind="exit", subject_kind="shop",
        subject_id="S1", facts={}, opened_by="risk", opened_at=NOW,
    )  # fmt: skip
    return given


@pytest.mark.django_db
def test_numbers_follow_each_other_in_each_marketplace() -> None:
    """The first is 1, each marketplace has its own, and the digits only say how many at least."""
    one, two = f"t{uuid4().hex[:12]}", f"t{uuid4().hex[:12]}"
    assert [_taken(one) for _ in range(3)] == ["C000001", "C000002", "C000003"]
    assert _taken(two) == "C000001"
    assert number_next(Case, two, "C", digits=8) == "C00000002"


@pytest.mark.django_db
def test_numbers_go_on_when_their_digits_are_used_up() -> None:
    """After 999999 come longer ones, though as text they sort before it."""
    tenant = f"t{uuid4().hex[:12]}"
    _taken(tenant, "C999999")
    assert [_taken(tenant) for _ in range(2)] == ["C1000000", "C1000001"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_two_numbers() -> None:
    """Who comes second waits for the first to commit; nobody takes one without a transaction."""
    tenant, both, found = f"t{uuid4().hex[:12]}", Barrier(2), list[str]()

    def take() -> None:
        try:
            both.wait(timeout=10)
            with transaction.atomic():
                found.append(_taken(tenant))
        finally:
            connection.close()

    with pytest.raises(TransactionManagementError):
        number_next(Case, tenant, "C")
    threads = [Thread(target=take) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=20)
    assert sorted(found) == ["C000001", "C000002"]

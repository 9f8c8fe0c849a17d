"""The table of editions changed rooms without losing a row."""

from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from earnest.rulebooks.models import PackEdition

KEPT_AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_rows_of_before_are_there_after_and_still_guarded() -> None:
    """A database of before the move keeps its editions, and nobody may change them."""
    try:
        call_command("migrate", "decisions", "0001_initial", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO decisions_packedition (hash, rulebook, text, recorded_at)"
                " VALUES (%s, 'a-book', 'rulebook: a-book', %s)",
                ["a" * 64, KEPT_AT],
            )
    finally:
        call_command("migrate", verbosity=0)
    kept = PackEdition.objects.get(hash="a" * 64)
    assert (kept.rulebook, kept.text, kept.recorded_at) == ("a-book", "rulebook: a-book", KEPT_AT)
    with pytest.raises(DatabaseError, match="never touched"), transaction.atomic():
        PackEdition.objects.filter(hash="a" * 64).delete()

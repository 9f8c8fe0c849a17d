"""Assumed values: confirmed by people, each value by itself, and again when it changes."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from earnest.kernel.errors import BadInput, EarnestError, NotAllowed, NotFound
from earnest.rulebooks.assumptions import assumed_in_use
from earnest.rulebooks.commands import value_confirm, value_unconfirm
from earnest.rulebooks.models import Confirmation
from earnest.rulebooks.packs import pack_of
from earnest.rulebooks.queries import confirmation_history, confirmations, unconfirmed
from tests.rulebooks import books
from tests.rulebooks.books import BOOK, CHANGED_ON, TENANT, at

ON = date(2025, 4, 1)

pytestmark = pytest.mark.usefixtures("harbour")


def _refused(error: type[EarnestError], code: str) -> "pytest.RaisesExc[EarnestError]":
    return pytest.raises(error, match=rf"\[{code}\]")


def _confirm(element: str, **other: object) -> list[Confirmation]:
    words = {"rulebook": BOOK, "confirmed_by": "risk", "note": "our tariff", "now": at(ON)}
    return value_confirm(TENANT, element=element, **{**words, **other})  # type: ignore[arg-type]  # the words have the types


def _open(on: date = ON, tenant: str = TENANT) -> list[str]:
    return [each.element for each in unconfirmed(tenant, pack_of(BOOK), ["rate", "cargo"], on)]


def test_a_value_is_open_until_it_is_confirmed_and_again_when_that_is_taken_back() -> None:
    """Each value by itself, each tenant by itself; every word stays on record."""
    assert _open() == ["cargo", "rate"]
    _confirm("rate", approved_by="admin")
    assert _open() == ["cargo"]
    assert _open(tenant="other") == ["cargo", "rate"]
    value_unconfirm(
        TENANT, rulebook=BOOK, element="rate", confirmed_by="risk", note="a doubt", now=at(ON)
    )
    assert _open() == ["cargo", "rate"]
    said = [(each.confirmed, each.approved_by) for each in confirmation_history(TENANT)]
    assert said == [(False, ""), (True, "admin")]


def test_a_value_that_was_changed_has_to_be_confirmed_again() -> None:
    """A new assumed value from a day on is open on that day, while the old one stays confirmed."""
    _confirm("rate")
    text = books.with_act(books.text_now())
    held = "value: 5000, clause: H-2, instrument: H1, assumed: true}"
    assert held in text
    added = f"{held}, {{from: 2025-05-01, value: 6000, clause: H-2, instrument: H2, assumed: true}}"
    books.announced(books.submitted(text.replace(held, added), ON), ON)
    assert _open(ON) == ["cargo"]
    assert _open(CHANGED_ON) == ["cargo", "rate"]
    _confirm("rate", on=CHANGED_ON)
    assert _open(CHANGED_ON) == ["cargo"]


def test_an_erratum_s_value_is_another_value() -> None:
    """The same element from the same day, with another number, is not what was confirmed."""
    _confirm("rate")
    _confirm("cargo")
    text = books.corrected(books.text_now()).replace("value: 5000", "value: 5001")
    text = text.replace("fee_fen: 45000", "fee_fen: 45009")
    books.announced(books.submitted(text, date(2025, 6, 1)), date(2025, 6, 1))
    assert _open() == ["rate"]


def test_the_list_shows_every_assumed_value_with_what_it_says() -> None:
    """Confirmed or not, each stands with its day, its value and who spoke."""
    _confirm("rate", approved_by="admin")
    rows = {row.element: row for row in confirmations(TENANT) if row.rulebook == BOOK}
    assert rows["rate"].value == 5000
    assert rows["cargo"].value == [[["grain"], [1000]], [["oil"], [5000]]]
    assert (rows["rate"].confirmed, rows["cargo"].confirmed) == (True, False)
    assert (rows["rate"].confirmed_by, rows["rate"].approved_by) == ("risk", "admin")
    assert rows["rate"].title == {"zh": "费率", "en": "rate"}


def test_what_an_evaluation_used_is_told_by_its_trace() -> None:
    """Only values that were looked at count, not all that the book assumes."""
    facts = {"landed_on": ON, "value_fen": 0, "kind": "oil"}
    pack = pack_of(BOOK)
    used = assumed_in_use(pack, pack.evaluate("fee", facts).trace)
    assert [each.element for each in used] == ["cargo", "rate"]
    assert assumed_in_use(pack, pack.evaluate("crewed", {"landed_on": ON, "crew": 4}).trace) == []


def test_wrong_words_are_refused() -> None:
    """No note, no such value, or the same person twice: nothing is recorded."""
    with _refused(BadInput, "reason_missing"):
        _confirm("rate", note=" ")
    with _refused(NotFound, "not_assumed"):
        _confirm("base_fee")
    with _refused(NotFound, "not_assumed"):
        _confirm("rate", on=date(2025, 1, 1))
    with _refused(NotAllowed, "second_person_needed"):
        _confirm("rate", approved_by="risk")
    assert confirmation_history(TENANT) == []


def test_the_database_keeps_every_word() -> None:
    """A confirmation is never changed or removed, by our own code neither."""
    _confirm("rate")
    with pytest.raises(DatabaseError), transaction.atomic():
        Confirmation.objects.all().update(confirmed=False)

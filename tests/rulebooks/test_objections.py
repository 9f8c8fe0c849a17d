"""A party that objects to an act before its day is judged as if it had not come."""

from datetime import date, timedelta

import pytest

from earnest.kernel.errors import EarnestError, NotFound, RuleRefused
from earnest.rulebooks.commands import draft_withdraw, objection_file
from earnest.rulebooks.models import Objection
from earnest.rulebooks.packs import evaluation_of, pack_for, pack_of, party_packs
from earnest.rulebooks.queries import objections
from tests.rulebooks import books
from tests.rulebooks.books import BOOK, CHANGED_ON, TENANT, at

ANNOUNCED_ON = date(2025, 4, 1)
LANDING = {"landed_on": CHANGED_ON, "value_fen": 0, "kind": "oil"}

pytestmark = pytest.mark.usefixtures("harbour")


def _refused(error: type[EarnestError], code: str) -> "pytest.RaisesExc[EarnestError]":
    return pytest.raises(error, match=rf"\[{code}\]")


def _announced() -> str:
    draft = books.submitted(books.amended(books.text_now()), ANNOUNCED_ON)
    books.announced(draft, ANNOUNCED_ON)
    return draft.hash


def _object(subject_id: str, on: date, act: str = "H2") -> Objection:
    return objection_file(
        TENANT, rulebook=BOOK, instrument=act, subject_kind="shop", subject_id=subject_id,
        note="we leave", now=at(on), filed_by="service",
    )  # fmt: skip


@pytest.mark.clause("S3-3.2b")
def test_who_objects_in_time_is_judged_without_the_act() -> None:
    """The objecting shop pays the old fee after the act's day; every other shop the new one."""
    _announced()
    _object("S1", CHANGED_ON - timedelta(days=1))
    fees = [
        pack_for(TENANT, BOOK, "shop", shop).evaluate("fee", LANDING).result["fee_fen"]
        for shop in ("S1", "S2")
    ]
    assert fees == [15_000, 17_000]
    packs = party_packs(TENANT, BOOK)
    assert packs.objecting == {("shop", "S1")}
    assert packs.of("shop", "S2") is packs.current
    assert pack_for("other", BOOK, "shop", "S1") is pack_of(BOOK)


def test_the_receipt_of_an_objecting_party_is_replayed_in_its_own_reading() -> None:
    """What is taken again from the receipt leaves the act out as well."""
    _announced()
    _object("S1", ANNOUNCED_ON)
    receipt = pack_for(TENANT, BOOK, "shop", "S1").evaluate("fee", LANDING).receipt().as_dict()
    assert receipt["reading"] == {"without": ["H2"]}
    assert evaluation_of(receipt).result == {"fee_fen": 15_000}


@pytest.mark.clause("S3-3.2b")
def test_an_objection_has_its_time() -> None:
    """Before the act is announced, and from its day on, nobody can object to it."""
    with _refused(NotFound, "unknown_instrument"):
        _object("S1", ANNOUNCED_ON)
    _announced()
    for day in (ANNOUNCED_ON - timedelta(days=1), CHANGED_ON):
        with _refused(RuleRefused, "not_between"):
            _object("S1", day)
    assert _object("S1", ANNOUNCED_ON).objected_on == ANNOUNCED_ON


def test_an_objection_is_filed_once_and_listed() -> None:
    """The same objection again is the first one; the list has it with who wrote it down."""
    _announced()
    first = _object("S1", ANNOUNCED_ON)
    assert _object("S1", ANNOUNCED_ON + timedelta(days=2)).id == first.id
    (listed,) = objections(TENANT, rulebook=BOOK)
    assert (listed.subject_id, listed.filed_by) == ("S1", "service")
    assert objections(TENANT, rulebook="other") == []


def test_an_objection_to_a_withdrawn_act_binds_nobody() -> None:
    """Once the act is gone, the party is judged like everybody."""
    draft_hash = _announced()
    _object("S1", ANNOUNCED_ON)
    draft_withdraw(draft_hash, actor="rule", note="a flood", now=at(ANNOUNCED_ON))
    assert pack_for(TENANT, BOOK, "shop", "S1") is pack_of(BOOK)

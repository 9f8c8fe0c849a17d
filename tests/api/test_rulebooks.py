"""Rulebooks over HTTP: listed, searched, read on a day, with every version."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from earnest.rulebooks.packs import SHOP_DEPOSIT, pack_of
from tests.api.conftest import Caller

Callers = Callable[..., Caller]


@pytest.mark.parametrize("role", ["merchant", "provider", "auditor"])
def test_rulebooks_are_listed_for_whom_they_bind(caller_as: Callers, role: str) -> None:
    """Operators and parties see every book with its acts."""
    items = {each["name"]: each for each in caller_as(role).get("/rulebooks").json()["items"]}
    assert SHOP_DEPOSIT in items
    assert "S3" in {act["id"] for act in items[SHOP_DEPOSIT]["acts"]}
    assert items[SHOP_DEPOSIT]["clauses"] == len(pack_of(SHOP_DEPOSIT).clauses)


def test_a_feed_reads_no_rulebook(caller_as: Callers) -> None:
    """A token that only sends events reads nothing."""
    for path in ("/rulebooks", f"/rulebooks/{SHOP_DEPOSIT}", f"/rulebooks/{SHOP_DEPOSIT}/editions"):
        assert caller_as("feed", path).get(path).status_code == 403


def test_books_are_searched(caller_as: Callers) -> None:
    """A search leaves the books of which a clause has all its words, and counts them."""
    found = caller_as("merchant").get("/rulebooks?q=interest deposit").json()["items"]
    assert {each["name"]: each["found"] for each in found}[SHOP_DEPOSIT] >= 1
    assert caller_as("auditor").get("/rulebooks?q=zebra").json()["items"] == []


def test_a_book_on_a_day(caller_as: Callers) -> None:
    """For screens, for reading, and the text whose hash decisions carry."""
    page = caller_as("merchant").get(f"/rulebooks/{SHOP_DEPOSIT}?on=2025-09-01&language=en").json()
    assert page["on"] == "2025-09-01"
    assert sha256(page["pack"].encode()).hexdigest() == page["hash"]
    assert page["markdown"].startswith("# ")
    assert [each["key"] for each in page["sections"]][:2] == ["title", "acts"]
    narrowed = caller_as("provider").get(f"/rulebooks/{SHOP_DEPOSIT}?q=S3-1.2").json()
    clauses = next(each for each in narrowed["sections"] if each["key"] == "clauses")
    assert [part["name"] for part in clauses["parts"]] == ["S3-1.2"]


def test_before_the_first_act_the_page_says_so(caller_as: Callers) -> None:
    """A day before the rule is answered, with the day from which it holds."""
    page = caller_as("merchant").get(f"/rulebooks/{SHOP_DEPOSIT}?on=2020-08-11").json()
    assert "2020-08-12" in page["sections"][0]["parts"][0]["words"]


def test_versions(caller_as: Callers) -> None:
    """The first version is there; a book that does not exist is not found."""
    reader = caller_as("merchant")
    [first] = reader.get(f"/rulebooks/{SHOP_DEPOSIT}/editions").json()["items"]
    assert (first["number"], first["state"]) == (0, "in_force")
    for path in ("/rulebooks/no-such", "/rulebooks/no-such/editions"):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"code", "where", "zh", "en"}
    assert reader.get(f"/rulebooks/{SHOP_DEPOSIT}?on=2025-13-01").status_code == 422

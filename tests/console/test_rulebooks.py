"""Rulebooks for everybody: the list, one book on a day, searched, downloaded, compared."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from earnest.console.changes import changes_between
from earnest.policy import load_pack_text
from earnest.rulebooks.commands import draft_announce, draft_approve
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, pack_of
from earnest.rulebooks.queries import base_pack, draft_pack
from tests.console.market import NOW, TENANT, SeededMarket

SignIn = Callable[..., Client]
BOOK = f"/rules/{SHOP_DEPOSIT}/"


def _page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def _announced(market: SeededMarket) -> None:
    draft_approve(market.draft_hash, actor="risk", note="同意", now=NOW)
    draft_announce(market.draft_hash, actor="admin", note="公布", now=NOW)


def _clauses_shown(client: Client, address: str) -> list[str]:
    chapters = client.get(address).context["chapters"]
    return [view.anchor for each in chapters if each.key == "clauses" for view in each.parts]


def test_the_list_says_what_holds_today(market: SeededMarket, signed_in: SignIn) -> None:
    """Each book: the act in force, clauses by status, and how many samples are unconfirmed."""
    books = {
        each.pack.rulebook: each for each in signed_in("merchant").get("/rules/").context["books"]
    }
    book = books[SHOP_DEPOSIT]
    assert book.in_force is not None
    assert book.in_force.id == "S3"
    assert book.coming == []
    assert sum(n for _, n in book.statuses) == len(book.pack.clauses)
    assert book.samples == 0


def test_an_announced_change_stands_on_the_list(market: SeededMarket, signed_in: SignIn) -> None:
    """An announced act is listed with its day; before it, the value is still the old one."""
    _announced(market)
    client = signed_in("provider", "en")
    page = _page(client, "/rules/")
    assert "SD2" in page
    assert "from 2026-01-01" in page
    days = "/rules/" + SHOP_DEPOSIT + "/?q=S3-5.2b&on="
    assert "10 days" in _page(client, days + "2026-01-01")
    assert "7 days" in _page(client, days + "2025-12-31")


def test_important_terms_stand_out(market: SeededMarket, signed_in: SignIn) -> None:
    """What an important act has set is marked, from its day on and not before."""
    _announced(market)
    client = signed_in("merchant")
    found = {
        day: [
            view.anchor
            for chapter in client.get(f"{BOOK}?on={day}").context["chapters"]
            for view in chapter.parts
            if view.important
        ]
        for day in ("2025-12-31", "2026-01-01")
    }
    assert found["2025-12-31"] == []
    assert "S3-5.2b" in found["2026-01-01"]


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "低于"), ("en", "below")])
def test_a_book_on_a_day_in_both_languages(
    market: SeededMarket, signed_in: SignIn, language: str, words: str
) -> None:
    """Every clause is there in the reader's language, with the tables in force."""
    client = signed_in("merchant", language)
    page = _page(client, BOOK)
    assert words in page
    assert set(_clauses_shown(client, BOOK)) >= set(pack_of(SHOP_DEPOSIT).clauses)


def test_a_search_leaves_what_contains_its_words(market: SeededMarket, signed_in: SignIn) -> None:
    """Clauses and values are searched; nothing found is said; the whole page is not sent again."""
    client = signed_in("merchant")
    assert _clauses_shown(client, f"{BOOK}?q=S3-1.2") == ["S3-1.2"]
    assert "S3-5.2b" in _clauses_shown(client, f"{BOOK}?q=7 天")
    nothing = client.get(f"{BOOK}?q=没有这样的话", headers={"HX-Request": "true"})
    assert "没有条款含有" in nothing.content.decode()
    assert "<html" not in nothing.content.decode()


def test_before_the_first_act_nothing_is_in_force(market: SeededMarket, signed_in: SignIn) -> None:
    """A day before the rule shows that none was in force; a wrong day is said in place."""
    client = signed_in("provider")
    assert client.get(f"{BOOK}?on=2020-08-11").context["in_force"] is None
    wrong = client.get(f"{BOOK}?on=2020-13-45")
    assert wrong.context["wrong_day"]
    assert wrong.context["on"] == date(2025, 11, 20)


def test_a_book_can_be_taken_away(market: SeededMarket, signed_in: SignIn) -> None:
    """Markdown for reading and the YAML that decides, byte for byte; other forms do not exist."""
    client = signed_in("merchant", "en")
    page = client.get(f"{BOOK}download.md?on=2025-11-20")
    assert page.content.decode().startswith("# ")
    assert "2025-11-20.md" in page.headers["Content-Disposition"]
    pack = client.get(f"{BOOK}download.yaml")
    assert pack.content.decode() == pack_of(SHOP_DEPOSIT).text
    assert client.get(f"{BOOK}download.exe").status_code == 404
    assert client.get(f"/rules/{SUPPLY_MARKET}/").context["pack"].rulebook == SUPPLY_MARKET


def test_versions_are_listed_and_compared(market: SeededMarket, signed_in: SignIn) -> None:
    """One version has nothing to compare with; two stand side by side, clause by clause."""
    client = signed_in("merchant")
    assert "暂无可比" in _page(client, f"{BOOK}editions/")
    _announced(market)
    shown = client.get(f"{BOOK}editions/").context
    assert [row.state for row in shown["editions"]] == ["announced", "in_force"]
    rows = {section.clause: section.rows for section in shown["sections"]}
    [row] = rows["S3-5.2b"]
    assert (row.old.split(" · ")[0], row.new, row.from_on) == ("7 天", "10 天", date(2026, 1, 1))
    same = client.get(f"{BOOK}editions/?old=0&new=0").context["sections"]
    assert same == []


def test_a_new_book_is_not_compared(market: SeededMarket) -> None:
    """Where there is nothing before, there are no differences; a text is like itself."""
    pack = draft_pack(market.draft_hash)
    assert changes_between(None, pack) == []
    assert changes_between(pack, load_pack_text(pack.text, "again")) == []
    assert changes_between(base_pack(market.draft_hash), pack) != []


def test_an_unconfirmed_sample_is_marked(market: SeededMarket, signed_in: SignIn) -> None:
    """Once its confirmation is taken back, a sample is marked in the book and counted."""
    from earnest.rulebooks.commands import value_unconfirm

    value_unconfirm(
        TENANT, rulebook=SHOP_DEPOSIT, element="sales_tier", confirmed_by="risk", note="?", now=NOW
    )
    client = signed_in("merchant")
    books = {each.pack.rulebook: each for each in client.get("/rules/").context["books"]}
    assert books[SHOP_DEPOSIT].samples == 1
    marked = {
        name
        for chapter in client.get(BOOK).context["chapters"]
        for view in chapter.parts
        for name in view.samples
    }
    assert marked == {"sales_tier"}

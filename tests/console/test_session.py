"""Signing in, first pages, and the reader's language."""

from collections.abc import Callable

import pytest
from django.test import Client, override_settings

from tests.console.market import PASSWORD, SeededMarket

SignIn = Callable[..., Client]


def test_everyone_lands_on_their_first_page(market: SeededMarket) -> None:
    """Operators on the workbench, a provider on its health, a merchant on its deposit."""
    for name, first in (
        ("risk", "/workbench/"),
        ("provider", "/providers/P1/"),
        ("merchant", "/shops/S1/"),
    ):
        client = Client()
        signed = client.post("/sign-in/", {"username": name, "password": PASSWORD})
        assert signed.headers["Location"] == "/"
        assert client.get("/").headers["Location"] == first


def test_a_wrong_password_says_so_gently(market: SeededMarket, client: Client) -> None:
    """The page says what is wrong without saying which half."""
    client.cookies["django_language"] = "zh-hans"
    page = client.post("/sign-in/", {"username": "risk", "password": "no"}).content.decode()
    assert "用户名或密码不正确" in page


def test_signing_in_does_not_lead_elsewhere(market: SeededMarket, client: Client) -> None:
    """An address of another site is not followed after signing in or choosing a language."""
    signed = client.post(
        "/sign-in/?next=https://evil.example/", {"username": "risk", "password": PASSWORD}
    )
    assert signed.headers["Location"] == "/"
    chosen = client.post("/language/", {"language": "en", "next": "//evil.example/x"})
    assert chosen.headers["Location"] == "/"


def test_signing_out_ends_the_session(market: SeededMarket, signed_in: SignIn) -> None:
    """After signing out nothing is shown any more."""
    client = signed_in("risk")
    client.post("/sign-out/")
    assert client.get("/workbench/").status_code == 302


def test_the_language_is_remembered(market: SeededMarket, client: Client) -> None:
    """A POST switches the language, the next pages keep it, and the old page comes back."""
    client.login(username="risk", password=PASSWORD)
    answer = client.post("/language/", {"language": "en", "next": "/queue/?second=1"})
    assert answer.headers["Location"] == "/queue/?second=1"
    assert "Waiting decisions" in client.get("/queue/").content.decode()
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    assert "待审决定" in client.get("/queue/").content.decode()
    client.post("/language/", {"language": "tlh", "next": "/"})
    assert "待审决定" in client.get("/queue/").content.decode()


@pytest.mark.parametrize("page", ["/sign-in/", "/no/such/page/"])
def test_strangers_are_spoken_to_in_their_language(client: Client, db: None, page: str) -> None:
    """Without a choice the browser's language counts, and Chinese where it says nothing."""
    assert 'lang="en"' in client.get(page, headers={"Accept-Language": "en"}).content.decode()[:200]
    assert 'lang="zh-Hans"' in client.get(page).content.decode()[:200]


@override_settings(DEBUG_PROPAGATE_EXCEPTIONS=False)
def test_the_page_for_our_own_faults_needs_nothing(
    market: SeededMarket, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When something breaks the reader gets a page in their language, and no trace of code."""
    client = signed_in("risk", "en")
    client.raise_request_exception = False

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("earnest.console.views.queue.page_of", broken)
    response = client.get("/queue/")
    assert response.status_code == 500
    page = response.content.decode()
    assert "Something broke on our side" in page
    assert "secret detail" not in page

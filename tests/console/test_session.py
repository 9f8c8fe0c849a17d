"""Signing in, first pages, and the reader's language."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, override_settings

from earnest.market.commands import person_add
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


def _guess(client: Client, username: str, password: str = "no", address: str = "") -> Any:
    return client.post(
        "/sign-in/",
        {"username": username, "password": password},
        REMOTE_ADDR=address or "203.0.113.7",
    )


@pytest.mark.parametrize(("language", "said"), [("zh-hans", "1 分钟后"), ("en", "about 1 min")])
def test_who_guesses_has_to_wait(market: SeededMarket, language: str, said: str) -> None:
    """The page says how long, and the same for a name that nobody has; the log has it."""
    pages = []
    for name in ("risk", "nobody"):
        client = Client()
        client.cookies["django_language"] = language
        assert {_guess(client, name).status_code for _ in range(5)} == {200}
        waiting = _guess(client, name, PASSWORD)
        assert waiting.status_code == 429
        assert 28 <= int(waiting.headers["Retry-After"]) <= 30
        assert "_auth_user_id" not in client.session
        pages.append(re.sub(r'csrfmiddlewaretoken" value="\w+', "", waiting.content.decode()))
    assert pages[0] == pages[1]
    assert said in pages[0]


def test_a_stranger_locks_nobody_out_of_their_own_browser(market: SeededMarket) -> None:
    """A browser that has signed in before signs in while others guess at the name."""
    own = Client()
    assert _guess(own, "risk", PASSWORD, "198.51.100.1").status_code == 302
    cookie = own.cookies["earnest_device"]
    assert cookie["httponly"]
    assert cookie["path"] == "/sign-in/"
    for _ in range(6):
        last = _guess(Client(), "risk")
    assert last.status_code == 429
    own.post("/sign-out/")
    assert _guess(own, "risk", PASSWORD, "203.0.113.7").status_code == 302
    assert _guess(Client(), "finance", PASSWORD, "203.0.113.7").status_code == 302


def test_a_new_password_ends_the_wait(market: SeededMarket) -> None:
    """What an administrator gives is good at once."""
    for _ in range(6):
        _guess(Client(), "risk")
    person_add(market.tenant_id, "risk", "another password", role="risk")
    assert _guess(Client(), "risk", "another password").status_code == 302


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

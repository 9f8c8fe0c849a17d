"""The health page: a card for each duty, the month to date, deadlines, and no other's name."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.test import Client

from earnest.assessment.alerts import alerts_send
from earnest.assessment.providers import DUTIES
from earnest.console.texts import TEXTS
from earnest.kernel.calendar import MARKET_ZONE
from earnest.market.commands import clock_set
from earnest.measures import MEASURES
from earnest.notices.commands import Message, NewNotice, notices_send
from tests.console.market import TENANT, SeededMarket

SignIn = Callable[..., Client]
OCTOBER_9 = datetime(2025, 10, 9, 12, tzinfo=MARKET_ZONE)


def test_each_duty_has_a_card_with_its_lines(market: SeededMarket, signed_in: SignIn) -> None:
    """Target, alert level and fewest cases stand on the card, with the quartiles' place."""
    cards = {
        card.measure: card for card in signed_in("provider").get("/providers/P1/").context["cards"]
    }
    assert set(cards) == {duty.measure for duty in DUTIES}
    shipping = cards["shipping48h"]
    assert (shipping.line, shipping.alert_line, shipping.fewest) == ("≥ 97%", "≥ 97.6%", 1)
    assert shipping.marks == ["到期前关闭（仍计入） 1"]
    assert "太少" in shipping.peers
    assert cards["quality_refund30d"].alert_line == "≤ 0.4%"
    assert shipping.live == "/providers/P1/duties/shipping48h/now/"


@pytest.mark.clause("S0-2.1-ship48")
def test_the_month_to_date_is_fetched(market: SeededMarket, signed_in: SignIn) -> None:
    """On the 9th the fragment says the rate to date, what is missing, and in how many days."""
    clock_set(TENANT, OCTOBER_9)
    for language, said in (("zh-hans", "还差 89 单按时揽收"), ("en", "Short of the target by 89")):
        response = signed_in("provider", language).get("/providers/P1/duties/shipping48h/now/")
        assert response.status_code == 200
        assert said in response.content.decode()
        (live,) = response.context["lives"]
        assert (live.rate, live.fraction, live.pending) == ("72.72%", "8 / 11", 4)
        assert "78" in live.outlook
        assert "2025-09-29" in live.assumption


def test_a_measure_that_is_no_duty_has_nothing_to_date(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """The fragment of an unknown duty says that nothing can be counted."""
    response = signed_in("auditor").get("/providers/P1/duties/nothing/now/")
    assert response.context["lives"] == []


def test_no_other_provider_is_named(market: SeededMarket, signed_in: SignIn) -> None:
    """A provider's page and its fragments name nobody else."""
    client = signed_in("provider")
    for address in ("/providers/P1/", "/providers/P1/duties/shipping48h/now/"):
        page = client.get(address).content.decode()
        assert "P2" not in page
        assert "北岸云仓" not in page


def test_deadlines_stand_on_the_page(market: SeededMarket, signed_in: SignIn) -> None:
    """What the provider has to do by a day stands there, nearest first, with the days left."""
    now = datetime(2025, 12, 1, 12, tzinfo=MARKET_ZONE)
    clock_set(TENANT, now)
    due = (("later", date(2025, 12, 20)), ("sooner", date(2025, 12, 3)))
    notices_send(TENANT, [_due(*each) for each in due], now)
    todo = signed_in("provider").get("/providers/P1/").context["todo"]
    own = [(one.what.zh, left) for one, left in todo if one.kind == "notice"]
    assert own == [("sooner", 2), ("later", 19)]


def _due(title: str, due_on: date) -> NewNotice:
    words = Message(title, title)
    return NewNotice("provider", "P1", title, "finding", "info", "", None, words, words, due_on)


@pytest.mark.clause("S0-2.2.1a")
def test_the_list_counts_this_month_s_warnings(market: SeededMarket, signed_in: SignIn) -> None:
    """Operators see in the list how many duties each provider was warned of."""
    clock_set(TENANT, OCTOBER_9)
    alerts_send(TENANT, OCTOBER_9)
    assert signed_in("service").get("/providers/").context["warned"] == {"P1": 1}


def test_what_a_figure_marks_has_words(market: SeededMarket) -> None:
    """Each dimension of a duty's measure, and each stream that it reads, has a word."""
    dimensions = {
        name.replace("adjusted_denominator", "closed_early")
        for duty in DUTIES
        for name in MEASURES[duty.measure].dimensions
    }
    assert {f"exclusion.{name}" for name in dimensions} - set(TEXTS) == set()

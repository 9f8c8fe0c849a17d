"""What the pages say about the seeded market."""

from collections.abc import Callable

import pytest
from django.db import DataError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from earnest.console.export import neutral
from earnest.console.middleware import ConsoleMiddleware
from earnest.decisions.models import Decision
from earnest.market.commands import clock_set
from earnest.market.models import Provider
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET
from tests.console.market import TENANT, SeededMarket

SignIn = Callable[..., Client]


def _text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_workbench_counts_what_waits(market: SeededMarket, signed_in: SignIn) -> None:
    """Each card's number leads to a list that holds as many rows."""
    client = signed_in("risk")
    for card in client.get("/workbench/").context["todo"]:
        listed = client.get(card.address).context["page"].paginator.count
        assert (card.text, card.count) == (card.text, listed)
    assert Decision.objects.filter(tenant_id=TENANT, state="waiting").count() == 4


def test_key_figures_are_the_ledger_s(market: SeededMarket, signed_in: SignIn) -> None:
    """40,000 paid in less 7,500 of penalties is held, 60,000 is required, 27,500 is missing."""
    figures = {
        figure.text: figure.value
        for figure in signed_in("auditor").get("/workbench/").context["figures"]
    }
    assert figures["workbench.held"] == "32,500.00"
    assert figures["workbench.required"] == "60,000.00"
    assert figures["workbench.short"] == "27,500.00"


@pytest.mark.clause("S0-2.2.5-5b", "S0-2.1-ship48")
def test_the_health_page_says_where_a_provider_stands(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """State, cause, each measure with line and headroom, the ladder, the conditions."""
    response = signed_in("service").get("/providers/P1/")
    shown = response.context
    assert shown["standing"].word == "restricted"
    assert shown["standing"].clause == "S0-2.2.5-5b"
    assert "下架服务" in shown["standing"].cause
    cards = {card.measure: card for card in shown["cards"]}
    shipping = cards["shipping48h"]
    assert (shipping.rate, shipping.line, shipping.status) == ("85.00%", "≥ 97%", "breached")
    assert shipping.state == "final"
    assert "80" in shipping.headroom
    assert "89.47%" in shipping.adjusted
    assert cards["quality_refund30d"].rate == "0.60%"
    assert cards["after_sales_return_stage1"].status == "not_assessable"
    ladder = shown["ladder"]
    assert [rung.name for rung in ladder.rungs if rung.here] == ["remove"]
    assert [month.score for month in ladder.months] == ["6.89", "6.89", "6.89"]
    met = {
        condition["kind"]: met
        for one in shown["restrictions"]
        if one.measure == "delist"
        for condition, met in one.conditions
    }
    assert met == {"time": True, "topped_up": False, "application": False}


def test_a_healthy_provider_is_normal(market: SeededMarket, signed_in: SignIn) -> None:
    """P2 has no restriction, no shortage and nothing to apply for."""
    shown = signed_in("risk").get("/providers/P2/").context
    assert shown["standing"].word == "normal"
    assert shown["ladder"].rungs[0].here
    assert not shown["can_apply"]


@pytest.mark.clause("S0-2.1-ship48-def")
def test_the_orders_behind_a_rate_add_up_to_it(market: SeededMarket, signed_in: SignIn) -> None:
    """The drill-down lists 20 orders, the three late ones first, and the export the same."""
    client = signed_in("provider")
    address = "/providers/P1/measures/shipping48h/2025-10/"
    shown = client.get(address).context
    assert shown["page"].paginator.count == 20
    assert [row[0].value for row in shown["rows"][:3]] == ["O0000", "O0001", "O0002"]
    against = client.get(f"{address}?only=against").context
    assert against["page"].paginator.count == 3
    lines = b"".join(client.get(f"{address}orders.csv").streaming_content).decode()
    assert len(lines.splitlines()) == 21
    assert lines.splitlines()[1].startswith("O0000,不利,超时揽收,")


@pytest.mark.clause("S3-3.1c")
def test_the_deposit_page_explains_the_amount(market: SeededMarket, signed_in: SignIn) -> None:
    """S1 sold for 550,000: 30,000 is required, 10,000 is held, 20,000 is missing."""
    client = signed_in("merchant")
    response = client.get("/shops/S1/")
    shown = response.context
    assert shown["position"].required_fen == 3_000_000
    assert shown["position"].shortage_fen == 2_000_000
    assert shown["clock"].overdue
    assert "550,000.00" in shown["explanation"]
    assert "S3-3.1c" in {step.clause for step in shown["steps"]}
    (line,) = shown["lines"]
    assert (line.what, line.in_fen, line.balance_fen) == ("缴存", 1_000_000, 1_000_000)
    assert "20,000.00" in response.content.decode()


def test_the_ledger_runs_down_with_penalties(market: SeededMarket, signed_in: SignIn) -> None:
    """P1's statement shows the payment in and both penalties with the balance after each."""
    lines = signed_in("finance").get("/providers/P1/deposit/").context["lines"]
    assert [(line.what, line.balance_fen) for line in lines] == [
        ("扣罚", 250_000),
        ("扣罚", 750_000),
        ("缴存", 1_000_000),
    ]


@pytest.mark.clause("S0-2.2.5-5b")
def test_a_decision_shows_clause_facts_calculation_and_effects(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """The delisting: its clause in our words, its steps, 5,000 yuan taken, both notices sent."""
    shown = signed_in("provider").get(f"/decisions/{market.delisting.id}/").context
    assert shown["clause_text"]
    assert "5,000.00" in shown["explanation"]
    assert {line.name for line in shown["results"]} >= {"rung", "streak", "fine_fen"}
    assert [moved.amount_fen for moved in shown["transfers"]] == [-500_000]
    assert {row.capability for row in shown["restrictions"]} >= {"visibility"}
    assert [notice.kind for notice in shown["notices"]] == ["sanction", "payment"]
    assert shown["approvals"] == []


def test_replay_says_the_same(market: SeededMarket, signed_in: SignIn) -> None:
    """Taking a decision again comes out the same to the byte."""
    page = _text(signed_in("auditor"), f"/decisions/{market.delisting.id}/replay/")
    assert "逐字节相同" in page


def test_decisions_are_narrowed_by_each_field(market: SeededMarket, signed_in: SignIn) -> None:
    """Clause, outcome, state, month and party narrow the list, alone and together."""
    client = signed_in("rule")
    for query, count in (
        ("clause=S0-2.2.5-5b", 1),
        ("outcome=hide", 1),
        ("state=waiting", 4),
        ("month=2025-10&state=waiting", 2),
        ("subject=S1", 2),
        ("subject=S1&outcome=raise", 1),
        ("clause=nothing", 0),
    ):
        page = client.get(f"/decisions/?{query}").context["page"]
        assert (query, page.paginator.count) == (query, count)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=zzz", "page=9999", "q=%00", "q=%27--", "month=x", "before=zz"],
)
def test_odd_queries_are_answered(market: SeededMarket, signed_in: SignIn, query: str) -> None:
    """Nonsense in a query form never breaks a page."""
    client = signed_in("risk")
    for address in ("/decisions/", "/findings/", "/providers/", "/shops/", "/shops/S1/", "/queue/"):
        assert client.get(f"{address}?{query}").status_code == 200


def test_exports_carry_no_formula(market: SeededMarket, signed_in: SignIn) -> None:
    """A cell that a spreadsheet would run is disarmed; amounts stay numbers."""
    assert neutral('=HYPERLINK("x")') == '\'=HYPERLINK("x")'
    assert neutral("＋1") == "'＋1"
    assert neutral("@cmd") == "'@cmd"
    assert neutral(-5) == -5
    assert neutral("-5.00") == "'-5.00"
    client = signed_in("auditor")
    for address in ("/decisions.csv", "/findings.csv"):
        response = client.get(address)
        assert response.headers["Content-Disposition"].endswith('.csv"')
        lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) > 5
        assert not [line for line in lines[1:] if line.startswith(("=", "+", "-", "@"))]


def test_what_no_text_can_hold_is_an_error_of_the_writer(
    market: SeededMarket, signed_in: SignIn
) -> None:
    """A zero character in an address is nowhere, with the usual headers; year 0 is no month."""
    for client, address in (
        (Client(), "/invited/a%00b/secret/"),
        (Client(), "/survey/%00/"),
        (signed_in("risk"), "/providers/%00/"),
        (signed_in("merchant"), "/providers/%00/leaving/"),
    ):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert signed_in("risk").get("/goods/figures/?month=0000-01").status_code == 200


def test_what_the_database_does_not_take_is_said_without_its_words() -> None:
    """A value that does not fit is answered 422 in the reader's language, as a problem."""
    middleware = ConsoleMiddleware(lambda _: HttpResponse())
    error = DataError("value too long for type character varying(40)")
    answer = middleware.process_exception(RequestFactory().post("/cases/"), error)
    assert answer is not None
    assert answer.status_code == 422
    assert "过长、过大" in answer.content.decode()
    assert "varying" not in answer.content.decode()


def test_names_from_outside_are_only_text(market: SeededMarket, signed_in: SignIn) -> None:
    """A party's name with markup in it is shown as it is written, not as markup."""
    Provider.objects.filter(tenant_id=TENANT, provider_id="P2").update(
        name="<script>alert(1)</script>"
    )
    page = _text(signed_in("risk"), "/providers/")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_banner_tells_of_simulated_time(market: SeededMarket, signed_in: SignIn) -> None:
    """Where time is simulated every page says so; where it is real there is no banner."""
    client = signed_in("risk")
    assert "2025-11-20 10:00:00" in _text(client, "/queue/")
    clock_set(TENANT, None)
    assert "模拟时间" not in _text(client, "/queue/")


def test_rules_show_every_clause(market: SeededMarket, signed_in: SignIn) -> None:
    """A rulebook's page has each clause once, so that every link to a clause lands."""
    client = signed_in("merchant")
    for book, clauses in (
        (SUPPLY_MARKET, ("S0-2.2.5-5a", "S0-2.1-ship48")),
        (SHOP_DEPOSIT, ("S3-3.1a", "S3-5.1e")),
    ):
        page = _text(client, f"/rules/{book}/")
        assert [page.count(f'id="{clause}"') for clause in clauses] == [1, 1]

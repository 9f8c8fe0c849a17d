"""Who may open what: every route, every role, own and other parties, and strangers."""

import re
from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from earnest.console import urls
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.console.market import SeededMarket

OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")
AMENDERS = ("rule", "risk", "admin")
DECIDERS = ("risk", "finance", "admin")
PARTIES = ("provider", "merchant")
ROLES = (*OPERATORS, *PARTIES, "feed")
PUBLIC = {"sign_in", "sign_out", "language"}
OPEN, MOVED, FORBIDDEN, MISSING = 200, 302, 403, 404

Answers = dict[str, int]


def _operators(others: int = FORBIDDEN) -> Answers:
    return {**dict.fromkeys(ROLES, others), **dict.fromkeys(OPERATORS, OPEN)}


def _own(owner: str) -> Answers:
    """All operators and the owner; other parties find nothing; a feed has no page at all."""
    answers = {**_operators(), **dict.fromkeys(PARTIES, MISSING)}
    return {**answers, owner: OPEN}


def _other() -> Answers:
    """All operators, and no party."""
    return {**_operators(), **dict.fromkeys(PARTIES, MISSING)}


def _operators_only(parties: int, operators: int = OPEN) -> Answers:
    """All operators; the parties' people get another answer; a feed has no page at all."""
    answers = {**dict.fromkeys(ROLES, FORBIDDEN), **dict.fromkeys(PARTIES, parties)}
    return {**answers, **dict.fromkeys(OPERATORS, operators)}


def _amenders(answer: int = OPEN) -> Answers:
    """Only people who may change rulebooks."""
    return {**dict.fromkeys(ROLES, FORBIDDEN), **dict.fromkeys(AMENDERS, answer)}


def _deposit_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of deposits and their cases; the market has no case and no payout yet."""
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    deciders = {**forbidden, **dict.fromkeys(DECIDERS, OPEN)}
    none = {**forbidden, **dict.fromkeys(DECIDERS, MISSING)}
    s1 = ("shop", "S1")
    pages = ("deposit_life", "deposit_life_print", "deposit_life_csv", "deposit_life_json")
    return [
        *((name, s1, "get", _own("merchant")) for name in pages),
        ("deposit_life", ("provider", "P2"), "get", _other()),
        ("deposit_checks", ("S1",), "get", _own("merchant")),
        ("case", ("C000001",), "get", _operators_only(MISSING, MISSING)),
        (
            "case_act",
            ("C000001", "hold_review"),
            "post",
            {**none, **dict.fromkeys(PARTIES, MISSING)},
        ),
        ("case_file", (*s1, "hold"), "get", {**deciders, "provider": MISSING}),
        ("case_file", (*s1, "exit"), "get", {**forbidden, "merchant": OPEN, "provider": MISSING}),
        ("payee", s1, "get", deciders),
        ("payout", ("P000001",), "get", _operators_only(MISSING, MISSING)),
        ("payout_again", ("P000001",), "post", none),
        ("payout_by_hand", ("abc",), "post", none),
    ]


def _cash_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of cash and of its reconciliation; the market has none of either yet."""
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    none = {**forbidden, **dict.fromkeys(DECIDERS, MISSING)}
    operators_none = _operators_only(FORBIDDEN, MISSING)
    day, nothing = ("bank", "2025-10-01"), UUID(int=0)
    return [
        ("pay", ("shop", "S1"), "get", _own("merchant")),
        ("pay", ("shop", "S2"), "get", _other()),
        ("pay_order", ("T2025",), "get", _operators_only(MISSING, MISSING)),
        (
            "pay_order_sandbox", ("T2025",), "post",
            {**forbidden, **dict.fromkeys(PARTIES, MISSING)},
        ),
        ("receipt", (nothing,), "get", operators_none),
        ("receipt_act", (nothing, "match"), "post", none),
        ("reconciliation", day, "get", operators_none),
        ("reconciliation_csv", day, "get", operators_none),
        ("reconciliation_again", day, "post", none),
        ("reconciliation_item", (nothing,), "get", operators_none),
        ("reconciliation_item_act", (nothing,), "post", none),
    ]  # fmt: skip


def routes(market: SeededMarket) -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return (route, arguments, method, answer by role): P1 and S1 have people here."""
    everyone = {**dict.fromkeys(ROLES, OPEN), "feed": FORBIDDEN}
    shipping = ("shipping48h", "2025-10")
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    table: list[tuple[str, tuple[object, ...], str, Answers]] = [
        ("home", (), "get", {**dict.fromkeys(ROLES, MOVED), "feed": FORBIDDEN}),
        ("rules", (), "get", everyone),
        ("rulebook", (SHOP_DEPOSIT,), "get", everyone),
        (
            "rulebook",
            ("no-such-book",),
            "get",
            _operators_only(MISSING, MISSING),
        ),
        ("rulebook_file", (SHOP_DEPOSIT, "md"), "get", everyone),
        ("rulebook_file", (SHOP_DEPOSIT, "yaml"), "get", everyone),
        ("editions", (SHOP_DEPOSIT,), "get", everyone),
        ("amendments", (), "get", everyone),
        ("amendment", (market.draft_hash,), "get", _operators_only(MISSING)),
        ("amendment_file", (market.draft_hash,), "get", _operators_only(MISSING)),
        ("amendment_step", (market.draft_hash,), "post", _amenders(MOVED)),
        ("draft_new", (), "get", _amenders()),
        ("draft_value", (), "get", _amenders(MISSING)),
        ("draft_table", (), "get", _amenders(MISSING)),
        ("table_sheet", (SHOP_DEPOSIT, "sales_tier", "csv"), "get", _amenders()),
        ("draft_file", (), "get", _amenders()),
        ("sample_settle", (), "post", {**forbidden, **dict.fromkeys(DECIDERS, MISSING)}),
        ("whatif", (market.draft_hash, market.report_id), "get", _operators()),
        ("whatif", (market.draft_hash, 2**31), "get", _operators_only(FORBIDDEN, MISSING)),
        ("whatif_run", (UUID(int=0),), "get", _operators_only(FORBIDDEN, MISSING)),
        ("provider", ("P1",), "get", _own("provider")),
        ("provider", ("P2",), "get", _other()),
        ("provider_deposit", ("P1",), "get", _own("provider")),
        ("provider_deposit", ("P2",), "get", _other()),
        ("measure", ("P1", *shipping), "get", _own("provider")),
        ("measure", ("P2", *shipping), "get", _other()),
        ("measure_csv", ("P1", *shipping), "get", _own("provider")),
        ("measure_csv", ("P2", *shipping), "get", _other()),
        ("shop", ("S1",), "get", _own("merchant")),
        ("shop", ("S2",), "get", _other()),
        ("decision", (market.delisting.id,), "get", _own("provider")),
        ("decision", (market.requirement.id,), "get", _own("merchant")),
        ("decision_replay", (market.delisting.id,), "get", _own("provider")),
        ("decision_replay", (market.requirement.id,), "get", _own("merchant")),
        ("inbox", (), "get", {**forbidden, **dict.fromkeys(PARTIES, OPEN)}),
        (
            "notice_read",
            (market.shop_notice.id,),
            "post",
            {**forbidden, "merchant": MOVED, "provider": MISSING},
        ),
        ("relisting", ("P1",), "post", {**forbidden, "provider": MOVED, "merchant": MISSING}),
        ("relisting", ("P2",), "post", {**forbidden, **dict.fromkeys(PARTIES, MISSING)}),
        (
            "decision_settle",
            (market.notification.id,),
            "post",
            {**forbidden, **dict.fromkeys(DECIDERS, MOVED)},
        ),
    ]
    lists = (
        "workbench", "queue", "decisions", "decisions_csv", "findings", "findings_csv",
        "providers", "shops", "shortages", "restrictions", "samples", "whatifs", "finance",
        "claims", "claims_csv", "holds", "raises", "recoveries", "cases", "cases_csv", "payouts",
        "adjustment", "adjustment_csv", "receipts", "reconciliations",
    )  # fmt: skip
    table += _deposit_routes() + _cash_routes()
    return table + [(name, (), "get", _operators()) for name in lists]


def test_every_route_answers_each_role_as_the_table_says(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """The table of routes and roles holds, and no route is missing from it."""
    table = routes(market)
    named = {pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert named == {name for name, *_ in table} | PUBLIC
    wrong = []
    for role in ROLES:
        client = signed_in(role)
        for name, arguments, method, answers in table:
            address = reverse(name, args=arguments)
            answer = getattr(client, method)(address).status_code
            if answer != answers[role]:
                wrong.append(f"{role} {method} {address}: {answer}, not {answers[role]}")
    assert wrong == []


def test_a_stranger_is_sent_to_sign_in_everywhere(market: SeededMarket, client: Client) -> None:
    """Without a sign-in no page shows anything, and the way back is kept."""
    for name, arguments, method, _ in routes(market):
        address = reverse(name, args=arguments)
        response = getattr(client, method)(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/?next=")


def test_a_stranger_s_partial_request_moves_the_whole_page(client: Client, db: None) -> None:
    """A page fragment asked for after the session has ended leads the window to the sign-in."""
    response = client.get("/queue/", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith("/sign-in/")


def _without(response: HttpResponse, address: str) -> str:
    """Return a page without its own address and its form's token."""
    page = response.content.decode().replace(address, "")
    return re.sub(r"[\w-]*[Tt]oken[^<>]{20,100}", "", page)


def test_another_party_looks_the_same_as_none(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """The answer for another's provider cannot be told from that for an unknown one."""
    client = signed_in("provider")
    pages = [
        ("/providers/P2/", "/providers/NOPE/"),
        ("/providers/P2/deposit/", "/providers/NOPE/deposit/"),
        ("/shops/S2/", "/shops/NOPE/"),
        (
            f"/decisions/{market.requirement.id}/",
            "/decisions/00000000-0000-7000-8000-000000000000/",
        ),
    ]
    for other, unknown in pages:
        one, two = client.get(other), client.get(unknown)
        assert one.status_code == two.status_code == 404
        assert _without(one, other) == _without(two, unknown)


def test_people_without_a_role_see_nothing(
    market: SeededMarket, client: Client, django_user_model: type
) -> None:
    """A user whom nobody gave a role gets the page that says so."""
    client.force_login(django_user_model.objects.create_user("nobody"))
    assert client.get("/workbench/").status_code == 403


def test_no_reading_changes_anything(
    market: SeededMarket,
    signed_in: Callable[..., Client],
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    """No GET writes to the market's tables, and no page needs more than 45 queries."""
    client = signed_in("risk")
    for name, arguments, method, answers in routes(market):
        if method != "get" or answers["risk"] != OPEN:
            continue
        with django_assert_max_num_queries(45) as asked:
            response = client.get(reverse(name, args=arguments))
            if response.streaming:
                list(response.streaming_content)
        changing = [
            query["sql"]
            for query in asked.captured_queries
            if query["sql"].split()[0] in {"INSERT", "UPDATE", "DELETE"}
        ]
        assert changing == []


def test_changes_are_posts_only(market: SeededMarket, signed_in: Callable[..., Client]) -> None:
    """An address that changes something answers GET with 405, so that no link can change it."""
    client = signed_in("risk")
    provider = signed_in("provider")
    for name, arguments, method, _ in routes(market):
        if method == "post":
            address = reverse(name, args=arguments)
            assert client.get(address).status_code == provider.get(address).status_code == 405
    for name in ("sign_out", "language"):
        assert client.get(reverse(name)).status_code == 405


def test_a_post_without_token_does_nothing(market: SeededMarket) -> None:
    """A form that another site sends is refused, and says so."""
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="risk", password="correct-horse-battery")
    response = client.post(
        f"/decisions/{market.notification.id}/settle/", {"verdict": "approve", "reason": "x"}
    )
    assert response.status_code == 403
    assert "表单已失效" in response.content.decode()
    market.notification.refresh_from_db()
    assert market.notification.state == "waiting"


def test_pages_forbid_foreign_and_inline_scripts(
    market: SeededMarket, signed_in: Callable[..., Client]
) -> None:
    """Every page carries the policy, is kept out of caches, and has no inline script or style."""
    client = signed_in("risk")
    for address in ("/workbench/", "/providers/P1/", "/queue/", "/providers/NOPE/"):
        response = client.get(address)
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"
        page = response.content.decode()
        assert 'style="' not in page
        assert "onclick" not in page
        assert page.count("<script") == page.count("<script defer src=") + page.count(
            'type="application/json"'
        )


def test_the_resolver_knows_only_our_pages_and_the_api() -> None:
    """Nothing else answers: no admin site, no debug page."""
    prefixes = {str(pattern.pattern) for pattern in get_resolver().url_patterns}
    assert prefixes == {"api/v1/", ""}

"""Who may open what: every route, every role, own and other parties, and strangers."""

import re
from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from earnest.console import urls
from earnest.notices.models import Statement
from earnest.rulebooks.packs import SHOP_DEPOSIT
from tests.console.goods_routes import charging_routes, goods_routes
from tests.console.market import TENANT, SeededMarket

OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")
AMENDERS = ("rule", "risk", "admin")
DECIDERS = ("risk", "finance", "admin")
REVIEWERS = ("risk", "service", "admin")
PARTIES = ("provider", "merchant")
ROLES = (*OPERATORS, *PARTIES, "feed")
PUBLIC = {"mail_verify", "sign_in", "sign_out", "language", "survey_answer", "invited"}
OPEN, MOVED, FORBIDDEN, MISSING = 200, 302, 403, 404
WRONG = 422

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


def _admission_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of admission and documents; nobody is on the way in here."""
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    reviewers = {**forbidden, **dict.fromkeys(REVIEWERS, MISSING)}
    either = {**reviewers, **dict.fromkeys(DECIDERS, MISSING)}
    own = {**forbidden, **dict.fromkeys(PARTIES, MISSING)}
    lists = ("applications", "applications_csv", "invitations", "invitations_csv")
    missing = _operators_only(FORBIDDEN, MISSING)
    return [
        *((name, (), "get", _operators()) for name in lists),
        ("invitation_new", (), "get", {**forbidden, **dict.fromkeys(REVIEWERS, OPEN)}),
        ("invitation", ("I000001",), "get", missing),
        ("invitation_link", ("I000001",), "post", reviewers),
        ("invitation_revoke", ("I000001",), "post", reviewers),
        ("application", ("R000001",), "get", missing),
        ("evidence_judge", ("R000001", "quality"), "post", reviewers),
        ("application_act", ("R000001", "open"), "post", {**either, "service": FORBIDDEN}),
        ("own_application", (), "get", own),
        ("own_evidence", ("quality",), "post", own),
        ("own_act", ("hand_in",), "post", own),
        ("own_pay_sandbox", ("T1",), "post", forbidden),
        ("document", (UUID(int=0),), "get", _operators_only(MISSING, MISSING)),
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


def _departure_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of departures; nobody leaves this market yet."""
    forbidden, number = dict.fromkeys(ROLES, FORBIDDEN), ("D000001",)
    acting = {**forbidden, **dict.fromkeys((*REVIEWERS, *DECIDERS, *PARTIES), MISSING)}
    return [
        ("leaving", ("P1",), "get", _own("provider")),
        ("leaving", ("P2",), "get", _other()),
        ("departures", (), "get", _operators()),
        ("departures_csv", (), "get", _operators()),
        ("departure", number, "get", _operators_only(MISSING, MISSING)),
        ("departure_act", (*number, "departure_check"), "post", acting),
    ]


def _violation_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of violations; the market has none yet."""
    forbidden, number = dict.fromkeys(ROLES, FORBIDDEN), ("V000001",)
    none = {**forbidden, **dict.fromkeys(REVIEWERS, MISSING)}
    return [
        ("violations", (), "get", {**_operators(), "provider": OPEN}),
        ("violations_all", (), "get", _operators()),
        ("violations_csv", (), "get", _operators()),
        ("violation_quality", (), "get", _operators()),
        ("violation_new", (), "get", {**forbidden, **dict.fromkeys(REVIEWERS, OPEN)}),
        ("violation_start", (), "post", {**forbidden, **dict.fromkeys(REVIEWERS, MOVED)}),
        ("violation_check", number, "get", none),
        ("violation", number, "get", _operators_only(MISSING, MISSING)),
        ("violation_find", number, "post", none),
        ("violation_add", number, "post", none),
        (
            "violation_settle", number, "post",
            {**forbidden, **dict.fromkeys(DECIDERS, MISSING)},
        ),
        (
            "violation_act", (*number, "claim"), "post",
            {**none, **dict.fromkeys(PARTIES, MISSING)},
        ),
    ]  # fmt: skip


def _appeal_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of tickets and appeals, of numbers that the market does not have."""
    forbidden, number = dict.fromkeys(ROLES, FORBIDDEN), ("A999999",)
    everybody = {**forbidden, **dict.fromkeys((*OPERATORS, *PARTIES), OPEN)}
    parties = {**forbidden, **dict.fromkeys(PARTIES, MISSING)}
    reviewers = {**forbidden, **dict.fromkeys(REVIEWERS, MISSING)}
    return [
        ("tickets", (), "get", everybody),
        ("tickets_csv", (), "get", everybody),
        ("ticket", ("T99999999",), "get", _operators_only(MISSING, MISSING)),
        ("appeal_new", ("T99999999",), "get", parties),
        ("appeals", (), "get", everybody),
        ("appeals_csv", (), "get", everybody),
        ("appeal", number, "get", _operators_only(MISSING, MISSING)),
        ("appeal_verdicts", number, "post", reviewers),
        (
            "appeal_act", (*number, "claim"), "post",
            {**reviewers, "finance": MISSING, **dict.fromkeys(PARTIES, MISSING)},
        ),
        (
            "appeal_act", (*number, "release"), "post",
            {**reviewers, "finance": MISSING, **dict.fromkeys(PARTIES, MISSING)},
        ),
    ]  # fmt: skip


def _duty_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of a provider's duties in the month to date."""
    return [
        ("duty_now", ("P1", "shipping48h"), "get", _own("provider")),
        ("duty_now", ("P2", "shipping48h"), "get", _other()),
    ]


def _delivery_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of deadlines, mail and webhooks; the market has no endpoint yet."""
    nothing, forbidden = UUID(int=0), dict.fromkeys(ROLES, FORBIDDEN)
    readers = {**dict.fromkeys(ROLES, OPEN), "feed": FORBIDDEN}
    none = _operators_only(MISSING, MISSING)
    keepers_none = {**forbidden, "admin": MISSING, **dict.fromkeys(PARTIES, MISSING)}
    pages = ("todo", "todo_csv", "webhooks", "deliveries", "deliveries_csv")
    return [
        *((name, (), "get", readers) for name in pages),
        ("webhook", (nothing,), "get", none),
        ("delivery", (nothing,), "get", none),
        ("webhook_add", (), "post", {**forbidden, "admin": WRONG, **dict.fromkeys(PARTIES, WRONG)}),
        ("webhook_act", (nothing, "test"), "post", keepers_none),
        ("delivery_again", (nothing,), "post", keepers_none),
        ("mailbox_add", (), "post", _operators_only(WRONG, WRONG)),
        ("mailbox_act", (nothing, "remove"), "post", none),
    ]


def _statement_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of statements of reasons: every list is filtered by its reader's party."""
    own = Statement.objects.filter(tenant_id=TENANT, subject_id="P1").order_by("number")
    (number, *_) = own.values_list("number", flat=True)
    readers = {**dict.fromkeys(ROLES, OPEN), "feed": FORBIDDEN}
    pages = ("statement", "statement_paper", "statement_json")
    return [
        ("statements", (), "get", readers),
        ("statements_csv", (), "get", readers),
        *((page, (number,), "get", _own("provider")) for page in pages),
        *((page, ("R404",), "get", _operators_only(MISSING, MISSING)) for page in pages),
    ]


def _survey_routes() -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of surveys; the market has no campaign and no plan yet."""
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    none = {**forbidden, **dict.fromkeys(REVIEWERS, MISSING)}
    operators_none = _operators_only(FORBIDDEN, MISSING)
    number, nothing, plan = "N404", UUID(int=0), ("P1", "2025-10")
    act_none = {**none, **dict.fromkeys(PARTIES, MISSING)}
    return [
        ("surveys", (), "get", {**dict.fromkeys(ROLES, OPEN), "feed": FORBIDDEN}),
        ("survey_new", (), "get", {**forbidden, **dict.fromkeys(REVIEWERS, OPEN)}),
        ("survey", (number,), "get", operators_none),
        ("survey_csv", (number,), "get", operators_none),
        ("survey_invitations", (number,), "get", operators_none),
        ("survey_links", (number,), "get", none),
        ("survey_provider", (number, "P1"), "get", _operators_only(MISSING, MISSING)),
        ("survey_act", (number, "close"), "post", none),
        ("survey_invitation_act", (nothing, "renew"), "post", none),
        ("survey_open", (nothing,), "get", {**forbidden, **dict.fromkeys(PARTIES, MISSING)}),
        ("survey_plans", (), "get", _operators()),
        ("survey_plan", plan, "get", _operators_only(MISSING, MISSING)),
        ("survey_plan_act", (*plan, "accept"), "post", act_none),
    ]


def _rule_routes(market: SeededMarket) -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return the routes of rulebooks, their drafts and their trial runs; one draft is open here."""
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    everyone = {**dict.fromkeys(ROLES, OPEN), "feed": FORBIDDEN}
    return [
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
    ]


def routes(market: SeededMarket) -> list[tuple[str, tuple[object, ...], str, Answers]]:
    """Return (route, arguments, method, answer by role): P1 and S1 have people here."""
    shipping = ("shipping48h", "2025-10")
    forbidden = dict.fromkeys(ROLES, FORBIDDEN)
    table: list[tuple[str, tuple[object, ...], str, Answers]] = [
        ("home", (), "get", {**dict.fromkeys(ROLES, MOVED), "feed": FORBIDDEN}),
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
    rooms = (
        _deposit_routes, _cash_routes, _delivery_routes, _survey_routes, _departure_routes,
        _admission_routes, _violation_routes, _duty_routes, _appeal_routes, _statement_routes,
    )  # fmt: skip
    table += [route for room in rooms for route in room()]
    table += _rule_routes(market) + charging_routes(ROLES) + goods_routes(ROLES)
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
    """No GET writes to the market's tables, and no page needs more than 60 queries."""
    client = signed_in("risk")
    for name, arguments, method, answers in routes(market):
        if method != "get" or answers["risk"] != OPEN:
            continue
        with django_assert_max_num_queries(60) as asked:
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

"""Who may call what, and whose data they see: every role on every operation, as a table."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client

from earnest.api.commands import token_create, token_revoke
from earnest.api.v1 import api
from earnest.market.commands import person_add
from tests.api.conftest import BASE, NOW, PARTY_OF, Caller, decision_for
from tests.api.goods_operations import CHARGING_ROWS, GOODS_ROWS

OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")
PARTIES = ("provider", "merchant")
ALL_ROLES = (*OPERATORS, *PARTIES, "feed")
DECIDERS = ("risk", "finance", "admin")
SENDERS = ("admin", "feed")
WINDOW = "from=2025-08-01&to=2025-08-31"


@dataclass(frozen=True)
class Operation:
    """One operation: its address for a party, who may call it, and whether it names a party.

    ``per_party`` operations answer 404 to a party that names another; the others filter. ``status``
    is what who may call it gets: 404 where the address names a thing that is not there.
    """

    method: str
    template: str
    path: str
    roles: tuple[str, ...]
    body: object = None
    status: int = 200

    @property
    def key(self) -> tuple[str, str]:
        """Method and address as the OpenAPI page has them."""
        return self.method, self.template


READERS = (*OPERATORS, *PARTIES)
PAY_ORDER = {"amount_fen": 100, "client_key": "k1"}
MOVEMENT = {
    "id": "01990a3c-0000-7000-8000-000000000001",
    "subject_kind": "shop",
    "subject_id": "S404",
    "direction": "in",
    "amount_fen": 100,
    "effective_at": "2025-09-01T10:00:00+08:00",
    "rail_ref": "B1",
}
"""A movement of a shop that there is not: who may send movements hears just that."""
NOTHING_ID = "01990a3c-0000-7000-8000-000000000002"
KEEPERS = ("admin", *PARTIES)
DELIVERIES = (
    Operation("get", "/deadlines", "/deadlines?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/webhooks", "/webhooks", READERS),
    Operation("post", "/webhooks", "/webhooks", KEEPERS, {"url": "http://a.example/"}, status=422),
    Operation(
        "post",
        "/webhooks/{endpoint_id}/rotate",
        f"/webhooks/{NOTHING_ID}/rotate",
        KEEPERS,
        status=404,
    ),
    Operation(
        "post", "/webhooks/{endpoint_id}/{act}", f"/webhooks/{NOTHING_ID}/test", KEEPERS, status=404
    ),
    Operation("get", "/deliveries", "/deliveries", READERS),
    Operation("get", "/deliveries/{delivery_id}", f"/deliveries/{NOTHING_ID}", READERS, status=404),
    Operation(
        "post",
        "/deliveries/{delivery_id}/again",
        f"/deliveries/{NOTHING_ID}/again",
        KEEPERS,
        status=404,
    ),
)
"""Webhooks are the caller's own, and name no party; the one that is named is not there."""
REPORT = {
    "provider_id": "P404",
    "source": "screening",
    "about": "rule 7",
    "items": [{"kind": "exaggeration", "happened_on": "2025-08-01"}],
}
"""A report about a provider that there is not: who may report hears just that."""
VIOLATIONS = (
    Operation(
        "post", "/violations", "/violations", ("risk", "service", "admin", "feed"), REPORT,
        status=404,
    ),
    Operation("get", "/violations", "/violations?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/violations/{number}", "/violations/V000404", READERS, status=404),
)  # fmt: skip
APPEAL = {
    "ticket": "T00000404",
    "items": [{"position": 1, "ground": "other", "said": "not so"}],
}
"""An appeal against a ticket that there is not: who may appeal hears just that."""
APPEALS = (
    Operation("get", "/tickets", "/tickets?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/tickets/{number}", "/tickets/T00000404", READERS, status=404),
    Operation("get", "/appeals", "/appeals?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/appeals/{number}", "/appeals/A000404", READERS, status=404),
    Operation("post", "/appeals", "/appeals", PARTIES, APPEAL, status=404),
    Operation(
        "post", "/appeals/{number}/answer", "/appeals/A000404/answer", PARTIES, {"said": "x"},
        status=404,
    ),
    Operation(
        "post", "/appeals/{number}/withdraw", "/appeals/A000404/withdraw", PARTIES, status=404
    ),
)  # fmt: skip
SHEET = {
    "respondent": "R1",
    "provider_id": "P1",
    "scores": {"goods": "7.5"},
    "overall": 8,
}
SURVEYS = (
    Operation("get", "/surveys", "/surveys", READERS),
    Operation("get", "/surveys/{number}/results", "/surveys/N404/results", READERS, status=404),
    Operation(
        "get",
        "/surveys/{number}/results/{provider_id}",
        "/surveys/N404/results/{id}",
        READERS,
        status=404,
    ),
    Operation(
        "post",
        "/surveys/{number}/answers",
        "/surveys/N404/answers",
        SENDERS,
        {"answers": [SHEET]},
        status=404,
    ),
)
"""Surveys: this market has none."""
DEPARTURES = (
    Operation("get", "/departures", "/departures", READERS),
    Operation("get", "/departures/{number}", "/departures/D000404", READERS, status=404),
    Operation(
        "get", "/providers/{provider_id}/exit-check", "/providers/P404/exit-check", READERS,
        status=404,
    ),
    Operation(
        "post", "/providers/{provider_id}/exit", "/providers/P404/exit", PARTIES,
        {"on_sale": 0, "running": 0}, status=404,
    ),
)  # fmt: skip
"""Departures: nobody leaves this market, and the provider that is named is not there."""
REVIEWERS = ("risk", "service", "admin")
GOODS = tuple(Operation(*row) for row in (*CHARGING_ROWS, *GOODS_ROWS))
INVITATION = {
    "entity_name": "",
    "contact": "c",
    "service_category": "erp",
    "criteria": "x",
    "reasons": ["business"],
}
"""An invitation of nobody: who may invite hears that."""
NO_APPLICATION = "/admission/applications/R404"
ADMISSION = (
    Operation("get", "/admission/invitations", "/admission/invitations", OPERATORS),
    Operation(
        "post", "/admission/invitations", "/admission/invitations", REVIEWERS, INVITATION,
        status=422,
    ),
    Operation(
        "post", "/admission/invitations/{number}/revoke", "/admission/invitations/I404/revoke",
        REVIEWERS, {"reason": "x"}, status=404,
    ),
    Operation("get", "/admission/applications", "/admission/applications", READERS),
    Operation("get", "/admission/applications/{number}", NO_APPLICATION, READERS, status=404),
    Operation(
        "post", "/admission/applications/{number}/steps", f"{NO_APPLICATION}/steps", PARTIES,
        {"step": "hand_in"}, status=404,
    ),
    Operation(
        "post", "/admission/applications/{number}/evidence/{requirement}",
        f"{NO_APPLICATION}/evidence/quality", PARTIES, {"statement": "x"}, status=404,
    ),
    Operation(
        "post", "/admission/applications/{number}/evidence/{requirement}/judge",
        f"{NO_APPLICATION}/evidence/quality/judge", REVIEWERS, {"verdict": "accept"}, status=404,
    ),
    Operation("get", "/documents/{document_id}", f"/documents/{NOTHING_ID}", READERS, status=404),
    Operation(
        "get", "/documents/{document_id}/content", f"/documents/{NOTHING_ID}/content", READERS,
        status=404,
    ),
)  # fmt: skip
"""Admission and documents: nobody is on the way in, and the document that is named is not there."""
OPERATIONS = (
    *ADMISSION,
    Operation(
        "post",
        "/parties/{subject_kind}/{subject_id}/documents",
        "/parties/{kind}/{id}/documents",
        (*REVIEWERS, *PARTIES),
        status=422,
    ),
    *GOODS,
    *DEPARTURES,
    *DELIVERIES,
    *VIOLATIONS,
    *APPEALS,
    Operation("post", "/events", "/events", SENDERS, {"stream": "order_event", "events": []}),
    Operation("get", "/measures", "/measures?subject_kind={kind}&subject={id}", READERS),
    Operation(
        "get",
        "/measures/{name}/orders",
        "/measures/shipping48h/orders?subject_kind={kind}&subject={id}&" + WINDOW,
        READERS,
    ),
    Operation("get", "/findings", "/findings?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/decisions", "/decisions?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/decisions/{decision_id}", "/decisions/{decision}", READERS),
    Operation(
        "post",
        "/decisions/{decision_id}/approve",
        "/decisions/{decision}/approve",
        DECIDERS,
        {"reason": "checked"},
    ),
    Operation(
        "post",
        "/decisions/{decision_id}/refuse",
        "/decisions/{decision}/refuse",
        DECIDERS,
        {"reason": "not proven"},
    ),
    Operation("get", "/deposits/{subject_kind}/{subject_id}", "/deposits/{kind}/{id}", READERS),
    Operation(
        "get",
        "/deposits/{subject_kind}/{subject_id}/ledger",
        "/deposits/{kind}/{id}/ledger",
        READERS,
    ),
    Operation(
        "get", "/deposits/{subject_kind}/{subject_id}/life", "/deposits/{kind}/{id}/life", READERS
    ),
    Operation(
        "get", "/deposits/{subject_kind}/{subject_id}/holds", "/deposits/{kind}/{id}/holds", READERS
    ),
    Operation(
        "get",
        "/deposits/{subject_kind}/{subject_id}/recoveries",
        "/deposits/{kind}/{id}/recoveries",
        READERS,
    ),
    Operation(
        "get",
        "/deposits/{subject_kind}/{subject_id}/claims",
        "/deposits/{kind}/{id}/claims",
        READERS,
    ),
    Operation("get", "/cases", "/cases?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/cases/{number}", "/cases/D404", READERS, status=404),
    Operation("post", "/proceeds", "/proceeds", SENDERS, MOVEMENT, status=404),
    Operation("get", "/pay-orders/{subject_kind}/{subject_id}", "/pay-orders/{kind}/{id}", READERS),
    Operation(
        "post",
        "/pay-orders/{subject_kind}/{subject_id}",
        "/pay-orders/{kind}/{id}",
        PARTIES,
        PAY_ORDER,
    ),
    Operation("get", "/pay-orders/{number}", "/pay-orders/P404", READERS, status=404),
    Operation(
        "get",
        "/reconciliation/{rail}",
        "/reconciliation/bank?day=2025-09-04",
        OPERATORS,
        status=404,
    ),
    Operation("get", "/restrictions", "/restrictions?subject_kind={kind}&subject={id}", READERS),
    Operation(
        "get", "/capabilities/{subject_kind}/{subject_id}", "/capabilities/{kind}/{id}", READERS
    ),
    Operation("get", "/statements", "/statements?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/statements/{number}", "/statements/R404", READERS, status=404),
    Operation("get", "/statements/{number}/paper", "/statements/R404/paper", READERS, status=404),
    *SURVEYS,
    Operation("get", "/duties", "/duties?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/notices", "/notices?subject_kind={kind}&subject={id}", READERS),
    Operation("get", "/rulebooks", "/rulebooks", READERS),
    Operation("get", "/rulebooks/{name}", "/rulebooks/kuaishou-shop-deposit", READERS),
    Operation(
        "get", "/rulebooks/{name}/editions", "/rulebooks/kuaishou-shop-deposit/editions", READERS
    ),
)
NAMES_NO_PARTY = {
    *(each.template for each in ADMISSION),
    *(each.template for each in GOODS),
    *(each.template for each in SURVEYS if "provider_id" not in each.template),
    "/departures",
    "/departures/{number}",
    "/violations/{number}",
    "/tickets/{number}",
    "/appeals/{number}",
    "/appeals/{number}/answer",
    "/appeals/{number}/withdraw",
    *(each.template for each in DELIVERIES if each.template != "/deadlines"),
    "/events",
    "/proceeds",
    "/cases/{number}",
    "/pay-orders/{number}",
    "/statements/{number}",
    "/statements/{number}/paper",
    "/reconciliation/{rail}",
    "/rulebooks",
    "/rulebooks/{name}",
    "/rulebooks/{name}/editions",
}


def send(caller: Caller, operation: Operation, subject: tuple[str, str], decision: str) -> object:
    """Call an operation about a party (or a decision of it)."""
    path = operation.path.format(kind=subject[0], id=subject[1], decision=decision)
    return caller.get(path) if operation.method == "get" else caller.post(path, operation.body)


def test_every_operation_stands_in_the_table() -> None:
    """An operation that nobody wrote rights for fails the build."""
    paths = api.get_openapi_schema()["paths"]
    known = {(method, path.removeprefix(BASE)) for path in paths for method in paths[path]}
    assert known == {operation.key for operation in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.template}")
def test_rights(operation: Operation, market: str, caller_as: Callable[..., Caller]) -> None:
    """Each role may do what the table says; what is another party's reads as not there."""
    subjects = {"own": {}, "other": {}}
    for whose, number in (("own", 1), ("other", 2)):
        for role, (kind, _) in PARTY_OF.items():
            subjects[whose][role] = (kind, f"{'P' if kind == 'provider' else 'S'}{number}")
    for count, role in enumerate(ALL_ROLES):
        caller = caller_as(role)
        like = role if role in PARTIES else "provider"
        for whose in ("own", "other"):
            subject = subjects[whose][like]
            decision = str(decision_for(market, subject, f"20{count + 10}-{1 + len(whose):02d}"))
            answer = send(caller, operation, subject, decision)
            own_only = role in PARTIES and operation.template not in NAMES_NO_PARTY
            if role not in operation.roles:
                expected = 403
            elif own_only and whose == "other":
                expected = 404
            else:
                expected = operation.status
            assert answer.status_code == expected, (role, whose, answer.content)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.template}")
def test_strangers_are_refused(operation: Operation, market: str) -> None:
    """Without token, with an unknown one or a revoked one, every operation answers 401."""
    made = token_create(market, "old", role="admin", now=NOW)
    token_revoke(market, made.id, now=NOW)
    for headers in (
        {},
        {"Authorization": "Bearer earnest_nobody"},
        {"Authorization": f"Bearer {made.secret}"},
        {"Authorization": f"Basic {made.secret}"},
    ):
        answer = send(Caller(headers), operation, ("provider", "P1"), "0" * 32)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.template not in NAMES_NO_PARTY and each.method == "get"],
    ids=lambda each: each.template,
)
def test_others_and_unknown_ids_read_the_same(
    operation: Operation, market: str, caller_as: Callable[..., Caller]
) -> None:
    """A party cannot tell another's id from one that does not exist."""
    provider = caller_as("provider")
    other = send(
        provider, operation, ("provider", "P2"), str(decision_for(market, ("provider", "P2")))
    )
    unknown = send(
        provider, operation, ("provider", "P999"), "00000000-0000-7000-8000-000000000000"
    )
    assert (other.status_code, other.json()) == (unknown.status_code, unknown.json())
    assert other.status_code == 404


def test_a_party_without_filter_gets_its_own(market: str, caller_as: Callable[..., Caller]) -> None:
    """A list that names no party is limited to the caller's own."""
    own, other = decision_for(market, ("provider", "P1")), decision_for(market, ("provider", "P2"))
    items = caller_as("provider").get("/decisions").json()["items"]
    assert [item["id"] for item in items] == [str(own)]
    everybody = caller_as("auditor").get("/decisions").json()["items"]
    assert {item["id"] for item in everybody} == {str(own), str(other)}


def test_a_removed_right_counts_at_the_next_request(
    market: str, caller_as: Callable[..., Caller]
) -> None:
    """A token that is revoked between two calls is refused at the second."""
    made = token_create(market, "short", role="auditor", now=NOW)
    caller = Caller({"Authorization": f"Bearer {made.secret}"})
    assert caller.get("/decisions").status_code == 200
    assert token_revoke(market, made.id, now=NOW)
    assert caller.get("/decisions").status_code == 401


def test_a_person_signed_in_may_read_and_needs_csrf_to_change(market: str) -> None:
    """The console's session is accepted; a change without the CSRF token is refused."""
    person_add(market, "li.risk", "long enough to pass", role="risk")
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(User.objects.get(username="li.risk"))
    caller = Caller(client=client)
    decision = decision_for(market, ("provider", "P1"))
    assert caller.get(f"/decisions/{decision}").status_code == 200
    refused = caller.post(f"/decisions/{decision}/refuse", {"reason": "no"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    client.cookies["csrftoken"] = "a" * 32
    caller.headers = {"X-CSRFToken": "a" * 32}
    assert caller.post(f"/decisions/{decision}/refuse", {"reason": "no"}).status_code == 200


def test_a_person_without_role_is_a_stranger(market: str) -> None:
    """A sign-in that nobody gave a role here counts as none."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create(username="nobody"))
    assert Caller(client=client).get("/decisions").status_code == 401


def test_a_session_does_not_help_a_bad_token(market: str) -> None:
    """Who shows a wrong token is refused, signed in or not: no falling back."""
    person_add(market, "li.risk", "long enough to pass", role="risk")
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username="li.risk"))
    answer = Caller({"Authorization": "Bearer earnest_wrong"}, client).get("/decisions")
    assert answer.status_code == 401


def test_another_tenants_token_sees_nothing_of_this_one(market: str) -> None:
    """A token belongs to its tenant: decisions of another tenant do not exist for it."""
    decision = decision_for(market, ("provider", "P1"))
    made = token_create("elsewhere", "auditor", role="auditor", now=NOW)
    caller = Caller({"Authorization": f"Bearer {made.secret}"})
    assert caller.get("/decisions").json()["items"] == []
    assert caller.get(f"/decisions/{decision}").status_code == 404
    assert caller.get("/deposits/provider/P1").status_code == 404

"""Two marketplaces behind one web server that works as the working role."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client

from earnest.api.commands import token_create
from earnest.market.commands import marketplace_open, person_add
from earnest.market.models import Provider, Shop
from earnest.postgres.tenancy import stranger_scope, tenant_known
from tests.api.conftest import decision_for

NOW = datetime(2025, 9, 5, 2, tzinfo=UTC)
TENANTS = ("north", "south")
PASSWORD = "a good long sentence"  # for these tests only


@pytest.fixture
def secrets(db: None, settings: object) -> dict[str, str]:
    """Open two marketplaces with people, parties and tokens; return the tokens' secrets."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    made = {}
    for tenant_id in TENANTS:
        marketplace_open(tenant_id, name_zh=tenant_id, name_en=tenant_id)
        Provider.objects.create(
            tenant_id=tenant_id,
            provider_id="P1",
            name=f"provider of {tenant_id}",
            service_category="supply_tool",
            admitted_on=date(2025, 1, 1),
        )
        Shop.objects.create(
            tenant_id=tenant_id,
            shop_id=f"S-{tenant_id}",
            name=f"shop of {tenant_id}",
            opened_on=date(2025, 1, 1),
        )
        person_add(tenant_id, f"risk-{tenant_id}", PASSWORD, role="risk")
        party = ("provider", "P1")
        person_add(tenant_id, f"p-{tenant_id}", PASSWORD, role="provider", subject=party)
        decision_for(tenant_id, ("provider", f"P-{tenant_id}"))
        made[tenant_id] = token_create(tenant_id, "script", role="risk", now=NOW).secret
    return made


@pytest.fixture
def seen_by_nobody(secrets: dict[str, str], as_app_role: None) -> Callable[[], bool]:
    """Return what tells whether the connection, as a request left it, shows nothing of anybody."""

    def nothing_left() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM market_shop), "
                "(SELECT count(*) FROM market_membership), (SELECT count(*) FROM api_apitoken)"
            )
            return cursor.fetchone() == (0, 0, 0)

    return nothing_left


def _other(tenant_id: str) -> str:
    return TENANTS[1 - TENANTS.index(tenant_id)]


@pytest.mark.parametrize("tenant_id", TENANTS)
def test_console_pages_show_one_marketplace(
    seen_by_nobody: Callable[[], bool], tenant_id: str
) -> None:
    """Lists and a party with an id that both have are of the visitor's own marketplace."""
    client = Client()
    assert client.login(username=f"risk-{tenant_id}", password=PASSWORD)
    for address, own in (("/shops/", "shop of"), ("/providers/", "provider of")):
        page = client.get(address).content.decode()
        assert f"{own} {tenant_id}" in page
        assert f"{own} {_other(tenant_id)}" not in page
        assert seen_by_nobody()
    assert client.get(f"/shops/S-{_other(tenant_id)}/").status_code == 404
    assert f"provider of {tenant_id}" in client.get("/providers/P1/").content.decode()
    assert seen_by_nobody()


def test_console_visitors_take_turns_on_one_connection(
    seen_by_nobody: Callable[[], bool],
) -> None:
    """Strangers, people of both marketplaces and their downloads, mixed: nobody sees another's."""
    clients = {tenant_id: Client() for tenant_id in TENANTS}
    for tenant_id, client in clients.items():
        client.login(username=f"p-{tenant_id}", password=PASSWORD)
    stranger = Client()
    for _ in range(3):
        for tenant_id, client in clients.items():
            page = client.get("/providers/P1/").content.decode()
            assert f"provider of {tenant_id}" in page
            assert f"provider of {_other(tenant_id)}" not in page
            assert stranger.get("/providers/P1/").status_code == 302
            assert stranger.get("/sign-in/").status_code == 200
            assert seen_by_nobody()


def test_a_person_signs_in_and_out(seen_by_nobody: Callable[[], bool]) -> None:
    """The sign-in page knows nobody's tenant, and the page after it does."""
    client = Client()
    words = {"username": "risk-north", "password": PASSWORD}
    assert client.post("/sign-in/", words, follow=True).status_code == 200
    assert "shop of north" in client.get("/shops/").content.decode()
    client.post("/sign-out/")
    assert client.get("/shops/").status_code == 302
    assert seen_by_nobody()


@pytest.mark.parametrize("tenant_id", TENANTS)
def test_downloads_read_their_rows_in_their_tenant(
    seen_by_nobody: Callable[[], bool], tenant_id: str
) -> None:
    """A download's rows are read after the page's function has returned; the tenant holds on."""
    client = Client()
    client.login(username=f"risk-{tenant_id}", password=PASSWORD)
    answer = client.get("/decisions.csv")
    assert answer.streaming
    with stranger_scope():
        tenant_known(_other(tenant_id))
        rows = b"".join(answer.streaming_content).decode()
    assert f"P-{tenant_id}" in rows
    assert f"P-{_other(tenant_id)}" not in rows
    assert seen_by_nobody()


@pytest.mark.parametrize("tenant_id", TENANTS)
def test_the_api_answers_for_one_marketplace(
    secrets: dict[str, str], seen_by_nobody: Callable[[], bool], tenant_id: str
) -> None:
    """A token reaches its own marketplace; another's shop is not there, a bad token is refused."""
    headers = {"Authorization": f"Bearer {secrets[tenant_id]}"}
    client = Client()
    for shop, status in ((tenant_id, 200), (_other(tenant_id), 404)):
        answer = client.get(f"/api/v1/deposits/shop/S-{shop}", headers=headers)
        assert answer.status_code == status
        assert seen_by_nobody()
    wrong = {"Authorization": "Bearer earnest_wrong"}
    assert client.get("/api/v1/decisions", headers=wrong).status_code == 401
    assert seen_by_nobody()


def test_the_api_answers_people_of_the_console(seen_by_nobody: Callable[[], bool]) -> None:
    """With the console's cookie it is the person's marketplace."""
    client = Client()
    client.login(username="risk-south", password=PASSWORD)
    assert client.get("/api/v1/deposits/shop/S-south").status_code == 200
    assert client.get("/api/v1/deposits/shop/S-north").status_code == 404
    assert seen_by_nobody()

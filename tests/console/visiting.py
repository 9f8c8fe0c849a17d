"""People of a market of one test, each with a browser of its own, without Chromium."""

from django.test import Client
from django.urls import reverse

from earnest.market.commands import person_add
from earnest.market.queries import Subject

PASSWORD = "long-enough-1"
NOBODYS: Subject = ("", "")


def browser_of(
    tenant: str, name: str, role: str, subject: Subject = NOBODYS, *, language: str = "zh-hans"
) -> Client:
    """Add a person and sign it in; its name is made one of its market."""
    person_add(tenant, f"{name}-{tenant}", PASSWORD, role=role, subject=subject)
    client = Client()
    assert client.login(username=f"{name}-{tenant}", password=PASSWORD)
    client.cookies["django_language"] = language
    return client


def shown(client: Client, name: str, *args: object) -> str:
    """Return the page of an address, which has to open."""
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()

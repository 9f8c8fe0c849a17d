"""What list pages share: clean query fields, pages, and links that never carry bad text."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from earnest.market.queries import Subject, party_names

PAGE_SIZE = 20
FIELD_LENGTH_MAX = 100
Row = TypeVar("Row")


def field(request: HttpRequest, name: str) -> str:
    """Return a field of the query form, trimmed, cut to length and free of control characters."""
    given = request.GET.get(name, "")[:FIELD_LENGTH_MAX]
    return "".join(letter for letter in given if letter.isprintable()).strip()


def choice(request: HttpRequest, name: str, choices: Iterable[str]) -> str:
    """Return a field if it is one of the choices, else nothing."""
    given = field(request, name)
    return given if given in set(choices) else ""


def page_of(request: HttpRequest, rows: Any, size: int = PAGE_SIZE) -> "Page[Any]":
    """Return the asked page of a list or query; a page that does not exist is the nearest one."""
    found: Sequence[Any] | QuerySet[Any] = rows
    return Paginator(found, size).get_page(field(request, "page"))


def names_for(tenant_id: str, rows: Iterable[Any]) -> dict[Subject, str]:
    """Return the names of the parties that rows with subject_kind and subject_id are about."""
    return party_names(tenant_id, {(row.subject_kind, row.subject_id) for row in rows})

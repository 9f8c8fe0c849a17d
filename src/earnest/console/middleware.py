"""Whose rows a request sees, the headers of every page, and pages for what stops one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from typing import cast

from django.db import DataError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from earnest.console.access import visitor_of
from earnest.console.texts import language
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.postgres.tenancy import (
    person_known,
    stranger_scope,
    tenant_known,
    tenant_now,
    tenant_scope,
)
from earnest.rulebooks.packs import packs_held

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
READING = ("GET", "HEAD")
OTHERS = ("/api/", "/static/")  # rooms that answer for themselves


class ConsoleMiddleware:
    """Shows each request its own tenant only; forbids foreign scripts; shows our errors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request in its visitor's tenant and put the headers on.

        Nothing of a tenant stays on the connection for the next request; the API finds out for
        itself who calls. The rulebooks are read once for a page. What changes something reads them
        as they are.
        """
        with stranger_scope(), packs_held() if request.method in READING else nullcontext():
            if not request.path.startswith(OTHERS):
                _visitor_known(request)
            response = self._answer(request)
            if isinstance(response, StreamingHttpResponse):  # its rows are read after this
                content = cast("Iterable[bytes]", response.streaming_content)
                response.streaming_content = _within(tenant_now(), content)
        if not request.path.startswith(OTHERS):
            response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers.setdefault("Referrer-Policy", "same-origin")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request; an address with a zero character, which no text holds, is nowhere."""
        if "\0" in request.path and not request.path.startswith(OTHERS):
            return render(request, "404.html", status=404)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Show an error of ours in the reader's language; anything else is Django's to handle."""
        if isinstance(error, DataError):
            error = _does_not_fit()
        if request.path.startswith(OTHERS) or not isinstance(error, EarnestError):
            return None
        if isinstance(error, NotFound):  # another's thing and none at all look the same
            return render(request, "404.html", status=404)
        problem = error.problem
        shown = {
            "problem": problem,
            "sentence": problem.zh if language() == "zh" else problem.en,
            "status": error.http_status,
        }
        return render(request, "console/problem.html", shown, status=error.http_status)


def _does_not_fit() -> BadInput:
    """Say what the database means by a value that it does not take."""
    return BadInput(
        "value_does_not_fit",
        zh="所填内容含不能保存的字符，或过长、过大；没有任何内容被保存，请返回修改后重试。",
        en="what was typed holds a character that cannot be kept, or is too long or too large; "
        "nothing was kept, go back and change it",
    )


def _visitor_known(request: HttpRequest) -> None:
    """Open the tenant of the signed-in person, whose membership tells it."""
    if request.user.is_authenticated:
        person_known(request.user.pk)
        visitor = visitor_of(request)
        if visitor is not None:
            tenant_known(visitor.tenant_id)


def _within(tenant_id: str, content: Iterable[bytes]) -> Iterator[bytes]:
    """Give the parts of an answer while its tenant's rows are open."""
    with tenant_scope(tenant_id):
        yield from content

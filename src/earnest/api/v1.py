"""The HTTP API, version 1, mounted at ``/api/v1/``; its page is ``/api/v1/docs``."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, re_path
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from earnest.api import (
    admission,
    appeals,
    cases,
    catalogue,
    charging,
    decisions,
    deliveries,
    departures,
    deposits,
    documents,
    duties,
    events,
    measures,
    notices,
    payins,
    proceeds,
    restrictions,
    rulebooks,
    surveys,
    violations,
)
from earnest.api.access import SessionCaller, TokenCaller
from earnest.api.problems import JsonParser, problems_register, unknown_address, wrong_method

DESCRIPTION = """
Events in; measures, findings, decisions, deposits, restrictions, notices and rulebooks out.

* Money is whole fen. Instants are ISO 8601 with zone; days and months are Asia/Shanghai's.
* Sign in with `Authorization: Bearer <token>`; an administrator makes tokens with
  `earnest token create`. A role decides what a token may do; a party's token sees its own data.
* Every error is `{"code", "where", "zh", "en"}`. What is not yours is answered like what does not
  exist.
* Sending the same events again is safe: they come back as `duplicate`.
"""

View = Callable[..., HttpResponse]


class ReadableJson(JSONRenderer):
    """Writes Chinese as it is, not as escapes."""

    json_dumps_params = {"ensure_ascii": False}


class ProblemAPI(NinjaAPI):
    """An API whose every answer outside 2xx is a problem: wrong methods and addresses too."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return an operation's name: that of its function, which is unique here."""
        return operation.view_func.__name__

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        patterns = super()._get_urls()
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _answered(pattern.callback)
        unknown: View = _csrf_free(lambda _request, **_: unknown_address())
        return [*patterns, re_path(r"^.*$", unknown)]


def _csrf_free(view: View) -> View:
    view.csrf_exempt = True  # type: ignore[attr-defined]  # how Django's own decorator marks it
    return view


def _answered(view: View) -> View:
    """Return the view with the answers that are not its own turned into problems."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return unknown_address()
        if isinstance(response, HttpResponseNotAllowed):
            return wrong_method(response)
        return response

    return answered


api = ProblemAPI(
    title="earnest",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-1",
    auth=[TokenCaller(), SessionCaller()],
    parser=JsonParser(),
    renderer=ReadableJson(),
)
problems_register(api)
for _room in (
    appeals,
    documents,
    admission,
    events,
    measures,
    duties,
    decisions,
    deposits,
    cases,
    catalogue,
    charging,
    restrictions,
    violations,
    departures,
    notices,
    rulebooks,
    payins,
    proceeds,
    deliveries,
    surveys,
):
    api.add_router("", _room.router)

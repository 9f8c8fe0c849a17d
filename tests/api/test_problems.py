"""Errors over HTTP: one shape, two languages, nothing from the inside."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.test import Client

from earnest.api import decisions
from tests.api.conftest import BASE, Caller, decision_for

INSIDE = re.compile(r"Traceback|File \"|\.py\b|SELECT |psycopg|site-packages|" + str(Path.cwd()))


def problem_of(answer: Any) -> dict[str, str]:
    """Return the problem in an answer's body, checked for its shape and for leaks."""
    text = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("application/json")
    assert not INSIDE.search(text), text
    body = json.loads(text)
    assert set(body) == {"code", "where", "zh", "en"}
    assert body["zh"]
    assert body["en"]
    return dict(body)


@pytest.mark.parametrize(
    ("path", "status", "code", "where"),
    [
        ("/no/such/address", 404, "unknown_address", ""),
        ("/", 404, "unknown_address", ""),
        ("/decisions/not-an-id", 422, "bad_field", "path.decision_id"),
        ("/decisions?limit=0", 422, "bad_field", "query.limit"),
        ("/decisions?limit=many", 422, "bad_field", "query.limit"),
        ("/decisions?month=2025-13", 422, "bad_field", "query.month"),
        ("/decisions?subject=%00", 422, "bad_field", "query.subject"),
        ("/decisions?subject_kind=king", 422, "bad_field", "query.subject_kind"),
        ("/findings?cursor=00000000-0000-7000-8000-000000000000", 404, "not_found", "cursor"),
        ("/measures?from=yesterday", 422, "bad_field", "query.from"),
        ("/measures?live=true", 422, "field_missing", "name, subject_kind, from, to"),
        (
            "/measures?live=true&name=nothing&subject_kind=all&from=2025-08-01&to=2025-08-31",
            404,
            "not_found",
            "measure",
        ),
        (
            "/measures?live=true&name=shipping48h&subject_kind=all&from=2025-08-31&to=2025-08-01",
            422,
            "bad_window",
            "from, to",
        ),
        ("/deposits/king/P1", 422, "bad_field", "path.subject_kind"),
        ("/deposits/provider/P999", 404, "not_found", "subject"),
        ("/notices", 422, "party_missing", "subject_kind, subject"),
    ],
)
def test_bad_requests_say_what_and_where(
    caller_as: Callable[..., Caller], path: str, status: int, code: str, where: str
) -> None:
    """Each wrong request has its status and a problem that names the place."""
    answer = caller_as("auditor").get(path)
    assert answer.status_code == status, answer.content
    problem = problem_of(answer)
    assert (problem["code"], problem["where"]) == (code, where)


def test_a_wrong_method_is_a_problem(caller_as: Callable[..., Caller]) -> None:
    """A method that an address does not take answers 405 and names those it takes."""
    answer = caller_as("auditor").post("/decisions", {})
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert problem_of(answer)["code"] == "method_not_allowed"


def test_a_bad_body_is_a_problem(caller_as: Callable[..., Caller], market: str) -> None:
    """A verdict without reason, or without JSON, answers 422."""
    decision = decision_for(market, ("provider", "P1"))
    caller = caller_as("risk")
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "\x00"}, {"reason": 7}):
        answer = caller.post(f"/decisions/{decision}/refuse", body)
        assert answer.status_code == 422, body
        assert problem_of(answer)["where"].startswith("body")
    broken = caller.client.post(
        f"{BASE}/decisions/{decision}/refuse",
        b"{",
        content_type="application/json",
        headers=caller.headers,
    )
    assert (broken.status_code, problem_of(broken)["code"]) == (422, "not_json")
    huge = caller.post(f"/decisions/{decision}/refuse", {"reason": "x" * 3_000_000})
    assert (huge.status_code, problem_of(huge)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OperationalError("connection to server at 10.0.0.1 failed"), 503, "store_unavailable"),
        (DataError("value too long for column secret"), 422, "value_does_not_fit"),
        (KeyError("SELECT secret FROM api_apitoken"), 500, "internal_error"),
    ],
)
def test_our_own_failures_show_nothing_from_the_inside(
    caller_as: Callable[..., Caller],
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    status: int,
    code: str,
) -> None:
    """A failure of the database or of our code answers with fixed words only."""

    def broken(*_: object) -> None:
        raise failure

    monkeypatch.setattr(decisions, "decisions", broken)
    answer = caller_as("auditor").get("/decisions")
    assert answer.status_code == status
    assert problem_of(answer)["code"] == code


def test_the_page_of_the_api_needs_nothing_from_elsewhere(market: str) -> None:
    """The OpenAPI page and all it loads come from this server, for anyone."""
    client = Client()
    page = client.get(f"{BASE}/docs").content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    assert client.get(f"{BASE}/openapi.json").json()["info"]["title"] == "earnest"

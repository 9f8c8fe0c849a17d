"""The API against its own OpenAPI page: generated requests, right and wrong ones."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from earnest.api.v1 import api
from earnest.wsgi import application
from tests.api.conftest import Caller

INSIDE = re.compile(r"Traceback|File \"|\.py\b|psycopg|site-packages")
EXAMPLES = 8


@pytest.fixture
def one_transaction(db: None) -> Iterator[None]:
    """Let requests share the test's connection instead of each closing it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


schema: Any = schemathesis.openapi.from_dict(api.get_openapi_schema())
schema.app = application


OPERATIONS: dict[str, Any] = {each.ok().label: each.ok() for each in schema.get_all_operations()}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.usefixtures("one_transaction")
def test_generated_requests(
    operation: str, data: st.DataObject, caller_as: Callable[..., Caller]
) -> None:
    """No generated request ends in a server error, and every answer is as the page says."""
    case: Case = data.draw(OPERATIONS[operation].as_strategy())
    caller = caller_as("admin")
    answer = case.call(headers=caller.headers)
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
    assert not INSIDE.search(answer.text), answer.text

"""How errors look on the wire: always code, where, zh and en, and nothing from the inside."""

import json
import logging
import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from earnest.kernel.errors import BadInput, EarnestError, Problem, WorldFailed

log = logging.getLogger(__name__)

ERRORS = frozenset({401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503})
"""The statuses of the answers whose body is a problem."""

UNKNOWN_CALLER = Problem(
    "unauthenticated",
    "",
    "没有有效的 API 令牌或登录；令牌可能写错或已撤销。",
    "no valid API token or sign-in; the token may be mistyped or revoked",
)
TOO_MANY_TRIES = Problem(
    "too_many_tries",
    "",
    "来自该地址的无效令牌过多；请在 Retry-After 所示秒数之后再试，并检查令牌。",
    "too many unknown tokens from this address; wait the seconds of Retry-After, and look at the"
    " token",
)
NO_SUCH_ADDRESS = Problem(
    "unknown_address",
    "",
    "没有这个地址；请看 /api/v1/docs。",
    "there is no such address; see /api/v1/docs",
)
WRONG_METHOD = Problem(
    "method_not_allowed",
    "",
    "这个地址不接受这种方法；请看 /api/v1/docs。",
    "this address does not take this method; see /api/v1/docs",
)
INTERNAL = Problem(
    "internal_error",
    "",
    "系统内部出错，已记入日志；请稍后重试，或把发生时间告诉管理员。",
    "an error inside the system, recorded in its log; try again later, or tell the administrator"
    " when it happened",
)
STORE_FAILED = Problem(
    "store_unavailable",
    "",
    "数据库或存储暂时不可用；请稍后用同样的内容重试，不会重复生效。",
    "the database or the store is unavailable; send the same again later, it will not count twice",
)
DOES_NOT_FIT = Problem(
    "value_does_not_fit",
    "",
    "有字段含不能保存的字符，或数值、长度超出范围；请检查后重试，没有任何内容被保存。",
    "a field holds a character that cannot be kept, or is too long or too large; look at it and"
    " try again, nothing was kept",
)
TOO_LARGE = Problem(
    "body_too_large",
    "body",
    "请求体太大；请分成几批。",
    "the body is too large; split it into several batches",
)
NOT_JSON = Problem(
    "not_json",
    "body",
    "请求体不是有效的 JSON（UTF-8）。",
    "the body is not valid JSON (UTF-8)",
)
FIELD_ZH = {
    "missing": "缺少必填项",
    "literal_error": "不在允许的值之内",
    "enum": "不在允许的值之内",
    "greater_than_equal": "数值太小",
    "less_than_equal": "数值太大",
    "string_too_short": "文字太短",
    "string_too_long": "文字太长",
    "string_pattern_mismatch": "含有不允许的字符",
}


class TooManyTries(Exception):
    """Unknown tokens keep coming from an address; ``wait`` is until one is looked at again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class ProblemOut(Schema):
    """What is wrong, where, and what to do about it, in Chinese and English."""

    code: str
    where: str
    zh: str
    en: str


class JsonParser(Parser):
    """Reads a JSON body strictly: UTF-8, no NaN, no bottomless nesting."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body's value.

        Raises:
            BadInput: the body is not JSON.
        """
        return json_read(request.body)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def json_read(body: bytes) -> Any:
    """Read strict JSON: UTF-8, no NaN or Infinity, bounded nesting.

    Raises:
        BadInput: it is not that.
    """
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            NOT_JSON.code, where=NOT_JSON.where, zh=NOT_JSON.zh, en=NOT_JSON.en
        ) from error


def _answer(
    problem: Problem, status: int, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    body = json.dumps(problem.as_dict(), ensure_ascii=False)
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)


def _field_problem(error: ValidationError) -> Problem:
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"])
    reason = FIELD_ZH.get(first["type"], "格式不对")
    return Problem("bad_field", where, f"{where}：{reason}。", f"{where}: {first['msg']}")


def wrong_method(response: HttpResponse) -> HttpResponse:
    """Return the answer to a method that an address does not take."""
    return _answer(WRONG_METHOD, 405, {"Allow": response.headers.get("Allow", "")})


def unknown_address() -> HttpResponse:
    """Return the answer to an address that does not exist."""
    return _answer(NO_SUCH_ADDRESS, 404)


def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return _answer(UNKNOWN_CALLER, 401, {"WWW-Authenticate": "Bearer"})
    return _answer(NOT_JSON, 422)  # the only other one is a body that could not be read


def _too_many(_request: HttpRequest, error: TooManyTries) -> HttpResponse:
    seconds = math.ceil(error.wait.total_seconds())
    return _answer(TOO_MANY_TRIES, 429, {"Retry-After": str(seconds)})


def _unexpected(_request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("an API call failed", exc_info=error)
    return _answer(INTERNAL, 500)


def _store_failed(_request: HttpRequest, error: DatabaseError | WorldFailed) -> HttpResponse:
    log.error("the database or the disk failed an API call", exc_info=error)
    return _answer(STORE_FAILED, 503)


def problems_register(api: NinjaAPI) -> None:
    """Make every error of an API answer with a problem."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        EarnestError: lambda _, error: _answer(error.problem, error.http_status),
        WorldFailed: _store_failed,
        ValidationError: lambda _, error: _answer(_field_problem(error), 422),
        HttpError: _http_error,
        TooManyTries: _too_many,
        RequestDataTooBig: lambda _request, _error: _answer(TOO_LARGE, 413),
        Http404: lambda _request, _error: unknown_address(),
        OperationalError: _store_failed,
        DataError: lambda _request, _error: _answer(DOES_NOT_FIT, 422),
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)

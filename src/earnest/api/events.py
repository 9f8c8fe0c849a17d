"""Events in: batches of rows into the same feed that takes files, each row with its own answer."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from earnest.api.access import caller_who_may, now_for
from earnest.api.problems import ERRORS, TOO_LARGE, ProblemOut, json_read
from earnest.feed.arrival import Intake, batch_of
from earnest.feed.commands import batches_take
from earnest.feed.streams import STREAMS
from earnest.kernel.errors import BadInput, EarnestError
from earnest.market.roles import SEND_EVENTS

router = Router(tags=["events"])

ROWS_MAX = 5_000
BODY_MAX = 16 * 1024 * 1024
FIELDS_MAX = 200
FIELD_NAME_MAX = 64
SOURCE_MAX = 200
SHOWN_MAX = 80
ORIGIN = "api"

Row = dict[str, Any]


class BodyTooLarge(EarnestError):
    """The body has more bytes than a batch may have."""

    exit_status = 2
    http_status = 413


class WrongMediaType(EarnestError):
    """The body is not declared as JSON."""

    exit_status = 2
    http_status = 415


class EventBatch(Schema):
    """A batch of events of one source.

    ``stream`` is that of all rows; a row may name its own in a field ``stream`` instead.
    """

    model_config = ConfigDict(extra="forbid")

    events: list[dict[str, Any]] = Field(max_length=ROWS_MAX)
    stream: str | None = Field(None, json_schema_extra={"enum": [*STREAMS, None]})
    source: str | None = Field(
        None,
        max_length=SOURCE_MAX,
        description="URI of the system the events come from; it and the stream's natural key"
        " identify an event. Left out, it is made from the token's name.",
    )


class RowResult(Schema):
    """What became of one row; ``row`` counts from 0 in the order of the request."""

    row: int
    stream: str
    status: Literal["accepted", "duplicate", "rejected"]
    problems: list[ProblemOut]


class BatchResult(Schema):
    """What became of a batch: totals, and each row in the order of the request.

    ``withdrawn`` are events of earlier batches that this one contradicts: the feed no longer
    counts them.
    """

    accepted: int
    duplicate: int
    rejected: int
    batch_ids: list[UUID]
    results: list[RowResult]
    withdrawn: list[ProblemOut]


def _unusable(code: str, where: str, zh: str, en: str) -> BadInput:
    return BadInput(code, where=where, zh=zh, en=en)


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise WrongMediaType(
            "wrong_media_type",
            where="Content-Type",
            zh="请以 application/json 发送。",
            en="send it as application/json",
        )
    body = request.read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        raise BodyTooLarge(TOO_LARGE.code, where=TOO_LARGE.where, zh=TOO_LARGE.zh, en=TOO_LARGE.en)
    return body


def _text(given: Row, name: str, longest: int) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise _unusable(
            "bad_field",
            name,
            f"{name} 应是不超过 {longest} 个可打印字符的文字。",
            f"{name} must be text of at most {longest} printable characters",
        )
    return value


def _batch(body: bytes) -> Row:
    """Return the batch of a request's body, checked as a whole.

    Raises:
        BadInput: no JSON, no object, no list of events, too many rows or fields, other members.
    """
    given = json_read(body)
    events = given.get("events") if isinstance(given, dict) else None
    if not isinstance(events, list):
        raise _unusable(
            "events_missing",
            "events",
            '请求体应为 {"stream": …, "events": […]}。',
            'the body must be {"stream": ..., "events": [...]}',
        )
    if unknown := sorted(set(given) - set(EventBatch.model_fields)):
        raise _unusable(
            "unknown_field",
            ascii(unknown[0])[:SHOWN_MAX],
            "批次中没有这个字段；可用：events、stream、source。",
            "a batch has no such field; it has events, stream and source",
        )
    if len(events) > ROWS_MAX:
        raise _unusable(
            "too_many_rows",
            "events",
            f"一批最多 {ROWS_MAX} 行；请分批发送。",
            f"a batch has at most {ROWS_MAX} rows; send several",
        )
    fields = {name for row in events if isinstance(row, dict) for name in row}
    if len(fields) > FIELDS_MAX:
        raise _unusable(
            "too_many_fields",
            "events",
            f"一批中不同的字段名最多 {FIELDS_MAX} 个；没有数据流有这么多字段。",
            f"a batch has at most {FIELDS_MAX} different fields; no stream has as many",
        )
    return dict(given)


def _stream_problem(name: object, where: str) -> ProblemOut:
    shown = ascii(name)[:SHOWN_MAX]
    return ProblemOut(
        code="unknown_stream",
        where=where,
        zh=f"没有数据流 {shown}；可用：{'、'.join(STREAMS)}。",
        en=f"there is no stream {shown}; choose one of {', '.join(STREAMS)}",
    )


def _row_fault(number: int, event: Any, stream: str) -> ProblemOut | None:
    """Return why a row belongs to no stream, if it does not."""
    where = f"events.{number}"
    if not isinstance(event, dict):
        return ProblemOut(
            code="not_an_object",
            where=where,
            zh="这一行不是对象；每个事件应是字段和值的对象。",
            en="the row is not an object; an event is an object of fields and values",
        )
    if not all(name.isprintable() and len(name) <= FIELD_NAME_MAX for name in event):
        return ProblemOut(
            code="bad_field_name",
            where=where,
            zh=f"字段名须为不超过 {FIELD_NAME_MAX} 个可打印字符。",
            en=f"a field's name has at most {FIELD_NAME_MAX} printable characters",
        )
    name = event.get("stream", stream)
    if not isinstance(name, str) or name not in STREAMS:
        return _stream_problem(name, f"{where}.stream")
    return None


def _sorted_rows(
    events: Sequence[Any], stream: str
) -> tuple[dict[str, dict[int, Row]], dict[int, RowResult]]:
    """Return the rows by stream and number, and the results of rows that belong nowhere."""
    by_stream: dict[str, dict[int, Row]] = {}
    refused: dict[int, RowResult] = {}
    for number, event in enumerate(events):
        fault = _row_fault(number, event, stream)
        if fault is not None:
            refused[number] = _result(number, "", "rejected", [fault])
            continue
        row = {key: value for key, value in event.items() if key != "stream"}
        by_stream.setdefault(event.get("stream", stream), {})[number] = row
    return by_stream, refused


def _result(row: int, stream: str, status: str, problems: Sequence[ProblemOut] = ()) -> RowResult:
    return RowResult.model_validate(
        {"row": row, "stream": stream, "status": status, "problems": list(problems)}
    )


def _results(intake: Intake, numbers: Sequence[int]) -> Iterator[RowResult]:
    """Yield what became of each row of one stream; the feed has counted them by our numbers."""
    problems: dict[int, list[ProblemOut]] = {}
    for each in intake.rejected:
        where = f"events.{each.row}" + (f".{each.field}" if each.field else "")
        problem = ProblemOut(code=each.code, where=where, zh=each.zh, en=each.en)
        problems.setdefault(each.row, []).append(problem)
    duplicates = set(intake.duplicate_rows)
    for number in numbers:
        if number in problems:
            yield _result(number, intake.stream, "rejected", problems[number])
        else:
            status = "duplicate" if number in duplicates else "accepted"
            yield _result(number, intake.stream, status)


@router.post(
    "/events",
    summary="Send a batch of events",
    response={(200, 207): BatchResult, ERRORS: ProblemOut},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": EventBatch.model_json_schema()}},
        }
    },
)
def events_post(request: HttpRequest) -> Status[BatchResult]:
    """Send a batch of events; every row gets its own answer.

    200: all rows are in the feed, new or known before. 207: some rows were rejected, the others
    are in. 422: nothing was taken, the batch as a whole cannot be used. Sending a batch again is
    safe.
    """
    caller = caller_who_may(request, SEND_EVENTS)
    given = _batch(_body(request))
    stream = _text(given, "stream", SOURCE_MAX)
    if stream and stream not in STREAMS:
        problem = _stream_problem(stream, "stream")
        raise _unusable(problem.code, problem.where, problem.zh, problem.en)
    source = _text(given, "source", SOURCE_MAX) or f"urn:earnest:src:api:{caller.name}"
    by_stream, results = _sorted_rows(given["events"], stream)
    intakes = batches_take(
        caller.tenant_id,
        {name: batch_of(list(rows.values()), list(rows)) for name, rows in by_stream.items()},
        source=source,
        now=now_for(caller),
        origin=ORIGIN,
    )
    for name, intake in intakes.items():
        results.update({each.row: each for each in _results(intake, list(by_stream[name]))})
    answer = _answer(list(intakes.values()), [results[number] for number in sorted(results)])
    return Status(207 if answer.rejected else 200, answer)


def _answer(intakes: Sequence[Intake], results: list[RowResult]) -> BatchResult:
    statuses = [each.status for each in results]
    return BatchResult(
        accepted=statuses.count("accepted"),
        duplicate=statuses.count("duplicate"),
        rejected=statuses.count("rejected"),
        batch_ids=[each.batch_id for each in intakes],
        results=results,
        withdrawn=[
            ProblemOut(code=each.code, where=each.origin, zh=each.zh, en=each.en)
            for intake in intakes
            for each in intake.withdrawn
        ],
    )

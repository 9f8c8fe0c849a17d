"""Reads: the figures of a measure, and the contributions that each figure is the sum of."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from earnest.feed.queries import event_files, live_files
from earnest.feed.store import events_folder
from earnest.kernel.calendar import day_of, window_us
from earnest.kernel.errors import BadInput, NotFound
from earnest.measures import MEASURES
from earnest.measures.counting import Files, Question, contributions_counted, figures_counted
from earnest.measures.definition import Figure, Measure
from earnest.measures.recorded import figures_recorded, results

__all__ = [
    "asked",
    "contributions",
    "figures_recorded",
    "measure",
    "measure_named",
    "results",
]

CONTRIBUTIONS_LIMIT: Final = 1000
_COUNTED_BY_PAYMENT: Final = frozenset({"shipping48h", "sales_month"})
_OPEN_FOR_LONG: Final = frozenset({"case_event"})


def measure(
    tenant_id: str,
    name: str,
    first: date,
    last: date,
    *,
    by: str,
    as_of: datetime,
    params: Mapping[str, int] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[Figure]:
    """Return the figures of a measure, one per subject with any event in the window, sorted.

    Args:
        tenant_id: whose events.
        name: name of the measure, see ``MEASURES``.
        first: first market day of the window.
        last: last market day of the window, included.
        by: kind of subject: provider, shop, category or all.
        as_of: what happened later is not seen; deadlines after it are pending.
        params: the measure's parameters, such as ``{"hours": 48}``, from the rulebook.
        subjects: when given, only these.

    Raises:
        NotFound: unknown measure.
        BadInput: a window that ends before it begins, a kind of subject that the measure cannot
            be taken by, a missing or unknown parameter.
    """
    question = asked(name, first, last, by=by, as_of=as_of, params=params)
    files = _files(tenant_id, question)
    if not any(files.values()):
        return []
    return figures_counted(question, files, subjects)


def contributions(
    tenant_id: str,
    name: str,
    first: date,
    last: date,
    *,
    subject_kind: str,
    subject: str,
    as_of: datetime,
    params: Mapping[str, int] | None = None,
    limit: int = CONTRIBUTIONS_LIMIT,
) -> list[dict[str, Any]]:
    """Return the rows that one subject's figure is the sum of, earliest first.

    Each holds the id of what it is about (``order_id``, ``aftersale_id``, ``respondent_id`` or
    ``source_id``), ``counted`` (1 when it is in the figure), ``numerator``, ``denominator``,
    ``sample``, ``pending``, ``why`` (a code), ``started_at``, ``due_at``, ``done_at`` and the
    measure's own dimensions.

    Raises:
        NotFound: unknown measure.
        BadInput: as in :func:`measure`.
    """
    question = asked(name, first, last, by=subject_kind, as_of=as_of, params=params)
    return contributions_counted(question, _files(tenant_id, question), subject, limit)


def measure_named(name: str) -> Measure:
    """Return the measure of a name.

    Raises:
        NotFound: there is none; the nearest names are told.
    """
    if name in MEASURES:
        return MEASURES[name]
    near = ", ".join(get_close_matches(name, MEASURES, n=3, cutoff=0.4) or MEASURES)
    raise NotFound(
        "unknown_measure",
        where=name,
        zh=f"没有名为“{name}”的指标；相近的有：{near}",
        en=f"there is no measure named {name!r}; the nearest are: {near}",
    )


def asked(
    name: str,
    first: date,
    last: date,
    *,
    by: str,
    as_of: datetime,
    params: Mapping[str, int] | None = None,
) -> Question:
    """Return a question that can be counted.

    Raises:
        NotFound: unknown measure.
        BadInput: as in :func:`measure`.
    """
    definition = measure_named(name)
    if first > last:
        raise BadInput(
            "window_reversed",
            where=f"{first}..{last}",
            zh="统计期的结束日早于开始日；请交换两者",
            en="the window ends before it begins; swap the two days",
        )
    if by not in definition.by:
        allowed = ", ".join(definition.by)
        raise BadInput(
            "subject_kind_unfit",
            where=f"{name} by {by}",
            zh=f"指标 {name} 不能按 {by} 统计；可用：{allowed}",
            en=f"{name} cannot be taken by {by}; choose one of: {allowed}",
        )
    return Question(definition, first, last, by, as_of, _parameters(definition, params or {}))


def _parameters(definition: Measure, given: Mapping[str, int]) -> dict[str, int]:
    """Return every parameter of the measure, or say which is missing or unknown."""
    known = {parameter.name: parameter for parameter in definition.parameters}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "-"
            raise BadInput(
                "unknown_parameter",
                where=f"{definition.name}.{name}",
                zh=f"指标 {definition.name} 没有参数 {name}；它的参数：{names}",
                en=f"{definition.name} has no parameter {name}; its parameters: {names}",
            )
    values: dict[str, int] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None or value < 0:
            raise BadInput(
                "parameter_missing",
                where=f"{definition.name}.{name}",
                zh=f"请给出不小于零的整数参数 {name}（规则包参数 {parameter.pack_parameter}）",
                en=f"give the parameter {name} as a whole number from zero up"
                f" (the rulebook's {parameter.pack_parameter})",
            )
        values[name] = value
    return values


def _files(tenant_id: str, question: Question) -> Files:
    """Return the files to read per table, leaving out those that cannot matter."""
    return {table: _files_of(tenant_id, question, table) for table in question.measure.tables}


def _files_of(tenant_id: str, question: Question, table: str) -> Sequence[Path]:
    first_us, end_us = window_us(question.first, question.last)
    match table:
        case "order_facts" if question.measure.name in _COUNTED_BY_PAYMENT:
            return _fact_files(tenant_id, table, first_us, end_us)
        case "order_facts" | "aftersale_facts":
            # What is counted of an order or a request happens after its payment or application.
            return _fact_files(tenant_id, table, 0, end_us)
        case (
            "service_message"
            | "service_session"
            | "api_call"
            | "api_call_agg"
            | "catalogue_change"
            | "catalogue_publish"
            | "case_event"
        ):
            return _seen_files(tenant_id, question, table)
        case "survey_answer":
            # A later version or a retraction of an answer lies on a later day.
            return [Path(path) for path in event_files(tenant_id, table, question.first)]
        case _:
            return [
                Path(path) for path in event_files(tenant_id, table, question.first, question.last)
            ]


def _seen_files(tenant_id: str, question: Question, stream: str) -> Sequence[Path]:
    """Return the files of a stream that may hold what was seen of a window by the as-of instant.

    A question may go on from the day before; replies, publications and corrections come later. A
    complaint may have been opened long before the window.
    """
    first = None if stream in _OPEN_FOR_LONG else question.first - timedelta(days=1)
    paths = event_files(tenant_id, stream, first, day_of(question.as_of))
    return [Path(path) for path in paths]


def _fact_files(tenant_id: str, fact: str, first_us: int, end_us: int) -> Sequence[Path]:
    """Return the files whose span of payments or applications meets a span of time.

    Their storage day will not do: a corrected payment leaves the order where it was stored.
    """
    folder = events_folder(tenant_id)
    return [
        folder / file.path
        for file in live_files(tenant_id, fact)
        if file.first_us is None
        or file.last_us is None
        or (file.first_us < end_us and file.last_us >= first_us)
    ]

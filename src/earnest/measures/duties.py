"""The measured duties besides orders: replies, interfaces, the catalogue, complaints.

Each counts from the streams that a source of its kind sends; one text per measure, see the
``.sql`` files beside this module.
"""

from collections.abc import Mapping
from typing import Final

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR
from earnest.measures.definition import Measure, Parameter, Percentile

REPORT_GRACE_US: Final = US_PER_DAY
"""How long sources may trail behind before a figure is called final."""
_US_PER_MINUTE: Final = US_PER_HOUR // 60
_BY: Final = ("provider", "all")


def _grace(_parameters: Mapping[str, int]) -> int:
    return REPORT_GRACE_US


def _minutes_and_grace(parameters: Mapping[str, int]) -> int:
    return parameters["within"] * _US_PER_MINUTE + REPORT_GRACE_US


def _hours_and_grace(parameters: Mapping[str, int]) -> int:
    return parameters["within"] * US_PER_HOUR + REPORT_GRACE_US


REPLY3MIN: Final = Measure(
    name="reply3min",
    text_file="reply3min.sql",
    tables=("service_message", "service_session"),
    entity="session_id",
    clauses=("S0-2.1-cs3", "S0-2.2.3a"),
    zh="统计期内商家的提问中，在规定分钟内有人回复的占比",
    en="of the merchants' questions in the window, the share answered by a person in time",
    by=_BY,
    parameters=(
        Parameter("minutes", "reply_minutes", "回复时限的分钟数", "minutes allowed for a reply"),
        Parameter("opens", "reply_opens_hour", "客服时段开始（点）", "hour at which service opens"),
        Parameter("closes", "reply_closes_hour", "客服时段结束（点）", "hour at which it closes"),
        Parameter(
            "left_out",
            "reply_outside_left_out",
            "时段外的提问：0 顺延到开始，1 不计",
            "questions outside the hours: 0 wait for the opening, 1 do not count",
        ),
        Parameter(
            "robots",
            "reply_robots_count",
            "机器人回复是否算数：0 否，1 是",
            "whether a robot's reply counts: 0 no, 1 yes",
        ),
    ),
    dimensions=("outside_hours", "after_resolution", "only_a_robot", "not_told"),
    percentile=Percentile("p95_us", "waited_us", "replied"),
    # A question after closing time starts its clock on the next day.
    maturation_us=_grace,
)
INTERFACE_SUCCESS: Final = Measure(
    name="interface_success",
    text_file="interface_success.sql",
    tables=("api_call", "api_call_agg"),
    entity="interface",
    clauses=("S0-2.2.2a",),
    zh="统计期内应由服务商负责的接口调用中，成功的占比",
    en="of the calls in the window that the provider answers for, the share that succeeded",
    by=_BY,
    dimensions=(
        "business_answers",
        "throttled",
        "callers_error",
        "not_the_providers",
        "outcome_unknown",
    ),
    maturation_us=_grace,
)
INTERFACE_LATENCY: Final = Measure(
    name="interface_latency",
    text_file="interface_latency.sql",
    tables=("api_call", "api_call_agg"),
    entity="interface",
    clauses=("S0-2.2.2a",),
    zh="统计期内服务商应答的接口调用中，耗时不超过上限的占比",
    en="of the calls that the provider answered in the window, the share within the time limit",
    by=_BY,
    parameters=(
        Parameter("limit_ms", "latency_limit_ms", "耗时上限（毫秒）", "longest time, milliseconds"),
    ),
    dimensions=("by_mean", "not_the_providers", "no_duration"),
    percentile=Percentile("p95_us", "took_us", "timed"),
    maturation_us=_grace,
)
INTERFACE_AVAILABILITY: Final = Measure(
    name="interface_availability",
    text_file="interface_availability.sql",
    tables=("api_call", "api_call_agg"),
    entity="interface",
    clauses=("S0-2.2.2a", "S0-2.2.2b"),
    zh="统计期内有调用的接口分钟中，至少一次调用成功的占比",
    en="of the interface minutes with a call in the window, the share in which one came through",
    by=_BY,
    dimensions=("shops_affected",),
    largest=("longest_outage_us",),
    parts="day_us",
    maturation_us=_grace,
)
CATALOGUE_SYNC: Final = Measure(
    name="catalogue_sync",
    text_file="catalogue_sync.sql",
    tables=("catalogue_change", "catalogue_publish"),
    entity="source_item_id",
    clauses=("S0-2.2.1f", "S0-2.2.1g"),
    zh="统计期内货品的变动中，按时告知平台的占比",
    en="of the changes of goods in the window, the share that the platform was told of in time",
    by=_BY,
    parameters=(Parameter("within", "sync_minutes", "告知时限的分钟数", "minutes allowed"),),
    constants={"listings_only": 0, "unit_us": _US_PER_MINUTE},
    dimensions=("still_stale", "told_by_hand"),
    largest=("oldest_stale_us",),
    parts="field",
    percentile=Percentile("p95_us", "took_us", "told"),
    maturation_us=_minutes_and_grace,
)
CATALOGUE_REPORT24H: Final = Measure(
    name="catalogue_report24h",
    text_file="catalogue_sync.sql",
    tables=("catalogue_change", "catalogue_publish"),
    entity="source_item_id",
    clauses=("S0-2.2.1g",),
    zh="统计期内新上架的货品中，在规定小时内经系统上报的占比",
    en="of the goods newly listed in the window, the share reported by a system in time",
    by=_BY,
    parameters=(Parameter("within", "report_hours", "上报时限的小时数", "hours allowed"),),
    constants={"listings_only": 1, "unit_us": US_PER_HOUR},
    dimensions=("still_stale",),
    largest=("oldest_stale_us",),
    percentile=Percentile("p95_us", "took_us", "told"),
    maturation_us=_hours_and_grace,
)
COMPLAINTS: Final = Measure(
    name="complaints",
    text_file="complaints.sql",
    tables=("case_event",),
    entity="case_id",
    clauses=("S0-2.2.3b",),
    zh="期限落在统计期内的投诉中，未按时答复或办结的占比",
    en="of the complaints that fell due in the window, the share not answered or handled in time",
    by=_BY,
    parameters=(
        Parameter("answer_days", "feedback_days_max", "答复期限的天数", "days in which to answer"),
        Parameter("handle_days", "complaint_days_max", "办结期限的天数", "days in which to handle"),
    ),
    dimensions=("interventions", "still_open"),
    largest=("longest_unanswered_us", "longest_unhandled_us"),
    maturation_us=_grace,
)
DUTIES: Final = (
    REPLY3MIN,
    INTERFACE_SUCCESS,
    INTERFACE_LATENCY,
    INTERFACE_AVAILABILITY,
    CATALOGUE_SYNC,
    CATALOGUE_REPORT24H,
    COMPLAINTS,
)

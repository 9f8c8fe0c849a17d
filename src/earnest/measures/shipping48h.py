"""Share of paid orders whose parcel the carrier picked up in time (48小时发货率)."""

from collections.abc import Mapping
from typing import Final

from earnest.kernel.calendar import US_PER_DAY, US_PER_HOUR
from earnest.measures.definition import Measure, Parameter

TRACE_GRACE_US: Final = US_PER_DAY
"""How long carriers' scans may trail behind before a figure is called final."""


def _maturation_us(parameters: Mapping[str, int]) -> int:
    return parameters["hours"] * US_PER_HOUR + TRACE_GRACE_US


SHIPPING48H: Final = Measure(
    name="shipping48h",
    text_file="shipping48h.sql",
    tables=("order_facts",),
    entity="order_id",
    clauses=("S0-2.1-ship48-def", "S0-2.1-ship48"),
    zh="统计期内已支付订单中，在规定小时内首次揽收的订单占比",
    en="of the orders paid in the window, the share first picked up by the carrier in time",
    parameters=(
        Parameter("hours", "ship48_hours", "支付到揽收的小时数", "hours from payment to pick-up"),
    ),
    # Beside the literal rate stand the parts of an adjusted one: an order that was not picked up
    # in time leaves its denominator when it was closed before its deadline, is a presale, or was
    # held by the platform, each counted under the first of these; its numerator is the same.
    dimensions=(
        "adjusted_denominator",
        "excluded_closed",
        "excluded_presale",
        "excluded_held",
        "marked",
        "excluded_unmarked",
        "picked_before_paid",
        "without_trace",
    ),
    maturation_us=_maturation_us,
)

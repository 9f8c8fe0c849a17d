"""Share of signed orders whose first refund application names quality (品质退款率)."""

from typing import Final

from earnest.kernel.calendar import US_PER_DAY
from earnest.measures.definition import Measure, Parameter

QUALITY_REFUND30D: Final = Measure(
    name="quality_refund30d",
    text_file="quality_refund30d.sql",
    tables=("order_facts",),
    entity="order_id",
    clauses=("S0-2.2.1c", "S0-2.2.1d", "S0-2.2.1e"),
    zh="统计期内签收的订单中，首次申请退款的原因为品质的订单占比",
    en="of the orders signed for in the window, the share whose first refund names quality",
    parameters=(
        Parameter(
            "maturation_days",
            "settling_days",
            "统计期结束后等待退款申请的天数",
            "days after the window's end in which applications still come in",
            default=0,
        ),
        Parameter(
            "sold_days",
            "sold_within_days",
            "动销窗口的天数；0 表示不看",
            "days in which goods must have been sold; 0 asks nothing",
            default=0,
        ),
    ),
    maturation_us=lambda parameters: parameters["maturation_days"] * US_PER_DAY,
    # A first reason is certain where it was told as it was given, probable where it was read later
    # and never seen to change, else uncertain; `maybe_quality` are the uncertain ones that are not
    # counted as quality. An order paid before the sales window does not show by itself that its
    # goods had sales in it (S0-2.2.1c).
    dimensions=(
        "applications",
        "reason_unknown",
        "reason_certain",
        "reason_probable",
        "reason_uncertain",
        "maybe_quality",
        "sale_not_shown",
    ),
)

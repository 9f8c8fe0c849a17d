"""Share of signed orders whose first refund application names quality (品质退款率)."""

from typing import Final

from earnest.kernel.calendar import US_PER_DAY
from earnest.measures.definition import Measure, Parameter

QUALITY_REFUND30D: Final = Measure(
    name="quality_refund30d",
    text_file="quality_refund30d.sql",
    tables=("order_facts",),
    entity="order_id",
    clauses=("S0-2.2.1d", "S0-2.2.1e"),
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
    ),
    maturation_us=lambda parameters: parameters["maturation_days"] * US_PER_DAY,
    dimensions=("applications", "reason_unknown"),
)

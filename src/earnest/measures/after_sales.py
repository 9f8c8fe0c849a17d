"""The four after-sales clocks: share of requests handled before their deadline."""

from typing import Final

from earnest.measures.definition import Measure, Parameter


def _clock(number: int, stage: str, zh: str, en: str) -> Measure:
    return Measure(
        name=f"after_sales_{stage}",
        text_file="after_sales.sql",
        tables=("aftersale_facts",),
        entity="aftersale_id",
        clauses=(f"S0-2.1-as{number}",),
        zh=zh,
        en=en,
        parameters=(Parameter("hours", f"as_{stage}_hours", "处理时限的小时数", "hours allowed"),),
        constants={"clock": number},
        dimensions=("withdrawn",),
    )


AFTER_SALES: Final = (
    _clock(
        1,
        "refund_unshipped",
        "未发货仅退款：时限落在统计期内的申请中，按时处理的占比",
        "refund only, not shipped: of the requests due in the window, the share handled in time",
    ),
    _clock(
        2,
        "refund_shipped",
        "已发货仅退款：时限落在统计期内的申请中，按时处理的占比",
        "refund only, shipped: of the requests due in the window, the share handled in time",
    ),
    _clock(
        3,
        "return_stage1",
        "退货退款一阶段：时限落在统计期内的申请中，按时处理的占比",
        "return and refund, first stage: of the requests due in the window, the share in time",
    ),
    _clock(
        4,
        "return_stage2",
        "退货退款二阶段：退件签收后的时限落在统计期内的申请中，按时办结的占比",
        "return and refund, after the sign-for: of those due in the window, the share in time",
    ),
)

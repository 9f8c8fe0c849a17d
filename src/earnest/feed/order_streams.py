"""The streams that belong to an order; they are stored under the day of its payment."""

from typing import Final

from earnest.feed.schema import (
    Column,
    Kind,
    Stream,
    bools,
    enum,
    fens,
    instants,
    ints,
    key,
    key_maybe,
    needed,
    texts,
)

ORDER_BOUND: Final = (
    Stream(
        "order_event",
        (
            *key(texts("order_id")),
            *enum("order_kind", "main gift"),
            *key(
                enum("state", "created paid part_shipped shipped signed completed closed amended")
            ),
            *key_maybe(texts("source_version")),
            *instants("paid_at", "promise_ship_by", "delay_approved_until"),
            *bools("presale"),
            Column("hold_codes", Kind.INT_LIST),
            *fens("amount_payable_fen", "amount_paid_fen", "freight_fen", "platform_subsidy_fen"),
            *texts("supply_ref"),
        ),
        subject=("order", "order_id"),
        zh="订单的状态变化；支付时间决定按哪一天存放",
        en="changes of an order's state; the payment time fixes its storage day",
        time_from="paid_at",
        time_when=("state", "paid"),
        by_order=True,
    ),
    Stream(
        "order_line",
        (
            *key(texts("order_id")),
            *key(texts("line_no")),
            *key_maybe(texts("version")),
            *texts("item_id", "source_item_id", "sku_id", "category_id", "category_path"),
            *ints("qty"),
            *fens("unit_price_fen", "line_paid_fen"),
            *needed(texts("provider_id")),
            *ints("shipped_qty"),
        ),
        subject=("order", "order_id"),
        zh="订单行快照：商品、类目、数量、实付、供货服务商",
        en="snapshot of an order's line: item, category, quantity, paid, provider",
        by_order=True,
    ),
    Stream(
        "parcel",
        (
            *key(texts("carrier")),
            *key(texts("waybill_no")),
            *key(enum("direction", "outbound return exchange")),
            *key(texts("order_id")),
            *texts("line_no"),
            *ints("qty"),
            *instants("declared_at"),
            *bools("e_waybill"),
            *texts("replaced_by"),
        ),
        subject=("parcel", "carrier", "waybill_no"),
        zh="运单与订单的对应，以及卖家点发货的时间",
        en="a waybill and the order it carries, with the seller's declared shipping time",
        time_from="declared_at",
        by_order=True,
    ),
    Stream(
        "parcel_trace",
        (
            *key(texts("carrier")),
            *key(texts("waybill_no")),
            *key(
                enum(
                    "node",
                    "label_created picked_up in_transit out_for_delivery at_pickup_point signed"
                    " refused returning returned_signed exception voided",
                )
            ),
            *key(instants("node_at")),
            *texts("site", "trace_source"),
        ),
        subject=("parcel", "carrier", "waybill_no"),
        zh="物流轨迹节点（揽收、签收等）",
        en="a node of a parcel's trace (pick-up, sign-for and so on)",
        time_from="node_at",
        by_order=True,
    ),
    Stream(
        "aftersale_event",
        (
            *key(texts("aftersale_id")),
            *needed(texts("order_id")),
            *texts("line_no"),
            *key(
                enum(
                    "action",
                    "applied modified agreed refused return_shipped return_signed inspected"
                    " refunded closed arbitration_opened arbitration_evidence"
                    " arbitration_decided deadline_changed",
                )
            ),
            *key_maybe(texts("version")),
            *enum(
                "aftersale_type", "refund_only return_refund exchange resend repair compensation"
            ),
            *enum("actor", "buyer merchant provider platform system bot"),
            *texts("reason_code_raw", "reason_text_raw"),
            Column(
                "reason_class",
                Kind.ENUM,
                values=(
                    "quality",
                    "description",
                    "logistics",
                    "no_reason",
                    "price",
                    "other",
                    "unknown",
                ),
            ),
            *fens("amount_fen"),
            *instants("applied_at"),
            *bools("shipped_at_apply"),
            *instants("platform_deadline_at"),
            *texts("return_parcel"),
        ),
        subject=("aftersale", "aftersale_id"),
        zh="售后单的每一步：申请、处理、退货、退款、仲裁",
        en="each step of an after-sales request: applied, handled, returned, refunded, arbitrated",
        time_from="applied_at",
        time_when=("action", "applied"),
        by_order=True,
    ),
)

"""Gross amount paid, per shop and category (上月销售额)."""

from typing import Final

from earnest.measures.definition import Measure

SALES_MONTH: Final = Measure(
    name="sales_month",
    text_file="sales_month.sql",
    tables=("sales_fact", "order_facts"),
    entity="source_id",
    clauses=("S3-3.1a", "S3-3.1b", "S3-3.1c"),
    zh="统计期内的支付金额（分），按店铺，并按类目分列",
    en="amount paid in the window, in fen, by shop and split by category",
    unit="fen",
    by=("shop", "category", "all"),
    split="category_id",
)

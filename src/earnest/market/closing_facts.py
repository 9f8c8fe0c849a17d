"""What the feed tells of a party that wants to leave: orders and disputes (S3-6.2b, S0-3.3)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of

# An order is complete when its state says so; one that was never paid is no order to wait for.
ORDERS = """
WITH own AS (
  SELECT order_id FROM read_parquet($files)
  WHERE shop_id = $subject AND occurred_us <= $until_us GROUP BY order_id
),
told AS (
  SELECT
    e.order_id,
    BOOL_OR(e.state = 'paid' OR e.paid_us IS NOT NULL) AS paid,
    MAX(e.occurred_us) FILTER (e.state IN ('completed', 'closed')) AS done_us
  FROM read_parquet($files) e JOIN own USING (order_id)
  WHERE e.occurred_us <= $until_us
  GROUP BY e.order_id
)
SELECT
  COUNT(*) AS orders, COUNT(*) FILTER (done_us IS NULL) AS open, MAX(done_us) AS last_us
FROM told WHERE paid
"""
DISPUTES = """
WITH against AS (
  SELECT case_id FROM read_parquet($files)
  WHERE opened_against IN ($subject, 'shop:' || $subject) AND occurred_us <= $until_us
  GROUP BY case_id
),
last_step AS (
  SELECT e.case_id, ARG_MAX(e.action, ROW(e.occurred_us, e.seq)) AS action
  FROM read_parquet($files) e JOIN against USING (case_id)
  WHERE e.occurred_us <= $until_us
  GROUP BY e.case_id
)
SELECT COUNT(*) FILTER (action NOT IN ('closed', 'decided')) FROM last_step
"""


PROVIDER_DISPUTES = """
WITH against AS (
  SELECT case_id FROM read_parquet($files)
  WHERE opened_against IN ($subject, 'provider:' || $subject) AND occurred_us <= $until_us
  GROUP BY case_id
)
SELECT
  MIN(e.occurred_us) AS opened_us,
  MAX(e.occurred_us) AS last_us,
  ARG_MAX(e.action, ROW(e.occurred_us, e.seq)) AS action,
  COALESCE(BOOL_OR(e.liable_party IN ($subject, 'provider', 'provider:' || $subject)), FALSE)
    AS upheld
FROM read_parquet($files) e JOIN against USING (case_id)
WHERE e.occurred_us <= $until_us
GROUP BY e.case_id
ORDER BY opened_us, e.case_id
"""
ENDED = ("closed", "decided")


@dataclass(frozen=True)
class Dispute:
    """A dispute with a provider: when it was opened, until when it was open, whether upheld."""

    opened_on: date
    last_open_on: date
    upheld: bool


@dataclass(frozen=True)
class ClosingFacts:
    """What the feed tells; None where it does not.

    Attributes:
        orders_open: paid orders that are neither completed nor closed; None also where the feed
            tells of payments and never of a completion.
        last_completed_on: the day on which the last one was; None also where there was none.
        had_orders: whether there was any paid order.
        disputes_open: complaints, disputes and other cases against the shop that are not closed.
    """

    orders_open: int | None
    last_completed_on: date | None
    had_orders: bool
    disputes_open: int | None


def closing_facts(tenant_id: str, shop_id: str, until: datetime) -> ClosingFacts:
    """Return what the feed tells of one shop up to an instant."""
    orders = _asked(ORDERS, event_files(tenant_id, "order_event"), shop_id, until)
    disputes = _asked(DISPUTES, event_files(tenant_id, "case_event"), shop_id, until)
    last_us = orders[2] if orders else None
    told = orders is not None and (last_us is not None or not orders[0])
    return ClosingFacts(
        orders_open=int(orders[1]) if orders and told else None,
        last_completed_on=day_of(instant_of(last_us)) if last_us is not None else None,
        had_orders=bool(orders and orders[0]),
        disputes_open=int(disputes[0]) if disputes else None,
    )


def provider_disputes(tenant_id: str, provider_id: str, until: datetime) -> list[Dispute] | None:
    """Return the disputes with a provider up to an instant; None where the feed has none at all.

    One that is still open was open last on the day of that instant (S0-3.3).
    """
    files = event_files(tenant_id, "case_event")
    if not files:
        return None
    rows = _rows(PROVIDER_DISPUTES, files, provider_id, until)
    return [
        Dispute(
            day_of(instant_of(opened_us)),
            day_of(instant_of(last_us) if action in ENDED else until),
            bool(upheld),
        )
        for opened_us, last_us, action, upheld in rows
    ]


def _rows(query: str, files: list[str], subject_id: str, until: datetime) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        asked = {"files": files, "subject": subject_id, "until_us": micros_of(until)}
        return connection.execute(query, asked).fetchall()


def _asked(query: str, files: list[str], shop_id: str, until: datetime) -> tuple[Any, ...] | None:
    return _rows(query, files, shop_id, until)[0] if files else None

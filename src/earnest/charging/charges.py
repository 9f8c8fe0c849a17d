"""What merchants were really charged, read from the feed's ``charge_event`` stream."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from earnest.feed.queries import event_files
from earnest.kernel.calendar import day_of, instant_of, micros_of, window_us
from earnest.measures.engine import opened, rows

_SQL: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Charge:
    """One charge for a service.

    Attributes:
        version: of the plan, where the source names one.
        price_fen: the unit price charged; what was paid where the source gives no unit price.
        channel: service_market, 1688_side or offline_reported; empty where not told.
        filed_plan_ref: number of the plan that the source says it rests on.
    """

    event_id: str
    service_order_id: str
    provider_id: str
    plan_code: str
    version: str
    price_fen: int
    paid_fen: int
    channel: str
    filed_plan_ref: str
    charged_on: date


def charges_between(tenant_id: str, first: date, last: date, as_of: datetime) -> list[Charge]:
    """Return the charges of two days and the days between, as known by an instant.

    All days of the feed up to the last one are read, for what corrects or repeats a charge may lie
    on another day than the charge.
    """
    files = [Path(each) for each in event_files(tenant_id, "charge_event")]
    first_us, end_us = window_us(first, last)
    bound = {"first_us": first_us, "end_us": end_us, "as_of_us": micros_of(as_of)}
    with opened({"charge_event": files}) as engine:
        found = rows(engine, _SQL, bound)
    return [Charge(charged_on=day_of(instant_of(row.pop("occurred_us"))), **row) for row in found]

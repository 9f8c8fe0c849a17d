"""The table of jobs: a name, when it is due, and what it does.

A job is given the tenant and the marketplace's now, and tells what it did. It may be run again for
the same slot after it died in the middle, so it must do the same thing twice without harm. To add
one, write its function and one line of the table.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earnest.cases.daily import deposits_look
from earnest.ledger.commands import batches_seal, holds_expire
from earnest.payins.orders import pay_orders_expire
from earnest.work.commands import quick_verify
from earnest.work.schedule import DailyAt, Every, Schedule

Summary = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """Something that the worker does in every slot."""

    name: str
    schedule: Schedule
    work: Callable[[str, datetime], Summary]


def _day(tenant_id: str, now: datetime) -> Summary:
    return dict(deposits_look(tenant_id, now).counts())


def _pay_orders_expire(tenant_id: str, now: datetime) -> Summary:
    return {"expired": pay_orders_expire(tenant_id, now)}


def _holds_expire(tenant_id: str, now: datetime) -> Summary:
    return dict(Counter(each.status for each in holds_expire(tenant_id, now)))


def _seal(tenant_id: str, now: datetime) -> Summary:
    return {"sealed": batches_seal(tenant_id, now)}


def _quick_verify(tenant_id: str, now: datetime) -> Summary:
    broken = [each.name for each in quick_verify(tenant_id, now) if not each.ok]
    return {"broken": broken}


JOBS = (
    Job("day", DailyAt(2), _day),
    Job("holds_expire", Every(60), _holds_expire),
    Job("pay_orders_expire", Every(60), _pay_orders_expire),
    Job("seal", Every(15), _seal),
    Job("quick_verify", Every(15), _quick_verify),
)
"""In the order in which they run when several are due: the quick look comes last."""

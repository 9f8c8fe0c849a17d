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

from earnest.admission.due import admission_look
from earnest.appeals.looking import appeals_look
from earnest.assessment.alerts import alerts_send
from earnest.cases.daily import deposits_look
from earnest.catalogue.daily import goods_look
from earnest.charging.daily import charging_look
from earnest.departure.daily import departures_look
from earnest.ledger.commands import batches_seal, holds_expire
from earnest.payins.orders import pay_orders_expire
from earnest.surveys.due import surveys_due
from earnest.violations.due import violations_look
from earnest.work.commands import quick_verify
from earnest.work.deadlines import reminders_send
from earnest.work.operator_digest import operators_digest
from earnest.work.outgoing import outgoing_sweep
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


def _charging_look(tenant_id: str, now: datetime) -> Summary:
    return dict(charging_look(tenant_id, now).counts())


def _duty_alerts(tenant_id: str, now: datetime) -> Summary:
    return {"warned": len(alerts_send(tenant_id, now))}


def _departures(tenant_id: str, now: datetime) -> Summary:
    return dict(departures_look(tenant_id, now).counts())


def _admission(tenant_id: str, now: datetime) -> Summary:
    return dict(vars(admission_look(tenant_id, now)))


def _goods_look(tenant_id: str, now: datetime) -> Summary:
    return dict(goods_look(tenant_id, now).counts())


def _pay_orders_expire(tenant_id: str, now: datetime) -> Summary:
    return {"expired": pay_orders_expire(tenant_id, now)}


def _holds_expire(tenant_id: str, now: datetime) -> Summary:
    return dict(Counter(each.status for each in holds_expire(tenant_id, now)))


def _violations(tenant_id: str, now: datetime) -> Summary:
    return dict(violations_look(tenant_id, now).counts())


def _appeals(tenant_id: str, now: datetime) -> Summary:
    look = appeals_look(tenant_id, now)
    return {"lapsed": look.lapsed, "late": list(look.late)}


def _seal(tenant_id: str, now: datetime) -> Summary:
    return {"sealed": batches_seal(tenant_id, now)}


def _surveys(tenant_id: str, now: datetime) -> Summary:
    return dict(surveys_due(tenant_id, now))


def _quick_verify(tenant_id: str, now: datetime) -> Summary:
    broken = [each.name for each in quick_verify(tenant_id, now) if not each.ok]
    return {"broken": broken}


def _reminders(tenant_id: str, now: datetime) -> Summary:
    return {"reminded": reminders_send(tenant_id, now)}


def _operator_digest(tenant_id: str, now: datetime) -> Summary:
    return {"mailed": operators_digest(tenant_id, now)}


JOBS = (
    Job("day", DailyAt(2), _day),
    Job("admission", Every(60), _admission),
    Job("charging_look", DailyAt(3), _charging_look),
    Job("goods_look", DailyAt(3), _goods_look),
    Job("departures", Every(60), _departures),
    Job("appeals", Every(60), _appeals),
    Job("duty_alerts", DailyAt(4), _duty_alerts),
    Job("holds_expire", Every(60), _holds_expire),
    Job("pay_orders_expire", Every(60), _pay_orders_expire),
    Job("surveys", Every(30), _surveys),
    Job("violations", Every(15), _violations),
    Job("seal", Every(15), _seal),
    Job("reminders", DailyAt(9), _reminders),
    Job("outgoing_sweep", DailyAt(8), outgoing_sweep),
    Job("operator_digest", DailyAt(8), _operator_digest),
    Job("quick_verify", Every(15), _quick_verify),
)
"""In the order in which they run when several are due: the quick look comes last."""

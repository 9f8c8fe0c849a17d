"""工作台: what waits, where the market stands, and how it went month by month."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from earnest.appeals.people import appeals_stuck
from earnest.console.access import VisitorRequest, needs
from earnest.console.charts import Chart, Series, ppm
from earnest.console.clock import present
from earnest.console.texts import text, word
from earnest.decisions.queries import (
    findings_count,
    latest_month,
    line_of,
    money_taken_fen,
    outcomes_by_month,
    rates_by_month,
    waiting_counts,
)
from earnest.deposits.queries import deposit_months, deposit_totals, shortages_open
from earnest.kernel.calendar import Month, day_of, months_between
from earnest.kernel.money import yuan
from earnest.market.queries import party_counts
from earnest.market.roles import SEE_ALL
from earnest.restrictions.queries import restrictions_active

TREND_MONTHS = 14
LADDER = "nps_ladder"
OUTCOME_TONES = {
    "hide": "amber",
    "delist": "orange",
    "remove": "red",
    "notify": "blue",
    "set": "grey",
    "raise": "cyan",
    "lower": "green",
    "transfer_from_proceeds": "purple",
    "limit_sales": "pink",
    "limit_withdrawal": "cyan",
    "end_service": "grey",
}
EVERYDAY = frozenset({"set", "raise", "lower"})  # deposits reckoned anew: no sanction


@dataclass(frozen=True)
class Todo:
    """A card of what waits: a number that leads to its list."""

    text: str
    count: int
    address: str
    urgent: bool = False
    note: str = ""


@dataclass(frozen=True)
class KeyFigure:
    """A number of the market as a whole."""

    text: str
    value: str
    unit: str = ""
    owed: bool = False


def _todo(tenant_id: str, today: date, now: Any, month: str) -> list[Todo]:
    waiting = waiting_counts(tenant_id)
    shortages = shortages_open(tenant_id)
    short = {(one.subject_kind, one.subject_id) for one in shortages}
    overdue = sum(one.due_on < today for one in shortages)
    active = restrictions_active(tenant_id, short, now)
    due = sum(bool(one.conditions) and all(met for _, met in one.conditions) for one in active)
    oldest = (
        text("workbench.oldest", n=(today - day_of(waiting.oldest_at)).days)
        if waiting.oldest_at
        else ""
    )
    breached = findings_count(tenant_id, month=month, status="breached") if month else 0
    queue, short_list = reverse("queue"), reverse("shortages")
    of_month = urlencode({"month": month, "outcome": "breached"})
    return [
        Todo("workbench.waiting", waiting.count, queue, urgent=True, note=oldest),
        Todo("workbench.second", waiting.second_person, f"{queue}?second=1", urgent=True),
        Todo("workbench.shortages", len(shortages), short_list),
        Todo("workbench.overdue", overdue, f"{short_list}?overdue=1", urgent=True),
        Todo("workbench.breached", breached, f"{reverse('findings')}?{of_month}", note=month),
        Todo("workbench.restricted", len(active), reverse("restrictions")),
        Todo("workbench.due", due, f"{reverse('restrictions')}?due=1"),
    ]


def _figures(tenant_id: str, today: date, month: str) -> list[KeyFigure]:
    parties, totals = party_counts(tenant_id), deposit_totals(tenant_id, today)
    penalties = money_taken_fen(tenant_id, LADDER, month) if month else 0
    return [
        KeyFigure("workbench.providers", f"{parties.providers:,}"),
        KeyFigure("workbench.shops", f"{parties.shops:,}"),
        KeyFigure("workbench.held", yuan(totals.posted_fen), "unit.yuan"),
        KeyFigure("workbench.required", yuan(totals.required_fen), "unit.yuan"),
        KeyFigure(
            "workbench.short", yuan(totals.short_fen), "unit.yuan", owed=totals.short_fen > 0
        ),
        KeyFigure("workbench.penalties", yuan(penalties), "unit.yuan"),
        KeyFigure("workbench.penalties_all", yuan(money_taken_fen(tenant_id, LADDER)), "unit.yuan"),
    ]


def _outcomes_chart(tenant_id: str, months: list[str], span: tuple[Month, Month]) -> Chart:
    counts: dict[str, dict[str, int]] = {}
    for row in outcomes_by_month(tenant_id, *span):
        counts.setdefault(row.outcome, {})[row.month] = row.count
    shown = [outcome for outcome in OUTCOME_TONES if outcome in counts and outcome not in EVERYDAY]
    shown += sorted(set(counts) - set(OUTCOME_TONES))
    return Chart(
        title=text("chart.outcomes"),
        unit="count",
        labels=months,
        series=[
            Series(
                word("outcome", outcome),
                [counts[outcome].get(month, 0) for month in months],
                tone=OUTCOME_TONES.get(outcome, "blue"),
                stack="outcomes",
            )
            for outcome in shown
        ],
    )


def _shipping_chart(
    tenant_id: str, months: list[str], span: tuple[Month, Month], target: int | None
) -> Chart:
    rates = {one.month: one for one in rates_by_month(tenant_id, "shipping48h", *span)}
    return Chart(
        title=text("chart.shipping"),
        unit="ppm",
        labels=months,
        series=[
            Series(
                word("measure", "shipping48h"),
                [
                    ppm(rates[month].numerator, rates[month].denominator)
                    if month in rates
                    else None
                    for month in months
                ],
                shape="line",
            )
        ],
        target=target,
        target_name=text("measure.line"),
    )


def _deposit_chart(tenant_id: str, months: list[str], span: tuple[Month, Month]) -> Chart:
    totals = {one.month: one for one in deposit_months(tenant_id, list(months_between(*span)))}
    return Chart(
        title=text("chart.deposits"),
        unit="yuan",
        labels=months,
        series=[
            Series(
                text("workbench.held"),
                [totals[month].posted_fen or None for month in months],
                tone="blue",
            ),
            Series(
                text("workbench.required"),
                [totals[month].required_fen or None for month in months],
                shape="step",
                tone="red",
            ),
        ],
    )


@require_GET
@needs(SEE_ALL)
def workbench(request: VisitorRequest) -> HttpResponse:
    """Show the operator's first page."""
    tenant_id = request.visitor.tenant_id
    now = present(tenant_id)
    today, month = day_of(now), latest_month(tenant_id)
    last = Month.of(today)
    span = (last.plus(1 - TREND_MONTHS), last)
    months = [str(each) for each in months_between(*span)]
    drawings = [
        ("chart-outcomes", _outcomes_chart(tenant_id, months, span)),
        (
            "chart-shipping",
            _shipping_chart(tenant_id, months, span, line_of(tenant_id, "shipping48h")),
        ),
        ("chart-deposits", _deposit_chart(tenant_id, months, span)),
    ]
    return render(
        request,
        "console/workbench.html",
        {
            "todo": _todo(tenant_id, today, now, month),
            "stuck": appeals_stuck(tenant_id),
            "figures": _figures(tenant_id, today, month),
            "drawings": drawings,
        },
    )

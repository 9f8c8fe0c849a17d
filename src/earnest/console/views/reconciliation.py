"""The daily reconciliation: days by rail, one day's report, and differences that people close."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.forms import day_typed, typed
from earnest.console.lists import choice
from earnest.console.problems import sentence, sentence_of
from earnest.console.texts import language, text, word
from earnest.console.views.receipts import uploaded
from earnest.deposits.accounts import RAILS
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.market.roles import DECIDE, SEE_ALL
from earnest.reconciliation.commands import (
    item_assign,
    item_explain,
    reconcile,
    statement_import,
)
from earnest.reconciliation.models import Statement
from earnest.reconciliation.queries import days_listed, item_get, item_steps, items_open
from earnest.reconciliation.report import Report, ReportLine, report_of

OPEN_SHOWN = 20
COLUMNS = (
    "our_no", "institution_no", "outcome", "state", "institution_fen", "books_fen",
    "difference_fen", "first_on", "age_days", "action", "owner", "reason",
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL)
def reconciliation_list(request: VisitorRequest) -> HttpResponse:
    """List the days that were compared and the oldest differences; take a statement in."""
    tenant_id = request.visitor.tenant_id
    problem, status = "", 200
    if request.method == "POST":
        if not request.visitor.may(DECIDE):
            raise PermissionDenied
        try:
            rail, day = _statement_taken(request)
            return HttpResponseRedirect(reverse("reconciliation", args=[rail, day]))
        except EarnestError as error:
            problem, status = sentence_of(error), error.http_status
    rail = choice(request, "rail", RAILS)
    waiting = items_open(tenant_id, rail)
    shown = {
        "days": days_listed(tenant_id, rail),
        "rail": rail,
        "rails": RAILS,
        "open": waiting[:OPEN_SHOWN],
        "open_count": waiting.count(),
        "problem": problem,
        "may_decide": request.visitor.may(DECIDE),
    }
    return render(request, "console/reconciliations.html", shown, status=status)


def _statement_taken(request: VisitorRequest) -> tuple[str, date]:
    """Take the file in and compare its day at once."""
    tenant_id, now = request.visitor.tenant_id, present(request.visitor.tenant_id)
    rail, day = request.POST.get("rail", ""), day_typed(request.POST.get("day", ""))
    if day is None:
        raise BadInput(
            "day_missing", where="day", zh="请选择账单日期。", en="say which day the file is of"
        )
    taken = statement_import(tenant_id, rail, day, uploaded(request), request.visitor.name, now)
    reconcile(tenant_id, rail, day, now)
    messages.success(
        request,
        text("reconciliation.taken", new=taken.lines_new, known=taken.lines_repeated),
    )
    return rail, day


def _report(request: VisitorRequest, rail: str, day: str) -> Report:
    """Return a day's report.

    Raises:
        NotFound: no such day, or its statement was not imported.
    """
    on, tenant_id = day_typed(day), request.visitor.tenant_id
    known = Statement.objects.filter(tenant_id=tenant_id, rail=rail)
    if on is None or not known.filter(day=on).exists():
        raise NotFound(
            "unknown_reconciliation",
            where=f"{rail} {day}",
            zh="这一天还没有导入对账单。",
            en="no statement of this day was imported",
        )
    return report_of(tenant_id, rail, on, present(tenant_id))


@require_GET
@needs(SEE_ALL)
def reconciliation(request: VisitorRequest, rail: str, day: str) -> HttpResponse:
    """Show a day: both sides' totals, what is open with what to do, and what agrees."""
    report = _report(request, rail, day)
    settled = [each for each in report.lines if each.state != "open"]
    shown = {
        "report": report,
        "sides": (("institution", report.institution), ("books", report.books)),
        "open": [(each, _said(each)) for each in report.open_lines],
        "settled": settled,
        "bad": [(each.where, sentence(each)) for each in report.bad],
        "may_decide": request.visitor.may(DECIDE),
    }
    return render(request, "console/reconciliation.html", shown)


def _said(line: ReportLine) -> str:
    return line.action_zh if language() == "zh" else line.action_en


@require_GET
@needs(SEE_ALL)
def reconciliation_csv(request: VisitorRequest, rail: str, day: str) -> HttpResponseBase:
    """Hand out a day's report as CSV."""
    report = _report(request, rail, day)
    rows = (_cells(each) for each in report.lines)
    return csv_response(f"reconciliation-{rail}-{day}", COLUMNS, rows)


def _cells(line: ReportLine) -> Sequence[object]:
    return [_said(line) if name == "action" else getattr(line, name) for name in COLUMNS]


@require_POST
@needs(DECIDE)
def reconciliation_again(request: VisitorRequest, rail: str, day: str) -> HttpResponse:
    """Compare a day again: late entries settle what was open."""
    report = _report(request, rail, day)
    reconcile(request.visitor.tenant_id, rail, report.day, present(request.visitor.tenant_id))
    return HttpResponseRedirect(reverse("reconciliation", args=[rail, day]))


@require_GET
@needs(SEE_ALL)
def reconciliation_item(request: VisitorRequest, item_id: UUID) -> HttpResponse:
    """Show one number's story: what was found, who looks after it, what explains it."""
    return _item_page(request, item_id)


def _item_page(
    request: VisitorRequest, item_id: UUID, problem: str = "", status: int = 200
) -> HttpResponse:
    item = item_get(request.visitor.tenant_id, item_id)
    shown = {
        "item": item,
        "difference_fen": item.institution_fen - item.books_fen,
        "steps": item_steps(item),
        "problem": problem,
        "may_decide": request.visitor.may(DECIDE) and item.state == "open",
        "title": item.our_no or item.institution_no or word("reconciled", item.outcome),
    }
    return render(request, "console/reconciliation_item.html", shown, status=status)


@require_POST
@needs(DECIDE)
def reconciliation_item_act(request: VisitorRequest, item_id: UUID) -> HttpResponse:
    """Give a difference an owner, or close it with a reason."""
    tenant_id, by = request.visitor.tenant_id, request.visitor.name
    note, now = typed(request.POST, "note"), present(tenant_id)
    explaining = request.POST.get("said") == "explain"
    try:
        if explaining:
            item_explain(tenant_id, item_id, reason=note, actor=by, now=now)
        else:
            owner = typed(request.POST, "owner") or by
            item_assign(tenant_id, item_id, owner=owner, note=note, actor=by, now=now)
    except NotFound:
        raise
    except EarnestError as error:
        return _item_page(request, item_id, sentence_of(error), error.http_status)
    messages.success(
        request, text("reconciliation.explained" if explaining else "reconciliation.assigned")
    )
    return HttpResponseRedirect(reverse("reconciliation_item", args=[item_id]))

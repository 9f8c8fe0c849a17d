"""What-ifs: choose a draft and months, watch the run, read what would change."""

from datetime import date
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.forms import Field, typed
from earnest.console.lists import field
from earnest.console.problems import Said, all_said
from earnest.console.texts import text
from earnest.console.whatif_jobs import DONE, RUNNING, Job, job_get, job_start
from earnest.console.whatif_page import decision_parts
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import AMEND, SEE_ALL
from earnest.rulebooks.drafts import DraftRow
from earnest.rulebooks.queries import draft_get, drafts, reports

MONTHS_MAX = 36
MONTHS_PROPOSED = 6


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL)
def whatif_list(request: VisitorRequest) -> HttpResponse:
    """Offer to run a what-if, and list the reports that were kept."""
    visitor = request.visitor
    now = present(visitor.tenant_id)
    today = day_of(now)
    draft, first, last = Field("draft"), Field("first"), Field("last")
    problems: list[Said] = []
    if request.method == "POST":
        for each in (draft, first, last):
            each.value = typed(request.POST, each.name)
        try:
            period = _period(first, last)
            if period is not None:
                job = job_start(
                    visitor.tenant_id,
                    draft.value,
                    period,
                    as_if=request.POST.get("reach") != "own",
                    asked_by=visitor.name,
                    now=now,
                )
                return HttpResponseRedirect(reverse("whatif_run", args=[job.id]))
        except EarnestError as error:
            problems = all_said(error)
    else:
        draft.value = field(request, draft.name)
        first.value = str(Month.of(today).plus(-MONTHS_PROPOSED))
        last.value = str(Month.of(today).plus(-1))
    rows = [row for row in drafts(today) if row.state != "withdrawn"]
    shown = {
        "drafts": rows,
        "draft": draft,
        "first": first,
        "last": last,
        "own_day": request.POST.get("reach") == "own",
        "problems": problems,
        "kept": [(row, each) for row in rows for each in reports(row.hash)],
        "may_amend": visitor.may(AMEND),
    }
    wrong = bool(problems or first.problem or last.problem)
    status = 422 if request.method == "POST" and wrong else 200
    return render(request, "console/whatifs.html", shown, status=status)


def _period(first: Field, last: Field) -> tuple[Month, Month] | None:
    """Return the months that were typed, or say at the field what is wrong with them."""
    months: list[Month] = []
    for each in (first, last):
        try:
            months.append(Month.parse(each.value))
        except ValueError:
            each.problem = text("whatif.not_a_month")
    if len(months) < 2:
        return None
    begin, end = months
    if end < begin:
        last.problem = text("whatif.months_reversed")
    elif end >= begin.plus(MONTHS_MAX):
        last.problem = text("whatif.months_many", n=MONTHS_MAX)
    return None if last.problem else (begin, end)


@require_GET
@needs(SEE_ALL)
def whatif_run(request: VisitorRequest, job_id: UUID) -> HttpResponse:
    """Show how far a run is; a finished one leads to its report."""
    job = job_get(request.visitor.tenant_id, job_id)
    part = bool(request.headers.get("HX-Request"))
    if job.state == DONE:
        address = reverse("whatif", args=[job.draft_hash, job.report_id])
        if part:
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)
    shown = {"job": job, "running": job.state == RUNNING, "draft": _draft_of(job, request)}
    template = "console/parts/whatif_run.html" if part else "console/whatif_run.html"
    return render(request, template, shown)


def _draft_of(job: Job, request: VisitorRequest) -> DraftRow:
    return draft_get(job.draft_hash, _today(request))


def _today(request: VisitorRequest) -> date:
    return day_of(present(request.visitor.tenant_id))


@require_GET
@needs(SEE_ALL)
def whatif(request: VisitorRequest, draft: str, report_id: int) -> HttpResponse:
    """Show a kept report: what would change under a draft."""
    row = draft_get(draft, _today(request))
    kept = next((each for each in reports(row.hash) if each.pk == report_id), None)
    if kept is None:
        raise NotFound(
            "unknown_report",
            where=str(report_id),
            zh="没有这份试算报告；请从修订的页面打开。",
            en="there is no such report; open it from the draft's page",
        )
    shown = {
        "draft": row,
        "kept": kept,
        "report": kept.report,
        "parts": decision_parts(kept.report),
    }
    return render(request, "console/whatif.html", shown)

"""Quality review: what a person may look at again, blind, and how often reviewers agree."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.console.violation_forms import check_read, verdict_rows
from earnest.console.violation_page import documents_of_violation, items_shown, turns_shown
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.kernel.money import percent
from earnest.market.roles import REVIEW, SEE_ALL
from earnest.violations.kinds import review_number
from earnest.violations.quality import (
    agreement,
    disagreements,
    quality_check,
    quality_of,
    quality_waiting,
)
from earnest.violations.queries import violation_get


@require_GET
@needs(SEE_ALL)
def violation_quality(request: VisitorRequest) -> HttpResponse:
    """Show what waits for a second look, and how often people agreed."""
    visitor = request.visitor
    tenant_id, now = visitor.tenant_id, present(visitor.tenant_id)
    shown = {
        "waiting": quality_waiting(tenant_id, visitor.name),
        "may_review": visitor.may(REVIEW),
        "share_ppm": review_number("quality_share", day_of(now)),
        "share": percent(review_number("quality_share", day_of(now)), 1_000_000),
        "agreement": [
            (each, percent(each.agreed, each.checked) if each.checked else "–")
            for each in agreement(tenant_id)
        ],
        "disagreements": disagreements(tenant_id),
    }
    return render(request, "console/violation_quality.html", shown)


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def violation_check(request: VisitorRequest, number: str) -> HttpResponse:
    """Judge a violation again without seeing what was found."""
    visitor = request.visitor
    tenant_id, now = visitor.tenant_id, present(visitor.tenant_id)
    row = quality_of(tenant_id, number, visitor.name)
    violation = violation_get(tenant_id, row.violation.number)
    typed, problem = verdict_rows(violation, request.POST), ""
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:500]
        try:
            made = quality_check(tenant_id, number, check_read(typed), visitor.name, reason, now)
        except NotFound:
            raise
        except EarnestError as error:
            problem = sentence_of(error)
        else:
            said = "agreed" if made.agrees else "disagreed"
            messages.success(request, text(f"quality.{said}"))
            return HttpResponseRedirect(reverse("violation_quality"))
    documents = documents_of_violation(violation)
    by_position = {each.position: each for each in typed}
    shown = {
        "violation": violation,
        "items": [
            (each, by_position.get(each.item.position))
            for each in items_shown(violation, documents)
        ],
        "turns": turns_shown(violation, documents, day_of(now)),
        "problem": problem,
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if problem else 200
    return render(request, "console/violation_check.html", shown, status=status)

"""One violation: facts, rule and story side by side, what may be done, and a new report."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.console.access import Visitor, VisitorRequest, needs
from earnest.console.asking import Form
from earnest.console.clock import present
from earnest.console.lists import names_for
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.console.violation_acts import (
    ACTS,
    Acting,
    act_done,
    acts_shown,
    decision_word,
    files_kept,
)
from earnest.console.violation_forms import (
    SOURCES_BY_HAND,
    ItemForm,
    VerdictRow,
    item_form,
    item_read,
    kinds_now,
    proposable_now,
    verdict_rows,
    verdicts_of,
)
from earnest.console.violation_page import (
    ceiling_words,
    clocks,
    corrections_shown,
    decided,
    documents_of_violation,
    items_shown,
    party_state,
    preview,
    protected_shown,
    story,
    turns_shown,
)
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW, SEE_ALL, SEE_OWN
from earnest.violations.additions import item_add
from earnest.violations.corrections import tickets_of
from earnest.violations.finding import finding_propose
from earnest.violations.kinds import review_number
from earnest.violations.models import DISMISSED, FOUND, IN_REVIEW, OPEN_STATES, Violation
from earnest.violations.queries import violation_get, violation_told
from earnest.violations.queue import queued, review_start
from earnest.violations.reports import THINGS, Report, ReportItem, violation_report


def _seen(visitor: Visitor, number: str) -> Violation:
    """Return a violation that this person may see: an operator any, a party what it was told of."""
    if visitor.is_operator:
        return violation_get(visitor.tenant_id, number)
    return violation_told(visitor.tenant_id, visitor.subject, number)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def violation_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one violation."""
    return _page(request, number)


@require_POST
@needs(REVIEW, ACT_FOR_PARTY)
def violation_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Do something with a violation; what is wrong is said at its form."""
    visitor = request.visitor
    violation = _seen(visitor, number)
    if act not in ACTS or not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    acting = _acting(request, violation)
    form = act_done(act, acting, request.POST)
    if form.wrong:
        return _page(request, number, tried=form)
    messages.success(request, text(f"violation.done.{act}"))
    return HttpResponseRedirect(reverse("violation", args=[number]))


def _acting(request: VisitorRequest, violation: Violation) -> Acting:
    visitor = request.visitor
    return Acting(violation, visitor, present(visitor.tenant_id), request.FILES.getlist("files"))


@require_POST
@needs(REVIEW)
def violation_start(request: VisitorRequest) -> HttpResponse:
    """Take the most urgent report that nobody holds."""
    visitor = request.visitor
    violation = review_start(visitor.tenant_id, visitor.name, present(visitor.tenant_id))
    if violation is None:
        messages.info(request, text("violation.nothing_waits"))
        return HttpResponseRedirect(reverse("violations"))
    return HttpResponseRedirect(reverse("violation", args=[violation.number]))


@require_POST
@needs(REVIEW)
def violation_find(request: VisitorRequest, number: str) -> HttpResponse:
    """Judge every item of a violation."""
    visitor = request.visitor
    violation = violation_get(visitor.tenant_id, number)
    rows = verdict_rows(violation, request.POST)
    now = present(visitor.tenant_id)
    try:
        made = finding_propose(visitor.tenant_id, number, verdicts_of(rows), visitor.name, now)
    except NotFound:
        raise
    except EarnestError as error:
        return _page(request, number, problem=sentence_of(error), rows=rows)
    messages.success(request, text(f"violation.judged.{made.state}"))
    return HttpResponseRedirect(reverse("violation", args=[number]))


@require_POST
@needs(DECIDE)
def violation_settle(request: VisitorRequest, number: str) -> HttpResponse:
    """Agree to a proposed sanction or refuse it, as another person than who proposed it."""
    violation = violation_get(request.visitor.tenant_id, number)
    problem = decision_word(_acting(request, violation), request.POST)
    if problem:
        return _page(request, number, problem=problem)
    messages.success(request, text("violation.done.settle"))
    return HttpResponseRedirect(reverse("violation", args=[number]))


@require_POST
@needs(REVIEW)
def violation_add(request: VisitorRequest, number: str) -> HttpResponse:
    """Add an item that the report did not name."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    violation_get(visitor.tenant_id, number)
    form = item_form(request.POST, kinds_now(visitor.tenant_id, now))
    item = item_read(form, with_report=False)
    if item is not None:
        try:
            item_add(visitor.tenant_id, number, item, visitor.name, now)
        except EarnestError as error:
            form.refused(sentence_of(error), error.problem.where)
        else:
            messages.success(request, text("violation.done.add"))
            return HttpResponseRedirect(reverse("violation", args=[number]))
    return _page(request, number, adding=form)


def _page(
    request: VisitorRequest,
    number: str,
    *,
    tried: Form | None = None,
    problem: str = "",
    rows: Sequence[VerdictRow] = (),
    adding: ItemForm | None = None,
) -> HttpResponse:
    visitor = request.visitor
    violation = _seen(visitor, number)
    now = present(visitor.tenant_id)
    documents = documents_of_violation(violation)
    shown_items = items_shown(violation, documents)
    typed = {each.position: each for each in rows}
    acts = acts_shown(_acting(request, violation), tried)
    offered = tried is None or tried.name in acts
    refused = bool(tried or problem or adding)
    shown: dict[str, Any] = {
        "violation": violation,
        "state": violation.state if visitor.is_operator else party_state(violation),
        "party_name": names_for(visitor.tenant_id, [violation]).get(violation.subject, ""),
        "items": [(each, typed.get(each.item.position)) for each in shown_items],
        "turns": turns_shown(violation, documents, day_of(now)),
        "corrections": corrections_shown(violation, documents),
        "protected": protected_shown(violation, visitor, documents),
        "steps": story(violation, visitor),
        "decided": decided(violation, visitor),
        "tickets": tickets_of(violation),
        "clocks": clocks(violation, review_number("review_days", day_of(now))),
        "acts": acts,
        "problem": problem or ("" if offered or tried is None else tried.problem),
        "today": day_of(now),
    }
    if visitor.is_operator:
        shown |= _inside(request, violation, adding)
        shown["ceiling"] = ceiling_words(shown_items, violation, day_of(now))
    else:
        shown["hide_verdicts"] = shown["state"] not in (FOUND, DISMISSED)
    name = "console/violation.html" if visitor.is_operator else "console/violation_own.html"
    return render(request, name, shown, status=422 if refused else 200)


def _inside(
    request: VisitorRequest, violation: Violation, adding: ItemForm | None
) -> dict[str, Any]:
    """Return what only operators see: priority, preview, the finding's form and approvals."""
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    holds = violation.state == IN_REVIEW and violation.claimed_by == visitor.name
    is_open = violation.state in OPEN_STATES
    return {
        "holds": holds and "hold" in acts_shown(_acting(request, violation)),
        "queued": queued(visitor.tenant_id, violation, now) if is_open else None,
        "preview": preview(violation, now) if is_open else None,
        "adding": adding or item_form({}, kinds_now(visitor.tenant_id, now)),
        "things": THINGS,
        "proposable": proposable_now(violation, now),
        "may_decide": visitor.may(DECIDE) and violation.reviewed_by != visitor.name,
    }


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def violation_new(request: VisitorRequest) -> HttpResponse:
    """Report a violation by hand, with its documents."""
    tenant_id = request.visitor.tenant_id
    posted = request.POST if request.method == "POST" else request.GET
    form = item_form(posted, kinds_now(tenant_id, present(tenant_id)))
    if request.method == "POST":
        item = item_read(form, with_report=True)
        made = _report_made(request, item, form) if item is not None else None
        if made is not None:
            messages.success(request, text("violation.reported", number=made.number))
            return HttpResponseRedirect(reverse("violation", args=[made.number]))
    shown = {"form": form, "sources": SOURCES_BY_HAND, "things": THINGS}
    status = 422 if form.wrong else 200
    return render(request, "console/violation_new.html", shown, status=status)


def _report_made(request: VisitorRequest, item: ReportItem, form: ItemForm) -> Violation | None:
    visitor = request.visitor
    subject = ("provider", form.fields["subject"].value)
    try:
        with transaction.atomic():
            return violation_report(
                visitor.tenant_id,
                Report(
                    subject=subject,
                    source=form.fields["source"].value,
                    items=[files_with(request, item, subject)],
                    actor=visitor.name,
                    note=form.fields["note"].value,
                ),
                present(visitor.tenant_id),
            )
    except EarnestError as error:
        at = {"unknown_provider": "subject", "unknown_source": "source"}
        form.refused(sentence_of(error), at.get(error.problem.code, error.problem.where))
        return None


def files_with(request: VisitorRequest, item: ReportItem, subject: tuple[str, str]) -> ReportItem:
    """Return an item with the files of the form kept as documents about the party."""
    now = present(request.visitor.tenant_id)
    ids = files_kept(request.visitor, subject, request.FILES.getlist("files"), now)
    return replace(item, documents=tuple(ids))

"""Admission for operators: who was invited, who applied, the checklist, the decision, opening."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.admission.clocks import Clock, clocks_of
from earnest.admission.deposits import application_open
from earnest.admission.evidence import evidence_accept, evidence_send_back
from earnest.admission.figures import trial_take
from earnest.admission.filing import STATES
from earnest.admission.invitations import service_choices
from earnest.admission.models import Application
from earnest.admission.queries import (
    application_counts,
    application_get,
    applications_found,
)
from earnest.admission.reviewing import (
    VERDICTS,
    application_recommend,
    application_return,
    application_settle,
)
from earnest.console.access import VisitorRequest, needs
from earnest.console.admission_page import application_context
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.forms import typed
from earnest.console.lists import choice, field, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text, word
from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import EarnestError
from earnest.market.roles import DECIDE, REVIEW, SEE_ALL

COLUMNS = (
    "number", "provider_id", "entity_name", "service_category", "state", "ball", "waited", "due_on",
    "applied_at", "applicant",
)  # fmt: skip
Act = Callable[[VisitorRequest, str], object]


@require_GET
@needs(SEE_ALL)
def application_list(request: VisitorRequest) -> HttpResponse:
    """List applications, the newest first, with who has the ball."""
    tenant_id = request.visitor.tenant_id
    narrowed = _narrowed(request)
    page = page_of(request, applications_found(tenant_id, **narrowed))
    clocks = clocks_of(tenant_id, page.object_list, present(tenant_id))
    counts = application_counts(tenant_id)
    shown = {
        "page": page,
        "rows": [(each, clocks.get(each.number)) for each in page.object_list],
        "narrowed": narrowed,
        "counts": [(state, counts.get(state, 0)) for state in STATES],
        "categories": service_choices(),
        "may_invite": request.visitor.may(REVIEW),
    }
    return render(request, "console/applications.html", shown)


@require_GET
@needs(SEE_ALL)
def applications_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the applications that the list shows, all pages of it."""
    tenant_id = request.visitor.tenant_id
    found = list(applications_found(tenant_id, **_narrowed(request))[:ROWS_MAX])
    clocks = clocks_of(tenant_id, found, present(tenant_id))
    heads = [text(f"admission_column.{column}") for column in COLUMNS]
    return csv_response(
        "applications", heads, [_csv_row(each, clocks.get(each.number)) for each in found]
    )


def _narrowed(request: VisitorRequest) -> dict[str, str]:
    return {
        "state": choice(request, "state", STATES),
        "category": choice(request, "category", service_choices()),
        "search": field(request, "q"),
    }


def _csv_row(row: Application, clock: Clock | None) -> list[object]:
    return [
        row.number,
        row.provider_id,
        row.entity_name,
        word("service", row.service_category),
        word("application_state", row.state),
        word("ball", clock.ball) if clock else "",
        clock.waited_days if clock else "",
        clock.due_on if clock else "",
        f"{row.applied_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        row.applicant,
    ]


@require_GET
@needs(SEE_ALL)
def application(request: VisitorRequest, number: str) -> HttpResponse:
    """Show an application: where it stands, the checklist with its papers, and what was decided."""
    visitor = request.visitor
    found = application_get(visitor.tenant_id, number)
    shown = application_context(found, present(visitor.tenant_id), applicant=False)
    own_review = found.reviewer == visitor.name
    shown |= {
        "may_review": visitor.may(REVIEW),
        "may_decide": visitor.may(DECIDE) and not own_review,
        "own_review": own_review and found.state == "approval",
        "may_open": visitor.may(DECIDE),
    }
    return render(request, "console/application.html", shown)


@require_POST
@needs(REVIEW)
def evidence_judge(request: VisitorRequest, number: str, requirement: str) -> HttpResponse:
    """Accept or send back what was brought for one requirement."""
    visitor, reason = request.visitor, typed(request.POST, "reason")
    by = (visitor.tenant_id, number, requirement)
    now = present(visitor.tenant_id)

    def judged(_request: VisitorRequest, _number: str) -> object:
        if request.POST.get("verdict") == "accept":
            return evidence_accept(*by, visitor.name, now, note=reason)
        return evidence_send_back(*by, reason, visitor.name, now)

    return _answered(request, number, judged, anchor=requirement)


@require_POST
@needs(REVIEW, DECIDE)
def application_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Take a step with an application; the role decides which."""
    if act not in ACTS or not request.visitor.may(ACTS[act][0]):
        raise PermissionDenied
    return _answered(request, number, ACTS[act][1])


def _answered(request: VisitorRequest, number: str, act: Act, *, anchor: str = "") -> HttpResponse:
    application_get(request.visitor.tenant_id, number)
    try:
        act(request, number)
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, text("admission.done"))
    address = reverse("application", args=[number])
    return HttpResponseRedirect(f"{address}#{anchor}" if anchor else address)


def _trial(request: VisitorRequest, number: str) -> object:
    visitor = request.visitor
    return trial_take(visitor.tenant_id, number, visitor.name, present(visitor.tenant_id))


def _return(request: VisitorRequest, number: str) -> object:
    visitor, note = request.visitor, typed(request.POST, "reason")
    now = present(visitor.tenant_id)
    return application_return(visitor.tenant_id, number, note, visitor.name, now)


def _recommend(request: VisitorRequest, number: str) -> object:
    visitor = request.visitor
    return application_recommend(
        visitor.tenant_id,
        number,
        admit=request.POST.get("recommendation") == "admit",
        reason=typed(request.POST, "reason"),
        actor=visitor.name,
        now=present(visitor.tenant_id),
    )


def _settle(request: VisitorRequest, number: str) -> object:
    visitor, given = request.visitor, request.POST.get("verdict", "")
    verdict = next((each for each in VERDICTS if each == given), None)
    if verdict is None:
        raise PermissionDenied
    return application_settle(
        visitor.tenant_id,
        number,
        verdict=verdict,
        reason=typed(request.POST, "reason"),
        actor=visitor.name,
        now=present(visitor.tenant_id),
    )


def _open(request: VisitorRequest, number: str) -> object:
    visitor = request.visitor
    return application_open(visitor.tenant_id, number, visitor.name, present(visitor.tenant_id))


ACTS: dict[str, tuple[str, Act]] = {
    "trial": (REVIEW, _trial),
    "return": (REVIEW, _return),
    "recommend": (REVIEW, _recommend),
    "settle": (DECIDE, _settle),
    "open": (DECIDE, _open),
}

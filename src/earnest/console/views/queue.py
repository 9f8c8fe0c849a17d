"""The queue: what waits for people, and the word that a person gives on it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.consequences.commands import decision_settle
from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.lists import FIELD_LENGTH_MAX, choice, names_for, page_of
from earnest.console.reading import samples_awaited
from earnest.console.texts import language, text
from earnest.decisions.models import Decision
from earnest.decisions.queries import decision_get, decisions_waiting
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import DECIDE, SEE_ALL

REASON_LENGTH_MAX = 5 * FIELD_LENGTH_MAX


def _spoken(decision: Decision) -> list[str]:
    """Return who has given a word on a decision."""
    return [approval.actor for approval in decision.approvals.all()]


@require_GET
@needs(SEE_ALL)
def queue(request: VisitorRequest) -> HttpResponse:
    """List the decisions that wait, oldest first."""
    visitor = request.visitor
    second, kind = (
        choice(request, "second", ("1",)),
        choice(request, "kind", ("provider", "shop")),
    )
    waiting = decisions_waiting(visitor.tenant_id)
    if second:
        waiting = waiting.filter(approvals_needed__gte=2)
    if kind:
        waiting = waiting.filter(subject_kind=kind)
    page = page_of(request, waiting)
    shown = {
        "page": page,
        "rows": [
            (each, visitor.name in _spoken(each), samples_awaited(each))
            for each in page.object_list
        ],
        "names": names_for(visitor.tenant_id, page.object_list),
        "second": second,
        "kind": kind,
        "may_decide": visitor.may(DECIDE),
    }
    return render(request, "console/queue.html", shown)


@require_POST
@needs(DECIDE)
def settle(request: VisitorRequest, decision_id: UUID) -> HttpResponse:
    """Give a word on a waiting decision: approve or refuse, with a reason."""
    visitor, refusal, status = request.visitor, "", 200
    try:
        decision_settle(
            visitor.tenant_id,
            decision_id,
            verdict=request.POST.get("verdict", ""),
            actor=visitor.name,
            reason=request.POST.get("reason", "")[:REASON_LENGTH_MAX].replace("\x00", ""),
            now=present(visitor.tenant_id),
        )
    except NotFound:
        raise
    except EarnestError as error:
        refusal = error.problem.zh if language() == "zh" else error.problem.en
        status = error.http_status
    decision = decision_get(visitor.tenant_id, decision_id)
    if request.headers.get("HX-Request"):
        row = {
            "decision": decision,
            "spoken": visitor.name in _spoken(decision),
            "samples": samples_awaited(decision),
            "names": names_for(visitor.tenant_id, [decision]),
            "may_decide": True,
            "refusal": refusal,
        }
        return render(request, "console/parts/queue_row.html", row, status=status)
    if refusal:
        messages.error(request, refusal, extra_tags="danger")
    else:
        messages.success(request, text(f"queue.done.{decision.state}"))
    return HttpResponseRedirect(reverse("queue"))

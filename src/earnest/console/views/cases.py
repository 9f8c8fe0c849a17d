"""Cases: the list, its export, and one case with all that belongs to it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.cases.filing import case_get
from earnest.cases.models import Case
from earnest.cases.queries import KINDS, STATES, CaseFilter, case_state, cases_found
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Form
from earnest.console.case_acts import ACTS, Acting, act_done, acts_of
from earnest.console.case_page import decisions_shown, done_by, facts_filed, story
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.texts import text, word
from earnest.console.views.deposit_life import deposit_address
from earnest.kernel.calendar import MARKET_ZONE
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, SEE_ALL, SEE_OWN

CASE_COLUMNS = (
    "number", "kind", "state", "subject_kind", "subject", "opened_by", "opened_at", "closed_at",
    "note",
)  # fmt: skip


def _narrowed(request: VisitorRequest) -> CaseFilter:
    return CaseFilter(
        kind=choice(request, "kind", KINDS),
        state=choice(request, "state", STATES),
        subject_id=field(request, "subject"),
    )


@require_GET
@needs(SEE_ALL)
def case_list(request: VisitorRequest) -> HttpResponse:
    """List the cases, the newest first."""
    narrowed = _narrowed(request)
    page = page_of(request, cases_found(request.visitor.tenant_id, narrowed))
    shown = {
        "page": page,
        "rows": [(each, case_state(each)) for each in page.object_list],
        "narrowed": narrowed,
        "kinds": KINDS,
        "states": STATES,
        "names": names_for(request.visitor.tenant_id, page.object_list),
    }
    return render(request, "console/cases.html", shown)


@require_GET
@needs(SEE_ALL)
def cases_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the cases that the list shows, all pages of it."""
    found = cases_found(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    heads = [text(f"case_column.{column}") for column in CASE_COLUMNS]
    return csv_response("cases", heads, map(_csv_row, found.iterator(chunk_size=1000)))


def _csv_row(case: Case) -> list[object]:
    closed = f"{case.closed_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if case.closed_at else ""
    return [
        case.number,
        word("case_kind", case.kind),
        word("case_state", case_state(case)),
        word("subject", case.subject_kind),
        case.subject_id,
        case.opened_by,
        f"{case.opened_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        closed,
        case.note,
    ]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def case_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one case: what was filed, its story, its decisions, and what they did."""
    return _page(request, number)


@require_POST
@needs(DECIDE, ACT_FOR_PARTY)
def case_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Do something with a case; what is wrong with it is said at its form."""
    visitor = request.visitor
    case = case_get(visitor.tenant_id, number)
    own_or_not_found(visitor, (case.subject_kind, case.subject_id))
    if act not in ACTS or not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    acting = Acting(case, visitor.name, present(visitor.tenant_id))
    form = act_done(act, acting, request.POST)
    if form.wrong:
        return _page(request, number, tried=form)
    messages.success(request, text("case.act_done"))
    return HttpResponseRedirect(reverse("case", args=[number]))


def _page(request: VisitorRequest, number: str, tried: Form | None = None) -> HttpResponse:
    """Return the page of a case, with the form that was refused as it was filled in."""
    visitor = request.visitor
    case = case_get(visitor.tenant_id, number)
    subject = (case.subject_kind, case.subject_id)
    own_or_not_found(visitor, subject)
    decided = decisions_shown(case, inside=visitor.is_operator)
    acts = acts_of(case, visitor, tried)
    offered = {each.name for each in acts}
    shown = {
        "case": case,
        "state": case_state(case),
        "party_name": names_for(visitor.tenant_id, [case]).get(subject, ""),
        "facts": facts_filed(case),
        "steps": story(case, inside=visitor.is_operator),
        "decided": decided,
        "rows": done_by(case, decided),
        "deposit_address": deposit_address(subject),
        "may_decide": visitor.may(DECIDE),
        "acts": acts,
        "problem": tried.problem if tried and tried.name not in offered else "",
    }
    return render(request, "console/case.html", shown, status=422 if tried else 200)

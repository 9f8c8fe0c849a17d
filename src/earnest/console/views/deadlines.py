"""To do: what is due by when, for parties and for operators."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.texts import language, text, word
from earnest.kernel.calendar import day_of
from earnest.market.queries import party_names
from earnest.market.roles import SEE_ALL, SEE_OWN
from earnest.work.deadline import OPERATOR, PARTY, Deadline
from earnest.work.deadlines import KINDS, deadlines_of

COLUMNS = ("due_on", "days_left", "kind", "subject", "bound", "what", "after", "clause")


def _found(request: VisitorRequest) -> list[Deadline]:
    """Return what the query form asks for, of those deadlines that the visitor sees."""
    visitor = request.visitor
    now = present(visitor.tenant_id)
    own = None if visitor.is_operator else visitor.subject
    kind, bound = choice(request, "kind", KINDS), choice(request, "bound", (PARTY, OPERATOR))
    overdue, subject = bool(choice(request, "overdue", ("1",))), field(request, "subject")
    return [
        each
        for each in deadlines_of(visitor.tenant_id, own, now)
        if kind in ("", each.kind)
        and bound in ("", each.bound)
        and (not overdue or each.days_left(day_of(now)) < 0)
        and subject in each.subject[1]
    ]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def todo(request: VisitorRequest) -> HttpResponse:
    """List what is due, what is overdue and nearest in front."""
    tenant_id = request.visitor.tenant_id
    today = day_of(present(tenant_id))
    page = page_of(request, _found(request))
    rows = [(each, each.days_left(today)) for each in page.object_list]
    shown = {
        "page": page,
        "rows": [(each, left, -left) for each, left in rows],
        "names": party_names(tenant_id, {each.subject for each, _ in rows}),
        "kinds": KINDS,
        "kind": choice(request, "kind", KINDS),
        "bound": choice(request, "bound", (PARTY, OPERATOR)),
        "overdue": bool(choice(request, "overdue", ("1",))),
        "subject": field(request, "subject"),
    }
    return render(request, "console/todo.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def todo_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download what the list shows, all pages of it."""
    today = day_of(present(request.visitor.tenant_id))
    heads = [text(f"todo.{column}") for column in COLUMNS]
    rows = (
        [
            each.due_on,
            each.days_left(today),
            word("deadline", each.kind),
            each.subject[1],
            word("bound", each.bound),
            each.what.said(language()),
            each.after.said(language()),
            each.clause,
        ]
        for each in _found(request)[:ROWS_MAX]
    )
    return csv_response("deadlines", heads, rows)

"""Statements of reasons: the list, one statement as page, paper and JSON."""

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.templatetags.words import when
from earnest.console.texts import language, text, word
from earnest.kernel.calendar import Month
from earnest.market.roles import SEE_ALL, SEE_OWN
from earnest.notices.lines import facts_of, sections_of
from earnest.notices.models import Statement
from earnest.notices.queries import (
    StatementFilter,
    statement_clauses,
    statement_get,
    statements,
)
from earnest.notices.statement_paper import statement_pdf

SUBJECT_KINDS = ("provider", "shop")
STATEMENT_KINDS = ("sanction", "finding", "requirement", "payment", "release")
COLUMNS = (
    "number", "sent_at", "subject", "kind", "title", "clause", "ticket", "appeal_until", "hash",
)  # fmt: skip


@require_GET
@needs(SEE_ALL, SEE_OWN)
def statement_list(request: VisitorRequest) -> HttpResponse:
    """List statements of reasons: operators all of them, a party its own."""
    narrowed = _narrowed(request)
    tenant_id = request.visitor.tenant_id
    page = page_of(request, statements(tenant_id, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "names": names_for(tenant_id, page.object_list),
        "kinds": STATEMENT_KINDS,
        "subject_kinds": SUBJECT_KINDS,
        "clauses": statement_clauses(tenant_id) if request.visitor.is_operator else [],
    }
    return render(request, "console/statements.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def statements_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the list as CSV."""
    found = statements(request.visitor.tenant_id, _narrowed(request)).defer("content")[:ROWS_MAX]
    columns = [text(f"statement_column.{name}") for name in COLUMNS]
    return csv_response("statements", columns, map(_row, found))


@require_GET
@needs(SEE_ALL, SEE_OWN)
def statement_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one statement as it was sent."""
    found = _seen(request, number)
    shown = {
        "statement": found,
        "facts": facts_of(found.content, language()),
        "sections": sections_of(found.content, language()),
        "names": names_for(request.visitor.tenant_id, [found]),
    }
    return render(request, "console/statement.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def statement_paper(request: VisitorRequest, number: str) -> HttpResponse:
    """Hand a statement over as PDF."""
    found = _seen(request, number)
    return HttpResponse(
        statement_pdf(found),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{found.number}.pdf"'},
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def statement_json(request: VisitorRequest, number: str) -> JsonResponse:
    """Hand a statement over as JSON, by the schema of docs/statements.md."""
    found = _seen(request, number)
    return JsonResponse(
        {**found.content, "sha256": found.content_hash},
        json_dumps_params={"ensure_ascii": False, "indent": 1},
        headers={"Content-Disposition": f'attachment; filename="{found.number}.json"'},
    )


def _seen(request: VisitorRequest, number: str) -> Statement:
    found = statement_get(request.visitor.tenant_id, number)
    own_or_not_found(request.visitor, found.subject)
    return found


def _narrowed(request: VisitorRequest) -> StatementFilter:
    """Read the query form; a party's people only ever see their own party's."""
    visitor = request.visitor
    kind, subject_id = ("", "") if visitor.is_operator else visitor.subject
    return StatementFilter(
        subject_kind=kind or choice(request, "subject_kind", SUBJECT_KINDS),
        subject_id=subject_id,
        kind=choice(request, "kind", STATEMENT_KINDS),
        clause=field(request, "clause"),
        month=_month(field(request, "month")),
        search=field(request, "q"),
    )


def _month(given: str) -> str:
    try:
        return str(Month.parse(given))
    except ValueError:
        return ""


def _row(found: Statement) -> list[object]:
    return [
        found.number,
        when(found.sent_at),
        f"{found.subject_kind}:{found.subject_id}",
        word("notice_kind", found.kind),
        found.title_zh if language() == "zh" else found.title_en,
        found.clause,
        found.ticket_number,
        found.appeal_until or "",
        found.content_hash,
    ]

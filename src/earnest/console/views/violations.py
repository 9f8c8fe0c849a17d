"""Violations as lists: the review queue, all of them, and a party's own."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.texts import text, word
from earnest.console.violation_forms import kinds_now, kinds_offered
from earnest.console.violation_page import party_state, turn_open
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.market.roles import REVIEW, SEE_ALL, SEE_OWN
from earnest.violations.corrections import corrections_waiting
from earnest.violations.models import OPEN_STATES, STATES, Violation
from earnest.violations.priority import PARTS, weights
from earnest.violations.quality import disagreements, quality_waiting
from earnest.violations.queries import (
    ViolationFilter,
    escalated,
    open_counts,
    violations_found,
    violations_told,
)
from earnest.violations.queue import QueueFilter, queue
from earnest.violations.reports import SOURCES

NOTED_MAX = 20
COLUMNS = (
    "number", "subject", "state", "source", "kinds", "reported_at", "claimed_by", "settled_at",
)  # fmt: skip


def _queue_filter(request: VisitorRequest) -> QueueFilter:
    return QueueFilter(
        state=choice(request, "state", OPEN_STATES),
        source=choice(request, "source", SOURCES),
        kind=field(request, "kind"),
        subject_id=field(request, "subject"),
        claimed_by=request.visitor.name if field(request, "only") == "mine" else "",
        overdue=field(request, "only") == "overdue",
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def violation_queue(request: VisitorRequest) -> HttpResponse:
    """Show what waits for review, the most urgent first; a party sees its own violations."""
    visitor = request.visitor
    if not visitor.is_operator:
        return _party_list(request)
    now, tenant_id = present(visitor.tenant_id), visitor.tenant_id
    narrowed = _queue_filter(request)
    page = page_of(request, queue(tenant_id, now, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "only": choice(request, "only", ("mine", "overdue")),
        "states": OPEN_STATES,
        "sources": SOURCES,
        "kinds": _kinds(request),
        "names": names_for(tenant_id, [each.violation for each in page.object_list]),
        "weights": [(part, weights(day_of(now))[part]) for part in PARTS],
        "counts": open_counts(tenant_id),
        "may_review": visitor.may(REVIEW),
        "corrections": corrections_waiting(tenant_id),
        "quality": quality_waiting(tenant_id, visitor.name).count(),
        "escalated": escalated(tenant_id)[:NOTED_MAX],
        "disagreements": disagreements(tenant_id)[:NOTED_MAX],
        "now": now,
    }
    return render(request, "console/violations.html", shown)


def _kinds(request: VisitorRequest) -> list[tuple[str, str]]:
    tenant_id = request.visitor.tenant_id
    offered = kinds_offered(kinds_now(tenant_id, present(tenant_id)))
    return [(name, said) for name, said, _ in offered]


def _party_list(request: VisitorRequest) -> HttpResponse:
    visitor = request.visitor
    if visitor.subject[0] != "provider":
        raise PermissionDenied
    page = page_of(request, violations_told(visitor.tenant_id, visitor.subject))
    kinds = kinds_now(visitor.tenant_id, present(visitor.tenant_id))
    words = {name: said for name, said, _ in kinds_offered(kinds)}
    rows = [
        (
            each,
            party_state(each),
            [words.get(item.kind, item.kind) for item in each.items.all()],
            turn_open(each),
        )
        for each in page.object_list
    ]
    shown = {"page": page, "rows": rows}
    return render(request, "console/violations_own.html", shown)


@require_GET
@needs(SEE_ALL)
def violation_list(request: VisitorRequest) -> HttpResponse:
    """List all violations, the newest first."""
    narrowed = _list_filter(request)
    page = page_of(request, violations_found(request.visitor.tenant_id, narrowed))
    shown = {
        "page": page,
        "narrowed": narrowed,
        "states": STATES,
        "sources": SOURCES,
        "kinds": _kinds(request),
        "names": names_for(request.visitor.tenant_id, page.object_list),
    }
    return render(request, "console/violations_all.html", shown)


def _list_filter(request: VisitorRequest) -> ViolationFilter:
    return ViolationFilter(
        state=choice(request, "state", STATES),
        source=choice(request, "source", SOURCES),
        kind=field(request, "kind"),
        subject_id=field(request, "subject"),
    )


@require_GET
@needs(SEE_ALL)
def violations_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the violations that the list shows, all pages of it."""
    found = violations_found(request.visitor.tenant_id, _list_filter(request))[:ROWS_MAX]
    heads = [text(f"violation_column.{column}") for column in COLUMNS]
    return csv_response("violations", heads, map(_csv_row, found.iterator(chunk_size=1000)))


def _csv_row(each: Violation) -> list[object]:
    settled = each.settled_at
    return [
        each.number,
        each.subject_id,
        word("violation_state", each.state),
        word("violation_source", each.source),
        " ".join(item.kind for item in each.items.all()),
        f"{each.reported_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        each.claimed_by,
        f"{settled.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if settled else "",
    ]

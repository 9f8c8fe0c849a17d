"""Appeals: the list, the wizard of a party, the hearing, and the second person's word."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.appeals.appealing import appealable
from earnest.appeals.deciding import (
    appeal_confirm,
    appeal_preview,
    appeal_propose,
    verdicts_preview,
)
from earnest.appeals.filing import GROUNDS, NewAppeal, appeal_file, appeal_withdraw
from earnest.appeals.hearing import (
    Answer,
    appeal_claim,
    appeal_release,
    execution_suspend,
    question_answer,
    question_ask,
)
from earnest.appeals.models import PROPOSED, STATES, VERDICTS, Appeal
from earnest.appeals.people import appeals_stuck
from earnest.appeals.queries import (
    AppealFilter,
    appeal_get,
    appeals_found,
    decided_by_hand,
    decision_of,
    pack_of_ticket,
    unknown_appeal,
)
from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.appeal_forms import (
    disputed_read,
    disputes,
    verdicts_of,
    verdicts_read,
)
from earnest.console.appeal_page import (
    appeal_offered,
    appeal_shown,
    force_of,
    is_late,
    items_of,
)
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, names_for, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text, word
from earnest.console.uploads import documents_uploaded
from earnest.console.views.tickets import ticket_seen
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW, SEE_ALL, SEE_OWN

COLUMNS: Final = (
    "number", "ticket", "subject", "state", "filed_at", "expected_on", "hearer", "closed_at",
)  # fmt: skip
WRONG: Final = 422


def _narrowed(request: VisitorRequest) -> AppealFilter:
    visitor = request.visitor
    chosen = AppealFilter(
        subject_id=field(request, "subject"),
        state=choice(request, "state", STATES),
        hearer=visitor.name if field(request, "mine") == "yes" else "",
        ticket=field(request, "ticket"),
    )
    return chosen if visitor.is_operator else replace(chosen, hearer="", subject=visitor.subject)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def appeal_list(request: VisitorRequest) -> HttpResponse:
    """List appeals, the newest first: all of them, or a party's own."""
    tenant_id, narrowed = request.visitor.tenant_id, _narrowed(request)
    page = page_of(request, appeals_found(tenant_id, narrowed))
    now = present(tenant_id)
    shown = {
        "page": page,
        "rows": [(each, is_late(each, now)) for each in page.object_list],
        "stuck": appeals_stuck(tenant_id) if request.visitor.is_operator else [],
        "narrowed": narrowed,
        "states": STATES,
        "names": names_for(tenant_id, page.object_list),
    }
    return render(request, "console/appeals.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def appeals_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the appeals that the list shows, all pages of it."""
    inside = request.visitor.is_operator
    found = appeals_found(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    heads = [text(f"appeal_column.{column}") for column in COLUMNS]
    rows = (_csv_row(each, inside=inside) for each in found.iterator(chunk_size=1000))
    return csv_response("appeals", heads, rows)


def _csv_row(appeal: Appeal, *, inside: bool) -> list[object]:
    closed = appeal.closed_at
    return [
        appeal.number,
        appeal.ticket.number,
        appeal.subject_id,
        word("appeal_state", appeal.state),
        f"{appeal.filed_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}",
        appeal.expected_on,
        appeal.hearer if inside else "",
        f"{closed.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if closed else "",
    ]


@require_http_methods(["GET", "POST"])
@needs(ACT_FOR_PARTY)
def appeal_new(request: VisitorRequest, number: str) -> HttpResponse:
    """Let a party dispute items of its ticket: what, why, with what proof, and what follows."""
    visitor = request.visitor
    ticket, now = ticket_seen(visitor, number), present(visitor.tenant_id)
    posted = request.POST if request.method == "POST" else None
    rows = disputed_read(appealable(ticket, day_of(now)), posted)
    problem = ""
    if posted is not None:
        wrong = any(each.problem for each in rows)
        problem = text("appeal.choose_one") if not any(each.chosen for each in rows) else ""
        if not wrong and not problem:
            try:
                appeal = _filed(request, number, rows)
            except NotFound:
                raise
            except EarnestError as error:
                problem = sentence_of(error)
            else:
                messages.success(request, text("appeal.filed", number=appeal.number))
                return HttpResponseRedirect(reverse("appeal", args=[appeal.number]))
    pack = pack_of_ticket(ticket)
    shown = {
        "ticket": ticket,
        "rows": rows,
        "grounds": GROUNDS,
        "problem": problem,
        "expected_on": pack.evaluate("appeal_course", {"filed_on": day_of(now)}).result[
            "expected_on"
        ],
        "force": force_of(ticket, decision_of(ticket)),
        "automatic": not decided_by_hand(ticket),
    }
    return render(request, "console/appeal_new.html", shown, status=WRONG if posted else 200)


def _filed(request: VisitorRequest, number: str, rows: list[Any]) -> Appeal:
    visitor = request.visitor
    tenant_id, now = visitor.tenant_id, present(visitor.tenant_id)
    with transaction.atomic():
        kept = documents_uploaded(request, tenant_id, visitor.subject, visitor.name, now)
        by_person = request.POST.get("by_person") == "yes"
        new = NewAppeal(visitor.subject, number, disputes(rows, kept), visitor.name, by_person)
        return appeal_file(tenant_id, new, now)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def appeal_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one appeal: what is disputed, the rule, the story, and what may be done."""
    return _page(request, _seen(request.visitor, number))


def _seen(visitor: Visitor, number: str) -> Appeal:
    appeal = appeal_get(visitor.tenant_id, number)
    if not visitor.sees(appeal.subject):
        raise unknown_appeal(number)
    return appeal


def _page(
    request: VisitorRequest,
    appeal: Appeal,
    *,
    problem: str = "",
    tried: QueryDict | None = None,
    table: dict[str, Any] | None = None,
) -> HttpResponse:
    """Return the page of an appeal, with what was tried and refused as it was filled in."""
    visitor = request.visitor
    now = present(visitor.tenant_id)
    shown = appeal_shown(appeal, visitor, now) | appeal_offered(appeal, visitor, now)
    status = WRONG if problem else 200
    if table is None and appeal.state == PROPOSED and visitor.is_operator:
        try:
            table = appeal_preview(visitor.tenant_id, appeal.number, now).as_dict()
        except EarnestError as error:  # it can still be sent back
            problem = problem or sentence_of(error)
    rows = [(each.disputed, each.item) for each in shown["items"]]
    shown |= {
        "verdict_rows": verdicts_read(rows, tried) if shown["hears"] else [],
        "verdicts": VERDICTS,
        "party_name": names_for(visitor.tenant_id, [appeal]).get(appeal.subject, ""),
        "table": table or appeal.outcome,
        "table_is_preview": bool(table),
        "problem": problem,
    }
    return render(request, "console/appeal.html", shown, status=status)


Act = Callable[[VisitorRequest, Appeal], object]


def _claim(request: VisitorRequest, appeal: Appeal) -> object:
    visitor, now = request.visitor, present(appeal.tenant_id)
    return appeal_claim(appeal.tenant_id, appeal.number, actor=visitor.name, now=now)


def _release(request: VisitorRequest, appeal: Appeal) -> object:
    said, now = request.POST.get("reason", ""), present(appeal.tenant_id)
    return appeal_release(
        appeal.tenant_id, appeal.number, actor=request.visitor.name, reason=said, now=now
    )


def _ask(request: VisitorRequest, appeal: Appeal) -> object:
    said, now = request.POST.get("question", ""), present(appeal.tenant_id)
    return question_ask(appeal.tenant_id, appeal.number, said, actor=request.visitor.name, now=now)


def _answer(request: VisitorRequest, appeal: Appeal) -> object:
    visitor, now = request.visitor, present(appeal.tenant_id)
    with transaction.atomic():
        kept = documents_uploaded(request, appeal.tenant_id, visitor.subject, visitor.name, now)
        answer = Answer(request.POST.get("answer", ""), visitor.name, [each.id for each in kept])
        return question_answer(appeal.tenant_id, appeal.number, visitor.subject, answer, now)


def _suspend(request: VisitorRequest, appeal: Appeal) -> object:
    said, now = request.POST.get("reason", ""), present(appeal.tenant_id)
    return execution_suspend(
        appeal.tenant_id, appeal.number, said, actor=request.visitor.name, now=now
    )


def _withdraw(request: VisitorRequest, appeal: Appeal) -> object:
    visitor, now = request.visitor, present(appeal.tenant_id)
    return appeal_withdraw(
        appeal.tenant_id, appeal.number, visitor.subject, actor=visitor.name, now=now
    )


def _confirm(request: VisitorRequest, appeal: Appeal) -> object:
    return appeal_confirm(
        appeal.tenant_id,
        appeal.number,
        agrees=request.POST.get("word") == "agree",
        actor=request.visitor.name,
        reason=request.POST.get("reason", ""),
        now=present(appeal.tenant_id),
    )


# Who may release depends on who hears it, which the command looks at: any operator that gets here.
ACTS: Final[Mapping[str, tuple[str, Act]]] = {
    "claim": (REVIEW, _claim),
    "release": (SEE_ALL, _release),
    "ask": (REVIEW, _ask),
    "suspend": (REVIEW, _suspend),
    "confirm": (DECIDE, _confirm),
    "answer": (ACT_FOR_PARTY, _answer),
    "withdraw": (ACT_FOR_PARTY, _withdraw),
}


@require_POST
@needs(REVIEW, DECIDE, ACT_FOR_PARTY)
def appeal_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Do something with an appeal; what is wrong is said above its forms."""
    appeal = appeal_get(request.visitor.tenant_id, number)
    own_or_not_found(request.visitor, appeal.subject)
    if act not in ACTS or not request.visitor.may(ACTS[act][0]):
        raise PermissionDenied
    try:
        ACTS[act][1](request, appeal)
    except NotFound:
        raise
    except EarnestError as error:
        return _page(request, appeal, problem=sentence_of(error))
    messages.success(request, text(f"appeal_done.{act}"))
    return HttpResponseRedirect(reverse("appeal", args=[number]))


@require_POST
@needs(REVIEW)
def appeal_verdicts(request: VisitorRequest, number: str) -> HttpResponse:
    """Preview what verdicts would change, or propose them."""
    visitor = request.visitor
    appeal, now = appeal_get(visitor.tenant_id, number), present(visitor.tenant_id)
    rows = verdicts_read([(each.disputed, each.item) for each in items_of(appeal)], request.POST)
    if wrong := next((each.problem for each in rows if each.problem), ""):
        return _page(request, appeal, problem=wrong, tried=request.POST)
    verdicts, by = verdicts_of(rows), visitor.name
    try:
        if request.POST.get("step") == "preview":
            table = verdicts_preview(visitor.tenant_id, number, verdicts, actor=by, now=now)
            appeal.refresh_from_db()
            return _page(request, appeal, tried=request.POST, table=table.as_dict())
        appeal_propose(visitor.tenant_id, number, verdicts, actor=by, now=now)
    except EarnestError as error:
        return _page(request, appeal, problem=sentence_of(error), tried=request.POST)
    messages.success(request, text("appeal_done.verdicts"))
    return HttpResponseRedirect(reverse("appeal", args=[number]))

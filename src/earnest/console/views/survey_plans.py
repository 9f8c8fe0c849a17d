"""Plans of improvement: the list, and one plan with who has the ball and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.forms import day_typed
from earnest.console.lists import choice, page_of
from earnest.console.texts import text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.queries import party_names
from earnest.market.roles import ACT_FOR_PARTY, REVIEW, SEE_ALL, SEE_OWN
from earnest.surveys.models import ACCEPTED, ASKED, FILED, SENT_BACK, ImprovementPlan
from earnest.surveys.plans import PlanItem, plan_accept, plan_file, plan_report, plan_send_back
from earnest.surveys.queries import plan_get, plans

PROVIDER = "provider"
STATES = (ASKED, FILED, ACCEPTED, SENT_BACK)
LAPSED = "lapsed"
ITEMS = Asked("cure_items", "long")
NOTE, REASON = Asked("cure_note", "long", required=False), Asked("cure_note", "long")


@dataclass(frozen=True)
class Act:
    """Something that may be done with a plan: by whom, in which states, and what it asks."""

    permission: str
    states: tuple[str, ...]
    asked: tuple[Asked, ...]


ACTS: Mapping[str, Act] = {
    "file": Act(ACT_FOR_PARTY, (ASKED, SENT_BACK), (ITEMS, NOTE)),
    "report": Act(ACT_FOR_PARTY, (ACCEPTED,), (REASON,)),
    "accept": Act(REVIEW, (FILED,), (NOTE,)),
    "send_back": Act(REVIEW, (FILED,), (REASON,)),
}
AT = {
    "plan_too_late": "cure_items", "plan_in_the_past": "cure_items",
    "plan_without_items": "cure_items", "plan_item_too_long": "cure_items",
    "note_missing": "cure_note",
}  # fmt: skip


def state_on(plan: ImprovementPlan, on: date) -> str:
    """Return a plan's state on a day: one that was not filed in time has lapsed."""
    return LAPSED if plan.state == ASKED and on > plan.file_until_on else plan.state


def ball_of(state: str) -> str:
    """Say whose turn it is in a state."""
    return {ASKED: "provider", SENT_BACK: "provider", FILED: "operator"}.get(state, "nobody")


@require_GET
@needs(SEE_ALL)
def survey_plans(request: VisitorRequest) -> HttpResponse:
    """List plans, the newest month first."""
    tenant_id = request.visitor.tenant_id
    state = choice(request, "state", STATES)
    page = page_of(request, plans(tenant_id, state=state))
    today = day_of(present(tenant_id))
    rows = list(page.object_list)
    shown = {
        "page": page,
        "rows": [(each, state_on(each, today), ball_of(state_on(each, today))) for each in rows],
        "names": party_names(tenant_id, {(PROVIDER, each.provider_id) for each in rows}),
        "states": STATES,
        "state": state,
    }
    return render(request, "console/survey_plans.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def survey_plan(request: VisitorRequest, provider_id: str, month: str) -> HttpResponse:
    """Show one plan: what was promised, its story, what may be done."""
    return _page(request, provider_id, month)


def _page(
    request: VisitorRequest, provider_id: str, month: str, tried: Form | None = None
) -> HttpResponse:
    visitor, subject = request.visitor, (PROVIDER, provider_id)
    own_or_not_found(visitor, subject)
    plan = plan_get(visitor.tenant_id, provider_id, month)
    state = state_on(plan, day_of(present(visitor.tenant_id)))
    forms = _forms(plan, state, visitor, tried)
    shown = {
        "plan": plan,
        "state": state,
        "ball": ball_of(state),
        "name": party_names(visitor.tenant_id, [subject]).get(subject, ""),
        "entries": plan.entries.order_by("id"),
        "forms": forms,
        "problem": tried.problem if tried and tried.name not in {f.name for f in forms} else "",
        "inside": visitor.is_operator,
    }
    return render(request, "console/survey_plan.html", shown, status=422 if tried else 200)


def _forms(plan: ImprovementPlan, state: str, visitor: Visitor, tried: Form | None) -> list[Form]:
    offered = [
        (name, act)
        for name, act in ACTS.items()
        if state in act.states and visitor.may(act.permission)
    ]
    forms = []
    for name, act in offered:
        form = tried if tried and tried.name == name else form_blank(name, act.asked)
        if name == "file" and form is not tried and plan.items:
            lines = [f"{each['by_on']} {each['what']}" for each in plan.items]
            form.fields[0].value = "\n".join(lines)
        forms.append(form)
    return forms


@require_POST
@needs(REVIEW, ACT_FOR_PARTY)
def survey_plan_act(
    request: VisitorRequest, provider_id: str, month: str, act: str
) -> HttpResponse:
    """File a plan, accept it, send it back, or report progress."""
    visitor = request.visitor
    own_or_not_found(visitor, (PROVIDER, provider_id))
    plan = plan_get(visitor.tenant_id, provider_id, month)
    if act not in ACTS:
        raise NotFound("unknown_act", where=act, zh="没有这项操作。", en="no such act")
    if not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    form = form_read(act, ACTS[act].asked, request.POST)
    values: dict[str, Any] = form.values
    items = _items_read(form) if act == "file" and not form.wrong else []
    if not form.wrong:
        try:
            _done(act, plan, (items, str(values["cure_note"] or "")), visitor)
        except EarnestError as error:
            form.refused(error, AT)
    if form.wrong:
        return _page(request, provider_id, month, tried=form)
    messages.success(request, text("survey.act_done"))
    return HttpResponseRedirect(reverse("survey_plan", args=[provider_id, month]))


def _done(
    act: str, plan: ImprovementPlan, given: tuple[list[PlanItem], str], visitor: Visitor
) -> None:
    items, note = given
    now = present(visitor.tenant_id)
    if act == "file":
        plan_file(plan, items, note, visitor.name, now)
    elif act == "accept":
        plan_accept(plan, note, visitor.name, now)
    elif act == "send_back":
        plan_send_back(plan, note, visitor.name, now)
    else:
        plan_report(plan, note, visitor.name, now)


def _items_read(form: Form) -> list[PlanItem]:
    """Read the lines of a plan, or say at the field which one is wrong."""
    field = form.fields[0]
    items: list[PlanItem] = []
    for number, line in enumerate(filter(str.strip, field.value.splitlines()), 1):
        day, _, what = line.strip().partition(" ")
        by_on = day_typed(day)
        if by_on is None or not what.strip():
            field.problem = text("cure.item_wrong", n=number)
            return []
        items.append(PlanItem(what.strip(), by_on))
    return items

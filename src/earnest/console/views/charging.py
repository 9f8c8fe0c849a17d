"""Charging plans: a provider's own, the platform's queue, and one plan with both sides of it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.charging.base_functions import (
    NewBaseFunction,
    base_function_end,
    base_function_mark,
    base_functions,
)
from earnest.charging.models import STATES, WRITABLE, ChargingPlan
from earnest.charging.plans import plan_amend, plan_draft, plan_get
from earnest.charging.queries import (
    PlanFilter,
    ball_with,
    plan_standing,
    plans_found,
    versions_of,
)
from earnest.charging.wording import side_by_side
from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.charging_page import (
    ACTS,
    PLAN_AT,
    act_done,
    acts_of,
    documents_shown,
    draft_read,
    files_kept,
    plan_form,
    plan_name,
    story,
)
from earnest.console.clock import present
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, field, page_of
from earnest.console.texts import text, word
from earnest.kernel.calendar import MARKET_ZONE, day_of
from earnest.kernel.errors import EarnestError, NotFound
from earnest.kernel.money import yuan
from earnest.market.queries import party_names
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW, SEE_ALL, SEE_OWN

PLAN_COLUMNS = (
    "number", "provider", "app", "plan_code", "version", "price", "period", "standing", "ball",
    "effective_on", "ended_on", "filed_at",
)  # fmt: skip
BASE_FIELDS = (
    Asked("base_code", "text"),
    Asked("base_name_zh", "text"),
    Asked("base_name_en", "text", required=False),
    Asked("base_provider", "text", required=False),
)


def provider_only(visitor: Visitor) -> None:
    """Let a party's person in only for a provider: a shop files no plans.

    Raises:
        PermissionDenied: it is a shop's.
    """
    if not visitor.is_operator and visitor.subject[0] != "provider":
        raise PermissionDenied


def _narrowed(request: VisitorRequest) -> PlanFilter:
    visitor = request.visitor
    state = choice(request, "state", ("to_do", *STATES))
    if visitor.is_operator:
        return PlanFilter(state, field(request, "provider"), field(request, "code"))
    return PlanFilter(state, visitor.subject[1], field(request, "code"))


@require_GET
@needs(SEE_ALL, SEE_OWN)
def charging_plans(request: VisitorRequest) -> HttpResponse:
    """List the plans: a provider's own, or everybody's for an operator."""
    visitor = request.visitor
    provider_only(visitor)
    narrowed = _narrowed(request)
    page = page_of(request, plans_found(visitor.tenant_id, narrowed))
    on = day_of(present(visitor.tenant_id))
    shown = {
        "page": page,
        "rows": [(each, plan_standing(each, on), ball_with(each)) for each in page.object_list],
        "narrowed": narrowed,
        "states": ("to_do", *STATES),
        "names": party_names(visitor.tenant_id, {each.subject for each in page.object_list}),
        "may_file": visitor.may(ACT_FOR_PARTY),
    }
    return render(request, "console/charging_plans.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def charging_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the plans that the list shows."""
    provider_only(request.visitor)
    on = day_of(present(request.visitor.tenant_id))
    found = plans_found(request.visitor.tenant_id, _narrowed(request))[:ROWS_MAX]
    rows = (
        [
            plan.number, plan.provider_id, plan.app, plan.plan_code, plan.version,
            yuan(plan.price_fen), word("plan_period", plan.period),
            word("plan_state", plan_standing(plan, on)), word("plan_ball", ball_with(plan)),
            plan.effective_on, plan.ended_on,
            f"{plan.filed_at.astimezone(MARKET_ZONE):%Y-%m-%d %H:%M:%S}" if plan.filed_at else "",
        ]
        for plan in found.iterator(chunk_size=1000)
    )  # fmt: skip
    heads = [text(f"plan_column.{column}") for column in PLAN_COLUMNS]
    return csv_response("charging-plans", heads, rows)


def _own_plan(visitor: Visitor, number: str) -> ChargingPlan:
    plan = plan_get(visitor.tenant_id, number)
    own_or_not_found(visitor, plan.subject)
    return plan


@require_GET
@needs(SEE_ALL, SEE_OWN)
def charging_plan(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one plan: what it adds, what stays free, both offers side by side, and its story."""
    return _plan_page(request, _own_plan(request.visitor, number))


@require_POST
@needs(REVIEW, DECIDE, ACT_FOR_PARTY)
def charging_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """File, take, review, settle or withdraw a plan; what is wrong is said at its form."""
    visitor = request.visitor
    plan = _own_plan(visitor, number)
    if act not in ACTS or not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    form = act_done(act, plan, request.POST, visitor.name, present(visitor.tenant_id))
    if form.wrong:
        return _plan_page(request, _own_plan(visitor, number), form)
    messages.success(request, text("plan.act_done"))
    return HttpResponseRedirect(reverse("charging_plan", args=[number]))


def _plan_page(
    request: VisitorRequest, plan: ChargingPlan, tried: Form | None = None
) -> HttpResponse:
    visitor = request.visitor
    on = day_of(present(visitor.tenant_id))
    acts = acts_of(plan, visitor, tried)
    here, there = side_by_side(plan.wording_here, plan.wording_there)
    names = party_names(visitor.tenant_id, [plan.subject])
    shown = {
        "plan": plan,
        "name": plan_name(plan),
        "standing": plan_standing(plan, on),
        "ball": ball_with(plan),
        "party_name": names.get(plan.subject, ""),
        "here": here,
        "there": there,
        "documents": documents_shown(visitor.tenant_id, plan.documents),
        "steps": story(plan, inside=visitor.is_operator),
        "versions": [(each, plan_standing(each, on)) for each in versions_of(plan)],
        "acts": acts,
        "may_amend": visitor.may(ACT_FOR_PARTY) and plan.state in WRITABLE,
        "problem": tried.problem
        if tried and tried.name not in {each.name for each in acts}
        else "",
    }
    return render(request, "console/charging_plan.html", shown, status=422 if tried else 200)


@require_http_methods(["GET", "POST"])
@needs(ACT_FOR_PARTY)
def charging_new(request: VisitorRequest) -> HttpResponse:
    """Write a plan down; it is filed from its page."""
    provider_only(request.visitor)
    return _writing(request, None)


@require_http_methods(["GET", "POST"])
@needs(ACT_FOR_PARTY)
def charging_amend(request: VisitorRequest, number: str) -> HttpResponse:
    """Change a draft, or a plan that was sent back."""
    return _writing(request, _own_plan(request.visitor, number))


def _writing(request: VisitorRequest, plan: ChargingPlan | None) -> HttpResponse:
    asked = plan_form(plan)
    form = form_blank("plan", asked)
    if request.method == "POST":
        form = form_read("plan", asked, request.POST)
        written = None if form.wrong else _written(request, plan, form)
        if written is not None:
            messages.success(request, text("plan.written"))
            return HttpResponseRedirect(reverse("charging_plan", args=[written.number]))
    kept = documents_shown(request.visitor.tenant_id, plan.documents) if plan else []
    shown = {"form": form, "plan": plan, "documents": kept}
    return render(request, "console/charging_write.html", shown, status=422 if form.wrong else 200)


def _written(request: VisitorRequest, plan: ChargingPlan | None, form: Form) -> ChargingPlan | None:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    provider_id = visitor.subject[1]
    try:
        with transaction.atomic():
            files = files_kept(visitor, provider_id, request.FILES.getlist("files"), now)
            before = [UUID(each) for each in plan.documents] if plan else []
            draft = draft_read(form.values, [*before, *files])
            if plan is None:
                return plan_draft(visitor.tenant_id, provider_id, draft, visitor.name, now)
            return plan_amend(visitor.tenant_id, plan.number, draft, visitor.name, now)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, PLAN_AT)
        return None


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL, SEE_OWN)
def charging_base(request: VisitorRequest) -> HttpResponse:
    """Show the list of base functions, and let those who decide add to it and take off it."""
    visitor = request.visitor
    provider_only(visitor)
    form = form_blank("base", BASE_FIELDS)
    if request.method == "POST":
        if not visitor.may(DECIDE):
            raise PermissionDenied
        form = _base_changed(request)
        if not form.wrong:
            messages.success(request, text("base.done"))
            return HttpResponseRedirect(reverse("charging_base"))
    own = "" if visitor.is_operator else visitor.subject[1]
    shown = {
        "rows": base_functions(visitor.tenant_id, own),
        "form": form,
        "may_decide": visitor.may(DECIDE),
    }
    return render(request, "console/charging_base.html", shown, status=422 if form.wrong else 200)


def _base_changed(request: VisitorRequest) -> Form:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    ending = request.POST.get("ends", "")
    form = form_read("base", BASE_FIELDS, request.POST)
    try:
        if ending:
            form = form_blank("base", BASE_FIELDS)
            base_function_end(visitor.tenant_id, _uuid_or_zero(ending), now)
        elif not form.wrong:
            values = form.values
            new = NewBaseFunction(
                values["base_code"],
                values["base_name_zh"],
                visitor.name,
                values["base_name_en"],
                values["base_provider"],
            )
            base_function_mark(visitor.tenant_id, new, now)
    except EarnestError as error:
        form.refused(
            error, {"unknown_provider": "base_provider", "base_function_marked": "base_code"}
        )
    return form


def _uuid_or_zero(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)

"""How providers leave: the pre-check with its green and red rows, and each departure's story."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.cases.checks import Check
from earnest.console.access import Visitor, VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.clock import present
from earnest.console.departure_acts import (
    ACTS,
    STANDING_AT,
    Acting,
    act_done,
    acts_of,
    standing_asked,
    standing_of,
)
from earnest.console.export import ROWS_MAX, csv_response
from earnest.console.lists import choice, page_of
from earnest.console.lists import field as asked_field
from earnest.console.problems import sentence_of
from earnest.console.texts import text, word
from earnest.departure.exits import exit_begin
from earnest.departure.models import EXIT, REMOVAL, Departure
from earnest.departure.queries import (
    departure_get,
    departure_open,
    departures_listed,
    exit_precheck,
    return_bar,
    timetable,
)
from earnest.departure.removals import same_hands
from earnest.departure.turns import turn_of
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError
from earnest.market.queries import party_names, provider_get
from earnest.market.roles import ACT_FOR_PARTY, DECIDE, REVIEW, SEE_ALL, SEE_OWN
from earnest.rulebooks.packs import SUPPLY_MARKET

WAYS = (EXIT, REMOVAL)
STATES = (
    "applied", "checked", "approving", "winding_down", "completed", "withdrawn", "cancelled",
)  # fmt: skip
COLUMNS = ("number", "provider", "way", "state", "begun_on", "serve_until", "plan_state", "ended")
ROADS = {
    EXIT: ("applied", "checked", "approving", "completed"),
    REMOVAL: ("winding_down", "approving", "completed"),
}


@dataclass(frozen=True)
class Gate:
    """The pre-check as the page shows it, or why it cannot be made."""

    check: Check | None
    problem: str = ""
    rulebook: str = SUPPLY_MARKET
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where what a red row is about can be settled, by the name of the row."""


def _gate(visitor: Visitor, provider_id: str, on_sale: int, running: int) -> Gate:
    tenant_id = visitor.tenant_id
    try:
        now = present(tenant_id)
        found = exit_precheck(tenant_id, provider_id, on_sale=on_sale, running=running, now=now)
    except EarnestError as error:
        return Gate(None, sentence_of(error))
    pay = reverse("deposit_life", args=["provider", provider_id])
    if visitor.may(ACT_FOR_PARTY):
        pay = reverse("pay", args=["provider", provider_id])
    claimed = reverse("violations" if visitor.subject[1] else "violations_all")
    return Gate(found, addresses={"nothing_owed": pay, "nothing_claimed": claimed})


@require_http_methods(["GET", "POST"])
@needs(SEE_ALL, SEE_OWN)
def leaving(request: VisitorRequest, provider_id: str) -> HttpResponse:
    """Show whether a provider may leave, condition by condition, and take its application."""
    visitor, subject = request.visitor, ("provider", provider_id)
    own_or_not_found(visitor, subject)
    provider = provider_get(visitor.tenant_id, provider_id)
    asked = (*standing_asked(), Asked("reason", "long", required=False))
    form, may_apply = form_blank("leaving", asked), visitor.may(ACT_FOR_PARTY)
    now, on_sale, running = present(visitor.tenant_id), 0, 0
    if request.method == "POST":
        if not may_apply:
            raise PermissionDenied
        form = form_read("leaving", asked, request.POST)
        if not form.wrong:
            on_sale, running = form.values["on_sale"], form.values["running"]
            if request.POST.get("step") == "apply":
                departure = _begun(visitor.tenant_id, provider_id, visitor.name, form)
                if departure is not None:
                    messages.success(request, text("departure.begun", number=departure.number))
                    return HttpResponseRedirect(reverse("departure", args=[departure.number]))
    open_one = departure_open(visitor.tenant_id, provider_id)
    if open_one is not None:
        on_sale, running = open_one.on_sale, open_one.running
    shown = {
        "provider": provider,
        "form": form,
        "gate": _gate(visitor, provider_id, on_sale, running),
        "open": open_one,
        "past": departures_listed(visitor.tenant_id, provider_id=provider_id),
        "days": None
        if open_one or provider.left_on
        else timetable(visitor.tenant_id, provider_id, day_of(now)),
        "may_apply": may_apply and open_one is None and provider.left_on is None,
    }
    return render(request, "console/leaving.html", shown, status=422 if form.wrong else 200)


def _begun(tenant_id: str, provider_id: str, actor: str, form: Form) -> Departure | None:
    try:
        return exit_begin(
            tenant_id,
            provider_id,
            standing_of(form.values),
            actor=actor,
            reason=form.values["reason"],
            now=present(tenant_id),
        )
    except EarnestError as error:
        form.refused(error, STANDING_AT)
        return None


@require_GET
@needs(SEE_ALL)
def departure_list(request: VisitorRequest) -> HttpResponse:
    """List departures, newest first."""
    narrowed = _narrowed(request)
    tenant_id = request.visitor.tenant_id
    found = departures_listed(tenant_id, **narrowed).prefetch_related("handovers")
    page, on = page_of(request, found), day_of(present(tenant_id))
    subjects = {each.subject for each in page.object_list}
    shown = {
        "page": page,
        "rows": [(each, turn_of(each, on)) for each in page.object_list],
        "narrowed": narrowed,
        "ways": WAYS,
        "states": STATES,
        "names": party_names(tenant_id, subjects),
    }
    return render(request, "console/departures.html", shown)


def _narrowed(request: VisitorRequest) -> dict[str, str]:
    return {
        "way": choice(request, "way", WAYS),
        "state": choice(request, "state", STATES),
        "provider_id": asked_field(request, "provider"),
    }


@require_GET
@needs(SEE_ALL)
def departures_csv(request: VisitorRequest) -> StreamingHttpResponse:
    """Download the departures that the list shows, all pages of it."""
    found = departures_listed(request.visitor.tenant_id, **_narrowed(request))[:ROWS_MAX]
    heads = [text(f"departure_column.{column}") for column in COLUMNS]
    return csv_response("departures", heads, map(_csv_row, found.iterator(chunk_size=1000)))


def _csv_row(row: Departure) -> list[object]:
    return [
        row.number,
        row.provider_id,
        word("departure_way", row.way),
        word("departure_state", row.state),
        row.begun_on,
        row.serve_until or "",
        word("wind_down_plan", row.plan_state) if row.plan_state else "",
        day_of(row.ended_at) if row.ended_at else "",
    ]


@require_GET
@needs(SEE_ALL, SEE_OWN)
def departure_page(request: VisitorRequest, number: str) -> HttpResponse:
    """Show one departure: where it stands, who has the ball, what is still served, its story."""
    return _page(request, number)


@require_POST
@needs(REVIEW, DECIDE, ACT_FOR_PARTY)
def departure_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Do something with a departure; what is wrong with it is said at its form."""
    visitor = request.visitor
    departure = departure_get(visitor.tenant_id, number)
    own_or_not_found(visitor, departure.subject)
    if act not in ACTS or not visitor.may(ACTS[act].permission):
        raise PermissionDenied
    form = act_done(act, Acting(departure, visitor.name, present(visitor.tenant_id)), request.POST)
    if form.wrong:
        return _page(request, number, tried=form)
    messages.success(request, text("departure.act_done"))
    return HttpResponseRedirect(reverse("departure", args=[number]))


def _page(request: VisitorRequest, number: str, tried: Form | None = None) -> HttpResponse:
    visitor, now = request.visitor, present(request.visitor.tenant_id)
    departure = departure_get(visitor.tenant_id, number)
    own_or_not_found(visitor, departure.subject)
    acts = acts_of(departure, visitor, tried)
    road, handovers = ROADS[departure.way], list(departure.handovers.all())
    served = sum(each.settled_at is None for each in handovers)
    shown = {
        "departure": departure,
        "name": party_names(visitor.tenant_id, {departure.subject}).get(departure.subject, ""),
        "road": road,
        "reached": road.index(departure.state) if departure.state in road else -1,
        "steps": list(departure.steps.all()),
        "handovers": handovers,
        "turn": turn_of(departure, day_of(now)),
        "bar": return_bar(visitor.tenant_id, departure, now),
        "gate": None
        if departure.ended_at
        else _gate(
            visitor, departure.provider_id, departure.on_sale,
            departure.running if departure.way == EXIT else served,
        ),
        "others": same_hands(visitor.tenant_id, departure.provider_id)
        if visitor.is_operator and departure.way == REMOVAL
        else [],
        "acts": acts,
        "may_decide": visitor.may(DECIDE),
        "problem": tried.problem
        if tried and tried.name not in {each.name for each in acts}
        else "",
    }  # fmt: skip
    return render(request, "console/departure.html", shown, status=422 if tried else 200)

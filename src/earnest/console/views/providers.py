"""Providers: the list, the health page, the orders behind a measure, the wish to be relisted."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.assessment.held_months import months_held
from earnest.assessment.queries import alerts_of_month
from earnest.assessment.standing import running_duty, standing_of
from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.health import (
    LADDER_MEASURE,
    by_measure,
    card_of,
    card_of_finding,
    definition_of,
    live_of,
)
from earnest.console.ladder import Since, ladder_of
from earnest.console.lists import choice, field, page_of
from earnest.console.orders import (
    ORDERS_MAX,
    cells,
    columns_of,
    export_row,
    orders_behind,
    verdicts_of,
)
from earnest.console.parties import party_rows, party_state
from earnest.console.reading import explanation
from earnest.console.texts import language, text, word
from earnest.decisions.queries import (
    breached_counts,
    decisions_of,
    finding_get,
    findings_of,
    latest_month,
)
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import EarnestError
from earnest.market.queries import Subject, provider_get, providers, service_categories
from earnest.market.roles import ACT_FOR_PARTY, SEE_ALL, SEE_OWN
from earnest.measures.set_aside import set_asides
from earnest.notices.queries import inbox
from earnest.restrictions.commands import relisting_apply
from earnest.restrictions.queries import ActiveRestriction, restrictions_past
from earnest.restrictions.release import awaits
from earnest.work.deadline import Deadline
from earnest.work.deadlines import deadlines_of

KIND = "provider"
DECISIONS_SHOWN = 10
NOTICES_SHOWN = 5
DEADLINES_SHOWN = 8
EXPORT_MAX = 100_000


@require_GET
@needs(SEE_ALL)
def provider_list(request: VisitorRequest) -> HttpResponse:
    """List the providers with their standing and deposit."""
    tenant_id = request.visitor.tenant_id
    categories = service_categories(tenant_id)
    search, category = field(request, "q"), choice(request, "category", categories)
    left = choice(request, "left", ("yes", "no"))
    found = providers(
        tenant_id, search=search, category=category, left={"yes": True, "no": False}.get(left)
    )
    page = page_of(request, found)
    month = latest_month(tenant_id)
    rows = party_rows(
        tenant_id,
        [((KIND, each.provider_id), each) for each in page.object_list],
        present(tenant_id),
        breached=breached_counts(tenant_id, month, KIND),
    )
    running = str(Month.of(day_of(present(tenant_id))))
    shown = {
        "page": page,
        "rows": rows,
        "categories": categories,
        "search": search,
        "warned": alerts_of_month(tenant_id, running),
    }
    return render(request, "console/providers.html", shown | {"category": category, "left": left})


@require_GET
@needs(SEE_ALL, SEE_OWN)
def provider(request: VisitorRequest, provider_id: str) -> HttpResponse:
    """Show a provider's health, ladder, restrictions, deposit, decisions and notices."""
    visitor, subject = request.visitor, (KIND, provider_id)
    own_or_not_found(visitor, subject)
    tenant_id = visitor.tenant_id
    party = provider_get(tenant_id, provider_id)
    findings = findings_of(tenant_id, KIND, provider_id)
    newest = [each for each in findings if each.period == findings[-1].period]
    breached = [each.measure for each in newest if each.status == "breached"]
    now = present(tenant_id)
    state = party_state(tenant_id, subject, now, breached, party.left_on)
    duties = standing_of(tenant_id, provider_id, now, with_running=False)
    decided = list(decisions_of(tenant_id, KIND, provider_id))
    shown = {
        "party": party,
        "subject_id": provider_id,
        "standing": state.standing,
        "position": state.position,
        "clock": state.clock,
        "restrictions": state.restrictions,
        "past": restrictions_past(tenant_id, KIND, provider_id),
        "cards": [card_of(each) for each in duties],
        "todo": _todo(tenant_id, subject, now),
        "runs": party.left_on is None,
        "ladder": ladder_of(
            by_measure(findings).get(LADDER_MEASURE, []), decided, _since(tenant_id, provider_id)
        ),
        "decisions": decided[:DECISIONS_SHOWN],
        "names": None,
        "notices": inbox(tenant_id, KIND, provider_id)[:NOTICES_SHOWN],
        "reader": visitor.may(ACT_FOR_PARTY),
        "can_apply": visitor.may(ACT_FOR_PARTY) and _may_apply(state.restrictions),
    }
    return render(request, "console/provider.html", shown)


def _since(tenant_id: str, provider_id: str) -> Since:
    """Return what became of the months of the ladder since they were assessed."""
    held = months_held(tenant_id, [provider_id]).get(provider_id, [])
    return Since(
        set_asides(tenant_id, LADDER_MEASURE, [provider_id]), {each.period for each in held}
    )


def _todo(tenant_id: str, subject: Subject, now: datetime) -> list[tuple[Deadline, int]]:
    """Return what the provider has to do by a day, nearest first, with the days that are left."""
    today = day_of(now)
    due = deadlines_of(tenant_id, subject, now)[:DEADLINES_SHOWN]
    return [(each, each.days_left(today)) for each in due]


def _may_apply(restrictions: list[ActiveRestriction]) -> bool:
    """Tell whether an application would bring a provider nearer to being listed again."""
    ends = all(one.conditions for one in restrictions)
    return ends and any(
        awaits(condition, "application") and not met
        for one in restrictions
        for condition, met in one.conditions
    )


@require_GET
@needs(SEE_ALL, SEE_OWN)
def duty_now(request: VisitorRequest, provider_id: str, measure_name: str) -> HttpResponse:
    """Show a duty in the month to date: its level, headroom and outlook."""
    tenant_id = request.visitor.tenant_id
    own_or_not_found(request.visitor, (KIND, provider_id))
    provider_get(tenant_id, provider_id)
    now = present(tenant_id)
    lives = [live_of(each) for each in running_duty(tenant_id, provider_id, measure_name, now)]
    shown = {"measure": measure_name, "lives": lives}
    return render(request, "console/parts/duty_now.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def measure(
    request: VisitorRequest, provider_id: str, measure_name: str, period: str
) -> HttpResponse:
    """Show the orders that a finding is the sum of."""
    visitor, subject = request.visitor, (KIND, provider_id)
    own_or_not_found(visitor, subject)
    tenant_id = visitor.tenant_id
    finding = finding_get(tenant_id, subject, measure_name, period)
    only = choice(request, "only", verdicts_of(measure_name))
    orders = orders_behind(tenant_id, finding)
    kept = [row for row in orders if not only or row["verdict"] == only]
    page = page_of(request, kept, 50)
    related = decisions_of(tenant_id, KIND, provider_id).filter(period=period)
    shown = {
        "finding": finding,
        "subject_id": provider_id,
        "party": provider_get(tenant_id, provider_id),
        "card": card_of_finding(finding),
        "definition": definition_of(measure_name),
        "explanation": explanation(finding.receipt),
        "related": related,
        "columns": columns_of(measure_name),
        "rows": [cells(measure_name, row) for row in page.object_list],
        "page": page,
        "only": only,
        "verdicts": verdicts_of(measure_name),
        "cut": len(orders) == ORDERS_MAX,
        "limit": ORDERS_MAX,
    }
    return render(request, "console/measure.html", shown)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def measure_csv(
    request: VisitorRequest, provider_id: str, measure_name: str, period: str
) -> StreamingHttpResponse:
    """Download the orders that a finding is the sum of."""
    visitor, subject = request.visitor, (KIND, provider_id)
    own_or_not_found(visitor, subject)
    finding = finding_get(visitor.tenant_id, subject, measure_name, period)
    rows = orders_behind(visitor.tenant_id, finding, EXPORT_MAX)
    columns = [word("order_column", column) for column in columns_of(measure_name)]
    return csv_response(
        f"{measure_name}-{period}", columns, [export_row(measure_name, row) for row in rows]
    )


@require_POST
@needs(ACT_FOR_PARTY)
def relisting(request: VisitorRequest, provider_id: str) -> HttpResponse:
    """Apply for being listed again (S0-2.2.5-5b)."""
    visitor = request.visitor
    own_or_not_found(visitor, (KIND, provider_id))
    try:
        relisting_apply(visitor.tenant_id, KIND, provider_id, present(visitor.tenant_id))
    except EarnestError as error:
        sentence = error.problem.zh if language() == "zh" else error.problem.en
        messages.error(request, sentence, extra_tags="danger")
    else:
        messages.success(request, text("relisting.applied"))
    return HttpResponseRedirect(reverse("provider", args=[provider_id]))

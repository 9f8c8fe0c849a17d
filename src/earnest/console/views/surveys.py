"""Campaigns: the list, a new one, its page with results and acts; a provider's own results."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.console.charts import Chart, Series
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.lists import choice, page_of
from earnest.console.problems import sentence_of
from earnest.console.survey_page import (
    bands,
    finding_of,
    items_shown,
    mails_said,
    spread,
    trend,
)
from earnest.console.texts import text, word
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound
from earnest.kernel.money import percent
from earnest.market.queries import party_names
from earnest.market.roles import REVIEW, SEE_ALL, SEE_OWN
from earnest.measures.queries import results as measure_results
from earnest.surveys.commands import (
    NewCampaign,
    campaign_close,
    campaign_draft,
    campaign_schedule,
    campaign_withdraw,
    last_day,
)
from earnest.surveys.due import REMINDERS_MAX
from earnest.surveys.inviting import respondents_invite
from earnest.surveys.models import (
    CLOSED,
    CORRECTIONS,
    DRAFT,
    LIST,
    MARKET,
    OPEN,
    SCHEDULED,
    Campaign,
)
from earnest.surveys.plans import plan_before
from earnest.surveys.queries import (
    STATES,
    campaign_get,
    campaigns,
    campaigns_about,
    comments_of,
    invitations_for_shop,
    plans,
)
from earnest.surveys.respondents import respondents_found, respondents_read
from earnest.surveys.results import ProviderResult, result_of, results_of, score_text

PROVIDER = "provider"
LIST_MB_MAX = 5
TREND_MAX = 12
NEW = (
    Asked("survey_month", "text"),
    Asked("survey_opens", "day"),
    Asked("survey_closes", "day"),
    Asked("survey_asks", "choice", choices=(MARKET, LIST), words="survey_asks", value=MARKET),
    Asked("survey_providers", "names", required=False),
    Asked("survey_remind", "count", value="3"),
    Asked("survey_corrections", "count", value=str(CORRECTIONS)),
    Asked("survey_name_zh", "text", required=False),
    Asked("survey_name_en", "text", required=False),
)
NEW_AT = {
    "campaign_outside_month": "survey_opens",
    "unknown_provider": "survey_providers",
    "bad_remind_days": "survey_remind",
    "bad_corrections": "survey_corrections",
    "bad_month": "survey_month",
}
ACTS = {
    "schedule": (DRAFT,),
    "withdraw": (DRAFT, SCHEDULED),
    "close": (OPEN,),
    "invite": (DRAFT, SCHEDULED, OPEN),
}
"""What may be done with a campaign, in which of its states."""


@require_GET
@needs(SEE_ALL, SEE_OWN)
def survey_list(request: VisitorRequest) -> HttpResponse:
    """List campaigns for operators, own results for a provider, what to answer for a shop."""
    visitor = request.visitor
    if not visitor.is_operator:
        own = _provider_own if visitor.subject[0] == PROVIDER else _shop_own
        return own(request)
    state = choice(request, "state", STATES)
    page = page_of(request, _counted(campaigns(visitor.tenant_id, state=state)))
    shown = {
        "page": page,
        "rows": [(each, percent(each.answered, each.asked, 1)) for each in page.object_list],
        "states": STATES,
        "state": state,
        "may_review": visitor.may(REVIEW),
        "plans_waiting": plans(visitor.tenant_id, state="filed").count(),
    }
    return render(request, "console/surveys.html", shown)


def _counted(found: QuerySet[Campaign]) -> QuerySet[Any]:
    """Add how many invitations count, and how many of them were answered."""
    kept = Q(invitations__excluded="")
    return found.annotate(
        asked=Count("invitations", filter=kept),
        answered=Count("invitations", filter=kept & Q(invitations__answered_at__isnull=False)),
    )


def _provider_own(request: VisitorRequest) -> HttpResponse:
    """Show a provider the results about it, once they are closed, and its plans."""
    tenant_id, provider_id = request.visitor.tenant_id, request.visitor.subject[1]
    found = [
        (each, _seen(result_of(each, provider_id)))
        for each in campaigns_about(tenant_id, provider_id)[:TREND_MAX]
    ]
    shown = {
        "rows": [(each, result, finding_of(result)) for each, result in found if result],
        "plans": plans(tenant_id, provider_id=provider_id)[:TREND_MAX],
        "today": day_of(present(tenant_id)),
        "drawing": trend([(each, result) for each, result in reversed(found) if result]),
        "provider_id": provider_id,
    }
    return render(request, "console/surveys_provider.html", shown)


def _seen(result: ProviderResult | None) -> ProviderResult | None:
    return result if result is not None and result.asked else None


def _shop_own(request: VisitorRequest) -> HttpResponse:
    """Show a shop which providers it is asked about."""
    visitor = request.visitor
    asked = invitations_for_shop(visitor.tenant_id, visitor.subject[1])
    names = party_names(visitor.tenant_id, {(PROVIDER, each.provider_id) for each in asked})
    now = present(visitor.tenant_id)
    shown = {
        "rows": [
            (each, names.get((PROVIDER, each.provider_id), each.provider_id),
             last_day(each.campaign))
            for each in asked
            if now < each.campaign.closes_at
        ]
    }  # fmt: skip
    return render(request, "console/surveys_shop.html", shown)


@require_http_methods(["GET", "POST"])
@needs(REVIEW)
def survey_new(request: VisitorRequest) -> HttpResponse:
    """Draft a campaign."""
    visitor = request.visitor
    if request.method == "GET":
        return render(request, "console/survey_new.html", {"form": form_blank("survey", NEW)})
    form = form_read("survey", NEW, request.POST)
    if not form.wrong:
        try:
            new = _new_of(form)
            made = campaign_draft(visitor.tenant_id, new, visitor.name, present(visitor.tenant_id))
        except EarnestError as error:
            form.refused(error, NEW_AT)
        else:
            return HttpResponseRedirect(reverse("survey", args=[made.number]))
    return render(request, "console/survey_new.html", {"form": form}, status=422)


def _new_of(form: Form) -> NewCampaign:
    """Return what a form asks for.

    Raises:
        BadInput: the month is none.
    """
    values = form.values
    try:
        month = Month.parse(values["survey_month"])
    except ValueError:
        raise BadInput(
            "bad_month",
            where="survey_month",
            zh="月份写作 2025-10。",
            en="a month is written 2025-10",
        ) from None
    return NewCampaign(
        month,
        values["survey_opens"],
        values["survey_closes"],
        name_zh=values["survey_name_zh"],
        name_en=values["survey_name_en"],
        asks=values["survey_asks"],
        provider_ids=values["survey_providers"],
        remind_after_days=values["survey_remind"],
        corrections_max=values["survey_corrections"],
    )


@require_GET
@needs(SEE_ALL)
def survey(request: VisitorRequest, number: str) -> HttpResponse:
    """Show a campaign to operators: its course, what may be done, the results by provider."""
    return _campaign_page(request, number)


def _campaign_page(request: VisitorRequest, number: str, problem: str = "") -> HttpResponse:
    visitor = request.visitor
    campaign = campaign_get(visitor.tenant_id, number)
    found = results_of(campaign)
    asked, answers = sum(each.asked for each in found), sum(each.answers for each in found)
    names = party_names(visitor.tenant_id, {(PROVIDER, each.provider_id) for each in found})
    page = page_of(request, sorted(found, key=_worst_first))
    shown = {
        "campaign": campaign,
        "last_day": last_day(campaign),
        "asked": asked,
        "answers": answers,
        "excluded": sum(each.excluded for each in found),
        "rate": percent(answers, asked, 1),
        "page": page,
        "rows": [
            (each, names.get((PROVIDER, each.provider_id), ""), finding_of(each),
             percent(each.answers, each.asked, 1))
            for each in page.object_list
        ],
        "drawing": bands(found),
        "acts": _acts(campaign) if visitor.may(REVIEW) else [],
        "may_review": visitor.may(REVIEW),
        "preview": _preview(campaign, visitor.tenant_id),
        "reminders_max": REMINDERS_MAX,
        "mails": mails_said(campaign),
        "problem": problem,
    }  # fmt: skip
    return render(request, "console/survey.html", shown, status=422 if problem else 200)


def _worst_first(result: ProviderResult) -> tuple[bool, int, str]:
    """Put those with enough answers first, the lowest composite before the others."""
    score = result.points * 1000 // result.weights if result.weights else 0
    return not result.enough, score, result.provider_id


def _acts(campaign: Campaign) -> list[str]:
    return [act for act, states in ACTS.items() if campaign.state in states]


@dataclass(frozen=True)
class Preview:
    """Whom a draft would ask by now, and how many of them would not count."""

    asked: int
    left_out: int


def _preview(campaign: Campaign, tenant_id: str) -> Preview | None:
    if campaign.asks != MARKET or campaign.state not in (DRAFT, SCHEDULED):
        return None
    month, now = Month.parse(campaign.month), present(tenant_id)
    found = respondents_found(tenant_id, month, campaign.provider_ids, now)
    return Preview(len(found), sum(1 for each in found if each.excluded))


@require_POST
@needs(REVIEW)
def survey_act(request: VisitorRequest, number: str, act: str) -> HttpResponse:
    """Confirm, withdraw or close a campaign, or invite by a list."""
    visitor = request.visitor
    campaign, now = campaign_get(visitor.tenant_id, number), present(visitor.tenant_id)
    if act not in ACTS:
        raise NotFound("unknown_act", where=act, zh="没有这项操作。", en="no such act")
    done = text("survey.act_done")
    try:
        if act == "schedule":
            campaign_schedule(campaign, visitor.name, now)
        elif act == "withdraw":
            campaign_withdraw(campaign, visitor.name, now)
        elif act == "close":
            campaign_close(campaign, now, actor=visitor.name)
        else:
            done = text("survey.invited_done", n=_invite(request, campaign))
    except EarnestError as error:
        return _campaign_page(request, number, sentence_of(error))
    messages.success(request, done)
    return HttpResponseRedirect(reverse("survey", args=[number]))


def _invite(request: VisitorRequest, campaign: Campaign) -> int:
    """Invite whom an uploaded list names; how many were new.

    Raises:
        BadInput: no file, one that is too large, or a wrong line.
    """
    visitor = request.visitor
    given = request.FILES.get("list")
    if given is None or not hasattr(given, "read"):
        raise _list_problem("survey.list_missing")
    if given.size is None or given.size > LIST_MB_MAX * 1024 * 1024:
        raise _list_problem("survey.list_too_large")
    found = respondents_read(visitor.tenant_id, Month.parse(campaign.month), given.read())
    return len(respondents_invite(campaign, found, visitor.name, present(visitor.tenant_id)))


def _list_problem(key: str) -> BadInput:
    said = text(key, n=LIST_MB_MAX) if key.endswith("large") else text(key)
    return BadInput(key, where="list", zh=said, en=said)


@require_GET
@needs(SEE_ALL, SEE_OWN)
def survey_provider(request: VisitorRequest, number: str, provider_id: str) -> HttpResponse:
    """Show what a campaign found about one provider; to the provider once it is closed."""
    visitor = request.visitor
    own_or_not_found(visitor, (PROVIDER, provider_id))
    campaign = campaign_get(visitor.tenant_id, number)
    result = result_of(campaign, provider_id)
    if result is None or not (visitor.is_operator or campaign.state == CLOSED):
        raise NotFound("unknown_campaign", where=number, zh="没有这项结果。", en="no such result")
    month, now = Month.parse(campaign.month), present(visitor.tenant_id)
    visible = visitor.is_operator or result.enough
    shown = {
        "campaign": campaign,
        "result": result,
        "finding": finding_of(result),
        "provider_id": provider_id,
        "name": party_names(visitor.tenant_id, [(PROVIDER, provider_id)]).get(
            (PROVIDER, provider_id), ""
        ),
        "rate": percent(result.answers, result.asked, 1),
        "visible": visible,
        "items": items_shown(campaign, result, now) if visible else [],
        "drawing": spread(result) if visible else _nothing(),
        "comments": comments_of(campaign, provider_id, named=visitor.is_operator)
        if visible
        else [],
        "measure": _measure_said(campaign, result) if visible else "",
        "plan": plan_before(visitor.tenant_id, provider_id, month),
    }
    return render(request, "console/survey_provider.html", shown)


def _nothing() -> Chart:
    return Chart("", "count", [], [Series("", [])])


def _measure_said(campaign: Campaign, result: ProviderResult) -> str:
    """Say how the month's recorded measure compares; nothing before the month was assessed."""
    on = Month.parse(campaign.month).last_day
    found = measure_results(
        campaign.tenant_id, measure="nps_composite", subject_kind=PROVIDER,
        subject=result.provider_id, first=on, last=on,
    ).first()  # fmt: skip
    if found is None or not found.denominator:
        return ""
    points, answers, _ = result.figure
    if (found.numerator, found.denominator) == (points, answers):
        return text("survey.equal", points=f"{points:,}", answers=f"{answers:,}")
    return text("survey.equal_not", score=score_text(found.numerator, found.denominator))


@require_GET
@needs(SEE_ALL)
def survey_csv(request: VisitorRequest, number: str) -> StreamingHttpResponse:
    """Download the results of a campaign, one provider a row."""
    campaign = campaign_get(request.visitor.tenant_id, number)
    found = results_of(campaign)
    names = party_names(campaign.tenant_id, {(PROVIDER, each.provider_id) for each in found})
    items = list(dict.fromkeys(item for each in found for item in each.items))
    heads = [
        text("column.id"), text("column.name"), text("survey.asked"), text("survey.excluded"),
        text("survey.answers"), text("survey.rate"), text("survey.composite"),
        *(word("survey_item", item) for item in items),
        text("survey.nps"), text("survey.state"),
    ]  # fmt: skip
    rows = [
        [
            each.provider_id, names.get((PROVIDER, each.provider_id), ""), each.asked,
            each.excluded, each.answers, percent(each.answers, each.asked, 1),
            each.composite_text,
            *(each.items[item].mean_text if item in each.items else "" for item in items),
            each.nps_text, word("survey_finding", finding_of(each)),
        ]
        for each in found
    ]  # fmt: skip
    return csv_response(f"survey-{campaign.number}", heads, rows)

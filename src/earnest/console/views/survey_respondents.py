"""The respondents of a campaign: the list, leaving out and readmitting, links to send."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from earnest.console.access import VisitorRequest, needs
from earnest.console.clock import present
from earnest.console.export import csv_response
from earnest.console.forms import typed
from earnest.console.lists import choice, field, page_of
from earnest.console.problems import sentence_of
from earnest.console.texts import text
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.queries import party_names
from earnest.market.roles import REVIEW, SEE_ALL
from earnest.surveys.finality import scores_final_at
from earnest.surveys.inviting import (
    REASONS,
    invitation_exclude,
    invitation_readmit,
    link_renew,
    links_of,
    steps_of,
)
from earnest.surveys.mailing import mail_states
from earnest.surveys.queries import (
    INVITATION_STATES,
    campaign_get,
    invitation_get,
    invitation_state,
    invitations,
)

ACTS = ("exclude", "readmit", "renew")


@require_GET
@needs(SEE_ALL)
def survey_invitations(request: VisitorRequest, number: str) -> HttpResponse:
    """List who is asked in a campaign, and whether an answer came: never which."""
    tenant_id = request.visitor.tenant_id
    campaign = campaign_get(tenant_id, number)
    state = choice(request, "state", INVITATION_STATES)
    provider_id, who = field(request, "provider"), field(request, "who")
    found = invitations(campaign, state=state, provider_id=provider_id, who=who)
    page = page_of(request, found)
    rows = list(page.object_list)
    steps, mails = steps_of(rows), mail_states(rows)
    final_at = scores_final_at(campaign)
    shown = {
        "campaign": campaign,
        "page": page,
        "rows": [
            (each, invitation_state(each, campaign), steps[each.id][-1], mails.get(each.id))
            for each in rows
        ],
        "names": party_names(tenant_id, {(each.who_kind, each.who) for each in rows}),
        "states": INVITATION_STATES,
        "state": state,
        "provider": provider_id,
        "who": who,
        "reasons": REASONS,
        "final_at": final_at,
        "is_final": present(tenant_id) >= final_at,
        "may_review": request.visitor.may(REVIEW),
    }
    return render(request, "console/survey_invitations.html", shown)


@require_POST
@needs(REVIEW)
def survey_invitation_act(request: VisitorRequest, invitation_id: UUID, act: str) -> HttpResponse:
    """Leave a respondent out, count it again, or give it another link."""
    visitor = request.visitor
    invitation = invitation_get(visitor.tenant_id, invitation_id)
    if act not in ACTS:
        raise NotFound("unknown_act", where=act, zh="没有这项操作。", en="no such act")
    note, now = typed(request.POST, "note"), present(visitor.tenant_id)
    said = text("survey.act_done")
    try:
        if act == "exclude":
            reason = typed(request.POST, "reason")
            invitation_exclude(invitation, reason, note, visitor.name, now)
        elif act == "readmit":
            invitation_readmit(invitation, note, visitor.name, now)
        else:
            secret = link_renew(invitation, visitor.name, now)
            said = f"{text('survey.link_is')} {address_of(request, secret)}"
    except EarnestError as error:
        messages.error(request, sentence_of(error), extra_tags="danger")
    else:
        messages.success(request, said)
    back = reverse("survey_invitations", args=[invitation.campaign.number])
    return HttpResponseRedirect(f"{back}?{urlencode({'provider': invitation.provider_id})}")


@require_GET
@needs(REVIEW)
def survey_links(request: VisitorRequest, number: str) -> StreamingHttpResponse:
    """Download the links that were not answered, for the operator to send.

    They open a page without a sign-in: whoever holds one may answer for the respondent.
    """
    campaign = campaign_get(request.visitor.tenant_id, number)
    heads = [text("survey.who"), text("column.id"), text("survey.reminded_times"),
             text("survey.link")]  # fmt: skip
    rows = [
        [each.invitation.who, each.invitation.provider_id, each.invitation.reminders,
         address_of(request, each.secret)]
        for each in links_of(campaign)
    ]  # fmt: skip
    return csv_response(f"links-{campaign.number}", heads, rows)


def address_of(request: VisitorRequest, secret: str) -> str:
    """Return the whole address of a link."""
    return request.build_absolute_uri(reverse("survey_answer", args=[secret]))

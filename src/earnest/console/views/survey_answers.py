"""The page on which a respondent answers: by a secret link, without a sign-in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from earnest.console.access import VisitorRequest, needs, own_or_not_found
from earnest.console.clock import present
from earnest.console.problems import sentence_of
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError
from earnest.market.queries import party_names
from earnest.market.roles import ACT_FOR_PARTY
from earnest.surveys.answering import NewAnswer, answer_give, corrections_left, items_of
from earnest.surveys.commands import last_day
from earnest.surveys.items import COMMENT_LENGTH_MAX, OVERALL
from earnest.surveys.links import invitation_of_link, link_again
from earnest.surveys.models import CLOSED, OPEN, WITHDRAWN, Answer, Invitation
from earnest.surveys.queries import answer_last, invitation_get

POINTS = [str(point) for point in range(11)]
OTHERS_MAX = 10
FORM, DONE, OVER, EARLY, CANCELLED = "form", "done", "over", "early", "cancelled"


@require_http_methods(["GET", "POST"])
def survey_answer(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the questions behind a link, take the answer, thank for it."""
    invitation = invitation_of_link(secret)
    now = present(invitation.tenant_id)
    answer = answer_last(invitation)
    if request.method == "GET":
        face = _face(invitation, answer, now, correcting="correct" in request.GET)
        return _sheet(request, invitation, secret, face, {"answer": answer})
    given = NewAnswer(
        {item: request.POST.get(item, "")[:5] for item in _items(invitation, now)},
        request.POST.get(OVERALL, "")[:5],
        request.POST.get("comment", "").replace("\r\n", "\n")[: 2 * COMMENT_LENGTH_MAX],
        version=_version(request.POST.get("version", "")),
    )
    try:
        answer_give(invitation, given, now)
    except EarnestError as error:
        face = _face(invitation, answer, now, correcting=True)
        more = {"answer": answer, "given": given, "problem": sentence_of(error)}
        return _sheet(request, invitation, secret, face, more, status=error.http_status)
    return HttpResponseRedirect(f"{reverse('survey_answer', args=[secret])}?thanks")


def _version(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 5 else 0


def _items(invitation: Invitation, now: datetime) -> dict[str, int]:
    return items_of(invitation.tenant_id, invitation.provider_id, day_of(now))


def _face(invitation: Invitation, answer: Answer | None, now: datetime, *, correcting: bool) -> str:
    """Return which face of the page fits: the questions, thanks, or why there is nothing to do."""
    campaign = invitation.campaign
    if invitation.excluded or campaign.state == WITHDRAWN:
        return CANCELLED
    if campaign.state == CLOSED or now >= campaign.closes_at:
        return OVER
    if campaign.state != OPEN:
        return EARLY
    return FORM if answer is None or correcting else DONE


def _sheet(
    request: HttpRequest,
    invitation: Invitation,
    secret: str,
    face: str,
    more: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    tenant_id, campaign = invitation.tenant_id, invitation.campaign
    now = present(tenant_id)
    subject = ("provider", invitation.provider_id)
    answer, given = more.get("answer"), more.get("given")
    before = given or _as_given(answer)
    shown = {
        "campaign": campaign,
        "name": party_names(tenant_id, [subject]).get(subject, invitation.provider_id),
        "face": face,
        "secret": secret,
        "thanks": "thanks" in request.GET,
        "last_day": last_day(campaign),
        "first_day": day_of(campaign.opens_at),
        "questions": [(item, before.scores.get(item, "")) for item in _items(invitation, now)]
        if face == FORM
        else [],
        "points": POINTS,
        "given": before,
        "version": answer.version if answer else 0,
        "others": _others(invitation) if face == DONE else [],
        "comment_max": COMMENT_LENGTH_MAX,
        "corrections": corrections_left(invitation),
        **more,
    }
    return render(request, "console/survey_answer.html", shown, status=status)


def _as_given(answer: Answer | None) -> NewAnswer:
    """Return an answer as it was written; whole points as the page offers them."""
    if answer is None:
        return NewAnswer({}, "")
    scores = {item: f"{tenths / 10:g}" for item, (tenths, _) in answer.scores.items()}
    return NewAnswer(scores, str(answer.overall), answer.comment)


def _others(invitation: Invitation) -> list[tuple[str, str]]:
    """Return what else the same respondent is asked in this campaign: name and secret."""
    rows = list(
        Invitation.objects.filter(
            campaign=invitation.campaign, who_kind=invitation.who_kind, who=invitation.who,
            excluded="", answered_at=None,
        ).order_by("provider_id")[:OTHERS_MAX]
    )  # fmt: skip
    names = party_names(invitation.tenant_id, {("provider", each.provider_id) for each in rows})
    return [
        (names.get(("provider", each.provider_id), each.provider_id), link_again(each))
        for each in rows
    ]


@require_GET
@needs(ACT_FOR_PARTY)
def survey_open(request: VisitorRequest, invitation_id: UUID) -> HttpResponse:
    """Lead a shop's person from the own list to the page of an invitation."""
    invitation = invitation_get(request.visitor.tenant_id, invitation_id)
    own_or_not_found(request.visitor, (invitation.who_kind, invitation.who))
    return HttpResponseRedirect(reverse("survey_answer", args=[link_again(invitation)]))

"""Surveys: campaigns, what they found about providers, and answers coming in.

A provider's token sees the campaigns that asked about it once they are closed, and of them its own
sums; single answers are shown to nobody.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field, StringConstraints

from earnest.api.access import (
    Caller,
    caller_who_may,
    missing,
    now_for,
    reader_of,
    subject_seen,
)
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import IdPath, Limit, Text
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import NotFound
from earnest.market.roles import SEND_EVENTS
from earnest.surveys.answering import (
    API,
    BULK_MAX,
    BulkAnswer,
    NewAnswer,
    answer_give,
    answers_take,
    items_of,
)
from earnest.surveys.commands import last_day
from earnest.surveys.links import invitation_of_link
from earnest.surveys.models import CLOSED, Campaign, Invitation
from earnest.surveys.queries import campaign_get, campaigns, campaigns_about
from earnest.surveys.results import ProviderResult, result_of, results_of

router = Router(tags=["surveys"])

PROVIDER = "provider"
Number = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9]*$")]
NumberPath = Annotated[Number, Path(description="number of the campaign")]
Secret = Annotated[str, StringConstraints(max_length=100)]
Score = Annotated[Decimal, Field(ge=0, le=10, max_digits=3, decimal_places=1)]
Comment = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class CampaignOut(Schema):
    """A survey of one month."""

    number: str
    name_zh: str
    name_en: str
    month: str
    asks: Literal["market", "list"]
    state: Literal["draft", "scheduled", "open", "closed", "withdrawn"]
    opens_at: datetime
    closes_at: datetime
    last_day: date


class CampaignList(Schema):
    """Campaigns, the newest first."""

    items: list[CampaignOut]


class ItemOut(Schema):
    """What was said on one item: the sum of the scores in tenths, and how many there are."""

    item: str
    tenths: int
    answers: int
    weight_ppm: int
    distribution: list[int]


class ResultOut(Schema):
    """What a campaign found about a provider.

    The composite is ``points`` / ``weights`` in tenths. Where there are too few answers a provider
    is told only how many; the sums are null then.
    """

    provider_id: str
    asked: int
    excluded: int
    answers: int
    minimum: int
    floor_tenths: int
    enough: bool
    below: bool
    points: int | None
    weights: int | None
    items: list[ItemOut]
    promoters: int | None
    passives: int | None
    detractors: int | None


class ResultList(Schema):
    """Results of a campaign by provider."""

    items: list[ResultOut]


class SheetIn(Schema):
    """The scores of one respondent about one provider, 0 to 10 with at most one decimal.

    ``version`` is the version that the respondent saw last, 0 for none: a sheet that was answered
    elsewhere meanwhile is refused. Left out, the answer replaces whatever there is.
    """

    model_config = ConfigDict(extra="forbid")

    scores: dict[Text, Score]
    overall: Annotated[int, Field(ge=0, le=10, strict=True)]
    comment: Comment = ""
    version: Annotated[int, Field(ge=0, le=9999)] | None = None

    def given(self) -> NewAnswer:
        """Return it as the room takes it."""
        scores = {item: format(score.normalize(), "f") for item, score in self.scores.items()}
        return NewAnswer(scores, str(self.overall), self.comment, self.version, channel=API)


class AnswerIn(SheetIn):
    """A sheet that the operator's own system took; ``respondent`` is the pseudonym or the name."""

    respondent: Annotated[Text, Field(min_length=1)]
    provider_id: Annotated[Text, Field(min_length=1)]


class AnswersIn(Schema):
    """Many sheets of one campaign."""

    model_config = ConfigDict(extra="forbid")

    answers: Annotated[list[AnswerIn], Field(max_length=BULK_MAX)]


class WrongOut(ProblemOut):
    """A sheet that was not taken; ``row`` counts from 1."""

    row: int


class AnswersOut(Schema):
    """What became of sheets: new, known before, and wrong."""

    taken: int
    repeated: int
    wrong: list[WrongOut]


class TakenOut(Schema):
    """The version under which an answer was taken, and when it was given."""

    version: int
    answered_at: datetime


def _campaign_out(campaign: Campaign) -> dict[str, Any]:
    columns = set(CampaignOut.model_fields) - {"last_day"}
    return {name: getattr(campaign, name) for name in columns} | {"last_day": last_day(campaign)}


def _result_out(result: ProviderResult, *, inside: bool) -> dict[str, Any]:
    shown = inside or result.enough
    items = [
        {
            "item": each.item, "tenths": each.tenths, "answers": each.answers,
            "weight_ppm": each.weights // each.answers, "distribution": each.distribution,
        }
        for each in result.items.values()
    ]  # fmt: skip
    columns = ("provider_id", "asked", "excluded", "answers", "minimum", "floor_tenths", "enough")
    sums = ("points", "weights", "promoters", "passives", "detractors")
    return {
        **{name: getattr(result, name) for name in columns},
        **{name: getattr(result, name) if shown else None for name in sums},
        "below": result.below,
        "items": items if shown else [],
    }


def _seen(caller: Caller, number: str, provider_id: str = "") -> Campaign:
    """Return a campaign that the caller sees: operators all, providers closed ones about them.

    Raises:
        NotFound: there is none, or it is not the caller's to see; both read the same.
    """
    try:
        campaign = campaign_get(caller.tenant_id, number)
    except NotFound:
        raise missing("number") from None
    if caller.sees_all:
        return campaign
    about = campaign.invitations.filter(provider_id=provider_id or caller.own[1])
    if caller.own[0] != PROVIDER or campaign.state != CLOSED or not about.exists():
        raise missing("number")
    return campaign


@router.get("/surveys", response={200: CampaignList, ERRORS: ProblemOut}, summary="List campaigns")
def surveys_list(request: HttpRequest, limit: Limit = 100) -> dict[str, Any]:
    """List campaigns, the newest first; to a provider the closed ones that asked about it."""
    caller = reader_of(request)
    if caller.sees_all:
        found = campaigns(caller.tenant_id)
    elif caller.own[0] == PROVIDER:
        found = campaigns_about(caller.tenant_id, caller.own[1])
    else:
        return {"items": []}
    return {"items": [_campaign_out(each) for each in found[:limit]]}


@router.get(
    "/surveys/{number}/results",
    response={200: ResultList, ERRORS: ProblemOut},
    summary="Results of a campaign",
)
def survey_results(request: HttpRequest, number: NumberPath) -> dict[str, Any]:
    """Return what a campaign found, by provider; to a provider its own only."""
    caller = reader_of(request)
    campaign = _seen(caller, number)
    found = results_of(campaign, "" if caller.sees_all else caller.own[1])
    return {"items": [_result_out(each, inside=caller.sees_all) for each in found]}


@router.get(
    "/surveys/{number}/results/{provider_id}",
    response={200: ResultOut, ERRORS: ProblemOut},
    summary="Result about one provider",
)
def survey_result(request: HttpRequest, number: NumberPath, provider_id: IdPath) -> dict[str, Any]:
    """Return what a campaign found about one provider."""
    caller = reader_of(request)
    subject_seen(caller, (PROVIDER, provider_id))
    result = result_of(_seen(caller, number, provider_id), provider_id)
    if result is None:
        raise missing("subject")
    return _result_out(result, inside=caller.sees_all)


@router.post(
    "/surveys/{number}/answers",
    response={200: AnswersOut, ERRORS: ProblemOut},
    summary="Send answers",
)
def survey_answers(request: HttpRequest, number: NumberPath, body: AnswersIn) -> dict[str, Any]:
    """Take answers that the marketplace's own systems asked for; each is taken by itself.

    The same again is safe: it comes back as ``repeated``.
    """
    caller = caller_who_may(request, SEND_EVENTS)
    given = [BulkAnswer(each.respondent, each.provider_id, each.given()) for each in body.answers]
    try:
        done = answers_take(caller.tenant_id, number, given, now_for(caller))
    except NotFound:
        raise missing("number") from None
    wrong = [{"row": row, **problem.as_dict()} for row, problem in done.wrong]
    return {"taken": done.taken, "repeated": done.repeated, "wrong": wrong}


class QuestionsOut(Schema):
    """What a link asks: about whom, which items, until when, and the version that is there."""

    provider_id: str
    month: str
    items: list[str]
    closes_at: datetime
    version: int


def _now(invitation: Invitation) -> datetime:
    """Return the present of the market whose link it is."""
    return now_for(Caller(invitation.tenant_id, invitation.respondent, "", ("", "")))


@router.get(
    "/survey-answers/{secret}",
    auth=None,
    include_in_schema=False,
    response={200: QuestionsOut, ERRORS: ProblemOut},
    summary="What a link asks",
)
def survey_questions(request: HttpRequest, secret: Secret) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Return what the holder of a secret link is asked; there is no sign-in."""
    invitation = invitation_of_link(secret)
    now = _now(invitation)
    last = invitation.answers.order_by("-version").first()
    return {
        "provider_id": invitation.provider_id,
        "month": invitation.campaign.month,
        "items": list(items_of(invitation.tenant_id, invitation.provider_id, day_of(now))),
        "closes_at": invitation.campaign.closes_at,
        "version": last.version if last else 0,
    }


@router.post(
    "/survey-answers/{secret}",
    auth=None,
    include_in_schema=False,
    response={200: TakenOut, ERRORS: ProblemOut},
    summary="Answer by a link",
)
def survey_answer(request: HttpRequest, secret: Secret, body: SheetIn) -> dict[str, Any]:  # noqa: ARG001 - ninja's signature
    """Take the answer of the holder of a secret link; the link is the proof, no sign-in is."""
    invitation = invitation_of_link(secret)
    answer = answer_give(invitation, body.given(), _now(invitation))
    return {"version": answer.version, "answered_at": answer.answered_at}

"""A campaign for the demo: drafted, opened and answered by merchants of the seeded market."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from earnest.kernel.calendar import Month, day_of
from earnest.surveys.answering import NewAnswer, answer_give, items_of
from earnest.surveys.commands import NewCampaign, campaign_draft, campaign_schedule
from earnest.surveys.feeding import answers_feed
from earnest.surveys.models import Campaign, Invitation

ACTOR: Final = "service"
ANSWERED_OF_TEN, LOWEST, SPREAD = 7, 7, 4
COMMENTS: Final = ("", "", "", "发货比上月快", "希望晚上也有客服", "商品图片与实物略有色差")


def campaign_play(
    tenant_id: str,
    now: datetime,
    *,
    most_answers: int = 200,
    provider_ids: Sequence[str] = (),
    closes_on: date | None = None,
) -> Campaign:
    """Open a campaign of the present month that asks its merchants, and let most of them answer.

    Scores are 7 to 10, so that nothing follows from them; the same market gives the same answers.
    It stays open to its last day, for somebody to answer in the browser.

    Takes:
        most_answers: at most so many answers.
        provider_ids: the providers asked about; empty for all.
        closes_on: its last day; None for the month's last.
    """
    month = Month.of(day_of(now))
    new = NewCampaign(
        month,
        _first_day(month, now),
        closes_on or month.last_day,
        provider_ids=provider_ids,
    )
    campaign = campaign_draft(tenant_id, new, ACTOR, now)
    campaign_schedule(campaign, ACTOR, now)
    asked = campaign.invitations.filter(excluded="").order_by("provider_id", "who")
    for invitation in asked[: most_answers * 10 // ANSWERED_OF_TEN]:
        if _die(invitation, "answers", 10) < ANSWERED_OF_TEN:
            answer_give(invitation, _answer(invitation, now), now)
    answers_feed(tenant_id, now)
    return campaign


def _first_day(month: Month, now: datetime) -> date:
    return min(day_of(now), month.last_day)


def _answer(invitation: Invitation, now: datetime) -> NewAnswer:
    items = items_of(invitation.tenant_id, invitation.provider_id, day_of(now))
    scores = {item: str(LOWEST + _die(invitation, item, SPREAD)) for item in items}
    overall = str(LOWEST + _die(invitation, "overall", SPREAD))
    return NewAnswer(scores, overall, COMMENTS[_die(invitation, "comment", len(COMMENTS))])


def _die(invitation: Invitation, name: str, sides: int) -> int:
    """Throw a die that always falls the same way for the same respondent and name."""
    text = f"{invitation.who}/{invitation.provider_id}/{name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % sides

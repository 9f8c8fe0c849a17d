"""What is due of campaigns, done by the worker: opening, inviting, reminding, closing, feeding."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from earnest.surveys.commands import BY_TIME, campaign_close, campaign_open, campaign_withdraw
from earnest.surveys.feeding import answers_feed
from earnest.surveys.inviting import newcomers_invite
from earnest.surveys.mailing import addresses_forget
from earnest.surveys.models import OPEN, REMINDED, SCHEDULED, Campaign, Invitation, InvitationStep
from earnest.surveys.plans import plans_ask
from earnest.surveys.telling import reminded_tell

REMINDERS_MAX: Final = 2


def surveys_due(tenant_id: str, now: datetime) -> dict[str, int]:
    """Do all that is due by now; return how much of each, without what was nothing.

    Everything moves a row from one state to the next in the transaction that has the effect, so a
    run that died is simply repeated.
    """
    done: Counter[str] = Counter()
    found = Campaign.objects.filter(tenant_id=tenant_id, state__in=(SCHEDULED, OPEN))
    for campaign_id in found.order_by("number").values_list("id", flat=True):
        done.update(_campaign_due(campaign_id, now))
    done["addresses_forgotten"] = addresses_forget(tenant_id, now)
    fed = answers_feed(tenant_id, now)
    done.update(fed_steps=fed.steps, fed_answers=fed.answers, plans_asked=plans_ask(tenant_id, now))
    return {what: count for what, count in done.items() if count}


@transaction.atomic
def _campaign_due(campaign_id: UUID, now: datetime) -> Counter[str]:
    campaign = Campaign.objects.select_for_update().get(id=campaign_id)
    if campaign.state == SCHEDULED and now >= campaign.closes_at:
        campaign_withdraw(campaign, BY_TIME, now)
        return Counter(missed=1)
    if campaign.state == SCHEDULED and now >= campaign.opens_at:
        campaign_open(campaign, now)
        return Counter(opened=1)
    if campaign.state != OPEN:
        return Counter()
    if now >= campaign.closes_at:
        campaign_close(campaign, now)
        return Counter(closed=1)
    return Counter(invited=newcomers_invite(campaign, now), reminded=_remind(campaign, now))


def _remind(campaign: Campaign, now: datetime) -> int:
    """Remind whoever has not answered for so many days; how many invitations."""
    if not campaign.remind_after_days:
        return 0
    before = now - timedelta(days=campaign.remind_after_days)
    waiting = list(
        Invitation.objects.filter(
            campaign=campaign, excluded="", answered_at=None, reminders__lt=REMINDERS_MAX
        )
        .annotate(told_at=Coalesce("reminded_at", Greatest("invited_at", "campaign__opened_at")))
        .filter(told_at__lte=before)
    )
    Invitation.objects.filter(id__in=[each.id for each in waiting]).update(
        reminders=F("reminders") + 1, reminded_at=now
    )
    InvitationStep.objects.bulk_create(
        InvitationStep(
            invitation=each, tenant_id=each.tenant_id, what=REMINDED, actor=BY_TIME, at=now
        )
        for each in waiting
    )
    reminded_tell(campaign, waiting, now)
    return len(waiting)

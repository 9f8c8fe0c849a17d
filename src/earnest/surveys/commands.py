"""What is done with a campaign: drafted, scheduled, opened, closed, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from earnest.kernel.calendar import Month, day_of, day_start
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.surveys.feeding import answers_feed
from earnest.surveys.inviting import newcomers_invite
from earnest.surveys.items import survey_items
from earnest.surveys.models import (
    CLOSED,
    CORRECTIONS,
    DRAFT,
    LIST,
    MARKET,
    OPEN,
    SCHEDULED,
    WITHDRAWN,
    Campaign,
)
from earnest.surveys.respondents import providers_asked_about
from earnest.surveys.telling import closed_tell, invited_tell

NAME_LENGTH_MAX: Final = 120
REMIND_DAYS_MAX: Final = 31
CORRECTIONS_MAX: Final = 20
BY_TIME: Final = "earnest"
"""Who closes a campaign when its time is over."""


@dataclass(frozen=True)
class NewCampaign:
    """A campaign to be drafted.

    Attributes:
        opens_on, closes_on: its first and its last day, both of the month that it assesses.
        asks: ``market`` or ``list``.
        provider_ids: the providers asked about; empty for all.
        remind_after_days: 0 for no reminders.
        corrections_max: how often a respondent may correct the answer.
    """

    month: Month
    opens_on: date
    closes_on: date
    name_zh: str = ""
    name_en: str = ""
    asks: str = MARKET
    provider_ids: Sequence[str] = field(default_factory=tuple)
    remind_after_days: int = 3
    corrections_max: int = CORRECTIONS


@transaction.atomic
def campaign_draft(tenant_id: str, new: NewCampaign, actor: str, now: datetime) -> Campaign:
    """Draft a campaign under the next number; nobody is asked yet.

    An answer counts in the month in which it is given, so a campaign lies within its month
    (S0-2.2.5-1).

    Raises:
        BadInput: a day outside the month, an unknown provider, or a wrong number of days.
        RuleRefused: the rulebook names no items for the month.
    """
    _new_check(tenant_id, new)
    survey_items(pack_of(SUPPLY_MARKET), new.month.last_day)
    number = number_next(Campaign, tenant_id, "N")
    said_zh = f"{new.month.year}年{new.month.number}月商家评价"
    said_en = f"Merchants' survey of {new.month}"
    return Campaign.objects.create(
        id=uuid7_for(now, tenant_id, "campaign", number),
        tenant_id=tenant_id,
        number=number,
        name_zh=new.name_zh.strip()[:NAME_LENGTH_MAX] or said_zh,
        name_en=new.name_en.strip()[:NAME_LENGTH_MAX] or said_en,
        month=str(new.month),
        asks=new.asks,
        provider_ids=sorted(set(new.provider_ids)),
        opens_at=day_start(new.opens_on),
        closes_at=day_start(new.closes_on + timedelta(days=1)),
        remind_after_days=new.remind_after_days,
        corrections_max=new.corrections_max,
        drafted_by=actor,
        drafted_at=now,
    )


def _new_check(tenant_id: str, new: NewCampaign) -> None:
    if not new.month.first_day <= new.opens_on <= new.closes_on <= new.month.last_day:
        raise BadInput(
            "campaign_outside_month",
            where=str(new.month),
            zh="答卷计入作答当月；开始日与截止日须都在被考核月份之内，且截止日不早于开始日。",
            en="an answer counts in the month in which it is given: both days must lie in the month"
            " that is assessed, and the last not before the first",
        )
    if new.asks not in (MARKET, LIST):
        raise BadInput(
            "unknown_asks",
            where=new.asks,
            zh="调研对象只能是 market（当月往来商家）或 list（名单）。",
            en="who is asked is market (merchants of the month) or list (those named)",
        )
    if not 0 <= new.remind_after_days <= REMIND_DAYS_MAX:
        raise BadInput(
            "bad_remind_days",
            where="remind_after_days",
            zh=f"提醒间隔须为 0 到 {REMIND_DAYS_MAX} 天，0 为不提醒。",
            en=f"reminders come after 0 to {REMIND_DAYS_MAX} days; 0 for none",
        )
    if not 0 <= new.corrections_max <= CORRECTIONS_MAX:
        raise BadInput(
            "bad_corrections",
            where="corrections_max",
            zh=f"允许修改的次数须为 0 到 {CORRECTIONS_MAX}，0 为不可修改。",
            en=f"an answer may be corrected 0 to {CORRECTIONS_MAX} times; 0 for never",
        )
    known = providers_asked_about(tenant_id, new.month, new.provider_ids)
    unknown = sorted(set(new.provider_ids) - set(known))
    if unknown:
        raise BadInput(
            "unknown_provider",
            where=unknown[0],
            zh=f"{new.month} 没有服务商 {unknown[0]}；请检查编号。",
            en=f"no provider {unknown[0]} took part in {new.month}; check the id",
        )


@transaction.atomic
def campaign_schedule(campaign: Campaign, actor: str, now: datetime) -> Campaign:
    """Confirm a draft: it opens when its time comes, or at once if that is now.

    Raises:
        Conflict: it is no draft any more, or its time is over.
    """
    if now >= campaign.closes_at:
        raise Conflict(
            "campaign_over",
            where=campaign.number,
            zh="该调查的截止时间已过；请另拟一份。",
            en="the time of this campaign is over; draft another one",
        )
    _move(campaign, (DRAFT,), state=SCHEDULED, settled_by=actor)
    if now >= campaign.opens_at:
        campaign_open(campaign, now)
    return campaign


@transaction.atomic
def campaign_open(campaign: Campaign, now: datetime) -> Campaign:
    """Open a scheduled campaign whose time has come, and invite whom it asks.

    Raises:
        Conflict: it is not scheduled.
    """
    _move(campaign, (SCHEDULED,), state=OPEN, opened_at=now)
    invited_tell(campaign, list(campaign.invitations.all()), now)
    newcomers_invite(campaign, now)
    return campaign


@transaction.atomic
def campaign_withdraw(campaign: Campaign, actor: str, now: datetime) -> Campaign:
    """Withdraw a campaign that has not opened.

    Raises:
        Conflict: it has opened, or was withdrawn.
    """
    _move(campaign, (DRAFT, SCHEDULED), state=WITHDRAWN, settled_by=actor, closed_at=now)
    return campaign


@transaction.atomic
def campaign_close(campaign: Campaign, now: datetime, *, actor: str = BY_TIME) -> Campaign:
    """Close an open campaign: no answer is taken any more, the feed has all, providers are told.

    Raises:
        Conflict: it is not open.
    """
    _move(campaign, (OPEN,), state=CLOSED, settled_by=actor, closed_at=now)
    answers_feed(campaign.tenant_id, now)
    closed_tell(campaign, now)
    return campaign


def _move(campaign: Campaign, before: Sequence[str], **changes: object) -> None:
    """Bring a campaign from one of some states into another; two at once, and one is refused."""
    moved = Campaign.objects.filter(id=campaign.id, state__in=before).update(**changes)
    if not moved:
        raise Conflict(
            "campaign_moved_on",
            where=campaign.number,
            zh="该调查已不在此状态；请刷新后再操作。",
            en="the campaign is not in this state any more; load it again",
        )
    campaign.refresh_from_db()


def last_day(campaign: Campaign) -> date:
    """Return the last day on which a campaign takes answers."""
    return day_of(campaign.closes_at - timedelta(microseconds=1))

"""What merchants and providers are told of a campaign, in their inboxes; never a secret link."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from earnest.kernel.calendar import Month, day_of
from earnest.notices.commands import Message, NewNotice, notices_send
from earnest.surveys.models import SHOP, Campaign, ImprovementPlan, Invitation
from earnest.surveys.results import ProviderResult, results_of, score_text

PROVIDER: Final = "provider"
_ASKED_CLAUSE, _RESULT_CLAUSE, _PLAN_CLAUSE = "S0-2.2.5-2", "S0-2.2.5-4", "S0-2.2.5-6"


def _last_day(campaign: Campaign) -> date:
    return day_of(campaign.closes_at - timedelta(microseconds=1))


def invited_tell(campaign: Campaign, invitations: Iterable[Invitation], now: datetime) -> None:
    """Tell the shops that are asked, once each, that their opinion is wanted."""
    last = _last_day(campaign)
    zh = Message(
        f"邀请您评价服务商：{campaign.name_zh}",
        f"请在 {last} 前于“商家评价”页面为本月合作的服务商打分。答卷按化名统计，服务商看不到"
        "单份答卷。",
    )
    en = Message(
        f"Please rate your providers: {campaign.name_en}",
        f"On the page “Surveys”, score the providers that you dealt with this month, by {last}. "
        "Answers are counted under a pseudonym; a provider never sees a single one.",
    )
    _shops_tell(campaign, invitations, ("invited", zh, en), now)


def reminded_tell(campaign: Campaign, invitations: Iterable[Invitation], now: datetime) -> None:
    """Remind the shops that have not answered."""
    last = _last_day(campaign)
    zh = Message(
        f"提醒：{campaign.name_zh} 尚待您作答", f"截止日为 {last}，请在“商家评价”页面完成打分。"
    )
    en = Message(
        f"Reminder: {campaign.name_en} waits for your answer",
        f"It closes on {last}; please score on the page “Surveys”.",
    )
    _shops_tell(campaign, invitations, ("reminder", zh, en), now)


def _shops_tell(
    campaign: Campaign,
    invitations: Iterable[Invitation],
    words: tuple[str, Message, Message],
    now: datetime,
) -> None:
    what, zh, en = words
    shops = {each.who: None for each in invitations if each.who_kind == SHOP and not each.excluded}
    notices_send(
        campaign.tenant_id,
        [
            NewNotice(
                subject_kind=SHOP,
                subject_id=shop,
                about=f"survey:{campaign.number}:{what}",
                kind="finding",
                severity="info",
                clause=_ASKED_CLAUSE,
                decision_id=None,
                zh=zh,
                en=en,
                due_on=_last_day(campaign),
            )
            for shop in shops
        ],
        now,
    )


def closed_tell(campaign: Campaign, now: datetime) -> None:
    """Tell each provider that was asked about what came of it."""
    notices_send(
        campaign.tenant_id,
        [_result_notice(campaign, each) for each in results_of(campaign)],
        now,
    )


def _result_notice(campaign: Campaign, result: ProviderResult) -> NewNotice:
    month = Month.parse(campaign.month)
    if result.enough:
        score = score_text(result.points, result.weights)
        zh = Message(
            f"{month} 商家评价结果：{score} 分",
            f"共 {result.answers} 份有效答卷，标准为不低于 {result.floor_text} 分。这是调查结果，"
            "是否处罚以当月考核结论为准；分项得分见“商家评价”页面。",
        )
        en = Message(
            f"Merchants' survey of {month}: {score}",
            f"{result.answers} valid answers; the mark is {result.floor_text}. This is the outcome "
            "of the survey; what follows is said by the month's assessment. The page “Surveys” "
            "shows each item.",
        )
    else:
        zh = Message(
            f"{month} 商家评价：答卷不足，不予考核",
            f"有效答卷 {result.answers} 份，少于 {result.minimum} 份，当月不据此考核，也不处罚。",
        )
        en = Message(
            f"Merchants' survey of {month}: too few answers",
            f"{result.answers} valid answers of the {result.minimum} that are needed: the month is "
            "not assessed by them, and no penalty follows.",
        )
    return NewNotice(
        subject_kind=PROVIDER,
        subject_id=result.provider_id,
        about=f"survey:{campaign.number}:result",
        kind="finding",
        severity="warning" if result.below else "info",
        clause=_RESULT_CLAUSE,
        decision_id=None,
        zh=zh,
        en=en,
    )


def plan_tell(plan: ImprovementPlan, what: str, note: str, now: datetime) -> None:
    """Tell a provider that a plan is asked for, was accepted, or was sent back and why."""
    zh, en = _PLAN_WORDS[what]
    values = {"month": plan.month, "until": plan.file_until_on, "note": note}
    notice = NewNotice(
        subject_kind=PROVIDER,
        subject_id=plan.provider_id,
        about=f"plan:{plan.month}:{what}",
        kind="finding",
        severity="warning" if what != "accepted" else "info",
        clause=_PLAN_CLAUSE,
        decision_id=None,
        zh=Message(zh.title.format(**values), zh.body.format(**values)),
        en=Message(en.title.format(**values), en.body.format(**values)),
        due_on=plan.file_until_on if what != "accepted" else None,
    )
    notices_send(plan.tenant_id, [notice], now)


_PLAN_WORDS: Final[dict[str, tuple[Message, Message]]] = {
    "asked": (
        Message(
            "{month} 综合评分低于标准：可提交改进计划",
            "请于 {until} 前在“商家评价”页面写明改进事项与完成日期。计划会在下月考核时一并展示，"
            "但不改变本月处罚。",
        ),
        Message(
            "{month} was below the mark: you may file an improvement plan",
            "On the page “Surveys”, say by {until} what you will do and by when. The plan is shown "
            "with the next month's assessment; it changes no penalty of this month.",
        ),
    ),
    "accepted": (
        Message("{month} 的改进计划已受理", "请按计划完成，并在“商家评价”页面反馈进展。{note}"),
        Message(
            "Your improvement plan for {month} was accepted",
            "Please do as planned, and report progress on the page “Surveys”. {note}",
        ),
    ),
    "sent_back": (
        Message(
            "{month} 的改进计划被退回",
            "退回原因：{note}。请修改后重新提交，截止日仍为 {until}。",
        ),
        Message(
            "Your improvement plan for {month} was sent back",
            "The reason: {note}. Please change it and file it again; the last day is still "
            "{until}.",
        ),
    ),
}

"""Taking answers: by a link, by a signed-in merchant, or in bulk from the operator's systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Final

from django.db import transaction

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, EarnestError, NotFound, Problem
from earnest.policy import Pack
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for
from earnest.surveys.items import COMMENT_LENGTH_MAX, overall_read, scores_read, survey_items
from earnest.surveys.models import OPEN, Answer, Campaign, Invitation
from earnest.surveys.queries import campaign_get

LINK, API = "link", "api"
BULK_MAX: Final = 5_000


@dataclass(frozen=True)
class NewAnswer:
    """What a respondent says, as written.

    Attributes:
        scores: by item, 0 to 10 with at most one decimal.
        overall: 0 to 10, whole.
        comment: optional.
        version: the version that the respondent saw last, 0 for none; None where nobody looked.
        channel: ``link`` or ``api``.
    """

    scores: Mapping[str, str]
    overall: str
    comment: str = ""
    version: int | None = None
    channel: str = LINK


def items_of(tenant_id: str, provider_id: str, on: date) -> dict[str, int]:
    """Return what is asked about a provider on a day, with weights; see :func:`survey_items`."""
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    return survey_items(pack, _under_the_rule(pack, on))


def _under_the_rule(pack: Pack, on: date) -> date:
    return max(on, pack.in_force_from())


@transaction.atomic
def answer_give(invitation: Invitation, new: NewAnswer, now: datetime) -> Answer:
    """Take an answer, or a correction of it, while the campaign is open.

    Each invitation has one answer; a correction adds a version and the last version counts. The
    same answer again adds nothing. Of two that are given at once on the sight of the same version,
    the later one is refused. The campaign says how many corrections there may be.

    Raises:
        Conflict: the campaign is not open, the respondent is left out, it was answered since, or
            there are no corrections left (``corrections_spent``).
        BadInput: a score is missing or none.
    """
    # The campaign is not locked: what slips in while it closes is fed by the next look.
    held = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .get(id=invitation.id)
    )
    _open_check(held.campaign, held, now)
    items = items_of(held.tenant_id, held.provider_id, day_of(now))
    scores = scores_read(new.scores, items)
    overall, comment = overall_read(new.overall), comment_clean(new.comment)
    last = held.answers.order_by("-version").first()
    if last is not None and (last.scores, last.overall, last.comment) == (scores, overall, comment):
        return last
    seen = last.version if last is not None else 0
    if new.version is not None and new.version != seen:
        raise Conflict(
            "answered_meanwhile",
            where=held.respondent,
            zh="这份问卷已在别处提交；请刷新后查看，如需更改可再修改。",
            en="this survey was answered elsewhere meanwhile; load it again, you may still correct"
            " it",
        )
    if last is not None and not corrections_left(held):
        raise _corrections_spent(held)
    if held.answered_at is None:
        held.answered_at = now
        held.save(update_fields=["answered_at"])
    return Answer.objects.create(
        invitation=held,
        tenant_id=held.tenant_id,
        version=seen + 1,
        scores=scores,
        overall=overall,
        comment=comment,
        channel=new.channel,
        answered_at=now,
        recorded_at=now,
    )


def corrections_left(invitation: Invitation) -> int:
    """Return how often an answer may still be corrected.

    A version that only changes whether the answer counts is the operator's and no correction.
    """
    rows = invitation.answers.order_by("version").values_list("scores", "overall", "comment")
    given = list(rows)
    corrections = sum(one != next_one for one, next_one in pairwise(given))
    return max(0, invitation.campaign.corrections_max - corrections)


def _corrections_spent(invitation: Invitation) -> Conflict:
    most = invitation.campaign.corrections_max
    return Conflict(
        "corrections_spent",
        where=invitation.respondent,
        zh=f"答卷最多可修改 {most} 次，次数已用完；此前提交的最后一版有效，本次修改未保存。",
        en=f"an answer can be corrected {most} times at most, and was; the last version that you "
        "sent counts, and this one was not kept",
    )


def comment_clean(text: str) -> str:
    """Return a comment without control characters, trimmed.

    Raises:
        BadInput: it is too long.
    """
    kept = "".join(each for each in text if each.isprintable() or each == "\n").strip()
    if len(kept) > COMMENT_LENGTH_MAX:
        raise BadInput(
            "comment_too_long",
            where="comment",
            zh=f"意见最多 {COMMENT_LENGTH_MAX} 个字，请精简。",
            en=f"a comment has at most {COMMENT_LENGTH_MAX} characters; shorten it",
        )
    return kept


def _open_check(campaign: Campaign, invitation: Invitation, now: datetime) -> None:
    if campaign.state != OPEN or now >= campaign.closes_at:
        raise Conflict(
            "campaign_not_open",
            where=campaign.number,
            zh="本次调查未开始或已截止，不再接受答卷。",
            en="this survey has not begun, or is over; no answer is taken",
        )
    if invitation.excluded:
        raise Conflict(
            "respondent_excluded",
            where=invitation.respondent,
            zh="这份邀请已取消，无需作答。",
            en="this invitation was cancelled; there is nothing to answer",
        )


@dataclass(frozen=True)
class BulkAnswer:
    """An answer that the operator's system took, by telephone say.

    Attributes:
        respondent: the pseudonym, or the shop's id or name that was invited.
    """

    respondent: str
    provider_id: str
    answer: NewAnswer


@dataclass
class BulkTaken:
    """What became of answers: how many were new, how many repeats, and which are wrong, and why."""

    taken: int = 0
    repeated: int = 0
    wrong: list[tuple[int, Problem]] = field(default_factory=list)


def answers_take(
    tenant_id: str, number: str, answers: Sequence[BulkAnswer], now: datetime
) -> BulkTaken:
    """Take many answers of a campaign; each is taken or found wrong by itself.

    Sending the same again is safe: it adds nothing.

    Raises:
        NotFound: there is no such campaign.
        BadInput: too many at once.
    """
    if len(answers) > BULK_MAX:
        raise BadInput(
            "too_many_answers",
            where="answers",
            zh=f"一次最多 {BULK_MAX} 份答卷；请分批发送。",
            en=f"at most {BULK_MAX} answers at once; send them in parts",
        )
    campaign = campaign_get(tenant_id, number)
    done = BulkTaken()
    for row, each in enumerate(answers, 1):
        try:
            with transaction.atomic():
                invitation = _invited(campaign, each)
                before = invitation.answers.count()
                answer = answer_give(invitation, each.answer, now)
        except EarnestError as error:
            done.wrong.append((row, error.problem))
            continue
        if answer.version > before:
            done.taken += 1
        else:
            done.repeated += 1
    return done


def _invited(campaign: Campaign, given: BulkAnswer) -> Invitation:
    of_provider = campaign.invitations.filter(provider_id=given.provider_id)
    found = (
        of_provider.filter(respondent=given.respondent).first()
        or of_provider.filter(who=given.respondent).first()
    )
    if found is None:
        raise NotFound(
            "not_invited",
            where=f"{given.provider_id}/{given.respondent}",
            zh="此人未被邀请评价该服务商；请检查受访人与服务商编号。",
            en="nobody of this name was invited about this provider; check both",
        )
    return found
